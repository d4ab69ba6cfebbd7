"""Put a look into words and places, for the page, the contact sheet and the report. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from camreel.clock import CameraClock, format_offset, show_span
from camreel.errors import printable
from camreel.model import Span, WallTime
from camreel.planning.coverage import CoverageSpan, listed_span, ticks
from camreel.planning.event_filter import events_of
from camreel.preview.model import FailedLook, Look, Miss, Shot, Way
from camreel.text import count_text, duration_text, size_text

EVENT_PAD, MOMENT_PAD = timedelta(seconds=10), timedelta(minutes=2)
_SAME_PLACE = 0.002  # of the range: a pixel or two
_TOUCHING, _LONGEST_EVENT = timedelta(seconds=2), timedelta(hours=1)
_MOST_MARKS = 9  # on the axis of the timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture, or the `reason` why there is none. `at` is its place in the range, from 0 to 1; `second` in seconds.

    The command for it exports `base`, with `pad` before and after: the whole recording of an event, else the moment.
    """

    wall: WallTime
    at: float
    second: float
    day: str
    time: str
    events: tuple[str, ...]
    base: Span
    pad: timedelta
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
    events = event_spans(look)
    ends = tuple(accumulate((event.end for event in events), max))

    def moment(each: Shot | Miss) -> Moment:
        wall = WallTime(each.wall.naive.replace(microsecond=each.wall.naive.microsecond // 1000 * 1000))
        event = _around(wall, events, ends)
        base, pad = (Span(wall, wall), MOMENT_PAD) if event is None else (event, EVENT_PAD)
        return Moment(
            wall=each.wall,
            at=place_in(span, each.wall),
            second=(wall - span.start).total_seconds(),
            day=f"{shown(each.wall, clock).naive:%Y-%m-%d}",
            time=time_text(each.wall, clock, span),
            events=_events_at(look.stretches, each.wall),
            base=base,
            pad=pad,
            line=look.line.export(Span(base.start - pad, base.end + pad), clock),
            shot=each if isinstance(each, Shot) else None,
            reason=each.reason if isinstance(each, Miss) else "",
        )

    every: list[Shot | Miss] = [*look.shots, *look.misses]
    return tuple(map(moment, sorted(every, key=lambda each: each.wall)))


def event_spans(look: Look) -> tuple[Span, ...]:
    """Return the events, in order of start: the recordings that have one, those that follow each other as one.

    For at most an hour: some cameras see motion all day.
    """
    assert look.found is not None
    spans: list[Span] = []
    for each in sorted(listed_span(each) for each in look.found.plan.recordings if events_of(each)):
        last = spans[-1] if spans else None
        if last and each.start - last.end <= _TOUCHING and max(each.end, last.end) - last.start <= _LONGEST_EVENT:
            spans[-1] = Span(last.start, max(each.end, last.end))
        else:
            spans.append(each)
    return tuple(spans)


def _around(wall: WallTime, events: Sequence[Span], ends: Sequence[WallTime]) -> Span | None:
    """Return the span of those of `events` that hold `wall`, or None. `ends`: up to each, the latest end."""
    first, last = bisect_right(ends, wall), bisect_right(events, wall, key=lambda span: span.start)
    holding = [span for span in events[first:last] if wall < span.end]
    return Span(holding[0].start, max(span.end for span in holding)) if holding else None


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


def have_one_axis(looks: Sequence[Look]) -> bool:
    """Return whether the marks of the first are those of all: the clocks show the same times at both ends."""
    ends = [
        [shown(wall, look.clock) for wall in (look.found.span.start, look.found.span.end)]
        for look in looks
        if look.found
    ]
    least = _SAME_PLACE * (ends[0][1] - ends[0][0])
    return all(abs(at - first) <= least for each in ends for at, first in zip(each, ends[0], strict=True))


def zones_of(looks: Sequence[Look]) -> list[str]:
    """Return the offset of each from UTC, to be named where they differ; empty texts if they do not."""
    offsets = [
        format_offset(look.clock.offset_at(look.found.span.start)) if look.clock and look.found else ""
        for look in looks
    ]
    return [f" (UTC{offset})" if offset else "" for offset in offsets] if len(set(offsets)) > 1 else [""] * len(looks)


def heading_of(looks: Sequence[Look], failures: Sequence[FailedLook] = ()) -> str:
    """Name the camera, or say how many there are."""
    channels = len(looks) + len(failures)
    if channels == 1:
        return camera_of(looks[0])
    cameras = {_name_of(look) for look in looks} | {failure.name for failure in failures}
    if len(cameras) == 1:
        return f"{printable(next(iter(cameras)), 60)}, {channels} channels"
    return f"{len(cameras)} cameras" + ("" if len(cameras) == channels else f", {channels} channels")


def _name_of(look: Look) -> str:
    return look.request.target.name or look.request.target.address.authority


def title_of(looks: Sequence[Look], failures: Sequence[FailedLook] = ()) -> str:
    """Name the camera, or say how many there are, and the range in one line."""
    found = looks[0].found
    assert found is not None
    return f"{heading_of(looks, failures)}, {show_span(found.span, looks[0].clock)}"


def camera_of(look: Look) -> str:
    """Name the camera and its channel."""
    assert look.found is not None
    target, query, device = look.request.target, look.request.query, look.found.device
    name = target.name or device.name or target.address.authority
    return f"{printable(name, 60)}, channel {query.channel}{' (sub stream)' if query.stream.value == 'sub' else ''}"


def facts_of(look: Look) -> list[str]:
    """Return sentences: the range, how much of it is recorded, and how many pictures there are."""
    assert look.found is not None
    span, plan, choice = look.found.span, look.found.plan, look.choice
    recorded = f"{duration_text(look.recorded_seconds)} of it in {count_text(len(plan.recordings), 'recording')}"
    steps = (("during events", choice.event_step), ("otherwise" if choice.event_step else "", choice.step))
    said = [f"every {duration_text(step.total_seconds())} {of}".rstrip() for of, step in steps if step]
    if choice.event_step == choice.step:
        said = said[-1:] and [said[-1].removesuffix(" otherwise")]
    pictures = ": ".join(filter(None, [count_text(len(look.shots), "picture"), ", ".join(said)]))
    if look.is_interrupted:  # they are not spread over the range
        pictures = f"{len(look.shots)} of {count_text(len(look.shots) + len(look.misses), 'picture')}"
    facts = [
        f"{show_span(span, look.clock)} by the camera's clock ({duration_text(span.seconds)})",
        f"{recorded}, {size_text(plan.listed_bytes)}; {pictures}; {size_text(look.received)} downloaded",
    ]
    more = " (for more pictures: --most N)" if choice.may_have_more else ""
    if choice.is_short_of_events:
        facts.append(f"Too many events for a picture every 10 s: their pictures are spaced wider{more}")
    if choice.passed_over:
        length = duration_text(choice.passed_length.total_seconds())
        facts.append(f"No picture of {length} of it ({count_text(choice.passed_over, 'part')}){more}")
    return facts


def _events_at(stretches: tuple[CoverageSpan, ...], wall: WallTime) -> tuple[str, ...]:
    """Return the events of the recording of that moment, in words."""
    number = bisect_right(stretches, wall, key=lambda stretch: stretch.span.start) - 1
    return stretches[number].events if number >= 0 else ()
