"""All that is known of the camera's clock, and what was asked -> where the range is, and what to say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from camreel.clock.camera_clock import CameraClock, Reading
from camreel.clock.locate import CameraRange, locate
from camreel.clock.sources import BY_RECORDINGS, Source, ZoneFacts, clock_by, contradictions, sources, told_offsets
from camreel.clock.typed import is_bare
from camreel.model import Asked, Request, Span, WallTime
from camreel.units import duration_text

_RECENT = timedelta(hours=3)
_MUCH = timedelta(minutes=1)  # seconds of drift are usual; from here on people are warned


@dataclass(frozen=True, slots=True)
class Understanding:
    """Where the range is, and the warnings that go with it.

    ``is_final``: recordings could tell nothing better. ``recent`` is where to look for recordings that tell what the
    camera's offset is today, where the ones that told it say another than the clock; else None.
    """

    where: CameraRange
    warnings: tuple[str, ...]
    is_final: bool
    recent: Span | None = None


def understand(
    request: Request,
    reading: Reading | None,
    facts: ZoneFacts,
    now: datetime,
    recorded: Iterable[tuple[WallTime, timedelta]] = (),
) -> Understanding:
    """Choose the camera's zone, find the range on its clock, and name what is odd. Raises as ``locate`` does."""
    recorded = tuple(recorded)
    answers = sources(request.camera_tz, facts, reading, recorded)
    clock = _clock(answers[0], reading, request, now) if answers else None
    where = locate(request.asked, clock, now)
    warnings = list(where.notes)
    if where.clock is not None:
        warnings += contradictions(answers, where.clock.to_utc(where.span.start))
        warnings += _about_drift(answers[0], where.clock, reading)
    is_final = bool(answers) and answers[0].rank <= BY_RECORDINGS
    recent = None
    if reading is not None and is_final and answers[0].rank == BY_RECORDINGS:
        last = told_offsets(recorded)[-1][1]
        recent = Span(reading.shown - _RECENT, reading.shown) if last != reading.offset else None
    return Understanding(where, tuple(warnings), is_final, recent)


def _clock(source: Source, reading: Reading | None, request: Request, now: datetime) -> CameraClock:
    return clock_by(source, reading, drift=request.clock_drift, start=now)


def _about_drift(source: Source, clock: CameraClock, reading: Reading | None) -> list[str]:
    if reading is None:
        return ["The camera does not tell its time: whether its clock is right is not known."]
    if not reading.is_plausible:
        return [f"The camera's clock is wrong: it shows {reading.shown}. Ask for times as its picture shows them."]
    drift = clock.seen_drift
    if drift is None or abs(drift) < _MUCH:
        return []
    how = f"{duration_text(abs(drift.total_seconds()))} {'fast' if drift > timedelta(0) else 'slow'}"
    if abs(drift) < timedelta(minutes=15):
        return [f"The camera's clock is {how}: it shows {reading.shown}."]
    said = (
        f"The camera's clock is {how}, or its zone is another than by {source.told_by}: it shows {reading.shown}. "
        "--camera-tz names the zone; times without an offset are what its picture shows, whatever is right."
    )
    return [said]


def is_by_clock(asked: Asked) -> bool:
    """Whether the range is meant by the camera's clock, as its picture shows it, and not in real time."""
    return asked.times_in is None and all(is_bare(point) for point in asked.points)
