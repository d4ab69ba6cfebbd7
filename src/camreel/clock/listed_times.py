"""Put the times of listed recordings, which are by the camera's clock, onto straight time. Pure.

In the hour that happens twice, a listed time may be of either pass. Three signs decide, in this order: the offset
that is listed with the recording; a clock that goes back from one recording to the next; two recordings of the same
time, which one camera cannot make in one pass. File names never decide. A list may begin with the oldest or with the
newest recording; if it has no order, which of two is of which pass stays in doubt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from camreel.clock.camera_clock import CameraClock
from camreel.clock.resolve import CameraRange
from camreel.clock.zones import moments_of
from camreel.model import Recording, Span, WallTime
from camreel.text import count_text

_LONGEST_LISTED = timedelta(days=2)  # recorders pack a day into a file
_LONGEST_UNKNOWN = timedelta(hours=1)  # which is the most that cameras do
_NEVER_SET = WallTime(datetime(2005, 1, 1))  # noqa: DTZ001 - cameras that never knew the time begin at 1970 or 2000
_MOST_OUT_OF_ORDER = 2  # a clock that goes back is one
_MOST_IN_AN_HOUR = 1000  # each is compared with each: a list of 100,000 must not take hours
_LONGEST = timedelta(days=1)  # no recording across a change is longer
_ASIDE = timedelta(days=2)  # more than any clock is from UTC


def search_window(where: CameraRange, beside: timedelta = timedelta(0)) -> Span:
    """Return the span to ask the camera for: the range by its clock, with all of a repeated hour that it touches.

    It is wider by `beside` on both sides.
    """
    clock = where.clock
    first, last = where.span.start - beside, where.span.end + beside
    if clock is None:
        return Span(first, last)
    shown = [clock.shown(first), clock.shown(last)]
    day = timedelta(days=1)
    for change in clock.zone.changes(clock.to_utc(first) + clock.drift - day, clock.to_utc(last) + clock.drift + day):
        again, until = change.arrives, change.leaves
        # The first pass is listed, too: only beside it the second can be told.
        if again < until and shown[0] < until and again < max(shown):
            at = clock.straight(change.at)
            if first < at + (until - again) and last > at - (until - again):
                shown += [again, until]
    return Span(min(shown), max(shown))


def recorded_offsets(recordings: Iterable[Recording]) -> tuple[tuple[WallTime, timedelta], ...]:
    """Return start and offset of each recording that is listed with an offset."""
    return tuple(
        (recording.span.start, timedelta(seconds=recording.utc_offset))
        for recording in recordings
        if recording.utc_offset is not None
    )


def straightened(recordings: Sequence[Recording], where: CameraRange) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """Return the recordings in the order of the listing, with spans in straight time, and remarks on doubtful ones."""
    recordings = _without_lost_starts(recordings)
    clock = where.clock
    if clock is None or _is_straight(recordings, clock):
        return tuple(recordings), ()
    listed: dict[object, list[int]] = {}
    for number, recording in enumerate(recordings):
        # Streams, snapshots and channels are listed in turns: each has a clock that goes back of its own.
        listed.setdefault((recording.channel, recording.stream, _suffix(recording.path)), []).append(number)
    placed = list(recordings)
    doubtful, has_both = 0, _has_both(where)
    for numbers in listed.values():
        order = _order_of([recordings[number].span.start for number in numbers])
        lane = _Lane(is_ordered=order != 0)
        passes = [(number, lane.place(recordings[number], clock)) for number in numbers[:: order or 1]]
        for number, one in passes:
            recording = recordings[number]
            span = _span(recording, one.offset, clock)
            if one.or_else is not None and one.change not in lane.seen_twice:
                other = _span(recording, one.or_else, clock)
                is_wanted = _wanted(span, where) or _wanted(other, where)
                doubtful += is_wanted and not (has_both and lane.is_ordered)
                span = span if _wanted(span, where) else other  # in doubt a picture is kept
            if span != recording.span:
                placed[number] = replace(recording, span=span, listed=recording.span)
    return tuple(placed), (_doubt(doubtful),) if doubtful else ()


def _without_lost_starts(recordings: Sequence[Recording]) -> Sequence[Recording]:
    """Return the recordings, those dated by their end that no recording can be as long as.

    Their start is of a clock that was set while they were made. So is an end that lies days before the start, unless
    it is that of a clock that began anew. They begin at the end of the one before, an hour before their end at most.
    """
    lost = [number for number, each in enumerate(recordings) if _has_lost_start(each)]
    if not lost:
        return recordings
    placed = list(recordings)
    known = set(range(len(recordings))).difference(lost)
    ends = sorted(recordings[number].span.end for number in known)
    for number in lost:
        recording = recordings[number]
        end = recording.backwards_end or recording.span.end
        before = bisect_right(ends, end)
        start = max(end - _LONGEST_UNKNOWN, ends[before - 1] if before else end - _LONGEST_UNKNOWN)
        listed = recording.listed or recording.span
        placed[number] = replace(
            recording, span=Span(start, end), backwards_end=None, listed=listed, is_dated_by_end=True
        )
    return placed


def _has_lost_start(recording: Recording) -> bool:
    end = recording.backwards_end or recording.span.end
    return abs(end - recording.span.start) > _LONGEST_LISTED and end >= _NEVER_SET


def _order_of(starts: Sequence[WallTime]) -> int:
    """Return 1 for a list of the oldest first, -1 for the newest first, 0 for one without an order."""
    up = sum(one < other for one, other in pairwise(starts))
    down = sum(one > other for one, other in pairwise(starts))
    if min(up, down) > max(_MOST_OUT_OF_ORDER, len(starts) // 8):
        return 0
    return -1 if down > max(up, 1) else 1


def _is_straight(recordings: Sequence[Recording], clock: CameraClock) -> bool:
    """Return whether the clock keeps its offset in the time of the recordings: then their times are straight."""
    if not recordings or any(recording.backwards_end is not None for recording in recordings):
        return False
    first = min(recording.span.start.naive for recording in recordings).replace(tzinfo=timezone.utc) - _ASIDE
    last = max(recording.span.end.naive for recording in recordings).replace(tzinfo=timezone.utc) + _ASIDE
    return clock.zone.offset_at(first) == clock.base and not clock.zone.changes(first, last)


def _has_both(where: CameraRange) -> bool:
    """Return whether the range has all of both passes of a repeated hour: then which one is meant does not matter."""
    clock, span = where.clock, where.span
    assert clock is not None
    hours = [
        Span(clock.straight(change.at) - back, clock.straight(change.at) + back)
        for change in clock.changes_in(span)
        for back in (change.before - change.after,)
        if back > timedelta(0)
    ]
    return bool(hours) and all(span.start <= hour.start and hour.end <= span.end for hour in hours)


def _doubt(count: int) -> str:
    return (
        f"{count_text(count, 'recording')} of the hour that happened twice may be of either pass: the camera's list "
        "does not say which. Compare with the clock in the picture before and after."
    )


def _suffix(path: str) -> str:
    return path.rsplit(".", 1)[-1].lower()


def _wanted(span: Span, where: CameraRange) -> bool:
    listed = Span(span.start, max(span.end, span.start + timedelta(seconds=1)))
    return any(part.overlap(listed) for part in where.parts)


def _span(recording: Recording, offset: timedelta, clock: CameraClock) -> Span:
    """Return the span from the listed start, which has `offset`, to the first time at which the clock shows the end."""
    begin = (recording.span.start.naive - offset).replace(tzinfo=timezone.utc)
    shown_end = recording.backwards_end or recording.span.end
    ends = [at for at in moments_of(clock.zone, shown_end) if begin <= at <= begin + _LONGEST]
    if recording.backwards_end is None and not ends:  # a time that the clock left out: it was set by hand
        ends = [begin + (recording.span.end - recording.span.start)]
    return Span(clock.straight(begin), clock.straight(min(ends, default=begin)))


@dataclass(frozen=True, slots=True)
class _Pass:
    """The offset at the start of a recording. `or_else` is the other one of a repeated hour, if in doubt."""

    offset: timedelta
    or_else: timedelta | None = None
    change: datetime | None = None


@dataclass(slots=True)
class _Lane:
    """The progress of the listing in one channel and stream. `seen_twice`: changes of which it has both passes.

    Unless it `is_ordered`, what comes before and what after says nothing.
    """

    is_ordered: bool = True
    seen_twice: set[datetime | None] = field(default_factory=set)
    _last: WallTime | None = None
    _gone_back: datetime | None = None  # in the second pass of the change at this moment
    _first_pass: list[Span] = field(default_factory=list)

    def place(self, recording: Recording, clock: CameraClock) -> _Pass:
        """Return the pass in which `recording` was made, judged by the recordings before it in the listing."""
        wall = recording.span.start
        moments = moments_of(clock.zone, wall)
        utc = wall.naive.replace(tzinfo=timezone.utc)
        last, self._last = self._last, wall
        if len(moments) < 2:
            return _Pass(utc - moments[0] if moments else clock.zone.offset_at(utc - clock.base))
        first, second = utc - moments[0], utc - moments[-1]
        change = clock.zone.changes(moments[0], moments[-1])[0].at
        if recording.utc_offset is not None and timedelta(seconds=recording.utc_offset) in {first, second}:
            return _Pass(timedelta(seconds=recording.utc_offset))
        if not self.is_ordered:
            return self._one_of_two(recording.span, _Pass(first, second, change))
        if last is not None and wall < last:
            self._gone_back = change
        if self._gone_back == change or _is_second(recording.span, self._first_pass):
            self.seen_twice.add(change)
            return _Pass(second)
        if len(self._first_pass) < _MOST_IN_AN_HOUR:
            self._first_pass.append(recording.span)
        if recording.backwards_end is not None:  # it runs over the change itself
            self._gone_back = change
            self.seen_twice.add(change)
        return _Pass(first, second, change)

    def _one_of_two(self, span: Span, one: _Pass) -> _Pass:
        """Return the other pass if the first one has a recording of that time already: either may be the other."""
        if _is_second(span, self._first_pass):
            return replace(one, offset=one.or_else or one.offset, or_else=one.offset)
        if len(self._first_pass) < _MOST_IN_AN_HOUR:
            self._first_pass.append(span)
        return one


def _is_second(span: Span, first_pass: Sequence[Span]) -> bool:
    """Return whether half of `span` or more is recorded already: one camera does not record the same time twice."""
    shared = (span.overlap(each) for each in first_pass)
    return any(both is not None and 2 * both.seconds >= span.seconds for both in shared)
