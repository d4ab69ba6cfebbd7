"""Hashes of what camreel has put into a folder that others can write: only what has its hash here is used again.

One text file a store, in the user's state folder: ``HEX SIZE NAME`` a line, the last one of a name counts. If that
folder is not private, or lies in the output folder, nothing is written, and nothing of an earlier run is known.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from camreel.devices.lockout import state_folder
from camreel.diskio import create_new, is_private, make_private, open_regular, read_regular, user_id, write_whole

_LINE = re.compile(r"([0-9a-f]{64}) ([0-9]{1,18}) (.{1,255})")
_LONGEST = 64 << 20  # bytes: half a million names
_SPARE = 256  # lines of what is gone that are left in the file
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class KnownFile:
    """The hash of the first ``size`` bytes of a file."""

    digest: str
    size: int


class RunningHash:
    """The hash of the bytes so far."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add the bytes that follow."""
        self._sha.update(data)
        self.size += len(data)

    @property
    def known(self) -> KnownFile:
        """Return the hash of all bytes so far."""
        return KnownFile(self._sha.hexdigest(), self.size)

    def copy(self) -> RunningHash:
        """Return another that goes on from here."""
        other = RunningHash()
        other._sha, other.size = self._sha.copy(), self.size
        return other


def hash_up_to(handle: int, sizes: Iterable[int]) -> list[RunningHash]:
    """Return the hashes of the first bytes of an open file, for each of the sizes, which grow. Blocking.

    A file that ends before gives hashes that are shorter.
    """
    running, found = RunningHash(), []
    os.lseek(handle, 0, os.SEEK_SET)
    for size in sizes:
        while running.size < size and (block := os.read(handle, min(_BLOCK, size - running.size))):
            running.update(block)
        found.append(running.copy())
    return found


class HashNotes:
    """The hashes of one store. Without a private state folder they last as long as the run."""

    def __init__(self, store: Path) -> None:
        """Read those of the folder ``store``. Blocking."""
        self._file = _file_of(store)
        self._lines = 0
        self._known: dict[str, KnownFile] = {}
        if self._file is not None:
            self._read(self._file)

    @property
    def last(self) -> bool:
        """Return whether the next run will know them."""
        return self._file is not None

    def get(self, name: str) -> KnownFile | None:
        """Return what is known of the file ``name``."""
        return self._known.get(name)

    def add(self, name: str, known: KnownFile) -> None:
        """Note a file. If that fails, the next run does not know it. Blocking."""
        if self._known.get(name) == known:
            return
        self._known[name] = known
        self._lines += 1
        if self._file is not None:
            with suppress(OSError):
                _append(self._file, _line(name, known))

    def keep_only(self, names: set[str]) -> None:
        """Forget all other files: they are gone. Blocking."""
        self._known = {name: known for name, known in self._known.items() if name in names}
        if self._file is not None and self._lines > 2 * len(self._known) + _SPARE:
            with suppress(OSError):
                write_whole(self._file, b"".join(_line(*each) for each in self._known.items()))
                self._lines = len(self._known)

    def _read(self, file: Path) -> None:
        try:
            text = read_regular(file, _LONGEST, own=True).decode("ascii", "replace")
        except OSError:
            return
        for line in text.split("\n"):
            self._lines += 1
            if found := _LINE.fullmatch(line):
                self._known[found[3]] = KnownFile(found[1], int(found[2]))


def has_notes(store: Path) -> bool:
    """Return whether camreel has noted hashes of the folder ``store``."""
    file = _file_of(store)
    return file is not None and os.path.lexists(file)


def begin_notes(store: Path) -> None:
    """Remember the folder ``store``, if there is a private place for that. Blocking."""
    if (file := _file_of(store)) is not None:
        with suppress(OSError):
            os.close(create_new(file))


def drop_notes(store: Path) -> None:
    """Forget the folder ``store``, which is gone. Blocking."""
    if (file := _file_of(store)) is not None:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _line(name: str, known: KnownFile) -> bytes:
    return f"{known.digest} {known.size} {name}\n".encode("ascii")


def _append(file: Path, line: bytes) -> None:
    try:
        handle = open_regular(file, os.O_WRONLY | os.O_APPEND, own=True)
    except FileNotFoundError:
        handle = create_new(file)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _file_of(store: Path) -> Path | None:
    """Return where the hashes of the folder ``store`` are; None if no place is private."""
    try:
        folder = state_folder() / "downloads"
        make_private(folder)
        whole, output = Path(os.path.realpath(folder)), Path(os.path.realpath(store.parent.parent))
        if output in (whole, *whole.parents) or not (is_private(whole) or user_id() is None):
            return None
    except (OSError, RuntimeError):  # no home folder, or it cannot be written
        return None
    key = hashlib.sha256(os.fsencode(os.path.realpath(store))).hexdigest()[:16]
    return folder / f"{key}.sha256"
