"""Times as people type them, and the camera's clock against real time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from camreel.clock import CameraClock, asked_length, format_offset, measure, parse_moment, parse_range, to_camera_span
from camreel.errors import CameraError, UsageError
from camreel.model import AskedRange, Span, WallTime


def at(*parts: int, hours: float = 0) -> datetime:
    return datetime(*parts, tzinfo=timezone(timedelta(hours=hours)))  # type: ignore[arg-type,misc]


def wall(*parts: int) -> WallTime:
    return WallTime(datetime(*parts))  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-16T08:00:00", wall(2026, 1, 16, 8)),
        ("2026-01-16 08:00:00", wall(2026, 1, 16, 8)),
        ("2026-01-16t08:00:00", wall(2026, 1, 16, 8)),
        ("  2026-01-16T08:00:00\n", wall(2026, 1, 16, 8)),
        ("2026-01-16T08:05", wall(2026, 1, 16, 8, 5)),
        ("2026-1-6 8:05", wall(2026, 1, 6, 8, 5)),
        ("2026-01-16T08:00:00.5", wall(2026, 1, 16, 8, 0, 0, 500_000)),
        ("2026-01-16T08:00:00,25", wall(2026, 1, 16, 8, 0, 0, 250_000)),
        ("2026-01-16T08:00:00.123456789", wall(2026, 1, 16, 8, 0, 0, 123_456)),
        ("2024-02-29T00:00", wall(2024, 2, 29)),
    ],
)
def test_a_time_without_an_offset_is_the_cameras_own(text, expected):
    """ISO 8601 as people write it: T or a space, with or without seconds and fractions."""
    assert parse_moment(text) == expected


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Z", 0), ("z", 0), ("+00:00", 0), ("+01", 1), ("+0100", 1), ("+01:00", 1), (" +01:00", 1), ("-08:00", -8),
     ("-00:30", -0.5), ("+05:45", 5.75), ("+14:00", 14)],
)  # fmt: skip
def test_a_time_with_an_offset_is_real_time(zone, hours):
    """Every way of writing an offset means the same moment, on every Python."""
    found = parse_moment(f"2026-01-16T08:00:00{zone}")
    assert isinstance(found, datetime)
    assert found == at(2026, 1, 16, 8, hours=hours)
    assert found.utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text",
    ["", "now", "yesterday 8:00", "2026-01-16", "08:00", "2026/01/16 08:00", "16.01.2026 08:00", "2026-01-16T8",
     "2026-01-16T08:00:00+1", "2026-01-16T08:00:00+01:00:00", "2026-01-16T08:00:00 CET", "2026-01-16T08:00:00.",
     "2026-01-16T08:00:00Z+01", "2026-01-16T08:00:00\x1b[2J", "٢٠٢٦-01-16T08:00", "2026-W03-5T08:00"],
)  # fmt: skip
def test_what_is_not_a_time_is_refused_with_advice(text):
    """The message names the option and the text; the hint shows how to write a time."""
    with pytest.raises(UsageError) as caught:
        parse_moment(text, "--end")
    assert str(caught.value).startswith(f"--end {text!r} is not a time")
    assert "2026-01-16T08:00:00-08:00" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T08:00", "2026-13-01T08:00", "2025-02-29T08:00", "2026-01-16T24:00", "2026-01-16T08:60",
     "2026-01-16T08:00:60", "0000-01-01T00:00"],
)  # fmt: skip
def test_a_time_that_does_not_exist_is_refused_with_advice(text):
    """30 February is not a time either, and the message says that it does not exist."""
    with pytest.raises(UsageError, match=r"--start .* does not exist") as caught:
        parse_moment(text, "--start")
    assert caught.value.hint


@pytest.mark.parametrize("offset", ["+15:00", "-99", "+01:60", "+0160"])
def test_an_offset_that_no_place_has_is_refused_with_advice(offset):
    """A typing error in the offset does not become another day in silence."""
    with pytest.raises(UsageError, match=r"--start .* no place on earth") as caught:
        parse_moment(f"2026-01-16T08:00:00{offset}", "--start")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59"])
def test_a_year_in_which_arithmetic_would_overflow_is_refused_with_advice(text):
    """«Until the end of time» is a usage error, not a crash later on."""
    with pytest.raises(UsageError, match=r"--end .* is in a year without recordings") as caught:
        parse_moment(text, "--end")
    assert caught.value.hint


def test_the_widest_range_can_be_converted_and_shown():
    """The outermost times that are accepted survive every conversion, with any offset."""
    asked = parse_range("1970-01-01T00:00:00+14:00", "2199-12-31T23:59:59.999999-14:00")
    for hours in (-14, 14):
        clock = CameraClock(timedelta(hours=hours), timedelta(0), "")
        span = to_camera_span(asked, clock)
        assert clock.to_utc(span.start) == asked.start
        assert clock.to_utc(span.end) == asked.end


@pytest.mark.parametrize(("start", "end", "naive"), [("08:00", "09:00Z", "--start"), ("08:00+01", "09:00", "--end")])
def test_a_range_of_mixed_ends_is_refused(start, end, naive):
    """One end with an offset and one without cannot be compared: the message says which has none."""
    with pytest.raises(UsageError, match=f"^{naive} has no offset") as caught:
        parse_range(f"2026-01-16T{start}", f"2026-01-16T{end}")
    assert "neither" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-01-16T09:00", "2026-01-16T08:00"), ("2026-01-16T09:00", "2026-01-16T09:00"),
     ("2026-01-16T09:00Z", "2026-01-16T10:00+01:00"), ("2026-01-16T09:00Z", "2026-01-16T09:30+01:00")],
)  # fmt: skip
def test_a_range_that_does_not_go_forward_is_refused(start, end):
    """Start must be before end, in real time where there are offsets."""
    with pytest.raises(UsageError, match="is not before") as caught:
        parse_range(start, end)
    assert start in str(caught.value)
    assert end in str(caught.value)
    assert caught.value.hint


def test_a_range_names_the_option_that_is_wrong():
    """The person sees whether --start or --end has to be changed."""
    with pytest.raises(UsageError, match=r"^--end 'later'"):
        parse_range("2026-01-16T09:00", "later")
    with pytest.raises(UsageError, match=r"^--start 'now'"):
        parse_range("now", "later")


def test_different_offsets_on_both_ends_are_fine():
    """Both ends are real time: their difference counts, not their looks."""
    asked = parse_range("2026-01-16T09:00+01:00", "2026-01-16T08:30Z")
    assert asked_length(asked) == timedelta(minutes=30)


def test_asked_length_of_a_mixed_range_is_a_usage_error():
    """A range that was put together elsewhere is held to the same rule."""
    with pytest.raises(UsageError):
        asked_length(AskedRange(wall(2026, 1, 16, 8), at(2026, 1, 16, 9)))


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "+00:00"), (60, "+01:00"), (-480, "-08:00"), (345, "+05:45"), (765, "+12:45"), (-30, "-00:30"),
     (-210, "-03:30"), (840, "+14:00")],
)  # fmt: skip
def test_offsets_are_written_as_iso_8601_writes_them(minutes, text):
    """Sign, two digits, colon, two digits; also below an hour."""
    assert format_offset(timedelta(minutes=minutes)) == text


@pytest.mark.parametrize(
    ("off", "offset", "drift"),
    [
        (timedelta(0), timedelta(0), timedelta(0)),
        (timedelta(hours=1, seconds=3), timedelta(hours=1), timedelta(seconds=3)),
        (timedelta(hours=-8, seconds=-42), timedelta(hours=-8), timedelta(seconds=-42)),
        (timedelta(hours=5, minutes=45, seconds=9), timedelta(hours=5, minutes=45), timedelta(seconds=9)),
        (timedelta(hours=12, minutes=45), timedelta(hours=12, minutes=45), timedelta(0)),
        (timedelta(hours=1, minutes=7), timedelta(hours=1), timedelta(minutes=7)),
        (timedelta(hours=1, minutes=8), timedelta(hours=1, minutes=15), timedelta(minutes=-7)),
        (timedelta(hours=-3, minutes=-30, seconds=59), timedelta(hours=-3, minutes=-30), timedelta(seconds=59)),
    ],
    ids=["UTC", "+1 fast", "-8 slow", "Nepal", "Chatham", "7 min fast", "7 min slow", "Newfoundland"],
)
def test_measure_parts_the_zone_from_the_drift(off, offset, drift):
    """The zone is the nearest quarter of an hour; what is left is drift, positive where the clock is fast."""
    moment = at(2026, 1, 16, 12)
    clock = measure(WallTime((moment + off).replace(tzinfo=None)), moment)
    assert (clock.offset, clock.drift) == (offset, drift)
    assert clock.source


@pytest.mark.parametrize(
    ("hours", "plausible"), [(-12, True), (0, True), (14, True), (-12.25, False), (14.25, False), (-227_904, False)]
)
def test_an_offset_that_no_zone_has_means_a_wrong_clock(hours, plausible):
    """A camera that starts at 2000-01-01 after a power cut is not in a far-away zone."""
    assert CameraClock(timedelta(hours=hours), timedelta(0), "").is_plausible is plausible


def test_measure_takes_a_reading_in_any_zone():
    """The moment of the reading may be aware in whatever zone: only real time counts."""
    assert measure(wall(2026, 1, 16, 13), at(2026, 1, 16, 4, hours=-8)).offset == timedelta(hours=1)


def test_conversion_does_not_add_the_drift():
    """Drift is reported, not applied: the range is that of the zone."""
    clock = CameraClock(timedelta(hours=1), timedelta(seconds=40), "")
    assert clock.to_wall(at(2026, 1, 16, 8, hours=-8)) == wall(2026, 1, 16, 17)
    assert clock.to_utc(wall(2026, 1, 16, 17)) == at(2026, 1, 16, 16)
    assert clock.offset_text == "+01:00"


def test_a_naive_range_needs_no_clock():
    """A time without an offset is what the camera's picture shows, whatever its clock says."""
    asked = parse_range("2026-01-16T08:00", "2026-01-16T09:00")
    expected = Span(wall(2026, 1, 16, 8), wall(2026, 1, 16, 9))
    assert to_camera_span(asked, None) == expected
    assert to_camera_span(asked, CameraClock(timedelta(hours=5), timedelta(0), "")) == expected


def test_an_aware_range_without_a_clock_is_an_error_with_advice():
    """Where the camera does not tell its time, an offset cannot be converted, and nothing is guessed."""
    asked = parse_range("2026-01-16T08:00Z", "2026-01-16T09:00Z")
    with pytest.raises(CameraError) as caught:
        to_camera_span(asked, None)
    assert "without an offset" in str(caught.value.hint)
