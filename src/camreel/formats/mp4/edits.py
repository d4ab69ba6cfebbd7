"""Edit lists: which part of a track is shown, and when."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile

from camreel.formats.mp4.boxes import BadIndex, Box, boxes, child, children, needed

_MOST_EDITS = 10_000
_LONGEST_WAIT = 2  # seconds for which all tracks of a clip may show nothing


@dataclass(frozen=True, slots=True)
class Edits:
    """The edit list of a track. All in seconds.

    ``wait`` is how long nothing is shown at the beginning, ``shown`` how long its media are shown in all. ``offset`` is
    the part of ``wait`` that counts for nothing. ``is_simple``: it is one stretch; ``in_fragments``: its media lie in
    fragments.
    """

    wait: Fraction
    offset: Fraction
    shown: Fraction
    is_simple: bool
    in_fragments: bool

    @property
    def seconds(self) -> Fraction:
        """How long the track is on the time line of the movie, with what it waits."""
        return self.wait - self.offset + self.shown


def edits_in(moov: bytes, track_id: int | None = None) -> Edits | None:
    """Return the edit list of a track: of the first one of pictures if no number is given. None if it has none.

    Raises :class:`BadIndex`.
    """
    try:
        return _edits_in(moov, track_id)
    except (struct.error, IndexError) as error:
        raise BadIndex("a table is cut off") from error


def _edits_in(moov: bytes, track_id: int | None) -> Edits | None:
    if b"elst" not in moov:
        return None
    whole = next(boxes(moov))
    inner = list(boxes(moov, whole.body, whole.end))
    found = {box.kind: box for box in inner}
    scale = _scale(needed(found, b"mvhd"))
    tracks = [each for each in inner if each.kind == b"trak"]
    wanted = next((each for each in tracks if _is_wanted(each, track_id)), None)
    if wanted is None:
        return None
    # Programs that cut a stream into files may leave the times of the stream: all tracks then wait for hours.
    waits = [Fraction(_wait(_entries(children(each))), scale) for each in tracks if _kind(each) in {b"vide", b"soun"}]
    offset = min(waits, default=Fraction(0))
    offset = offset if offset > _LONGEST_WAIT else Fraction(0)
    return _of_track(children(wanted), scale, offset, in_fragments=b"mvex" in found)


def _is_wanted(trak: Box, track_id: int | None) -> bool:
    if track_id is None:
        return _kind(trak) == b"vide"
    head = child(trak, b"tkhd").content
    return bool(struct.unpack_from(">I", head, 20 if head[:1] == b"\1" else 12)[0] == track_id)


def _kind(trak: Box) -> bytes:
    return child(child(trak, b"mdia"), b"hdlr").content[8:12]


def _wait(entries: list[tuple[int, int]]) -> int:
    """How long nothing is shown before the first stretch."""
    return sum(lasts for lasts, _ in takewhile(lambda entry: entry[1] < 0, entries))


def _of_track(inner: dict[bytes, Box], movie_scale: int, offset: Fraction, *, in_fragments: bool) -> Edits | None:
    entries = _entries(inner)
    if not any(begins >= 0 for _, begins in entries):
        return None
    header = child(inner[b"mdia"], b"mdhd")
    scale = _scale(header)
    length = Fraction(struct.unpack_from(*_LENGTH[header.content[:1] == b"\1"], header.content, 0)[0], scale)
    media = [Fraction(lasts, movie_scale) for lasts, begins in entries if begins >= 0]
    before = next(number for number, (_, begins) in enumerate(entries) if begins >= 0)
    # A length of 0 reaches to the end. Of media in fragments the header mostly has no length.
    shown = [min(lasts or length, length or lasts) for lasts in media]
    return Edits(
        wait=Fraction(_wait(entries), movie_scale),
        offset=offset,
        shown=sum(shown, Fraction(0)),
        is_simple=len(entries) == before + 1,
        in_fragments=in_fragments,
    )


_LENGTH = ((">16xI",), (">24xQ",))


def _entries(inner: dict[bytes, Box]) -> list[tuple[int, int]]:
    """How long each is, and where in the media it begins; -1: nothing is shown."""
    if b"edts" not in inner or b"elst" not in (lists := children(inner[b"edts"])):
        return []
    content = lists[b"elst"].content
    (count,) = struct.unpack_from(">I", content, 4)
    if count > _MOST_EDITS:
        raise BadIndex("its edit list is too long")
    layout = struct.Struct(">Qqi" if content[:1] == b"\1" else ">Iii")
    return [layout.unpack_from(content, 8 + number * layout.size)[:2] for number in range(count)]


def _scale(header: Box) -> int:
    content = header.content
    (scale,) = struct.unpack_from(">I", content, 20 if content[:1] == b"\1" else 12)
    if not scale:
        raise BadIndex("no unit of time")
    return int(scale)
