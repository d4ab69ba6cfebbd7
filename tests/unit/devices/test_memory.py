"""What is remembered of a camera between runs, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from camreel.devices import lockout, memory
from camreel.model import Address

NOW = datetime(2026, 1, 17, 12, tzinfo=timezone.utc)
CAMERA = Address("Camera.local", 80)


def test_by_day_for_ninety_days() -> None:
    """By host and port, however the host is written; a note of the future counts for nothing."""
    memory.remember_by_day(CAMERA, NOW)
    assert memory.is_asked_by_day(Address("camera.LOCAL", 80), NOW + timedelta(days=89))
    assert not memory.is_asked_by_day(CAMERA, NOW + timedelta(days=90))
    assert not memory.is_asked_by_day(CAMERA, NOW - timedelta(seconds=1))
    assert not memory.is_asked_by_day(Address("Camera.local", 81), NOW)
    assert not memory.nonces_serve_once(CAMERA)


def test_nonces_by_any_name_of_the_camera() -> None:
    """It is noted by name and IP. The note says nothing but what it is for."""
    memory.remember_nonces_serve_once(CAMERA, Address("192.0.2.1", 80))
    assert memory.nonces_serve_once(Address("another", 80), Address("192.0.2.1", 80))
    assert not memory.nonces_serve_once(Address("another", 80))
    notes = [note.read_text() for note in (lockout.state_folder() / "nonces").iterdir()]
    assert len(notes) == 2
    assert all(note.count('":') == 2 for note in notes)


def test_without_a_home_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing fails."""

    def homeless() -> None:
        raise RuntimeError

    monkeypatch.setattr(memory, "state_folder", homeless)
    memory.remember_nonces_serve_once(CAMERA)
    assert not memory.nonces_serve_once(CAMERA)
