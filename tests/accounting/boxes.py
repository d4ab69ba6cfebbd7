"""An mp4, box by box, with whatever an index may say: FFmpeg's own muxer writes little of what cameras write."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

SCALE = 90000  # ticks a second, of the movie and of each track

_UPRIGHT = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_TURNED = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)  # by 90 degrees
_VISUAL = 78  # bytes of a visual sample entry between its header and the boxes in it
_HEADS = {
    b"vide": (b"vmhd", struct.pack(">IQ", 1, 0)),
    b"soun": (b"smhd", bytes(8)),
}


@dataclass(frozen=True)
class Sample:
    """A packet; times in ticks. ``entry`` is which of the track's sample descriptions it needs, from 1."""

    data: bytes
    decoded: int
    shown: int
    length: int
    key: bool = True
    entry: int = 1


@dataclass(frozen=True)
class Edit:
    """A line of an edit list: from ``begin`` on, in ticks of the media; nothing is shown where that is -1."""

    length: int
    begin: int


@dataclass(frozen=True)
class Track:
    """``handler`` says what it is of, ``entries`` are its sample descriptions, whole."""

    handler: bytes
    entries: tuple[bytes, ...]
    samples: tuple[Sample, ...]
    edits: tuple[Edit, ...] = ()
    size: tuple[int, int] = (0, 0)
    is_turned: bool = False

    @property
    def length(self) -> int:
        """In ticks."""
        return sum(sample.length for sample in self.samples)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box with its header."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload of each box in ``data``."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def entries_of(movie: bytes, handler: bytes) -> tuple[bytes, ...]:
    """The sample descriptions of the first track of that handler."""
    for kind, trak in boxes(_inside(movie, b"moov")):
        if kind == b"trak" and _inside(trak, b"mdia", b"hdlr")[8:12] == handler:
            table = _inside(trak, b"mdia", b"minf", b"stbl", b"stsd")[8:]
            return tuple(box(form, entry) for form, entry in boxes(table))
    raise KeyError(handler)


def configuration_of(entry: bytes) -> tuple[bytes, bytes]:
    """The kind and the payload of the avcC or hvcC of a sample description."""
    return next((kind, body) for kind, body in boxes(entry[8 + _VISUAL :]) if kind in {b"avcC", b"hvcC"})


def sets_of(entry: bytes) -> list[bytes]:
    """The parameter sets in the avcC or hvcC of a sample description."""
    kind, body = configuration_of(entry)
    if kind == b"avcC":
        sequences, at = _counted(body, 6, body[5] & 31)
        return sequences + _counted(body, at + 1, body[at])[0]
    found, at = [], 23
    for _ in range(body[22]):
        several, at = _counted(body, at + 3, int.from_bytes(body[at + 1 : at + 3], "big"))
        found += several
    return found


def _counted(body: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many pieces with their lengths in front, and where what follows begins."""
    found = []
    for _ in range(count):
        length = int.from_bytes(body[at : at + 2], "big")
        found.append(body[at + 2 : at + 2 + length])
        at += 2 + length
    return found, at


def with_configuration(entry: bytes, configuration: bytes | None) -> bytes:
    """The sample description with another avcC or hvcC, or without one."""
    rest = [
        box(kind, body if kind not in {b"avcC", b"hvcC"} else configuration or b"")
        for kind, body in boxes(entry[8 + _VISUAL :])
        if configuration is not None or kind not in {b"avcC", b"hvcC"}
    ]
    return box(entry[4:8], entry[8 : 8 + _VISUAL], *rest)


def with_boxes(entry: bytes, *more: bytes, kind: bytes | None = None) -> bytes:
    """The sample description with ``more`` boxes in it, under another name if ``kind`` is given."""
    return box(kind or entry[4:8], entry[8:], *more)


def write(tracks: Sequence[Track], *, first: bool = False, after: Sequence[bytes] = ()) -> bytes:
    """A file with its index last, or ``first``, and boxes ``after`` all else."""
    head = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2mp41")
    chunks = _chunks(tracks)
    media = b"".join(sample.data for _, samples in chunks for sample in samples)
    # Where the media begins is not known before the index is, but how long that is does not depend on it.
    begins = len(head) + 8 + (len(_moov(tracks, chunks, 0)) if first else 0)
    index = _moov(tracks, chunks, begins)
    parts = [index, box(b"mdat", media)] if first else [box(b"mdat", media), index]
    return b"".join([head, *parts, *after])


def write_fragments(tracks: Sequence[Track]) -> bytes:
    """The same in fragments, one for each group of pictures; the header does not say how long it is."""
    head = box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41")
    defaults = [box(b"trex", struct.pack(">6I", 0, number, 1, 0, 0, 0)) for number in range(1, len(tracks) + 1)]
    parts = [head, _moov(tracks, [], 0, box(b"mvex", *defaults))]
    keys = [sample.decoded for sample in tracks[0].samples if sample.key]
    for sequence, (begins, ends) in enumerate(pairwise([0, *keys[1:], 1 << 62]), 1):
        mine = [
            (number, list(group))
            for number, track in enumerate(tracks, 1)
            for _, group in groupby(
                (sample for sample in track.samples if begins <= sample.decoded < ends),
                key=lambda sample: sample.entry,
            )
        ]
        data = b"".join(sample.data for _, samples in mine for sample in samples)
        moof = _moof(sequence, mine, 0)
        parts += [_moof(sequence, mine, len(moof) + 8), box(b"mdat", data)]
    return b"".join(parts)


def _inside(data: bytes, *path: bytes) -> bytes:
    for kind in path:
        data = next(body for each, body in boxes(data) if each == kind)
    return data


def _chunks(tracks: Sequence[Track]) -> list[tuple[int, list[Sample]]]:
    """Samples as they lie in the file: by time, those of one track and description that follow each other together."""
    queue = sorted(
        ((sample.decoded, number, sample) for number, track in enumerate(tracks) for sample in track.samples),
        key=lambda each: each[:2],
    )
    return [
        (number, [sample for _, _, sample in group])
        for (number, _entry), group in groupby(queue, key=lambda each: (each[1], each[2].entry))
    ]


def _moov(
    tracks: Sequence[Track], chunks: Sequence[tuple[int, list[Sample]]], begins: int, fragments: bytes = b""
) -> bytes:
    at, placed = begins, []
    for number, samples in chunks:
        placed.append((number, at, samples))
        at += sum(len(sample.data) for sample in samples)
    whole = 0 if fragments else max(track.length for track in tracks)
    mvhd = box(
        b"mvhd",
        struct.pack(">6IH10x", 0, 0, 0, SCALE, whole, 1 << 16, 256),
        struct.pack(">9i", *_UPRIGHT),
        bytes(24),
        struct.pack(">I", len(tracks) + 1),
    )
    traks = [
        _trak(number, track, [(at, samples) for each, at, samples in placed if each == number - 1], bool(fragments))
        for number, track in enumerate(tracks, 1)
    ]
    return box(b"moov", mvhd, *traks, fragments)


def _trak(number: int, track: Track, chunks: Sequence[tuple[int, list[Sample]]], in_fragments: bool) -> bytes:
    length = 0 if in_fragments else track.length
    width, height = track.size
    tkhd = box(
        b"tkhd",
        struct.pack(">6I8x4H", 3, 0, 0, number, 0, length, 0, 0, 0x100 if track.handler == b"soun" else 0, 0),
        struct.pack(">9i", *(_TURNED if track.is_turned else _UPRIGHT)),
        struct.pack(">II", width << 16, height << 16),
    )
    edits = b""
    if track.edits:
        rows = b"".join(struct.pack(">Iii", edit.length, edit.begin, 1 << 16) for edit in track.edits)
        edits = box(b"edts", box(b"elst", struct.pack(">II", 0, len(track.edits)), rows))
    mdhd = box(b"mdhd", struct.pack(">5IHH", 0, 0, 0, SCALE, length, 0x55C4, 0))
    hdlr = box(b"hdlr", bytes(8), track.handler, bytes(12), b"\0")
    dinf = box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), box(b"url ", struct.pack(">I", 1))))
    kind, head = _HEADS.get(track.handler, (b"nmhd", bytes(4)))
    minf = box(b"minf", box(kind, head), dinf, _stbl(track, chunks))
    return box(b"trak", tkhd, edits, box(b"mdia", mdhd, hdlr, minf))


def _stbl(track: Track, chunks: Sequence[tuple[int, list[Sample]]]) -> bytes:
    samples = [sample for _, group in chunks for sample in group]
    offsets = [sample.shown - sample.decoded for sample in samples]
    tables = [
        box(b"stsd", struct.pack(">II", 0, len(track.entries)), *track.entries),
        _table(b"stts", [(1, sample.length) for sample in samples]),
    ]
    if any(offsets):
        version = 1 if min(offsets) < 0 else 0
        rows = b"".join(struct.pack(">Ii", 1, offset) for offset in offsets)
        tables.append(box(b"ctts", struct.pack(">II", version << 24, len(offsets)), rows))
    if track.handler == b"vide" and samples:
        tables.append(_table(b"stss", [(number,) for number, sample in enumerate(samples, 1) if sample.key]))
    tables += [
        _table(b"stsc", [(number, len(group), group[0].entry) for number, (_, group) in enumerate(chunks, 1)]),
        box(b"stsz", struct.pack(">III", 0, 0, len(samples)), *(struct.pack(">I", len(s.data)) for s in samples)),
        _table(b"stco", [(at,) for at, _ in chunks]),
    ]
    return box(b"stbl", *tables)


def _table(kind: bytes, rows: Sequence[tuple[int, ...]]) -> bytes:
    return box(kind, struct.pack(">II", 0, len(rows)), *(struct.pack(f">{len(row)}I", *row) for row in rows))


def _moof(sequence: int, runs: Sequence[tuple[int, list[Sample]]], begins: int) -> bytes:
    """``begins``: where the media lies behind the beginning of this box."""
    trafs, at = [], begins
    for number, samples in runs:
        # Offsets from this box; a description of its own.
        tfhd = box(b"tfhd", struct.pack(">III", 0x020002, number, samples[0].entry))
        tfdt = box(b"tfdt", struct.pack(">IQ", 1 << 24, samples[0].decoded))
        rows = b"".join(
            struct.pack(
                ">IIIi",
                sample.length,
                len(sample.data),
                0x02000000 if sample.key else 0x01010000,
                sample.shown - sample.decoded,
            )
            for sample in samples
        )
        trafs.append(
            box(b"traf", tfhd, tfdt, box(b"trun", struct.pack(">IIi", 1 << 24 | 0xF01, len(samples), at), rows))
        )
        at += sum(len(sample.data) for sample in samples)
    return box(b"moof", box(b"mfhd", struct.pack(">II", 0, sequence)), *trafs)
