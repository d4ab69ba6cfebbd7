"""How long to let a body gather before it is taken: each piece costs the same, whether it is large or small. Pure.

A camera on a network sends some ten thousand bytes at a time, thousands of times a second when four recordings come
at once. Taken one by one they cost several times what they cost when a third of a second of them is taken together.
"""

from __future__ import annotations

_AT_ONCE = 768 << 10  # bytes; a buffer holds up to twice of what it is made for
LARGE_BUFFER = 1 << 20
# Where a rate is kept to, our side reads slowly: what is not read from the network for long, cameras break off.
SMALL_BUFFER = 64 << 10
_LONGEST = 0.3  # seconds
_AT_FIRST = 1 << 20  # bytes: what has gathered when a connection breaks is lost, so that the first come one by one


class Gathering:
    """``now`` counts seconds. ``pause``: so long is to be waited, for the end at most, before the next piece."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._total = 0
        self.pause = 0.0

    def took(self, count: int, now: float) -> None:
        """``count`` bytes were there at ``now``."""
        elapsed, self._now = now - self._now, now
        self._total += count
        if self._total >= _AT_FIRST:
            self.pause = min(_LONGEST, _AT_ONCE * elapsed / count) if elapsed > 0 else 0.0
