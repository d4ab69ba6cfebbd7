"""How long a camera may go on without progress: one count for all connections to it. Pure, but for the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_AT_LEAST = 10  # seconds for an answer, if the camera is not to be waited for (``--retry-for 0``)
_SHARE = 1.5  # of the limit, in which others are still asked for; with the last answer it is less than twice the limit
_TOO_SHORT = 0.05  # of the limit, for another try
_LATE = 5  # seconds


def was_away(until: float, now: float) -> bool:
    """Return whether a wait that was to end at ``until`` ends so late that this process or computer was stopped."""
    return now - until > _LATE


class Patience:
    """Adds up the time in which nothing came from a camera, until there is progress.

    Time in which several connections wait side by side counts once; what our side takes its time for does not count.
    ``limit`` is for one question or recording, in seconds. ``now`` counts seconds.
    """

    def __init__(self, limit: float = math.inf, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit or _AT_LEAST
        self.waits = limit > 0  # for a camera that is away
        self.spent = 0.0
        self._now = now
        self._counted_to = -math.inf

    @property
    def left(self) -> float:
        """Return for how many seconds anything may still be asked."""
        return max(0.0, _SHARE * self.limit - self.spent)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more is to be asked."""
        return self.left <= 0

    def silent(self, seconds: float) -> None:
        """Note that for the last ``seconds`` nothing came."""
        now = self._now()
        self.spent += max(0.0, now - max(now - seconds, self._counted_to))
        self._counted_to = now

    def progress(self) -> None:
        """Note progress: from now on it has all its time again."""
        self.spent = 0.0

    def shortened(self, wait: float, spent: float) -> float | None:
        """Return a wait before another try that fits in; None if ``spent`` seconds without progress were enough."""
        left = min(self.limit - spent, self.left)
        return min(wait, left) if left > _TOO_SHORT * self.limit else None
