"""Cameras with all kinds of clocks, and footage on them that tells which seconds came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from tests.conftest import tuning

from camreel_simulator import AMCREST_SD, ClipSpec, DeviceClock, Quirks, Recorded, SimulatedCamera, seen_frames

SUMMER = datetime(2026, 7, 20, 12, tzinfo=timezone.utc)  # now, unless a test says otherwise
CLIP = 4  # seconds
DST_OFF = ("Locales.DSTEnable=false",)


def rule(start: str, end: str, year: int = 2026, **more: str) -> tuple[str, ...]:
    """``Locales`` with daylight saving: month, week, day and hour of both ends."""
    rows = ["Locales.DSTEnable=true", *(f"Locales.{key}={value}" for key, value in more.items())]
    for name, turn in (("DSTStart", start), ("DSTEnd", end)):
        month, week, day, hour = turn.split()
        facts = {"Year": year, "Month": month, "Week": week, "Day": day, "Hour": hour, "Minute": 0}
        rows += [f"Locales.{name}.{key}={value}" for key, value in facts.items()]
    return tuple(rows)


EUROPE = ("3 -1 0 2", "10 -1 0 3")
AMERICA = ("3 2 0 2", "11 1 0 2")


class OldAmerica(tzinfo):
    """A clock that still follows the rule of before 2007: from the first Sunday of April to the last of October."""

    def dst(self, moment: datetime | None) -> timedelta:
        assert moment is not None
        april, october = (datetime(moment.year, month, day, 2) for month, day in ((4, 1), (10, 31)))  # noqa: DTZ001
        april += timedelta(days=(6 - april.weekday()) % 7)
        october -= timedelta(days=(october.weekday() + 1) % 7)
        return timedelta(hours=april <= moment.replace(tzinfo=None) < october)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=-5) + self.dst(moment)

    def tzname(self, _moment: datetime | None) -> str:
        return "old"


@dataclass(frozen=True)
class Kind:
    """A kind of camera: how its clock goes, and what it says of it."""

    zone: tzinfo
    configs: Mapping[str, tuple[str, ...]]
    quirks: Quirks = AMCREST_SD.quirks
    source: str = ""

    def clock(self, now: datetime = SUMMER, drift: float = 0) -> DeviceClock:
        return DeviceClock(utc=lambda: now, zone=self.zone, drift=drift)

    def wall(self, moment: datetime, drift: float = 0) -> datetime:
        return (moment + timedelta(seconds=drift)).astimezone(self.zone).replace(tzinfo=None)

    def camera(self, recordings: list[Recorded], now: datetime = SUMMER, drift: float = 0) -> SimulatedCamera:
        profile = replace(AMCREST_SD, configs={**AMCREST_SD.configs, **self.configs})
        return SimulatedCamera(recordings, profile, self.quirks, clock=self.clock(now, drift))


def ntp(index: int | str, description: str = "") -> tuple[str, ...]:
    return (f"NTP.TimeZone={index}", f"NTP.TimeZoneDesc={description}")


def east(hours: float) -> timezone:
    return timezone(timedelta(hours=hours))


SILENT = {"NTP": ("NTP.Enable=false",), "Locales": ("Locales.TimeFormat=x",)}
TELLS_OFFSETS = replace(AMCREST_SD.quirks, send_utc_offset=True)
KINDS = {
    "UTC-8, by name": Kind(
        ZoneInfo("America/Los_Angeles"), {"NTP": ntp(28, "America/Los_Angeles")}, source="TimeZoneDesc"
    ),
    "UTC-8, rule": Kind(ZoneInfo("America/Los_Angeles"), {"NTP": ntp(28), "Locales": rule(*AMERICA)}, source="Locales"),
    "UTC+0, measured": Kind(timezone.utc, SILENT, source="measured"),
    "UTC+0, rule": Kind(
        ZoneInfo("Europe/London"), {"NTP": ntp(0), "Locales": rule("3 -1 0 1", "10 -1 0 2")}, source="Locales"
    ),
    "UTC+5:45, index": Kind(east(5.75), {"NTP": ntp(9, "Kathmandu"), "Locales": DST_OFF}, source="Locales"),
    "UTC+12:45, measured": Kind(east(12.75), SILENT, source="measured"),
    "UTC+12:45, by name": Kind(ZoneInfo("Pacific/Chatham"), {"NTP": ntp(0, "Pacific/Chatham")}, source="TimeZoneDesc"),
    "UTC+12:45, told": Kind(ZoneInfo("Pacific/Chatham"), SILENT, TELLS_OFFSETS, source="UTCOffset"),
    "UTC+1, stale year": Kind(
        ZoneInfo("Europe/Berlin"), {"NTP": ntp(1), "Locales": rule(*EUROPE, year=2012)}, source="Locales"
    ),
    "UTC-5, stale rule": Kind(
        OldAmerica(), {"NTP": ntp(25), "Locales": rule("4 1 0 2", "10 -1 0 2", year=2006)}, source="Locales"
    ),
    "UTC-5, DST off": Kind(east(-5), {"NTP": ntp(25, "Easterntime"), "Locales": DST_OFF}, source="Locales"),
    "UTC+1, told": Kind(ZoneInfo("Europe/Berlin"), {"NTP": ntp(1), "Locales": DST_OFF}, TELLS_OFFSETS, "UTCOffset"),
}
# On both sides of the changes; in spring, American clocks were changed already, European and old ones not yet.
DAYS = {
    "winter": datetime(2026, 1, 16, 16, tzinfo=timezone.utc),
    "summer": datetime(2026, 7, 10, 3, tzinfo=timezone.utc),
    "spring": datetime(2026, 3, 20, 12, tzinfo=timezone.utc),
    "a summer ago": datetime(2025, 6, 30, 23, 59, 52, tzinfo=timezone.utc),
}


def footage(kind: Kind, first: datetime, drift: float = 0, count: int = 3) -> list[Recorded]:
    """``count`` clips that abut, the first at the real moment ``first``, with the times that the camera gives them."""
    made = []
    for number in range(count):
        moment = first + timedelta(seconds=CLIP * number)
        start, end = (kind.wall(moment + timedelta(seconds=s), drift) for s in (0, CLIP))
        fold = (moment + timedelta(seconds=drift)).astimezone(kind.zone).fold
        spec = ClipSpec(start=start, seconds=CLIP, size=(160, 90), audio=None, two_keyframes=False)
        path = f"/mnt/sd/{start:%Y-%m-%d}/001/dav/{start:%H/%H.%M.%S}-{end:%H.%M.%S}[M][0@0][{fold}].mp4"
        made.append(Recorded(start.replace(fold=fold), end, spec, path=path))
    return made


def film(recorded: Recorded) -> ClipSpec:
    assert isinstance(recorded.content, ClipSpec)
    return recorded.content


def numbers(recordings: list[Recorded]) -> list[int]:
    """The numbers of all pictures of ``recordings``."""
    return [number for recorded in recordings for number in film(recorded).frame_numbers]


def frames(start: datetime, seconds: int) -> list[int]:
    """The numbers of the pictures that the camera took from ``start`` (by its clock) on."""
    midnight = start.replace(hour=0, minute=0, second=0)
    first = round((start - midnight).total_seconds() * 10)
    return [first + number for number in range(seconds * 10)]


def seen(run) -> list[int]:
    return [number for _second, number in seen_frames(run.output)]


def now_is(moment: datetime):
    return tuning(utc_now=lambda: moment)
