"""Every zone of the IANA database, every day of 2020 to 2030: the clock there and back, and the ranges on it."""

from __future__ import annotations

import random
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from camreel.clock import CameraClock, NamedZone, locate
from camreel.clock.zones import (
    Change,
    SeasonZone,
    Summer,
    Turn,
    change_over,
    moments_of,
    stretches_of,
    wall_at,
)
from camreel.devices.dahua.protocol import offset_of_index
from camreel.errors import UsageError
from camreel.model import AskedRange, WallTime

FIRST, LAST = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2031, 1, 1, tzinfo=timezone.utc)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SHARDS = 8


@cache
def zones_by_behaviour() -> tuple[tuple[str, ...], ...]:
    """All names, those together whose clocks are alike throughout: each test takes one of them, and all are looked at
    here.
    """
    alike: dict[object, list[str]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        zone = NamedZone(name)
        changes = tuple((each.at, each.after) for each in zone.changes(FIRST - 400 * DAY, LAST + 400 * DAY))
        alike.setdefault((zone.offset_at(FIRST - 400 * DAY), changes), []).append(name)
    return tuple(tuple(names) for names in alike.values())


def zones(shard: int) -> Iterator[NamedZone]:
    for names in zones_by_behaviour()[shard::SHARDS]:
        yield NamedZone(names[0])


def changes_of(zone: NamedZone) -> tuple[Change, ...]:
    return zone.changes(FIRST, LAST)


def moments_to_try(zone: NamedZone) -> Iterator[datetime]:
    """Each day at another time, and all round each change, to the second."""
    chance = random.Random(zone.name)
    for day in range((LAST - FIRST).days):
        yield FIRST + day * DAY + timedelta(seconds=chance.randrange(86400))
    for change in changes_of(zone):
        for seconds in (-7200, -3601, -3600, -1801, -1800, -1799, -1, 0, 1, 1799, 1800, 1801, 3599, 3600, 7200):
            yield change.at + timedelta(seconds=seconds)


@pytest.mark.slow(reason="goes through every zone of the database")
def test_every_zone_is_tried():
    """Some 600 names, of which many are the same clock under another name."""
    names = [name for alike in zones_by_behaviour() for name in alike]
    assert len(names) == len(set(names)) == len(zoneinfo.available_timezones()) > 400
    assert len(zones_by_behaviour()) > 60


@pytest.mark.slow(reason="goes through every zone and every day of ten years")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_there_and_back_in_every_zone_on_every_day(shard):
    """Camera -> UTC -> camera is the identity; in the repeated hour both passes are offered, in order."""
    for zone in zones(shard):
        info = ZoneInfo(zone.name)
        for moment in moments_to_try(zone):
            wall = wall_at(zone, moment)
            local = moment.astimezone(info)
            assert wall.naive == local.replace(tzinfo=None, fold=0), zone
            passes = moments_of(zone, wall)
            # zoneinfo's own word for it: the two folds of a naive time.
            first, second = (wall.naive.replace(tzinfo=info, fold=fold).astimezone(timezone.utc) for fold in (0, 1))
            assert passes == ((first,) if first == second else (first, second)), (zone, moment)
            assert moment in passes
            assert {wall_at(zone, each) for each in passes} == {wall}


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_repeated_hour_is_offered_twice_and_the_left_out_hour_is_refused(shard):
    """At each change of each zone: what is shown twice has two moments, what is left out none, and two neighbours."""
    for zone in zones(shard):
        for change in changes_of(zone):
            low, high = sorted((change.leaves, change.arrives))
            middle = low + (high - low) / 2
            clock = CameraClock(zone, timedelta(0), "", timedelta(0))
            asked = AskedRange(middle, middle + 2 * (high - low))
            if change.after < change.before:
                assert len(moments_of(zone, low)) == len(moments_of(zone, high - SECOND)) == 2
                assert len(moments_of(zone, low - SECOND)) == len(moments_of(zone, high)) == 1
                continue
            assert moments_of(zone, low) == moments_of(zone, high - SECOND) == ()
            assert change_over(zone, middle) == change
            with pytest.raises(UsageError) as caught:
                locate(asked, clock, LAST)
            assert str(low - SECOND) in str(caught.value) and str(high) in str(caught.value)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_range_is_the_union_of_what_the_camera_shows_for_it(shard):
    """Every moment is in the stretches of a range exactly where the clock then shows a time of the range."""
    for zone in zones(shard):
        chance = random.Random(f"{zone.name} ranges")
        changes = changes_of(zone)
        around = [change.at for change in chance.sample(changes, min(len(changes), 24))]
        around += [FIRST + timedelta(seconds=chance.randrange(11 * 365 * 86400)) for _ in range(6)]
        for middle in around:
            center = wall_at(zone, middle)
            start = center + timedelta(minutes=chance.randrange(-150, 100))
            end = start + timedelta(minutes=chance.randrange(1, 240))
            stretches = stretches_of(zone, start, end)
            assert all(one[1] < two[0] for one, two in pairwise(stretches))
            for minutes in range(-420, 421, 7):
                moment = middle + timedelta(minutes=minutes)
                inside = any(first <= moment < last for first, last in stretches)
                assert inside == (start <= wall_at(zone, moment) < end), (zone, middle, start, end, moment)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_straight_time_is_the_clock_made_straight(shard):
    """Counted straight, a second is a second, and what is shown comes back, whatever the camera's clock does."""
    for zone in zones(shard):
        chance = random.Random(f"{zone.name} straight")
        for change in changes_of(zone)[:8]:
            drift = timedelta(seconds=chance.randrange(-7200, 7200))
            start = change.at - timedelta(seconds=chance.randrange(7200))
            clock = CameraClock(zone, drift, "", zone.offset_at(start))
            for seconds in range(-9000, 9001, 900):
                moment = change.at + timedelta(seconds=seconds)
                straight = clock.to_wall(moment)
                assert clock.to_utc(straight) == moment
                assert clock.shown(straight) == wall_at(zone, moment + drift)
                assert clock.to_wall(moment + SECOND) - straight == SECOND


# As an owner would set them: index of the standard offset, and the rule, with a year that is long gone.
SUNDAY = 0
US = Summer(Turn(3, 2, SUNDAY, 2), Turn(11, 1, SUNDAY, 2))
EU = {hour: Summer(Turn(3, -1, SUNDAY, hour), Turn(10, -1, SUNDAY, hour + 1)) for hour in (0, 1, 2, 3)}
SETTINGS = {
    "America/New_York": (25, US),
    "America/Chicago": (26, US),
    "America/Denver": (27, US),
    "America/Los_Angeles": (28, US),
    "America/Anchorage": (29, US),
    "America/Halifax": (24, US),
    "America/St_Johns": (23, US),
    "America/Phoenix": (27, None),
    "Pacific/Honolulu": (30, None),
    "America/Sao_Paulo": (22, None),
    "Europe/London": (0, EU[1]),
    "Europe/Lisbon": (0, EU[1]),
    "Europe/Berlin": (1, EU[2]),
    "Europe/Paris": (1, EU[2]),
    "Europe/Athens": (2, EU[3]),
    "Atlantic/Azores": (20, EU[0]),
    "Europe/Moscow": (3, None),
    "Asia/Dubai": (5, None),
    "Asia/Kolkata": (8, None),
    "Asia/Kathmandu": (9, None),
    "Asia/Shanghai": (13, None),
    "Asia/Tokyo": (14, None),
    "Australia/Darwin": (15, None),
    "Australia/Adelaide": (15, Summer(Turn(10, 1, SUNDAY, 2), Turn(4, 1, SUNDAY, 3))),
    "Australia/Sydney": (16, Summer(Turn(10, 1, SUNDAY, 2), Turn(4, 1, SUNDAY, 3))),
    "Pacific/Auckland": (18, Summer(Turn(9, -1, SUNDAY, 2), Turn(4, 1, SUNDAY, 3))),
}


@pytest.mark.slow(reason="goes through every day of ten years for each zone")
@pytest.mark.parametrize("name", SETTINGS)
def test_index_and_rule_agree_with_the_zones_they_describe(name):
    """NTP.TimeZone and Locales, repeated in other years, are the zone: the same changes, and each day's offset."""
    index, summer = SETTINGS[name]
    standard = offset_of_index(index)
    assert standard is not None
    made, real = SeasonZone(standard, summer), NamedZone(name)
    assert made.changes(FIRST, LAST) == real.changes(FIRST, LAST)
    for moment in moments_to_try(real):
        assert made.offset_at(moment) == real.offset_at(moment), moment
        assert moments_of(made, wall_at(made, moment)) == moments_of(real, wall_at(real, moment))


def test_a_rule_by_dates_repeats_its_dates():
    """Without a week, the day of the month is meant, each year; 31 February is the last day of it."""
    zone = SeasonZone(HOUR, Summer(Turn(3, None, 28, 2), Turn(10, None, 31, 3)))
    changes = [str(change.leaves) for change in zone.changes(FIRST, FIRST + 731 * DAY)]
    assert changes == ["2020-03-28 02:00:00", "2020-10-31 03:00:00", "2021-03-28 02:00:00", "2021-10-31 03:00:00"]
    assert Turn(2, None, 31, 0).in_year(2024) == WallTime(datetime(2024, 2, 29))  # noqa: DTZ001
