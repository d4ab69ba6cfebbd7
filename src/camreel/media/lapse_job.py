"""What the worker is told to make a timelapse of, and what it answers: frozen values that cross the process border."""

from __future__ import annotations

from dataclasses import dataclass

from camreel.media.job import ClipOutcome, MergeJob, MergeResult
from camreel.model import Span, WallTime


@dataclass(frozen=True, slots=True)
class LapseClip:
    """Some keyframes of recording ``number``: those of the clip at ``path``, whose first picture is of ``start``.

    Of each of ``moments`` (seconds after that) the last keyframe at or before it is wanted. ``span`` is the part of the
    range that the recording has. All of one recording follow each other.
    """

    number: int
    path: str
    label: str
    start: WallTime
    span: Span
    moments: tuple[float, ...] = (0.0,)
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LapseOrder:
    """A timelapse: ``clips`` in order of time, the time of ``footage`` gone through ``speed`` times as fast."""

    job: MergeJob
    speed: float
    footage: tuple[Span, ...]
    clips: tuple[LapseClip, ...]


@dataclass(frozen=True, slots=True)
class Lapsed:
    """It is there, under its temporary name. ``outcomes`` are of the recordings that clips came of."""

    result: MergeResult
    outcomes: tuple[ClipOutcome, ...]
