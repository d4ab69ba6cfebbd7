"""While the camera is away (it restarts, the network is down): one loop for the device, not one for each recording."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

import anyio

from camreel.errors import CameraError
from camreel.transfer.retry import Backoff


class Presence(Enum):
    """What was found when a request had failed."""

    THERE = "there"  # it answers: what failed was the request
    BACK = "back"  # it was away, and is here again
    GONE = "gone"  # it was waited for in vain


class Outage:
    """Waits for one camera, at most ``patience`` seconds in all between two signs of progress.

    ``knock`` raises a CameraError where nobody is at home. ``now`` counts seconds; the waits asked for count also
    where the clock does not.
    """

    def __init__(
        self,
        knock: Callable[[], Awaitable[None]],
        waits: Backoff,
        patience: float,
        *,
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        tell: Callable[[CameraError, float], None],
    ) -> None:
        self._knock = knock
        self._waits = waits
        self._patience = patience
        self._sleep = sleep
        self._now = now
        self._tell = tell
        self._spent = 0.0
        self._one = anyio.Lock()
        self.is_gone = False
        self.count = 0

    def progress(self) -> None:
        """Something came: the next outage gets all the patience again."""
        self._spent = 0.0

    async def look(self, seen: int) -> Presence:
        """Called after a failure of a request that began when ``count`` was ``seen``. Returns when it is known."""
        async with self._one:
            if self.is_gone:
                return Presence.GONE
            if seen != self.count:
                return Presence.BACK
            if (error := await self._absence()) is None:
                return Presence.THERE
            return await self._wait(error)

    async def _absence(self) -> CameraError | None:
        try:
            await self._knock()
        except CameraError as error:
            return error
        return None

    async def _wait(self, error: CameraError) -> Presence:
        began, before, waited, tries = self._now(), self._spent, 0.0, 0
        while (left := self._patience - self._spent) > 0:
            tries += 1
            wait = min(self._waits.wait(tries), left)
            self._tell(error, wait)
            await self._sleep(wait)
            waited += wait
            absence = await self._absence()
            self._spent = before + max(waited, self._now() - began)
            if absence is None:
                self.count += 1
                return Presence.BACK
            error = absence
        self.is_gone = True
        return Presence.GONE
