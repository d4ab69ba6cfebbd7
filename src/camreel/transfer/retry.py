"""When to try again and how long to wait. Pure: waiting itself is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from camreel.errors import CameraError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Backoff:
    """At most ``attempts`` tries; waits grow from ``first`` seconds by ``factor`` up to ``longest``."""

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0

    def wait_after(self, attempt: int) -> float | None:
        """Seconds to wait after try number ``attempt`` (from 1) failed; None when it was the last."""
        if attempt >= self.attempts:
            return None
        return min(self.longest, self.first * self.factor ** (attempt - 1))


async def attempting(
    operation: Callable[[int], Awaitable[Value]],
    backoff: Backoff,
    sleep: Callable[[float], Awaitable[None]],
    on_retry: Callable[[CameraError, float], None],
) -> Value:
    """``operation(attempt)`` until it succeeds. Errors that will not get better by waiting are raised at once.

    Only a :class:`CameraError` that is ``worth_retrying`` (connection, stall, 5xx, a wrong body) is tried again; a
    refused login never is.
    """
    attempt = 1
    while True:
        try:
            return await operation(attempt)
        except CameraError as error:
            wait = backoff.wait_after(attempt) if error.worth_retrying else None
            if wait is None:
                raise
            on_retry(error, wait)
            await sleep(wait)
            attempt += 1
