"""Where clips lie on the camera's clock and on the output: cuts, chapters, what to say of overlaps. Pure.

The pictures are the master clock. A picture's wall time is the listed start of its clip plus its distance from
the clip's first picture. In the output clips are joined: a gap in the footage is a jump and a new chapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from camreel.media.job import Chapter, ClipFile, MergeJob
from camreel.model import Span, WallTime

# The camera lists its recordings to the second: what is shorter cannot be told from rounding.
RESOLUTION = timedelta(seconds=1)

# A hybrid mp4 has its chapters in a `chpl` box, of which FFmpeg reads at most 255 back.
MOST_MP4_CHAPTERS = 255

# No recording is longer (cameras pack an hour, recorders a day): an index that claims more lies.
LONGEST_CLIP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a clip is wanted, in ticks from its first picture: from ``start`` (0: the beginning) up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip in the output: ``wall`` of its first to the end of its last copied picture, and where, in seconds."""

    label: str
    wall: Span
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Clips that follow each other without a gap. ``why`` says what lies before it, empty for the first."""

    placed: tuple[Placed, ...]
    why: str


def cut_of(clip: ClipFile, job: MergeJob, time_base: Fraction) -> Cut:
    """The part of ``clip`` that ``job`` asks for, in ticks of ``time_base`` (seconds) from its first picture."""
    longest = _ticks(LONGEST_CLIP, time_base)
    if job.whole_clips:
        return Cut(0, longest)
    start = _ticks(job.span.start - clip.span.start, time_base)
    end = _ticks(job.span.end - clip.span.start, time_base)
    return Cut(max(0, start), min(end, longest))


def wall_at(clip: ClipFile, ticks: int, time_base: Fraction) -> WallTime:
    """The wall time ``ticks`` after the first picture of ``clip``."""
    micros = ticks * time_base.numerator * 1_000_000 // time_base.denominator
    return clip.span.start + timedelta(microseconds=micros)


def _ticks(distance: timedelta, time_base: Fraction) -> int:
    """``distance`` in ticks, rounded up: a picture just before a cut stays before it."""
    micros = distance // timedelta(microseconds=1)
    return -(-micros * time_base.denominator // (1_000_000 * time_base.numerator))


def creation_time(first: WallTime, utc_offset: int) -> str:
    """The moment of the first picture in UTC, as FFmpeg's ``creation_time`` takes it."""
    # Plain arithmetic: a camera whose clock was never set can be years off, which no zone can be.
    utc = first.naive - timedelta(seconds=utc_offset)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def stretches(clips: Sequence[Placed]) -> list[Stretch]:
    """``clips``, in the order of the output, parted where a second or more is missing or the clock went back."""
    parted: list[Stretch] = []
    current: list[Placed] = []
    why = ""
    until: WallTime | None = None
    for clip in clips:
        reason = _break_before(clip, current[-1].wall, until) if until is not None else None
        if reason is not None:
            parted.append(Stretch(tuple(current), why))
            current, why, until = [], reason, None
        current.append(clip)
        until = clip.wall.end if until is None else max(until, clip.wall.end)
    return [*parted, Stretch(tuple(current), why)] if current else parted


def _break_before(clip: Placed, previous: Span, until: WallTime) -> str | None:
    if clip.wall.start - until >= RESOLUTION:
        return f"after a gap of {how_long((clip.wall.start - until).total_seconds())}"
    if previous.start - clip.wall.start >= RESOLUTION:
        return "the camera's clock went back"
    return None


def chapters(clips: Sequence[Placed]) -> tuple[Chapter, ...]:
    """One chapter for each stretch, its title the wall clock and what lies before it."""
    made = []
    for stretch in stretches(clips):
        first, last = stretch.placed[0], stretch.placed[-1]
        title = f"{first.wall.start} ({stretch.why})" if stretch.why else str(first.wall.start)
        until = max(clip.wall.end for clip in stretch.placed)
        made.append(Chapter(first.start, last.end, Span(first.wall.start, until), title))
    return tuple(made)


def overlap_notes(clips: Sequence[Placed]) -> list[str]:
    """A sentence for each second or more that two clips of one stretch both hold: it is shown twice."""
    notes = []
    for stretch in stretches(clips):
        until: WallTime | None = None
        for clip in stretch.placed:
            if until is not None and until - clip.wall.start >= RESOLUTION:
                twice = Span(clip.wall.start, min(until, clip.wall.end))
                notes.append(f"{twice} is in two recordings and is shown twice.")
            until = clip.wall.end if until is None else max(until, clip.wall.end)
    return notes


def how_long(seconds: float) -> str:
    """``12 s``, ``1 min 5 s``, ``2 h 0 min 5 s``: to the second, never 0."""
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min {rest} s"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
