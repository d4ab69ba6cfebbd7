"""How patient a run is, and by whose clock: tests set this, people do not."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import anyio
import anyio.lowlevel

from camreel.devices.http import Timeouts
from camreel.devices.session import FirstCertificates
from camreel.planning.plan import LEAST_SAVED
from camreel.transfer.retry import Backoff


@dataclass(frozen=True, slots=True)
class Runtime:
    """How patient to be, what time it is, and how to wait: tests set this, people do not."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    talking: Backoff = field(default_factory=lambda: Backoff(attempts=3, jitter=0.3))
    fetching: Backoff = field(default_factory=lambda: Backoff(jitter=0.3))
    away: Backoff = field(default_factory=lambda: Backoff(longest=15, jitter=0.3))
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    utc_now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    asked_at: datetime | None = None
    """The moment that "now" and "today" of a range mean for all of a batch; None: when each was asked."""
    now: Callable[[], float] = time.monotonic
    admission: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint
    """Return when the run may go on: awaited after the camera's first answer, and again when the search is done."""
    least_saved: int = LEAST_SAVED
    certificates: FirstCertificates = field(default_factory=dict)
    """Those that devices showed first, if nobody checks them: shared by all that is asked in one run."""
