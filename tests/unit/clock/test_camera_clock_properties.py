"""Times and offsets, for any."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from camreel.clock import CameraClock, FixedZone, Reading, format_offset, parse_moment
from camreel.errors import UsageError
from camreel.model import WallTime

naive = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31, 23, 59, 59, 999999))  # noqa: DTZ001
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))
moments = st.builds(lambda moment, offset: moment.replace(tzinfo=timezone(offset)), naive, offsets)
drifts = st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds))
clocks = st.builds(CameraClock.fixed, offsets, drifts)


@given(moments, clocks)
def test_there_and_back_is_the_same_moment(moment, clock):
    """UTC of the wall time of a moment is that moment, in any zone, to the microsecond."""
    assert clock.to_utc(clock.to_wall(moment)) == moment


@given(naive, clocks)
def test_back_and_there_is_the_same_reading(shown, clock):
    """The wall time of the UTC of a reading is that reading."""
    assert clock.to_wall(clock.to_utc(WallTime(shown))) == WallTime(shown)


@given(naive, moments)
def test_measuring_loses_nothing(shown, at):
    """Offset and drift add up to what was seen, to the second: whole quarters of an hour, and at most half of one."""
    reading = Reading(WallTime(shown), at)
    drift = reading.drift_in(FixedZone(reading.offset))
    seen = shown.replace(tzinfo=timezone.utc) - at
    assert abs(reading.offset + drift - seen) < timedelta(seconds=2)
    assert reading.offset % timedelta(minutes=15) == timedelta(0)
    assert abs(drift) <= timedelta(minutes=7.5, seconds=1)


@given(offsets)
def test_an_offset_is_read_as_it_is_written(offset):
    """What the report shows can be typed in again."""
    found = parse_moment(f"2026-01-16T08:00:00{format_offset(offset)}")
    assert isinstance(found, datetime)
    assert found.utcoffset() == offset


@given(st.one_of(naive.map(WallTime), moments), st.sampled_from(["T", " "]))
def test_every_time_is_read_as_it_is_written(moment, separator):
    """ISO 8601 in, the same time out."""
    assert parse_moment(moment.isoformat().replace("T", separator)) == moment


typed = st.one_of(st.text(), st.text("0123456789-:+.TZ ,", min_size=8, max_size=32), st.from_regex(
    r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?", fullmatch=True
))  # fmt: skip


@given(typed)
def test_anything_typed_is_a_time_or_a_usage_error(text):
    """No text crashes the program: it is understood, or refused with the option's name and advice."""
    refused = None
    try:
        found = parse_moment(text, "--start")
    except UsageError as error:
        refused = error
    if refused:
        assert str(refused).startswith("--start")
        assert refused.hint
        return
    clock = CameraClock.fixed(timedelta(hours=14))
    wall = found if isinstance(found, WallTime) else clock.to_wall(found)
    assert clock.to_utc(wall).tzinfo is timezone.utc
