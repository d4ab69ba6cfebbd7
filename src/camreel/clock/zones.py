"""Offsets from UTC over time: fixed, by the name of a zone, or by the rule in the firmware. Pure.

A zone answers two questions: how far its clock is ahead of UTC at a moment, and when that changes. The rest follows:
the hour that happens twice, the hour that is skipped, and the real time of a range on the clock.

Firmware has a standard offset and a rule for daylight saving. The rule is written with a year, and its month, week and
day repeat.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from camreel.model import WallTime

_FARTHEST = timedelta(hours=27)  # no clock was ever farther from UTC (16 h), give or take a change of a few hours
_SECOND = timedelta(seconds=1)
_STEP = timedelta(days=5)  # since 1970 no clock was changed twice within six (Gaza comes close, in seven)


@dataclass(frozen=True, slots=True)
class Change:
    """At the moment `at` (UTC) the clock's offset goes from `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def leaves(self) -> WallTime:
        """Return the time that the clock would have shown at that moment."""
        return WallTime((self.at + self.before).replace(tzinfo=None))

    @property
    def arrives(self) -> WallTime:
        """Return the time that it shows instead."""
        return WallTime((self.at + self.after).replace(tzinfo=None))


class Zone(Protocol):
    """The offset of a clock from UTC over the years. `name` is for people."""

    @property
    def name(self) -> str:
        """Return the name that people read."""

    def offset_at(self, moment: datetime) -> timedelta:
        """Return how far the clock is ahead of UTC at `moment` (aware)."""

    def changes(self, first: datetime, last: datetime) -> tuple[Change, ...]:
        """Return the changes after `first` and up to `last` (aware), oldest first."""


@dataclass(frozen=True, slots=True)
class FixedZone:
    """A zone with one offset, always."""

    offset: timedelta

    @property
    def name(self) -> str:
        """Return `UTC+05:45`."""
        return f"UTC{format_offset(self.offset)}"

    def offset_at(self, _moment: datetime) -> timedelta:
        """The offset."""
        return self.offset

    def changes(self, _first: datetime, _last: datetime) -> tuple[Change, ...]:
        """None, ever."""
        return ()


@dataclass(frozen=True, slots=True)
class SteppedZone:
    """A zone with the offset `first`, until the first of `steps` (moment, offset from then on), which are in order."""

    name: str
    first: timedelta
    steps: tuple[tuple[datetime, timedelta], ...]

    def offset_at(self, moment: datetime) -> timedelta:
        """Return the offset of the last step at or before `moment`."""
        return next((offset for at, offset in reversed(self.steps) if at <= moment), self.first)

    def changes(self, first: datetime, last: datetime) -> tuple[Change, ...]:
        """Return each step that changes the offset."""
        before = (self.first, *(offset for _at, offset in self.steps))
        made = (Change(at, was, offset) for (at, offset), was in zip(self.steps, before, strict=False))
        return tuple(change for change in made if change.before != change.after and first < change.at <= last)


@dataclass(frozen=True, slots=True)
class NamedZone:
    """A zone of the IANA database, like `Europe/Berlin`. Use `named` for a name that may be wrong."""

    name: str

    def offset_at(self, moment: datetime) -> timedelta:
        """As the database has it."""
        return moment.astimezone(ZoneInfo(self.name)).utcoffset() or timedelta(0)

    def changes(self, first: datetime, last: datetime) -> tuple[Change, ...]:
        """As the database has them, to the second."""
        first, last = first.astimezone(timezone.utc), last.astimezone(timezone.utc)
        years = range(first.year, last.year + 1)
        return tuple(change for year in years for change in _changes_of(self.name, year) if first < change.at <= last)


@lru_cache(maxsize=4096)
def _changes_of(name: str, year: int) -> tuple[Change, ...]:
    zone = NamedZone(name)
    at, end = (datetime(each, 1, 1, tzinfo=timezone.utc) - _SECOND for each in (year, year + 1))
    found = []
    offset = zone.offset_at(at)
    while at < end:
        step = min(at + _STEP, end)
        later = zone.offset_at(step)
        if later != offset:
            found.append(Change(_when(zone, at, step), offset, later))
        at, offset = step, later
    return tuple(found)


def _when(zone: Zone, before: datetime, after: datetime) -> datetime:
    """Return the first second of a new offset, between two moments with different offsets."""
    old = zone.offset_at(before)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if zone.offset_at(middle) == old else (before, middle)
    return after


# "right/..." counts leap seconds and "posix/..." is the rest of that; cameras that say "EST" mean anything by it.
_NAME = re.compile(r"(?!right/|posix/)[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2}")


def named(text: str) -> NamedZone | None:
    """Return the zone of the IANA database with the name `text`; None if there is none."""
    text = text.strip()
    if text != "UTC" and not _NAME.fullmatch(text):
        return None
    try:
        ZoneInfo(text)
    except (LookupError, OSError, ValueError):  # not known, a folder, not a name
        return None
    return NamedZone(text)


def format_offset(offset: timedelta) -> str:
    """Return an offset from UTC as ISO 8601 writes it: `-08:00`."""
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def wall_at(zone: Zone, moment: datetime) -> WallTime:
    """Return the time that a right clock in the zone shows at `moment` (aware)."""
    return WallTime((moment.astimezone(timezone.utc) + zone.offset_at(moment)).replace(tzinfo=None))


def moments_of(zone: Zone, wall: WallTime) -> tuple[datetime, ...]:
    """Return when the clock shows `wall`, in UTC: once, twice in a repeated hour, never in a skipped one."""
    utc = wall.naive.replace(tzinfo=timezone.utc)
    pieces = _pieces(zone, utc - _FARTHEST, utc + _FARTHEST)
    return tuple(utc - offset for first, last, offset in pieces if first <= utc - offset < last)


def change_over(zone: Zone, wall: WallTime) -> Change | None:
    """Return the change that skips `wall`: the clock goes from before it to after it."""
    utc = wall.naive.replace(tzinfo=timezone.utc)
    around = zone.changes(utc - _FARTHEST, utc + _FARTHEST)
    return next((change for change in around if change.leaves <= wall < change.arrives), None)


def stretches_of(zone: Zone, start: WallTime, end: WallTime) -> tuple[tuple[datetime, datetime], ...]:
    """Return the real time, in UTC, in which the clock shows `start` or later and not yet `end`, in order.

    It is one stretch, or two if an end lies in a repeated hour: the second pass is a stretch of its own.
    """
    from_utc, to_utc = (wall.naive.replace(tzinfo=timezone.utc) for wall in (start, end))
    found: list[tuple[datetime, datetime]] = []
    for first, last, offset in _pieces(zone, from_utc - _FARTHEST, to_utc + _FARTHEST):
        begin, stop = max(first, from_utc - offset), min(last, to_utc - offset)
        if begin >= stop:
            continue
        if found and found[-1][1] == begin:
            begin = found.pop()[0]
        found.append((begin, stop))
    return tuple(found)


def _pieces(zone: Zone, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Return the time from `first` to `last`, cut where the offset changes."""
    offset = zone.offset_at(first)
    for change in zone.changes(first, last):
        yield first, change.at, offset
        first, offset = change.at, change.after
    yield first, last, offset


_SUMMER = timedelta(hours=1)  # the firmware knows no other daylight saving


@dataclass(frozen=True, slots=True)
class Turn:
    """The day and time of a change, each year: the `week`-th `day` (0: Sunday) of a month, -1 for the last.

    Without a week, `day` is the day of the month. The time is by the clock before the change.
    """

    month: int
    week: int | None
    day: int
    hour: int
    minute: int = 0

    @property
    def is_possible(self) -> bool:
        """Return whether such a day and time exist."""
        days = range(7) if self.week is not None else range(1, 32)
        weeks = {None, -1, 1, 2, 3, 4, 5}
        return (
            self.month in range(1, 13)
            and self.week in weeks
            and self.day in days
            and self.hour in range(24)
            and self.minute in range(60)
        )

    def in_year(self, year: int) -> WallTime:
        """Return the time on the clock at which it changes in `year`."""
        weekday_of_first, days = monthrange(year, self.month)
        if self.week is None:
            day = min(self.day, days)
        else:
            day = 1 + (self.day - 1 - weekday_of_first) % 7  # monthrange counts from Monday
            day += 7 * (4 if self.week == -1 else self.week - 1)
            while day > days:
                day -= 7
        return WallTime(datetime(year, self.month, day, self.hour, self.minute))  # noqa: DTZ001 - a clock's reading


@dataclass(frozen=True, slots=True)
class Summer:
    """Daylight saving: one hour more from `start` to `end`. South of the equator a year ends within it."""

    start: Turn
    end: Turn


@dataclass(frozen=True, slots=True)
class SeasonZone:
    """A zone with the offset `standard`, and one hour more in `summer`. None: daylight saving is off."""

    standard: timedelta
    summer: Summer | None = None

    @property
    def name(self) -> str:
        """Return `UTC+01:00 and daylight saving`."""
        return f"UTC{format_offset(self.standard)} {'and' if self.summer else 'without'} daylight saving"

    def offset_at(self, moment: datetime) -> timedelta:
        """With the hour of summer where the rule, repeated each year, has it."""
        if self.summer is None:
            return self.standard
        return _stepped(self.standard, self.summer, moment.astimezone(timezone.utc).year).offset_at(moment)

    def changes(self, first: datetime, last: datetime) -> tuple[Change, ...]:
        """Two a year, or none."""
        if self.summer is None:
            return ()
        first, last = first.astimezone(timezone.utc), last.astimezone(timezone.utc)
        found: dict[datetime, Change] = {}
        for year in range(first.year, last.year + 1):
            found |= {each.at: each for each in _stepped(self.standard, self.summer, year).changes(first, last)}
        return tuple(found[at] for at in sorted(found))


@lru_cache(maxsize=512)
def _stepped(standard: timedelta, summer: Summer, year: int) -> SteppedZone:
    """Return the zone in `year` and the years beside it: a year of UTC is not a year of the clock."""
    steps = []
    for each in (year - 1, year, year + 1):
        start, end = summer.start.in_year(each), summer.end.in_year(each)
        steps.append(((start.naive - standard).replace(tzinfo=timezone.utc), standard + _SUMMER))
        steps.append(((end.naive - standard - _SUMMER).replace(tzinfo=timezone.utc), standard))
    steps.sort()
    southern = steps[0][1] == standard
    return SteppedZone("", standard + _SUMMER if southern else standard, tuple(steps))
