"""Times as people type them, and the camera's clock against real time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest

from camreel.clock import (
    CameraClock,
    asked_length,
    format_offset,
    locate,
    parse_around,
    parse_camera_zone,
    parse_date,
    parse_from,
    parse_last,
    parse_length,
    parse_moment,
    parse_point,
    parse_range,
    parse_zone_name,
)
from camreel.errors import UsageError
from camreel.model import AskedAround, AskedRange, DayTime, Now, OpenDay, WallTime

NOW = datetime(2026, 1, 17, 12, tzinfo=timezone.utc)


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
    ["", "now", "yesterday 8:00", "2026-01-16", "08:00", "2026-01-16T8",
     "2026-01-16T08:00:00+1", "2026-01-16T08:00:00+01:00:00", "2026-01-16T08:00:00 XYZ", "2026-01-16T08:00:00.",
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
    ["2026-02-30T08:00", "2026-13-01T08:00", "2025-02-29T08:00", "2026-01-16T24:01", "2026-01-16T08:60",
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
    with pytest.raises(UsageError, match=r"--start .* no time zone has") as caught:
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
        clock = CameraClock.fixed(timedelta(hours=hours))
        span = locate(asked, clock, NOW).span
        assert (clock.to_utc(span.start), clock.to_utc(span.end)) == asked.bounds


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
    with pytest.raises(UsageError, match=r"is not before|are the same") as caught:
        parse_range(start, end)
    assert start in str(caught.value)
    assert end in str(caught.value)
    assert caught.value.hint


def test_a_range_names_the_option_that_is_wrong():
    """The person sees whether --start or --end has to be changed."""
    with pytest.raises(UsageError, match=r"^--end 'later'"):
        parse_range("2026-01-16T09:00", "later")
    with pytest.raises(UsageError, match=r"^--start 'sometime'"):
        parse_range("sometime", "later")


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
    ("text", "point"),
    [
        ("now", Now()),
        (" Now ", Now()),
        ("today", DayTime(0)),
        ("yesterday", DayTime(-1)),
        ("yesterday 08:00", DayTime(-1, time(8))),
        ("Yesterday  8:05:30", DayTime(-1, time(8, 5, 30))),
        ("todayT23:59", DayTime(0, time(23, 59))),
        ("08:00", DayTime(OpenDay(), time(8))),
        ("8:00:00.5", DayTime(OpenDay(), time(8, 0, 0, 500_000))),
        ("2026-01-16T08:00", WallTime(datetime(2026, 1, 16, 8))),  # noqa: DTZ001
    ],
)
def test_times_in_words(text, point):
    """Now, today, yesterday, or a time alone, whose day is open; a day alone is its beginning."""
    assert parse_point(text) == point


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "today 25:00", "08:00Z", "yesterday 08:00+01:00", "8", "todays", "٠٨:٠٠", "08:60"]
)
def test_other_words_are_refused_with_advice(text):
    """Nothing is guessed: not even an offset behind a relative time."""
    with pytest.raises(UsageError, match=r"^--start") as caught:
        parse_point(text, "--start")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("90s", 90), ("2d", 172_800), ("1 h 30 min", 5400),
     ("2 Hours", 7200), ("1d2h3m4s", 93_784), ("366d", 366 * 86_400)],
)  # fmt: skip
def test_lengths(text, seconds):
    """A number and a unit, or several, as people write them."""
    assert parse_length(text, "--last") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "h", "0s", "-1h", "1.5h", "1h 1h", "367d", "99999999h", "1m1h", "٣m"])
def test_what_is_no_length_is_refused_with_advice(text):
    """A number without a unit could be anything; nothing and more than a year are mistakes."""
    with pytest.raises(UsageError, match=r"^--duration ") as caught:
        parse_length(text, "--duration")
    assert caught.value.hint


def test_ranges_in_other_words():
    """--date, --last, --around and --duration, each as a value."""
    day = parse_date("2026-01-16")
    assert (day.start, day.end) == (DayTime(date(2026, 1, 16)), DayTime(date(2026, 1, 17)))
    assert not day.is_relative and asked_length(day) == timedelta(days=1)
    assert parse_date("yesterday").is_relative
    assert parse_last("2h") == AskedAround(Now(), before=timedelta(hours=2))
    around = parse_around("2026-01-16 14:05", 10)
    assert [str(bound) for bound in around.bounds] == ["2026-01-16 13:55:00", "2026-01-16 14:15:00"]
    assert asked_length(parse_from("2026-01-16 08:00", "30m")) == timedelta(minutes=30)


@pytest.mark.parametrize(
    "text", ["03/04/2026", "2026-02-30", "tomorrow", "2026-01", "1969-12-31", "", "2026-01-16 08:00"]
)
def test_what_is_no_day_is_refused_with_advice(text):
    """Also one that could be two."""
    with pytest.raises(UsageError, match=r"^--date ") as caught:
        parse_date(text)
    assert caught.value.hint


def test_a_relative_time_beside_one_with_an_offset_is_refused():
    """«today 08:00» is the camera's, «09:00Z» is not: the message says which has no offset. «now» goes with both."""
    with pytest.raises(UsageError, match=r"^--start has no offset"):
        parse_range("today 08:00", "2026-01-16T09:00Z")
    assert parse_range("08:00", "now").is_relative
    assert parse_range("2026-01-16T09:00Z", "now").is_relative


def test_with_times_in_the_ends_may_differ():
    """What has no offset is then real time, too."""
    asked = parse_range("2026-01-16 08:00", "2026-01-16T09:00Z", "Europe/Berlin")
    assert asked.times_in == "Europe/Berlin"


@pytest.mark.parametrize("text", ["Europe/Berlin", " America/Argentina/Ushuaia", "UTC", "Etc/GMT+5"])
def test_zone_names(text):
    """Names of the IANA database."""
    assert parse_zone_name(text, "--times-in") == text.strip()


@pytest.mark.parametrize(
    "text", ["", "Berlin", "Easterntime", "../etc/passwd", "Europe/", "Europe/Nowhere", "right/UTC", "+01:00"]
)
def test_what_is_no_zone_is_refused_with_advice(text):
    """Abbreviations mean several places, and a path is no zone."""
    with pytest.raises(UsageError, match="is not a time zone") as caught:
        parse_zone_name(text, "--times-in")
    assert "Europe/Berlin" in str(caught.value.hint)


def test_a_camera_may_be_at_one_offset_all_year():
    """For a camera whose clock knows no daylight saving."""
    assert parse_camera_zone("+01:00") == "+01:00"
    assert parse_camera_zone("UTC-05") == "-05"
    assert parse_camera_zone("Asia/Kathmandu") == "Asia/Kathmandu"
    with pytest.raises(UsageError, match="no time zone has"):
        parse_camera_zone("+25:00")


def test_equal_ends_are_told_apart_from_swapped_ones():
    """Swapping would not help there, so the message does not advise it."""
    with pytest.raises(UsageError, match="are the same") as caught:
        parse_range("2026-01-16T08:00", "2026-01-16T08:00")
    assert "later" in (caught.value.hint or "")
