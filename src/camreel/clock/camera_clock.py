"""Convert between the camera's clock and real time. Pure.

Three things separate the camera's clock from UTC: its zone, whose offset may change twice a year; its drift; and the
hour that it shows twice. Inside an export, time is *straight*: the camera's clock as if it had kept the offset that it
had at the start of the range (`base`). On nearly all days that is what the camera shows. `CameraClock.shown` returns
what it shows on the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from camreel.clock.zones import Change, FixedZone, Zone, format_offset, moments_of, wall_at
from camreel.model import Span, Split, WallTime

_QUARTER, _SECOND = timedelta(minutes=15), timedelta(seconds=1)
# The camera tells whole seconds, and the way there and back takes a moment.
_LEAST_DRIFT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Reading:
    """The camera's clock showed `shown` at the real time `at`, which is the middle of the request."""

    shown: WallTime
    at: datetime

    @property
    def ahead(self) -> timedelta:
        """Return camera time minus UTC: zone and drift in one."""
        return self.shown.naive.replace(tzinfo=timezone.utc) - self.at

    @property
    def offset(self) -> timedelta:
        """Return `ahead` to the nearest quarter of an hour: no zone on earth is finer."""
        return round(self.ahead / _QUARTER) * _QUARTER

    @property
    def is_plausible(self) -> bool:
        """Return whether a zone on earth has this offset (-12:00 to +14:00). If not, the clock is wrong."""
        return timedelta(hours=-12) <= self.offset <= timedelta(hours=14)

    def drift_in(self, zone: Zone) -> timedelta:
        """Return how far the clock is ahead of a right clock in `zone`, in whole seconds; 0 if below two."""
        passes = moments_of(zone, self.shown)
        # In the repeated hour the nearer pass: a clock that is right is likelier than one that is an hour off.
        rests = [moment - self.at for moment in passes] or [self.ahead - zone.offset_at(self.at)]
        rest = min(rests, key=abs)
        seconds = -(-rest // _SECOND) * _SECOND  # up: the answer was cut to the second
        return seconds if abs(seconds) >= _LEAST_DRIFT else timedelta(0)


@dataclass(frozen=True, slots=True)
class CameraClock:
    """The camera's clock at any moment.

    `source` names where the `zone` comes from, and `weakness` why that source may be wrong. `drift` is how far the
    clock is assumed to be ahead, `seen_drift` how far it was seen to be ahead (None: not read). `base` is the offset at
    the start of the range, by which straight time is counted.
    """

    zone: Zone
    drift: timedelta
    source: str
    base: timedelta
    weakness: str = ""
    seen_drift: timedelta | None = None
    read_at: datetime | None = field(default=None, compare=False)
    """When the clock was read, in real time; None: it was not."""

    @classmethod
    def fixed(cls, offset: timedelta, drift: timedelta = timedelta(0), source: str = "") -> CameraClock:
        """Return a clock with one offset all year."""
        return cls(FixedZone(offset), drift, source, offset, seen_drift=drift)

    def starting_at(self, moment: datetime) -> CameraClock:
        """Return this clock for a range that starts at `moment`, as the camera believes it to be."""
        return replace(self, base=self.zone.offset_at(moment))

    def believed(self, moment: datetime) -> datetime:
        """Return the UTC that the camera takes the real `moment` for."""
        return moment.astimezone(timezone.utc) + self.drift

    def straight(self, believed: datetime) -> WallTime:
        """Return the straight time of a moment as the camera believes it to be."""
        return WallTime((believed.astimezone(timezone.utc) + self.base).replace(tzinfo=None))

    def _utc_of(self, straight: WallTime) -> datetime:
        return (straight.naive - self.base).replace(tzinfo=timezone.utc)

    def to_wall(self, moment: datetime) -> WallTime:
        """Return the straight time of the real `moment`."""
        return self.straight(self.believed(moment))

    def to_utc(self, straight: WallTime) -> datetime:
        """Return the real moment of a straight time."""
        return self._utc_of(straight) - self.drift

    def reads(self, moment: datetime) -> WallTime:
        """Return the straight time of what the clock really shows at `moment`, whatever drift was asked for."""
        seen = self.drift if self.seen_drift is None else self.seen_drift
        return self.straight(moment.astimezone(timezone.utc) + seen)

    def shown(self, straight: WallTime) -> WallTime:
        """Return the time in the camera's picture at a straight time."""
        return wall_at(self.zone, self._utc_of(straight))

    def offset_at(self, straight: WallTime) -> timedelta:
        """Return the clock's offset from UTC at a straight time."""
        return self.zone.offset_at(self._utc_of(straight))

    def in_zone(self, straight: WallTime) -> datetime:
        """Return the time in the camera's picture at a straight time, with its offset."""
        offset = self.offset_at(straight)
        return self.shown(straight).naive.replace(tzinfo=timezone(offset))

    def in_real_time(self, straight: WallTime) -> datetime:
        """Return the real moment of a straight time, with the offset that the clock has then."""
        return self.to_utc(straight).astimezone(timezone(self.offset_at(straight)))

    def changes_in(self, span: Span) -> tuple[Change, ...]:
        """Return the changes of the clock's offset within a span of straight time, its end included."""
        return self.zone.changes(self._utc_of(span.start), self._utc_of(span.end))

    @property
    def offset(self) -> timedelta:
        """Return the offset from UTC at the start of the range."""
        return self.base

    @property
    def offset_text(self) -> str:
        """Return the offset at the start of the range as text: `+01:00`."""
        return format_offset(self.base)


def show_span(span: Span, clock: CameraClock | None, *, zone: bool = False) -> str:
    """Return a span of straight time as the camera's picture shows it.

    Offsets are added if they differ within the span. With `zone` a single offset is named, too.
    """
    if clock is None:
        return str(span)
    start, end = clock.in_zone(span.start), clock.in_zone(span.end)
    # Also where the clock goes back at the very end of it: up to 03:00 is not up to 02:00.
    if start.utcoffset() == end.utcoffset() == clock.base and not clock.changes_in(span):
        return f"{Span(clock.shown(span.start), clock.shown(span.end))}{f', UTC{clock.offset_text}' if zone else ''}"
    return f"{show_moment(start)} to {show_moment(end)}"


def show_moment(moment: datetime) -> str:
    """Return an aware moment as text: `2026-01-16 08:00:00-08:00`, with `Z` for UTC itself."""
    offset = moment.utcoffset()
    zone = "Z" if moment.tzinfo is timezone.utc or offset is None else format_offset(offset)
    return f"{moment:%Y-%m-%d %H:%M:%S}{zone}"


def turns(span: Span, clock: CameraClock | None, every: Split) -> tuple[WallTime, ...]:
    """Return the straight times within `span` at which the camera's clock begins a new day or a new hour.

    Two whole days or more, from any time of day, are days of their own: each begins when the first does.
    """

    def shown(at: WallTime) -> datetime:
        return (clock.shown(at) if clock else at).naive

    def passage(at: WallTime) -> tuple[object, ...]:
        if every is Split.DAY:
            return ((shown(at) - into_day).date(),)
        # An hour that the clock shows twice is two.
        return (shown(at).date(), shown(at).hour, clock.offset_at(at) if clock else None)

    begins, ends = shown(span.start), shown(span.end)
    has_own_days = every is Split.DAY and begins.time() == ends.time() and (ends - begins).days > 1
    into_day = begins - begins.replace(hour=0, minute=0, second=0, microsecond=0) if has_own_days else timedelta(0)
    first = span.start.naive if has_own_days else span.start.naive.replace(minute=0, second=0, microsecond=0)
    quarters = int((span.end.naive - first) / _QUARTER) + 1
    found, before = [], passage(span.start)
    for number in range(1, quarters):  # zones are set to quarters of an hour
        at = WallTime(first + number * _QUARTER)
        now = passage(at)
        # A day does not begin again where the clock goes back over its beginning.
        has_turned = now > before if every is Split.DAY else now != before
        if span.start < at < span.end and has_turned:
            found.append(at)
            before = now
    return tuple(found)
