"""Choose the moments of a range that get a picture. Pure: it depends on what is recorded and on the limit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from camreel.errors import UsageError
from camreel.model import Recording, Span, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.text import duration_text

MOST = 120  # pictures, unless another number is asked for: some 40 MB of keyframes, and a page of 2 MB
# How much of them is one every so often: the rest is for short stretches between two of those.
_REGULAR, _REGULAR_OF_MANY = 0.8, 0.6
MOST_ASKED = 500

# Steps that a clock's face has. Below ten seconds the next keyframe may show the same.
_SECONDS = (10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)

_OVERLAPPING = 8  # recordings at most that are looked through for a moment
_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001 - of the camera's clock; any does, for steps divide the day


@dataclass(frozen=True, slots=True)
class Place:
    """A moment (straight time) that gets a picture, and the recording that holds it."""

    wall: WallTime
    recording: Recording


@dataclass(frozen=True, slots=True)
class MomentChoice:
    """The `places` in order, one every `step` of the camera's clock. `passed_over`: stretches without a picture."""

    places: tuple[Place, ...]
    step: timedelta
    passed_over: int = 0


def choose(
    stretches: Sequence[CoverageSpan],
    recordings: Sequence[Recording],
    *,
    every: timedelta | None = None,
    most: int | None = None,
) -> MomentChoice:
    """Return at most `most` places: one every `every` by the camera's clock, and one in each stretch between those.

    `stretches` cover the range; `recordings` are in order of start. If `every` is None, it is as short as `most`
    allows. If there are too many short stretches, those with an event go first, and the rest are thinned evenly.
    UsageError if `every` makes more than `most`.
    """
    footage = [stretch for stretch in stretches if stretch.kind.is_footage]
    limit = most or (MOST if every is None else MOST_ASKED)
    step = every or _step_for([stretch.span for stretch in footage], limit)
    regular = [moment for stretch in footage for moment in _on_the_clock(stretch.span, step)]
    if every is not None and len(regular) > limit:
        raise UsageError(
            f"--every {duration_text(every.total_seconds())} makes {len(regular):,} pictures of what was recorded, "
            f"and {limit:,} are the most.",
            hint=f"Make it longer, or the range shorter. --most allows up to {MOST_ASKED}.",
        )
    short = [stretch for stretch in footage if not _count(stretch.span, step)]
    chosen = _thinned(short, limit - len(regular))
    starts = [recording.span.start for recording in recordings]
    moments = sorted([*regular, *(stretch.span.start + stretch.length / 2 for stretch in chosen)])
    places = [Place(moment, recordings[_holder(recordings, starts, moment)]) for moment in moments]
    return MomentChoice(tuple(places), step, len(short) - len(chosen))


def _step_for(footage: Sequence[Span], limit: int) -> timedelta:
    """Return the shortest step with which all moments fit; if that is a long one, with which most do."""
    steps = [timedelta(seconds=seconds) for seconds in _SECONDS]
    counts = {step: [_count(span, step) for span in footage] for step in steps}
    for step in steps:
        all_of_it, regular = sum(max(1, each) for each in counts[step]), sum(counts[step])
        if regular <= limit * (_REGULAR if all_of_it <= limit else _REGULAR_OF_MANY):
            return step
    return steps[-1]


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
