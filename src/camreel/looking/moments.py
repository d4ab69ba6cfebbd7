"""A look as it is shown: each picture with its time, its place on the timeline and its command. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from camreel.clock import CameraClock, format_offset
from camreel.looking.value import Look, Miss, Shot, Way
from camreel.model import Span, WallTime
from camreel.planning.coverage import Stretch, ticks

_MOST_MARKS = 9  # on the axis of the timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture, or (``reason``) one that could not be had. ``at`` is its place in the range, from 0 to 1."""

    wall: WallTime
    at: float
    day: str
    time: str
    events: tuple[str, ...]
    line: str
    shot: Shot | None = None
    reason: str = ""

    @property
    def source(self) -> str:
        """How it was had, where that was not the usual way."""
        return "" if self.shot is None or self.shot.way is Way.KEYFRAME else self.shot.way.value


def moments(look: Look) -> tuple[Moment, ...]:
    """All of them, in order of time; the missing ones in their places."""
    assert look.found is not None
    span, clock = look.found.span, look.clock
    every: list[Shot | Miss] = sorted((*look.shots, *look.misses), key=lambda each: each.wall)
    return tuple(
        Moment(
            wall=each.wall,
            at=place_in(span, each.wall),
            day=f"{shown(each.wall, clock).naive:%Y-%m-%d}",
            time=time_text(each.wall, clock, span),
            events=_events_at(look.stretches, each.wall),
            line=look.line.around(each.wall, clock),
            shot=each if isinstance(each, Shot) else None,
            reason=each.reason if isinstance(each, Miss) else "",
        )
        for each in every
    )


def shown(wall: WallTime, clock: CameraClock | None) -> WallTime:
    """What the picture shows at a straight time."""
    return clock.shown(wall) if clock else wall


def time_text(wall: WallTime, clock: CameraClock | None, span: Span) -> str:
    """The time of day as the picture shows it; with its offset where that changes in the range."""
    text = f"{shown(wall, clock).naive:%H:%M:%S}"
    return text + format_offset(clock.offset_at(wall)) if clock and clock.changes_in(span) else text


def place_in(span: Span, wall: WallTime) -> float:
    """Where ``wall`` lies in the range: 0 at its start, 1 at its end."""
    return min(1.0, max(0.0, (wall - span.start).total_seconds() / span.seconds))


def marks(look: Look) -> tuple[tuple[float, str], ...]:
    """Where on the timeline round times of the camera's clock are, from 0 to 1, and what they are."""
    assert look.found is not None
    span = look.found.span
    return tuple((place_in(span, tick.at), tick.label) for tick in ticks(span, look.clock, _MOST_MARKS))


def _events_at(stretches: tuple[Stretch, ...], wall: WallTime) -> tuple[str, ...]:
    """What the recording of that moment is listed with, in words."""
    number = bisect_right(stretches, wall, key=lambda stretch: stretch.span.start) - 1
    if number < 0:
        return ()
    return stretches[number].events
