"""Limit parallel downloads and bandwidth, for one camera.

Parallel downloads are halved when the camera is strained, then slowly raised again. --limit-rate is for the camera,
whatever the number of downloads.
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
    """Parallel downloads: the most allowed, the fewest there were, and the last."""

    most: int
    lowest: int
    last: int


class ConcurrencyLimit:
    """The turns of one camera's downloads. Never more than ``most`` in parallel."""

    def __init__(self, most: int) -> None:
        self._most = self._lowest = self._allowed = most
        self._active = 0
        self._waiting: deque[anyio.Event] = deque()
        self._calm = 0
        self._strains = 0

    @property
    def concurrency(self) -> Concurrency:
        """Return the parallel downloads so far."""
        return Concurrency(self._most, self._lowest, self._allowed)

    @property
    def strains(self) -> int:
        """Count how often it was halved; a turn that began at another count says nothing about now."""
        return self._strains

    @property
    def is_full(self) -> bool:
        """Return whether the next turn has to wait."""
        return self._active >= self._allowed

    @property
    def is_busy(self) -> bool:
        """Return whether anything is being downloaded."""
        return self._active > 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for one download."""
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
        """Halve the limit, once for all turns of the time when there had been ``seen`` strains.

        Return whether this call halved it.
        """
        if seen != self._strains or self._allowed == 1:
            return False
        self._strains += 1
        self._calm = 0
        self._allowed = max(1, self._allowed // 2)
        self._lowest = min(self._lowest, self._allowed)
        return True

    def forgive(self, strains: int) -> None:
        """Take back ``strains``: the camera did not have the recording that it was asked for."""
        self._strains -= strains
        self._allowed = min(self._most, self._allowed << strains)
        if not self._strains:
            self._allowed = self._lowest = self._most
        self._wake()

    def went_well(self) -> None:
        """Note a whole recording. After enough of them allow one more; after more strains, later."""
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
    """A bandwidth limit that all downloads share. ``limit`` in bytes a second; None lets everything through.

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
        """Wait until ``count`` more bytes are due."""
        if self._limit is None:
            return
        now = self._now()
        self._free_at = max(now, self._free_at) + count / self._limit
        await self._sleep(self._free_at - now)
