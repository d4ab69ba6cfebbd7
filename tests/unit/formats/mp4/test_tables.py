"""The tables of samples of an mp4: what they take in memory, and that a long one is written as a short one."""

from __future__ import annotations

import errno
import tempfile
import tracemalloc
from array import array
from collections.abc import Iterator
from typing import IO

import pytest

from camreel.formats.mp4 import tables
from camreel.formats.mp4.tables import NumberTable, TableFile
from camreel.formats.mp4.writer import SampleIndex, VideoTrackIndex, index

SCALE = 90_000


@pytest.fixture
def opened() -> Iterator[list[IO[bytes]]]:
    """The files that were made."""
    found: list[IO[bytes]] = []
    yield found
    for each in found:
        each.close()


def table_file(opened: list[IO[bytes]]) -> TableFile:
    def make() -> IO[bytes]:
        opened.append(tempfile.TemporaryFile())  # noqa: SIM115 - the fixture closes it
        return opened[-1]

    return TableFile(make)


def filled(samples: SampleIndex, count: int, *, far: int = 0) -> SampleIndex:
    """So many samples at an uneven rate, with B-frames, settled by the hundred as clips are."""
    at = 0
    for number in range(count):
        size = 100 + number % 37
        dts = 3600 * number + number % 3
        samples.add(size, dts + 7200 * (number % 2), dts, 3600, key=number % 40 == 0)
        samples.offsets.set(number, (at + far,))
        at += size
        if number % 100 == 99:
            samples.settle()
    return samples


def moov(samples: SampleIndex) -> bytes:
    track = VideoTrackIndex("h264", b"\1\x64\0\x1f\xff\xe0\0", 320, 180, SCALE)
    return b"".join(index([(track, samples)], {"title": "long"}, [], 0))


@pytest.mark.parametrize("far", [0, 1 << 32])
@pytest.mark.parametrize("most", [1, 100, 250, 10_000])
def test_an_index_is_the_same_wherever_its_tables_lie(
    far: int, most: int, opened: list[IO[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, in the file, or in both; with places of 32 and of 64 bits."""
    expected = moov(filled(SampleIndex(), 1234, far=far))
    monkeypatch.setattr(tables, "MOST_HELD", most)
    monkeypatch.setattr(tables, "_AT_A_TIME", 64)
    assert moov(filled(SampleIndex(table_file(opened)), 1234, far=far)) == expected
    assert len(opened) == (most < 10_000)
    assert (b"co64" in expected) == bool(far)


def test_forty_days_take_no_more_memory_than_one(opened: list[IO[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is settled is not in memory, neither while the film grows nor while its index is written."""
    monkeypatch.setattr(tables, "MOST_HELD", 5000)
    monkeypatch.setattr(tables, "_AT_A_TIME", 1000)
    samples = SampleIndex(table_file(opened))
    tracemalloc.start()
    try:
        filled(samples, 60_000)
        track = VideoTrackIndex("h264", b"\1\x64\0\x1f\xff\xe0\0", 320, 180, SCALE)
        size = sum(len(piece) for piece in index([(track, samples)], {}, [], 0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 60_000 * 20
    assert peak < 5000 * 60


def test_a_number_that_is_too_large_is_refused() -> None:
    """A step of more than 32 bits has no place in an mp4."""
    table = NumberTable()
    with pytest.raises(OverflowError):
        table.append(1 << 32)
    with pytest.raises(OverflowError):
        table.extend([1, 1 << 32])


def test_numbers_are_set_after_they_were_reserved() -> None:
    """As places are: first how many, then where."""
    table = NumberTable(64)
    table.reserve(4)
    table.set(1, [7, 1 << 40])
    assert len(table) == 4
    assert table.highest == 1 << 40
    assert b"".join(table.pieces()) == b"".join(each.to_bytes(8, "big") for each in (0, 7, 1 << 40, 0))


def test_a_file_that_was_cut_is_an_error(opened: list[IO[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """An index with holes would be a broken video."""
    monkeypatch.setattr(tables, "MOST_HELD", 10)
    table = NumberTable(32, table_file(opened))
    table.extend(array("I", range(20)))
    table.settle()
    opened[0].truncate(40)
    with pytest.raises(OSError, match="cut") as raised:
        list(table.pieces())
    assert raised.value.errno == errno.EIO
