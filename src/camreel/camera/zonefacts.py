"""What the camera's settings say of its zone: bodies of ``getConfig`` for ``NTP`` and ``Locales`` -> facts. Pure.

The zone is in NTP and not in Locales, as a DH-NVR608H has it; very old firmware has it in Locales.
"""

from __future__ import annotations

import re

from camreel.camera.wire import is_error, parse_pairs
from camreel.clock.season import Summer, Turn
from camreel.clock.sources import ZoneFacts
from camreel.errors import printable


def parse_zone_facts(ntp: str | None, locales: str | None) -> ZoneFacts:
    """The facts of both bodies; None for one that was not to be had."""
    times, rules = _table(ntp, "NTP"), _table(locales, "Locales")
    summer_on = rules.get("DSTEnable", "").lower() == "true"
    start, end = _turn(rules, "DSTStart"), _turn(rules, "DSTEnd")
    summer = Summer(start, end) if summer_on and start is not None and end is not None else None
    return ZoneFacts(
        description=printable(times.get("TimeZoneDesc", ""), 60) or None,
        index=_number(times.get("TimeZone", rules.get("TimeZone", ""))),
        summer=summer,
        # A rule that is on and cannot be read is not known; that it is off, is.
        has_rule="DSTEnable" in rules and (summer is not None or not summer_on),
    )


def _table(body: str | None, name: str) -> dict[str, str]:
    if body is None or is_error(body):
        return {}
    start = f"table.{name}."
    return {key.removeprefix(start): value for key, value in parse_pairs(body).items() if key.startswith(start)}


def _turn(rules: dict[str, str], name: str) -> Turn | None:
    month, week, day, hour, minute = (
        _number(rules.get(f"{name}.{part}", "0")) for part in ("Month", "Week", "Day", "Hour", "Minute")
    )
    if month is None or week is None or day is None or hour is None or minute is None:
        return None
    # A week of 0 is the mode of dates; some firmware also says so, or the contrary, in WeekEnable.
    by_date = week == 0 or rules.get("WeekEnable", "").lower() == "false"
    turn = Turn(month, None if by_date else week, day, hour, minute)
    return turn if turn.is_possible else None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d{1,4}", text.strip(), re.ASCII) else None
