"""Notes for later runs: whatever lies in their place is neither waited for nor written through."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.odd import ODD, needs_odd

from camreel.devices.lockout import read_moment, write_note

NOW = datetime(2026, 1, 16, 8, tzinfo=timezone.utc)
pytestmark = [needs_odd, pytest.mark.timeout(10)]


def note(folder: Path) -> Path:
    """Where one lies, in a folder that is there already."""
    folder.mkdir(exist_ok=True)
    return folder / "0123.json"


@pytest.mark.parametrize("kind", ODD)
def test_what_lies_there_is_no_note_and_is_replaced(tmp_path: Path, kind: str) -> None:
    """It is read as if nothing were there; the next note takes its place."""
    file = note(tmp_path / "locked")
    ODD[kind](file)
    assert read_moment(file, "until") is None
    write_note(file, {"until": NOW.isoformat()})
    assert read_moment(file, "until") == NOW
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """Neither at its name, nor at any that could be foretold."""
    file, victim = note(tmp_path / "locked"), tmp_path / "victim"
    victim.write_text("mine")
    for link in (file, file.with_name(f"{file.name}.{os.getpid()}.part"), file.with_name(f"{file.name}.part")):
        link.symlink_to(victim)
    write_note(file, {"until": (NOW + timedelta(hours=1)).isoformat()})
    assert victim.read_text() == "mine"
    assert not file.is_symlink()


def test_a_link_to_a_note_is_none(tmp_path: Path) -> None:
    """Nobody links a note of ours."""
    file, other = note(tmp_path / "locked"), tmp_path / "other"
    other.write_text(json.dumps({"until": NOW.isoformat()}))
    file.symlink_to(other)
    assert read_moment(file, "until") is None
