"""Remember between runs what a camera does not bear: a search of more than a day, a nonce that serves again.

One small file per camera and kind, in the system's folder for such things. It holds no nonce, password or user name.
It is forgotten after some months: firmware changes.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from camreel.devices.address import place_of
from camreel.devices.lockout import read_moment, state_folder, write_note
from camreel.model import Address

_KEPT = timedelta(days=90)


def is_asked_by_day(address: Address, now: datetime) -> bool:
    """Return whether a run before ``now`` (aware) learned that the camera has to be asked by day. Blocking."""
    return _is_noted("searches", "asked_by_day_since", address, now)


def remember_by_day(address: Address, now: datetime) -> None:
    """Note that the camera has to be asked by day, if that can be written down. Blocking."""
    _note("searches", "asked_by_day_since", address, now)


def nonces_serve_once(*addresses: Address) -> bool:
    """Return whether an earlier run learned it of ``addresses``, which are one camera. Blocking."""
    now = datetime.now(timezone.utc)
    return any(_is_noted("nonces", "nonces_serve_once_since", each, now) for each in addresses)


def remember_nonces_serve_once(*addresses: Address) -> None:
    """Note that the camera's nonces serve for one request each, if that can be written down. Blocking."""
    now = datetime.now(timezone.utc)
    for each in addresses:
        _note("nonces", "nonces_serve_once_since", each, now)


def _is_noted(kind: str, fact: str, address: Address, now: datetime) -> bool:
    with suppress(RuntimeError):  # no home folder
        seen = read_moment(_file(kind, address), fact)
        return seen is not None and timedelta(0) <= now - seen < _KEPT
    return False


def _note(kind: str, fact: str, address: Address, now: datetime) -> None:
    with suppress(OSError, RuntimeError):
        write_note(_file(kind, address), {"camera": str(address), fact: now.isoformat()})


def _file(kind: str, address: Address) -> Path:
    host, port = place_of(address)
    key = f"{host}\n{port}".encode("utf-8", "surrogateescape")
    return state_folder() / kind / f"{hashlib.sha256(key).hexdigest()[:16]}.json"
