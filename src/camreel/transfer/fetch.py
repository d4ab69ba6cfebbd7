"""One recording to one file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from camreel.dhav import NotDhav, summary
from camreel.errors import BadTransfer, printable
from camreel.model import Recording
from camreel.transfer.part import disk_errors, sync_file
from camreel.transfer.store import Store, suffix_for
from camreel.transfer.unwrap import unwrap
from camreel.units import size_text


class Body(Protocol):
    """A recording on its way: ``length`` in bytes as announced, None where it was not."""

    @property
    def length(self) -> int | None: ...
    @property
    def chunks(self) -> AsyncIterator[bytes]: ...


class Source(Protocol):
    """Where recordings come from: a camera, as far as this room knows."""

    def open(self, recording: Recording) -> AbstractAsyncContextManager[Body]:
        """Begin to receive ``recording``."""
        ...

    def open_by_time(self, recording: Recording) -> AbstractAsyncContextManager[Body]:
        """Begin to receive the footage of its time as a DHAV stream; what comes has to be checked."""
        ...


_HEAD = 64  # bytes that tell a recording from a page of text
_ROOM_BEYOND_LISTED = 64 << 20
_MOST_WITHOUT_SIZE = 64 << 30
_SLACK = timedelta(seconds=2)  # listed times are whole seconds, and a picture can be missing
_LONGEST_LEAD = timedelta(minutes=10)  # how much earlier than asked a stream by time may begin
_ALLOCATION = 1 << 16  # recorders list sizes in steps of 64 KiB: what was allocated, not what was written


async def fetch(
    source: Source, recording: Recording, store: Store, progress: Callable[[int], None], *, doubt: bool = False
) -> Path:
    """Download ``recording`` into ``store``, check it, sync it, name it. ``progress`` is told the bytes so far.

    With ``doubt``, a body that is complete by its own words but shorter than listed is refused: the camera is asked
    again, and believed the second time.

    BadTransfer where what came is not the recording; DiskError where it cannot be written; else as ``source.open``.
    """
    part = store.part(recording)
    async with source.open(recording) as body:
        head, received = await _receive(body, recording, part, progress)
    if head.startswith(b"--"):
        head = await anyio.to_thread.run_sync(unwrap, part)
        doubt = False  # the wrapper's bytes are in neither length
    _check_head(head)
    _check_length(received, body.length, recording.size, doubt=doubt)
    await anyio.to_thread.run_sync(sync_file, part)
    return store.complete(recording, suffix_for(head))


async def fetch_by_time(source: Source, recording: Recording, store: Store, progress: Callable[[int], None]) -> Path:
    """The same by time instead of by path, for recorders that do not hand out the file (Intelbras, NVR4108).

    What came is checked by the clock in its frames: recorders miss the asked time by seconds to minutes, and end early
    at the border of a file. BadTransfer where it is not the footage of the recording.
    """
    part = store.part(recording)
    async with source.open_by_time(recording) as body:
        head, _received = await _receive(body, recording, part, progress)
    _check_head(head)
    await anyio.to_thread.run_sync(_check_times, part, recording)
    await anyio.to_thread.run_sync(sync_file, part)
    return store.complete(recording, ".dav")


def _check_times(part: Path, recording: Recording) -> None:
    try:
        came = summary(part)
    except NotDhav as error:
        raise BadTransfer(f"what it sent by time {error}.") from None
    asked = recording.listed or recording.span  # both by the camera's own clock, also where that jumps
    early, late = asked.start - came.first, asked.end - came.last
    if came.first > asked.start + _SLACK or late > _SLACK or early > _LONGEST_LEAD:
        raise BadTransfer(f"asked by time, it sent {came.first} to {came.last} instead of {asked}.")


async def _receive(body: Body, recording: Recording, part: Path, progress: Callable[[int], None]) -> tuple[bytes, int]:
    """Write the body to ``part``; its first bytes and its length."""
    limit = _limit(body.length, recording.size)
    head, received = b"", 0
    progress(0)  # the camera has answered
    with disk_errors(part):
        file = part.open("wb", buffering=0)
    try:
        async for chunk in body.chunks:
            if len(head) < _HEAD:
                head += chunk[: _HEAD - len(head)]
            received += len(chunk)
            if received > limit:
                raise BadTransfer(f"it sent more than the {size_text(limit)} that the recording can have.")
            with disk_errors(part):
                _write(file, chunk)
            progress(received)
    finally:
        with disk_errors(part):
            file.close()  # on network shares a full disk may be told only now
    return head, received


def _write(file: FileIO, chunk: bytes) -> None:
    """All of ``chunk``: on a disk that is nearly full the system takes a part of it without an error."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def _limit(announced: int | None, listed: int | None) -> int:
    """The most bytes that are taken: a body without an end must not fill the disk."""
    roomy = 2 * listed + _ROOM_BEYOND_LISTED if listed else _MOST_WITHOUT_SIZE
    if announced is not None and announced > roomy:
        raise BadTransfer(f"it announced {size_text(announced)}, more than the {size_text(roomy)} it can have.")
    return roomy if announced is None else announced


def _check_length(received: int, announced: int | None, listed: int | None, *, doubt: bool) -> None:
    """Content-Length is exact; without it the listed size is, unless it is a recorder's allocation."""
    listed_exactly = listed if listed and listed % _ALLOCATION else None
    expected = announced if announced is not None else listed_exactly
    if doubt and listed_exactly is not None and expected is not None:
        expected = max(expected, listed_exactly)
    if expected is not None and received != expected:
        raise BadTransfer(f"it sent {received:,} of {expected:,} bytes.")


def _check_head(head: bytes) -> None:
    """Refuse what is a text and not a recording: some firmware answers errors with 200."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise BadTransfer("it sent an empty file.")
    if start[:1] in {b"<", b"{"} or start[:5].lower() == b"error":
        words = printable(" ".join(start.decode("latin-1").split()), 40)
        raise BadTransfer(f"it sent a page of text ({words}) instead of the recording.")
