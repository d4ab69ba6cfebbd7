"""Sizes and durations as people write them. Pure."""

from __future__ import annotations


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
