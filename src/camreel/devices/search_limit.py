"""Remember between runs which cameras take a search of a day at most, or list its first day alone.

One small file per camera, in the system's folder for such things. It is forgotten after some months: firmware changes.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from camreel.devices.address import place_of
from camreel.devices.lockout import read_moment, state_folder, write_note
from camreel.model import Target

_KEPT = timedelta(days=90)


def is_limited(target: Target, now: datetime) -> bool:
    """Return whether a run before ``now`` (aware) learned that the camera has to be asked by day."""
    with suppress(RuntimeError):  # no home folder
        seen = read_moment(_file(target), "asked_by_day_since")
        return seen is not None and timedelta(0) <= now - seen < _KEPT
    return False


def remember(target: Target, now: datetime) -> None:
    """Note that the camera has to be asked by day, if that can be written down."""
    with suppress(OSError, RuntimeError):
        write_note(_file(target), {"camera": str(target.address), "asked_by_day_since": now.isoformat()})


def _file(target: Target) -> Path:
    host, port = place_of(target.address)
    key = f"{host}\n{port}"
    return state_folder() / "searches" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
