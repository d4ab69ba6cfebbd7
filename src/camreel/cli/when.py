"""The options that say which range is wanted -> what was asked. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from camreel.clock import parse_around, parse_date, parse_from, parse_last, parse_range, parse_zone_name
from camreel.errors import UsageError
from camreel.model import Asked

_MINUTES = 10  # on each side of --around
_MOST_DRIFT = timedelta(days=366 * 50)  # a clock that was never set is decades off


@dataclass(frozen=True, slots=True)
class When:
    """What was given besides ``--start`` and ``--end``, as it was typed."""

    last: str | None = None
    date: str | None = None
    around: str | None = None
    minutes: int | None = None
    duration: str | None = None
    times_in: str | None = None


def is_asked_otherwise(when: When) -> bool:
    """Whether the range can do without ``--start`` and ``--end``, or without one of them."""
    return any(value is not None for value in (when.last, when.date, when.around, when.duration))


def read_range(start: str | None, end: str | None, when: When) -> Asked:
    """The range that was asked for, in one of the ways in which it can be. UsageError for none and for two."""
    ways = {
        "--last": when.last,
        "--date": when.date,
        "--around": when.around,
        "--duration": when.duration,
        "--end": end,
    }
    given = [option for option, value in ways.items() if value is not None]
    alone = given[0] not in {"--duration", "--end"} if given else False
    if len(given) > 1 or (alone and start is not None):
        both = [*given, "--start"] if alone and start is not None else given
        raise UsageError(
            f"{both[0]} and {both[1]} exclude each other.",
            hint="A range is --start with --end or --duration, or --date, --last or --around alone.",
        )
    if when.minutes is not None and when.around is None:
        raise UsageError("--minutes belongs to --around.", hint="--duration is how long a range is from --start on.")
    times_in = None if when.times_in is None else parse_zone_name(when.times_in, "--times-in")
    if when.last is not None:
        return parse_last(when.last)
    if when.date is not None:
        return parse_date(when.date, times_in)
    if when.around is not None:
        return parse_around(when.around, _MINUTES if when.minutes is None else when.minutes, times_in)
    if start is None:
        raise UsageError("--start is missing.", hint=f"{given[0] if given else '--end'} needs a start.")
    if when.duration is not None:
        return parse_from(start, when.duration, times_in)
    assert end is not None, "required, where nothing else is given"
    return parse_range(start, end, times_in)


def parse_drift(text: str) -> timedelta:
    """``--clock-drift``: by how many seconds the camera's clock is fast (negative: slow), or ``off`` for none."""
    stripped = text.strip()
    if stripped.lower() == "off":
        return timedelta(0)
    if not re.fullmatch(r"[+-]?\d{1,10}", stripped, re.ASCII) or abs(int(stripped)) > _MOST_DRIFT.total_seconds():
        raise UsageError(
            f"--clock-drift {text!r} is neither off nor a number of seconds.",
            hint="7 means that the camera's clock is 7 seconds fast, -7 that it is slow.",
        )
    return timedelta(seconds=int(stripped))
