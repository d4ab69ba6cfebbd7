"""Read a ``moov`` into tables of samples: place, size, decode time and display time of each.

Reads what cameras write: at most one edit and a wait before it, no fragments. All else raises :class:`BadIndex`.
A :class:`Run` is consecutive samples of a track as columns: many cost little more than one.
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
_MOST_DESCRIPTIONS = 64
LONGEST_STEP = (1 << 31) - 1
LONGEST_SHIFT = 10  # seconds between the decoding and the showing of a picture that B-frames can explain


@dataclass(frozen=True, slots=True)
class Track:
    """One track. ``offsets`` and ``sizes`` in bytes, a number for each sample; times in ticks of 1/``scale`` s.

    ``dts`` has one more: the end of the last sample. ``cts`` is what is added for showing. ``keys`` are the samples
    that can be decoded by themselves, in order; None: all. ``begins`` is where (seconds) the tick 0 is on the film's
    time line; ``lasts`` how long from there on the film shows it, None where nothing is said.

    ``head`` are the boxes ``tkhd``, ``mdhd``, ``hdlr`` and the media's own, as they are; ``description`` the ``stsd``.
    ``edits`` is the box of edits, as it is. ``ahead`` is how many ticks the earliest display times are negative.
    ``hidden`` are the samples that are listed and not to be shown.
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
    ahead: int = 0
    hidden: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.sizes)

    def shown(self, sample: int) -> int:
        """When a sample is shown, in ticks."""
        return self.dts[sample] + (self.cts[sample] if self.cts is not None else 0)


@dataclass(frozen=True, slots=True)
class Movie:
    """The index of a file: a track of pictures, and one of sound where that has any."""

    head: bytes
    pictures: Track
    sound: Track | None


class TrackOutline:
    """A track's box, walked once: all that it says but where its samples are and when."""

    def __init__(self, box: Box) -> None:
        self.inner = children(box)
        self.media = children(needed(self.inner, b"mdia"))
        self.handler = needed(self.media, b"hdlr")
        self.kind = self.handler.content[8:12]
        self.head = needed(self.inner, b"tkhd")
        self.media_head = needed(self.media, b"mdhd")
        self.scale = _scale(self.media_head, 12, 20)
        self.info = needed(self.media, b"minf")
        self.table_box = child(self.info, b"stbl")
        self.tables = children(self.table_box)
        self.description = needed(self.tables, b"stsd")
        content = self.head.content
        (self.number,) = struct.unpack_from(">I", content, 20 if content[:1] == b"\1" else 12)
        (self.descriptions,) = struct.unpack_from(">I", self.description.content, 4)
        if len(self.description.whole) > _MOST_DESCRIPTION:
            raise BadIndex("its descriptions are too long")

    @property
    def is_filled(self) -> tuple[bool, bool]:
        """Whether it has samples, by their sizes and by their times. Those in fragments do not count."""
        sizes, times = (self.tables.get(kind) for kind in (b"stsz", b"stts"))
        return (
            sizes is not None and any(sizes.content[8:12]),
            times is not None and any(times.content[4:8]),
        )


@dataclass(frozen=True, slots=True)
class Outline:
    """What a ``moov`` holds. ``head`` is its ``mvhd``; ``moov`` the whole box."""

    moov: bytes
    head: Box
    scale: int
    tracks: tuple[TrackOutline, ...]
    defaults: Box | None

    def track(self, number: int | None) -> TrackOutline | None:
        """The track of that number."""
        return next((each for each in self.tracks if each.number == number), None)


def read_outline(moov: bytes) -> Outline:
    """What a file holds; ``moov`` is the whole box. Raises :class:`BadIndex`."""
    try:
        return _outline(moov)
    except (struct.error, IndexError) as error:
        raise BadIndex("a box is cut off") from error


def read_index(moov: bytes, total: int) -> Movie:
    """The index of a file of ``total`` bytes; ``moov`` is the whole box. Raises :class:`BadIndex`.

    The file has one track of pictures, at most one of sound, and none besides; each has one description.
    """
    outline = read_outline(moov)
    if outline.defaults is not None:
        raise BadIndex("it is fragmented")
    by_kind = {track.kind: track for track in outline.tracks}
    if len(by_kind) < len(outline.tracks) or not by_kind.keys() <= {b"vide", b"soun"}:
        raise BadIndex("it has more than a track of pictures and one of sound")
    if b"vide" not in by_kind:
        raise BadIndex("no track of pictures")
    if any(each.descriptions != 1 for each in outline.tracks):
        raise BadIndex("its samples have several descriptions")
    return read_tracks(outline, total, by_kind[b"vide"], by_kind.get(b"soun"))


def read_tracks(outline: Outline, total: int, pictures: TrackOutline, sound: TrackOutline | None) -> Movie:
    """The same of two tracks, whatever else there is. Raises :class:`BadIndex`."""
    try:
        seen = _track(pictures, outline.scale, total)
        if not seen.count:
            raise BadIndex("no pictures")
        heard = None if sound is None else _track(sound, outline.scale, total)
    except (struct.error, OverflowError, IndexError) as error:
        raise BadIndex("a table is cut off") from error
    return Movie(made(b"mvhd", outline.head.content), seen, heard if heard is not None and heard.count else None)


def _outline(moov: bytes) -> Outline:
    whole = next(boxes(moov), None)
    if whole is None or whole.kind != b"moov":
        raise BadIndex("no moov box")
    inner = list(boxes(moov, whole.body, whole.end))
    head = next((box for box in inner if box.kind == b"mvhd"), None)
    if head is None:
        raise BadIndex("it has no header")
    found = [box for box in inner if box.kind == b"trak"]
    if len(found) > _MOST_TRACKS:
        raise BadIndex("too many tracks")
    defaults = next((box for box in inner if box.kind == b"mvex"), None)
    tracks = tuple(map(TrackOutline, found))
    return Outline(moov, head, _scale(head, 12, 20), tracks, defaults)


def _scale(head: Box, short: int, long: int) -> int:
    """Ticks a second, from ``mvhd`` or ``mdhd``."""
    content = head.content
    (scale,) = struct.unpack_from(">I", content, long if content[:1] == b"\1" else short)
    if not 1 <= scale <= LONGEST_STEP:
        raise BadIndex("no unit of time")
    return int(scale)


def _track(outline: TrackOutline, movie_scale: int, total: int) -> Track:
    inner, scale, info = outline.tables, outline.scale, outline.info
    if {b"stz2", b"stps"} & inner.keys() or any(
        each.content[4:8] in {b"rap ", b"sync"} for each in _all(outline.table_box, b"sbgp")
    ):
        raise BadIndex("its samples are described in a way that is not known here")
    sizes = _sizes(needed(inner, b"stsz"))
    dts = _times(needed(inner, b"stts"), len(sizes))
    offsets = _offsets(inner, sizes, total, outline.descriptions)
    cts, ahead = _shifts(inner[b"ctts"], len(sizes), scale) if b"ctts" in inner else (None, 0)
    keys = _keys(inner[b"stss"], len(sizes)) if b"stss" in inner else None
    edit, edits = edit_of(outline.inner.get(b"edts"))
    others = b"".join(each.whole for each in boxes(info.data, info.body, info.end) if each.kind != b"stbl")
    return Track(
        kind=outline.kind,
        scale=scale,
        offsets=offsets,
        sizes=sizes,
        dts=dts,
        cts=cts,
        keys=keys,
        begins=Fraction(0) if edit is None else Fraction(edit.wait, movie_scale) - Fraction(edit.start, scale),
        lasts=None if edit is None else Fraction(edit.length, movie_scale) + Fraction(edit.start, scale),
        track_head=outline.head.whole,
        media_head=made(b"mdhd", outline.media_head.content),
        handler=outline.handler.whole,
        media_boxes=others,
        description=outline.description.whole,
        edits=edits,
        ahead=ahead,
    )


def _all(box: Box, kind: bytes) -> list[Box]:
    return [each for each in boxes(box.data, box.body, box.end) if each.kind == kind]


def numbers_in(data: bytes, at: int, count: int, code: str = "I") -> array[int]:
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
    return numbers_in(content, 12, count)


def _times(box: Box, samples: int) -> array[int]:
    content, count = _counted(box)
    table = numbers_in(content, 8, 2 * count)
    dts: array[int] = array("q", [0])
    at = 0
    for run, step in zip(table[::2], table[1::2], strict=True):
        if step > LONGEST_STEP or len(dts) + run > samples + 1:
            raise BadIndex("its times do not fit its samples")
        dts.extend(range(at + step, at + run * step + 1, step) if step else [at] * run)
        at += run * step
    if len(dts) != samples + 1:
        raise BadIndex("its times do not fit its samples")
    return dts


def _shifts(box: Box, samples: int, scale: int) -> tuple[array[int], int]:
    """What is added for showing, and how far that goes below 0."""
    content, count = _counted(box)
    table = numbers_in(content, 8, 2 * count)
    cts: array[int] = array("q")
    ahead = 0
    for number, (run, unsigned) in enumerate(zip(table[::2], table[1::2], strict=True)):
        shift = unsigned - (1 << 32) if unsigned > LONGEST_STEP else unsigned  # FFmpeg reads all versions so
        if abs(shift) > LONGEST_SHIFT * scale or len(cts) + run > samples:
            raise BadIndex("its times of showing do not fit its samples")
        if number + 2 < count:  # nor does it look at the last two
            ahead = max(ahead, -shift)
        cts.extend([shift] * run)
    if len(cts) != samples:
        raise BadIndex("its times of showing do not fit its samples")
    return cts, ahead


def _keys(box: Box, samples: int) -> array[int]:
    content, count = _counted(box)
    keys: array[int] = array("q", (number - 1 for number in numbers_in(content, 8, count)))
    if any(not 0 <= key < samples for key in keys) or any(a >= b for a, b in pairwise(keys)):
        raise BadIndex("its keyframes are none of its samples")
    return keys


def _offsets(inner: dict[bytes, Box], sizes: array[int], total: int, descriptions: int) -> array[int]:
    wide = inner.get(b"co64")
    box = wide or inner.get(b"stco")
    if box is None or b"stsc" not in inner:
        raise BadIndex("it does not say where its samples are")
    content, chunks = _counted(box)
    places = numbers_in(content, 8, chunks, "Q" if wide else "I")
    content, entries = _counted(inner[b"stsc"])
    runs = numbers_in(content, 8, 3 * entries)
    offsets: array[int] = array("q")
    starts = [*runs[::3], chunks + 1]
    if (
        starts[0] != 1
        or any(a >= b for a, b in pairwise(starts))
        or set(runs[2::3]) - {*range(1, min(descriptions, _MOST_DESCRIPTIONS) + 1)}
    ):
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


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit list that shows one stretch: from ``start`` (ticks of the media) on, after ``wait``.

    ``wait`` and ``length`` are ticks of the movie.
    """

    wait: int
    start: int
    length: int


def edit_of(edts: Box | None) -> tuple[Edit | None, bytes]:
    """Return the edit of a track and its box. Raises :class:`BadIndex` where it shows several stretches, or not as fast
    as they are.
    """
    if edts is None:
        return None, b""
    content, count = _counted(child(edts, b"elst"), 2)
    layout = ">Qqi" if content[:1] == b"\1" else ">Iii"
    entries = [struct.unpack_from(layout, content, 8 + n * struct.calcsize(layout)) for n in range(count)]
    wait = 0
    if len(entries) == 2 and entries[0][1] == -1:
        wait = entries.pop(0)[0]
    if len(entries) != 1 or entries[0][1] < 0 or entries[0][2] != 1 << 16:
        raise BadIndex("it is edited in a way that is not known here")
    length, start, _rate = entries[0]
    return Edit(wait, start, length), edts.whole


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
