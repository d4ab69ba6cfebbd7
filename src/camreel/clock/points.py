"""Parse a time as people type it: a date, a clock time, a word for a day, an offset; and a range in one word. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from difflib import get_close_matches

from camreel.errors import UsageError
from camreel.model import DayTime, Moment, Now, OpenDay, Point, WallTime

_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # outside, conversions could overflow; no camera recorded then
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NIGHT = "last night"
RANGE_WORDS = ("today", "yesterday", _NIGHT, *_WEEKDAYS)
_WORDS = ("now", *RANGE_WORDS)

# One parser of our own: datetime.fromisoformat of Python 3.10 refuses "Z", "+0100", ".5" and missing seconds' kin.
_DAY = (
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<date>\d{1,2})"
    r"|(?P<compact>\d{8})"
    r"|(?P<one>\d{1,2})(?P<mark>[-/.])(?P<two>\d{1,2})(?P=mark)(?P<last>\d{4})"
    r"|(?P<word>today|yesterday)"
    r"|(?:on\ |last\ )?(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?))"
)
_CLOCK = (
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?\s*(?P<half>[ap]\.?m\b\.?)?"
    r"|(?P<bare_hour>\d{1,2})\s*(?P<bare_half>[ap]\.?m\b\.?)"
    r"|(?<=T)(?P<digits>\d{4}(?:\d{2})?))"
)
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_FLAGS = re.IGNORECASE | re.ASCII
_POINT = re.compile(rf"{_DAY}(?:(?:T|,?\ (?:at\ )?)\s*{_CLOCK}\s*{_ZONE}?)?", _FLAGS)
_ONLY_DAY = re.compile(_DAY, _FLAGS)
_TURNED = re.compile(rf"{_CLOCK},?\ (?:on\ )?{_DAY}", _FLAGS)
_TIME = re.compile(rf"(?:at\ )?{_CLOCK}", _FLAGS)
# A dash is between both ends if what stands before it ends with a clock time.
_HALF = r"\s*[ap]\.?m\.?"
_DASHED = re.compile(
    rf"(.*?(?:\d{{1,2}}(?::\d{{2}}){{1,2}}(?:{_HALF})?|\b\d{{1,2}}{_HALF}))\s*-\s*"
    rf"(\d{{1,2}}(?::\d{{2}}|{_HALF}).*|.*\ \d.*)",
    _FLAGS,
)
# What is certainly one time with its offset; and the offsets, west of Greenwich, that a place has.
_ISO = re.compile(r"\S+T\S+|.*:\d{2}:\d{2}(?:[.,]\d+)?[+-]\d{2}(?::?\d{2})?", _FLAGS)
_OFFSET_OF_A_PLACE = re.compile(r"[+-](?:0\d|1[0-4])(?::?00)?|-09:?30|-03:?30|-02:?30", _FLAGS)
_ABBREVIATION = re.compile(r"\ ([A-Za-z]{2,5})$")
# Each means several places, or is off by an hour for half of the year.
AMBIGUOUS_ZONES = {
    "EST": ("America/New_York", "America/Jamaica", "Australia/Sydney"),
    "EDT": ("America/New_York",),
    "CST": ("America/Chicago", "Asia/Shanghai", "America/Havana"),
    "CDT": ("America/Chicago", "America/Havana"),
    "MST": ("America/Denver", "America/Phoenix"),
    "MDT": ("America/Denver",),
    "PST": ("America/Los_Angeles", "Asia/Manila"),
    "PDT": ("America/Los_Angeles",),
    "HST": ("Pacific/Honolulu",),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "IST": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "CET": ("Europe/Berlin", "Europe/Paris"),
    "CEST": ("Europe/Berlin", "Europe/Paris"),
    "MET": ("Europe/Berlin",),
    "EET": ("Europe/Athens", "Europe/Helsinki"),
    "EEST": ("Europe/Athens", "Europe/Helsinki"),
    "WET": ("Europe/Lisbon",),
    "MSK": ("Europe/Moscow",),
    "JST": ("Asia/Tokyo",),
    "AEST": ("Australia/Sydney", "Australia/Brisbane"),
    "AEDT": ("Australia/Sydney",),
}

HOW_TO_WRITE_TIMES = (
    "Write it like 2026-01-16T08:00:00 (the camera's own clock) or 2026-01-16T08:00:00-08:00 (with an offset from UTC)."
)
_HOW_ELSE = " 08:00, 8 pm, yesterday 08:00, friday 23:00, today and now are understood, too; --date takes a whole day."


def parse_point(text: str, what: str = "time", *, is_end: bool = False, is_coming: bool = False) -> Point:
    """Return a time as it was typed: `2026-01-16 08:00`, `yesterday 8 pm`, `friday 23:00`, `08:00`, `now`.

    With an offset or `Z` it is aware, else by a clock that decides later which day is meant. A day alone is its
    midnight, or with `is_end` the midnight behind it. `what` names the option in an error; `is_coming` is as in
    :class:`camreel.model.OpenDay`. UsageError says which part was not understood.
    """
    typed = " ".join(text.split())
    if typed.lower() == "now":
        return Now()
    if found := _TIME.fullmatch(typed):
        at, _days = _clock(found, what, text)  # 24:00 is the next midnight, as 0:00 is
        return DayTime(OpenDay(is_coming=is_coming), at)
    found = _POINT.fullmatch(typed) or _TURNED.fullmatch(typed)
    if found is None:
        raise _not_understood(text, typed, what)
    has_clock = any(found[name] for name in ("hour", "bare_hour", "digits"))
    at, days = _clock(found, what, text) if has_clock else (time(), int(is_end))
    zone = found.groupdict().get("zone")
    if found["weekday"]:
        weekday = [name[:3] for name in _WEEKDAYS].index(found["weekday"][:3].lower())
        if zone:
            raise _not_understood(text, typed, what, zone)
        return DayTime(OpenDay((weekday + days) % 7, is_coming=is_coming), at)
    if found["word"]:
        if zone:
            raise _not_understood(text, typed, what, zone)
        return DayTime(days - (found["word"].lower() == "yesterday"), at)
    day = _date(found, what, text) + timedelta(days=days)
    if not has_clock:
        return DayTime(day)
    naive = datetime.combine(day, at)
    return naive.replace(tzinfo=timezone(parse_offset(zone, what, text))) if zone else WallTime(naive)


def parse_moment(text: str, what: str = "time") -> Moment:
    """Return a date with a time, as `parse_point` reads it: aware if it has an offset or `Z`, else by the camera's
    clock.
    """
    point = parse_point(text, what)
    if not isinstance(point, (WallTime, datetime)):
        raise UsageError(f"{what} {text!r} is not a time with its date.", hint=HOW_TO_WRITE_TIMES)
    return point


def parse_day(text: str, what: str, *, is_coming: bool = False) -> DayTime | None:
    """Return the beginning of a day alone: a date, a word or a weekday; None if `text` has a clock time, too."""
    point = parse_point(text, what, is_coming=is_coming)
    return point if isinstance(point, DayTime) and _ONLY_DAY.fullmatch(" ".join(text.split())) else None


def split_range(text: str, what: str = "time") -> tuple[str, str] | None:
    """Return both ends of a range in one word (`08:00-08:02`, `A..B`, `A to B`, `last night`); None if it is none.

    UsageError if it could be one moment, too, or mean two ranges.
    """
    typed = " ".join(text.split())
    if typed.lower() == _NIGHT:  # also in the evening: not the night that begins
        return "yesterday 18:00", "today 06:00"
    for mark in ("..", "…", "–", "—", " to ", " until ", " - "):
        start, found, end = typed.partition(mark)
        if found and start.strip() and end.strip():
            return _checked(start.strip(), end.strip(), what, text)
    dashed = _DASHED.fullmatch(typed)
    if not dashed or _ISO.fullmatch(typed):
        return None
    moment = _POINT.fullmatch(typed)
    has_date = moment and not (moment["word"] or moment["weekday"])
    if moment and has_date and moment["zone"] and _OFFSET_OF_A_PLACE.fullmatch(moment["zone"]):
        raise UsageError(
            f"{what} {text!r} could be {dashed[1]} to {dashed[2]}, or {dashed[1]} at {moment['zone']} from UTC.",
            hint=f'For the range write "{dashed[1]} to {dashed[2]}". A time needs an end, too.',
        )
    return _checked(dashed[1], dashed[2], what, text)


def _checked(start: str, end: str, what: str, text: str) -> tuple[str, str]:
    """Return both ends. UsageError if only the end says am or pm, and the start could be either."""
    if re.search(r"[ap]\.?m\.?$", end, _FLAGS) and re.search(
        r"(?:^|[T ])(?:0?[1-9]|1[0-2]):\d{2}(?::\d{2})?$", start, _FLAGS
    ):
        raise UsageError(
            f"{what} {text!r} does not say whether {start} is am or pm.", hint="Write it at both ends, or as 20:00."
        )
    return start, end


def _date(found: re.Match[str], what: str, text: str) -> date:
    if found["year"]:
        numbers = found["year"], found["month"], found["date"]
    elif found["compact"]:
        numbers = found["compact"][:4], found["compact"][4:6], found["compact"][6:]
    else:
        numbers = found["last"], *_month_and_day(found, what, text)
    try:
        day = date(*map(int, numbers))
    except ValueError as error:
        raise UsageError(f"{what} {text!r} does not exist: {error}.", hint=HOW_TO_WRITE_TIMES) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(f"{what} {text!r} is in a year without recordings.", hint=HOW_TO_WRITE_TIMES)
    return day


def _month_and_day(found: re.Match[str], what: str, text: str) -> tuple[str, str]:
    """Return month and day of a date with its year last. With dots, and above 12, it is clear which one is the day."""
    one, two, year = int(found["one"]), int(found["two"]), found["last"]
    if found["mark"] == "." or one > 12 or one == two:
        return found["two"], found["one"]
    if two > 12:
        return found["one"], found["two"]
    raise UsageError(
        f"{what} {text!r} could be {year}-{one:02}-{two:02} or {year}-{two:02}-{one:02}.",
        hint="Write the date with its year first.",
    )


def _clock(found: re.Match[str], what: str, text: str) -> tuple[time, int]:
    """Return the time, and how many days later: 24:00 is the next midnight."""
    if found["digits"]:
        hour, minute, second = found["digits"][:2], found["digits"][2:4], found["digits"][4:]
    else:
        hour, minute, second = found["hour"] or found["bare_hour"], found["minute"], found["second"]
    numbers = [int(hour), int(minute or 0), int(second or 0)]
    microsecond = int((found["fraction"] or "0").ljust(6, "0")[:6])
    half = found["half"] or found["bare_half"]
    if half:
        if not 1 <= numbers[0] <= 12:
            raise UsageError(f"{what} {text!r} does not exist: {numbers[0]} is no hour before {half}.", hint=_HOW_OFTEN)
        numbers[0] = numbers[0] % 12 + (12 if half[0].lower() == "p" else 0)
    elif numbers[0] == 24 and not (numbers[1] or numbers[2] or microsecond):
        return time(), 1
    for number, most, name in zip(numbers, (23, 59, 59), ("hour", "minute", "second"), strict=True):
        if number > most:
            raise UsageError(f"{what} {text!r} does not exist: there is no {name} {number}.", hint=HOW_TO_WRITE_TIMES)
    return time(numbers[0], numbers[1], numbers[2], microsecond), 0


_HOW_OFTEN = "Write it like 8 pm, or 20:00."


def parse_offset(zone: str, what: str, text: str) -> timedelta:
    """Return an offset from UTC: `Z`, `UTC`, `+01`, `+0100`, `-08:00`. UsageError for one that no place has."""
    if zone[0] not in "+-":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise UsageError(f"{what} {text!r} has the offset {zone}, which no time zone has.", hint=HOW_TO_WRITE_TIMES)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def _not_understood(text: str, typed: str, what: str, part: str | None = None) -> UsageError:
    """Return the error that names the part that was not understood, and what comes near it."""
    if (found := _ABBREVIATION.search(typed)) and found[1].upper() in AMBIGUOUS_ZONES:
        return UsageError(f"{what} {text!r} is not a time: {found[1]} is not clear.", hint=zone_hint(found[1]))
    part = part or next((word for word in typed.split(" ") if not _is_known(word)), None)
    said = f"{what} {text!r} is not a time"
    near = get_close_matches(part.lower(), [*_WORDS, "night"], 1, 0.7) if part else []
    if not typed.lower().startswith(_NIGHT) and get_close_matches(typed.lower(), [_NIGHT], 1, 0.8):
        near = [_NIGHT]
    if near and near[0] != "night":
        return UsageError(
            f"{said}: {part!r} is not understood. Did you mean {near[0]}?", hint=HOW_TO_WRITE_TIMES + _HOW_ELSE
        )
    if part and part != typed:
        said += f": {part!r} is not understood"
    return UsageError(f"{said}.", hint=HOW_TO_WRITE_TIMES + _HOW_ELSE)


def _is_known(word: str) -> bool:
    patterns = (_POINT, _TIME, re.compile(_ZONE, _FLAGS))
    return any(pattern.fullmatch(word) for pattern in patterns) or word.lower() in {"at", "on", "last", "am", "pm"}


def zone_hint(abbreviation: str, *, by_name: bool = False) -> str:
    """Return what to give in place of the abbreviation of a zone; ``by_name``: where a zone is asked for."""
    names = ", ".join(AMBIGUOUS_ZONES[abbreviation.upper()])
    if by_name:
        return f"Give the name of the zone, like {names}."
    return f"Give the offset (like -05:00), or the name of the zone with --times-in: {names}."
