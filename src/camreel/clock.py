"""Times as people type them, and the camera's clock against real time. Pure.

The camera speaks naive local time and nothing else (its search, its file names, its frames); people may name an
offset. A time without one means what the camera's picture shows. A time with one is real time and is converted
by what the camera's clock shows now, rounded to a quarter of an hour: no zone on earth is finer, and what is
left over is drift of the clock (PROTOCOL 4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from camreel.errors import CameraError, UsageError
from camreel.model import AskedRange, Moment, Span, WallTime

_QUARTER = timedelta(minutes=15)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # outside, conversions could overflow; no camera recorded then

# One parser of our own: datetime.fromisoformat of Python 3.10 refuses "Z", "+0100", ".5" and missing seconds' kin.
_MOMENT = re.compile(
    r"""(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})
        [T\ ]\s*
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?
        \s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def parse_moment(text: str, what: str = "time") -> Moment:
    """An ISO 8601 time: aware with an offset or ``Z``, else by the camera's clock.

    ``T`` or a space, seconds and fractions optional. ``what`` names the option in the error.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{what} {text!r} is not a time.", hint=_HOW_TO_WRITE_TIMES)
    parts = {name: int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
    microsecond = int((found["fraction"] or "0").ljust(6, "0")[:6])
    try:
        naive = datetime(**parts, microsecond=microsecond)  # type: ignore[arg-type]  # noqa: DTZ001 - zone follows
    except ValueError as error:
        raise UsageError(f"{what} {text!r} does not exist: {error}.", hint=_HOW_TO_WRITE_TIMES) from None
    if not _FIRST_YEAR <= naive.year <= _LAST_YEAR:
        raise UsageError(f"{what} {text!r} is in a year without recordings.", hint=_HOW_TO_WRITE_TIMES)
    if not found["zone"]:
        return WallTime(naive)
    return naive.replace(tzinfo=timezone(_parse_offset(found["zone"], what, text)))


_HOW_TO_WRITE_TIMES = (
    "Write it like 2026-01-16T08:00:00 (the camera's own clock) or 2026-01-16T08:00:00-08:00 (with an offset from UTC)."
)


def _parse_offset(zone: str, what: str, text: str) -> timedelta:
    if zone.upper() == "Z":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise UsageError(
            f"{what} {text!r} has the offset {zone}, which no place on earth has.", hint=_HOW_TO_WRITE_TIMES
        )
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def parse_range(start: str, end: str) -> AskedRange:
    """Both ends of the range as typed. UsageError where they do not parse, do not mix, or are the wrong way round."""
    asked = AskedRange(parse_moment(start, "--start"), parse_moment(end, "--end"))
    naive = [option for option, moment in (("--start", asked.start), ("--end", asked.end)) if _is_wall(moment)]
    if len(naive) == 1:
        aware = "--end" if naive[0] == "--start" else "--start"
        raise UsageError(
            f"{naive[0]} has no offset from UTC and {aware} has one.",
            hint="Give both an offset (like +01:00 or Z), or neither: then both mean the camera's own clock.",
        )
    if asked_length(asked) <= timedelta(0):
        raise UsageError(f"--start {start} is not before --end {end}.", hint="Swap them, or check the dates.")
    return asked


def _is_wall(moment: Moment) -> bool:
    return isinstance(moment, WallTime)


def asked_length(asked: AskedRange) -> timedelta:
    """End minus start."""
    if isinstance(asked.start, WallTime) and isinstance(asked.end, WallTime):
        return asked.end - asked.start
    if isinstance(asked.start, datetime) and isinstance(asked.end, datetime):
        return asked.end - asked.start
    raise UsageError("One end of the range has an offset from UTC and the other has none.")


@dataclass(frozen=True, slots=True)
class CameraClock:
    """What the camera's clock shows against real time.

    ``offset`` is camera minus UTC to the quarter of an hour; ``drift`` is what the clock shows beyond that
    (positive: it is fast). ``source`` says in words where the offset came from.
    """

    offset: timedelta
    drift: timedelta
    source: str

    def to_wall(self, moment: datetime) -> WallTime:
        """What a clock in the camera's zone shows at ``moment``. Drift is not added: it is only reported."""
        return WallTime((moment.astimezone(timezone.utc) + self.offset).replace(tzinfo=None))

    def to_utc(self, wall: WallTime) -> datetime:
        """The moment at which a clock in the camera's zone shows ``wall``."""
        return (wall.naive - self.offset).replace(tzinfo=timezone.utc)

    @property
    def offset_text(self) -> str:
        """``+01:00``."""
        return format_offset(self.offset)

    @property
    def is_plausible(self) -> bool:
        """Whether any zone on earth has such an offset (-12:00 to +14:00); if not, the camera's clock is wrong."""
        return timedelta(hours=-12) <= self.offset <= timedelta(hours=14)


def format_offset(offset: timedelta) -> str:
    """An offset from UTC as ISO 8601 writes it: ``-08:00``."""
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def measure(shown: WallTime, at: datetime) -> CameraClock:
    """The camera's clock from one reading: it showed ``shown`` at ``at`` (real time, middle of the request)."""
    difference = shown.naive - at.astimezone(timezone.utc).replace(tzinfo=None)
    offset = round(difference / _QUARTER) * _QUARTER
    return CameraClock(
        offset=offset,
        drift=difference - offset,
        source="measured now: the camera's clock against this computer's, to the nearest quarter of an hour",
    )


def to_camera_span(asked: AskedRange, clock: CameraClock | None) -> Span:
    """The asked range by the camera's clock. CameraError where that needs a clock which could not be read."""
    return Span(_to_wall(asked.start, clock), _to_wall(asked.end, clock))


def _to_wall(moment: Moment, clock: CameraClock | None) -> WallTime:
    if isinstance(moment, WallTime):
        return moment
    if clock is None:
        raise CameraError(
            "The camera does not tell its time, so a time with an offset from UTC cannot be converted.",
            hint="Give --start and --end without an offset, as the clock in the camera's picture shows them.",
        )
    return clock.to_wall(moment)
