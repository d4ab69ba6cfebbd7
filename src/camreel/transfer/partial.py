"""Download the wanted part of one recording as a small clip of its own, with the same frames at the same times.

Of an mp4, read the index, wherever in the file it is, and fetch the bytes of the wanted frames and sound behind an
index of our own. Of a ``.dav``, fetch a run of frames from a keyframe on: its frames have their own clock. Anything
odd raises NotInPart; then the whole recording is downloaded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from io import FileIO
from pathlib import Path

import anyio.to_thread

from camreel.devices.base import BodySource, Source
from camreel.diskio import disk_errors, open_regular
from camreel.errors import CameraError, CameraUnreachable, LoginError
from camreel.formats.dhav import NotDhav, summary
from camreel.formats.mp4 import BadIndex, Movie, choose, header_for, own_note, read_index
from camreel.formats.mp4.boxes import head_of
from camreel.model import Recording, Span
from camreel.transfer import resume
from camreel.transfer.download import (
    Received,
    TransferPolicy,
    fetch_by_time,
    finished,
    held_part,
    noted_on_error,
    sync,
    whole,
    write_all,
)
from camreel.transfer.ranges import DavSeek, NotInPart, Ranged, RangesUnsupported, WholeFileReceived
from camreel.transfer.store import Store, suffix_for

HEAD = 16 << 10
LARGEST = 64 << 20
_PEEK = 4 << 10
_MOST_PEEKS = 3
_FIRST_TAIL, _LARGEST_FIRST_TAIL = 64 << 10, 1 << 20
_BYTES_A_SECOND = 100  # of index: less than any, so that little is fetched that is no index
_KINDS = frozenset({b"ftyp", b"free", b"skip", b"wide", b"mdat", b"moov", b"uuid", b"udta", b"meta", b"styp"})


async def find_moov(file: Ranged, head: bytes, seconds: float) -> bytes:
    """Return the whole ``moov`` box of a file that begins with ``head`` and is about ``seconds`` long.

    Amcrest cameras write ``ftyp free mdat mdat ... moov``, a box for each frame: those are not walked, the end of the
    file is searched instead. Raises :class:`BadIndex`; NotInPart as ``file`` does.
    """
    total = file.total or 0
    at, peeks = 0, 0
    while at + 8 <= total:
        offset, data = at, head[at : at + 16]
        if len(data) < 16 and at + len(data) < total:
            if peeks == _MOST_PEEKS:
                break
            peeks += 1
            data = await file.read(at, min(total, at + _PEEK))
        size, kind, _ = head_of(data[:16].ljust(16, b"\0"), 0, 16)
        if data[:4] == b"\0\0\0\0":
            size = total - at
        if kind not in _KINDS or size < 8 or at + size > total:
            raise BadIndex("its boxes make no sense")
        if kind == b"moov":
            if size > LARGEST:
                raise BadIndex("its index is too large")
            known = max(head[at : at + size], data[:size], key=len)
            return known + (await file.read(at + len(known), at + size) if len(known) < size else b"")
        at = offset + size
    return await _from_the_end(file, total, seconds)


async def _from_the_end(file: Ranged, total: int, seconds: float) -> bytes:
    step = min(_LARGEST_FIRST_TAIL, max(_FIRST_TAIL, int(seconds * _BYTES_A_SECOND)))
    tail = b""
    while len(tail) < min(total, LARGEST):
        first = max(0, total - len(tail) - step)
        tail = await file.read(first, total - len(tail)) + tail
        at = _moov_in(tail)
        if at is not None:
            return tail[at : at + int.from_bytes(tail[at : at + 4], "big")]
        step = len(tail) // 2  # so that little is fetched that is no index
    raise BadIndex("no index was found at its end")


def _moov_in(tail: bytes) -> int | None:
    """Return where in the last bytes of a file its index begins: a box that ends with the file, or before others."""
    at = tail.rfind(b"moov")
    while at >= 4:
        if _ends_well(tail, at - 4):
            return at - 4
        at = tail.rfind(b"moov", 0, at + 3)
    return None


def _ends_well(tail: bytes, at: int) -> bool:
    for _ in range(16):
        if at == len(tail):
            return True
        if at + 8 > len(tail) or tail[at + 4 : at + 8] not in _KINDS:
            return False
        size = int.from_bytes(tail[at : at + 4], "big")
        if size < 8:
            return False
        at += size
    return False


__all__ = ["NotInPart", "fetch_part", "note_of"]
_MICRO = timedelta(microseconds=1)
_MOST_OF_IT = 0.95  # a part that is nearly all of the file is not worth its requests
_SYNC_EVERY = 32 << 20
_LONGEST_NOTE = 256
_BY_TIME_EARLIER = timedelta(seconds=10)  # recorders begin seconds beside the asked time, and only at keyframes


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The content of a part: ``header``, then the bytes of ``spans``. ``pictures``: where its frames lie (an mp4)."""

    header: bytes
    spans: tuple[tuple[int, int], ...]
    pictures: tuple[tuple[int, int], ...] = ()
    length_size: int = 0

    @property
    def size(self) -> int:
        """Return the size of the file that it makes, in bytes."""
        return len(self.header) + sum(end - first for first, end in self.spans)

    @property
    def key(self) -> str:
        """Return a key that is equal for equal bytes."""
        return hashlib.sha256(self.header + repr(self.spans).encode()).hexdigest()[:16]


async def fetch_part(
    source: Source, recording: Recording, store: Store, progress: Callable[[int], None], manner: TransferPolicy
) -> Path:
    """Download ``recording.part`` into ``store``, check, sync and name it. ``progress`` gets the bytes so far.

    Continue the same part of an earlier try or run. If the device sends the whole file instead, that is the clip.
    Raises NotInPart if the part cannot be had; else as :func:`camreel.transfer.download.fetch`.
    """
    if manner.ranges.are_refused:
        return await _by_time(source, recording, store, progress, manner)
    whole_came: list[Received] = []

    async def take_whole(body: BodySource) -> None:
        whole_came.append(await whole(body, recording, store, progress, manner))

    # One .dav is broken off, once in a run: by time, all that comes after it costs a fraction.
    is_dav = recording.path.lower().endswith(".dav")
    file = Ranged(source, recording, manner.ranges, manner.spend, None if is_dav else take_whole)
    try:
        wanted = await _wanted(file, recording, progress)
    except WholeFileReceived:
        return await finished(whole_came[0], recording, store, doubt=False)
    except RangesUnsupported:
        return await _by_time(source, recording, store, progress, manner)
    except BadIndex as error:
        raise NotInPart(str(error)) from error
    await _receive(file, recording, store, wanted, progress)
    part = store.part(recording)
    try:
        await anyio.to_thread.run_sync(_check, part, wanted, recording, file.total)
    except (NotInPart, OSError):
        store.drop_part(recording)
        raise
    await sync(part)
    with disk_errors(part), os.fdopen(store.open_part(recording), "rb") as opened:
        suffix = suffix_for(opened.read(8))
    return await anyio.to_thread.run_sync(store.complete, recording, suffix)


def note_of(clip: Path, recording: Recording) -> tuple[timedelta, int | None]:
    """Return how long after the recording's first frame its clip's is, and the size of the whole recording.

    For a whole clip, and for a ``.dav``, whose frames have a clock, return no time and None. Blocking.
    """
    if recording.part is None or clip.suffix != ".mp4":
        return timedelta(0), None
    with disk_errors(clip), os.fdopen(open_regular(clip), "rb") as file:
        note = own_note(file.read(_LONGEST_NOTE))
    if note is None or note[0] * _MICRO > recording.span.end - recording.span.start + timedelta(minutes=10):
        return timedelta(0), None
    return note[0] * _MICRO, note[1]


async def _wanted(file: Ranged, recording: Recording, progress: Callable[[int], None]) -> _Wanted:
    head = await file.read(0, HEAD)
    progress(0)  # the camera has answered
    if head[4:8] == b"ftyp":
        wanted = await _of_mp4(file, head, recording)
    elif b"DHAV" in head or head.startswith(b"DAHUA") or recording.path.lower().endswith(".dav"):
        wanted = await _of_dav(file, recording)
    else:
        raise NotInPart("it is neither an mp4 nor a .dav by its first bytes")
    if wanted.size > _MOST_OF_IT * (file.total or 0):
        raise NotInPart("the part is nearly all of it")
    return wanted


async def read_movie(file: Ranged, head: bytes, recording: Recording) -> Movie:
    """Return the index of an mp4 that begins with ``head``. Raises BadIndex and NotInPart."""
    moov = await find_moov(file, head, recording.span.seconds)
    return await anyio.to_thread.run_sync(read_index, moov, file.total or 0)


async def _of_mp4(file: Ranged, head: bytes, recording: Recording) -> _Wanted:
    movie = await read_movie(file, head, recording)
    part = recording.part or recording.span
    start = max(0, (part.start - recording.span.start) // _MICRO)
    end = None if part.end >= recording.span.end else (part.end - recording.span.start) // _MICRO
    choice = await anyio.to_thread.run_sync(choose, movie, start, end)
    header = await anyio.to_thread.run_sync(header_for, movie, choice, file.total or 0)
    return _Wanted(header.data, choice.spans, header.samples, _length_size(movie.pictures.description))


def _length_size(description: bytes) -> int:
    """Return how many bytes tell the length of a unit of a frame (ISO/IEC 14496-15)."""
    for kind, at in ((b"avcC", 8), (b"hvcC", 25)):
        place = description.find(kind)
        if 0 <= place < len(description) - at:
            return (description[place + at] & 3) + 1
    raise BadIndex("its pictures are of another kind")


async def _of_dav(file: Ranged, recording: Recording) -> _Wanted:
    wanted, listed = by_own_clock(recording)
    seek = DavSeek(file, listed)
    first, end = 0, file.total or 0
    if wanted.start > listed.start:
        place = await seek.place(wanted.start - timedelta(seconds=3))
        first = await seek.keyframe(place, wanted.start)
    if wanted.end < listed.end:
        end = await seek.place(wanted.end)
    if end <= first:
        raise NotInPart("its clock runs backwards")
    return _Wanted(b"", ((first, end),))


def by_own_clock(recording: Recording) -> tuple[Span, Span]:
    """Return the wanted part, and all of it, by the camera's own clock. Raises NotInPart if that changed meanwhile."""
    listed, span = recording.listed or recording.span, recording.span
    turned = listed.start - span.start
    if listed.end - span.end != turned:
        raise NotInPart("the camera's clock was changed while it was recorded")
    part = recording.part or span
    return Span(part.start + turned, part.end + turned), listed


async def _receive(
    file: Ranged, recording: Recording, store: Store, wanted: _Wanted, progress: Callable[[int], None]
) -> None:
    """Receive the wanted bytes into the part, from where an earlier try stopped."""
    part = store.part(recording)
    opened, written = await _begun(store, recording, wanted)
    running, unsynced = store.hash_of(recording), 0
    try:
        with noted_on_error(store, recording):
            for first, end in _rest(wanted, written):
                async with file.stream(first, end) as chunks:
                    async for chunk in chunks:
                        with disk_errors(part):
                            write_all(opened, memoryview(chunk))
                        if running is not None:
                            running.update(chunk)
                        written += len(chunk)
                        unsynced += len(chunk)
                        progress(written)
                        if unsynced >= _SYNC_EVERY:
                            await sync(part)
                            resume.synced(store, recording, written)
                            unsynced = 0
    finally:
        with disk_errors(part):
            opened.close()  # on network shares a full disk may be told only now


async def _begun(store: Store, recording: Recording, wanted: _Wanted) -> tuple[FileIO, int]:
    """Open the part to be written: what an earlier try left of it, or a new one. Return how much of it is there."""
    held = await held_part(store, recording, wanted.key)
    with disk_errors(store.part(recording)):
        if held is not None and held.total == wanted.size and held.first >= len(wanted.header):
            file = FileIO(store.open_part(recording, os.O_RDWR), "r+")
            same = file.read(len(wanted.header)) == wanted.header
            if same and store.check_part(recording, file.fileno(), held.first):
                file.truncate(held.first)
                file.seek(held.first)
                return file, held.first
            file.close()
        resume.begin(store, recording, wanted.size, wanted.key)
        file = FileIO(store.create_part(recording), "r+")
        write_all(file, memoryview(wanted.header))
        if (running := store.hash_of(recording)) is not None:
            running.update(wanted.header)
        return file, len(wanted.header)


def _rest(wanted: _Wanted, written: int) -> Iterator[tuple[int, int]]:
    """Return the bytes of the recording that are still to come, if the file has ``written`` bytes."""
    skip = written - len(wanted.header)
    for first, end in wanted.spans:
        if skip < end - first:
            yield first + skip, end
        skip = max(0, skip - (end - first))


def _check(part: Path, wanted: _Wanted, recording: Recording, total: int | None) -> None:
    """Raise NotInPart if the bytes cannot be the wanted part. Blocking."""
    if part.lstat().st_size != wanted.size:
        raise NotInPart("it came in another length")
    if wanted.pictures:
        _check_pictures(part, wanted.pictures, wanted.length_size)
    else:
        _check_frames(part, recording, ends=wanted.spans[-1][1] == total)


def _check_pictures(part: Path, pictures: Sequence[tuple[int, int]], length_size: int) -> None:
    """Check that units with their lengths before them fill each frame: other bytes do not."""
    with os.fdopen(open_regular(part), "rb") as file:
        for at, size in pictures:
            file.seek(at)
            data = file.read(size)
            place = 0
            while place + length_size < size:
                place += length_size + int.from_bytes(data[place : place + length_size], "big")
            if place != size or len(data) != size:
                raise NotInPart("what came is not what its index says")


def _check_frames(part: Path, recording: Recording, *, ends: bool) -> None:
    """Check that frames of the wanted time fill the file, and that it begins with a keyframe."""
    wanted, listed = by_own_clock(recording)
    try:
        found = summary(part)
    except NotDhav as error:
        raise NotInPart(f"what came {error}") from error
    begins = wanted.start > listed.start
    if begins and (found.first_key is None or found.first_key.at or found.first > wanted.start):
        raise NotInPart("what came does not begin with a keyframe of the time")
    if (begins and found.stale) or found.skipped or (found.cut and not ends):
        raise NotInPart("what came is not all frames")
    if not ends and found.last < wanted.end - timedelta(seconds=1):
        raise NotInPart("what came ends before the time")


async def _by_time(
    source: Source, recording: Recording, store: Store, progress: Callable[[int], None], manner: TransferPolicy
) -> Path:
    """Download the part by time from a recorder that does not know Range; check the clock in its frames."""
    if not recording.path.lower().endswith(".dav"):
        raise NotInPart("the device does not send parts")
    wanted, listed = by_own_clock(recording)
    asked = Span(max(listed.start, wanted.start - _BY_TIME_EARLIER), wanted.end)
    try:
        path = await fetch_by_time(source, recording, store, progress, manner=manner, asked=asked)
        check = partial(_check_by_time, path, wanted, listed)
        await anyio.to_thread.run_sync(check)
    except (LoginError, CameraUnreachable):
        raise
    except CameraError as error:
        raise NotInPart(f"by time: {error}") from error
    except NotInPart:
        store.discard(recording)
        raise
    return path


def _check_by_time(path: Path, wanted: Span, listed: Span) -> None:
    found = summary(path)
    if found.first_key is None or found.stale or (wanted.start > listed.start and found.first > wanted.start):
        raise NotInPart("by time, it sent what begins too late")
