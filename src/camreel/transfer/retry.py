"""Decide when to try again and how long to wait. Pure: waiting itself is handed in.

While the camera is away (it restarts, the network is down), one loop waits for the device, not one per recording.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

import anyio

from camreel.devices.patience import Patience
from camreel.errors import CameraError, CameraUnreachable

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Backoff:
    """At most ``attempts`` tries; waits grow from ``first`` seconds by ``factor`` up to ``longest``.

    ``jitter`` (0 to 1) is the share of a wait that ``chance`` may take off, so that not all come back at once.
    """

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0
    jitter: float = 0.0
    chance: Callable[[], float] = random.random

    def wait_after(self, attempt: int) -> float | None:
        """Return the seconds to wait after try ``attempt`` (from 1) failed; None if it was the last."""
        return self.wait(attempt) if attempt < self.attempts else None

    def wait(self, number: int) -> float:
        """Return wait ``number`` (from 1) in seconds, however many there have been."""
        grown = self.first * self.factor ** min(number - 1, 100)  # a float ends at 1e308
        return min(self.longest, grown) * (1 - self.jitter * self.chance())


class SecondChances:
    """What is tried once more failed so before, and is not tried a third time. For one recording, or one question."""

    def __init__(self) -> None:
        self._met: set[tuple[type[CameraError], int]] = set()

    def are_used_up(self, error: CameraError) -> bool:
        """Note ``error``; return whether another try is not worth it."""
        if not error.once_more:
            return not error.worth_retrying
        kind = type(error), getattr(error, "status", 0)
        is_known = kind in self._met
        self._met.add(kind)
        return is_known or not error.worth_retrying


async def attempting(
    operation: Callable[[int], Awaitable[Value]],
    backoff: Backoff,
    sleep: Callable[[float], Awaitable[None]],
    on_retry: Callable[[CameraError, float], None],
    was_away: Callable[[CameraError], Awaitable[bool]] | None = None,
    *,
    patience: Patience | None = None,
) -> Value:
    """Call ``operation(attempt)`` until it succeeds. Raise errors at once that waiting will not cure.

    Only a :class:`CameraError` that is ``worth_retrying`` (connection, stall, 5xx, a wrong body) is tried again, one
    that is worth it ``once_more`` once; a refused login never is. ``was_away`` tells, after a failure, whether the
    camera had been away and is back: then the try does not count. Nothing is tried after ``patience`` is used up, and
    a camera that is away is not asked again if ``patience`` does not wait.
    """
    attempt, chances = 1, SecondChances()
    while True:
        try:
            return await operation(attempt)
        except CameraError as error:
            if error.worth_retrying and was_away is not None and await was_away(error):
                continue
            is_over = patience is not None and not patience.waits and isinstance(error, CameraUnreachable)
            wait = None if chances.are_used_up(error) or is_over else backoff.wait_after(attempt)
            if wait is not None and patience is not None:
                wait = patience.shortened(wait, patience.spent)
            if wait is None:
                raise
            on_retry(error, wait)
            await sleep(wait)
            if patience is not None:
                patience.silent(wait)
            attempt += 1


class Presence(Enum):
    """Whether the camera is there, after a request has failed."""

    THERE = auto()  # it answers: what failed was the request
    BACK = auto()  # it was away, and is here again
    GONE = auto()  # it was waited for in vain


class Outage:
    """Wait for one camera, at most ``longest`` seconds in all between two signs of progress.

    What is asked of it meanwhile takes from the same ``patience``. ``knock`` raises a CameraError if the camera does
    not answer. ``now`` counts seconds; the waits asked for count also if the clock does not.
    """

    def __init__(
        self,
        knock: Callable[[], Awaitable[None]],
        waits: Backoff,
        longest: float,
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        tell: Callable[[CameraError, float], None],
    ) -> None:
        self._knock = knock
        self._waits = waits
        self._longest = longest
        self.patience = patience or Patience(longest, now)
        self._sleep = sleep
        self._now = now
        self._tell = tell
        self._one = anyio.Lock()
        self.is_gone = False
        self.count = 0
        self.silence = 0.0  # seconds without progress, when the camera was last knocked at

    def progress(self) -> None:
        """Note progress: the next outage gets all the patience again."""
        self.patience.progress()

    async def wait(self, seconds: float) -> None:
        """Wait before another try; if the patience is used up then, the camera is gone."""
        await self._sleep(seconds)
        self.patience.silent(seconds)
        self.is_gone = self.is_gone or self.patience.is_over

    async def look(self, seen: int) -> Presence:
        """Wait until the presence is known, after a request failed that began when ``count`` was ``seen``."""
        async with self._one:
            if self.is_gone:
                return Presence.GONE
            if seen != self.count:
                return Presence.BACK
            if self.patience.is_over:
                self.is_gone = True
                return Presence.GONE
            if (error := await self._absence(self.patience.spent)) is None:
                return Presence.THERE
            return await self._wait(error)

    async def _absence(self, silence: float) -> CameraError | None:
        self.silence = silence
        try:
            await self._knock()
        except CameraError as error:
            return error
        return None

    async def _wait(self, error: CameraError) -> Presence:
        patience = self.patience
        before, waited, tries = patience.spent, 0.0, 0
        while (left := self._longest - patience.spent) > 0:
            tries += 1
            wait = min(self._waits.wait(tries), left)
            self._tell(error, wait)
            await self._sleep(wait)
            knocked = self._now()  # a wait counts as asked for: if it took longer, this computer slept
            absence = await self._absence(before + waited + wait)
            waited += wait + min(self._longest, self._now() - knocked)
            patience.spent = before + waited
            if absence is None:
                self.count += 1
                return Presence.BACK
            error = absence
        self.is_gone = True
        return Presence.GONE
