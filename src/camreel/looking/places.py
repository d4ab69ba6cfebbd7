"""Which moments of a range to have a picture of. Pure: a function of what was recorded and of how many are wanted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from camreel.coverage import Stretch
from camreel.errors import UsageError
from camreel.model import Recording, Span, WallTime
from camreel.units import duration_text

MOST = 96  # pictures, unless another number is asked for: some 30 MB of keyframes, and a page of 2 MB
MOST_ASKED = 500

# Steps that a clock's face has. Below ten seconds the next keyframe may show the same.
_SECONDS = (10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)

_OVERLAPPING = 8  # recordings at most that are looked through for a moment
_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001 - of the camera's clock; any does, for steps divide the day


@dataclass(frozen=True, slots=True)
class Place:
    """A moment (straight time) to have a picture of, and the recording that holds it."""

    wall: WallTime
    recording: Recording


@dataclass(frozen=True, slots=True)
class Choice:
    """``places`` in order; one every ``step``, by the camera's clock. ``passed_over``: stretches that have none."""

    places: tuple[Place, ...]
    step: timedelta
    passed_over: int = 0


def choose(
    stretches: Sequence[Stretch],
    recordings: Sequence[Recording],
    *,
    every: timedelta | None = None,
    most: int | None = None,
) -> Choice:
    """At most ``most`` places: one every so often by the camera's clock, and one in each stretch between two of those.

    ``stretches`` are those of a range, ``recordings`` what it has, in order of start. ``every`` is how often; None: as
    often as ``most`` allows. Where there are more stretches than that, they are passed over evenly. UsageError where
    ``every`` makes more than ``most``.
    """
    footage = [stretch.span for stretch in stretches if stretch.kind.is_footage]
    limit = most or (MOST if every is None else MOST_ASKED)
    step = every or _step_for(footage, limit)
    count = sum(_count(span, step) for span in footage)
    if every is not None and count > limit:
        raise UsageError(
            f"--every {duration_text(every.total_seconds())} makes {count:,} pictures of what was recorded, "
            f"and {limit:,} are the most.",
            hint=f"Make it longer, or the range shorter. --most allows up to {MOST_ASKED}.",
        )
    starts = [recording.span.start for recording in recordings]
    moments = [(number, moment) for number, span in enumerate(footage) for moment in _moments_in(span, step)]
    passed_over = 0
    if len(moments) > limit:
        moments = [moments[number * len(moments) // limit] for number in range(limit)]
        passed_over = len(footage) - len({number for number, _ in moments})
    places = [Place(moment, recordings[_holder(recordings, starts, moment)]) for _, moment in moments]
    return Choice(tuple(places), step, passed_over)


def _holder(recordings: Sequence[Recording], starts: Sequence[WallTime], moment: WallTime) -> int:
    """Which of the recordings holds a moment: of the last that have begun the first that has not ended."""
    last = max(0, bisect_right(starts, moment) - 1)
    nearest = range(last, max(-1, last - _OVERLAPPING), -1)
    return next((number for number in nearest if moment < recordings[number].span.end), last)


def _step_for(footage: Sequence[Span], limit: int) -> timedelta:
    steps = [timedelta(seconds=seconds) for seconds in _SECONDS]
    return next((step for step in steps if sum(_count(span, step) for span in footage) <= limit), steps[-1])


def _count(span: Span, step: timedelta) -> int:
    """How many places a stretch has."""
    return max(1, -(-_since_midnight(span.end) // step) - -(-_since_midnight(span.start) // step))


def _since_midnight(wall: WallTime) -> timedelta:
    return wall.naive - _MIDNIGHT


def _moments_in(span: Span, step: timedelta) -> Iterator[WallTime]:
    first = WallTime(_MIDNIGHT + -(-_since_midnight(span.start) // step) * step)
    if first >= span.end:
        yield span.start + (span.end - span.start) / 2
        return
    for number in range(_count(span, step)):
        yield first + number * step
