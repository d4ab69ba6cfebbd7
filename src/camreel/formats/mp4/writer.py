"""Write the boxes of an mp4: descriptions of tracks, metadata, chapters, and the index at its end.

Tables of samples grow by some 15 bytes a sample; long ones lie in a file (:mod:`.tables`). The boxes follow
ISO/IEC 14496-12, -14 and -15; metadata is in the form of iTunes and chapters are in that of Nero (``chpl``), which
players and FFmpeg read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from math import lcm

from camreel.formats.mp4.boxes import box_head, made
from camreel.formats.mp4.index import Run
from camreel.formats.mp4.tables import NumberTable, TableFile

_MOST_U32 = (1 << 32) - 1
Piece = bytes | NumberTable  # of a box


@dataclass(slots=True)
class Runs:
    """Values with how often each comes in a row, as ``stts`` and ``ctts`` have them."""

    table: NumberTable = field(default_factory=NumberTable)
    value: int | None = None
    count: int = 0

    def add(self, value: int, times: int = 1) -> None:
        """One more, or so many. OverflowError where it is more than the table can hold."""
        if value == self.value:
            self.count += times
        else:
            if not 0 <= value <= _MOST_U32:
                raise OverflowError(value)
            self._end_run()
            self.value, self.count = value, times

    def extend(self, values: Sequence[int]) -> None:
        """All of them, one after the other."""
        if values and values.count(values[0]) == len(values):
            self.add(values[0], len(values))
        else:
            for value in values:
                self.add(value)

    def _end_run(self) -> None:
        if self.value is not None:
            self.table.extend((self.count, self.value))

    @property
    def are_all_zero(self) -> bool:
        """Whether there is nothing to be said."""
        return not len(self.table) and not self.value

    def box(self, kind: bytes) -> list[Piece]:
        """The whole box. To be asked once, at the end."""
        self._end_run()
        return _table_box(kind, struct.pack(">II", 0, len(self.table) // 2), self.table)


@dataclass(slots=True)
class SampleIndex:
    """What is known of the samples of one track; ``offsets`` are set when their bytes have got their place.

    Long tables lie in ``file``. ``weight`` is all their bytes. Times are ticks of the track. ``first`` and ``last`` are
    the decode times of the first and the last sample, ``shown_first`` and ``shown_end`` when the first is shown and the
    latest has been.
    """

    file: TableFile | None = None
    offsets: NumberTable = field(init=False)
    sizes: NumberTable = field(init=False)
    keys: NumberTable = field(init=False)
    steps: Runs = field(init=False)
    shifts: Runs = field(init=False)
    weight: int = 0
    first: int | None = None
    last: int = 0
    shown_first: int = 0
    shown_end: int = 0
    duration: int = 0

    def __post_init__(self) -> None:
        self.offsets = NumberTable(64, self.file)
        self.sizes, self.keys = NumberTable(32, self.file), NumberTable(32, self.file)
        self.steps, self.shifts = Runs(NumberTable(32, self.file)), Runs(NumberTable(32, self.file))

    def settle(self) -> None:
        """All samples have their places: what is known of them stays as it is."""
        for table in (self.offsets, self.sizes, self.keys, self.steps.table, self.shifts.table):
            table.settle()

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.sizes)

    def add(self, size: int, pts: int, dts: int, duration: int, *, key: bool) -> int:
        """One more, decoded after all others. Its number, for its place in ``offsets``.

        Raises OverflowError where a step of time, or a size, is more than the tables can hold.
        """
        number = len(self.sizes)
        self.sizes.append(size)
        self.offsets.reserve(1)
        if self.first is None:
            self.first, self.shown_first = dts, pts
        else:
            self.steps.add(dts - self.last)
        self.shifts.add(pts - dts)
        self.last, self.duration = dts, duration
        self.shown_first = min(self.shown_first, pts)
        self.shown_end = max(self.shown_end, pts + duration)
        self.weight += size
        if key:
            self.keys.append(number + 1)
        return number

    def extend(self, more: Run, start: int, duration: int) -> int:
        """``more`` samples, none of them a keyframe, the first decoded at ``start``. The number of that one."""
        number = len(self.sizes)
        self.sizes.extend(more.sizes)
        self.offsets.reserve(len(more.sizes))
        moved = start - more.dts[0]
        if self.first is None:
            self.first, self.shown_first = start, more.shown[0] + moved
        else:
            self.steps.add(start - self.last)
        self.steps.extend(more.steps)
        if more.shifts is None:
            self.shifts.add(0, len(more.sizes))
        else:
            self.shifts.extend(more.shifts)
        self.last, self.duration = more.dts[-1] + moved, duration
        self.shown_first = min(self.shown_first, min(more.shown) + moved)
        self.shown_end = max(self.shown_end, max(more.shown) + moved + duration)
        self.weight += more.weight
        return number

    @property
    def length(self) -> int:
        """From the first to the end of the last, in ticks, as they are decoded."""
        return 0 if self.first is None else self.last - self.first + self.duration

    def boxes(self, *, all_keys: bool) -> Iterator[Piece]:
        """What a ``stbl`` holds besides the description, in pieces. To be asked once, at the end."""
        if self.first is not None:
            self.steps.add(self.duration)
        yield from self.steps.box(b"stts")
        if not self.shifts.are_all_zero:
            yield from self.shifts.box(b"ctts")
        if not all_keys and len(self.keys) < self.count:
            yield from _table_box(b"stss", struct.pack(">II", 0, len(self.keys)), self.keys)
        yield made(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1) if self.count else struct.pack(">II", 0, 0))
        yield from _table_box(b"stsz", struct.pack(">III", 0, 0, self.count), self.sizes)
        kind = b"co64" if self.offsets.is_wide else b"stco"
        yield from _table_box(kind, struct.pack(">II", 0, self.count), self.offsets)


def _table_box(kind: bytes, head: bytes, table: NumberTable) -> list[Piece]:
    return [box_head(kind, len(head) + table.size) + head, table]


def _size_of(pieces: Sequence[Piece]) -> int:
    return sum(piece.size if isinstance(piece, NumberTable) else len(piece) for piece in pieces)


_UPRIGHT = (1 << 16, 0, 0, 1 << 16)
_UNDETERMINED = 0x55C4  # the language "und", as mp4 packs it
_LARGEST_SCALE = (1 << 31) - 1
_MOST_CHAPTERS = 255
_NAMES = {"title": b"\xa9nam", "artist": b"\xa9ART", "comment": b"\xa9cmt", "date": b"\xa9day", "encoder": b"\xa9too"}


@dataclass(frozen=True, slots=True)
class VideoTrackIndex:
    """``codec`` is ``h264`` or ``hevc``, ``configuration`` its ``avcC`` or ``hvcC``; ``aspect`` is a pixel's.

    ``looks`` are further boxes of the description, whole: colors, cropping. ``turned`` is what turns its frames: a, b,
    c and d of the track's matrix, with 16 bits behind the point.
    """

    codec: str
    configuration: bytes
    width: int
    height: int
    scale: int
    aspect: Fraction = Fraction(1)
    looks: bytes = b""
    turned: tuple[int, int, int, int] = _UPRIGHT


@dataclass(frozen=True, slots=True)
class SoundTrackIndex:
    """AAC; ``setup`` is its AudioSpecificConfig. ``rate`` samples a second, which is also its unit of time."""

    setup: bytes
    rate: int
    channels: int


Track = VideoTrackIndex | SoundTrackIndex


@dataclass(frozen=True, slots=True)
class ChapterEntry:
    """``start`` in seconds."""

    start: float
    title: str


def beginning(codec: str) -> bytes:
    """What the file begins with."""
    brands = b"isomiso2mp41" if codec == "hevc" else b"isomiso2avc1mp41"
    return made(b"ftyp", b"isom", struct.pack(">I", 512), brands)


def index(
    tracks: Sequence[tuple[Track, SampleIndex]],
    metadata: dict[str, str],
    chapters: Sequence[ChapterEntry],
    created: int,
) -> Iterator[bytes]:
    """The ``moov``, in pieces: a day's has tens of megabytes. ``created``: seconds since 1904, UTC; 0: unknown."""
    scale = _film_scale([track for track, _ in tracks])
    traks = [
        _trak(number, track, samples, scale, created)
        for number, (track, samples) in enumerate(tracks, 1)
        if samples.count
    ]
    length = max((_shown(track, samples, scale) for track, samples in tracks if samples.count), default=0)
    head = _mvhd(scale, length, created, len(tracks) + 1)
    told = _udta(metadata, chapters)
    yield box_head(b"moov", len(head) + len(told) + sum(map(_size_of, traks)))
    yield head
    for piece in chain.from_iterable(traks):
        if isinstance(piece, NumberTable):
            yield from piece.pieces()
        else:
            yield piece
    yield told


def _ticks(track: Track) -> int:
    return track.scale if isinstance(track, VideoTrackIndex) else track.rate


def _film_scale(tracks: Sequence[Track]) -> int:
    """A unit of time in which each track's own ticks are whole, so that edits are exact."""
    scale = lcm(*(_ticks(track) for track in tracks))
    return scale if scale <= _LARGEST_SCALE else _ticks(tracks[0])


def _shown(track: Track, samples: SampleIndex, scale: int) -> int:
    """When its last sample has been shown, in ticks of the film."""
    return -(-samples.shown_end * scale // _ticks(track))


def _mvhd(scale: int, length: int, created: int, next_track: int) -> bytes:
    wide = max(length, created) > _MOST_U32
    times = struct.pack(">QQIQ" if wide else ">IIII", created, created, scale, length)
    rest = struct.pack(">IH10x", 1 << 16, 1 << 8) + _matrix(_UPRIGHT, 0, 0) + bytes(24) + struct.pack(">I", next_track)
    return made(b"mvhd", struct.pack(">I", wide << 24), times, rest)


def _trak(number: int, track: Track, samples: SampleIndex, scale: int, created: int) -> list[Piece]:
    pictures = track if isinstance(track, VideoTrackIndex) else None
    handler = (b"vide", b"VideoHandler") if pictures else (b"soun", b"SoundHandler")
    media = made(b"vmhd", struct.pack(">IQ", 1, 0)) if pictures else made(b"smhd", bytes(8))
    description = _video_entry(pictures) if pictures else _sound_entry(track, samples)  # type: ignore[arg-type]
    data = made(b"dinf", made(b"dref", struct.pack(">II", 0, 1), made(b"url ", struct.pack(">I", 1))))
    stsd = made(b"stsd", struct.pack(">II", 0, 1), description)
    head = [
        _tkhd(number, pictures, _shown(track, samples, scale), created),
        _edts(track, samples, scale),
    ]
    media_head = [
        _mdhd(_ticks(track), samples.length, created),
        made(b"hdlr", struct.pack(">II", 0, 0), handler[0], bytes(12), handler[1], b"\0"),
    ]
    tables: list[Piece] = [stsd, *samples.boxes(all_keys=pictures is None)]
    stbl = _around(b"stbl", tables)
    minf = _around(b"minf", [media, data, *stbl])
    mdia = _around(b"mdia", [*media_head, *minf])
    return _around(b"trak", [*head, *mdia])


def _around(kind: bytes, pieces: list[Piece]) -> list[Piece]:
    return [box_head(kind, _size_of(pieces)), *pieces]


def _tkhd(number: int, pictures: VideoTrackIndex | None, length: int, created: int) -> bytes:
    wide = max(length, created) > _MOST_U32
    times = struct.pack(">QQI4xQ" if wide else ">III4xI", created, created, number, length)
    volume, alternate = (0, 0) if pictures else (1 << 8, 1)
    width, height, turned = 0, 0, _UPRIGHT
    if pictures:
        width, height = round(pictures.width * pictures.aspect * (1 << 16)), pictures.height << 16
        turned = pictures.turned
    rest = struct.pack(">8xhhH2x", 0, alternate, volume) + _matrix(turned, width >> 16, height >> 16)
    rest += struct.pack(">II", min(width, _MOST_U32), height)
    return made(b"tkhd", struct.pack(">I", wide << 24 | 3), times, rest)  # enabled, in the film


def _matrix(turned: tuple[int, int, int, int], width: int, height: int) -> bytes:
    """How a track is turned; what is turned out of sight comes back into it."""
    a, b, c, d = turned
    left, top = min(0, a * width) + min(0, c * height), min(0, b * width) + min(0, d * height)
    right, down = min(-left, _LARGEST_SCALE), min(-top, _LARGEST_SCALE)
    return struct.pack(">9i", a, b, 0, c, d, 0, right, down, 1 << 30)


def _edts(track: Track, samples: SampleIndex, scale: int) -> bytes:
    """Where the track begins in the film: pictures that are decoded before they are shown, sound that comes later."""
    assert samples.first is not None
    ticks, begins = _ticks(track), samples.shown_first
    ahead = begins - samples.first
    if not ahead and not begins:
        return b""
    entries = []
    if begins > 0:
        entries.append((begins * scale // ticks, -1))
    entries.append((-(-(samples.shown_end - begins) * scale // ticks), ahead))
    coded = [struct.pack(">QqI", length, start, 1 << 16) for length, start in entries]
    return made(b"edts", made(b"elst", struct.pack(">II", 1 << 24, len(coded)), *coded))


def _mdhd(scale: int, length: int, created: int) -> bytes:
    wide = max(length, created) > _MOST_U32
    times = struct.pack(">QQIQ" if wide else ">IIII", created, created, scale, length)
    return made(b"mdhd", struct.pack(">I", wide << 24), times, struct.pack(">HH", _UNDETERMINED, 0))


def _video_entry(track: VideoTrackIndex) -> bytes:
    kind, configuration = (b"hvc1", b"hvcC") if track.codec == "hevc" else (b"avc1", b"avcC")
    fixed = struct.pack(">6xH16xHHIIIH32xHh", 1, track.width, track.height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    aspect = b""
    if track.aspect != 1:
        aspect = made(b"pasp", struct.pack(">II", track.aspect.numerator, track.aspect.denominator))
    return made(kind, fixed, made(configuration, track.configuration), aspect, track.looks)


def _sound_entry(track: SoundTrackIndex, samples: SampleIndex) -> bytes:
    rate = track.rate if track.rate <= 0xFFFF else 0
    fixed = struct.pack(">6xH8xHHIHH", 1, track.channels, 16, 0, rate, 0)
    average = samples.weight * 8 * track.rate // samples.length if samples.length else 0
    largest = samples.sizes.highest
    most = largest * 8 * track.rate // max(1, samples.duration)
    decoder = struct.pack(
        ">BB3sII", 0x40, 0x15, min(largest, 0xFFFFFF).to_bytes(3, "big"), min(most, _MOST_U32), min(average, _MOST_U32)
    )
    config = decoder + _descriptor(5, track.setup)
    stream = struct.pack(">HB", 0, 0) + _descriptor(4, config) + _descriptor(6, b"\2")
    return made(b"mp4a", fixed, made(b"esds", bytes(4), _descriptor(3, stream)))


def _descriptor(tag: int, content: bytes) -> bytes:
    """One of ISO/IEC 14496-1, with a length of four bytes, as all write it."""
    length = len(content)
    return bytes([tag, *(length >> shift & 0x7F | 0x80 for shift in (21, 14, 7)), length & 0x7F]) + content


def _udta(metadata: dict[str, str], chapters: Sequence[ChapterEntry]) -> bytes:
    items = [
        made(_NAMES[name], made(b"data", struct.pack(">II", 1, 0), text.encode("utf-8", "replace")))
        for name, text in metadata.items()
        if name in _NAMES and text
    ]
    handler = made(b"hdlr", struct.pack(">II", 0, 0), b"mdirappl", bytes(9))
    meta = made(b"meta", bytes(4), handler, made(b"ilst", *items)) if items else b""
    inner = meta + _chpl(chapters)
    return made(b"udta", inner) if inner else b""


def _chpl(chapters: Sequence[ChapterEntry]) -> bytes:
    if not chapters:
        return b""
    told = chapters[:_MOST_CHAPTERS]
    entries = []
    for chapter in told:
        whole = chapter.title.encode("utf-8", "replace")[:255]
        title = whole.decode("utf-8", "ignore").encode()  # a letter that is cut is none
        entries.append(struct.pack(">QB", round(chapter.start * 10_000_000), len(title)) + title)
    return made(b"chpl", struct.pack(">IIB", 1 << 24, 0, len(told)), *entries)
