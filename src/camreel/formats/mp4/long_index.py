"""Read a very long index of an mp4 piece by piece: FFmpeg takes 40 bytes of memory for each sample that it lists.

Reads what :mod:`.writer` writes: each sample is a chunk of its own. All else raises :class:`BadIndex`.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add, mul
from typing import BinaryIO, NamedTuple

from camreel.formats.mp4.boxes import BadIndex, head_of

LONG = 64 << 20  # bytes: some five million samples, two days at 20 frames a second with sound
_AT_A_TIME = 1 << 16  # numbers
_MOST_BOXES = 100
_MOST_DESCRIPTION = 1 << 20


class _BoxRange(NamedTuple):
    """A box in the file: its content is from ``body`` to ``end``."""

    body: int
    end: int


@dataclass(frozen=True, slots=True)
class LongTrack:
    """What an index says of a track. ``first`` and ``last`` are place and size of those samples.

    ``seconds`` is how long it takes to decode.
    """

    samples: int
    seconds: float
    first: tuple[int, int]
    last: tuple[int, int]


def long_index(file: BinaryIO) -> dict[bytes, LongTrack] | None:
    """Return the tracks by their kind (``vide``, ``soun``); None if the index is not long, and FFmpeg can read it.

    Raise :class:`BadIndex` if a sample is not in the file's data, or a table is not whole.
    """
    found = _tracks(file)
    if found is None:
        return None
    data, tracks = found
    return {kind: _track(file, tables, scale, data) for kind, (tables, scale) in tracks.items()}


def long_samples(file: BinaryIO, first: int, count: int) -> tuple[str, bytes, list[bytes]] | None:
    """Return the codec of the pictures, its configuration, and ``count`` of them from ``first`` on.

    None if the index is not long. Raise :class:`BadIndex` if they are not there.
    """
    found = _tracks(file)
    if found is None:
        return None
    tables, _ = found[1][b"vide"]
    (description,), (sizes,) = tables[b"stsd"], tables[b"stsz"]
    told = _read(file, description.body, min(_MOST_DESCRIPTION, description.end - description.body))
    kind, codec = (b"avcC", "h264") if b"avcC" in told else (b"hvcC", "hevc")
    at = told.find(kind)
    if at < 4:
        raise BadIndex("no configuration of the pictures")
    configuration = told[at + 4 : at - 4 + int.from_bytes(told[at - 4 : at], "big")]
    places, wide = _places(tables)
    last = min(first + count, (sizes.end - sizes.body - 12) // 4)
    width = 8 if wide else 4
    where = _BoxRange(places.body + 8 + width * first, places.body + 8 + width * last)
    of_sizes = _BoxRange(sizes.body + 12 + 4 * first, sizes.body + 12 + 4 * last)
    pairs = zip(next(_numbers(file, where, wide=wide), ()), next(_numbers(file, of_sizes), ()), strict=True)
    return codec, configuration, [_read(file, at, size) for at, size in pairs]


_Tables = dict[bytes, list[_BoxRange]]


def _tracks(file: BinaryIO) -> tuple[_BoxRange, dict[bytes, tuple[_Tables, int]]] | None:
    """Return where the data is, and of each kind of track the tables and the ticks a second; None if not long."""
    top = _inner(file, _BoxRange(0, file.seek(0, os.SEEK_END)))
    if b"moov" not in top or len(top.get(b"mdat", ())) != 1:
        return None
    moov = top[b"moov"][0]
    if moov.end - moov.body < LONG:
        return None
    tracks = {}
    for trak in _inner(file, moov).get(b"trak", []):
        media = _inner(file, _one(file, trak, b"mdia"))
        if not {b"hdlr", b"mdhd", b"minf"} <= media.keys():
            raise BadIndex("a track without a description")
        tables = _inner(file, _one(file, media[b"minf"][0], b"stbl"))
        kind = _read(file, media[b"hdlr"][0].body + 8, 4)
        tracks[kind] = tables, _scale(file, media[b"mdhd"][0])
    return top[b"mdat"][0], tracks


def _track(file: BinaryIO, tables: _Tables, scale: int, data: _BoxRange) -> LongTrack:
    if _read(file, tables[b"stsc"][0].body, 20) != struct.pack(">IIIII", 0, 1, 1, 1, 1):
        raise BadIndex("its samples lie together in chunks")
    places, wide = _places(tables)
    _, one_size, count = struct.unpack(">III", _read(file, tables[b"stsz"][0].body, 12))
    if one_size or not count or _number(file, places.body + 4) != count:
        raise BadIndex("its tables do not have a size and a place for each sample")
    sizes = _numbers(file, _BoxRange(tables[b"stsz"][0].body + 12, tables[b"stsz"][0].end))
    first = last = None
    seen = 0
    for offsets in _numbers(file, _BoxRange(places.body + 8, places.end), wide=wide):
        some = next(sizes, array("I"))
        if len(some) != len(offsets) or min(offsets) < data.body or max(map(add, offsets, some)) > data.end:
            raise BadIndex("a sample is not where the data is")
        seen += len(some)
        first, last = first or (offsets[0], some[0]), (offsets[-1], some[-1])
    if first is None or last is None or seen != count:
        raise BadIndex("a table is cut off")
    ticks = timed = 0
    for runs in _numbers(file, _BoxRange(tables[b"stts"][0].body + 8, tables[b"stts"][0].end)):
        ticks += sum(map(mul, runs[::2], runs[1::2]))
        timed += sum(runs[::2])
    if timed != count:
        raise BadIndex("not each sample has a time")
    return LongTrack(count, ticks / scale, first, last)


def _places(tables: _Tables) -> tuple[_BoxRange, bool]:
    """Return the table of where the samples are, and whether it has 64 bits for each."""
    wide = b"co64" in tables
    return tables[b"co64" if wide else b"stco"][0], wide


def _scale(file: BinaryIO, head: _BoxRange) -> int:
    is_wide = _read(file, head.body, 1) == b"\1"
    scale = _number(file, head.body + (20 if is_wide else 12))
    if not scale:
        raise BadIndex("no unit of time")
    return scale


def _inner(file: BinaryIO, place: _BoxRange) -> dict[bytes, list[_BoxRange]]:
    """Return the boxes in a place, by their kind."""
    found: dict[bytes, list[_BoxRange]] = {}
    at = place.body
    for _ in range(_MOST_BOXES):
        if at == place.end:
            return found
        head = _read(file, at, min(16, place.end - at))
        size, kind, body = head_of(head + bytes(16 - len(head)), 0, place.end - at)
        if size < body or at + size > place.end:
            raise BadIndex("a box is longer than what it is in")
        found.setdefault(kind, []).append(_BoxRange(at + body, at + size))
        at += size
    raise BadIndex("too many boxes")


def _one(file: BinaryIO, place: _BoxRange, kind: bytes) -> _BoxRange:
    try:
        return _inner(file, place)[kind][0]
    except KeyError:
        raise BadIndex(f"no {kind.decode('latin-1')} box") from None


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise BadIndex("the file is cut off")
    return data


def _number(file: BinaryIO, at: int) -> int:
    return int.from_bytes(_read(file, at, 4), "big")


def _numbers(file: BinaryIO, place: _BoxRange, *, wide: bool = False) -> Iterator[array[int]]:
    """Yield the numbers of a table, so many at a time."""
    width = 8 if wide else 4
    for at in range(place.body, place.end, width * _AT_A_TIME):
        some = array("Q" if wide else "I")
        some.frombytes(_read(file, at, min(width * _AT_A_TIME, place.end - at)))
        if sys.byteorder == "little":
            some.byteswap()
        yield some
