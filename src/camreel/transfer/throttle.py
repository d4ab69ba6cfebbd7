"""How many downloads at a time the camera bears: halved where it is strained, then slowly up again.

--limit-rate: so many bytes a second from one camera, whatever the number of downloads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

_MOST_CAUTION = 4


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Downloads at a time: how many there might be, the fewest there were, and what it came to."""

    most: int
    lowest: int
    last: int


class ConcurrencyLimit:
    """The turns of one camera's downloads. Never more than ``most`` at a time."""

    def __init__(self, most: int) -> None:
        self._most = self._lowest = self._allowed = most
        self._active = 0
        self._waiting: deque[anyio.Event] = deque()
        self._calm = 0
        self._strains = 0

    @property
    def settled(self) -> Concurrency:
        """What it has come to so far."""
        return Concurrency(self._most, self._lowest, self._allowed)

    @property
    def strains(self) -> int:
        """How often it was halved; a turn that began at another count says nothing about the present pace."""
        return self._strains

    @property
    def is_full(self) -> bool:
        """Whether a turn has to be waited for."""
        return self._active >= self._allowed

    @property
    def is_busy(self) -> bool:
        """Whether anything is being downloaded."""
        return self._active > 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One download, when it is its turn."""
        while self.is_full:
            mine = anyio.Event()
            self._waiting.append(mine)
            await mine.wait()
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1
            self._wake()

    def strained(self, seen: int) -> bool:
        """The camera had too much, in a turn that began when there had been ``seen`` strains: halve, once for all
        the turns of that time. Whether that was done.
        """
        if seen != self._strains or self._allowed == 1:
            return False
        self._strains += 1
        self._calm = 0
        self._allowed = max(1, self._allowed // 2)
        self._lowest = min(self._lowest, self._allowed)
        return True

    def forgive(self, strains: int) -> None:
        """So many of the strains were none: the camera did not have what it was asked for."""
        self._strains -= strains
        self._allowed = min(self._most, self._allowed << strains)
        if not self._strains:
            self._allowed = self._lowest = self._most
        self._wake()

    def went_well(self) -> None:
        """A recording came whole. After enough of them one more at a time is tried; after more strains, later."""
        self._calm += 1
        if self._allowed < self._most and self._calm >= self._allowed * min(max(1, self._strains), _MOST_CAUTION):
            self._calm = 0
            self._allowed += 1
            self._wake()

    def _wake(self) -> None:
        for _place in range(self._allowed - self._active):
            if self._waiting:
                self._waiting.popleft().set()


class RateLimit:
    """Shared by all downloads. ``limit`` in bytes a second; None lets everything through.

    ``now`` counts seconds, ``sleep`` waits for some.
    """

    def __init__(
        self, limit: float | None, sleep: Callable[[float], Awaitable[None]], now: Callable[[], float]
    ) -> None:
        self._limit = limit
        self._sleep = sleep
        self._now = now
        self._free_at = now()

    async def spend(self, count: int) -> None:
        """``count`` bytes have come: wait until so many may have."""
        if self._limit is None:
            return
        now = self._now()
        self._free_at = max(now, self._free_at) + count / self._limit
        await self._sleep(self._free_at - now)
