"""--password-file, --password-stdin and --no-input."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from tests.fakes import BASIC, PASSWORD, Camreel, FakeExport


@pytest.fixture
def unattended(exported: FakeExport, monkeypatch: pytest.MonkeyPatch) -> FakeExport:
    """No password in the environment."""
    monkeypatch.delenv("AMCREST_PASSWORD")
    return exported


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What comes through a pipe."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_a_password_file(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """Its first line; it goes before the environment."""
    (tmp_path / "secret").write_text("from a file\nnot this\n")
    for arguments in (["--password-file", "secret"], ["--password-file=secret"]):
        assert camreel_([*BASIC, *arguments], AMCREST_PASSWORD=PASSWORD).code == 0
        assert exported.password == "from a file"
        exported.asked.clear()


@pytest.mark.parametrize("content", [b"through a pipe\n", b"through a pipe", b"through a pipe\r\nmore\n"])
def test_standard_input(
    camreel_: Camreel, exported: FakeExport, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """The first line, without its end."""
    typed(monkeypatch, content)
    assert camreel_([*BASIC, "--password-stdin"]).code == 0
    assert exported.password == "through a pipe"


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (["--password-stdin"], b"", "The password on standard input is empty"),
        (["--password-stdin"], b"\xff\n", "The password on standard input is not text"),
        (["--password-stdin"], b"x" * 5000, "does not begin with a line of text"),
        (["--password-file", "nowhere"], b"", "The password file nowhere cannot be read"),
        (["--password-file", "x", "--password-stdin"], b"", "--password-file and --password-stdin exclude each other"),
        (["--no-input"], b"", "There is no password, and --no-input forbids asking for it"),
    ],
)
def test_no_password_is_had(
    camreel_: Camreel,
    unattended: FakeExport,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    content: bytes,
    said: str,
) -> None:
    """Exit 2, and nothing was tried."""
    typed(monkeypatch, content)
    run = camreel_([*BASIC, *arguments])
    assert run.code == 2
    assert said in run.err
    assert unattended.asked == []
