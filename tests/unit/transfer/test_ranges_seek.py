"""A time in a ``.dav``: found by the clock in its frames, with few requests, or not at all."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.transfer.conftest import Memory

from camreel.model import Recording, Span, WallTime
from camreel.transfer import ranges
from camreel.transfer.ranges import DavSeek, NotInPart, Ranged, second_of
from camreel.transfer.resume import Ranges

BEGIN = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
KEY, DELTA = 0xFD, 0xFC
EACH = 4096  # bytes of a frame


def frame(second: int | None, *, key: bool = False, size: int = EACH) -> bytes:
    """A frame taken so many seconds after BEGIN; one without a date."""
    date = 0
    if second is not None:
        at = BEGIN + timedelta(seconds=second)
        date = (at.year - 2000) << 26 | at.month << 22 | at.day << 17 | at.hour << 12 | at.minute << 6 | at.second
    header = struct.pack("<4sBBBBIIIHBB", b"DHAV", KEY if key else DELTA, 0, 0, 0, 0, size, date, 0, 0, 0)
    return header + bytes(size - len(header) - 8) + b"dhav" + struct.pack("<I", size)


def film(seconds: range, *, rate: Callable[[int], int] = lambda _second: 5) -> bytes:
    """Frames, ``rate`` a second, the first of each second a keyframe."""
    return b"".join(frame(second, key=not n) for second in seconds for n in range(rate(second)))


def wall(second: float) -> WallTime:
    return WallTime(BEGIN + timedelta(seconds=second))


async def seek_in(data: bytes, seconds: int, **more: Any) -> tuple[DavSeek, Memory]:
    source, listed = Memory(data), Span(wall(0), wall(seconds))
    file = Ranged(source, Recording("/1.dav", listed), Ranges(), **more)  # type: ignore[arg-type]
    await file.read(0, 64)
    source.asked.clear()
    return DavSeek(file, listed), source


def second_at(data: bytes, place: int) -> int:
    (date,) = struct.unpack_from("<I", data, place + 16)
    assert isinstance(date, int)
    return (date >> 12 & 31) * 3600 + (date >> 6 & 63) * 60 + (date & 63) - 8 * 3600


UNEVEN: dict[str, Callable[[int], int]] = {
    "even": lambda _second: 5,
    "much at the end": lambda second: 1 if second < 500 else 40,
    "much at the start": lambda second: 40 if second < 100 else 1,
    "in turns": lambda second: 1 + second // 50 % 2 * 9,
}


@pytest.mark.anyio
@pytest.mark.parametrize("rate", UNEVEN.values(), ids=UNEVEN)
async def test_each_time_is_found_with_few_requests(rate):
    """A frame from it on, at most three seconds later, whatever the camera sent when; where it is even, by a guess."""
    data, most = film(range(600), rate=rate), 0
    for second in range(0, 600, 37):
        seek, source = await seek_in(data, 600)
        place = await seek.place(wall(second))
        assert data[place : place + 4] == b"DHAV"
        assert second <= second_at(data, place) <= second + 3
        most = max(most, len(source.asked))
    assert most <= (3 if rate is UNEVEN["even"] else 14)


@pytest.mark.anyio
@pytest.mark.parametrize("second", [-5, 0, 1, 150, 298, 299, 301, 900])
async def test_a_time_beside_the_footage_is_at_its_border(second):
    """Before it, its first frame; after it, its end."""
    data = film(range(300))
    seek, _ = await seek_in(data, 300)
    place = await seek.place(wall(second))
    if second > 299:
        assert place == len(data)
    else:
        assert max(0, second) <= second_at(data, place) <= max(0, second) + 3


@pytest.mark.anyio
@pytest.mark.parametrize("second", [99, 100, 150, 199, 200])
async def test_in_a_gap_it_is_where_the_footage_goes_on(second):
    data = film(range(100)) + film(range(200, 300))
    seek, _ = await seek_in(data, 300)
    place = await seek.place(wall(second))
    shown = second_at(data, place)
    assert shown == 200 if 99 < second < 200 else second <= shown <= second + 3


@pytest.mark.anyio
@pytest.mark.parametrize("second", [0, 60, 119])
async def test_stale_footage_before_it_is_passed(second):
    """What recorders leave of another day at the front of a file counts as earlier than everything."""
    data = film(range(-90_000, -89_900)) + film(range(120))
    seek, _ = await seek_in(data, 120)
    place = await seek.place(wall(second))
    assert place >= 100 * 5 * EACH
    assert second <= second_at(data, place) <= second + 3


@pytest.mark.anyio
@pytest.mark.parametrize(("second", "fits"), [(600 + 120, True), (600 + 121, False), (None, False)])
async def test_a_clock_that_is_too_far_ahead_makes_no_sense(second, fits):
    """Two minutes beside what is listed are none; no date is no clock."""
    data = frame(second, key=True) * 40
    seek, _ = await seek_in(data, 600)
    if fits:
        assert await seek.place(wall(0)) <= len(data)
    else:
        with pytest.raises(NotInPart, match="no date, or one that makes no sense"):
            await seek.place(wall(0))


@pytest.mark.anyio
@pytest.mark.parametrize("size", [300 << 10, 1200 << 10])
async def test_large_pictures_are_looked_through(size):
    """In growing steps."""
    data = frame(0, key=True) + frame(1, size=size) + film(range(2, 40)) + frame(40, size=size) + film(range(41, 60))
    seek, source = await seek_in(data, 60)
    place = await seek.place(wall(30))
    assert 30 <= second_at(data, place) <= 33
    assert len(source.asked) < 20


class Nothing:
    """So many bytes without a frame, which take no memory."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        return bytes(len(range(*part.indices(self._size))))


@pytest.mark.anyio
async def test_eight_mebibytes_without_a_frame_are_no_footage():
    """Looked through in steps that double."""
    seek, source = await seek_in(Nothing(17 << 10 << 14), 60)  # type: ignore[arg-type]
    with pytest.raises(NotInPart, match="no frames where some must be"):
        await seek.place(wall(30))
    assert [end - first for first, end in source.asked] == [17 << 10 << step for step in range(9)]
    assert 8 << 20 <= sum(end - first for first, end in source.asked) < 9 << 20


@pytest.mark.anyio
async def test_a_clock_that_jumps_about_ends_somewhere():
    """So many looks, and no more."""
    data = b"".join(frame(second) for second in (0, 590) * 2000)
    seek, source = await seek_in(data, 600)
    with suppress(NotInPart):
        assert 0 <= await seek.place(wall(300)) <= len(data)
    assert len(source.asked) <= 41


# --- keyframes --------------------------------------------------------------------------------------------------------


def rare(*keys: int, of: int = 200) -> bytes:
    """A frame a second; these seconds have keyframes."""
    return b"".join(frame(second, key=second in keys) for second in range(of))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("keys", "at", "second", "found"),
    [
        ((0, 50, 100), 150, 150, 100),
        ((0, 50, 100), 100, 100, 100),
        ((0, 50, 100), 99, 120, 50),  # beyond the place
        ((0, 50, 100), 150, 99, 50),  # after the time
        ((0, 50, 100), 150, 50, 50),
        ((0, 199), 198, 198, 0),  # far before it
        ((3,), 3, 3, 3),
    ],
)
async def test_the_last_keyframe_before_a_place_and_a_time(keys, at, second, found):
    data = rare(*keys)
    seek, source = await seek_in(data, 200)
    assert await seek.keyframe(at * EACH, wall(second)) == found * EACH
    assert all(end - first <= len(data) for first, end in source.asked)


@pytest.mark.anyio
@pytest.mark.parametrize(("keys", "at", "second"), [((), 150, 150), ((100,), 99, 150), ((100,), 150, 99)])
async def test_where_no_keyframe_is_before_it_there_is_none(keys, at, second):
    """Looked for up to the start of the file, and not once more."""
    seek, source = await seek_in(rare(*keys), 200)
    with pytest.raises(NotInPart, match="no keyframe"):
        await seek.keyframe(at * EACH, wall(second))
    assert [first for first, _end in source.asked].count(0) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(("second", "is_it"), [(-120, True), (-121, False)])
async def test_a_keyframe_of_another_recording_is_none(second, is_it):
    """Two minutes before what is listed are still of it."""
    data = frame(second, key=True) + rare()
    seek, _ = await seek_in(data, 200)
    if is_it:
        assert await seek.keyframe(20 * EACH, wall(100)) == 0
    else:
        with pytest.raises(NotInPart):
            await seek.keyframe(20 * EACH, wall(100))


@pytest.mark.anyio
@pytest.mark.parametrize("shift", [0, 1, 12, 23, 24, 4000])
async def test_a_header_across_the_border_of_two_pieces_is_seen(shift):
    """Wherever the pieces meet: each byte is looked at once, but for a header's length."""
    data = frame(0, key=True, size=EACH + shift) + rare(of=60)[EACH:]
    seek, source = await seek_in(data, 60)
    assert await seek.keyframe(len(data), wall(60)) == 0
    places = sorted(source.asked)
    for (_first, end), (following, _end) in pairwise(places):
        assert following < end <= following + 64


@pytest.mark.anyio
async def test_a_keyframe_is_looked_for_so_far_and_no_further(monkeypatch):
    """In pieces that grow twice as large each time."""
    monkeypatch.setattr(ranges, "_MOST_BACK", 3)
    data = rare(0, of=400)
    seek, source = await seek_in(data, 400)
    with pytest.raises(NotInPart):
        await seek.keyframe(len(data), wall(400))
    assert [end - first for first, end in source.asked] == [32 << 10, (64 << 10) + 64, (128 << 10) + 64]
    with pytest.raises(NotInPart):
        await seek.keyframe((32 + 64 + 128 << 10) + EACH, wall(400))
    assert await seek.keyframe(32 + 64 + 128 << 10, wall(400)) == 0


@pytest.mark.parametrize(
    ("total", "window"),
    [(1, 16 << 10), (256 << 20, 16 << 10), (1 << 30, 64 << 10), (4 << 30, 256 << 10), (64 << 30, 256 << 10)],
)
def test_the_window_grows_with_the_file(total, window):
    class File:
        def __init__(self) -> None:
            self.total = total

    seek = DavSeek(File(), Span(wall(0), wall(60)))  # type: ignore[arg-type]
    assert seek._window == window


def test_seconds_are_counted_as_the_frames_do():
    assert second_of(WallTime(datetime(2000, 1, 1, 0, 1, 2, 999_999))) == 62  # noqa: DTZ001


@pytest.mark.anyio
@pytest.mark.parametrize("halve", [False, True])
@pytest.mark.parametrize("low", [(0, 0), (1000, 50), (90_000, 50)])
@pytest.mark.parametrize("wanted", [-9, 0, 49, 50, 55, 60, 900])
async def test_a_guess_is_behind_what_is_known_and_before_the_border(halve, low, wanted):
    """Never the same place again: each look leads on."""
    seek, _ = await seek_in(film(range(100)), 100)
    guess = seek._guess(ranges._Point(*low), ranges._Point(100_000, 60), wanted, halve=halve)
    assert low[0] + 1 <= guess <= max(low[0] + 1, 100_000 - seek._window // 2)
    if wanted < low[1] and not halve:
        assert guess == low[0] + 1
