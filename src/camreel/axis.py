"""Where an axis of time has its ticks, and what stands there: round times of the camera's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from camreel.clock import CameraClock
from camreel.model import Span, WallTime

_DAY = timedelta(days=1)
# What people divide minutes, hours and days by.
_STEPS = [
    *(timedelta(seconds=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=count) for count in (1, 2, 3, 6, 12)),
    *(timedelta(days=count) for count in (1, 2, 7, 14, 28, 56, 112, 224)),
]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the axis (straight time), and what the camera's clock shows there: ``08:00``, ``16 Jan``."""

    at: WallTime
    label: str


def ticks(span: Span, clock: CameraClock | None, most: int) -> tuple[Tick, ...]:
    """At most about ``most`` ticks in ``span`` (straight time), in order; at least one a range longer than a second.

    They stand where the camera's clock shows round times, also after it was put forward or back: where it shows an
    hour twice, so does the axis. A tick at midnight has the date.
    """
    step = next((each for each in _STEPS if (span.end - span.start) / each <= max(1, most)), _STEPS[-1])
    return tuple(
        Tick(shown - ahead, _label(shown.naive, step))
        for part, ahead in _even_parts(span, clock)
        for shown in _round_times(part.start + ahead, part.end + ahead, step)
    )


def _even_parts(span: Span, clock: CameraClock | None) -> Iterator[tuple[Span, timedelta]]:
    """``span``, cut where the clock is put forward or back, with what it shows more than straight time."""
    start, ahead = span.start, timedelta(0) if clock is None else clock.shown(span.start) - span.start
    for change in clock.changes_in(span) if clock else ():
        assert clock is not None
        at = clock.straight(change.at)
        yield Span(start, at), ahead
        start, ahead = at, ahead + (change.after - change.before)
    yield Span(start, span.end), ahead


def _round_times(start: WallTime, end: WallTime, step: timedelta) -> Iterator[WallTime]:
    # Days are counted from a fixed one, so that the same range has the same ticks when it is moved.
    first = date(1970, 1, 1) if step >= _DAY else start.naive.date()
    zero = WallTime(datetime.combine(first, time()))
    number = -((zero - start) // step)  # the first at or after the start
    while (at := zero + number * step) < end:
        yield at
        number += 1


def _label(shown: datetime, step: timedelta) -> str:
    if shown.time() == time() or step >= _DAY:
        return f"{shown.day} {_MONTHS[shown.month - 1]}"
    return f"{shown:%H:%M:%S}" if step < timedelta(minutes=1) else f"{shown:%H:%M}"
