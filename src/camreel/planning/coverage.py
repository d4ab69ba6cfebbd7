"""Divide a range into stretches: recorded, with an event, pending, gap. For reports and timelines. Pure.

`cells` and `ticks` are for drawing. Spans are in straight time: convert them by `clock.camera_clock` to show them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import islice, pairwise

from camreel.clock import CameraClock
from camreel.model import Recording, Span, WallTime
from camreel.planning.account import RESOLUTION
from camreel.planning.event_filter import events_of
from camreel.planning.plan import ExportPlan

_NOTHING = timedelta(0)
_MOST_EVENTS = 100  # of one moment; only a camera that lies lists more


class CoverageKind(str, Enum):
    """What the camera has of a stretch.

    `event` is recorded, with at least one event. `pending` is being written, or too recent to be listed. `unwanted` was
    not asked for.
    """

    RECORDED = "recorded"
    EVENT = "event"
    GAP = "gap"
    PENDING = "pending"
    UNWANTED = "unwanted"

    @property
    def is_footage(self) -> bool:
        """Return whether it is recorded."""
        return self in {CoverageKind.RECORDED, CoverageKind.EVENT}


@dataclass(frozen=True, slots=True)
class CoverageSpan:
    """A part of a range that is all of one kind, with the `events` (words, sorted) of its recordings."""

    span: Span
    kind: CoverageKind
    events: tuple[str, ...] = ()

    @property
    def length(self) -> timedelta:
        """Return the length, which is more than zero."""
        return self.span.end - self.span.start


def coverage(plan: ExportPlan, unsettled_from: WallTime | None = None) -> tuple[CoverageSpan, ...]:
    """Return the stretches of `plan.span`, from its start to its end. Neighbors differ.

    From `unsettled_from` on the camera may still list more, so gaps there are pending. A recording that is being
    written is pending up to the end of the range. A gap below a second may be rounding of the listed times (as in
    `planning.plan`): it belongs to the stretch before it.
    """
    swept = _swept(plan.span, _claims(plan, unsettled_from))
    return tuple(_joined(_without_slivers(swept, plan.span)))


# Of several claims to a moment the first of these has it.
_ORDER = ("cut", "footage", "unwanted", "pending")
_Claim = tuple[Span, str, frozenset[str]]


def _claims(plan: ExportPlan, unsettled_from: WallTime | None) -> Iterator[_Claim]:
    none: frozenset[str] = frozenset()
    for recording in plan.recordings:
        yield listed_span(recording), "footage", events_of(recording)
    for recording in plan.writing:
        yield Span(recording.span.start, plan.span.end), "pending", none
    if unsettled_from is not None:
        yield Span(unsettled_from, plan.span.end), "pending", none
    for part in plan.skipped:
        yield part, "cut", none
    for part in plan.unwanted:
        yield part, "unwanted", none


def listed_span(recording: Recording) -> Span:
    """Return the span of a recording, at least a second: some cameras list zero seconds for one that has pictures."""
    return Span(recording.span.start, max(recording.span.end, recording.span.start + RESOLUTION))


def _swept(span: Span, claims: Iterable[_Claim]) -> Iterator[CoverageSpan]:
    """Yield the stretch from each boundary to the next, by the claims between them."""
    marks: list[tuple[WallTime, int, str, frozenset[str]]] = []
    for claimed, what, events in claims:
        if part := span.overlap(claimed):
            marks += [(part.start, 1, what, events), (part.end, -1, what, events)]
    marks.sort(key=lambda mark: mark[0])
    active: Counter[str] = Counter()
    with_events: Counter[str] = Counter()
    reached = span.start
    for at, change, what, events in (*marks, (span.end, 0, "", frozenset[str]())):
        if at > reached:
            yield _stretch(Span(reached, at), active, with_events)
            reached = at
        active[what] += change
        for event in events:
            with_events[event] += change
            if with_events[event] <= 0:
                del with_events[event]


def _stretch(span: Span, active: Counter[str], with_events: Counter[str]) -> CoverageSpan:
    what = next((each for each in _ORDER if active[each] > 0), "")
    if what == "footage":
        events = tuple(sorted(islice(with_events, _MOST_EVENTS)))
        return CoverageSpan(span, CoverageKind.EVENT if events else CoverageKind.RECORDED, events)
    kinds = {"cut": CoverageKind.UNWANTED, "unwanted": CoverageKind.UNWANTED, "pending": CoverageKind.PENDING}
    return CoverageSpan(span, kinds.get(what, CoverageKind.GAP))


def _without_slivers(stretches: Iterable[CoverageSpan], span: Span) -> Iterator[CoverageSpan]:
    """Yield the stretches without gaps below a second: each reaches to the next that is left."""
    kept = (each for each in stretches if each.kind is not CoverageKind.GAP or each.length >= RESOLUTION)
    last = next(kept, CoverageSpan(span, CoverageKind.GAP))
    start = span.start
    for each in kept:
        yield CoverageSpan(Span(start, each.span.start), last.kind, last.events)
        last, start = each, each.span.start
    yield CoverageSpan(Span(start, span.end), last.kind, last.events)


def _joined(stretches: Iterable[CoverageSpan]) -> Iterator[CoverageSpan]:
    last: CoverageSpan | None = None
    for each in stretches:
        if last is not None and (last.kind, last.events) == (each.kind, each.events):
            last = CoverageSpan(Span(last.span.start, each.span.end), last.kind, last.events)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a row: how much of it is footage, gap, and so on. Together that is its length.

    `footage` is with and without events; `events` are those of all of it. Nothing is rounded: a gap of a second is
    still there in a cell of a day.
    """

    span: Span
    footage: timedelta = _NOTHING
    gap: timedelta = _NOTHING
    pending: timedelta = _NOTHING
    unwanted: timedelta = _NOTHING
    events: tuple[str, ...] = ()

    @property
    def has_gap(self) -> bool:
        """Return whether some of it is not recorded."""
        return self.gap > _NOTHING

    @property
    def has_footage(self) -> bool:
        """Return whether some of it is recorded."""
        return self.footage > _NOTHING

    @property
    def has_event(self) -> bool:
        """Return whether some of it is recorded with an event."""
        return bool(self.events)

    @property
    def share(self) -> float | None:
        """Return how much of the wanted part is recorded, from 0 to 1; None if nothing is wanted."""
        wanted = self.footage + self.gap + self.pending
        return self.footage / wanted if wanted else None


def cells(stretches: Sequence[CoverageSpan], span: Span, count: int) -> tuple[Cell, ...]:
    """Return `span` in `count` parts that are equal to a microsecond, with the content of each.

    `stretches` are in order. Each moment is in one cell, so no gap and no event is lost. `stretches` need not cover
    `span`: the rest counts as no kind.
    """
    total = span.end - span.start
    edges = [span.start + total * number // count for number in range(count)] + [span.end]
    found: list[Cell] = []
    first = 0
    for start, end in pairwise(edges):
        cell = Span(start, end)
        while first < len(stretches) and stretches[first].span.end <= start:
            first += 1
        found.append(_cell(cell, _from(stretches, first, end)))
    return tuple(found)


def _from(stretches: Sequence[CoverageSpan], first: int, end: WallTime) -> Iterator[CoverageSpan]:
    for number in range(first, len(stretches)):
        if stretches[number].span.start >= end:
            return
        yield stretches[number]


def _cell(cell: Span, stretches: Iterable[CoverageSpan]) -> Cell:
    lengths = dict.fromkeys(CoverageKind, _NOTHING)
    events: set[str] = set()
    for stretch in stretches:
        if part := cell.overlap(stretch.span):
            lengths[stretch.kind] += part.end - part.start
            events.update(stretch.events)
    footage = lengths[CoverageKind.RECORDED] + lengths[CoverageKind.EVENT]
    rest = lengths[CoverageKind.GAP], lengths[CoverageKind.PENDING], lengths[CoverageKind.UNWANTED]
    return Cell(cell, footage, *rest, events=tuple(sorted(events)))


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
class AxisTick:
    """A place on the axis (straight time), and the camera's clock there: `08:00`, `16 Jan`."""

    at: WallTime
    label: str


def ticks(span: Span, clock: CameraClock | None, most: int) -> tuple[AxisTick, ...]:
    """Return about `most` ticks or fewer in `span` (straight time), in order; at least one if it is over a second.

    They stand at round times of the camera's clock, also after its offset changed: an hour that it shows twice is twice
    on the axis. A tick at midnight has the date.
    """
    step = next((each for each in _STEPS if (span.end - span.start) / each <= max(1, most)), _STEPS[-1])
    return tuple(
        AxisTick(shown - ahead, _label(shown.naive, step))
        for part, ahead in _even_parts(span, clock)
        for shown in _round_times(part.start + ahead, part.end + ahead, step)
    )


def _even_parts(span: Span, clock: CameraClock | None) -> Iterator[tuple[Span, timedelta]]:
    """Yield `span` cut where the clock's offset changes, with how far the clock is ahead of straight time."""
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
