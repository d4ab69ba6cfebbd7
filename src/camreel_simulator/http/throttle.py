"""Limit how fast recordings go out, per connection and for the whole device."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Throttle:
    """Limits in bytes per second; None: as fast as it goes. Only recordings are slowed down, never text answers."""

    per_connection_bps: float | None = None
    per_device_bps: float | None = None

    @property
    def piece(self) -> int:
        """The largest number of bytes to send at once, so that a slow line drips rather than gushes."""
        rates = [rate for rate in (self.per_connection_bps, self.per_device_bps) if rate is not None]
        return max(1, min(256 * 1024, int(min(rates) / 20))) if rates else 256 * 1024


class Bucket:
    """Lets so many bytes pass per second, on average; those who wait are served in turn."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def take(self, count: int) -> None:
        """Wait until ``count`` bytes may pass."""
        if self._rate is None:
            return
        loop = asyncio.get_running_loop()
        turn = max(loop.time(), self._free_at)
        self._free_at = turn + count / self._rate
        if turn > loop.time():
            await asyncio.sleep(turn - loop.time())
