"""Read the samples of a file whose index lies in fragments: a ``moof`` box in front of each part of the media.

Reads what is regular: fragments that follow each other in time, and say where their samples are. All else raises
:class:`BadIndex`.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise

from camreel.formats.mp4.boxes import BadIndex, Box, boxes, children, made, needed
from camreel.formats.mp4.index import (
    LONGEST_SHIFT,
    LONGEST_STEP,
    MOST_SAMPLES,
    Movie,
    Outline,
    Track,
    TrackOutline,
    edit_of,
    numbers_in,
)
from camreel.formats.mp4.presentation import rescaled

# Flags of tfhd and of trun.
_BASE_GIVEN, _ENTRY_GIVEN, _DURATION_GIVEN, _SIZE_GIVEN, _FLAGS_GIVEN, _BASE_IS_MOOF = 1, 2, 8, 0x10, 0x20, 0x20000
_OFFSET_GIVEN, _FIRST_FLAGS_GIVEN = 1, 4
_DURATIONS, _SIZES, _FLAGS, _SHIFTS = 0x100, 0x200, 0x400, 0x800
_NO_KEY = 0x1010000  # it is no sync sample, or depends on others


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds for samples of which nothing else is said."""

    duration: int
    size: int
    flags: int


@dataclass(slots=True)
class _Samples:
    """The samples of a track that were read so far. ``ends`` is where the next one is decoded."""

    outline: TrackOutline
    defaults: _Defaults
    offsets: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    cts: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    ends: int = 0


def read_fragments(
    outline: Outline,
    fragments: Iterable[tuple[int, bytes]],
    total: int,
    pictures: TrackOutline,
    sound: TrackOutline | None,
) -> Movie:
    """The index of a file of ``total`` bytes; ``fragments`` are its ``moof`` and ``sidx`` boxes, with their places."""
    try:
        return _read(outline, fragments, total, pictures, sound)
    except (struct.error, OverflowError, IndexError) as error:
        raise BadIndex("a fragment is cut off") from error


def _read(
    outline: Outline,
    fragments: Iterable[tuple[int, bytes]],
    total: int,
    pictures: TrackOutline,
    sound: TrackOutline | None,
) -> Movie:
    wanted = [pictures] if sound is None else [pictures, sound]
    if any(any(each.is_filled) for each in outline.tracks):
        raise BadIndex("not all of it is in fragments")
    defaults = dict(_defaults_in(outline))
    tracks = {each.number: _Samples(each, _needed(defaults, each.number)) for each in wanted}
    is_indexed = False
    for place, box in fragments:
        if box[4:8] == b"moof":
            _add_fragment(tracks, place, box, total, is_indexed=is_indexed)
        else:
            is_indexed = True
    seen = _track(tracks[pictures.number], outline.scale)
    heard = None if sound is None else _track(tracks[sound.number], outline.scale)
    if not seen.count:
        raise BadIndex("no pictures")
    return Movie(made(b"mvhd", outline.head.content), seen, heard if heard is not None and heard.count else None)


def _needed(defaults: dict[int, _Defaults], number: int) -> _Defaults:
    if number not in defaults:
        raise BadIndex("nothing is said of the samples of a track")
    return defaults[number]


def _defaults_in(outline: Outline) -> Iterator[tuple[int, _Defaults]]:
    box = outline.defaults
    for each in () if box is None else boxes(box.data, box.body, box.end):
        if each.kind == b"trex":
            number, _entry, duration, size, flags = struct.unpack_from(">5I", each.content, 4)
            yield number, _Defaults(duration, size, flags)


def _add_fragment(tracks: dict[int, _Samples], place: int, moof: bytes, total: int, *, is_indexed: bool) -> None:
    whole = next(boxes(moof))
    seen: set[int] = set()
    inner = [each for each in boxes(moof, whole.body, whole.end) if each.kind == b"traf"]
    for position, traf in enumerate(inner):
        head = needed(children(traf), b"tfhd").content
        flags, number = struct.unpack_from(">II", head)
        samples = tracks.get(number)
        if samples is None:
            continue
        fields = iter(struct.unpack_from(f">{(len(head) - 8) // 4}I", head, 8))
        base = place
        if flags & _BASE_GIVEN:
            base = next(fields) << 32 | next(fields)
        elif not flags & _BASE_IS_MOOF and position:
            raise BadIndex("a fragment does not say where its samples are")
        if flags & _ENTRY_GIVEN:
            next(fields)
        default = _Defaults(
            *(
                next(fields) if flags & given else value
                for given, value in (
                    (_DURATION_GIVEN, samples.defaults.duration),
                    (_SIZE_GIVEN, samples.defaults.size),
                    (_FLAGS_GIVEN, samples.defaults.flags),
                )
            )
        )
        parts = list(boxes(moof, traf.body, traf.end))
        starts = _starts(parts, samples, is_indexed=is_indexed)
        if number in seen and starts != samples.ends:
            raise BadIndex("a fragment has two times for a track")
        if samples.sizes and starts <= samples.dts[-1]:
            raise BadIndex("a fragment is of the time of the one before")
        samples.ends = starts
        seen.add(number)
        for run in parts:
            if run.kind == b"trun":
                _add_run(samples, run.content, base, default, total)


def _starts(parts: list[Box], samples: _Samples, *, is_indexed: bool) -> int:
    """When the first sample of a fragment is decoded: where nothing says so, behind the one before."""
    times = [each.content for each in parts if each.kind == b"tfdt"]
    if len(times) > 1:
        raise BadIndex("a fragment has two times")
    if not times:
        if is_indexed:
            raise BadIndex("only an index of fragments says when they are")
        return samples.ends
    starts = int(struct.unpack_from(">Q" if times[0][:1] == b"\1" else ">I", times[0], 4)[0])
    if starts >= 1 << 62:
        raise BadIndex("a fragment has no sensible time")
    return starts


def _add_run(samples: _Samples, run: bytes, base: int, default: _Defaults, total: int) -> None:
    flags, count = struct.unpack_from(">II", run)
    if not flags & _OFFSET_GIVEN or len(samples.sizes) + count > MOST_SAMPLES:
        raise BadIndex("a run of samples is too long, or does not say where it is")
    (offset,) = struct.unpack_from(">i", run, 8)
    at, first_flags = 12, None
    if flags & _FIRST_FLAGS_GIVEN:
        (first_flags,) = struct.unpack_from(">I", run, at)
        at += 4
    if not count:
        return
    given = [each for each in (_DURATIONS, _SIZES, _FLAGS, _SHIFTS) if flags & each]
    table = numbers_in(run, at, count * len(given))
    columns = {each: table[number :: len(given)] for number, each in enumerate(given)}
    sizes = columns.get(_SIZES) or array("I", [default.size]) * count
    steps = columns.get(_DURATIONS) or array("I", [default.duration]) * count
    _add_samples(samples, base + offset, sizes, steps, total)
    _add_shifts(samples, columns.get(_SHIFTS) or array("I", [0]) * count)
    kinds = columns.get(_FLAGS) or array("I", [default.flags]) * count
    if first_flags is not None and _FLAGS not in columns:
        kinds[0] = first_flags
    before = len(samples.sizes) - count
    samples.keys.extend(number for number, kind in enumerate(kinds, before) if not kind & _NO_KEY)


def _add_samples(samples: _Samples, at: int, sizes: array[int], steps: array[int], total: int) -> None:
    if not min(sizes) or max(steps) > LONGEST_STEP:
        raise BadIndex("a sample is empty, or too long")
    if len(steps) > 1 and not min(steps[:-1]):
        raise BadIndex("two samples have one time")
    places = array("q", accumulate(sizes, initial=at))
    if at < 0 or places[-1] > total:
        raise BadIndex("a sample lies behind the end of the file")
    times = array("q", accumulate(steps, initial=samples.ends))
    samples.ends = times.pop()
    places.pop()
    samples.offsets.extend(places)
    samples.sizes.extend(sizes)
    samples.dts.extend(times)


def _add_shifts(samples: _Samples, shifts: array[int]) -> None:
    if max(shifts) > LONGEST_SHIFT * samples.outline.scale:  # or negative
        raise BadIndex("its times of showing do not fit its samples")
    samples.cts.extend(iter(shifts))


def _track(samples: _Samples, movie_scale: int) -> Track:
    outline, count = samples.outline, len(samples.sizes)
    if any(a >= b for a, b in pairwise(samples.dts)):
        raise BadIndex("a fragment is of the time of the one before")
    edit, edits = edit_of(outline.inner.get(b"edts"))
    wait = 0 if edit is None else rescaled(edit.wait, outline.scale, movie_scale)
    moved = 0 if edit is None else wait - edit.start
    dts = array("q", map(moved.__add__, [*samples.dts, samples.ends]))
    is_video = outline.kind == b"vide"
    cts = samples.cts if any(samples.cts) else None
    return Track(
        kind=outline.kind,
        scale=outline.scale,
        offsets=samples.offsets,
        sizes=samples.sizes,
        dts=dts,
        cts=cts,
        keys=samples.keys if is_video and len(samples.keys) < count else None,
        begins=Fraction(moved, outline.scale),
        lasts=None,
        track_head=outline.head.whole,
        media_head=made(b"mdhd", outline.media_head.content),
        handler=outline.handler.whole,
        media_boxes=b"",
        description=outline.description.whole,
        edits=edits,
    )
