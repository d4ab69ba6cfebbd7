"""Choose the moments of a range that get a picture. Pure: it depends on what is recorded and on the limit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from camreel.errors import UsageError
from camreel.model import Recording, Span, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.planning.event_filter import events_of
from camreel.text import duration_text

MOST = 120  # pictures, unless another number is asked for: some 40 MB of keyframes, and a page of 6 MB
MOST_ASKED = 500

_LEAST = timedelta(seconds=10)  # between two pictures: below, the next keyframe may show the same
_SECOND = timedelta(seconds=1)
_OVERLAPPING = 8  # recordings at most that are looked through for a moment
_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001 - of the camera's clock; any does, for steps divide the day


@dataclass(frozen=True, slots=True)
class Place:
    """A moment (straight time) that gets a picture, and the recording that holds it.

    `every` is the time from one picture to the next around it.
    """

    wall: WallTime
    recording: Recording
    every: timedelta = _LEAST


@dataclass(frozen=True, slots=True)
class MomentChoice:
    """The `places` in order: one every `event_step` of recordings with an event, one every `step` of the others.

    A step is None if it has no picture. `passed_over`: stretches without a picture, and `passed_length` of all of them.
    `may_have_more`: a larger `most` gives more pictures.
    """

    places: tuple[Place, ...]
    step: timedelta | None
    event_step: timedelta | None = None
    passed_over: int = 0
    passed_length: timedelta = timedelta(0)
    may_have_more: bool = True

    @property
    def is_thinned(self) -> bool:
        """Return whether a larger limit would have made more pictures."""
        steps = [step for step in (self.step, self.event_step) if step is not None]
        return self.passed_over > 0 or any(step > _LEAST for step in steps)

    @property
    def is_short_of_events(self) -> bool:
        """Return whether recordings with an event have fewer pictures than they should."""
        return self.event_step is not None and self.event_step > _LEAST

    @property
    def shortest_step(self) -> timedelta:
        """Return the shorter of both steps."""
        return min((step for step in (self.step, self.event_step) if step is not None), default=_LEAST)


NO_CHOICE = MomentChoice((), None)


def choose(
    stretches: Sequence[CoverageSpan],
    recordings: Sequence[Recording],
    *,
    every: timedelta | None = None,
    most: int | None = None,
    ceiling: int = MOST_ASKED,
) -> MomentChoice:
    """Return at most `most` places, and never more than `ceiling`: events first, the rest evenly between them.

    A quarter of them is kept for the rest, as far as it needs that: events alone would hide what happened without one.
    With `every`, one every so often by the camera's clock, and one in each stretch between those. `stretches` cover the
    range; `recordings` are in order of start. UsageError if `every` makes more than `most`.
    """
    footage = [stretch for stretch in stretches if stretch.kind.is_footage]
    limit = min(ceiling, most or (MOST if every is None else ceiling))
    if every is not None:
        return _by_the_clock(footage, recordings, every, limit, ceiling)
    starts = sorted({recording.span.start for recording in recordings if events_of(recording)})
    events = [part for stretch in footage if stretch.events for part in _parts(stretch.span, starts)]
    rest = [each.span for each in footage if not each.events]
    kept = min(limit // 4, sum(_share(span, _LEAST // _SECOND) for span in rest)) if events else 0
    chosen = _spread(events, limit - kept, _one_in_some)
    between = _spread(rest, limit - len(chosen.moments), _as_if_one)
    places = [*_places(chosen.moments, recordings, chosen.step), *_places(between.moments, recordings, between.step)]
    return MomentChoice(
        tuple(sorted(places, key=lambda place: place.wall)),
        between.step if between.moments else None,
        chosen.step if chosen.moments else None,
        len(chosen.passed_over) + len(between.passed_over),
        _total((*chosen.passed_over, *between.passed_over)),
        limit < ceiling,
    )


def _by_the_clock(
    footage: Sequence[CoverageSpan], recordings: Sequence[Recording], every: timedelta, limit: int, ceiling: int
) -> MomentChoice:
    count = sum(_count(stretch.span, every) for stretch in footage)
    if count > limit:
        if limit < ceiling:
            more = f" --most allows up to {ceiling}."
        else:
            more = "" if ceiling == MOST_ASKED else f" A page has {MOST_ASKED} for all cameras: {ceiling} each."
        raise UsageError(
            f"--every {duration_text(every.total_seconds())} makes {count:,} pictures of what was recorded, "
            f"and {limit:,} are the most.",
            hint=f"Make it longer, or the range shorter.{more}",
        )
    regular = [moment for stretch in footage for moment in _on_the_clock(stretch.span, every)]
    short = [stretch for stretch in footage if not _count(stretch.span, every)]
    chosen = _thinned(short, limit - len(regular))
    moments = sorted([*regular, *(_middle(stretch.span) for stretch in chosen)])
    seen = set(chosen)
    passed_over = [stretch.span for stretch in short if stretch not in seen]
    return MomentChoice(
        tuple(_places(moments, recordings, every)),
        every,
        passed_over=len(passed_over),
        passed_length=_total(passed_over),
        may_have_more=limit < ceiling,
    )


# --- spread evenly ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spread:
    moments: tuple[WallTime, ...]
    step: timedelta = _LEAST
    passed_over: tuple[Span, ...] = ()


def _spread(spans: Sequence[Span], budget: int, thin: Callable[[Sequence[Span], int], _Spread]) -> _Spread:
    """Return at most `budget` moments: at least one in each span, and as many as one step for all of them gives.

    `thin` does it if there are more spans than that.
    """
    if budget < 1:
        return _Spread((), passed_over=tuple(spans))
    if len(spans) > budget:
        return thin(spans, budget)
    longest = max((_length(span) for span in spans), default=_LEAST)
    seconds = range(_LEAST // _SECOND, max(_LEAST // _SECOND, -(-longest // _SECOND)) + 1)
    # The longer the step, the fewer pictures.
    number = bisect_left(seconds, True, key=lambda step: sum(_share(span, step) for span in spans) <= budget)
    moments = tuple(moment for span in spans for moment in _centers(span, _share(span, seconds[number])))
    return _Spread(moments, timedelta(seconds=seconds[number]))


def _one_in_some(spans: Sequence[Span], budget: int) -> _Spread:
    """Choose as many spans as there are pictures, evenly: a short event counts as much as a long one."""
    chosen = {(2 * number + 1) * len(spans) // (2 * budget) for number in range(budget)}
    passed_over = tuple(span for number, span in enumerate(spans) if number not in chosen)
    moments = tuple(_middle(spans[number]) for number in sorted(chosen))
    return _Spread(moments, max(_LEAST, _total(spans) / budget), passed_over)


def _as_if_one(spans: Sequence[Span], budget: int) -> _Spread:
    """Spread the pictures evenly over the spans, as if one began where the other ends."""
    step = _total(spans) / budget
    moments: list[WallTime] = []
    passed_over: list[Span] = []
    before = timedelta(0)
    for span in spans:
        until = before + _length(span)
        count = len(moments)
        while len(moments) < budget and (at := step * (2 * len(moments) + 1) / 2) < until:
            moments.append(span.start + (at - before))
        if len(moments) == count:
            passed_over.append(span)
        before = until
    return _Spread(tuple(moments), max(_LEAST, step), tuple(passed_over))


def _total(spans: Sequence[Span]) -> timedelta:
    return sum((_length(span) for span in spans), timedelta(0))


def _share(span: Span, step: int) -> int:
    return max(1, -(-_length(span) // timedelta(seconds=step)))


def _centers(span: Span, count: int) -> Iterator[WallTime]:
    """Yield the middles of `count` equal parts."""
    for number in range(count):
        yield span.start + _length(span) * (2 * number + 1) / (2 * count)


def _length(span: Span) -> timedelta:
    return span.end - span.start


def _middle(span: Span) -> WallTime:
    return span.start + _length(span) / 2


def _parts(span: Span, starts: Sequence[WallTime]) -> Iterator[Span]:
    """Yield the parts of `span`, which has an event: each of `starts`, of recordings with an event, begins another."""
    inner = starts[bisect_right(starts, span.start) : bisect_left(starts, span.end)]
    for start, end in zip([span.start, *inner], [*inner, span.end], strict=True):
        yield Span(start, end)


def _places(moments: Sequence[WallTime], recordings: Sequence[Recording], every: timedelta) -> Iterator[Place]:
    starts = [recording.span.start for recording in recordings]
    for moment in moments:
        yield Place(moment, recordings[_holder(recordings, starts, moment)], every)


def _thinned(short: Sequence[CoverageSpan], room: int) -> list[CoverageSpan]:
    """Return at most `room` stretches: those with an event first, evenly spread."""
    if len(short) <= room:
        return list(short)
    kept: list[CoverageSpan] = []
    for wanted in (CoverageKind.EVENT, CoverageKind.RECORDED):
        those = [stretch for stretch in short if stretch.kind is wanted]
        left = max(0, room - len(kept))
        kept += those if len(those) <= left else [those[number * len(those) // left] for number in range(left)]
    return kept


def _holder(recordings: Sequence[Recording], starts: Sequence[WallTime], moment: WallTime) -> int:
    """Return the index of the recording that holds a moment: of the last to begin the first that has not ended."""
    last = max(0, bisect_right(starts, moment) - 1)
    nearest = range(last, max(-1, last - _OVERLAPPING), -1)
    return next((number for number in nearest if moment < recordings[number].span.end), last)


def _count(span: Span, step: timedelta) -> int:
    """Return how many moments of a clock's step lie in the span."""
    return max(0, -(-_since_midnight(span.end) // step) - -(-_since_midnight(span.start) // step))


def _since_midnight(wall: WallTime) -> timedelta:
    return wall.naive - _MIDNIGHT


def _on_the_clock(span: Span, step: timedelta) -> Iterator[WallTime]:
    first = WallTime(_MIDNIGHT + -(-_since_midnight(span.start) // step) * step)
    for number in range(_count(span, step)):
        yield first + number * step
