"""Parse times, time ranges, durations and time zones as people type them. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

from camreel.clock.zones import named
from camreel.errors import UsageError
from camreel.model import Asked, AskedAround, AskedRange, DayTime, Moment, Now, Point, WallTime

_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # outside, conversions could overflow; no camera recorded then
_LONGEST = timedelta(days=366)

# One parser of our own: datetime.fromisoformat of Python 3.10 refuses "Z", "+0100", ".5" and missing seconds' kin.
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_MOMENT = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})[T\ ]\s*{_CLOCK}"
    r"\s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_DAY_TIME = re.compile(rf"(?:(?P<word>today|yesterday)(?:[T\ ]\s*{_CLOCK})?)", re.IGNORECASE | re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_LENGTH = re.compile(
    r"(?:(\d{1,5})\s*d(?:ays?)?)?\s*(?:(\d{1,6})\s*h(?:ours?)?)?\s*"
    r"(?:(\d{1,7})\s*m(?:in(?:utes?)?)?)?\s*(?:(\d{1,9})\s*s(?:ec(?:onds?)?)?)?",
    re.IGNORECASE | re.ASCII,
)

_HOW_TO_WRITE_TIMES = (
    "Write it like 2026-01-16T08:00:00 (the camera's own clock) or 2026-01-16T08:00:00-08:00 (with an offset from UTC)."
)
_HOW_ELSE = " 08:00, yesterday 08:00, today and now are understood, too; --date takes a whole day."


def parse_moment(text: str, what: str = "time") -> Moment:
    """Return an ISO 8601 time: aware if it has an offset or `Z`, else by the camera's clock.

    `T` or a space separates date and time; seconds and fractions are optional. `what` names the option in an error.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{what} {text!r} is not a time.", hint=_HOW_TO_WRITE_TIMES + _HOW_ELSE)
    day = _date(found["year"], found["month"], found["day"], what, text)
    naive = datetime.combine(day, _time(found, what, text))
    if not found["zone"]:
        return WallTime(naive)
    return naive.replace(tzinfo=timezone(_parse_offset(found["zone"], what, text)))


def _date(year: str, month: str, day: str, what: str, text: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise UsageError(f"{what} {text!r} does not exist: {error}.", hint=_HOW_TO_WRITE_TIMES) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise UsageError(f"{what} {text!r} is in a year without recordings.", hint=_HOW_TO_WRITE_TIMES)
    return found


def _time(found: re.Match[str], what: str, text: str) -> time:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        return time(hour, minute, second, int((found["fraction"] or "0").ljust(6, "0")[:6]))
    except ValueError as error:
        raise UsageError(f"{what} {text!r} does not exist: {error}.", hint=_HOW_TO_WRITE_TIMES) from None


def _parse_offset(zone: str, what: str, text: str) -> timedelta:
    if zone.upper() == "Z":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise UsageError(
            f"{what} {text!r} has the offset {zone}, which no place on earth has.", hint=_HOW_TO_WRITE_TIMES
        )
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def parse_point(text: str, what: str = "time") -> Point:
    """Return a time as `parse_moment` does, or in words: `now`, `today`, `yesterday 08:00`, `08:00` (today).

    A word for a day means its beginning. The camera's clock decides later which day that is.
    """
    stripped = text.strip()
    if stripped.lower() == "now":
        return Now()
    if found := _TIME.fullmatch(stripped):
        return DayTime(0, _time(found, what, text))
    if found := _DAY_TIME.fullmatch(stripped):
        day = 0 if found["word"].lower() == "today" else -1
        return DayTime(day, _time(found, what, text) if found["hour"] else time())
    return parse_moment(text, what)


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
    zone = named(text)
    if zone is None:
        raise UsageError(f"{what} {text!r} is not a time zone.", hint="Write it like Europe/Berlin or UTC.")
    return zone.name


def parse_camera_zone(text: str) -> str:
    """Return the value of `--camera-tz`: the name of a zone, or one offset all year (`+01:00`, for cameras without
    daylight saving).
    """
    if found := re.fullmatch(r"\s*(?:UTC)?([+-]\d{2}(?::?\d{2})?)\s*", text, re.IGNORECASE | re.ASCII):
        _parse_offset(found[1], "--camera-tz", text)
        return found[1]
    return parse_zone_name(text, "--camera-tz")


def offset_of_camera_zone(text: str) -> timedelta | None:
    """Return the offset if `--camera-tz` is an offset, None if it is a name."""
    return _parse_offset(text, "--camera-tz", text) if text[0] in "+-" else None


def parse_range(start: str, end: str, times_in: str | None = None) -> AskedRange:
    """Return both ends of the range. UsageError if they do not parse, do not mix, or are in the wrong order."""
    ends = parse_point(start, "--start"), parse_point(end, "--end")
    return range_of(*ends, times_in, called=("--start", "--end"), said=(start, end))


def range_of(
    start: Point,
    end: Point,
    times_in: str | None = None,
    *,
    called: tuple[str, str] = ("start", "end"),
    said: tuple[str, str] | None = None,
) -> AskedRange:
    """Return both ends as one range. UsageError if they do not mix, or are in the wrong order.

    `called` names both in an error, and `said` quotes them.
    """
    asked = AskedRange(start, end, times_in)
    kinds = dict(zip(called, map(is_bare, (start, end)), strict=True))
    if times_in is None and len(set(kinds.values())) == 2 and not any(isinstance(p, Now) for p in asked.points):
        bare, real = sorted(kinds, key=lambda option: not kinds[option])
        raise UsageError(
            f"{bare} has no offset from UTC and {real} has one.",
            hint="Give both an offset (like +01:00 or Z), or neither: then both mean the camera's own clock.",
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
            hint=f"The video ends just before {last}: give a later one.",
        )
    return UsageError(f"{first} {start} is not before {last} {end}.", hint="Swap them, or check the dates.")


def parse_date(text: str, times_in: str | None = None) -> AskedRange:
    """Return the range of `--date`: one day, from its beginning to that of the next."""
    stripped = text.strip().lower()
    if stripped in {"today", "yesterday"}:
        day = 0 if stripped == "today" else -1
        return AskedRange(DayTime(day), DayTime(day + 1), times_in)
    found = _DATE.fullmatch(stripped)
    if not found:
        raise UsageError(f"--date {text!r} is not a day.", hint="Write it like 2026-01-16, today or yesterday.")
    first = _date(found[1], found[2], found[3], "--date", text)
    return AskedRange(DayTime(first), DayTime(first + timedelta(days=1)), times_in)


def parse_last(text: str) -> AskedAround:
    """Return the range of `--last 2h`, which ends now."""
    return AskedAround(Now(), before=parse_length(text, "--last"))


def parse_around(text: str, minutes: int, times_in: str | None = None) -> AskedAround:
    """Return the range of `--around TIME`, with as many minutes on each side."""
    side = timedelta(minutes=minutes)
    return AskedAround(parse_point(text, "--around"), side, side, times_in)


def parse_from(start: str, duration: str, times_in: str | None = None) -> AskedAround:
    """Return the range of `--start` with `--duration`."""
    return AskedAround(parse_point(start, "--start"), after=parse_length(duration, "--duration"), times_in=times_in)


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
