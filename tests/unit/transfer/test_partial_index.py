"""Where in an mp4 its index is, found with few bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.transfer.conftest import Memory

from camreel.formats.mp4 import BadIndex
from camreel.model import Recording, Span, WallTime
from camreel.transfer.partial import HEAD, find_moov
from camreel.transfer.ranges import Ranged
from camreel.transfer.resume import Ranges

pytestmark = pytest.mark.anyio

BEGIN = WallTime(datetime(2026, 1, 16, 8, 0, 0))  # noqa: DTZ001 - by the camera's clock
RECORDING = Recording("/mnt/sd/1.mp4", Span(BEGIN, BEGIN + timedelta(minutes=1)))


def box(kind: bytes, size: int = 8, fill: bytes = b"\1") -> bytes:
    return size.to_bytes(4, "big") + kind + (fill * size)[: size - 8]


async def moov_in(data: bytes, seconds: float = 60) -> tuple[bytes, Memory]:
    source: Any = Memory(data)
    file = Ranged(source, RECORDING, Ranges())
    head = await file.read(0, HEAD)
    return await find_moov(file, head, seconds), source


INDEX = box(b"moov", 5000)
FTYP = box(b"ftyp", 24)
FRAMES = b"".join(box(b"mdat", 30_000) for _ in range(10))


@pytest.mark.parametrize("before", [b"ftyp", b"free", b"skip", b"wide", b"mdat", b"uuid", b"udta", b"meta", b"styp"])
async def test_boxes_before_it_are_walked_over(before):
    found, source = await moov_in(FTYP + box(before, 20) + INDEX + box(b"mdat", 100_000))
    assert found == INDEX
    assert len(source.asked) == 1


async def test_one_that_is_not_all_in_the_head_is_completed():
    index = box(b"moov", 40_000)
    found, source = await moov_in(FTYP + index + box(b"mdat", 100_000))
    assert found == index
    assert source.asked == [(0, HEAD), (HEAD, 24 + 40_000)]


@pytest.mark.parametrize("count", [1, 3])
async def test_behind_few_large_boxes_it_is_found_by_walking(count):
    frames = b"".join(box(b"mdat", 30_000) for _ in range(count))
    found, source = await moov_in(FTYP + frames + INDEX)
    assert found == INDEX
    assert len(source.asked) <= 1 + count + 1


@pytest.mark.parametrize("behind", [b"free", b"skip", b"wide", b"mdat", b"uuid", b"udta", b"meta", b"styp", b"ftyp"])
async def test_behind_many_boxes_it_is_found_from_the_end(behind):
    """Also where other boxes come after it."""
    data = FTYP + FRAMES + INDEX + box(behind, 20)
    found, source = await moov_in(data)
    assert found == INDEX
    assert sum(end - first for first, end in source.asked) < 120_000


async def test_from_the_end_a_large_index_is_read_in_growing_steps():
    index = box(b"moov", 150_000)
    found, _ = await moov_in(FTYP + FRAMES + index)
    assert found == index


async def test_the_word_within_an_index_or_a_frame_is_none():
    index = box(b"moov", 5000, b"moov")
    assert (await moov_in(FTYP + FRAMES + index))[0] == index
    frame = box(b"mdat", 30_000, b"\0\0\0\x09moov")
    assert (await moov_in(FTYP + FRAMES + frame + INDEX + box(b"free", 20)))[0] == INDEX


@pytest.mark.parametrize(
    "data",
    [
        FTYP + box(b"what", 20) + INDEX,
        FTYP + (7).to_bytes(4, "big") + b"free" + INDEX,
        FTYP + box(b"free", 20)[:8],
        FTYP + box(b"mdat", 30_000)[:20_000],
        FTYP + FRAMES,
        FTYP + FRAMES + INDEX[:-1],
        FTYP + FRAMES + INDEX + b"junk" * 5,
        FTYP + (0).to_bytes(4, "big") + b"mdat" + bytes(30_000),
        b"",
    ],
    ids=["unknown", "too small", "too long", "cut off", "none", "index cut off", "junk behind", "to the end", "empty"],
)
async def test_without_an_index_it_is_a_bad_one(data):
    with pytest.raises(BadIndex):
        await moov_in(data)


async def test_a_box_without_a_length_reaches_to_the_end():
    found, _ = await moov_in(FTYP + (0).to_bytes(4, "big") + INDEX[4:])
    assert found == (0).to_bytes(4, "big") + INDEX[4:]


async def test_what_was_looked_at_is_not_read_again():
    """An index that begins just behind the head is in what was read to see it."""
    index = box(b"moov", 3000)
    for fill in (HEAD, HEAD + 1, HEAD - 1, HEAD - 7, HEAD - 8, HEAD - 15, HEAD - 16):
        found, source = await moov_in(FTYP + box(b"free", fill - 24) + index + box(b"mdat", 100_000))
        assert found == index
        assert len(source.asked) == 2
