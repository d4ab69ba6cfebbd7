"""Zones as the firmware stores them: an index for the standard offset, and a rule for daylight saving. Pure.

``NTP.TimeZone`` is the index; ``Locales.DSTEnable``, ``DSTStart`` and ``DSTEnd`` are the rule. The rule is written
down with a year and goes on in others: month, week and day repeat.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from camreel.clock.zone import Change, SteppedZone, format_offset
from camreel.model import WallTime

# The table of the firmware, in minutes: its cross-checks are -3 (22), -5 (25), -8 (28), +3 (3) and +8 (13).
_INDEX_MINUTES = (
    0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570, 600, 660, 720, 780,
    -60, -120, -180, -210, -240, -300, -360, -420, -480, -540, -600, -660, -720,
)  # fmt: skip

_SUMMER = timedelta(hours=1)  # the firmware knows no other daylight saving


def offset_of_index(index: int) -> timedelta | None:
    """The standard offset that ``NTP.TimeZone=index`` means; None for an index that nobody has written down."""
    return timedelta(minutes=_INDEX_MINUTES[index]) if 0 <= index < len(_INDEX_MINUTES) else None


@dataclass(frozen=True, slots=True)
class Turn:
    """When the clock is changed, each year: month, and the ``week``-th ``day`` (0: Sunday) of it, -1 being the last.

    Without a week, ``day`` is the day of the month. The time is that of the clock before the change.
    """

    month: int
    week: int | None
    day: int
    hour: int
    minute: int = 0

    @property
    def is_possible(self) -> bool:
        """Whether there is such a day and time."""
        days = range(7) if self.week is not None else range(1, 32)
        weeks = {None, -1, 1, 2, 3, 4, 5}
        return (
            self.month in range(1, 13)
            and self.week in weeks
            and self.day in days
            and self.hour in range(24)
            and self.minute in range(60)
        )

    def in_year(self, year: int) -> WallTime:
        """The reading at which the clock is changed in ``year``."""
        weekday_of_first, days = monthrange(year, self.month)
        if self.week is None:
            day = min(self.day, days)
        else:
            day = 1 + (self.day - 1 - weekday_of_first) % 7  # monthrange counts from Monday
            day += 7 * (4 if self.week == -1 else self.week - 1)
            while day > days:
                day -= 7
        return WallTime(datetime(year, self.month, day, self.hour, self.minute))  # noqa: DTZ001 - a clock's reading


@dataclass(frozen=True, slots=True)
class Summer:
    """Daylight saving: an hour more from ``start`` to ``end``; south of the equator the year ends in it."""

    start: Turn
    end: Turn


@dataclass(frozen=True, slots=True)
class SeasonZone:
    """``standard`` ahead of UTC, and an hour more in ``summer``; None where daylight saving is switched off."""

    standard: timedelta
    summer: Summer | None = None

    @property
    def name(self) -> str:
        """``UTC+01:00 and daylight saving``."""
        return f"UTC{format_offset(self.standard)} {'and' if self.summer else 'without'} daylight saving"

    def offset_at(self, moment: datetime) -> timedelta:
        """With the hour of summer where the rule, repeated each year, has it."""
        if self.summer is None:
            return self.standard
        return _stepped(self.standard, self.summer, moment.astimezone(timezone.utc).year).offset_at(moment)

    def changes(self, first: datetime, last: datetime) -> tuple[Change, ...]:
        """Two a year, or none."""
        if self.summer is None:
            return ()
        first, last = first.astimezone(timezone.utc), last.astimezone(timezone.utc)
        found: dict[datetime, Change] = {}
        for year in range(first.year, last.year + 1):
            found |= {each.at: each for each in _stepped(self.standard, self.summer, year).changes(first, last)}
        return tuple(found[at] for at in sorted(found))


@lru_cache(maxsize=512)
def _stepped(standard: timedelta, summer: Summer, year: int) -> SteppedZone:
    """The zone as it is in ``year``, with the years beside it: a year of UTC is not a year of the clock."""
    steps = []
    for each in (year - 1, year, year + 1):
        start, end = summer.start.in_year(each), summer.end.in_year(each)
        steps.append(((start.naive - standard).replace(tzinfo=timezone.utc), standard + _SUMMER))
        steps.append(((end.naive - standard - _SUMMER).replace(tzinfo=timezone.utc), standard))
    steps.sort()
    southern = steps[0][1] == standard
    return SteppedZone("", standard + _SUMMER if southern else standard, tuple(steps))
