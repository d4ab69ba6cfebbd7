"""Write the commands that a look offers: export a range, or look closer at it. Pure.

Times are in the form that camreel reads as this range again, also in an hour that the clock shows twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from camreel.clock import CameraClock, format_offset
from camreel.model import Span, WallTime
from camreel.text import quoted

_AROUND = timedelta(days=1)  # a command may reach beyond the range of the look
_SECOND, _NOTHING = timedelta(seconds=1), timedelta(0)


@dataclass(frozen=True, slots=True)
class ClockPart:
    """The way to write times from `start` (straight) on.

    The clock shows `ahead` more than straight time. With its `offset` a time is in real time, `real_ahead` more than
    straight. `needs_offset`: the clock shows this time in another pass, too.
    """

    start: WallTime
    ahead: timedelta = _NOTHING
    real_ahead: timedelta = _NOTHING
    offset: str = ""
    needs_offset: bool = False

    def typed(self, wall: WallTime, *, is_end: bool, with_offset: bool) -> str:
        """Return `wall` in whole seconds: of a start the last before it, of an end the first after it."""
        shown = (wall + (self.real_ahead if with_offset else self.ahead)).naive
        whole = shown.replace(microsecond=0)
        whole += _SECOND if is_end and shown > whole else _NOTHING
        return f"{whole:%Y-%m-%dT%H:%M:%S}{self.offset}" if with_offset else f"{whole:%Y-%m-%d %H:%M:%S}"


def clock_parts(span: Span, clock: CameraClock | None, *, in_real_time: bool = False) -> tuple[ClockPart, ...]:
    """Return the ways to write times in `span` and a day around it, in order. The first is for all before it, too.

    `in_real_time`: each time needs its offset.
    """
    first = span.start - _AROUND
    if clock is None:
        return (ClockPart(first),)
    changes = clock.changes_in(Span(first, span.end + _AROUND))
    doubled = [
        (at - (change.before - change.after), at + (change.before - change.after))
        for change in changes
        if change.after < change.before
        for at in [clock.straight(change.at)]
    ]
    starts = {first, *(clock.straight(change.at) for change in changes), *(wall for pair in doubled for wall in pair)}
    return tuple(
        ClockPart(
            start,
            clock.offset_at(start) - clock.base,
            clock.offset_at(start) - clock.base - clock.drift,
            format_offset(clock.offset_at(start)),
            in_real_time or any(begin <= start < end for begin, end in doubled),
        )
        for start in sorted(starts)
    )


def typed_range(span: Span, parts: Sequence[ClockPart]) -> tuple[str, str]:
    """Return start and end as they are typed: with their offsets if one of both needs it."""
    start, end = (
        next((part for part in reversed(parts) if part.start <= wall), parts[0]) for wall in (span.start, span.end)
    )
    with_offset = start.needs_offset or end.needs_offset
    return (
        start.typed(span.start, is_end=False, with_offset=with_offset),
        end.typed(span.end, is_end=True, with_offset=with_offset),
    )


@dataclass(frozen=True, slots=True)
class GetLine:
    """The commands for a range: `program` as a shell takes it, then `words` for the camera and its options.

    They never have a password. `in_real_time`: times need an offset, because bare ones are not by the camera's clock
    there.
    """

    program: str
    words: tuple[str, ...]
    in_real_time: bool = False

    def head(self, command: str) -> str:
        """Return `command` for this camera, without a range."""
        return " ".join((self.program, command, *map(quoted, self.words)))

    def export(self, span: Span, clock: CameraClock | None) -> str:
        """Return the command that exports `span` (straight time)."""
        start, end = typed_range(span, clock_parts(span, clock, in_real_time=self.in_real_time))
        return f"{self.head('get')} --start {quoted(start)} --end {quoted(end)}"
