"""Times as people type them: which range they mean, at which moment; and that none is understood otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.cli.values import When, read_range
from camreel.clock import (
    CameraClock,
    NamedZone,
    locate,
    parse_date,
    parse_range,
    parse_span,
    parse_zone_name,
    split_range,
)
from camreel.clock.resolve import CameraRange
from camreel.errors import UsageError

UTC = CameraClock.fixed(timedelta(0))
EVENING, NIGHT = "11-30 21:58", "11-30 01:30"  # a Monday


def seen(now: str, start: str | None, end: str | None = None, *, follow: bool = False, **when: str) -> CameraRange:
    """The range at the moment ``now`` of 2026, by a clock that is at UTC."""
    at = datetime.fromisoformat(f"2026-{now}").replace(tzinfo=timezone.utc)
    return locate(read_range(start, end, When(**when), follow=follow), UTC, at)  # type: ignore[arg-type]


def days(found: CameraRange) -> str:
    """Month, day and time of both ends."""
    return f"{str(found.span.start)[5:16]} {str(found.span.end)[5:16]}"


@pytest.mark.parametrize(
    ("now", "start", "end", "means"),
    [
        (EVENING, "2026-01-16 08:00", "08:02", "01-16 08:00 01-16 08:02"),
        (EVENING, "2026-11-28 23:45", "23:50", "11-28 23:45 11-28 23:50"),
        (EVENING, "2026-11-28 23:45", "0:10", "11-28 23:45 11-29 00:10"),
        (EVENING, "2026-01-16 00:00", "24:00", "01-16 00:00 01-17 00:00"),
        (EVENING, "23:00", "03:00", "11-29 23:00 11-30 03:00"),
        (NIGHT, "23:00", "03:00", "11-29 23:00 11-30 03:00"),
        ("11-30 23:00", "23:00", "03:00", "11-29 23:00 11-30 03:00"),
        ("11-30 23:01", "23:00", "03:00", "11-30 23:00 12-01 03:00"),
        (EVENING, "08:00", "09:00", "11-30 08:00 11-30 09:00"),
        (NIGHT, "08:00", "09:00", "11-29 08:00 11-29 09:00"),
        (EVENING, "yesterday 23:00", "03:00", "11-29 23:00 11-30 03:00"),
        (EVENING, "23:00", "today 03:00", "11-29 23:00 11-30 03:00"),
        (EVENING, "23:00", "2026-11-20 03:00", "11-19 23:00 11-20 03:00"),
        (EVENING, "23:00", "now", "11-29 23:00 11-30 21:58"),
        (EVENING, "2026-01-16", "2026-01-17", "01-16 00:00 01-18 00:00"),
        (EVENING, "yesterday", "yesterday", "11-29 00:00 11-30 00:00"),
        (EVENING, "2026/01/16 08:00", "9am", "01-16 08:00 01-16 09:00"),
        (EVENING, "20260116T080000", "20260116T0900", "01-16 08:00 01-16 09:00"),
        (EVENING, "16/01/2026 08:00", "8:30 PM", "01-16 08:00 01-16 20:30"),
        (EVENING, "01/16/2026, 8 am", "12pm", "01-16 08:00 01-16 12:00"),
        (EVENING, "16.1.2026 12:05 a.m.", "1 a.m.", "01-16 00:05 01-16 01:00"),
        (EVENING, "3.4.2026 8:00", "9:00", "04-03 08:00 04-03 09:00"),
        (EVENING, "5/5/2026 8:00", "9:00", "05-05 08:00 05-05 09:00"),
        (EVENING, "2026-01-16 23:00", "24:00", "01-16 23:00 01-17 00:00"),
        (EVENING, "23:00", "24:00", "11-29 23:00 11-30 00:00"),
        (EVENING, "2026-01-16 23:00", "2026-01-16 24:00", "01-16 23:00 01-17 00:00"),
        (EVENING, "friday 23:00", "3:00", "11-27 23:00 11-28 03:00"),
        (EVENING, "Fri", "sun", "11-27 00:00 11-30 00:00"),
        (EVENING, "last friday", "sunday 8:00", "11-27 00:00 11-29 08:00"),
        (EVENING, "monday 08:00", "9:00", "11-30 08:00 11-30 09:00"),
        (EVENING, "monday 23:00", "tuesday 1:00", "11-23 23:00 11-24 01:00"),
        (EVENING, "8:00 yesterday", "9:00", "11-29 08:00 11-29 09:00"),
        (EVENING, "2026-01-16T08:00Z", "08:30", "01-16 08:00 01-16 08:30"),
        (EVENING, "2026-01-16T08:00+02:00", "08:30", "01-16 06:00 01-16 06:30"),
        (EVENING, "08:00", "2026-01-16T09:00+02:00", "01-16 06:00 01-16 07:00"),
        (EVENING, "2026-01-16 08:00 UTC", "2026-01-16 09:00 utc", "01-16 08:00 01-16 09:00"),
    ],
)  # fmt: skip
def test_which_range_is_meant(now: str, start: str, end: str, means: str) -> None:
    """An end is the first such time after its start; a start without its day is the last one in the past."""
    assert days(seen(now, start, end)) == means


@pytest.mark.parametrize(
    ("now", "when", "means"),
    [
        (EVENING, {"around": "23:45"}, "11-29 23:35 11-29 23:55"),
        (EVENING, {"around": "21:00"}, "11-30 20:50 11-30 21:10"),
        (EVENING, {"date": "last night"}, "11-29 18:00 11-30 06:00"),
        (NIGHT, {"date": "Last  Night"}, "11-29 18:00 11-30 06:00"),
        ("11-30 09:00", {"date": "last night"}, "11-29 18:00 11-30 06:00"),
        (EVENING, {"date": "friday"}, "11-27 00:00 11-28 00:00"),
        (EVENING, {"date": "monday"}, "11-30 00:00 12-01 00:00"),
        (EVENING, {"date": "2026-01-16"}, "01-16 00:00 01-17 00:00"),
        (EVENING, {"date": "16.01.2026"}, "01-16 00:00 01-17 00:00"),
        (EVENING, {"start": "23:00", "duration": "2h"}, "11-29 23:00 11-30 01:00"),
        (EVENING, {"start": "08:00-08:02"}, "11-30 08:00 11-30 08:02"),
        (EVENING, {"start": "8am - 9am"}, "11-30 08:00 11-30 09:00"),
        (EVENING, {"start": "2026-01-16 08:00-08:02"}, "01-16 08:00 01-16 08:02"),
        (EVENING, {"start": "yesterday 23:00-03:00"}, "11-29 23:00 11-30 03:00"),
        (EVENING, {"start": "2026-01-16T08:00-08:00 - 2026-01-16T09:00-08:00"}, "01-16 16:00 01-16 17:00"),
        (EVENING, {"start": "6 pm-8 pm"}, "11-30 18:00 11-30 20:00"),
        (EVENING, {"start": "14:00-9 pm"}, "11-30 14:00 11-30 21:00"),
        (EVENING, {"start": "2026-01-16 23:00-2026-01-17 03:00"}, "01-16 23:00 01-17 03:00"),
        (EVENING, {"start": "2026-01-16 23:00..03:00"}, "01-16 23:00 01-17 03:00"),
        (EVENING, {"start": "yesterday 23:00 to 03:00"}, "11-29 23:00 11-30 03:00"),
        (EVENING, {"start": "2026-01-16T08:00Z..08:30"}, "01-16 08:00 01-16 08:30"),
    ],
)
def test_ranges_in_other_forms(now: str, when: dict[str, str], means: str) -> None:
    """Around a time, a day, a night, a length, and both ends in one word."""
    rest: dict[str, Any] = dict(when)
    assert days(seen(now, rest.pop("start", None), **rest)) == means


@pytest.mark.parametrize(
    ("now", "when", "means"),
    [
        (EVENING, {"start": "23:00", "end": "03:00"}, "11-30 23:00 12-01 03:00"),
        (NIGHT, {"start": "23:00", "end": "03:00"}, "11-29 23:00 11-30 03:00"),
        ("11-30 03:00", {"start": "23:00", "end": "03:00"}, "11-30 23:00 12-01 03:00"),
        (EVENING, {"date": "23:00-03:00"}, "11-30 23:00 12-01 03:00"),
        (EVENING, {"date": "friday"}, "12-04 00:00 12-05 00:00"),
        (EVENING, {"start": "now", "end": "23:00"}, "11-30 21:58 11-30 23:00"),
        (EVENING, {"start": "23:00", "duration": "1h"}, "11-30 23:00 12-01 00:00"),
        (EVENING, {"around": "23:45"}, "11-30 23:35 11-30 23:55"),
        (EVENING, {"start": "23:00-03:00"}, "11-30 23:00 12-01 03:00"),
    ],
)
def test_with_follow_it_is_the_first_that_is_not_over(now: str, when: dict[str, Any], means: str) -> None:
    """Who waits means what is still to come."""
    assert days(seen(now, when.pop("start", None), when.pop("end", None), follow=True, **when)) == means


def test_times_in_another_zone_are_completed_by_its_clock() -> None:
    """Also beside a time with an offset: its date is that of the zone."""
    found = seen(EVENING, "23:30", "2026-01-16T23:00Z", times_in="Europe/Berlin")  # midnight there
    assert days(found) == "01-16 22:30 01-16 23:00"
    found = seen(EVENING, "2026-01-16T23:30Z", "01:00", times_in="Europe/Berlin")
    assert days(found) == "01-16 23:30 01-17 00:00"
    assert days(seen(EVENING, "22:30", "now", times_in="Europe/Berlin")) == "11-30 21:30 11-30 21:58"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("yesteday 08:00", "'yesteday' is not understood. Did you mean yesterday?", ""),
        ("last nigt", "'nigt' is not understood. Did you mean last night?", ""),
        ("lats night", "Did you mean last night?", ""),
        ("fridy", "is not understood. Did you mean friday?", ""),
        ("2026-01-16 8 o'clock", "'8' is not understood", ""),
        ("03/04/2026 08:00", "could be 2026-03-04 or 2026-04-03", "year first"),
        ("2026-11-28 23:45 EST", "EST is not clear", "America/New_York"),
        ("2026-11-28 23:45 est", "est is not clear", "America/New_York"),
        ("13 pm", "13 is no hour before pm", "20:00"),
        ("0am", "0 is no hour before am", "20:00"),
        ("25:00", "there is no hour 25", ""),
        ("yesterday 08:00+01:00", "'+01:00' is not understood", ""),
        ("friday 08:00Z", "'Z' is not understood", ""),
    ],
)
def test_an_error_names_the_part(text: str, said: str, hint: str) -> None:
    """And what comes near it, or what it could be."""
    with pytest.raises(UsageError) as caught:
        parse_range(text, "2026-01-20 09:00")
    assert str(caught.value).startswith("--start ")
    assert said in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-16 08:00-09:00", "could be 2026-01-16 08:00 to 09:00, or 2026-01-16 08:00 at -09:00 from UTC"),
        ("2026-01-16 8:00-03:30", "could be"),
        ("8:00-9:00 pm", "does not say whether 8:00 is am or pm"),
        ("yesterday 8:00 to 9 p.m.", "does not say whether yesterday 8:00 is am or pm"),
    ],
)
def test_a_range_in_one_word_that_could_be_two_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        seen(EVENING, text)
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("start", "end"), [("08:00", "08:00"), ("2026-01-16 08:00", "8:00"), ("2026-01-16T08:00Z", "08:00")]
)
def test_two_times_that_are_the_same_are_no_day(start: str, end: str) -> None:
    """Who types that means something else."""
    with pytest.raises(UsageError, match=r"is not before|are the same"):
        parse_range(start, end)


def test_a_day_that_has_no_midnight_is_a_day() -> None:
    """In Cairo, 24 April 2026 begins at 01:00; whatever it is called."""
    clock = CameraClock.fixed(timedelta(hours=2))
    clock = replace(clock, zone=NamedZone("Africa/Cairo"))
    now = datetime(2026, 4, 25, 9, tzinfo=timezone.utc)
    assert locate(parse_date("friday"), clock, now).span == locate(parse_date("2026-04-24"), clock, now).span


@pytest.mark.parametrize("zone", ["EST", "cst", "BST", "CET"])
def test_the_abbreviation_of_a_zone_is_refused_with_names(zone: str) -> None:
    with pytest.raises(UsageError, match="is not clear") as caught:
        parse_zone_name(zone, "--times-in")
    assert "/" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-16",
        "2026-01-16T08:00-08:00",
        "2026-01-16 08:00:00-08:00",
        "now",
        "08:00",
        "-",
        "..",
        "08:00-",
        "2026-01-16 08:00+01:00",
        "to",
    ],
)
def test_one_moment_is_no_range(text: str) -> None:
    assert split_range(text) is None


def test_a_day_is_a_range_and_a_moment_is_none() -> None:
    assert parse_span("yesterday", "RANGE") == parse_date("yesterday")
    for moment in ("2026-01-16 08:00", "yesterday 8 pm", "yesterdayT0800", "friday 00:00", "08:00"):
        assert parse_span(moment, "RANGE") is None
    assert parse_span("now", "RANGE") is None


# --- Whatever is accepted, printed and typed again, is the same range ------------------------------------------------

_days = st.sampled_from(
    [
        "",
        "today ",
        "yesterday ",
        "friday ",
        "Mon ",
        "2026-01-16 ",
        "2026/3/7 ",
        "16.1.2026 ",
        "20261030T",
        "11/29/2026 ",
    ]
)
CLOCKS = {"00:00", "3:05", "08:00", "13:30", "23:59:59", "24:00", "8am", "12 pm", "12:30 a.m."}
_clocks = st.sampled_from(sorted(CLOCKS))
_points = st.builds(
    lambda day, clock: f"{day}{clock.replace(':', '')[:4]}" if day.endswith("T") else f"{day}{clock}", _days, _clocks
) | st.sampled_from(["now", "today", "yesterday", "sunday", "2026-11-30"])


@given(_points, _points, st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 30)), st.booleans())  # noqa: DTZ001
def test_a_range_that_is_printed_and_typed_again_is_the_same(start: str, end: str, at: datetime, follow: bool) -> None:
    """Also in one word. One that was completed is a day long at most."""
    now = at.replace(tzinfo=timezone.utc)
    try:
        found = locate(read_range(start, end, When(), follow=follow), UTC, now).span
    except UsageError:
        return
    again = locate(parse_range(str(found.start), str(found.end)), UTC, now).span
    assert again == found
    printed = parse_span(str(found), "RANGE")
    assert printed is not None
    assert locate(printed, UTC, now).span == found
    if {start, end} & CLOCKS:
        assert found.end - found.start <= timedelta(days=1)
