"""Choose the samples that a part of a file needs, and the byte ranges that hold them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from camreel.formats.mp4.boxes import BadIndex
from camreel.formats.mp4.index import Movie, Track

# Two requests cost about as much as so many bytes between what is wanted.
_GAP = 256 << 10
_MOST_SPANS = 32
_EXACT_WITHIN = 8  # keyframes that are looked at for one whose distance is whole microseconds
_SOUND_BEFORE = Fraction(1)  # seconds: the sound of the first picture begins before it
_SOUND_EXACT_WITHIN = 128
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """Samples from the first number up to the second, of the pictures and of the sound; and the bytes to fetch.

    ``offset`` is how many microseconds after the file's first picture the first chosen one is shown. ``spans`` are from
    the first byte up to the second, in order.
    """

    pictures: tuple[int, int]
    sound: tuple[int, int] | None
    offset: int
    spans: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(end - first for first, end in self.spans)


def choose(movie: Movie, start: int, end: int | None) -> SampleChoice:
    """What it takes to show all from ``start`` to ``end``: microseconds after the first picture; None: to the end.

    From the last keyframe at or before ``start``, to the last picture that is decoded before ``end``, with the sound of
    that time. Raises :class:`BadIndex` where it cannot be had exactly.
    """
    track = movie.pictures
    origin = track.shown(0)
    first = _first(track, origin + start * track.scale // _MICRO) if start > 0 else 0
    last = track.count
    if end is not None:
        last = bisect_right(track.dts, origin + -(-end * track.scale // _MICRO), first + 1, track.count)
    offset = -(-(track.shown(first) - origin) * _MICRO // track.scale)
    sound = _sound(movie.sound, track, first, last) if movie.sound is not None else None
    chosen = [_bytes_of(track, first, last)]
    if movie.sound is not None and sound is not None:
        chosen.append(_bytes_of(movie.sound, *sound))
    return SampleChoice((first, last), sound, offset, _spans(each for samples in chosen for each in samples))


def choose_one(movie: Movie, sample: int) -> SampleChoice:
    """A single picture, without sound."""
    track = movie.pictures
    offset = -(-(track.shown(sample) - track.shown(0)) * _MICRO // track.scale)
    return SampleChoice((sample, sample + 1), None, offset, _spans(_bytes_of(track, sample, sample + 1)))


def _first(track: Track, until: int) -> int:
    """The last keyframe shown at or before ``until``; one whole microseconds from the first picture, if one is near.

    The merge places a clip by microseconds: from a place that is rounded, it could cut beside the picture where it
    would cut the whole file.
    """
    keys = track.keys if track.keys is not None else range(track.count)
    at = bisect_right(keys, bisect_right(track.dts, until, 0, track.count) - 1)
    found = [keys[n] for n in range(max(0, at - 4 * _EXACT_WITHIN), at) if track.shown(keys[n]) <= until]
    if not found:
        return 0
    origin = track.shown(0)
    for key in reversed(found[-_EXACT_WITHIN:]):
        if (track.shown(key) - origin) * _MICRO % track.scale == 0:
            return key
    # Rounded up, by less than a tick, the merge still cuts where it would: cuts are at whole seconds.
    if track.scale > _MICRO:
        raise BadIndex("its unit of time is too fine")
    return found[-1]


def _sound(track: Track, pictures: Track, first: int, last: int) -> tuple[int, int] | None:
    """The sound of the pictures, from a second before; all of its beginning or end where they are all."""
    begin, stop = 0, track.count
    if first > 0:
        at = Fraction(pictures.dts[first], pictures.scale) + pictures.begins - _SOUND_BEFORE
        begin = max(0, bisect_right(track.dts, (at - track.begins) * track.scale, 0, track.count) - 1)
        begin = next((each for each in _back(begin) if _is_exact(track, each, pictures.scale)), begin)
    if last < pictures.count:
        at = Fraction(pictures.dts[last], pictures.scale) + pictures.begins
        stop = bisect_left(track.dts, (at - track.begins) * track.scale, begin, track.count)
    if begin >= stop:
        raise BadIndex("the sound has nothing of this time")
    return begin, stop


def _back(begin: int) -> range:
    return range(begin, max(-1, begin - _SOUND_EXACT_WITHIN), -1)


def _is_exact(track: Track, sample: int, scale: int) -> bool:
    """Whether a sample of sound begins at a whole tick of the pictures: only so far apart can they be put."""
    place = (Fraction(track.dts[sample], track.scale) + track.begins) * scale
    return place.denominator == 1


def _bytes_of(track: Track, first: int, last: int) -> list[tuple[int, int]]:
    pairs = zip(track.offsets[first:last], track.sizes[first:last], strict=True)
    return [(offset, offset + size) for offset, size in pairs if size]


def _spans(pieces: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(pieces)
    gap = 0
    while True:
        merged = _merged(ordered, max(gap, _GAP))
        if len(merged) <= _MOST_SPANS:
            return tuple(merged)
        gap = 4 * max(gap, _GAP)


def _merged(ordered: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, end in ordered:
        if merged and first <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((first, end))
    return merged
