"""Put a look into words and places, for the page, the contact sheet and the report. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from camreel.clock import CameraClock, format_offset, show_span
from camreel.errors import printable
from camreel.model import Span, WallTime
from camreel.planning.coverage import CoverageSpan, ticks
from camreel.preview.model import Look, Miss, Shot, Way
from camreel.text import count_text, duration_text, size_text

_MOST_MARKS = 9  # on the axis of the timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture, or the `reason` why there is none. `at` is its place in the range, from 0 to 1."""

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
        """Name where the picture comes from, if that is not a keyframe."""
        return "" if self.shot is None or self.shot.way is Way.KEYFRAME else self.shot.way.value

    @property
    def event_list(self) -> str:
        """Return its events in one line."""
        return ", ".join(self.events)


def moments(look: Look) -> tuple[Moment, ...]:
    """Return all moments in order of time, those without a picture in their places."""
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
    """Return the time in the camera's picture at the straight time `wall`."""
    return clock.shown(wall) if clock else wall


def time_text(wall: WallTime, clock: CameraClock | None, span: Span) -> str:
    """Return the time of day in the camera's picture, with its offset if that changes in `span`."""
    text = f"{shown(wall, clock).naive:%H:%M:%S}"
    return text + format_offset(clock.offset_at(wall)) if clock and clock.changes_in(span) else text


def place_in(span: Span, wall: WallTime) -> float:
    """Return the place of `wall` in `span`: 0 at its start, 1 at its end."""
    return min(1.0, max(0.0, (wall - span.start).total_seconds() / span.seconds))


def marks(look: Look) -> tuple[tuple[float, str], ...]:
    """Return round times of the camera's clock: the place of each on the timeline, from 0 to 1, and its label."""
    assert look.found is not None
    span = look.found.span
    return tuple((place_in(span, tick.at), tick.label) for tick in ticks(span, look.clock, _MOST_MARKS))


def title_of(look: Look) -> str:
    """Name the camera and the range in one line."""
    assert look.found is not None
    return f"{camera_of(look)}, {show_span(look.found.span, look.clock)}"


def camera_of(look: Look) -> str:
    """Name the camera and its channel."""
    assert look.found is not None
    target, query, device = look.request.target, look.request.query, look.found.device
    name = target.name or device.name or target.address.authority
    return f"{printable(name, 60)}, channel {query.channel}{' (sub stream)' if query.stream.value == 'sub' else ''}"


def facts_of(look: Look) -> list[str]:
    """Return sentences: the range, how much of it is recorded, and how many pictures there are."""
    assert look.found is not None
    span, plan = look.found.span, look.found.plan
    step = duration_text(look.step.total_seconds())
    recorded = f"{duration_text(look.recorded_seconds)} of it in {count_text(len(plan.recordings), 'recording')}"
    pictures = f"{count_text(len(look.shots), 'picture')}, one every {step}, for {size_text(look.received)}"
    facts = [
        f"{show_span(span, look.clock)} by the camera's clock ({duration_text(span.seconds)})",
        f"{recorded}, {size_text(plan.listed_bytes)}; {pictures}",
    ]
    if look.passed_over:
        parts = "part" if look.passed_over == 1 else "parts"
        facts.append(f"{look.passed_over} short {parts} of it without a picture of their own (--most N allows more)")
    return facts


def _events_at(stretches: tuple[CoverageSpan, ...], wall: WallTime) -> tuple[str, ...]:
    """Return the events of the recording of that moment, in words."""
    number = bisect_right(stretches, wall, key=lambda stretch: stretch.span.start) - 1
    return stretches[number].events if number >= 0 else ()
