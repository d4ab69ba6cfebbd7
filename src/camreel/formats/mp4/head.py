"""Write the head of an mp4 that holds some samples of another file: their bytes follow it as they were fetched."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby, pairwise
from math import lcm

from camreel.formats.mp4.boxes import BadIndex, made
from camreel.formats.mp4.index import Movie, Track
from camreel.formats.mp4.select import SampleChoice

_FTYP = made(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
_OWN = bytes.fromhex("6f0fd6a6c5a94a06b5b1ac3c1d2e77f1")  # the name of a box of ours, made up once
_LARGEST_SCALE = (1 << 31) - 1
_LONGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Header:
    """What a file of a part begins with. ``samples``: where each of its pictures lies in it, and how long it is."""

    data: bytes
    samples: tuple[tuple[int, int], ...]


def header_for(movie: Movie, choice: SampleChoice, total: int) -> Header:
    """The head of a file with the samples of ``choice``; ``total`` is how long the whole file is.

    Pictures and sound keep their distances. Raises :class:`BadIndex` where they cannot be kept.
    """
    tracks, scale = _tracks(movie, choice)
    # The sound begins before the pictures, and so does the file.
    begins = max(0, choice.offset - int(tracks[0].wait * 1_000_000))
    note = made(b"uuid", _OWN, struct.pack(">qq", begins, total))
    length = len(note) + len(_FTYP) + len(_moov(movie, choice, tracks, scale, 0)[0]) + 16
    moov, places = _moov(movie, choice, tracks, scale, length)
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + choice.size)
    first, last = choice.pictures
    samples = tuple(zip(places, movie.pictures.sizes[first:last], strict=True))
    return Header(_FTYP + note + moov + mdat, samples)


def own_note(head: bytes) -> tuple[int, int] | None:
    """Of a file by its first bytes: where it begins in the whole file (microseconds), and how long that is.

    None where it is no part that was made here.
    """
    at = len(_FTYP)
    if head[:at] != _FTYP or head[at + 4 : at + 24] != b"uuid" + _OWN or len(head) < at + 40:
        return None
    offset, total = struct.unpack_from(">qq", head, at + 24)
    return (offset, total) if 0 <= offset < _LONGEST and total > 0 else None


@dataclass(frozen=True, slots=True)
class _PlacedSample:
    """A track and its samples; ``wait`` (seconds) is how long after the film's beginning its first one is decoded."""

    track: Track
    first: int
    last: int
    wait: Fraction


def _tracks(movie: Movie, choice: SampleChoice) -> tuple[list[_PlacedSample], int | None]:
    """The tracks of the part, and the unit of time of their edits; None: these are as they were."""
    tracks = [_PlacedSample(movie.pictures, *choice.pictures, Fraction(0))]
    if movie.sound is not None and choice.sound is not None:
        tracks.append(_PlacedSample(movie.sound, *choice.sound, Fraction(0)))
    if choice.pictures[0] == 0 and (choice.sound is None or choice.sound[0] == 0):
        return tracks, None
    return _waiting(tracks)


def _moov(
    movie: Movie, choice: SampleChoice, tracks: Sequence[_PlacedSample], scale: int | None, data_at: int
) -> tuple[bytes, list[int]]:
    head = movie.head if scale is None else _with_scale(movie.head, scale)
    places = [_places(each, choice.spans, data_at) for each in tracks]
    traks = [_trak(each, where, scale) for each, where in zip(tracks, places, strict=True)]
    return made(b"moov", head, *traks), places[0]


def _waiting(tracks: Sequence[_PlacedSample]) -> tuple[list[_PlacedSample], int]:
    """The tracks as far apart as they were, and the unit of time in which that is exact."""
    begins = [Fraction(each.track.dts[each.first], each.track.scale) + each.track.begins for each in tracks]
    scale = lcm(*(each.track.scale for each in tracks))
    if scale > _LARGEST_SCALE:
        raise BadIndex("its units of time have nothing in common")
    return [
        _PlacedSample(each.track, each.first, each.last, begin - min(begins))
        for each, begin in zip(tracks, begins, strict=True)
    ], scale


def _with_scale(head: bytes, scale: int) -> bytes:
    at = 8 + (20 if head[8:9] == b"\1" else 12)
    return head[:at] + struct.pack(">I", scale) + head[at + 4 :]


def _places(placed: _PlacedSample, spans: Sequence[tuple[int, int]], data_at: int) -> list[int]:
    """Where each sample lies in the new file."""
    starts = [first for first, _ in spans]
    before = [0, *accumulate(end - first for first, end in spans)]
    places = []
    for offset, size in zip(
        placed.track.offsets[placed.first : placed.last], placed.track.sizes[placed.first : placed.last], strict=True
    ):
        number = bisect_right(starts, offset) - 1 if size else 0
        places.append(data_at + before[number] + (offset - starts[number] if size else 0))
    return places


def _trak(placed: _PlacedSample, places: list[int], scale: int | None) -> bytes:
    track = placed.track
    edits = track.edits if scale is None else _edts(placed, scale)
    media = made(
        b"mdia",
        _with_length(track.media_head, track.dts[placed.last] - track.dts[placed.first]),
        track.handler,
        made(b"minf", track.media_boxes, _stbl(placed, places)),
    )
    return made(b"trak", track.track_head, edits, media)


def _with_length(head: bytes, length: int) -> bytes:
    """``mdhd`` of another length, in ticks."""
    if head[8:9] == b"\1":
        return head[:32] + struct.pack(">Q", length) + head[40:]
    return head[:24] + struct.pack(">I", min(length, (1 << 32) - 1)) + head[28:]


def _edts(placed: _PlacedSample, scale: int) -> bytes:
    track = placed.track
    if not placed.wait and track.lasts is None:
        return b""
    if track.cts is not None and any(
        track.shown(each) < track.dts[placed.first] for each in range(placed.first, min(placed.first + 64, placed.last))
    ):
        raise BadIndex("a picture would lie before the beginning")
    begin = Fraction(track.dts[placed.first], track.scale)
    end = Fraction(track.dts[-1] + max(track.cts or [0]), track.scale) if track.lasts is None else track.lasts
    entries = [(placed.wait, -1)] if placed.wait else []
    entries.append((max(Fraction(0), end - begin), 0))
    coded = [struct.pack(">QqI", -(-(length * scale) // 1), start, 1 << 16) for length, start in entries]
    return made(b"edts", made(b"elst", struct.pack(">II", 1 << 24, len(coded)), *coded))


def _stbl(placed: _PlacedSample, places: list[int]) -> bytes:
    track, first, last = placed.track, placed.first, placed.last
    steps = [after - before for before, after in pairwise(track.dts[first : last + 1])]
    tables = [track.description, made(b"stts", _runs(steps))]
    if track.cts is not None:
        if min(track.cts) < 0 and min(track.cts) != min(track.cts[first:last]):
            raise BadIndex("its times of decoding would move")  # FFmpeg moves all of them by the earliest
        tables.append(made(b"ctts", _runs(each & 0xFFFFFFFF for each in track.cts[first:last])))
    if track.keys is not None:
        keys = [key - first + 1 for key in track.keys if first <= key < last]
        tables.append(made(b"stss", struct.pack(f">II{len(keys)}I", 0, len(keys), *keys)))
    count = last - first
    return made(
        b"stbl",
        *tables,
        made(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
        made(b"stsz", struct.pack(f">III{count}I", 0, 0, count, *track.sizes[first:last])),
        made(b"co64", struct.pack(f">II{count}Q", 0, count, *places)),
    )


def _runs(values: Iterable[int]) -> bytes:
    """A table of the values with how often each comes in a row."""
    runs = [(sum(1 for _ in same), value) for value, same in groupby(values)]
    flat = [number for run in runs for number in run]
    return struct.pack(f">II{len(flat)}I", 0, len(runs), *flat)
