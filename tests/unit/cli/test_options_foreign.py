"""Command lines of amcrest-downloader 0.3 work where they can mean the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport

RANGE = ["--start", "2026-01-16T08:00:00", "--end", "2026-01-16T09:00:00"]


def test_flags_under_other_names(camreel_: Camreel, exported: FakeExport) -> None:
    """--ssl, --no-verify-ssl, --user."""
    run = camreel_(["--host", "x", "--user", "me", "--ssl", "--no-verify-ssl", *RANGE])
    assert run.code == 0, run.err
    request = exported.request
    assert (
        request.target.username,
        request.target.address.https,
        request.target.address.port,
        request.target.insecure,
    ) == ("me", True, 443, True)


@pytest.mark.parametrize(("level", "words"), [("debug", True), ("WARNING", True), ("critical", False)])
def test_log_levels(camreel_: Camreel, exported: FakeExport, level: str, words: bool) -> None:
    """Down to --quiet."""
    run = camreel_([*BASIC, "--log-level", level])
    assert run.code == 0
    assert bool(run.out) == words


def test_a_log_file(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """Is made; one that cannot be is an error."""
    assert camreel_([*BASIC, "--log-file", "log.txt"]).code == 0
    assert (tmp_path / "log.txt").exists()
    run = camreel_([*BASIC, "--log-file", "nowhere/log.txt"], AMCREST_PASSWORD="x")
    assert run.code == 2
    assert "--log-file 'nowhere/log.txt' cannot be written" in run.err


def test_they_are_not_on_the_help_page(camreel_: Camreel) -> None:
    """It is for those who know no other program."""
    page = camreel_(["--help"]).out
    assert not any(option in page for option in ("--ssl", "--no-verify-ssl", "--list-only", "--log-level", "--user "))
