"""The boxes at the top of an mp4: where its index is, and its fragments."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from camreel.formats.mp4.boxes import BadIndex, boxes

_MOST_BOXES = 100_000  # cameras write one for each picture
_TAIL = 64 << 10
_MOST_INDEX = 64 << 20
_APART = frozenset({b"moof", b"axte"})  # what holds samples, and is no part of the index
Read = Callable[[int, int], bytes]  # bytes of the file: from where on, and how many


def top_boxes(read: Read, total: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, place and size of each box of a file of ``total`` bytes.

    Raises :class:`BadIndex` where they do not fill it.
    """
    at = 0
    for _ in range(_MOST_BOXES):
        if at == total:
            return
        head = read(at, min(16, total - at)).ljust(16, b"\0")
        (size,), kind, least = struct.unpack_from(">I", head), head[4:8], 8
        if size == 1:
            (size,), least = struct.unpack_from(">Q", head, 8), 16
        if size < least or at + size > total:
            raise BadIndex("a box is longer than the file")
        yield kind, at, size
        at += size
    raise BadIndex("too many boxes")


def index_of(read: Read, total: int) -> bytes:
    """The ``moov`` of a file of ``total`` bytes, whole. Raises :class:`BadIndex`."""
    tail_at = max(0, total - _TAIL)
    tail = read(tail_at, total - tail_at)
    found = tail.rfind(b"moov")
    while found >= 4:
        if (index := _index_in(tail, found - 4)) is not None:
            return index
        found = tail.rfind(b"moov", 0, found)
    for kind, at, size in top_boxes(read, total):
        if kind == b"moov":
            if size > _MOST_INDEX:
                raise BadIndex("its index is too long")
            return read(at, size)
    raise BadIndex("it has no index")


def fragments_of(read: Read, total: int) -> Iterator[tuple[int, bytes]]:
    """Yield the ``moof`` and ``sidx`` boxes of a file with their places. Raises :class:`BadIndex`."""
    left, has_index = _MOST_INDEX, False
    for kind, at, size in top_boxes(read, total):
        if kind == b"moov":
            if has_index:
                raise BadIndex("it has a second index")
            has_index = True
        elif kind in {b"moof", b"sidx"}:
            left -= size
            if left < 0 or (kind == b"moof" and not has_index):
                raise BadIndex("its fragments are too long, or not behind its index")
            yield at, read(at, size)
        elif kind in _APART:
            raise BadIndex("it has tracks that are apart from the others")


def _index_in(tail: bytes, at: int) -> bytes | None:
    """The box at ``at`` of the end of a file, where it and those behind it fill that."""
    try:
        index, *behind = boxes(tail, at)
    except BadIndex:
        return None
    return None if any(box.kind in _APART for box in behind) else index.whole
