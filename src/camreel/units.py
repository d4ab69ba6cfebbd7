"""Sizes and durations as people write them. Pure."""

from __future__ import annotations

import re
import textwrap


def size_text(count: float) -> str:
    """Bytes with three figures in decimal units, as disks and cameras count them: ``2.04 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.0f} TB" if count >= 100 else f"{count:.3g} TB"


def duration_text(seconds: float) -> str:
    """``9 h 12 min 4 s``, ``4.5 s``; leading and trailing zeros left out."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def clock_text(seconds: float) -> str:
    """A time to wait, short enough for a progress line: ``1:02:03``, ``02:03``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def count_text(count: int, noun: str) -> str:
    """``1 recording``, ``2 recordings``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# "2 min", "9 h 12 min 4 s", "87.5 %", "1.19 MB"
_MEASURE = re.compile(r"\d[\d.]* (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)*|\d[\d.]* (?:%|(?:bytes|kB|MB|GB|TB)\b)")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words but never inside a measure.

    ``first`` and ``others`` are what the lines begin with. A word that is longer stays whole.
    """
    held = _MEASURE.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(
        held,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines] or [first]
