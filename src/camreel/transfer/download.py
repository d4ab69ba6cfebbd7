"""Download one recording into one file.

The body is bounded, synced as it grows, and appended only to bytes that it really continues. Some recorders
(DHI-NVR5232-EI) wrap the file in a multipart answer: the wrapper is stripped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from io import FileIO
from pathlib import Path

import anyio.to_thread

from camreel.devices.base import BodySource, Source
from camreel.diskio import BackgroundFsync, disk_errors, open_regular, sync_file
from camreel.errors import BadTransfer, CameraRefused, printable
from camreel.formats.dhav import NotDhav, summary
from camreel.model import Recording, Span
from camreel.text import size_text
from camreel.transfer import resume
from camreel.transfer.resume import OVERLAP, PartialFile, Ranges
from camreel.transfer.store import Store, suffix_for

_TELL_EVERY = 0.1  # seconds between two words on how much is here
HEAD = 64  # bytes that tell a recording from a page of text
Spending = Callable[[int], Awaitable[None]]


class RangeMismatch(Exception):
    """The bytes that came do not continue the part. ``lie``: the device said that they do."""

    def __init__(self, *, lie: bool) -> None:
        super().__init__()
        self.lie = lie


async def receive(
    body: BodySource,
    store: Store,
    recording: Recording,
    progress: Callable[[int], None],
    *,
    limit: int,
    spend: Spending | None = None,
    on_synced: Callable[[int], None] = lambda _size: None,
    after: PartialFile | None = None,
) -> tuple[bytes, int]:
    """Write the body to the part, or append it ``after`` the bytes there; return its first bytes and the part's size.

    Raises BadTransfer beyond ``limit`` bytes, RangeMismatch if the overlapping bytes differ.
    """
    part = store.part(recording)
    head, size, synced, told, tell_at = b"", after.first if after else 0, 0, 0, 0.0
    writer = _PartWriter(store, recording, after)
    syncing = BackgroundFsync(str(part))  # so that the last sync is short, and a power cut costs little
    try:
        with noted_on_error(store, recording):
            async for chunk in body.chunks:
                if len(head) < HEAD:
                    head += chunk[: HEAD - len(head)]
                size += len(chunk)
                _check_size(size, limit)
                if writer.write(chunk) and time.monotonic() >= tell_at:
                    told, tell_at = size, time.monotonic() + _TELL_EVERY
                    progress(size)
                if spend is not None:
                    await spend(len(chunk))
                syncing.written(size)
                if syncing.done > synced:
                    synced = syncing.done
                    on_synced(synced)
    finally:
        with disk_errors(part):
            writer.close()  # on network shares a full disk may be told only now
            syncing.end()
        if told < size <= limit:
            progress(size)
    return head, size


class _PartWriter:
    """Write a part: a new one, or behind bytes that come again, and are compared before anything is changed."""

    def __init__(self, store: Store, recording: Recording, after: PartialFile | None) -> None:
        self._part = store.part(recording)
        with disk_errors(self._part):
            handle = store.open_part(recording, os.O_RDWR) if after else store.create_part(recording)
            self._file = FileIO(handle, "r+")
            self._known = self._tail(store, recording, after) if after else b""
        self._hash = store.hash_of(recording)

    def _tail(self, store: Store, recording: Recording, after: PartialFile) -> bytes:
        """Return the bytes that come again; go behind them."""
        is_ours = store.check_part(recording, self._file.fileno(), after.size)
        self._file.seek(after.first)
        tail = self._file.read(OVERLAP)
        if len(tail) != OVERLAP or not is_ours:  # somebody has changed it meanwhile
            self._file.close()
            raise RangeMismatch(lie=False)
        return tail

    def write(self, chunk: bytes) -> int:
        """Write what is new in ``chunk``; return how many bytes. Raises RangeMismatch and DiskError."""
        rest, fresh = _compared(self._known, chunk)
        with disk_errors(self._part):
            if self._known and not rest:
                self._file.truncate()  # what is behind it may not have survived a power cut
            write_all(self._file, fresh)
        self._known = rest
        if self._hash is not None:
            self._hash.update(fresh)
        return len(fresh)

    def close(self) -> None:
        """Close the part. Raises OSError."""
        self._file.close()


@contextmanager
def noted_on_error(store: Store, recording: Recording) -> Iterator[None]:
    """Note how far the part has come if it is broken off: the next run can continue it."""
    try:
        yield
    except BaseException:
        store.note_part(recording)
        raise


def _compared(known: bytes, chunk: bytes) -> tuple[bytes, memoryview]:
    """Return the bytes that are still to compare, and the new bytes of ``chunk``. Raises RangeMismatch."""
    same = min(len(known), len(chunk))
    if known[:same] != chunk[:same]:
        raise RangeMismatch(lie=True)
    return known[same:], memoryview(chunk)[same:]


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise BadTransfer(f"it sent more than the {size_text(limit)} that the recording can have.", once_more=True)


def write_all(file: FileIO, chunk: memoryview) -> None:
    """Write all of ``chunk``: on a nearly full disk the system takes a part of it without an error."""
    while chunk:
        chunk = chunk[file.write(chunk) :]


_WITHIN = 64 << 10  # where the file's own part begins at the latest
_HEAD = 64
_BLOCK = 1 << 20


def unwrap(part: Path) -> bytes:
    """Strip the multipart wrapper of ``part``; return the first bytes of the recording. Blocking.

    A part that is not a multipart answer with a recording stays as it is.
    """
    with disk_errors(part), os.fdopen(open_regular(part, os.O_RDWR), "r+b") as file:
        head = file.read(_WITHIN)
        boundary = head.split(b"\r\n", 1)[0]
        start = _start(head)
        if start is None:
            return head[:_HEAD]
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - len(boundary) - 16))
        tail = file.read()
        closing = tail.rfind(b"\r\n" + boundary + b"--")
        end = size if closing < 0 else size - len(tail) + closing
        for at in range(start, end, _BLOCK):
            file.seek(at)
            block = file.read(min(_BLOCK, end - at))
            file.seek(at - start)
            file.write(block)
        file.truncate(max(0, end - start))
    return head[start : start + _HEAD]


def _start(head: bytes) -> int | None:
    """Return where the recording begins: after the blank line of a part, known by its first bytes."""
    at = head.find(b"\r\n\r\n")
    while at >= 0:
        body = head[at + 4 : at + 12]
        if body[4:8] == b"ftyp" or body.startswith((b"DHAV", b"DAHUA")):
            return at + 4
        at = head.find(b"\r\n\r\n", at + 4)
    return None


_ROOM_BEYOND_LISTED = 64 << 20
_MOST_WITHOUT_SIZE = 64 << 30
_SLACK = timedelta(seconds=2)  # listed times are whole seconds, and a picture can be missing
_LONGEST_LEAD = timedelta(minutes=10)  # how much earlier than asked a stream by time may begin
_ALLOCATION = 1 << 16  # recorders list sizes in steps of 64 KiB: what was allocated, not what was written


@dataclass(frozen=True, slots=True)
class TransferPolicy:
    """How to treat a device, the same for all its recordings: whether it resumes, and how fast it may send."""

    ranges: Ranges = field(default_factory=Ranges)
    spend: Spending | None = None


async def fetch(
    source: Source,
    recording: Recording,
    store: Store,
    progress: Callable[[int], None],
    *,
    doubt: bool = False,
    manner: TransferPolicy | None = None,
) -> Path:
    """Download ``recording`` into ``store``, check it, name it. ``progress`` gets the number of bytes so far.

    Continue the part of an earlier try or run if it certainly belongs to the recording and the device can resume;
    else start again. With ``doubt``, refuse a body that is complete by its own words but shorter than listed: the
    camera is asked again, and believed the second time. (Such a body is BadTransfer with ``once_more``.)

    Raises BadTransfer if the body is not the recording, DiskError if it cannot be written; else as ``source.open``.
    """
    manner = manner or TransferPolicy()
    came = await _continued(source, recording, store, progress, manner)
    if came is None:
        async with source.open(recording) as body:
            came = await whole(body, recording, store, progress, manner)
    return await finished(came, recording, store, doubt=doubt)


async def finished(came: Received, recording: Recording, store: Store, *, doubt: bool) -> Path:
    """Check the received part of ``recording``, and name it. Raises as :func:`fetch`.

    The clip is on the disk, or its note says until when to trust it all the same: nobody waits for the disk.
    """
    part = store.part(recording)
    try:
        if came.head.startswith(b"--"):
            head = await anyio.to_thread.run_sync(unwrap, part)
            came, doubt = (
                Received(head, came.received, came.announced),
                False,
            )  # the wrapper's bytes are in neither length
        _check_head(came.head)
        _check_length(came.received, came.announced, recording.size, doubt=doubt)
    except BadTransfer:
        store.drop_part(recording)  # nothing to continue
        raise
    unsynced = resume.survives_unsynced(store, recording, came.received)
    if not unsynced:
        await sync(part)
    clip = await anyio.to_thread.run_sync(store.complete, recording, suffix_for(came.head))
    if not unsynced:
        store.drop_note(recording)
    return clip


async def fetch_by_time(
    source: Source,
    recording: Recording,
    store: Store,
    progress: Callable[[int], None],
    *,
    manner: TransferPolicy | None = None,
    asked: Span | None = None,
) -> Path:
    """Download by time instead of by path, for recorders that do not send the file (Intelbras, NVR4108).

    The clock in the frames is the check: recorders miss the asked time by seconds to minutes, and end early at the
    border of a file. Raises BadTransfer if it is not the footage of the recording. ``asked``: only this part of it,
    by the camera's own clock.
    """
    asked = asked or recording.listed or recording.span  # both by the camera's own clock, also where that jumps
    part = store.part(recording)
    store.drop_part(recording)
    spend = manner.spend if manner else None
    async with source.open_by_time(replace(recording, listed=asked)) as body:
        progress(0)
        limit = _limit(body.length, recording.size)
        head, _received = await receive(body, store, recording, progress, limit=limit, spend=spend)
    _check_head(head)
    await anyio.to_thread.run_sync(_check_times, part, asked)
    await sync(part)
    return await anyio.to_thread.run_sync(store.complete, recording, ".dav")


@dataclass(frozen=True, slots=True)
class Received:
    """The first bytes of the part, its size, and the size that was announced."""

    head: bytes
    received: int
    announced: int | None


async def whole(
    body: BodySource, recording: Recording, store: Store, progress: Callable[[int], None], manner: TransferPolicy
) -> Received:
    """Receive ``body`` as the whole recording, from the first byte on."""
    limit = _limit(body.length, recording.size)
    resume.begin(store, recording, body.length)
    progress(0)  # the camera has answered
    head, received = await receive(
        body,
        store,
        recording,
        progress,
        limit=limit,
        spend=manner.spend,
        on_synced=lambda size: resume.synced(store, recording, size),
    )
    return Received(head, received, body.length)


async def _continued(
    source: Source, recording: Recording, store: Store, progress: Callable[[int], None], manner: TransferPolicy
) -> Received | None:
    """Receive the rest of the part; return None if the recording has to start again."""
    held = await held_part(store, recording) if manner.ranges.usable is not False else None
    if held is None:
        return None
    if held.size == held.total:  # the run before ended just before it could give it its name
        return Received(await anyio.to_thread.run_sync(_first_bytes, store, recording), held.total, held.total)
    try:
        async with source.open(recording, first=held.first) as body:
            if body.part is None:
                manner.ranges.refuse("it sent the whole file instead of a part")
                return await whole(body, recording, store, progress, manner)
            _check_part(body, held)
            progress(held.size)
            _head, received = await receive(
                body,
                store,
                recording,
                progress,
                limit=held.total,
                spend=manner.spend,
                on_synced=lambda size: resume.synced(store, recording, size),
                after=held,
            )
    except CameraRefused as error:
        if error.status != 416:
            raise
        manner.ranges.refuse("416 for a part that there must be")
        return None
    except RangeMismatch as unlike:
        store.drop_part(recording)
        if unlike.lie and not manner.ranges.usable:
            manner.ranges.refuse("it sent another part than requested")
        return None
    manner.ranges.usable = True
    return Received(await anyio.to_thread.run_sync(_first_bytes, store, recording), received, held.total)


def _check_part(body: BodySource, held: PartialFile) -> None:
    """Raise RangeMismatch if a 206 is not the rest of the part."""
    part = body.part
    assert part is not None
    if (part.first, part.end) != (held.first, part.total) or body.length not in {None, held.total - held.first}:
        raise RangeMismatch(lie=part.total in {None, held.total} or part.first != held.first)
    if part.total != held.total:  # another file under the old name: nothing against the device
        raise RangeMismatch(lie=False)


def _first_bytes(store: Store, recording: Recording) -> bytes:
    with disk_errors(store.part(recording)), os.fdopen(store.open_part(recording), "rb") as file:
        return file.read(HEAD)


async def held_part(store: Store, recording: Recording, key: str | None = None) -> PartialFile | None:
    """Return what :func:`.resume.held` does; in a thread if that takes long."""
    find = partial(resume.held, store, recording, key)
    return await anyio.to_thread.run_sync(find, abandon_on_cancel=True) if store.is_shared else find()


async def sync(part: Path) -> None:
    """Bring the part to the disk."""
    # Nobody waits for a slow disk after Ctrl-C: what is not synced has no name.
    await anyio.to_thread.run_sync(sync_file, part, abandon_on_cancel=True)


def _check_times(part: Path, asked: Span) -> None:
    try:
        came = summary(part)
    except NotDhav as error:
        raise BadTransfer(f"what it sent by time {error}.") from None
    early, late = asked.start - came.first, asked.end - came.last
    if came.first > asked.start + _SLACK or late > _SLACK or early > _LONGEST_LEAD:
        raise BadTransfer(f"asked by time, it sent {came.first} to {came.last} instead of {asked}.")


def _limit(announced: int | None, listed: int | None) -> int:
    """Return the most bytes to accept: a body without an end must not fill the disk."""
    roomy = 2 * listed + _ROOM_BEYOND_LISTED if listed else _MOST_WITHOUT_SIZE
    if announced is not None and announced > roomy:
        raise BadTransfer(
            f"it announced {size_text(announced)}, more than the {size_text(roomy)} it can have.", once_more=True
        )
    return roomy if announced is None else announced


def _check_length(received: int, announced: int | None, listed: int | None, *, doubt: bool) -> None:
    """Check the size: Content-Length is exact; else the listed size is, unless it is a recorder's allocation."""
    listed_exactly = listed if listed and listed % _ALLOCATION else None
    expected = announced if announced is not None else listed_exactly
    if doubt and listed_exactly is not None and expected is not None:
        expected = max(expected, listed_exactly)
    if expected is not None and received != expected:
        raise BadTransfer(f"it sent {received:,} of {expected:,} bytes.", once_more=True)


def _check_head(head: bytes) -> None:
    """Refuse a text: some firmware answers errors with 200."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise BadTransfer("it sent an empty file.")
    if start[:1] in {b"<", b"{"} or start[:5].lower() == b"error":
        words = printable(" ".join(start.decode("latin-1").split()), 40)
        raise BadTransfer(f"it sent a page of text ({words}) instead of the recording.")
