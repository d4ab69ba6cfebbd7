"""What is known of a part: which recording it is of, how long that is, and how much of it is safely on the disk.

A clip that is complete is named at once, and its note stays beside it until it is on the disk, which takes seconds that
nobody waits for. Where the system went down before that (another boot than the note's), the clip is a part again.

A part without such a note, or with one that does not fit, is not continued: another recording's bytes must never be
spliced into this one.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import anyio

from camreel.diskio import disk_errors, sync_file, sync_folder
from camreel.errors import DiskError
from camreel.model import Recording
from camreel.transfer.store import Store, suffix_for

log = logging.getLogger("camreel.resume")

# So many of the last bytes are fetched again and compared: the end of a part is what a crash may have spoiled.
OVERLAP = 64 << 10
_LONGEST_NOTE = 1 << 20


class Ranges:
    """Whether this device continues a download, as far as this run knows. One decision for the whole device.

    Nobody probes: the first part that there is to continue, or to fetch, finds out, and a device that got it wrong once
    is not asked again. (After some downloads that were broken off, an NV4108E-HS answered every further one with 400.)
    """

    def __init__(self) -> None:
        self.usable: bool | None = None
        self._asking: anyio.Event | None = None

    @property
    def are_refused(self) -> bool:
        """Whether it is known that it does not."""
        return self.usable is False

    async def wait_to_ask(self) -> None:
        """Wait while another one asks for the first time; where it stays unknown, this one is the next to find out."""
        while self.usable is None and self._asking is not None:
            await self._asking.wait()
        if self.usable is None:
            self._asking = anyio.Event()

    def asked(self) -> None:
        """Who waits may go on."""
        if self._asking is not None:
            self._asking.set()
        self._asking = None

    def refuse(self, why: str) -> None:
        """It does not: from now on a clip that breaks off starts again."""
        log.debug("no more Range in this run: %s", why)
        self.usable = False


@dataclass(frozen=True, slots=True)
class PartNote:
    """Beside a part. ``total`` and ``synced`` in bytes; ``boot`` is the run of the system that wrote it.

    ``key`` tells which bytes of the recording it will hold, None where it will be all of them, as they are.
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
        """The first byte to ask for."""
        return self.size - OVERLAP


def begin(store: Store, recording: Recording, total: int | None, key: str | None = None) -> None:
    """A new part: what was there goes, and what it will be a part of is written down. Blocking.

    ``total`` is how long it will be, ``key`` as in :class:`PartNote`.
    """
    store.drop_part(recording)
    if total is None:  # without a length nobody can tell later that it is still the same file
        return
    span = recording.listed or recording.span
    start, end = span.start.isoformat(), span.end.isoformat()
    note = PartNote(recording.path, start, end, recording.size, total, boot=_boot(), key=key)
    _write(store.note(recording), note)


def synced(store: Store, recording: Recording, size: int) -> None:
    """``size`` bytes of the part are on the disk, and would survive a power cut. Blocking."""
    path = store.note(recording)
    note = _read(path)
    if note is not None:
        _write(path, replace(note, synced=size))


def survives_unsynced(store: Store, recording: Recording, size: int) -> bool:
    """Whether the whole clip of ``size`` bytes need not be on the disk to be named: its note tells when to doubt it.

    A process that dies takes nothing with it that was written; only a system that goes down does. Blocking.
    """
    note = _read(store.note(recording))
    return note is not None and note.boot is not None and note.boot == _boot() and note.total == size


def flush(store: Store, recording: Recording) -> None:
    """Have its clip on the disk, where it is not known to be. DiskError where that fails. Blocking."""
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
        store.settled(recording)


def _state(note: Path) -> tuple[int, int] | None:
    try:
        found = note.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def recover(store: Store) -> None:
    """Clips that were not on the disk when the system went down are parts again. Blocking."""
    for clip, path in store.doubted():
        note = _read(path)
        if note is None or note.boot != _boot():
            store.begin_again(clip)


def is_held(store: Store, recording: Recording) -> bool:
    """Whether there is a part that is safe to continue, of all of it or of a part. Blocking."""
    note = _read(store.note(recording))
    return note is not None and held(store, recording, note.key) is not None


def held(store: Store, recording: Recording, key: str | None = None) -> PartialFile | None:
    """The part of an earlier try or run, where it is safe to continue and of just these bytes. Blocking."""
    note = _read(store.note(recording))
    span = recording.listed or recording.span
    if note is None or (note.path, note.size, note.key) != (recording.path, recording.size, key):
        return None
    if (note.start, note.end) != (span.start.isoformat(), span.end.isoformat()):
        return None
    try:
        with store.part(recording).open("rb") as file:
            head = file.read(64)
            size = file.seek(0, 2)
    except OSError:
        return None
    if note.boot != _boot():
        size = min(size, note.synced)  # the system went down meanwhile: only what was synced is sure to be there
    # A page of text that broke off is no beginning of a recording.
    if not OVERLAP < size <= note.total or suffix_for(head) == ".bin":
        return None
    return PartialFile(size, note.total)


def _write(path: Path, note: PartNote) -> None:
    with disk_errors(path):
        path.write_text(json.dumps(asdict(note)), encoding="ascii")


def _read(path: Path) -> PartNote | None:
    """What is torn, or not ours, is no note."""
    try:
        with path.open("rb") as file:
            fields = json.loads(file.read(_LONGEST_NOTE))
        note = PartNote(**fields)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    numbers = (note.total, note.synced)
    return note if all(type(number) is int and number >= 0 for number in numbers) else None


@cache
def _boot() -> str | None:
    """Another one after each start of the system; None where it does not tell (then a part is taken for good)."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None
