"""Commands of a look: whatever camera and hour it is, they are read as the very range that was chosen."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camreel.clock import CameraClock, NamedZone, locate, parse_range
from camreel.model import Span, WallTime
from camreel.preview.command import GetLine, clock_parts, typed_range

EIGHT = WallTime(datetime(2026, 1, 16, 8))  # noqa: DTZ001 - by the camera's clock
MINUTE = Span(EIGHT, EIGHT + timedelta(minutes=1))
UTC = timezone.utc


def clock_of(zone: str, at: datetime, drift: float = 0) -> CameraClock:
    named = NamedZone(zone)
    return CameraClock(named, timedelta(seconds=drift), "", named.offset_at(at))


def read_again(span: Span, clock: CameraClock | None, **more: bool) -> tuple[datetime, datetime]:
    """The range of the command, in what the camera takes for UTC."""
    line = GetLine("camreel", ("door",), **more).export(span, clock)
    words = shlex.split(line)
    assert words[:4] == ["camreel", "get", "door", "--start"]
    assert (len(words), words[5]) == (7, "--end")
    where = locate(parse_range(words[4], words[6]), clock, datetime(2026, 11, 30, tzinfo=UTC))
    base = where.clock.base if where.clock else timedelta(0)
    assert len(where.parts) == 1
    return (
        (where.span.start.naive - base).replace(tzinfo=UTC),
        (where.span.end.naive - base).replace(tzinfo=UTC),
    )


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    day=st.sampled_from([(2026, 3, 8), (2026, 3, 29), (2026, 4, 4), (2026, 10, 3), (2026, 10, 25), (2026, 11, 1)]),
    second=st.integers(0, 3 * 86400),
    length=st.integers(1, 8 * 3600),
    drift=st.sampled_from([0, 0, 7, -95]),
    in_real_time=st.booleans(),
)
@example(zone="Europe/Berlin", day=(2026, 10, 25), second=86400, length=3600, drift=0, in_real_time=False)
@example(zone="Europe/Berlin", day=(2026, 10, 25), second=82800, length=5400, drift=0, in_real_time=False)
@example(zone="Europe/Berlin", day=(2026, 10, 25), second=91800, length=5400, drift=0, in_real_time=False)
@settings(deadline=None, max_examples=80)
def test_a_command_is_read_as_its_range(zone, day, second, length, drift, in_real_time):
    """Around every change of a clock: each pass of an hour, a range over both, one that ends where the clock jumps."""
    begins = datetime(day[0], day[1], day[2], tzinfo=UTC) - timedelta(days=1)
    clock = clock_of(zone, begins, drift)
    start = clock.straight(begins + timedelta(seconds=second))
    span = Span(start, start + timedelta(seconds=length))
    meant = begins + timedelta(seconds=second), begins + timedelta(seconds=second + length)
    if in_real_time:  # a bare time would be by another clock than the camera's
        assert all(part.needs_offset for part in clock_parts(span, clock, in_real_time=True))
    assert read_again(span, clock, in_real_time=in_real_time) == meant


def test_part_of_a_second_is_not_cut_off():
    """The range grows to whole seconds."""
    half = timedelta(milliseconds=500)
    assert typed_range(Span(EIGHT + half, EIGHT + 3 * half), clock_parts(MINUTE, None)) == (
        "2026-01-16 08:00:00",
        "2026-01-16 08:00:02",
    )


@pytest.mark.parametrize(
    ("hour", "start", "end"),
    [
        (0, "2026-10-25T02:20:00+02:00", "2026-10-25T02:40:00+02:00"),
        (1, "2026-10-25T02:20:00+01:00", "2026-10-25T02:40:00+01:00"),
        (3, "2026-10-25 04:20:00", "2026-10-25 04:40:00"),
    ],
)
def test_in_the_repeated_hour_the_time_has_its_offset(hour, start, end):
    """Each pass is named by its own, so that the other one is not exported, too."""
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC) + timedelta(hours=hour)
    clock = clock_of("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC))
    wall, ten = clock.to_wall(moment), timedelta(minutes=10)
    span = Span(wall - ten, wall + ten)
    assert typed_range(span, clock_parts(span, clock)) == (start, end)


def test_words_are_quoted_for_a_shell():
    """Whatever a name is made of, a shell takes it as one word; nothing of it is run."""
    evil = 'it\'s $(touch x) `id` "q" \\ !'
    line = GetLine("camreel", ("--channel", evil)).export(MINUTE, None)
    times = ["--start", "2026-01-16 08:00:00", "--end", "2026-01-16 08:01:00"]
    assert shlex.split(line) == ["camreel", "get", "--channel", evil, *times]
