"""Read sample descriptions (``stsd``): how the frames of a track are decoded and to be shown, and which need which."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from camreel.formats.mp4.boxes import BadIndex, Box, boxes, children, needed

_VISUAL = 78  # bytes of a visual sample entry in front of the boxes in it
_MOST = 64  # descriptions of a track
_CONFIGURATIONS = (b"avcC", b"hvcC")
# What is said of how a frame is to be shown, beside its size and the matrix of its track.
LOOKS = (b"pasp", b"colr", b"clap", b"mdcv", b"clli", b"fiel")
_ENCRYPTED = frozenset({b"encv", b"enca", b"enct", b"encs", b"drmi", b"drms"})
IDENTITY = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_BASE_GIVEN, _ENTRY_GIVEN, _OFFSET_GIVEN = 1, 2, 1  # flags of tfhd and trun


@dataclass(frozen=True, slots=True)
class SampleDescription:
    """One entry. ``looks`` are its boxes of :data:`LOOKS`: kind and content, as they come."""

    form: bytes
    configuration: bytes
    width: int
    height: int
    is_encrypted: bool
    looks: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class TrackDescriptions:
    """All entries of a track of pictures. ``turned`` are the numbers of its matrix that turn or scale (a, b, c, d).

    ``starts`` are places in the file, ``entries`` say which description holds from each of them on, from 0.
    """

    descriptions: tuple[SampleDescription, ...]
    turned: tuple[int, int, int, int]
    is_sound_encrypted: bool
    starts: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()

    def entry_at(self, place: int | None) -> int:
        """Return which description the sample needs that lies at ``place`` in the file."""
        if not self.starts or place is None:
            return 0
        return min(self.entries[max(0, bisect_right(self.starts, place) - 1)], len(self.descriptions) - 1)


def descriptions_of(stsd: Box) -> tuple[SampleDescription, ...]:
    """Return the entries of a track of pictures. Raises :class:`BadIndex`."""
    return tuple(_description(entry) for _, entry in zip(range(_MOST), _entries(stsd), strict=False))


def is_encrypted(stsd: Box) -> bool:
    """Whether the first entry, of any track, is encrypted."""
    return any(entry.kind in _ENCRYPTED for _, entry in zip(range(1), _entries(stsd), strict=False))


def read_descriptions(moov: bytes, track: int | None, fragments: Iterator[tuple[int, bytes]]) -> TrackDescriptions:
    """Return those of a track of pictures by its id, or of the first; ``moov`` is the whole box.

    Raises :class:`BadIndex`.

    ``fragments`` are the ``moof`` boxes with their places; they are asked for only if there are several descriptions.
    """
    try:
        return _read(moov, track, fragments)
    except (struct.error, IndexError) as error:
        raise BadIndex("a box is cut off") from error


def _read(moov: bytes, wanted: int | None, fragments: Iterator[tuple[int, bytes]]) -> TrackDescriptions:
    whole = next(boxes(moov), None)
    if whole is None or whole.kind != b"moov":
        raise BadIndex("no moov box")
    inner = list(boxes(moov, whole.body, whole.end))
    tracks = [(_handler(box), box) for box in inner if box.kind == b"trak"]
    seen = [box for handler, box in tracks if handler == b"vide"]
    if not seen:
        raise BadIndex("no track of pictures")
    track = next((box for box in seen if _id_of(box) == wanted), seen[0])
    tables = _tables(track)
    found = descriptions_of(needed(tables, b"stsd"))
    if not found:
        raise BadIndex("no description of its samples")
    head = needed(children(track), b"tkhd")
    film = next((box for box in inner if box.kind == b"mvhd"), None)
    turned = _product(matrix_of(head), IDENTITY if film is None else matrix_of(film))
    heard = next((box for handler, box in tracks if handler == b"soun"), None)
    sound = heard is not None and is_encrypted(needed(_tables(heard), b"stsd"))
    places: list[tuple[int, int]] = []
    if len(found) > 1:
        number = _id_of(track)
        places = sorted([*_chunks(tables), *_fragments(fragments, number, _default_entry(inner, number))])
    return TrackDescriptions(
        found, turned, sound, tuple(place for place, _ in places), tuple(entry for _, entry in places)
    )


def matrix_of(head: Box) -> tuple[int, ...]:
    """Return the matrix of a ``tkhd`` or ``mvhd``: nine numbers."""
    end = 44 if head.kind == b"tkhd" else 64
    content = head.content
    return struct.unpack_from(">9i", content, len(content) - end)


def _product(track: tuple[int, ...], film: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return what turns and scales in a track's matrix and then its film's."""
    one = 1 << 16
    a, b, c, d = track[0], track[1], track[3], track[4]
    e, f, g, h = film[0], film[1], film[3], film[4]
    return (a * e + b * g) // one, (a * f + b * h) // one, (c * e + d * g) // one, (c * f + d * h) // one


def _id_of(track: Box) -> int:
    content = needed(children(track), b"tkhd").content
    return int(struct.unpack_from(">I", content, 20 if content[:1] == b"\1" else 12)[0])


def _handler(track: Box) -> bytes:
    return needed(children(needed(children(track), b"mdia")), b"hdlr").content[8:12]


def _tables(track: Box) -> dict[bytes, Box]:
    media = needed(children(needed(children(track), b"mdia")), b"minf")
    return children(needed(children(media), b"stbl"))


def _entries(stsd: Box) -> Iterator[Box]:
    return boxes(stsd.data, stsd.body + 8, stsd.end)


def _description(entry: Box) -> SampleDescription:
    width, height = struct.unpack_from(">HH", entry.data, entry.body + 24)
    configuration, looks, has_scheme = b"", [], False
    for box in _lenient(entry):
        if box.kind in _CONFIGURATIONS:
            configuration = configuration or box.content
        elif box.kind in LOOKS:
            looks.append((box.kind, box.content))
        has_scheme = has_scheme or box.kind == b"sinf"
    is_secret = entry.kind in _ENCRYPTED or has_scheme
    return SampleDescription(entry.kind, configuration, width, height, is_secret, tuple(looks))


def _lenient(entry: Box) -> Iterator[Box]:
    """Yield the boxes in an entry, up to one that makes no sense: QuickTime ends them with four zeros."""
    try:
        yield from boxes(entry.data, min(entry.end, entry.body + _VISUAL), entry.end)
    except BadIndex:
        return


def _chunks(tables: dict[bytes, Box]) -> Iterator[tuple[int, int]]:
    """Yield where each chunk lies, and its description."""
    wide = tables.get(b"co64")
    box = wide or tables.get(b"stco")
    if box is None or b"stsc" not in tables:
        return
    content, runs = box.content, tables[b"stsc"].content
    (count,) = struct.unpack_from(">I", content, 4)
    places = struct.unpack_from(f">{count}{'Q' if wide else 'I'}", content, 8)
    (entries,) = struct.unpack_from(">I", runs, 4)
    rows = list(struct.iter_unpack(">III", runs[8 : 8 + 12 * entries]))
    for (first, _, entry), (after, _, _) in zip(rows, [*rows[1:], (count + 1, 0, 0)], strict=False):
        if after < first:
            raise BadIndex("its runs of chunks do not follow each other")  # a small table could name terabytes
        yield from ((place, max(0, entry - 1)) for place in places[max(0, first - 1) : max(0, after - 1)])


def _default_entry(inner: list[Box], track: int) -> int:
    extends = next((box for box in inner if box.kind == b"mvex"), None)
    if extends is not None:
        for box in boxes(extends.data, extends.body, extends.end):
            if box.kind == b"trex":
                number, entry = struct.unpack_from(">II", box.content, 4)
                if number == track:
                    return int(entry)
    return 1


def _fragments(fragments: Iterator[tuple[int, bytes]], track: int, default: int) -> Iterator[tuple[int, int]]:
    """Yield where the samples of each run of a track lie, and their description."""
    for place, moof in fragments:
        whole = next(boxes(moof))
        for traf in boxes(moof, whole.body, whole.end):
            if traf.kind != b"traf":
                continue
            inner = list(boxes(moof, traf.body, traf.end))
            head = next((box.content for box in inner if box.kind == b"tfhd"), b"")
            flags, number = struct.unpack_from(">II", head)
            if number != track:
                continue
            at, base, entry = 8, place, default
            if flags & _BASE_GIVEN:
                (base,) = struct.unpack_from(">Q", head, at)
                at += 8
            if flags & _ENTRY_GIVEN:
                (entry,) = struct.unpack_from(">I", head, at)
            for run in inner:
                if run.kind == b"trun" and struct.unpack_from(">I", run.content)[0] & _OFFSET_GIVEN:
                    yield base + struct.unpack_from(">i", run.content, 8)[0], max(0, entry - 1)
