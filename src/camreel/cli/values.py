"""Parse the values of options: rates, lengths, times. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

from camreel.errors import UsageError
from camreel.model import Asked, Split

_SCALES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([kmg]?)(?:b(?:/s)?)?", re.IGNORECASE)
EXEC_TIMEOUT = 12 * 3600.0  # seconds: a camera's day is uploaded by then, and the next night is not there yet
_LEAST_FILE = 1_000_000
_LEAST = 1_000  # below, a camera's own patience would end first


def parse_rate(text: str) -> float:
    """``--limit-rate``: bytes a second; ``500k``, ``4M``, ``1.5 MB/s``, in decimal units as sizes are shown."""
    found = _RATE.fullmatch(text.strip())
    rate = float(found[1]) * _SCALES[found[2].lower()] if found else 0.0
    if rate < _LEAST:
        raise UsageError(
            f"--limit-rate {text!r} is not a rate of at least 1k.", hint="Write it like 500k or 4M, in bytes a second."
        )
    return rate


def parse_split(text: str) -> Split | int:
    """``--split``: ``day``, ``hour``, or the most bytes that a file may have: ``700M``, ``4G``."""
    if text.strip().lower() in {Split.DAY.value, Split.HOUR.value}:
        return Split(text.strip().lower())
    found = _RATE.fullmatch(text.strip())
    size = int(float(found[1]) * _SCALES[found[2].lower()]) if found else 0
    if size < _LEAST_FILE:
        raise UsageError(
            f"--split {text!r} must be day, hour, or a size of at least 1M.", hint="Write a size like 700M or 4G."
        )
    return size


def parse_timelapse(text: str) -> float:
    """``--timelapse``: ``60x`` is so many times as fast; a length, ``30s``, is how long it is, as a number below 0."""
    from camreel.clock import parse_length  # noqa: PLC0415 - the help page has no time for it

    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*[x×]", text.strip().lower())
    if found is None:
        return -parse_length(text, "--timelapse").total_seconds()
    if float(found[1]) <= 1:
        raise UsageError(f"--timelapse {text!r} must be faster than 1x.", hint="60x makes a minute of each hour.")
    return float(found[1])


def parse_pad(text: str) -> timedelta:
    """``--pad``: a length of time, or 0 for none."""
    from camreel.clock import parse_length  # noqa: PLC0415 - the help page has no time for it

    return timedelta(0) if text.strip() == "0" else parse_length(text, "--pad")


def parse_patience(text: str) -> float:
    """``--retry-for``, in seconds: a length of time, or 0 for not at all."""
    from camreel.clock import parse_length  # noqa: PLC0415 - the help page has no time for it

    return 0.0 if text.strip() == "0" else parse_length(text, "--retry-for").total_seconds()


def parse_exec_timeout(text: str) -> float:
    """``--exec-timeout``, in seconds: a length of time, or ``off`` for no limit."""
    from camreel.clock import parse_length  # noqa: PLC0415 - the help page has no time for it

    return math.inf if text.strip().lower() == "off" else parse_length(text, "--exec-timeout").total_seconds()


def parse_zone(text: str) -> str:
    """``--camera-tz``: an IANA name or an offset, in the form that a Target has."""
    from camreel.clock import parse_camera_zone  # noqa: PLC0415 - the help page has no time for it

    return parse_camera_zone(text)


def parse_kinds(text: str) -> tuple[str, ...]:
    """``--events``: words for kinds of events, between commas."""
    from camreel.planning.event_filter import parse_events  # noqa: PLC0415 - the help page has no time for it

    return parse_events(text)


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


def is_whole_range(start: str | None) -> bool:
    """Whether ``--start`` has both ends of a range in one word: ``23:00-03:00``."""
    from camreel.clock import split_range  # noqa: PLC0415 - the help page has no time for it

    return start is not None and split_range(start, "--start") is not None


def read_range(start: str | None, end: str | None, when: When, *, follow: bool = False) -> Asked:
    """The range that was asked for, in one of the ways in which it can be. UsageError for none and for two.

    ``follow``: a time without a day may lie ahead.
    """
    from camreel.clock import (  # noqa: PLC0415 - the help page has no time for it
        parse_around,
        parse_date,
        parse_from,
        parse_last,
        parse_range,
        parse_span,
        parse_zone_name,
    )

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
        raise UsageError(
            "--minutes belongs to --around.", hint="--duration is the length of the range from --start on."
        )
    times_in = None if when.times_in is None else parse_zone_name(when.times_in, "--times-in")
    if when.last is not None:
        return parse_last(when.last)
    if when.date is not None:
        return parse_date(when.date, times_in, is_coming=follow)
    if when.around is not None:
        return parse_around(when.around, _MINUTES if when.minutes is None else when.minutes, times_in, is_coming=follow)
    if start is None:
        raise UsageError("--start is missing.", hint=f"{given[0] if given else '--end'} needs a start.")
    if when.duration is not None:
        return parse_from(start, when.duration, times_in, is_coming=follow)
    if end is None and (span := parse_span(start, "--start", times_in, is_coming=follow)) is not None:
        return span
    assert end is not None, "required"
    return parse_range(start, end, times_in, is_coming=follow)


def parse_drift(text: str) -> timedelta:
    """``--clock-drift``: by how many seconds the camera's clock is fast (negative: slow), or ``off`` for none."""
    stripped = text.strip()
    if stripped.lower() == "off":
        return timedelta(0)
    if not re.fullmatch(r"[+-]?\d{1,10}", stripped, re.ASCII) or abs(int(stripped)) > _MOST_DRIFT.total_seconds():
        raise UsageError(
            f"--clock-drift {text!r} is neither off nor a number of seconds.",
            hint="7 means that the camera's clock is 7 seconds ahead, -7 that it is behind.",
        )
    return timedelta(seconds=int(stripped))
