"""A reboot: everything is cut, and for half a minute nobody is at home."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from camreel_simulator.clock import DeviceClock
    from camreel_simulator.quirks import Quirks


class Power:
    """Whether the device is up. Its time is that of the true moment of its clock, not of the wall it shows."""

    def __init__(self, quirks: Quirks, clock: DeviceClock) -> None:
        self._quirks, self._clock = quirks, clock
        self._down_until: datetime | None = None
        self._is_spent = False
        self.listeners: list[Callable[[], None]] = []

    @property
    def rebooting(self) -> bool:
        """True while it is down."""
        return self._down_until is not None and self._clock.utc() < self._down_until

    def goes_now(self, arrived: int) -> bool:
        """True if this request is the one that it does not live to answer; it happens once."""
        at = self._quirks.reboot_at
        return at is not None and arrived >= at and not self._is_spent

    def go(self) -> None:
        """Down it goes."""
        self._is_spent = True
        self._down_until = self._clock.utc() + timedelta(seconds=self._quirks.reboot_seconds)
        for cut in self.listeners:
            cut()

    def finish(self) -> None:
        """Up again."""
        self._down_until = None
