"""Lay an ordinary mp4 out the way Amcrest cameras do.

A recording of a real Amcrest camera holds ``ftyp free mdat mdat ... moov``: one ``mdat`` box per sample, ``moov``
last (it is written when the file is closed), no edit list. FFmpeg never writes such files, so a file from its muxer
is taken apart here and put together again. Only what that muxer writes is understood; this is no general parser.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))
_DROPPED = frozenset((b"edts", b"udta", b"sgpd", b"sbgp"))  # real files have none of them
_G711 = frozenset((b"alaw", b"ulaw"))


@dataclass
class BoxTree:
    """A box and, if it is a container, the boxes in it; else its payload."""

    kind: bytes
    payload: bytes = b""
    children: list[BoxTree] | None = None

    def one(self, *path: bytes) -> BoxTree:
        """The first box at ``path``. Raises :class:`KeyError` if there is none."""
        box = self
        for kind in path:
            found = next((child for child in box.children or () if child.kind == kind), None)
            if found is None:
                raise KeyError(kind)
            box = found
        return box

    def has(self, kind: bytes) -> bool:
        """True if a box of that kind is a child."""
        return any(child.kind == kind for child in self.children or ())

    def encode(self) -> bytes:
        """The bytes of the box, header included."""
        inner = self.payload if self.children is None else b"".join(child.encode() for child in self.children)
        return struct.pack(">I4s", 8 + len(inner), self.kind) + inner


@dataclass(frozen=True)
class _Piece:
    """Bytes that stay together in one ``mdat``: a coded sample, or a run of G.711 samples."""

    offset: int
    size: int
    track: int


def top_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and whole size of each top-level box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        size = size or len(data) - at
        yield kind, at, size
        at += size


def parse_boxes(data: bytes) -> list[BoxTree]:
    """The boxes in ``data``, those of a ``moov`` down to the sample tables."""
    boxes = []
    for kind, at, size in top_boxes(data):
        payload = data[at + 8 : at + size]
        boxes.append(BoxTree(kind, children=parse_boxes(payload)) if kind in _CONTAINERS else BoxTree(kind, payload))
    return boxes


def as_amcrest(data: bytes, brand: bytes = b"avc1") -> bytes:
    """The same samples and times in the layout of an Amcrest recording.

    ``data`` is an mp4 or mov from FFmpeg's muxer, below 4 GiB; ``brand`` is the third compatible brand.
    """
    moov = next(
        BoxTree(kind, children=parse_boxes(data[at + 8 : at + size]))
        for kind, at, size in top_boxes(data)
        if kind == b"moov"
    )
    tracks = [child for child in moov.children or () if child.kind == b"trak"]
    pieces = sorted((p for n, trak in enumerate(tracks) for p in _pieces(trak, n)), key=lambda piece: piece.offset)
    out = [
        BoxTree(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2" + brand + b"mp41").encode(),
        BoxTree(b"free").encode(),
    ]
    at = sum(map(len, out))
    offsets: list[list[int]] = [[] for _ in tracks]
    for piece in pieces:
        offsets[piece.track].append(at + 8)
        out.append(BoxTree(b"mdat", data[piece.offset : piece.offset + piece.size]).encode())
        at += 8 + piece.size
    for trak, places in zip(tracks, offsets, strict=True):
        _relocate(trak, places)
    _drop(moov)
    out.append(moov.encode())
    return b"".join(out)


def _pieces(trak: BoxTree, track: int) -> Iterator[_Piece]:
    stbl = trak.one(b"mdia", b"minf", b"stbl")
    sizes = _sizes(stbl)
    whole_chunks = _is_g711(stbl)
    sample = 0
    for offset, count in zip(_chunk_offsets(stbl), _chunk_counts(stbl), strict=True):
        run = sizes[sample : sample + count]
        sample += count
        at = offset
        for size in [sum(run)] if whole_chunks else run:
            yield _Piece(at, size, track)
            at += size


def _sizes(stbl: BoxTree) -> list[int]:
    table = stbl.one(b"stsz").payload
    same, count = struct.unpack_from(">II", table, 4)
    return [same] * count if same else list(struct.unpack_from(f">{count}I", table, 12))


def _chunk_offsets(stbl: BoxTree) -> list[int]:
    wide = stbl.has(b"co64")
    table = stbl.one(b"co64" if wide else b"stco").payload
    (count,) = struct.unpack_from(">I", table, 4)
    return list(struct.unpack_from(f">{count}{'Q' if wide else 'I'}", table, 8))


def _chunk_counts(stbl: BoxTree) -> list[int]:
    """How many samples each chunk holds."""
    table = stbl.one(b"stsc").payload
    (entries,) = struct.unpack_from(">I", table, 4)
    runs = [struct.unpack_from(">III", table, 8 + 12 * n) for n in range(entries)]
    chunks = len(_chunk_offsets(stbl))
    ends = [first for first, _, _ in runs[1:]] + [chunks + 1]
    return [count for (first, count, _), end in zip(runs, ends, strict=True) for _ in range(end - first)]


def _is_g711(stbl: BoxTree) -> bool:
    return stbl.one(b"stsd").payload[12:16] in _G711


def _relocate(trak: BoxTree, places: list[int]) -> None:
    """Point the sample table at the new places: one chunk per piece."""
    stbl = trak.one(b"mdia", b"minf", b"stbl")
    if not _is_g711(stbl):  # a chunk of G.711 keeps its samples: one byte each
        stbl.one(b"stsc").payload = struct.pack(">IIIII", 0, 1, 1, 1, 1)
    table = stbl.one(b"co64" if stbl.has(b"co64") else b"stco")
    table.kind = b"stco"
    table.payload = struct.pack(f">II{len(places)}I", 0, len(places), *places)


def _drop(box: BoxTree) -> None:
    if box.children is not None:
        box.children = [child for child in box.children if child.kind not in _DROPPED]
        for child in box.children:
            _drop(child)
