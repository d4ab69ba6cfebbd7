"""The camera's own clock: local, without a zone on the wire, and often wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo

# The index that Dahua firmware stores as NTP.TimeZone, in minutes east of UTC. It leaves daylight saving out.
ZONE_MINUTES = (
    0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570, 600, 660, 720, 780,
    -60, -120, -180, -210, -240, -300, -360, -420, -480, -540, -600, -660, -720,
)  # fmt: skip


def real_utc() -> datetime:
    """The host's clock, aware."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class DeviceClock:
    """What the camera believes the time to be.

    ``utc`` gives the true moment (aware); ``zone`` is what the owner set, a fixed offset or one with daylight saving;
    ``drift`` is by how many seconds the camera's clock is ahead.
    """

    utc: Callable[[], datetime] = real_utc
    zone: tzinfo = timezone.utc
    drift: float = 0.0

    @classmethod
    def fixed(cls, moment: datetime, zone: tzinfo = timezone.utc, drift: float = 0.0) -> DeviceClock:
        """A clock that stands still: at an aware ``moment``, or, if it is naive, showing just that (drift aside)."""
        aware = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        aware = aware.astimezone(timezone.utc)
        return cls(lambda: aware, zone, drift)

    @classmethod
    def hours_east(cls, hours: float, drift: float = 0.0) -> DeviceClock:
        """A running clock in a zone without daylight saving."""
        return cls(zone=timezone(timedelta(hours=hours)), drift=drift)

    def behind(self, seconds: float) -> DeviceClock:
        """The same clock, that much slower."""
        return replace(self, drift=self.drift - seconds)

    def now(self) -> datetime:
        """The wall clock of the camera: naive, local, to the second as ``getCurrentTime`` answers it."""
        local = (self.utc() + timedelta(seconds=self.drift)).astimezone(self.zone)
        return local.replace(tzinfo=None, microsecond=0)

    def offset_at(self, local: datetime) -> timedelta:
        """East of UTC at a naive ``local`` moment, daylight saving included."""
        return local.replace(tzinfo=self.zone).utcoffset() or timedelta(0)

    @property
    def zone_index(self) -> int:
        """``NTP.TimeZone``: the standard offset of the zone, by index; 0 if the firmware has no such offset."""
        local = self.utc().astimezone(self.zone)
        standard = (local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))
        minutes = int(standard.total_seconds() // 60)
        return ZONE_MINUTES.index(minutes) if minutes in ZONE_MINUTES else 0

    def saving(self) -> tuple[datetime, datetime] | None:
        """When daylight saving begins and ends this year, by the wall clock just before; None if there is none.

        To the hour, as the firmware is told it. South of the equator it ends before it begins.
        """
        new_year = datetime(self.now().year, 1, 1)  # noqa: DTZ001 - the camera's clock

        def is_on(hour: datetime) -> bool:
            return bool(hour.replace(tzinfo=self.zone).dst())

        days = [new_year + timedelta(days=n) for n in range(365)]
        turning = [day for day in days if is_on(day) != is_on(day + timedelta(days=1))]
        hours = [day + timedelta(hours=n) for day in turning for n in range(24)]
        changes = [hour for hour in hours if is_on(hour) != is_on(hour + timedelta(hours=1))]
        if len(changes) != 2:
            return None
        begins, ends = sorted(changes, key=is_on)
        return begins, ends + timedelta(hours=1)  # the hour before it begins is the one that does not exist
