"""The times that a clip itself states, read from its boxes or frames.

Does without FFmpeg: this runs in the main process, which no clip may crash.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import BinaryIO

from camreel.formats.mp4 import BadIndex, edits_in, index_at_end
from camreel.formats.mp4.boxes import made
from camreel.formats.sniff import Unreadable, Unusable, foreign_of, is_dav, summary_of, what_else
from camreel.formats.source import open_source
from camreel.model import Span

# ISO/IEC 14496-12: seconds since then, UTC. 0 is how a muxer says that it does not know.
_EPOCH = datetime(1904, 1, 1, tzinfo=timezone.utc)
_FIRST = datetime(1971, 1, 1, tzinfo=timezone.utc)  # clocks that were never set begin in 1970
_LAST = datetime(2200, 1, 1, tzinfo=timezone.utc)
_LONGEST = 2 * 86_400.0  # seconds; an index that claims more lies
_MOST_BOXES = 1_000_000  # cameras write a box for each picture
_MOST_INNER = 200
_ROUNDED = 0.005  # seconds: the units of a movie and of its tracks differ
_LARGEST_INDEX = 64 << 20
_TAIL = 64 << 10  # bytes at the end of a file, where most indexes are


@dataclass(frozen=True, slots=True)
class OwnTimes:
    """``wall``: its pictures by the camera's clock, to the millisecond (a ``.dav``). ``created``: ``creation_time``,
    in UTC, and ``seconds``: how long its pictures are, by its edit list if it has one (an mp4). Each None where the
    clip does not say. ``channel`` is counted from 0. ``settings`` are the same pictures by each setting of the camera's
    clock, the most likely first.
    """

    wall: Span | None = None
    settings: tuple[Span, ...] = ()
    created: datetime | None = None
    seconds: float | None = None
    channel: int | None = None


def own_times(path: str, *, index: bool = True) -> OwnTimes:
    """What the clip says. Without ``index`` an mp4 is not looked into. Raises :class:`Unusable`."""
    other = what_else(path)
    if other is None:
        return _of_mp4(path) if index else OwnTimes()
    if foreign_of(path) is not None:
        return OwnTimes()
    if not is_dav(path):
        raise Unusable(other)
    found = summary_of(path)
    rate = found.picture_format.rate or 25
    length = found.last - found.first + timedelta(milliseconds=round(1000 / rate))
    settings = tuple(Span(first, first + length) for first in found.firsts)
    return OwnTimes(
        wall=settings[0],
        settings=settings,
        seconds=found.seconds + 1 / rate,
        channel=found.channel,
    )


def _of_mp4(path: str) -> OwnTimes:
    try:
        with open_source(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            begin = index_at_end(file.read(_TAIL), size) or 0
            moov = next((box for box in _boxes(file, begin, size, _MOST_BOXES) if box[0] == b"moov"), None)
            if moov is None:
                return OwnTimes()
            inner = list(_boxes(file, moov[1], moov[2], _MOST_INNER))
            header = _header(file, inner, b"mvhd")
            pictures = [found for box in inner if box[0] == b"trak" if (found := _pictures(file, box)) is not None]
            edited = _edited_length(file, moov)
    except OSError as error:
        raise Unreadable(error) from error
    seconds = [length for _created, length in pictures[:1] if length is not None]
    if edited is not None and (not seconds or abs(edited - seconds[0]) >= _ROUNDED):
        seconds = [edited]
    created = header[0] if header and header[0] else next((created for created, _ in pictures if created), None)
    return OwnTimes(created=created, seconds=seconds[0] if seconds else None)


_Box = tuple[bytes, int, int]  # its kind, and where its content begins and ends
_Header = tuple["datetime | None", "float | None"]


def _boxes(file: BinaryIO, at: int, end: int, most: int) -> Iterator[_Box]:
    for _ in range(most):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        begin = at + 8
        if length == 1 and len(head) == 16:
            length, begin = int.from_bytes(head[8:], "big"), at + 16
        elif length == 0:  # up to the end of the file
            length = end - at
        if length < begin - at or at + length > end:
            return
        yield kind, begin, at + length
        at += length


def _edited_length(file: BinaryIO, moov: _Box) -> float | None:
    """How long an edit list makes the pictures; None where there is none, or it says nothing."""
    if moov[2] - moov[1] > _LARGEST_INDEX:
        return None
    file.seek(moov[1])
    try:
        edits = edits_in(made(b"moov", file.read(moov[2] - moov[1])))
    except BadIndex:
        return None
    return float(edits.seconds) if edits is not None and 0 < edits.seconds <= _LONGEST else None


def _pictures(file: BinaryIO, track: _Box) -> _Header | None:
    """When a track of pictures was created and how long it is; None for other tracks."""
    media = next((box for box in _boxes(file, track[1], track[2], _MOST_INNER) if box[0] == b"mdia"), None)
    inner = [] if media is None else list(_boxes(file, media[1], media[2], _MOST_INNER))
    handler = next((box for box in inner if box[0] == b"hdlr"), None)
    if handler is None:
        return None
    file.seek(handler[1])
    return _header(file, inner, b"mdhd") if file.read(12)[8:12] == b"vide" else None


def _header(file: BinaryIO, boxes: list[_Box], kind: bytes) -> _Header | None:
    """Creation time and length, as ``mvhd`` and ``mdhd`` begin with them."""
    box = next((box for box in boxes if box[0] == kind), None)
    if box is None:
        return None
    file.seek(box[1])
    data = file.read(min(32, box[2] - box[1]))
    layout = ">4xQQIQ" if data[:1] == b"\1" else ">4xIIII"
    if len(data) < struct.calcsize(layout):
        return None
    created, _changed, scale, length = struct.unpack_from(layout, data)
    moment = _EPOCH + timedelta(seconds=created) if created < 1 << 34 else None
    seconds = length / scale if scale else 0.0
    return (
        moment if moment is not None and _FIRST <= moment < _LAST else None,
        seconds if 0 < seconds <= _LONGEST else None,
    )
