"""Put the asked range onto the camera's clock. Pure.

`understand` takes the facts about the zone, a reading of the clock and what was asked. It returns the range, the clock
and the remarks for the report. `locate` does so with a clock that is settled already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from camreel.clock.camera_clock import CameraClock, Reading
from camreel.clock.parse import is_bare, last_before, next_after, with_days, wrong_way_round
from camreel.clock.zone_sources import (
    BY_RECORDINGS,
    ZoneFacts,
    ZoneSource,
    clock_by,
    contradictions,
    sources,
    told_offsets,
)
from camreel.clock.zones import Change, NamedZone, Zone, change_over, format_offset, moments_of, stretches_of, wall_at
from camreel.errors import CameraError, UsageError
from camreel.model import Asked, AskedAround, DayTime, Moment, Now, OpenDay, Point, Span, Target, WallTime
from camreel.text import duration_text

_Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class CameraRange:
    """The request without relative words (`asked`), and its range on the camera's clock, in straight time.

    `parts` is one span, or two if both passes of a repeated hour are wanted and the time between them is not.
    """

    asked: Asked
    parts: tuple[Span, ...]
    clock: CameraClock | None
    notes: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """Return the span from the start of the first part to the end of the last."""
        return Span(self.parts[0].start, self.parts[-1].end)

    @property
    def skipped(self) -> tuple[Span, ...]:
        """Return the spans between the parts."""
        return tuple(Span(one.end, two.start) for one, two in zip(self.parts, self.parts[1:], strict=False))

    def until(self, end: WallTime) -> CameraRange:
        """Return this range cut at `end` (straight time), which is after its start."""
        cut = (Span(part.start, min(part.end, end)) for part in self.parts)
        return replace(self, parts=tuple(part for part in cut if part.start < part.end))


def locate(asked: Asked, clock: CameraClock | None, now: datetime) -> CameraRange:
    """Return the range of `asked` on the camera's clock, at the moment `now`.

    UsageError for a time that the clock skips, and for an end before the start. CameraError if a time needs a clock
    that could not be read.
    """
    asked = pinned(asked, clock, now)
    if asked.times_in is None and all(is_bare(point) for point in asked.points):
        if clock is None:
            start, end = (_wall(point) for point in asked.bounds)
            _check_order(start, end, start, end)
            return CameraRange(asked, (Span(start, end),), None)
        stretches = _stretches(asked, clock.zone)
        return _counted(asked, clock, stretches, bare=True)
    if clock is None:
        raise _needs_clock()
    zone = clock.zone if asked.times_in is None else NamedZone(asked.times_in)
    believed = [(clock.believed(start), clock.believed(end)) for start, end in _stretches(asked, zone)]
    return _counted(asked, clock, believed, bare=False)


def _counted(asked: Asked, clock: CameraClock, stretches: Iterable[_Stretch], *, bare: bool) -> CameraRange:
    stretches = list(stretches)
    clock = clock.starting_at(stretches[0][0])
    parts = tuple(Span(clock.straight(start), clock.straight(end)) for start, end in stretches)
    changes = clock.zone.changes(stretches[0][0], stretches[-1][1])
    return CameraRange(asked, parts, clock, tuple(_note(change, bare=bare) for change in changes))


def _note(change: Change, *, bare: bool) -> str:
    goes = f"goes from {change.leaves} (UTC{format_offset(change.before)}) to {str(change.arrives)[11:]}"
    goes = f"The camera's clock {goes} (UTC{format_offset(change.after)}) in this range"
    if change.after >= change.before:
        return f"{goes}; the time between did not exist, so it is no gap."
    twice = "both passes of the time between are in the video" if bare else "it is taken as one hour after the other"
    return f"{goes}: {twice}. A time with an offset (like {format_offset(change.after)}) means one pass alone."


def pinned(asked: Asked, clock: CameraClock | None, now: datetime) -> Asked:
    """Return `asked` with dates in place of now, today and yesterday, by the clock that they refer to."""
    if not asked.is_relative:
        return asked
    if asked.times_in is not None:
        here = wall_at(NamedZone(asked.times_in), now)
    elif clock is not None:
        here = clock.shown(clock.reads(now))
    else:
        raise _needs_clock()
    # Beside a time of the camera's clock, "now" is one too.
    by_clock = asked.times_in is None and any(is_bare(point) for point in asked.points)
    moment = now.replace(microsecond=0)
    if clock is not None and asked.times_in is None:
        moment = moment.astimezone(timezone(clock.zone.offset_at(now)))

    def pin(point: Point) -> Point:
        if isinstance(point, Now):
            return WallTime(here.naive.replace(microsecond=0)) if by_clock else moment
        if isinstance(point, DayTime) and isinstance(point.day, int):
            return replace(point, day=here.naive.date() + timedelta(days=point.day))
        return point

    if isinstance(asked, AskedAround):
        return replace(asked, at=_near(pin(asked.at), here.naive, asked.after))
    zone = None if asked.times_in is None else NamedZone(asked.times_in)
    shown = None if zone is None else lambda moment: wall_at(zone, moment).naive
    start, end = with_days(pin(asked.start), pin(asked.end), shown)
    if isinstance(start, DayTime) and isinstance(start.day, OpenDay):
        last = end
        assert isinstance(last, DayTime), "it has no date"
        first = _first(start, here.naive, lambda first: next_after(first, last))
        start, end = with_days(_on_its_day(first), last)
    return replace(asked, start=start, end=end)


def _on_its_day(naive: datetime) -> DayTime:
    return DayTime(naive.date(), naive.time())


def _near(point: Point, here: datetime, after: timedelta) -> Point:
    if isinstance(point, DayTime) and isinstance(point.day, OpenDay):
        return _on_its_day(_first(point, here, lambda first: first + after))
    return point


def _first(start: DayTime, here: datetime, end_of: Callable[[datetime], datetime]) -> datetime:
    """Return the last such start before ``here``; if it is of a coming day, the first one of which the end is later."""
    found = last_before(here, start)
    while isinstance(start.day, OpenDay) and start.day.is_coming and end_of(found) <= here:
        found = next_after(found, start)
    return found


def _needs_clock() -> CameraError:
    return CameraError(
        "The camera does not report its time, so a time with an offset from UTC cannot be converted.",
        hint="Give --start and --end without an offset, as the clock in the camera's picture shows them; "
        "or name the camera's zone with --camera-tz.",
    )


def _stretches(asked: Asked, zone: Zone) -> tuple[_Stretch, ...]:
    """Return the spans of real time. Times without an offset are by a clock in `zone`."""
    if isinstance(asked, AskedAround):
        moments = _moments(asked.at, zone, "--around" if asked.before else "--start")
        around = ((moment - asked.before, moment + asked.after) for moment in moments)
        return _joined(around)
    start, end = asked.start, asked.end
    if is_bare(start) and is_bare(end):
        first, last = _wall(start), _wall(end)
        _check_order(first, last, first, last)
        _check_shown(start, zone, "--start", is_end=False)
        _check_shown(end, zone, "--end", is_end=True)
        found = stretches_of(zone, first, last)
        if not found:
            raise _left_out(first, zone, "--start")
        return found
    begin, stop = _moments(start, zone, "--start")[0], _moments(end, zone, "--end", is_end=True)[-1]
    _check_order(begin, stop, start, end)
    return ((begin, stop),)


def _joined(stretches: Iterable[_Stretch]) -> tuple[_Stretch, ...]:
    found: list[_Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            start = found.pop()[0]  # noqa: PLW2901 - goes on where the last began
        found.append((start, end))
    return tuple(found)


def _check_order(start: WallTime | datetime, end: WallTime | datetime, typed: object, typed_end: object) -> None:
    if not start < end:  # type: ignore[operator]  # both are of one kind
        raise wrong_way_round(typed, typed_end)


def _moments(point: Point, zone: Zone, option: str, *, is_end: bool = False) -> tuple[datetime, ...]:
    if isinstance(point, datetime):
        return (point.astimezone(timezone.utc),)
    _check_shown(point, zone, option, is_end=is_end)
    wall = _wall(point)
    change = change_over(zone, wall)
    return moments_of(zone, wall) or ((change.at,) if change else ())


def _check_shown(point: Point, zone: Zone, option: str, *, is_end: bool) -> None:
    """Raise for a time that the clock skips. The start of a day may be skipped, and a range may end there."""
    wall = _wall(point)
    change = change_over(zone, wall)
    if change is None or (isinstance(point, DayTime) and wall.naive.time() == datetime.min.time()):
        return
    if not (is_end and wall == change.leaves):
        raise _left_out(wall, zone, option)


def _left_out(wall: WallTime, zone: Zone, option: str) -> UsageError:
    change = change_over(zone, wall)
    assert change is not None
    before, after = change.leaves - timedelta(seconds=1), change.arrives
    return UsageError(
        f"{option} {wall} does not exist: the clock goes from {before} straight to {after} that day ({zone.name}).",
        hint=f"Ask for {before} or {after}, or give the offset, too. If it is the camera's clock and does not do that, "
        f"--camera-tz {format_offset(change.before)} says so.",
    )


def _wall(point: Point | Moment) -> WallTime:
    if isinstance(point, DayTime):
        return point.wall
    assert isinstance(point, WallTime), "a time of the camera's clock"
    return point


_RECENT = timedelta(hours=3)
_MUCH = timedelta(minutes=1)  # seconds of drift are usual; from here on people are warned


@dataclass(frozen=True, slots=True)
class CameraRangePlan:
    """The range, and the warnings for the report.

    `is_final`: recordings could not improve it. `recent` is a span to search for the offset of today, if the recordings
    say another one than the clock; else None.
    """

    where: CameraRange
    warnings: tuple[str, ...]
    is_final: bool
    recent: Span | None = None


def understand(
    target: Target,
    asked: Asked,
    reading: Reading | None,
    facts: ZoneFacts,
    now: datetime,
    *,
    recorded: Iterable[tuple[WallTime, timedelta]] = (),
    asked_at: datetime | None = None,
) -> CameraRangePlan:
    """Choose the camera's zone, find the range on its clock, and report oddities. Raises as `locate` does.

    Relative words of the range are of the moment `asked_at`, if it is given.
    """
    recorded = tuple(recorded)
    answers = sources(target.camera_tz, facts, reading, recorded)
    clock = _clock(answers[0], reading, target, now) if answers else None
    where = locate(asked, clock, asked_at or now)
    warnings = list(where.notes)
    if where.clock is not None:
        warnings += contradictions(answers, where.clock.to_utc(where.span.start))
        warnings += _about_drift(answers[0], where.clock, reading)
    is_final = bool(answers) and answers[0].rank <= BY_RECORDINGS
    recent = None
    if reading is not None and is_final and answers[0].rank == BY_RECORDINGS:
        last = told_offsets(recorded)[-1][1]
        recent = Span(reading.shown - _RECENT, reading.shown) if last != reading.offset else None
    return CameraRangePlan(where, tuple(warnings), is_final, recent)


def _clock(source: ZoneSource, reading: Reading | None, target: Target, now: datetime) -> CameraClock:
    return clock_by(source, reading, drift=target.clock_drift, start=now)


def _about_drift(source: ZoneSource, clock: CameraClock, reading: Reading | None) -> list[str]:
    if reading is None:
        return ["The camera does not report its time, so camreel cannot check its clock."]
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
    """Return whether the range is by the camera's clock, as its picture shows it, and not in real time."""
    return asked.times_in is None and all(is_bare(point) for point in asked.points)
