"""The end of an mp4: whether it cuts off a part of the index, and of which tracks.

A file that a camera had not finished, or that came short, still opens: FFmpeg takes of a cut index what there is.
"""

from __future__ import annotations

from typing import BinaryIO

from camreel.formats.mp4.boxes import BadIndex, Box, boxes, children, head_of, index_at_end, needed
from camreel.formats.source import open_source

_TAIL = 64 << 10
_MOST_BOXES = 1_000_000  # cameras write one for each frame
_LARGEST = 64 << 20


def tracks_before_cut(path: str) -> frozenset[bytes] | None:
    """Return the handlers (``vide``, ``soun``) of the tracks whose description the file has whole.

    None: the end of the file cuts off nothing of its index. Of a fragment that is cut off it has no track whole.
    Raises OSError.
    """
    with open_source(path) as file:
        total = file.seek(0, 2)
        file.seek(max(0, total - _TAIL))
        if index_at_end(file.read(_TAIL), total) is not None:
            return None
        return _before_cut(file, total)


def _before_cut(file: BinaryIO, total: int) -> frozenset[bytes] | None:
    at, kind, in_fragments = 0, b"", False
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if not head:
            return frozenset() if kind == b"moof" else None  # whose media should follow
        try:
            size, kind, length = head_of(head, 0, len(head))
        except BadIndex:
            return frozenset() if in_fragments else None
        if head[:4] == bytes(4) or size < length:
            return None
        if at + size > total:
            if kind == b"moov":
                file.seek(at + length)
                return _whole_tracks(file.read(min(total - at, _LARGEST)))
            return frozenset() if kind == b"moof" or (kind == b"mdat" and in_fragments) else None
        in_fragments = in_fragments or kind == b"moof"
        at += size
    return None


def _whole_tracks(index: bytes) -> frozenset[bytes]:
    """The handlers of the tracks in ``index``, the content of a ``moov`` up to where the file ends."""
    found: set[bytes] = set()
    try:
        for box in boxes(index):
            if box.kind == b"trak":
                found.add(_handler(box))
    except BadIndex:
        pass  # here it is cut
    return frozenset(found)


def _handler(track: Box) -> bytes:
    media = needed(children(track), b"mdia")
    return needed(children(media), b"hdlr").content[8:12]
