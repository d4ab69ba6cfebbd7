"""What the simulated camera hears: a beep at each whole second of its wall clock, silence else.

A beep is 100 ms of a 1 kHz sine at half of full scale that starts exactly on the second, so a test can measure how
well sound and picture agree, to a few milliseconds. Pure.
"""

from __future__ import annotations

import math
from array import array
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

BEEP_HERTZ, BEEP_SECONDS, BEEP_LEVEL = 1000, 0.1, 0.5
_QUIET_SECONDS = 0.2  # between two beeps there is silence of 0.9 s
SampleFormat = Literal["s16", "flt"]
SAMPLE_BYTES = {"s16": 2, "flt": 4}


@lru_cache(maxsize=8)
def _one_second(rate: int, sample_format: SampleFormat) -> bytes:
    """A whole second of the pattern, in the byte order of the machine (as FFmpeg wants it)."""
    beep = int(rate * BEEP_SECONDS)
    wave = [BEEP_LEVEL * math.sin(2 * math.pi * BEEP_HERTZ * n / rate) for n in range(beep)]
    beeping = array("f", wave) if sample_format == "flt" else array("h", [round(32767 * value) for value in wave])
    return beeping.tobytes() + bytes(SAMPLE_BYTES[sample_format] * (rate - beep))


def sound(start: datetime, rate: int, first: int, count: int, sample_format: SampleFormat = "s16") -> bytes:
    """``count`` mono samples from sample ``first`` on, counted from the wall clock ``start``.

    ``first`` may be negative: what was heard before ``start``.
    """
    phase = (round(start.microsecond * rate / 1_000_000) + first) % rate
    seconds = _one_second(rate, sample_format) * ((phase + count) // rate + 1)
    width = SAMPLE_BYTES[sample_format]
    return seconds[phase * width : (phase + count) * width]


def beep_times(samples: Sequence[float], rate: int) -> list[float]:
    """Seconds from the first sample to the onset of each beep, in mono samples of any scale.

    An onset is the first sample above half of the loudest one after 0.2 s of silence. AAC smears it by some
    milliseconds; after G.711 it is right to a sample.
    """
    level = max(map(abs, samples), default=0) / 2
    if level == 0:
        return []
    onsets, loud = [], -rate
    for index, value in enumerate(samples):
        if abs(value) >= level:
            if index - loud > rate * _QUIET_SECONDS:
                onsets.append(index / rate)
            loud = index
    return onsets
