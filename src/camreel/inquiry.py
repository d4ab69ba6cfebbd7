"""The first half of the story: ask the camera who it is, what time it has, and what it recorded. Downloads nothing."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeVar

import anyio

from camreel import events
from camreel.camera import wire
from camreel.camera.client import Camera
from camreel.camera.http import Connection, Timeouts, Trust, tls_context
from camreel.camera.login import Login
from camreel.clock import CameraClock, to_camera_span
from camreel.errors import CameraError, CameraRefused, NothingRecorded, UsageError
from camreel.model import Credentials, DeviceInfo, Request, Span, WallTime
from camreel.plan import INDEX_LAG, ExportPlan, plan_export
from camreel.transfer.retry import Backoff, attempting

Value = TypeVar("Value")

MOST_HOURS = 7 * 24  # how long --follow waits at most


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tests set and people do not: how patient to be, what time it is, and how to wait."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    talking: Backoff = field(default_factory=lambda: Backoff(attempts=3))
    fetching: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    utc_now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True)
class Found:
    """What the camera says: itself, its clock, the range by it, and the plan of what to fetch."""

    device: DeviceInfo
    clock: CameraClock | None
    span: Span
    plan: ExportPlan


class Inquiry:
    """One camera, asked for one request. ``warnings`` collects what the person should know."""

    def __init__(self, request: Request, credentials: Credentials, emit: events.Listener, tuning: Tuning) -> None:
        self._request = request
        self._credentials = credentials
        self._emit = emit
        self._tuning = tuning
        self._login = Login()
        self._address = request.address
        self._trust: Trust | None = None
        self._waiting_for = ""
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Tell the person, once, now and in the report."""
        if text not in self.warnings:
            self.warnings.append(text)
            self._emit(events.Warned(text))

    @asynccontextmanager
    async def camera(self) -> AsyncIterator[Camera]:
        """The camera over a connection of its own: one for each worker."""
        if self._address.https and self._trust is None:
            self._trust = _trust(self._request)
        connection = Connection(
            self._address,
            self._credentials,
            self._login,
            self.warn,
            trust=self._trust,
            timeouts=self._tuning.timeouts,
        )
        async with connection:
            yield Camera(self._address, connection, self._tuning.utc_now)

    async def run(self) -> Found:
        """Connect, read the clock, search, plan. NothingRecorded where there is nothing to fetch."""
        device = await self._connect()
        async with self.camera() as camera:
            clock = await self._patiently("reading the clock", camera.clock)
            if clock and not clock.is_plausible:
                shown = clock.to_wall(self._tuning.utc_now())
                self.warn(f"The camera's clock is wrong: it shows {shown}. Ask for times as its picture shows them.")
            span = to_camera_span(self._request.asked, clock)
            span = await self._settled(span, clock)
            self._emit(events.Understood(self._request.asked, span, clock))
            plan = await self._search(camera, span)
            for _minute in range(MOST_HOURS * 60 if self._request.follow else 0):
                if not plan.writing or clock is None:
                    break
                await self._wait(plan.span.end, clock, "the camera is still writing a recording of the range")
                plan = await self._search(camera, span)
            if not plan.recordings:
                raise await self._nothing(camera, plan)
        return Found(device, clock, span, plan)

    async def _connect(self) -> DeviceInfo:
        """The first call, which checks the login. A redirect to https on the same camera is followed, once."""
        try:
            async with self.camera() as camera:
                device = await self._patiently("connecting", camera.identify)
        except CameraRefused as error:
            secure = wire.https_instead(self._address, error.location)
            if secure is None:
                raise
            self.warn(f"The camera wants https; going on at {secure}.")
            self._address = secure
            async with self.camera() as camera:
                device = await self._patiently("connecting", camera.identify)
        self._emit(events.Connected(self._address, device))
        return device

    async def _settled(self, span: Span, clock: CameraClock | None) -> Span:
        """The range as far as there can be footage of it by now, after waiting for it where that was asked for."""
        if clock is None:
            return span
        if self._request.follow:
            for _minute in range(MOST_HOURS * 60):
                if self._now(clock) >= span.end + INDEX_LAG:
                    break
                await self._wait(span.end + INDEX_LAG, clock, "waiting until the camera has listed all of the range")
            return span
        now = self._now(clock)
        if span.start >= now:
            raise NothingRecorded(
                f"The range begins in the future: the camera's clock shows {now}.",
                hint="Check the date, or wait for it with --follow.",
            )
        if span.end > now:
            self.warn(f"The end of the range is in the future: it was cut to {now}, what the camera's clock shows now.")
            return Span(span.start, now)
        return span

    def _now(self, clock: CameraClock) -> WallTime:
        shown = clock.to_wall(self._tuning.utc_now()) + clock.drift
        return WallTime(shown.naive.replace(microsecond=0))

    async def _wait(self, until: WallTime, clock: CameraClock, reason: str) -> None:
        if reason != self._waiting_for:
            self._waiting_for = reason
            self._emit(events.Waiting(until, reason))
        left = (until - self._now(clock)).total_seconds()
        await self._tuning.sleep(min(60.0, max(1.0, left)))

    async def _search(self, camera: Camera, span: Span) -> ExportPlan:
        request = self._request
        self._channel = (
            await self._patiently("looking up the channel", lambda: camera.number_of(str(request.channel)))
            if isinstance(request.channel, str)
            else request.channel
        )
        listing = await self._patiently("searching", lambda: camera.search(self._channel, span))
        for warning in listing.warnings:
            self.warn(warning)
        recordings, others = wire.of_channel(listing.recordings, self._channel)
        if others:
            self.warn(f"The camera listed {len(others)} recordings of other channels; they were not used.")
        plan = plan_export(recordings, span, request.stream)
        self._emit(events.Planned(plan))
        return plan

    async def _nothing(self, camera: Camera, plan: ExportPlan) -> NothingRecorded:
        others = ", ".join(f"{count} {reason}" for reason, count in plan.left_out)
        if plan.writing:
            hint = "The camera is still writing a recording of this time: try again when it has closed it."
        elif others:
            hint = f"It lists other things there ({others}); --stream chooses between main and sub."
        else:
            hint = await self._patiently("asking why", lambda: camera.explain_nothing(self._channel))
            hint += " Check the range by the clock in the camera's picture, and --channel."
        where = f"channel {self._request.channel} of {self._request.address}"
        return NothingRecorded(f"Nothing is recorded on {where} from {plan.span} (the camera's clock).", hint=hint)

    async def _patiently(self, what: str, ask: Callable[[], Awaitable[Value]]) -> Value:
        def on_retry(error: CameraError, wait: float) -> None:
            self._emit(events.Retrying(what, str(error), wait))

        return await attempting(lambda _attempt: ask(), self._tuning.talking, self._tuning.sleep, on_retry)


def _trust(request: Request) -> Trust:
    if request.fingerprint is not None:
        return Trust(pinned=bytes.fromhex(request.fingerprint.replace(":", "")))
    try:
        return Trust(context=tls_context(insecure=request.insecure, ca_file=request.ca_file))
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise UsageError(f"--ca-file {request.ca_file}: {reason}.") from None
