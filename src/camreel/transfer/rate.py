"""--limit-rate: so many bytes a second from one camera, whatever the number of downloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class Rate:
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
