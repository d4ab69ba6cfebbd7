"""The command line, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import camreel.jobs.export
import camreel.output.finalize
from camreel.cli import main

from .fakes import PASSWORD, Camreel, FakeExport, Said


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> FakeExport:
    """A password in the environment, and an export that only remembers."""
    fake = FakeExport()
    monkeypatch.setattr(camreel.jobs.export, "export", fake.export)
    monkeypatch.setattr(camreel.output.finalize, "already_there", fake.already_there)
    monkeypatch.setenv("AMCREST_PASSWORD", PASSWORD)
    return fake


@pytest.fixture
def camreel_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Camreel:
    """Run the program in an empty folder; not a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["camreel"])

    def run(arguments: Sequence[str] = (), **environment: str) -> Said:
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run
