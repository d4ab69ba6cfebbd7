"""Which sample description the frames of a clip need, by its tables."""

from __future__ import annotations

import struct

import pytest

from camreel.formats.mp4.boxes import BadIndex, made
from camreel.formats.mp4.description import read_descriptions


def moov(chunks: int, rows: list[tuple[int, int]]) -> bytes:
    """An index of a track of two descriptions, its chunks ten bytes apart; ``rows``: the first chunk, and the entry."""

    def full(kind: bytes, *content: bytes) -> bytes:
        return made(kind, bytes(4), *content)

    entry = made(b"avc1", bytes(24), struct.pack(">HH", 64, 48), bytes(50))
    places = struct.pack(f">I{chunks}I", chunks, *range(0, 10 * chunks, 10))
    runs = b"".join(struct.pack(">III", first, 1, number) for first, number in rows)
    tables = made(
        b"stbl",
        full(b"stsd", struct.pack(">I", 2), entry, entry),
        full(b"stco", places),
        full(b"stsc", struct.pack(">I", len(rows)), runs),
    )
    media = made(b"mdia", full(b"hdlr", bytes(4), b"vide", bytes(13)), made(b"minf", tables))
    head = full(b"tkhd", bytes(8), struct.pack(">I", 1), bytes(68))
    return made(b"moov", full(b"mvhd", bytes(96)), made(b"trak", head, media))


def test_the_description_of_each_chunk():
    """A row holds up to the next."""
    found = read_descriptions(moov(5, [(1, 1), (3, 2), (5, 1)]), 1, iter(()))
    assert [found.entry_at(place) for place in (0, 10, 19, 20, 39, 40, 99)] == [0, 0, 0, 1, 1, 0, 0]


def test_rows_that_go_back():
    """A hostile table would name each chunk as often as it has rows: terabytes out of a small file."""
    with pytest.raises(BadIndex, match="do not follow"):
        read_descriptions(moov(500, [(1, 1), (501, 1)] * 250), 1, iter(()))
