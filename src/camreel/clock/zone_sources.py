"""Choose the camera's time zone: the first source that answers, and what the others say against it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from camreel.clock.camera_clock import CameraClock, Reading
from camreel.clock.parse import offset_of_camera_zone
from camreel.clock.zones import (
    FixedZone,
    NamedZone,
    SeasonZone,
    SteppedZone,
    Summer,
    Zone,
    format_offset,
    named,
)
from camreel.errors import printable
from camreel.model import WallTime

_MOST, _QUARTER = timedelta(hours=14), timedelta(minutes=15)
_SAVING = {timedelta(minutes=30), timedelta(hours=1)}  # what daylight saving is, anywhere
_LONG_AGO = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What the camera's settings say of its time zone; None for what they do not say.

    `description` is the text that should name the zone, `standard` the offset from UTC without daylight saving,
    `summer` the rule of daylight saving; `has_rule` tells whether that was readable (None then means: off).
    `description_from` and `standard_from` are the camera's names of these settings.
    """

    description: str | None = None
    standard: timedelta | None = None
    summer: Summer | None = None
    has_rule: bool = False
    description_from: str = "time zone"
    standard_from: str = "time zone settings"

    def joined(self, other: ZoneFacts) -> ZoneFacts:
        """Return what both say; of what both say, what this one does."""
        zone = self if self.standard is not None or other.standard is None else other
        rule = self if self.has_rule or self.summer is not None else other
        text = self if self.description is not None else other
        return ZoneFacts(
            text.description, zone.standard, rule.summer, rule.has_rule, text.description_from, zone.standard_from
        )


@dataclass(frozen=True, slots=True)
class ZoneSource:
    """One source of the camera's zone. `rank`: 1 is the best."""

    rank: int
    zone: Zone
    told_by: str
    weakness: str = ""

    def __str__(self) -> str:
        return self.told_by if isinstance(self.zone, FixedZone) else f"{self.zone.name}, from {self.told_by}"


# The ranks of what is known only after a search, and of what is no setting at all.
BY_RECORDINGS, MEASURED = 3, 5


def sources(
    camera_tz: str | None,
    facts: ZoneFacts,
    reading: Reading | None,
    recorded: Iterable[tuple[WallTime, timedelta]] = (),
) -> tuple[ZoneSource, ...]:
    """Return all sources that answer, best first. `recorded` has starts of recordings and the listed offsets."""
    found: list[ZoneSource] = []
    if camera_tz is not None:
        fixed = offset_of_camera_zone(camera_tz)
        zone: Zone = NamedZone(camera_tz) if fixed is None else FixedZone(fixed)
        found.append(ZoneSource(1, zone, "--camera-tz"))
    # Some firmware has a list of cities there, or the cities of another zone: only a name of the database counts.
    if (by_name := named(facts.description or "")) is not None:
        found.append(ZoneSource(2, by_name, f"the camera's {facts.description_from}"))
    if (by_recordings := _zone_of(recorded, reading)) is not None:
        found.append(ZoneSource(BY_RECORDINGS, by_recordings, "the UTCOffset of the recordings"))
    if facts.standard is not None and facts.has_rule:
        by_settings = SeasonZone(facts.standard, facts.summer)
        found.append(ZoneSource(4, by_settings, f"the camera's {facts.standard_from}", _STALE))
    if reading is not None:
        # No zone is that far from UTC: then all of it is the clock's error.
        offset = reading.offset if reading.is_plausible else timedelta(0)
        found.append(ZoneSource(MEASURED, FixedZone(offset), _MEASURED if reading.is_plausible else _NOT_KNOWN, _TODAY))
    return tuple(found)


_MEASURED = "measured now: the camera's clock against this computer's, to the nearest quarter of an hour"
_NOT_KNOWN = "its zone is not known, and its clock is too far off to derive it"
_STALE = "a weak source: such settings are often out of date"
_TODAY = "a weak source: it knows nothing of daylight saving on other days than today"


def told_offsets(recorded: Iterable[tuple[WallTime, timedelta]]) -> list[tuple[datetime, timedelta]]:
    """Return moments, as the camera believes them to be, and the offset at each, in order."""
    return sorted(
        ((wall.naive - offset).replace(tzinfo=timezone.utc), offset)
        for wall, offset in recorded
        if abs(offset) <= _MOST and offset % _QUARTER == timedelta(0)
    )


def _zone_of(recorded: Iterable[tuple[WallTime, timedelta]], reading: Reading | None) -> Zone | None:
    """Return the zone by the recordings: one offset, or steps if it changes between them."""
    told = told_offsets(recorded)
    if not told:
        return None
    # An hour more or less than now is daylight saving; it is drift where recordings of these hours say so.
    if reading is not None and abs(reading.offset - told[-1][1]) in _SAVING and reading.at - told[-1][0] > _LONG_AGO:
        told.append((reading.at - timedelta(days=1), reading.offset))
    first = told[0][1]
    if all(offset == first for _at, offset in told):
        return FixedZone(first)
    return SteppedZone("changing offsets", first, tuple(told))


def clock_by(
    source: ZoneSource, reading: Reading | None, *, drift: timedelta | None = None, start: datetime | None = None
) -> CameraClock:
    """Return the clock in the zone of `source`. `drift` overrides what `reading` shows; `start` is near the range."""
    seen = None if reading is None else reading.drift_in(source.zone)
    taken = drift if drift is not None else seen or timedelta(0)
    moment = start or (reading.at if reading else datetime(2000, 1, 1, tzinfo=timezone.utc))
    base, read_at = source.zone.offset_at(moment), reading.at if reading else None
    return CameraClock(source.zone, taken, str(source), base, source.weakness, seen_drift=seen, read_at=read_at)


def contradictions(all_sources: tuple[ZoneSource, ...], at: datetime) -> tuple[str, ...]:
    """Return a sentence for each source that says another offset than the first, at `at` (near the range).

    The measured offset is not compared: a difference there is drift, and reported as drift.
    """
    if not all_sources:
        return ()
    chosen, *others = all_sources
    said = []
    for other in others:
        one, two = chosen.zone.offset_at(at), other.zone.offset_at(at)
        if one == two or other.rank == MEASURED:
            continue
        said.append(
            f"Two sources disagree on the zone for {at:%Y-%m-%d}: {_says(chosen, one)} by {chosen.told_by}, but "
            f"{_says(other, two)} by {other.told_by}. camreel uses the first; --camera-tz overrides both."
        )
    return tuple(said)


def _says(source: ZoneSource, offset: timedelta) -> str:
    named = source.zone.name if isinstance(source.zone, NamedZone) else ""
    return f"UTC{format_offset(offset)}" + (f" ({printable(named, 60)})" if named else "")
