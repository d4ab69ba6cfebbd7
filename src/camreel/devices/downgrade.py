"""Where Digest has worked, Basic is a downgrade: a device does not lose Digest, but somebody in between asks for less.

Remembered between runs by host and port: one small file each in the user's state folder, readable by its owner alone.
It holds no password and no user name. This process remembers it besides, whatever becomes of the file. A file that
cannot be looked for counts as one that is there: in doubt the password is not sent. A device is remembered by what it
was called and by the IP address that answered, so that another name of it helps nobody.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from camreel.devices.address import place_of
from camreel.devices.lockout import state_folder, write_note
from camreel.errors import printable, reason_of_system
from camreel.model import Address

log = logging.getLogger("camreel.login")

_in_process: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class DigestMemory:
    """What is remembered of a device: ``places`` where Digest has worked, or may have.

    ``problem`` is why notes of other runs cannot be read, as the rest of a sentence; then it may have at ``places``.
    """

    places: tuple[Address, ...]
    problem: str | None = None


def remember_digest(*addresses: Address) -> str | None:
    """Note that Digest has worked at ``addresses``, which are one device. Blocking.

    Return why later runs will not know of it, as the rest of a sentence; None if they will.
    """
    problem = None
    for address in addresses:
        _in_process.add(place_of(address))
        try:
            note = _note(address)
            if not os.path.lexists(note):
                write_note(note, {"camera": str(address), "login": "digest"})
        except (OSError, RuntimeError) as error:
            problem = problem or _reason(error)
            log.debug("the note that Digest worked at %s: %s", address, error)
    return problem


def digest_memory(*addresses: Address) -> DigestMemory:
    """Return at which of ``addresses`` Digest has worked before. Blocking.

    Whatever has the note's name counts: it is never opened, so nothing that lies there can keep us waiting.
    """
    found, doubtful, problem = [], [], None
    for address in addresses:
        if place_of(address) in _in_process:
            found.append(address)
            continue
        try:
            _note(address).lstat()
        except FileNotFoundError:
            problem = problem or _write_problem()
            continue
        except (NotADirectoryError, RuntimeError) as error:
            problem = _reason(error)
            continue
        except OSError as error:
            problem = _reason(error)
            doubtful.append(address)
            continue
        found.append(address)
    # What is known goes before what cannot be looked up.
    return DigestMemory(tuple(found)) if found else DigestMemory(tuple(doubtful), problem)


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


def _write_problem() -> str | None:
    """Return why earlier runs can have noted nothing; None if they could, as far as that shows."""
    folder = next((place for place in (_folder(), *_folder().parents) if place.exists()), None)
    return None if folder is None or os.access(folder, os.W_OK) else f"{printable(str(folder), 1000)}: not writable"


def _reason(error: OSError | RuntimeError) -> str:
    if not isinstance(error, OSError):
        return "you have no home folder"
    return f"{printable(str(error.filename or _folder()), 1000)}: {reason_of_system(error)}"


def _folder() -> Path:
    return state_folder() / "digest"


def _note(address: Address) -> Path:
    return _folder() / f"{_name(address.host)}-{address.port}.json"


def _name(host: str) -> str:
    return hashlib.sha256(place_of(Address(host, 0))[0].encode("utf-8", "surrogateescape")).hexdigest()[:16]
