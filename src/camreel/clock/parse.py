"""Parse time ranges, durations and time zones as people type them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from camreel.clock.points import AMBIGUOUS_ZONES, parse_day, parse_offset, parse_point, split_range, zone_hint
from camreel.clock.zones import named
from camreel.errors import UsageError
from camreel.model import Asked, AskedAround, AskedRange, DayTime, Now, OpenDay, Point, WallTime

_LONGEST = timedelta(days=366)
_DAY = timedelta(days=1)
_LENGTH = re.compile(
    r"(?:(\d{1,5})\s*d(?:ays?)?)?\s*(?:(\d{1,6})\s*h(?:ours?)?)?\s*"
    r"(?:(\d{1,7})\s*m(?:in(?:utes?)?)?)?\s*(?:(\d{1,9})\s*s(?:ec(?:onds?)?)?)?",
    re.IGNORECASE | re.ASCII,
)


def parse_length(text: str, what: str) -> timedelta:
    """Return a duration: `30m`, `2h`, `1h30m`, `90 s`, `2 days`; more than zero, at most a year."""
    found = _LENGTH.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise UsageError(f"{what} {text!r} is not a length of time.", hint="Write it like 30m, 2h, 1h30m, 90s or 2d.")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= _LONGEST:
        raise UsageError(f"{what} {text!r} is not between a second and a year.", hint="Write it like 30m or 2h.")
    return length


def parse_zone_name(text: str, what: str) -> str:
    """Return the name of a zone of the IANA database. UsageError if there is none."""
    if text.strip().upper() in AMBIGUOUS_ZONES:
        raise UsageError(f"{what} {text!r} is not clear.", hint=zone_hint(text.strip(), by_name=True))
    zone = named(text)
    if zone is None:
        raise UsageError(f"{what} {text!r} is not a time zone.", hint="Write it like Europe/Berlin or UTC.")
    return zone.name


def parse_camera_zone(text: str) -> str:
    """Return the value of `--camera-tz`: the name of a zone, or one offset all year (`+01:00`, for cameras without
    daylight saving).
    """
    if found := re.fullmatch(r"\s*(?:UTC)?([+-]\d{2}(?::?\d{2})?)\s*", text, re.IGNORECASE | re.ASCII):
        parse_offset(found[1], "--camera-tz", text)
        return found[1]
    return parse_zone_name(text, "--camera-tz")


def offset_of_camera_zone(text: str) -> timedelta | None:
    """Return the offset if `--camera-tz` is an offset, None if it is a name."""
    return parse_offset(text, "--camera-tz", text) if text[0] in "+-" else None


def parse_range(start: str, end: str, times_in: str | None = None, *, is_coming: bool = False) -> AskedRange:
    """Return both ends of the range. UsageError if they do not parse, do not mix, or are in the wrong order.

    An end without its day is the first such time after the start, and a start without it the last one before the end.
    Where neither has one, ``is_coming`` is as in :class:`camreel.model.OpenDay`.
    """
    ends = parse_point(start, "--start", is_coming=is_coming), parse_point(end, "--end", is_end=True)
    return range_of(*ends, times_in, called=("--start", "--end"), said=(start, end))


def parse_span(text: str, what: str, times_in: str | None = None, *, is_coming: bool = False) -> AskedRange | None:
    """Return a range in one word, or a day: `23:00-03:00`, `A..B`, `last night`, `yesterday`; None for a moment."""
    ends = split_range(text, what)
    if ends is None:
        day = parse_day(text, what, is_coming=is_coming)
        if day is None:
            return None
        return range_of(day, parse_point(text, what, is_end=True), times_in)
    start, end = ends
    points = parse_point(start, what, is_coming=is_coming), parse_point(end, what, is_end=True)
    return range_of(*points, times_in, called=(f"{what} {start}", f"{what} {end}"), said=(start, end))


def range_of(
    start: Point,
    end: Point,
    times_in: str | None = None,
    *,
    called: tuple[str, str] = ("start", "end"),
    said: tuple[str, str] | None = None,
) -> AskedRange:
    """Return both ends as one range. UsageError if they do not mix, or are in the wrong order.

    `called` names both in an error, and `said` quotes them. A missing day is completed if the other end has a date.
    """
    if _is_same_time(start, end):
        raise wrong_way_round(*(said or (str(start), str(end))), called=called)
    if times_in is None or not any(isinstance(point, datetime) for point in (start, end)):
        start, end = with_days(start, end)
    asked = AskedRange(start, end, times_in)
    kinds = dict(zip(called, map(is_bare, (start, end)), strict=True))
    if times_in is None and len(set(kinds.values())) == 2 and not any(isinstance(p, Now) for p in asked.points):
        bare, real = sorted(kinds, key=lambda option: not kinds[option])
        raise UsageError(
            f"{bare} has no offset from UTC and {real} has one.",
            hint="Give both an offset, like +01:00 or Z, or neither: without one, times mean the camera's clock.",
        )
    comparable = len({type(point) for point in asked.points}) == 1
    if not asked.is_relative and comparable and asked_length(asked) <= timedelta(0):
        raise wrong_way_round(*(said or (str(start), str(end))), called=called)
    return asked


def wrong_way_round(start: object, end: object, called: tuple[str, str] = ("--start", "--end")) -> UsageError:
    """Return the error of a start that is not before its end."""
    first, last = called
    if str(start) == str(end):
        return UsageError(
            f"{first} and {last} are the same, {start}.",
            hint=f"Try: a later {last}; the video ends just before it.",
        )
    return UsageError(f"{first} {start} is not before {last} {end}.", hint="Swap them, or check the dates.")


def with_days(start: Point, end: Point, shown: Callable[[datetime], datetime] | None = None) -> tuple[Point, Point]:
    """Return both ends of a range, with a day where one end has none and the date of the other is known.

    `shown` is what a clock that times without an offset are meant by shows (naive) at a moment. Without it they are by
    the offset of the other end.
    """
    if _is_open(end) and (first := _dated(start, shown)) is not None:
        assert isinstance(end, DayTime)
        end = _beside(start, next_after(first, end), shown)
    elif _is_open(start) and (last := _dated(end, shown)) is not None:
        assert isinstance(start, DayTime)
        start = _beside(end, last_before(last, start), shown)
    return start, end


def _is_same_time(start: Point, end: Point) -> bool:
    """Return whether an end without its day is at the time of the start: a day is not what is meant, but a mistake."""
    if not isinstance(end, DayTime) or end.day != OpenDay() or end.at == time():
        return False
    if isinstance(start, DayTime):
        return start.at == end.at
    return isinstance(start, (WallTime, datetime)) and _naive_of(start).time() == end.at


def _is_open(point: Point) -> bool:
    return isinstance(point, DayTime) and isinstance(point.day, OpenDay)


def _dated(point: Point, shown: Callable[[datetime], datetime] | None) -> datetime | None:
    """Return the naive time of a point whose date is known."""
    if isinstance(point, datetime) and shown:
        return shown(point)
    if isinstance(point, (WallTime, datetime)):
        return _naive_of(point)
    if isinstance(point, DayTime):
        return point.wall.naive if isinstance(point.day, date) else None
    return None


def _naive_of(moment: WallTime | datetime) -> datetime:
    return moment.replace(tzinfo=None) if isinstance(moment, datetime) else moment.naive


def _beside(point: Point, naive: datetime, shown: Callable[[datetime], datetime] | None) -> Point:
    if isinstance(point, datetime) and shown is None:
        return naive.replace(tzinfo=point.tzinfo)
    # A midnight that the clock skips is the beginning of its day all the same.
    return WallTime(naive) if naive.time() != time() else DayTime(naive.date())


def next_after(naive: datetime, point: DayTime) -> datetime:
    """Return the first time of an open day that is after ``naive``."""
    found = datetime.combine(naive.date(), point.at)
    while found <= naive or not _is_of_weekday(found, point):
        found += _DAY
    return found


def last_before(naive: datetime, point: DayTime) -> datetime:
    """Return the last time of an open day that is before ``naive``."""
    found = datetime.combine(naive.date(), point.at)
    while found >= naive or not _is_of_weekday(found, point):
        found -= _DAY
    return found


def _is_of_weekday(found: datetime, point: DayTime) -> bool:
    assert isinstance(point.day, OpenDay)
    return point.day.weekday in {None, found.weekday()}


def parse_date(text: str, times_in: str | None = None, *, is_coming: bool = False) -> AskedRange:
    """Return the range of `--date`: one day, from its beginning to that of the next; or of `last night`."""
    found = parse_span(text, "--date", times_in, is_coming=is_coming) if text.strip() else None
    if found is None:
        raise UsageError(
            f"--date {text!r} is not a day.", hint="Write it like 2026-01-16, yesterday, friday or last night."
        )
    return found


def parse_last(text: str) -> AskedAround:
    """Return the range of `--last 2h`, which ends now."""
    return AskedAround(Now(), before=parse_length(text, "--last"))


def parse_around(text: str, minutes: int, times_in: str | None = None, *, is_coming: bool = False) -> AskedAround:
    """Return the range of `--around TIME`, with as many minutes on each side."""
    side = timedelta(minutes=minutes)
    return AskedAround(parse_point(text, "--around", is_coming=is_coming), side, side, times_in)


def parse_from(start: str, duration: str, times_in: str | None = None, *, is_coming: bool = False) -> AskedAround:
    """Return the range of `--start` with `--duration`."""
    at, length = parse_point(start, "--start", is_coming=is_coming), parse_length(duration, "--duration")
    return AskedAround(at, after=length, times_in=times_in)


def is_bare(point: Point) -> bool:
    """Return whether a time is by the camera's clock (without `--times-in`)."""
    return isinstance(point, (WallTime, DayTime))


def asked_length(asked: Asked) -> timedelta:
    """Return end minus start, by the clock of the request."""
    start, end = asked.bounds
    if isinstance(start, WallTime) and isinstance(end, WallTime):
        return end - start
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end - start
    raise UsageError("One end of the range has an offset from UTC and the other has none.")
