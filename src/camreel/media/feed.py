"""The packets of a clip as they are asked for, and the signs of life that are given meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from camreel.media.stretch import Stretch

if TYPE_CHECKING:
    from camreel.media.probe import Clip

# How often progress is told, in seconds: it is also the sign of life that the parent waits for.
EVERY = 0.25
_LOOK_EVERY = 16  # copied packets between two looks at the clock


class Feed:
    """Packets one by one; a stretch of them is offered to ``take`` first, and unpacked where that says no."""

    def __init__(self, source: Clip, take: Callable[[Stretch], bool]) -> None:
        self._stretches: Iterator[Any] = iter(source.stretches())
        self._take = take
        self._packets: Iterator[Any] = iter(())
        self._parked: Any = None

    def park(self, packet: Any) -> None:
        """It comes again, as the next."""
        self._parked = packet

    def next(self) -> Any:
        """The next packet; None at the end."""
        packet, self._parked = self._parked, None
        if packet is None:
            packet = next(self._packets, None)
        while packet is None and (found := next(self._stretches, None)) is not None:
            if not isinstance(found, Stretch):
                return found
            if not self._take(found):
                self._packets = iter(found)
                packet = next(self._packets, None)
        return packet


class Pulse:
    """Calls ``tell`` a few times a second, as long as it beats; ``rarely``: the clock is asked at some beats only."""

    def __init__(self, tell: Callable[[], None], *, rarely: bool) -> None:
        self._tell = tell
        self._next = time.monotonic() + EVERY
        self._look_every = _LOOK_EVERY if rarely else 1
        self._calls_to_look = 1

    def beat(self, *, look: bool = False) -> None:
        """Something was done; ``look`` at the clock now where it was much."""
        self._calls_to_look -= 1
        if self._calls_to_look > 0 and not look:
            return
        self._calls_to_look = self._look_every
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            self._tell()
