"""Where Digest has worked, Basic is a downgrade: a device does not lose Digest, but somebody in between asks for less.

Remembered between runs by host and port: one small file each in the user's state folder, readable by its owner alone.
It holds no password and no user name. This process remembers it besides, whatever becomes of the file. A file that
cannot be looked for counts as one that is there: in doubt the password is not sent.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from camreel.devices.address import place_of
from camreel.devices.lockout import state_folder, write_note
from camreel.model import Address

log = logging.getLogger("camreel.login")

_in_process: set[tuple[str, int]] = set()


def remember_digest(*addresses: Address) -> None:
    """Note that Digest has worked at ``addresses``, which are one device. Blocking."""
    for address in addresses:
        _in_process.add(place_of(address))
        try:
            note = _note(address)
            if not os.path.lexists(note):
                write_note(note, {"camera": str(address), "login": "digest"})
        except (OSError, RuntimeError) as error:  # the last: no home folder
            log.debug("the note that Digest worked at %s: %s", address, error)


def has_used_digest(*addresses: Address) -> bool:
    """Return whether Digest has worked at one of ``addresses`` before. Blocking.

    Whatever has the note's name counts: it is never opened, so nothing that lies there can keep us waiting.
    """
    if any(place_of(address) in _in_process for address in addresses):
        return True
    try:
        return any(_is_there(_note(address)) for address in addresses)
    except RuntimeError:  # no home folder, and so no note
        return False


def forget_digest(host: str, port: int | None = None) -> bool:
    """Forget that Digest has worked at ``host``, and ``port``; None: at any. Return whether it was known.

    Raises OSError if a note cannot be removed. Blocking.
    """
    place = Address(host, port or 0)
    known = {key for key in _in_process if key[0] == place_of(place)[0] and port in {None, key[1]}}
    _in_process.difference_update(known)
    try:
        notes = [*_folder().glob(f"{_name(host)}-{port or '*'}.json")]
    except RuntimeError:
        notes = []
    for note in notes:
        note.unlink(missing_ok=True)
    return bool(known or notes)


def _is_there(note: Path) -> bool:
    try:
        note.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _folder() -> Path:
    return state_folder() / "digest"


def _note(address: Address) -> Path:
    return _folder() / f"{_name(address.host)}-{address.port}.json"


def _name(host: str) -> str:
    return hashlib.sha256(place_of(Address(host, 0))[0].encode("utf-8", "surrogateescape")).hexdigest()[:16]
