"""A camera whose clock is set while it records: all frames are of one recording, and each setting dates all of them."""

from __future__ import annotations

import random
import struct
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from camreel.formats.dhav import footage, summary
from camreel.model import WallTime
from camreel_simulator import ClipSpec, DavFrame, dav_frames, make_dav

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
SPEC = ClipSpec(EIGHT, 12, audio="alaw")
STEPS = [timedelta(hours=1), timedelta(hours=5), timedelta(days=1), timedelta(days=30), timedelta(days=4000)]

_DATE_AT, _COUNTER_AT = 16, 20  # in the header of a frame


@lru_cache(maxsize=1)
def written() -> tuple[DavFrame, ...]:
    return dav_frames(SPEC)


def dated(frame: DavFrame, shown: datetime, counter: int | None = None) -> bytes:
    """The frame with another date, and another counter."""
    date = (shown.year - 2000) << 26 | shown.month << 22 | shown.day << 17
    date |= shown.hour << 12 | shown.minute << 6 | shown.second
    data = bytearray(frame.data)
    data[_DATE_AT : _DATE_AT + 4] = struct.pack("<I", date)
    if counter is not None:
        data[_COUNTER_AT : _COUNTER_AT + 2] = struct.pack("<H", counter & 0xFFFF)
    return bytes(data)


@pytest.mark.parametrize("seed", range(40))
def test_all_pictures_are_of_one_recording(tmp_path: Path, seed: int) -> None:
    """However often the clock is set, by an hour or by years: one of its settings is right, and dates the first."""
    chance = random.Random(seed)
    moments = sorted(EIGHT + timedelta(seconds=chance.uniform(1, 11)) for _ in range(chance.randint(1, 3)))
    moments = [each for at, each in enumerate(moments) if not at or each - moments[at - 1] > timedelta(seconds=1)]
    wrong = [timedelta(0)]
    while len(wrong) <= len(moments):
        wrong.append(wrong[-1] + chance.choice([-1, 1]) * chance.choice(STEPS))
    right = chance.choice(wrong)
    path = tmp_path / "set.dav"
    path.write_bytes(
        b"".join(
            dated(frame, frame.moment + wrong[sum(each <= frame.moment for each in moments)] - right)
            for frame in written()
        )
    )
    found = summary(path)
    assert (found.pictures, found.stale, found.skipped) == (120, (), 0)
    assert found.seconds == pytest.approx(11.9, abs=0.002)
    # A clock is read to the second: a setting that dates a second of frames may place them up to one early.
    assert min(abs(first - WallTime(EIGHT)) for first in found.firsts) <= timedelta(seconds=1)
    assert sum(each.pictures for each in found.readings) == 120
    with path.open("rb") as file:
        times = [at for frame, at in footage(file, found) if frame.is_picture]
    assert times == [pytest.approx(100 * number, abs=2) for number in range(120)]


@pytest.mark.parametrize("before", [datetime(2000, 1, 1), datetime(2037, 1, 1), datetime(2025, 1, 1)])  # noqa: DTZ001
@pytest.mark.parametrize("counter", ["runs on", "begins anew"])
def test_a_clock_that_is_set_right(tmp_path: Path, before: datetime, counter: str) -> None:
    """The numbers of the frames run on: no older recording, and the last setting is believed."""
    set_at = EIGHT + timedelta(seconds=5)
    path = tmp_path / "set.dav"
    path.write_bytes(
        b"".join(
            dated(frame, before + (frame.moment - EIGHT), None if counter == "runs on" else 40_000 + number)
            if frame.moment < set_at
            else frame.data
            for number, frame in enumerate(written())
        )
    )
    found = summary(path)
    assert (found.pictures, found.stale) == (120, ())
    if counter == "runs on":
        assert abs(found.first - WallTime(EIGHT)) <= timedelta(milliseconds=100)


def test_a_clock_that_is_lost(tmp_path: Path) -> None:
    """A camera that begins at 2000 anew while it records was right before."""
    set_at = EIGHT + timedelta(seconds=5)
    path = tmp_path / "lost.dav"
    path.write_bytes(
        b"".join(
            frame.data if frame.moment < set_at else dated(frame, datetime(2000, 1, 1) + (frame.moment - set_at))  # noqa: DTZ001
            for frame in written()
        )
    )
    found = summary(path)
    assert (found.pictures, found.first) == (120, WallTime(EIGHT))


@pytest.mark.parametrize("days", [1, 9, 4000])
def test_an_older_recording_is_another(tmp_path: Path, days: int) -> None:
    """Where the numbers of frames do not run on, what is older belongs to another recording."""
    path = tmp_path / "stale.dav"
    path.write_bytes(make_dav(SPEC, stale=ClipSpec(EIGHT - timedelta(days=days), 1)))
    found = summary(path)
    assert (found.pictures, found.stale_pictures) == (120, 10)
    assert len(found.readings) == 1
