"""Keep a note beside each part: which recording it is of, how long that is, how much of it is on the disk.

A complete clip is named at once. Its note stays until the clip is on the disk, which takes seconds that nobody waits
for. If the system went down before that (another boot than the note's), the clip is a part again.

A part without a note, or with one that does not fit, is not continued: another recording's bytes must never be spliced
into this one.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import anyio

from camreel.diskio import sync_file, sync_folder
from camreel.errors import DiskError
from camreel.model import Recording
from camreel.transfer.store import Store, suffix_for

log = logging.getLogger("camreel.resume")

# So many of the last bytes are fetched again and compared: the end of a part is what a crash may have spoiled.
OVERLAP = 64 << 10
_LARGEST = 1 << 50  # bytes of a recording


class Ranges:
    """Whether this device resumes a download, as far as this run knows. One decision for the whole device.

    Nobody probes: the first part to continue, or to fetch, finds out. A device that got it wrong once is not asked
    again. (After some broken-off downloads, an NV4108E-HS answered every further one with 400.)
    """

    def __init__(self) -> None:
        self.usable: bool | None = None
        self._asking: anyio.Event | None = None

    @property
    def are_refused(self) -> bool:
        """Return whether the device is known not to resume."""
        return self.usable is False

    async def wait_to_ask(self) -> None:
        """Wait while another task asks first; if it stays unknown, the caller is the next to find out."""
        while self.usable is None and self._asking is not None:
            await self._asking.wait()
        if self.usable is None:
            self._asking = anyio.Event()

    def asked(self) -> None:
        """Let the waiting tasks go on."""
        if self._asking is not None:
            self._asking.set()
        self._asking = None

    def refuse(self, why: str) -> None:
        """Note that the device does not resume: from now on a clip that breaks off starts again."""
        log.debug("no more Range in this run: %s", why)
        self.usable = False


@dataclass(frozen=True, slots=True)
class PartNote:
    """The note beside a part. ``total`` and ``synced`` in bytes; ``boot`` is the run of the system that wrote it.

    ``key`` tells which bytes of the recording the part is for, None if it is for all of them, as they are.
    """

    path: str
    start: str
    end: str
    size: int | None
    total: int
    synced: int = 0
    boot: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class PartialFile:
    """A part that can be continued: ``size`` good bytes of ``total``."""

    size: int
    total: int

    @property
    def first(self) -> int:
        """Return the first byte to ask for."""
        return self.size - OVERLAP


def begin(store: Store, recording: Recording, total: int | None, key: str | None = None) -> None:
    """Begin a new part: drop the old one, and write down what it is for. Blocking.

    ``total`` is how long it will be, ``key`` as in :class:`PartNote`.
    """
    store.drop_part(recording)
    if total is None:  # without a length nobody can tell later that it is still the same file
        return
    span = recording.listed or recording.span
    start, end = span.start.isoformat(), span.end.isoformat()
    _write(store, recording, PartNote(recording.path, start, end, recording.size, total, boot=_boot(), key=key))


def synced(store: Store, recording: Recording, size: int) -> None:
    """Note that ``size`` bytes of the part are on the disk, and would survive a power cut. Blocking."""
    note = _read(store, recording)
    if note is not None:
        _write(store, recording, replace(note, synced=size))
    store.note_part(recording)


def survives_unsynced(store: Store, recording: Recording, size: int) -> bool:
    """Return whether the clip of ``size`` bytes can be named unsynced: its note tells when to doubt it.

    A process that dies loses nothing that was written; only a system that goes down does. Blocking.
    """
    note = _read(store, recording)
    return note is not None and note.boot is not None and note.boot == _boot() and note.total == size


def flush(store: Store, recording: Recording) -> None:
    """Sync the clip to the disk, if it is not known to be there. Blocking. Raises DiskError."""
    clip = store.find(recording)
    before = _state(store.note(recording))
    if clip is None or before is None:
        return
    try:
        sync_file(clip)
        sync_folder(store.folder)
    except DiskError:
        if clip.exists():  # else it was put away meanwhile
            raise
        return
    if _state(store.note(recording)) == before:  # else it is being fetched anew
        store.drop_note(recording)


def _state(note: Path) -> tuple[int, int] | None:
    try:
        found = note.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def recover(store: Store) -> None:
    """Turn clips that were not on the disk when the system went down into parts again. Blocking."""
    for clip, data in store.doubted():
        note = _decoded(data)
        if note is None or note.boot != _boot():
            store.begin_again(clip)


def is_held(store: Store, recording: Recording) -> bool:
    """Return whether there is a part that is safe to continue, of the whole or of a part. Blocking."""
    note = _read(store, recording)
    return note is not None and held(store, recording, note.key) is not None


def held(store: Store, recording: Recording, key: str | None = None, *, check: bool = True) -> PartialFile | None:
    """Return the part of an earlier try or run, if it is safe to continue and of just these bytes. Blocking.

    Without ``check``, the bytes of a part in a shared folder are not compared with their hash: for an estimate.
    """
    note = _read(store, recording)
    span = recording.listed or recording.span
    if note is None or (note.path, note.size, note.key) != (recording.path, recording.size, key):
        return None
    if (note.start, note.end) != (span.start.isoformat(), span.end.isoformat()):
        return None
    try:
        with os.fdopen(store.open_part(recording), "rb") as file:
            head = file.read(64)
            size = file.seek(0, os.SEEK_END)
            known = store.known_size(recording)
            if known is not None:  # a hash tells whether they are there, whatever went down meanwhile
                if size < known or (check and not store.check_part(recording, file.fileno(), known)):
                    return None
                size = known
            elif note.boot != _boot():
                size = min(size, note.synced)  # the system went down: only what was synced is sure to be there
    except OSError:
        return None
    # A page of text that broke off is no beginning of a recording.
    if not OVERLAP < size <= note.total or suffix_for(head) == ".bin":
        return None
    return PartialFile(size, note.total)


def _write(store: Store, recording: Recording, note: PartNote) -> None:
    store.write_note(recording, json.dumps(asdict(note)).encode("ascii"))


def _read(store: Store, recording: Recording) -> PartNote | None:
    try:
        return _decoded(store.read_note(recording))
    except OSError:
        return None


def _decoded(data: bytes) -> PartNote | None:
    """Return the note; None if it is torn or not ours."""
    try:
        note = PartNote(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = (note.total, note.synced)
    return note if all(type(number) is int and 0 <= number <= _LARGEST for number in numbers) else None


@cache
def _boot() -> str | None:
    """Return an id of this boot; None if the system does not tell (then a part is trusted)."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None
