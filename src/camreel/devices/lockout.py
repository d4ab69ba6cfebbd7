"""How long a camera keeps an account locked, remembered between runs: an early login could start the time anew.

One small file per camera and user, in the system's folder for such things, readable by its owner alone. It holds no
password and no user name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from camreel.devices.address import place_of
from camreel.diskio import make_private, read_regular, write_whole
from camreel.errors import AccountLocked
from camreel.model import Target
from camreel.text import duration_text

_USUAL = timedelta(minutes=30)  # where the camera does not say it: what manuals say, and DH-NVR608H has
_LONGEST = timedelta(days=8)
_LONGEST_FILE = 4096


@contextmanager
def guard(target: Target, utc_now: Callable[[], datetime]) -> Iterator[None]:
    """Put around what logs in: :func:`check` before it, then remember a lock, or forget it."""
    check(target, utc_now())
    try:
        yield
    except AccountLocked as error:
        remember(target, error, utc_now())
        raise
    forget(target)


def check(target: Target, now: datetime) -> None:
    """Raise AccountLocked if an earlier run was told that the account is locked at ``now`` (aware).

    Nothing is raised if ``target.ignore_lock``.
    """
    until = None if target.ignore_lock else _read(target)
    if until is None or not now < until < now + _LONGEST:
        return
    left = until - now
    raise AccountLocked(
        f"The camera at {target.address} locked this account after too many failed logins, for another "
        f"{duration_text(max(1, round(left.total_seconds())))} (until {until.astimezone():%H:%M}). "
        "The password was not sent.",
        seconds=round(left.total_seconds()),
        hint="Wait until then. If it was unlocked meanwhile (restarting the camera does that), use --ignore-lock.",
    )


def remember(target: Target, error: AccountLocked, now: datetime) -> None:
    """Note the end of the lock, counted from ``now``, if that can be written down."""
    wait = timedelta(seconds=error.seconds) if error.seconds is not None else _USUAL
    with suppress(OSError, RuntimeError):
        write_note(_file(target), {"camera": str(target.address), "locked_until": (now + wait).isoformat()})


def forget(target: Target) -> None:
    """Drop the note: the login worked."""
    with suppress(OSError, RuntimeError):
        _file(target).unlink(missing_ok=True)


def write_note(file: Path, facts: dict[str, str]) -> None:
    """Write a note for later runs, readable by its owner alone. Raises OSError."""
    make_private(file.parent)
    write_whole(file, json.dumps(facts).encode("ascii"))


def read_moment(file: Path, fact: str) -> datetime | None:
    """Return the moment that a note has as ``fact``; None if it has none that can be read."""
    try:
        moment = datetime.fromisoformat(json.loads(read_regular(file, _LONGEST_FILE))[fact])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # the last: nested too deep
        return None
    return moment if moment.tzinfo is not None else None


def state_folder() -> Path:
    """Return the folder of what is remembered between runs. RuntimeError if the user has no home folder."""
    try:
        from platformdirs import user_state_path  # noqa: PLC0415 - the library by itself does without
    except ImportError:
        given = os.environ.get("XDG_STATE_HOME", "")
        base = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state"  # noqa: PTH117 - a text
        return base / "camreel"
    return user_state_path("camreel", False)


def _file(target: Target) -> Path:
    host, port = place_of(target.address)
    # A lock is of the account or of our address, whichever way we speak to it: the scheme does not matter.
    key = f"{host}\n{port}\n{target.username}"
    return state_folder() / "locked" / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.json"


def _read(target: Target) -> datetime | None:
    try:
        file = _file(target)
    except RuntimeError:  # no home folder
        return None
    return read_moment(file, "locked_until")
