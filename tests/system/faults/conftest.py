"""The matrix as a table, where CAMREEL_FAULT_TABLE asks for it: ``make faults``."""

from __future__ import annotations

import os
from typing import Any

_COLUMNS = [(ranges, always, clip) for ranges in (True, False) for always in (False, True) for clip in (1, 2, 3)]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A row for each fault, a column for each way in which it struck."""
    if not os.environ.get("CAMREEL_FAULT_TABLE"):
        return
    rows: dict[str, dict[tuple[bool, bool, int], str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for key, value in getattr(report, "user_properties", ()):
                if key == "cell":
                    name, ranges, always, clip, became = value
                    word = became if outcome == "passed" else "WRONG"
                    rows.setdefault(name, {})[ranges, always, clip] = word
    terminalreporter.section("faults")
    write = terminalreporter.write_line
    write(
        "whole: the video has all of it, bit-exact. named: the clip is lost, all else is there, and the report says so."
    )
    write(f"{'':<14}{'with Range':^42}{'without Range':^42}".rstrip())
    write(f"{'':<14}" + f"{'once':^21}{'always':^21}" * 2)
    write(f"{'fault':<14}" + f"{'first':<7}{'middle':<7}{'last':<7}" * 4)
    for name, cells in sorted(rows.items()):
        write(f"{name:<14}" + "".join(f"{cells.get(column, '-'):<7}" for column in _COLUMNS))
