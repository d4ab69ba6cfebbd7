"""Read a ``moov`` into tables of samples: place, size, decode time and display time of each.

Reads what cameras write: one description a track, at most one edit and a wait before it, no fragments. All else raises
:class:`BadIndex`. A :class:`Run` is consecutive samples of a track as columns: many cost little more than one.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from operator import add, sub

from camreel.formats.mp4.boxes import BadIndex, Box, boxes, child, children, made, needed

# An hour at 60 pictures a second with 64 kHz sound has 440,000; a table of more is a bomb, or G.711 byte by byte.
MOST_SAMPLES = 4_000_000
_MOST_TRACKS = 16
_MOST_DESCRIPTION = 1 << 20
_LONGEST_STEP = (1 << 31) - 1
_LONGEST_SHIFT = 10  # seconds between the decoding and the showing of a picture that B-frames can explain


@dataclass(frozen=True, slots=True)
class Track:
    """One track. ``offsets`` and ``sizes`` in bytes, a number for each sample; times in ticks of 1/``scale`` s.

    ``dts`` has one more: the end of the last sample. ``cts`` is what is added for showing. ``keys`` are the samples
    that can be decoded by themselves, in order; None: all. ``begins`` is where (seconds) the tick 0 is on the film's
    time line; ``lasts`` how long from there on the film shows it, None where nothing is said.

    ``head`` are the boxes ``tkhd``, ``mdhd``, ``hdlr`` and the media's own, as they are; ``description`` the ``stsd``.
    ``edits`` is the box of edits, as it is.
    """

    kind: bytes
    scale: int
    offsets: array[int]
    sizes: array[int]
    dts: array[int]
    cts: array[int] | None
    keys: array[int] | None
    begins: Fraction
    lasts: Fraction | None
    track_head: bytes
    media_head: bytes
    handler: bytes
    media_boxes: bytes
    description: bytes
    edits: bytes

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.sizes)

    def shown(self, sample: int) -> int:
        """When a sample is shown, in ticks."""
        return self.dts[sample] + (self.cts[sample] if self.cts is not None else 0)


@dataclass(frozen=True, slots=True)
class Movie:
    """The index of a file: its first track of pictures, and its first of sound where that has any."""

    head: bytes
    pictures: Track
    sound: Track | None


def read_index(moov: bytes, total: int) -> Movie:
    """The index of a file of ``total`` bytes; ``moov`` is the whole box. Raises :class:`BadIndex`."""
    try:
        return _movie(moov, total)
    except (struct.error, OverflowError, IndexError) as error:
        raise BadIndex("a table is cut off") from error


def _movie(moov: bytes, total: int) -> Movie:
    whole = next(boxes(moov), None)
    if whole is None or whole.kind != b"moov":
        raise BadIndex("no moov box")
    inner = list(boxes(moov, whole.body, whole.end))
    kinds = {box.kind for box in inner}
    if b"mvex" in kinds or b"mvhd" not in kinds:
        raise BadIndex("it is fragmented, or has no header")
    head = next(box for box in inner if box.kind == b"mvhd")
    scale = _scale(head, 12, 20)
    tracks = [box for box in inner if box.kind == b"trak"]
    if len(tracks) > _MOST_TRACKS:
        raise BadIndex("too many tracks")
    by_kind: dict[bytes, _Trak] = {}
    for box in tracks:
        trak = _Trak(box)
        if trak.kind in by_kind or trak.kind not in {b"vide", b"soun"}:
            raise BadIndex("it has more than a track of pictures and one of sound")
        by_kind[trak.kind] = trak
    if b"vide" not in by_kind:
        raise BadIndex("no track of pictures")
    seen = _track(by_kind[b"vide"], scale, total)
    if not seen.count:
        raise BadIndex("no pictures")
    heard = _track(by_kind[b"soun"], scale, total) if b"soun" in by_kind else None
    return Movie(made(b"mvhd", head.content), seen, heard if heard is not None and heard.count else None)


def _scale(head: Box, short: int, long: int) -> int:
    """Ticks a second, from ``mvhd`` or ``mdhd``."""
    content = head.content
    (scale,) = struct.unpack_from(">I", content, long if content[:1] == b"\1" else short)
    if not 1 <= scale <= _LONGEST_STEP:
        raise BadIndex("no unit of time")
    return int(scale)


class _Trak:
    """A track's box, walked once."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.children = children(box)
        self.media = children(needed(self.children, b"mdia"))
        self.handler = needed(self.media, b"hdlr")
        self.kind = self.handler.content[8:12]


def _track(trak: _Trak, movie_scale: int, total: int) -> Track:
    info = needed(trak.media, b"minf")
    tables = child(info, b"stbl")
    inner = children(tables)
    if {b"stz2", b"stps"} & inner.keys() or any(
        each.content[4:8] in {b"rap ", b"sync"} for each in _all(tables, b"sbgp")
    ):
        raise BadIndex("its samples are described in a way that is not known here")
    description = needed(inner, b"stsd")
    if struct.unpack_from(">I", description.content, 4)[0] != 1 or len(description.whole) > _MOST_DESCRIPTION:
        raise BadIndex("its samples have several descriptions")
    media_head = needed(trak.media, b"mdhd")
    scale = _scale(media_head, 12, 20)
    sizes = _sizes(needed(inner, b"stsz"))
    dts = _times(needed(inner, b"stts"), len(sizes))
    offsets = _offsets(inner, sizes, total)
    cts = _shifts(inner[b"ctts"], len(sizes), scale) if b"ctts" in inner else None
    keys = _keys(inner[b"stss"], len(sizes)) if b"stss" in inner else None
    begins, lasts, edits = _edits(trak.children.get(b"edts"), scale, movie_scale)
    others = b"".join(each.whole for each in boxes(info.data, info.body, info.end) if each.kind != b"stbl")
    return Track(
        kind=trak.kind,
        scale=scale,
        offsets=offsets,
        sizes=sizes,
        dts=dts,
        cts=cts,
        keys=keys,
        begins=begins,
        lasts=lasts,
        track_head=needed(trak.children, b"tkhd").whole,
        media_head=made(b"mdhd", media_head.content),
        handler=trak.handler.whole,
        media_boxes=others,
        description=description.whole,
        edits=edits,
    )


def _all(box: Box, kind: bytes) -> list[Box]:
    return [each for each in boxes(box.data, box.body, box.end) if each.kind == kind]


def _numbers(data: bytes, at: int, count: int, code: str = "I") -> array[int]:
    """``count`` big-endian numbers. Raises :class:`BadIndex` where there are fewer."""
    numbers: array[int] = array(code)
    size = numbers.itemsize
    if at + count * size > len(data):
        raise BadIndex("a table is cut off")
    numbers.frombytes(data[at : at + count * size])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _counted(box: Box, most: int = MOST_SAMPLES) -> tuple[bytes, int]:
    content = box.content
    (count,) = struct.unpack_from(">I", content, 4)
    if count > most:
        raise BadIndex("a table is too long")
    return content, int(count)


def _sizes(box: Box) -> array[int]:
    content = box.content
    same, count = struct.unpack_from(">II", content, 4)
    if count > MOST_SAMPLES:
        raise BadIndex("too many samples")
    if same:  # samples of sound, byte by byte, which FFmpeg reads in chunks of its own choice
        raise BadIndex("its samples are all of one size")
    return _numbers(content, 12, count)


def _times(box: Box, samples: int) -> array[int]:
    content, count = _counted(box)
    table = _numbers(content, 8, 2 * count)
    dts: array[int] = array("q", [0])
    at = 0
    for run, step in zip(table[::2], table[1::2], strict=True):
        if step > _LONGEST_STEP or len(dts) + run > samples + 1:
            raise BadIndex("its times do not fit its samples")
        dts.extend(range(at + step, at + run * step + 1, step) if step else [at] * run)
        at += run * step
    if len(dts) != samples + 1:
        raise BadIndex("its times do not fit its samples")
    return dts


def _shifts(box: Box, samples: int, scale: int) -> array[int]:
    content, count = _counted(box)
    table = _numbers(content, 8, 2 * count)
    cts: array[int] = array("q")
    for run, unsigned in zip(table[::2], table[1::2], strict=True):
        shift = unsigned - (1 << 32) if unsigned > _LONGEST_STEP else unsigned  # FFmpeg reads all versions so
        if abs(shift) > _LONGEST_SHIFT * scale or len(cts) + run > samples:
            raise BadIndex("its times of showing do not fit its samples")
        cts.extend([shift] * run)
    if len(cts) != samples:
        raise BadIndex("its times of showing do not fit its samples")
    return cts


def _keys(box: Box, samples: int) -> array[int]:
    content, count = _counted(box)
    keys: array[int] = array("q", (number - 1 for number in _numbers(content, 8, count)))
    if any(not 0 <= key < samples for key in keys) or any(a >= b for a, b in pairwise(keys)):
        raise BadIndex("its keyframes are none of its samples")
    return keys


def _offsets(inner: dict[bytes, Box], sizes: array[int], total: int) -> array[int]:
    wide = inner.get(b"co64")
    box = wide or inner.get(b"stco")
    if box is None or b"stsc" not in inner:
        raise BadIndex("it does not say where its samples are")
    content, chunks = _counted(box)
    places = _numbers(content, 8, chunks, "Q" if wide else "I")
    content, entries = _counted(inner[b"stsc"])
    runs = _numbers(content, 8, 3 * entries)
    offsets: array[int] = array("q")
    starts = [*runs[::3], chunks + 1]
    if starts[0] != 1 or any(a >= b for a, b in pairwise(starts)) or set(runs[2::3]) - {1}:
        raise BadIndex("its chunks do not fit together")
    sample = 0
    for first, after, most in zip(starts, starts[1:], runs[1::3], strict=False):
        for place in places[first - 1 : after - 1]:
            at = place
            if sample + most > len(sizes):
                raise BadIndex("its chunks hold more samples than there are")
            for size in sizes[sample : sample + most]:
                offsets.append(at)
                at += size
            if at > total:
                raise BadIndex("a sample lies behind the end of the file")
            sample += most
    if sample != len(sizes):
        raise BadIndex("its chunks hold fewer samples than there are")
    return offsets


def _edits(edts: Box | None, scale: int, movie_scale: int) -> tuple[Fraction, Fraction | None, bytes]:
    """Where the tick 0 is on the film's time line, how long it is shown from there, and the box."""
    if edts is None:
        return Fraction(0), None, b""
    content, count = _counted(child(edts, b"elst"), 2)
    layout = ">Qqi" if content[:1] == b"\1" else ">Iii"
    entries = [struct.unpack_from(layout, content, 8 + n * struct.calcsize(layout)) for n in range(count)]
    wait = Fraction(0)
    if len(entries) == 2 and entries[0][1] == -1:
        wait = Fraction(entries.pop(0)[0], movie_scale)
    if len(entries) != 1 or entries[0][1] < 0 or entries[0][2] != 1 << 16:
        raise BadIndex("it is edited in a way that is not known here")
    length, start, _rate = entries[0]
    shift = Fraction(start, scale)
    return wait - shift, Fraction(length, movie_scale) + shift, edts.whole


class Run:
    """Samples of one track that follow each other, as columns of its index."""

    def __init__(self, track: Track, numbers: range) -> None:
        self._track = track
        self.numbers = numbers
        self._where = slice(numbers.start, numbers.stop)
        self.sizes = track.sizes[self._where]
        self.offsets = track.offsets[self._where]
        self.dts = track.dts[self._where]

    @cached_property
    def weight(self) -> int:
        """Bytes."""
        return sum(self.sizes)

    @cached_property
    def shifts(self) -> array[int] | None:
        """What is added to ``dts`` for showing."""
        return None if self._track.cts is None else self._track.cts[self._where]

    @cached_property
    def shown(self) -> array[int]:
        """When each is shown."""
        return self.dts if self.shifts is None else array("q", map(add, self.dts, self.shifts))

    @cached_property
    def steps(self) -> list[int]:
        """From each to the next."""
        return list(map(sub, self.dts[1:], self.dts))

    @property
    def longest_jump(self) -> int:
        """No picture is shown longer than this after all that came before it."""
        spread = 0 if self.shifts is None else max(self.shifts) - min(self.shifts)
        return max(self.steps, default=0) + spread

    def first(self, count: int) -> Run:
        """The first ``count`` of them."""
        return self if count == len(self.numbers) else Run(self._track, self.numbers[:count])
