"""Rates and lengths of waiting, as they are typed -> numbers. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from camreel.clock import parse_length
from camreel.errors import UsageError
from camreel.model import Split

_SCALES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([kmg]?)(?:b(?:/s)?)?", re.IGNORECASE)
_LEAST_FILE = 1_000_000
_LEAST = 1_000  # below, a camera's own patience would end first


def parse_rate(text: str) -> float:
    """``--limit-rate``: bytes a second; ``500k``, ``4M``, ``1.5 MB/s``, in decimal units as sizes are shown."""
    found = _RATE.fullmatch(text.strip())
    rate = float(found[1]) * _SCALES[found[2].lower()] if found else 0.0
    if rate < _LEAST:
        raise UsageError(
            f"--limit-rate {text!r} is not a rate from 1k up.", hint="Write it like 500k or 4M: bytes a second."
        )
    return rate


def parse_split(text: str) -> Split | int:
    """``--split``: ``day``, ``hour``, or the most bytes that a file may have: ``700M``, ``4G``."""
    if text.strip().lower() in {Split.DAY.value, Split.HOUR.value}:
        return Split(text.strip().lower())
    found = _RATE.fullmatch(text.strip())
    size = int(float(found[1]) * _SCALES[found[2].lower()]) if found else 0
    if size < _LEAST_FILE:
        raise UsageError(
            f"--split {text!r} is neither day nor hour nor a size from 1M up.", hint="Write a size like 700M or 4G."
        )
    return size


def parse_timelapse(text: str) -> float:
    """``--timelapse``: ``60x`` is so many times as fast; a length, ``30s``, is how long it is, as a number below 0."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*[x×]", text.strip().lower())
    if found is None:
        return -parse_length(text, "--timelapse").total_seconds()
    if float(found[1]) <= 1:
        raise UsageError(f"--timelapse {text!r} is not faster.", hint="60x makes a minute of each hour.")
    return float(found[1])


def parse_pad(text: str) -> timedelta:
    """``--pad``: a length of time, or 0 for none."""
    return timedelta(0) if text.strip() == "0" else parse_length(text, "--pad")


def parse_patience(text: str) -> float:
    """``--retry-for``, in seconds: a length of time, or 0 for not at all."""
    return 0.0 if text.strip() == "0" else parse_length(text, "--retry-for").total_seconds()
