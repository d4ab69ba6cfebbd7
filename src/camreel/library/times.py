"""What a program gives for times -> the range that is asked for. Pure.

An aware ``datetime`` is real time, wherever the camera is. :class:`~camreel.model.WallTime` is what the camera's own
clock shows. A naive ``datetime`` could be either, so it is refused. A text is read as on the command line.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from camreel.clock import parse_date, parse_length, parse_point, range_of
from camreel.errors import UsageError
from camreel.model import Asked, AskedAround, AskedRange, Now, Point, WallTime

Time = datetime | WallTime | str


def last(length: timedelta | str) -> AskedAround:
    """The range that ends now, by the camera: ``last("1h30m")``, ``last(timedelta(hours=1))``.

    UsageError for what is no length, or is not between a second and a year.
    """
    if isinstance(length, str):
        return AskedAround(Now(), before=parse_length(length, "last"))
    if not timedelta(seconds=1) <= length <= timedelta(days=366):
        raise UsageError(f"last: {length} is not between a second and a year.")
    return AskedAround(Now(), before=length)


def day(which: date | str) -> AskedRange:
    """A whole day by the camera's clock: ``day("yesterday")``, ``day("2026-01-16")``, ``day(date(2026, 1, 16))``.

    A ``datetime`` is refused (UsageError), aware or not: the day it is may be another one at the camera.
    """
    if isinstance(which, datetime):
        raise UsageError("day: a datetime is no day.", hint="Give a date, or its text, as the camera's clock has it.")
    return parse_date(which if isinstance(which, str) else which.isoformat())


def asked_for(start: Time | Asked, end: Time | None = None) -> Asked:
    """The range from ``start`` up to, not including, ``end``; or ``start`` alone, where that is a range.

    UsageError for a naive ``datetime``, for one real time beside one of the camera's clock, and for a range that does
    not go forward.
    """
    if isinstance(start, (AskedRange, AskedAround)):
        if end is not None:
            raise UsageError("A range has its end in it: none can be given beside it.")
        return start
    if end is None:
        raise UsageError("The end of the range is missing.", hint='Give one, or a range: camreel.last("1h").')
    return range_of(_point(start, "start"), _point(end, "end"))


def _point(time: Time, what: str) -> Point:
    if isinstance(time, str):
        return parse_point(time, what)
    if isinstance(time, datetime) and time.tzinfo is None:
        raise UsageError(
            f"{what}: {time} does not say whether it is real time or what the camera's clock shows.",
            hint="Give a datetime with a zone for real time, or camreel.WallTime(...) for the camera's clock.",
        )
    return time
