"""When to try again and how long to wait. Pure: waiting itself is handed in."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from camreel.errors import CameraError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Backoff:
    """At most ``attempts`` tries; waits grow from ``first`` seconds by ``factor`` up to ``longest``.

    ``jitter`` (0 to 1) is how much of a wait ``chance`` may take off it, so that not all come back at the same moment.
    """

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0
    jitter: float = 0.0
    chance: Callable[[], float] = random.random

    def wait_after(self, attempt: int) -> float | None:
        """Seconds to wait after try number ``attempt`` (from 1) failed; None when it was the last."""
        return self.wait(attempt) if attempt < self.attempts else None

    def wait(self, number: int) -> float:
        """Wait number ``number`` (from 1), in seconds, however many there have been."""
        grown = self.first * self.factor ** min(number - 1, 100)  # a float ends at 1e308
        return min(self.longest, grown) * (1 - self.jitter * self.chance())


async def attempting(
    operation: Callable[[int], Awaitable[Value]],
    backoff: Backoff,
    sleep: Callable[[float], Awaitable[None]],
    on_retry: Callable[[CameraError, float], None],
    was_away: Callable[[CameraError], Awaitable[bool]] | None = None,
) -> Value:
    """``operation(attempt)`` until it succeeds. Errors that will not get better by waiting are raised at once.

    Only a :class:`CameraError` that is ``worth_retrying`` (connection, stall, 5xx, a wrong body) is tried again; a
    refused login never is. ``was_away`` says, after a failure, whether the camera had been away and is back: then the
    try does not count.
    """
    attempt = 1
    while True:
        try:
            return await operation(attempt)
        except CameraError as error:
            if error.worth_retrying and was_away is not None and await was_away(error):
                continue
            wait = backoff.wait_after(attempt) if error.worth_retrying else None
            if wait is None:
                raise
            on_retry(error, wait)
            await sleep(wait)
            attempt += 1
