"""Boxes of ISO/IEC 14496-12 in bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_MOST = 1000
_HEAD = struct.Struct(">I4s")


class BadIndex(ValueError):
    """An index that does not fit together, or has something in it that is not understood here."""


class Box(NamedTuple):
    """A box of ``data`` from ``at`` to ``end``; its content begins at ``body``."""

    kind: bytes
    data: bytes
    at: int
    body: int
    end: int

    @property
    def content(self) -> bytes:
        """What is in it."""
        return self.data[self.body : self.end]

    @property
    def whole(self) -> bytes:
        """All of it, its header too."""
        return self.data[self.at : self.end]


def boxes(data: bytes, at: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes from ``at`` to ``end``, which must fill it. Raises :class:`BadIndex`."""
    end = len(data) if end is None else end
    for _ in range(_MOST):
        if at == end:
            return
        size, kind, body = head_of(data, at, end)
        after = at + size
        if size < body or after > end:
            raise BadIndex("a box is longer than what it is in")
        yield Box(kind, data, at, at + body, after)
        at = after
    raise BadIndex("too many boxes")


def head_of(data: bytes, at: int, end: int) -> tuple[int, bytes, int]:
    """Size and kind of the box at ``at``, and how long its head is. A size of 0 reaches to ``end``."""
    if at + 8 > end:
        raise BadIndex("a box is cut off")
    size, kind = _HEAD.unpack_from(data, at)
    if size == 1:
        if at + 16 > end:
            raise BadIndex("a box is cut off")
        return struct.unpack_from(">Q", data, at + 8)[0], kind, 16
    return size or end - at, kind, 8


def index_at_end(tail: bytes, total: int) -> int | None:
    """Where in a file of ``total`` bytes the ``moov`` box begins that ends it; ``tail`` is its end. None: not in that.

    Cameras write one box for each picture and the index last: from the beginning it is a long walk.
    """
    found = tail.rfind(b"moov")
    while found >= 4:
        at = total - len(tail) + found - 4
        if at + int.from_bytes(tail[found - 4 : found], "big") == total:
            return at
        found = tail.rfind(b"moov", 0, found)
    return None


def children(box: Box) -> dict[bytes, Box]:
    """The boxes in ``box``, the first of each kind."""
    found: dict[bytes, Box] = {}
    for child in boxes(box.data, box.body, box.end):
        found.setdefault(child.kind, child)
    return found


def child(box: Box, kind: bytes) -> Box:
    """The first box of that kind in ``box``. Raises :class:`BadIndex`."""
    return needed(children(box), kind)


def needed(found: dict[bytes, Box], kind: bytes) -> Box:
    """The one of that kind. Raises :class:`BadIndex`."""
    if kind not in found:
        raise BadIndex(f"no {kind.decode('latin-1')} box")
    return found[kind]


def made(kind: bytes, *content: bytes) -> bytes:
    """A box of that content."""
    inner = b"".join(content)
    return box_head(kind, len(inner)) + inner


def box_head(kind: bytes, length: int) -> bytes:
    """The head of a box whose content has that length."""
    return struct.pack(">I4s", 8 + length, kind)
