"""What a camera says of its zone, what of it is believed, and where listed times lie in the hour that comes twice."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from camreel.clock import (
    CameraClock,
    NamedZone,
    Reading,
    ZoneFacts,
    locate,
    parse_date,
    parse_from,
    parse_last,
    parse_range,
    search_window,
    show_span,
    straightened,
    turns,
    understand,
)
from camreel.clock.zone_sources import contradictions, sources
from camreel.clock.zones import SeasonZone, Summer, Turn
from camreel.devices.dahua.protocol import offset_of_index, parse_zone_facts
from camreel.errors import CameraError, UsageError
from camreel.model import Address, Recording, Span, Split, Target, WallTime

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BERLIN = NamedZone("Europe/Berlin")


def wall(text: str) -> WallTime:
    return WallTime.fromisoformat(text)


def clock(drift: float = 0) -> CameraClock:
    return CameraClock(BERLIN, timedelta(seconds=drift), "", HOUR, seen_drift=timedelta(seconds=drift))


# What a DH-NVR608H answers (DST off, and a year in the rule), CRLF as on the wire.
NTP = "table.NTP.Enable=true\r\ntable.NTP.TimeZone=25\r\ntable.NTP.TimeZoneDesc=Easterntime\r\n"
LOCALES = """table.Locales.DSTEnable=false
table.Locales.DSTStart.Year=2026
table.Locales.DSTStart.Month=3
table.Locales.DSTStart.Week=2
table.Locales.DSTStart.Day=0
table.Locales.DSTStart.Hour=2
table.Locales.DSTEnd.Year=2026
table.Locales.DSTEnd.Month=11
table.Locales.DSTEnd.Week=1
table.Locales.DSTEnd.Day=0
table.Locales.DSTEnd.Hour=2
"""
US = Summer(Turn(3, 2, 0, 2), Turn(11, 1, 0, 2))


def dahua(index: int | None = None, **said) -> ZoneFacts:
    """Facts of a Dahua device, whose ``NTP.TimeZone`` is ``index``."""
    standard = None if index is None else offset_of_index(index)
    return ZoneFacts(
        standard=standard,
        description_from="NTP.TimeZoneDesc",
        standard_from=f"NTP.TimeZone={index} and Locales",
        **said,
    )


def test_the_settings_of_a_recorder():
    """Off is off, whatever the rule says; switched on, the rule is the American one."""
    facts = parse_zone_facts(NTP, LOCALES)
    assert facts == dahua(25, description="Easterntime", has_rule=True)
    assert facts.standard == -5 * HOUR
    on = parse_zone_facts(NTP, LOCALES.replace("=false", "=true"))
    assert on.summer == US


@pytest.mark.parametrize(
    ("ntp", "locales", "facts"),
    [
        (None, None, dahua()),
        ("Error\r\nBad Request!\r\n", "Error", dahua()),
        (NTP, None, dahua(25, description="Easterntime")),
        ("table.NTP.TimeZone=x", "table.Locales.DSTEnable=false", dahua(has_rule=True)),
        (None, "table.Locales.TimeZone=13\ntable.Locales.DSTEnable=false", dahua(13, has_rule=True)),
        ("", LOCALES.replace("=false", "=true").replace("Month=3", "Month=13"), dahua()),
        ("table.NTP.TimeZone=" + "9" * 40, "", dahua()),
    ],
)
def test_what_cannot_be_read_is_not_known(ntp, locales, facts):
    """A refused or broken answer is nothing, never a guess; a rule that is on and unreadable is not «off»."""
    assert parse_zone_facts(ntp, locales) == facts


def test_a_rule_by_dates():
    """A week of 0, or WeekEnable=false, means the day of the month."""
    by_date = LOCALES.replace("=false", "=true").replace("Week=2", "Week=0").replace("Week=1", "Week=0")
    by_date = by_date.replace("Day=0", "Day=28")
    facts = parse_zone_facts(NTP, by_date)
    assert facts.summer == Summer(Turn(3, None, 28, 2), Turn(11, None, 28, 2))
    weekly = LOCALES.replace("=false", "=true").replace("Day=0", "Day=5") + "\ntable.Locales.WeekEnable=false"
    assert parse_zone_facts(NTP, weekly).summer == Summer(Turn(3, None, 5, 2), Turn(11, None, 5, 2))


FACTS = dahua(1, description="Europe/Berlin", summer=Summer(Turn(3, -1, 0, 2), Turn(10, -1, 0, 3)), has_rule=True)
READING = Reading(wall("2026-11-20T13:00:07"), NOW)
TOLD = ((wall("2026-11-20T12:00:00"), HOUR),)


def test_the_first_source_that_answers_is_taken():
    """--camera-tz, the name, the recordings, the settings, the measurement: each where those before it are silent."""
    answers = sources("Europe/Paris", FACTS, READING, TOLD)
    assert [source.rank for source in answers] == [1, 2, 3, 4, 5]
    assert [bool(source.weakness) for source in answers] == [False, False, False, True, True]
    assert [s.rank for s in sources(None, replace(FACTS, description="Berlin, Bern, Rom"), READING)] == [4, 5]
    assert [s.rank for s in sources(None, replace(FACTS, description="GMT+01:00", has_rule=False), READING)] == [5]
    assert sources(None, dahua(33, has_rule=True), None) == ()


def test_contradictions_name_both_values():
    """Sources that agree on the day are silent; those that do not are named with their values."""
    agreed = sources("Europe/Paris", FACTS, READING, TOLD)
    assert contradictions(agreed, NOW) == ()
    (said,) = contradictions(sources("Europe/Paris", dahua(8, description="", has_rule=True), READING), NOW)
    assert "UTC+01:00 (Europe/Paris) by --camera-tz" in said
    assert "UTC+05:30 by the camera's NTP.TimeZone=8" in said


@pytest.mark.parametrize(
    ("shown", "seconds"), [("13:00:07", 7), ("13:00:01", 0), ("12:59:58", -2), ("11:00:00", -7200)]
)
def test_drift_is_what_the_zone_does_not_explain(shown, seconds):
    """In whole seconds; a second is what the camera's answer in whole seconds cannot tell."""
    reading = Reading(wall(f"2026-11-20T{shown}"), NOW)
    assert reading.drift_in(BERLIN) == timedelta(seconds=seconds)


def test_drift_in_the_repeated_hour_is_the_smaller_one():
    """A clock that shows 02:30 in the second pass is right, not an hour slow."""
    second = datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc)
    assert Reading(wall("2026-10-25T02:30:00"), second).drift_in(BERLIN) == timedelta(0)
    assert Reading(wall("2026-10-25T02:30:00"), second - HOUR).drift_in(BERLIN) == timedelta(0)


TARGET = Target(Address("x", 80), "u")


def test_a_camera_that_tells_nothing_can_still_be_asked_by_its_zone():
    """Without a clock and settings, --camera-tz converts; without that, an offset cannot be, and it is said."""
    asked = parse_range("2026-07-16T08:00Z", "2026-07-16T09:00Z")
    with pytest.raises(CameraError, match="does not report its time") as caught:
        understand(TARGET, asked, None, ZoneFacts(), NOW)
    assert "--camera-tz" in str(caught.value.hint)
    known = understand(replace(TARGET, camera_tz="Europe/Berlin"), asked, None, ZoneFacts(), NOW)
    assert str(known.where.span) == "2026-07-16 10:00:00 to 11:00:00"
    assert any("cannot check its clock" in warning for warning in known.warnings)


def test_a_clock_that_was_never_set_is_called_wrong():
    """2000-01-01 after a power cut is no zone."""
    reading = Reading(wall("2000-01-01T00:10:00"), NOW)
    understood = understand(TARGET, parse_range("2000-01-01T00:00", "2000-01-01T01:00"), reading, ZoneFacts(), NOW)
    assert any("clock is wrong: it shows 2000-01-01 00:10:00" in warning for warning in understood.warnings)
    assert str(understood.where.span) == "2000-01-01 00:00:00 to 01:00:00"
    real = understand(TARGET, parse_range("2026-11-20T11:55Z", "2026-11-20T12:00Z"), reading, ZoneFacts(), NOW)
    assert str(real.where.span) == "2000-01-01 00:05:00 to 00:10:00", "what was recorded since the power came back"


def test_relative_words_of_several_are_of_one_moment():
    """Channels that are asked one after the other have the same range."""
    berlin, later = replace(TARGET, camera_tz="Europe/Berlin"), NOW + timedelta(seconds=19)
    spans = {
        understand(berlin, parse_last("1h"), None, ZoneFacts(), now, asked_at=NOW).where.span for now in (NOW, later)
    }
    assert len(spans) == 1


def recordings(*times: str, offsets: tuple[int | None, ...] = ()) -> list[Recording]:
    """Ten minutes from each time on, on 25 October 2026, listed in this order."""
    listed = []
    for position, text in enumerate(times):
        start = wall(f"2026-10-25T{text}:00")
        offset = offsets[position] if offsets else None
        name = f"/{position}.mp4"
        listed.append(Recording(name, Span(start, start + 10 * MINUTE), position=position, utc_offset=offset))
    return listed


def offsets_of(listed: list[Recording], start: str, end: str) -> tuple[list[int], tuple[str, ...]]:
    """The hours east of UTC that each recording was placed at."""
    where = locate(parse_range(start, end), clock(), NOW)
    placed, said = straightened(listed, where)
    assert where.clock is not None
    return [round(where.clock.offset_at(each.span.start) / HOUR) for each in placed], said


NIGHT = ("2026-10-25 00:00", "2026-10-25 06:00")


@pytest.mark.parametrize(
    ("listed", "hours"),
    [
        (recordings("01:50", "02:00", "02:30", "02:50", "02:00", "02:30", "03:00"), [2, 2, 2, 2, 1, 1, 1]),
        (recordings("02:00", "02:00", "02:30", "02:30", "03:00"), [2, 1, 2, 1, 1]),
        (recordings("02:05", "02:20", "02:10", "02:50"), [2, 2, 1, 1]),
        (recordings("02:30", "02:30", offsets=(3600, 7200)), [1, 2]),
    ],
    ids=["in order of time", "in order of the clock", "motion", "told"],
)
def test_the_listing_tells_the_passes(listed, hours):
    """The clock that goes back, the same time twice, or the listed offset; names tell nothing."""
    assert offsets_of(listed, *NIGHT) == (hours, ())


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("listed", ["oldest first", "newest first", "channels in turns"])
def test_it_does_not_matter_how_a_list_is_sorted(listed, seed):
    """A night of recordings of some minutes each: every one is placed when it was made, without a doubt."""
    chance = random.Random(seed)
    # 22:00 UTC is 00:00 of summer time; the clock goes back at 01:00 UTC.
    made, at = [], datetime(2026, 10, 24, 22, chance.randint(0, 50))  # noqa: DTZ001 - counted in UTC
    while at < datetime(2026, 10, 25, 3):  # noqa: DTZ001
        length = timedelta(minutes=chance.choice([5, 10, 15]))
        shown = [WallTime(each + (2 if each < datetime(2026, 10, 25, 1) else 1) * HOUR) for each in (at, at + length)]  # noqa: DTZ001
        end = shown[1]
        backwards = end if end < shown[0] else None
        made += [
            Recording(
                f"/{channel}/{at:%d%H%M}.mp4", Span(shown[0], max(shown)), channel=channel, backwards_end=backwards
            )
            for channel in ((0, 1) if listed == "channels in turns" else (0,))
        ]
        at += length
    ordered = made[::-1] if listed == "newest first" else made
    where = locate(parse_range(*NIGHT), clock(), NOW)
    placed, said = straightened(ordered, where)
    assert [each.path for each in placed] == [each.path for each in ordered]
    for channel in (0, 1):
        spans = [each.span for each in placed if each.channel == channel]
        spans = spans[::-1] if listed == "newest first" else spans
        assert all(one.end <= other.start for one, other in pairwise(spans))
    assert said == ()


@pytest.mark.parametrize("seed", range(20))
def test_a_list_without_an_order_leaves_a_doubt(seed):
    """Of two recordings of one time one is of either pass, and the report says that it is not known which."""
    chance = random.Random(seed)
    listed = recordings(*(f"{hour:02d}:{minute:02d}" for hour in (1, 2, 2, 3) for minute in range(0, 60, 10)))
    chance.shuffle(listed)
    where = locate(parse_range(*NIGHT), clock(), NOW)
    placed, said = straightened(listed, where)
    starts = [each.span.start for each in placed]
    assert len(set(starts)) == len(listed), "each has a time of its own"
    assert "12 recordings of the hour that happened twice may be of either pass" in said[0]


def test_a_pass_that_cannot_be_told_is_kept_and_doubted():
    """One recording in the hour that happens twice, and no sign of which: it is taken, and the report says so."""
    listed = recordings("01:00", "02:30", "03:30")
    assert offsets_of(listed, *NIGHT) == ([2, 2, 1], ())
    for offset, hour in (("+02:00", 2), ("+01:00", 1)):
        hours, said = offsets_of(listed, f"2026-10-25T02:15{offset}", f"2026-10-25T02:45{offset}")
        assert hours[1] == hour
        assert "either pass" in said[0]


def test_the_search_takes_the_whole_repeated_hour():
    """Only beside the first pass the second can be told; else exactly the range is asked for."""

    def window(start: str, end: str) -> str:
        return str(search_window(locate(parse_range(start, end), clock(), NOW)))

    assert window("2026-10-25T02:30+01:00", "2026-10-25T02:40+01:00") == "2026-10-25 02:00:00 to 03:00:00"
    assert window("2026-10-25T02:30+01:00", "2026-10-25T04:00+01:00") == "2026-10-25 02:00:00 to 04:00:00"
    assert window("2026-10-25T01:00", "2026-10-25T02:10") == "2026-10-25 01:00:00 to 03:00:00"
    assert window("2026-10-25T03:30", "2026-10-25T04:00") == "2026-10-25 03:30:00 to 04:00:00"
    assert window("2026-10-24T02:30", "2026-10-24T02:40") == "2026-10-24 02:30:00 to 02:40:00"


def test_a_range_in_the_repeated_hour_has_two_parts():
    """Without an offset both passes are meant, and not the time between them."""
    where = locate(parse_range("2026-10-25 02:10", "2026-10-25 02:40"), clock(), NOW)
    assert where.clock is not None
    assert [show_span(part, where.clock) for part in where.parts] == [
        "2026-10-25 02:10:00 to 02:40:00",
        "2026-10-25 02:10:00+01:00 to 2026-10-25 02:40:00+01:00",
    ]
    assert [part.seconds for part in where.skipped] == [1800]
    assert "both passes" in where.notes[0]


def test_a_duration_is_real_time():
    """Half an hour from 01:45 on is half an hour, also where the clock goes forward or back meanwhile."""
    spring = locate(parse_from("2026-03-29 01:45", "30m"), clock(), NOW)
    assert spring.span.seconds == 1800 and spring.clock is not None
    assert str(spring.clock.shown(spring.span.end)) == "2026-03-29 03:15:00"
    autumn = locate(parse_from("2026-10-25 02:30", "30m"), clock(), NOW)
    assert [part.seconds for part in autumn.parts] == [1800, 1800]


def test_days_have_23_and_25_hours():
    """--date is from midnight to midnight, as long as that was."""
    hours = [locate(parse_date(day), clock(), NOW).span.seconds / 3600 for day in ("2026-03-29", "2026-10-25")]
    assert hours == [23, 25]


@pytest.mark.parametrize(
    ("start", "end", "option"),
    [("02:30", "04:00", "--start"), ("02:00", "04:00", "--start"), ("01:00", "02:30", "--end")],
)
def test_the_hour_that_is_left_out(start, end, option):
    """Refused with its neighbours and a way out; up to its beginning, and from its end, a range is fine."""
    with pytest.raises(UsageError, match=rf"^{option} 2026-03-29") as caught:
        locate(parse_range(f"2026-03-29 {start}", f"2026-03-29 {end}"), clock(), NOW)
    assert "01:59:59" in str(caught.value) and "03:00:00" in str(caught.value)
    assert "--camera-tz" in str(caught.value.hint)
    assert locate(parse_range("2026-03-29 01:00", "2026-03-29 02:00"), clock(), NOW).span.seconds == 3600
    assert locate(parse_range("2026-03-29 03:00", "2026-03-29 04:00"), clock(), NOW).span.seconds == 3600


def test_real_time_is_shifted_by_the_drift_and_the_clocks_own_time_is_not():
    """Seven seconds fast: 08:00:00Z is 09:00:07 in the picture, and 09:00:00 in the picture is 09:00:00."""
    real = locate(parse_range("2026-01-16T08:00Z", "2026-01-16T09:00Z"), clock(7), NOW)
    assert str(real.span) == "2026-01-16 09:00:07 to 10:00:07"
    bare = locate(parse_range("2026-01-16T09:00", "2026-01-16T10:00"), clock(7), NOW)
    assert str(bare.span) == "2026-01-16 09:00:00 to 10:00:00"


def test_now_beside_a_time_of_the_camera_is_its_own():
    """«today to now» is by the camera's clock, drift and all."""
    where = locate(parse_range("today", "now"), clock(3600), NOW)
    assert str(where.span) == "2026-11-20 00:00:00 to 14:00:00"
    assert str(where.asked.bounds[1]) == "2026-11-20 14:00:00"


def test_southern_summers_go_over_new_year():
    """Summer from October to April: January is in it, July is not."""
    zone = SeasonZone(10 * HOUR, Summer(Turn(10, 1, 0, 2), Turn(4, 1, 0, 3)))
    hours = [zone.offset_at(datetime(2026, month, 1, tzinfo=timezone.utc)) / HOUR for month in (1, 7, 12)]
    assert hours == [11, 10, 11]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("listed", "placed"),
    [
        # The clock was set while it recorded: only the end is right.
        (("2000-01-01T00:00:07", "2026-10-24T08:15:10"), ("2026-10-24T08:10:00", "2026-10-24T08:15:10")),
        (("2037-01-01T00:00:07", "2026-10-24T08:15:10"), ("2026-10-24T08:10:00", "2026-10-24T08:15:10")),
        # Nothing is listed in the hour before it.
        (("2000-01-01T00:00:07", "2026-10-24T12:00:10"), ("2026-10-24T11:00:10", "2026-10-24T12:00:10")),
        # The camera forgot the time while it recorded: only the start is right.
        (("2026-10-24T08:15:00", "2000-01-01T00:00:07"), ("2026-10-24T08:15:00", "2026-10-24T08:15:00")),
        # A day in one file is long, and possible.
        (("2026-10-23T08:00:00", "2026-10-24T08:10:00"), ("2026-10-23T08:00:00", "2026-10-24T08:10:00")),
    ],
)
def test_a_recording_that_cannot_be_so_long_is_dated_by_one_end(listed, placed, seed):
    """Whatever the order of the list, and whatever else is in it."""
    start, end = map(wall, listed)
    odd = Recording("/odd.mp4", Span(start, max(start, end)), backwards_end=end if end < start else None)
    others = [
        Recording(
            f"/{n}.mp4",
            Span(wall("2026-10-24T08:00:00") + 5 * n * MINUTE, wall("2026-10-24T08:05:00") + 5 * n * MINUTE),
        )
        for n in (0, 1, 4)
    ]
    mixed = [odd, *others]
    random.Random(seed).shuffle(mixed)
    found, said = straightened(mixed, locate(parse_range("2026-10-24 08:00", "2026-10-24 13:00"), clock(), NOW))
    by_path = {each.path: each for each in found}
    assert by_path["/odd.mp4"].span == Span(*map(wall, placed))
    assert by_path["/odd.mp4"].is_dated_by_end == (not listed[1].startswith("2000") and listed[0][:4] != "2026")
    assert [by_path[each.path] for each in others] == others
    assert said == ()


@pytest.mark.parametrize(
    ("start", "end", "every", "cuts"),
    [
        ("2026-01-16 23:50:00", "2026-01-17 00:10:00", Split.DAY, ["2026-01-17 00:00:00"]),
        ("2026-01-16 08:00:00", "2026-01-17 08:00:00", Split.DAY, ["2026-01-17 00:00:00"]),
        ("2026-01-16 08:00:00", "2026-01-18 08:00:00", Split.DAY, ["2026-01-17 08:00:00"]),
        ("2026-01-16 13:37:05", "2026-01-19 13:37:05", Split.DAY, ["2026-01-17 13:37:05", "2026-01-18 13:37:05"]),
        ("2026-01-16 08:00:00", "2026-01-18 08:00:01", Split.DAY, ["2026-01-17 00:00:00", "2026-01-18 00:00:00"]),
        ("2026-01-16 00:00:00", "2026-01-18 00:00:00", Split.DAY, ["2026-01-17 00:00:00"]),
        ("2026-01-16 08:30:00", "2026-01-16 10:30:00", Split.HOUR, ["2026-01-16 09:00:00", "2026-01-16 10:00:00"]),
    ],
)
def test_a_day_begins_at_midnight_or_several_whole_ones_with_the_range(start, end, every, cuts):
    span = Span(wall(start), wall(end))
    assert turns(span, None, every) == tuple(map(wall, cuts))


def test_days_of_a_range_where_the_clock_is_put_forward():
    """Each begins at the same time of day, and the one with the change has 23 hours."""
    berlin = clock()
    noons = (datetime(2026, 3, 28, 11, tzinfo=timezone.utc), datetime(2026, 3, 30, 10, tzinfo=timezone.utc))
    start, end = map(berlin.straight, noons)
    (cut,) = turns(Span(start, end), berlin, Split.DAY)
    assert [str(berlin.shown(at)) for at in (start, cut, end)] == [
        "2026-03-28 12:00:00",
        "2026-03-29 12:00:00",
        "2026-03-30 12:00:00",
    ]
    assert cut - start == 23 * HOUR


def test_a_day_that_begins_in_the_repeated_hour_begins_once():
    berlin = clock()
    begins, ends = (
        datetime(2026, 10, 23, 0, 30, tzinfo=timezone.utc),
        datetime(2026, 10, 27, 1, 30, tzinfo=timezone.utc),
    )
    start, end = berlin.straight(begins), berlin.straight(ends)
    cuts = turns(Span(start, end), berlin, Split.DAY)
    assert [str(berlin.in_zone(at)) for at in (start, *cuts, end)] == [
        "2026-10-23 02:30:00+02:00",
        "2026-10-24 02:30:00+02:00",
        "2026-10-25 02:30:00+02:00",
        "2026-10-26 02:30:00+01:00",
        "2026-10-27 02:30:00+01:00",
    ]
