"""The time of a frame to the millisecond, from a clock of whole seconds and a counter that knows no seconds. Pure.

The counter (16 bits, milliseconds, wrapping) tells how far apart frames are, exactly. Where in a second it stands is
what all frames together tell: each must lie within the second that its own date shows. What that leaves open is at most
the distance of two frames; the earliest is taken, so that the first frame of a second stands at its beginning where
nothing says otherwise.
"""

from __future__ import annotations

_WRAP = 1 << 16
# Milliseconds by which the counter and a date of whole seconds can differ without either being wrong.
_APART = 2000


class Clock:
    """Fed with the frames of one recording in their order."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._counter: int | None = None
        self._elapsed = 0
        self._put_by = 0  # milliseconds by which the camera's clock was put forward since the first frame
        self._low: int | None = None  # what is possible as the wall clock at the first frame, in milliseconds
        self._high = 0

    @property
    def start(self) -> int | None:
        """The wall clock at the first frame, in milliseconds since 2000; None where no frame had a date."""
        return self._low

    def at(self, second: int | None, counter: int) -> int:
        """Milliseconds of the next frame after the first one. ``second`` (since 2000) None: it has no date."""
        if self._counter is not None:
            self._elapsed += self._step(second, counter)
        self._counter = counter
        if second is not None:
            self._second = second
            self._narrow(second * 1000 - self._put_by)
        return self._elapsed

    def _step(self, second: int | None, counter: int) -> int:
        """How long after the last frame."""
        assert self._counter is not None
        counted = _nearest(counter - self._counter, 0)
        if second is None or self._second is None:
            return counted
        dated = (second - self._second) * 1000
        unwrapped = _nearest(counter - self._counter, dated)
        if abs(unwrapped - dated) < _APART:
            return unwrapped
        if 0 <= counted < _APART:  # time went on: the camera's clock was put forward or back
            self._put_by += dated - counted // 1000 * 1000
            return counted
        return max(0, dated)  # the counter began anew

    def _narrow(self, shown: int) -> None:
        """``shown``: the beginning of the second in which the frame lies."""
        low, high = shown - self._elapsed, shown - self._elapsed + 999
        if self._low is None:
            self._low, self._high = low, high
        elif low <= self._high and high >= self._low:
            self._low, self._high = max(low, self._low), min(high, self._high)
        elif low - self._high > _APART or self._low - high > _APART:
            # The counter is no clock (it stands still, or runs wild): the date is what is left.
            self._elapsed = max(self._elapsed, shown - self._low)


def _nearest(difference: int, to: int) -> int:
    """The number that is ``difference`` but for wraps of the counter, and nearest to ``to``."""
    half = _WRAP // 2
    return to + (difference - to + half) % _WRAP - half
