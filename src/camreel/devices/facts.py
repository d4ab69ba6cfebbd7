"""What a check-up finds out about a device: values that each protocol fills from the device's answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from camreel.clock import Reading, ZoneFacts, format_offset, recorded_offsets
from camreel.clock.zone_sources import clock_by, contradictions, sources
from camreel.model import Recording, WallTime

Value = TypeVar("Value")


@dataclass(frozen=True)
class Fact(Generic[Value]):
    """An answer; or None, and in ``why`` the reason: ``not told (HTTP 501)``."""

    value: Value | None = None
    why: str = "not asked"


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk or card as the device lists it; sizes in bytes, None if it does not say."""

    name: str
    state: str
    total: int | None = None
    used: int | None = None
    has_error: bool = False


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the clock shows, how far it is off in its time zone, and where that zone is known from."""

    shown: WallTime
    drift: timedelta
    offset: str
    zone: str
    source: str
    weakness: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedFootage:
    """The oldest and the newest recording of one channel. ``exact``: the list was seen to its end."""

    channel: int
    oldest: WallTime
    newest: WallTime
    exact: bool = True


@dataclass(frozen=True)
class DeviceFacts:
    """All that a check-up shows of a device. ``login_how`` is its way to log in; ``quirks`` are sentences.

    ``is_empty``: the device says that it has no recordings of the channel.
    """

    login_how: str = ""
    model: Fact[str] = Fact()
    firmware: Fact[str] = Fact()
    serial: Fact[str] = Fact()
    name: Fact[str] = Fact()
    clock: Fact[ClockFacts] = Fact()
    channels: Fact[tuple[tuple[int, str], ...]] = Fact()
    storage: Fact[tuple[Disk, ...]] = Fact()
    recording: Fact[tuple[tuple[int, str], ...]] = Fact()
    footage: Fact[RecordedFootage] = Fact()
    is_empty: bool = False
    quirks: tuple[str, ...] = ()


def clock_facts(reading: Reading, zone: ZoneFacts, recordings: Sequence[Recording]) -> ClockFacts:
    """Return what ``reading`` shows, in the time zone that the device's settings and recordings tell."""
    found = sources(None, zone, reading, recorded_offsets(recordings))
    clock = clock_by(found[0], reading)
    return ClockFacts(
        shown=reading.shown,
        drift=Reading(reading.shown, reading.at).drift_in(clock.zone),
        offset=format_offset(clock.zone.offset_at(reading.at)),
        zone=clock.zone.name,
        source=clock.source,
        weakness=clock.weakness,
        doubts=contradictions(found, reading.at),
    )
