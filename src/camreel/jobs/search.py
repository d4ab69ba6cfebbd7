"""The first half of the story: ask the camera who it is, what time it has, and what it recorded. Downloads nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from camreel import events
from camreel.clock import (
    CameraClock,
    CameraRange,
    CameraRangePlan,
    Reading,
    ZoneFacts,
    is_by_clock,
    recorded_offsets,
    search_window,
    show_span,
    straightened,
    understand,
)
from camreel.clock.zone_sources import clock_by, sources
from camreel.devices import memory
from camreel.devices.access import Access
from camreel.devices.base import Device, DeviceListing, EmptySearch
from camreel.devices.patience import Patience
from camreel.devices.registry import open_device
from camreel.devices.session import Login
from camreel.errors import (
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    CamreelError,
    NothingRecorded,
    unwrap_group,
)
from camreel.jobs.continuation import Continuation
from camreel.jobs.list_search import ListedRange, ListSearch
from camreel.jobs.questions import OpenQuestion, SideConnections, answer_all
from camreel.model import Address, AskedRange, Credentials, DeviceInfo, Query, Recording, Span, Target, WallTime
from camreel.planning.event_filter import has_event, not_wanted, tells_events, united, unlabelled
from camreel.planning.plan import INDEX_LAG, ExportPlan, in_parts, is_footage, is_snapshot, plan_export
from camreel.planning.proof import UNASKED, ListAnswer, SearchProof, is_long, joined
from camreel.text import count_text
from camreel.transfer.retry import Backoff, Outage, Presence, attempting
from camreel.transfer.runtime import Runtime

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from anyio.abc import TaskGroup

Value = TypeVar("Value")
FetchAhead = Callable[[CameraRange, ExportPlan], Awaitable[None]]
BeginFetch = Callable[[CameraRange, ExportPlan], None]

LEAST_RESTART = 20.0  # seconds that a camera needs at least to start again: two resets of a connection are none
MOST_HOURS = 7 * 24  # how long --follow waits at most
_ASIDE = timedelta(hours=2)  # no daylight saving is more


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the camera says: itself, the range by its clock, and the plan of what to fetch.

    ``listing`` is all that it lists, also what the plan leaves out: the other stream, snapshots. ``proof`` tells
    whether that is all there is, in straight time; ``empty`` why nothing at all is listed, None if something is.
    """

    device: DeviceInfo
    where: CameraRange
    plan: ExportPlan
    listing: tuple[Recording, ...] = ()
    proof: SearchProof = UNASKED
    empty: EmptySearch | None = None

    @property
    def clock(self) -> CameraClock | None:
        """The camera's clock, None where nobody knows its zone."""
        return self.where.clock

    @property
    def span(self) -> Span:
        """The range by the camera's clock (straight time)."""
        return self.where.span

    def is_certainly_empty(self, query: Query) -> bool:
        """Return whether the camera recorded nothing of what is wanted, as far as the range is settled.

        Not if the list is not proven to be whole, if the channel has no recordings at all (a card that is broken), if
        only the other stream was recorded, or if the camera does not list such events.
        """
        plan, span = self.plan, self.span
        footage = [one for one in self.listing if not is_snapshot(one) and one.span.overlap(span)]
        return (
            self.proof.is_proven
            and not plan.writing
            and not any(recording.span.overlap(span) for recording in plan.recordings)
            and (self.empty is None or self.empty.is_proven)
            and (not footage or any(one.stream is query.stream for one in footage))
            and tells_events(footage, query.stream, query.events)
        )

    def unsettled_from(self, now: datetime) -> WallTime | None:
        """From when on the camera may still list more, by its own clock; None where that is after the range."""
        clock, span = self.clock, self.span
        if clock is None:
            return None
        settled = clock.reads(now) - INDEX_LAG
        return max(settled, span.start) if settled < span.end else None


@dataclass(frozen=True, slots=True)
class CameraSummary:
    """What a camera says to whoever logs in.

    ``address`` is where it is, after a redirect; ``protocol`` the name of its driver.
    """

    address: Address
    protocol: str | None
    device: DeviceInfo
    titles: Mapping[int, str]
    clock: CameraClock | None


@dataclass(frozen=True, slots=True)
class _Times:
    """What the camera said of its clock and zone, and when: "the last hour" does not move while it is searched."""

    reading: Reading | None
    facts: ZoneFacts
    looked_at: datetime


def _place(where: CameraRange) -> object:
    return where.parts, where.clock and (where.clock.base, where.clock.drift)


class CameraSession:
    """A camera that is talked to: its connections, and the patience with it.

    ``warnings`` collects what the person should know. ``login`` is given if others have logged in before, ``protocol``
    if it is known; ``session`` lends its connector.
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        emit: events.Listener,
        tuning: Runtime,
        *,
        login: Login | None = None,
        session: ClientSession | None = None,
        protocol: str | None = None,
    ) -> None:
        self._target = target
        self._listener = emit
        self._held: list[events.Event] | None = None
        self._tuning = tuning
        self._access = Access(
            target,
            credentials,
            self.warn,
            tuning.utc_now,
            timeouts=tuning.timeouts,
            login=login or Login(),
            session=session,
            protocol=protocol,
            patience=Patience(target.retry_for, tuning.now),
            certificates=tuning.certificates,
        )
        self.channel = 1
        self.warnings: list[str] = []
        self.outage = self._new_outage()

    def _new_outage(self) -> Outage:
        tuning = self._tuning
        return Outage(
            self._knock,
            tuning.away,
            self._target.retry_for,
            sleep=tuning.sleep,
            now=tuning.now,
            tell=self._tell_away,
            patience=self._access.patience,
        )

    def _tell_away(self, error: CameraError, wait: float) -> None:
        self._emit(events.Retrying("the camera", str(error), wait))

    def warn(self, text: str) -> None:
        """Tell the person, once, now and in the report."""
        if text not in self.warnings:
            self.warnings.append(text)
            self._emit(events.Warned(text))

    def _emit(self, event: events.Event) -> None:
        """Tell the listener; later, if the camera has not yet said who it is."""
        if self._held is None:
            self._listener(event)
        else:
            self._held.append(event)

    def _introduce(self, device: DeviceInfo) -> None:
        """Tell the listener who the camera is, and then what has happened meanwhile."""
        held, self._held = self._held, None
        for event in (events.Connected(self._access.address, device), *(held or ())):
            self._listener(event)

    def camera(self) -> AbstractAsyncContextManager[Device]:
        """Connect to the camera, for the channel of the search. Each worker has a connection of its own."""
        return self.device(self.channel)

    def device(self, channel: int | None) -> AbstractAsyncContextManager[Device]:
        """Connect to the camera, for ``channel``; None if only whole recordings are wanted, by their paths."""
        return open_device(self._access, channel)

    async def greet(self) -> CameraSummary:
        """Log in and look around, without a search. Raises as ``run`` does."""
        async with self._logged_in() as (camera, who):
            device = await camera.described(who)
            self._introduce(device)
            reading = await self._patiently("reading the clock", lambda _attempt: camera.clock())
            facts = (await camera.time_zone()).joined(await camera.daylight_saving())
            answers = sources(self._target.camera_tz, facts, reading)
            now = self._tuning.utc_now()
            clock = clock_by(answers[0], reading, drift=None, start=now) if answers else None
            titles = await camera.titles()
        return CameraSummary(self._access.address, self._access.protocol, device, titles, clock)

    @asynccontextmanager
    async def _logged_in(self) -> AsyncIterator[tuple[Device, DeviceInfo]]:
        """Connect and ask who it is, which checks the login. A redirect to https on the same camera is followed, once.

        What happens is told after :meth:`_introduce`.
        """
        async with AsyncExitStack() as stack:
            camera = await stack.enter_async_context(self.device(self.channel))
            try:
                device = await self._patiently("connecting", lambda _attempt: camera.identify())
            except CameraRefused as error:
                if not self._access.follow(error):
                    raise
                self.warn(f"The camera redirects to https; continuing at {self._access.address}.")
                await stack.aclose()
                camera = await stack.enter_async_context(self.device(self.channel))
                device = await self._patiently("connecting", partial(_identify, camera))
            self._held = []
            yield camera, device

    async def fetching(self, what: str, ask: Callable[[int], Awaitable[Value]]) -> Value:
        """``ask(attempt)`` for something of a recording, as often as a download is tried."""
        return await self._patiently(what, ask, self._tuning.fetching)

    async def _patiently(
        self, what: str, ask: Callable[[int], Awaitable[Value]], backoff: Backoff | None = None
    ) -> Value:
        def on_retry(error: CameraError, wait: float) -> None:
            self._emit(events.Retrying(what, str(error), wait))

        seen = self.outage.count

        async def was_away(error: CameraError) -> bool:
            nonlocal seen
            # Before the first login an address that nothing answers at is more likely a wrong one.
            if not self._access.login.accepted or not isinstance(error, CameraUnreachable | CameraBusy):
                return False
            presence = await self.outage.look(seen)
            seen = self.outage.count
            return presence is Presence.BACK

        patience, tuning = self._access.patience, self._tuning
        value = await attempting(ask, backoff or tuning.talking, tuning.sleep, on_retry, was_away, patience=patience)
        self.outage.progress()
        return value

    async def _knock(self) -> None:
        if self.outage.silence >= LEAST_RESTART:
            self._access.expect_new_certificate()
        async with self.device(self.channel) as camera:
            await camera.knock()
        self._access.warn_of_new_certificate()


async def _identify(camera: Device, _attempt: int) -> DeviceInfo:
    return await camera.identify()


class CameraSearch(CameraSession):
    """One camera, asked for one query.

    ``parts``: of long recordings, what lies in the range is enough. ``to_the_frame``: frames are wanted also of those
    that are listed up to where the range begins. ``begin`` is called, once at most, when it is known what probably is
    to be fetched, while the search goes on; not for all queries. ``sides`` are connections that may be used again.
    """

    def __init__(
        self,
        target: Target,
        query: Query,
        credentials: Credentials,
        emit: events.Listener,
        tuning: Runtime,
        *,
        parts: bool = False,
        to_the_frame: bool = False,
        login: Login | None = None,
        session: ClientSession | None = None,
        protocol: str | None = None,
        continuation: Continuation | None = None,
        fetch_ahead: FetchAhead | None = None,
        begin: BeginFetch | None = None,
    ) -> None:
        super().__init__(target, credentials, emit, tuning, login=login, session=session, protocol=protocol)
        self._query = query
        self._parts = parts
        self._to_the_frame = to_the_frame
        self._waiting_for = ""
        self._unlabelled: tuple[str, ...] = ()
        self._listing: tuple[Recording, ...] = ()
        self._empty: EmptySearch | None = None
        self._continuation = continuation
        self._fetch_ahead = fetch_ahead
        self._was_ahead: set[str] = set()
        self._begin = begin
        self._begun: ExportPlan | None = None
        self.sides = SideConnections(is_of_use=isinstance(query.channel, int))
        self.overwritten: Span | None = None
        self.proof = UNASKED
        if isinstance(query.channel, int):
            self.channel = query.channel

    def camera(self) -> AbstractAsyncContextManager[Device]:
        """Connect to the camera, for the channel of the search, or take a connection that is left of the search."""
        return self.sides.take(partial(self.device, self.channel))

    async def run(self) -> SearchResult:
        """Connect, read the clock, search, plan. NothingRecorded where there is nothing to fetch."""
        found = await self.look()
        if not found.plan.recordings:
            raise self.nothing_recorded_error(found)
        return found

    async def look(self) -> SearchResult:
        """The same, also where nothing is recorded."""
        async with self._logged_in() as (camera, who):
            try:
                if self._continuation is not None:
                    self._continuation.open(who)
                await self._tuning.admission()
                described = OpenQuestion("asking for its name", partial(self._described, who))
                where, plan = await self.look_with(camera, described)
            finally:
                if self._held is not None:  # an error comes first
                    self._introduce(who)
        if self._begun is None:  # else they have waited for it
            await self._tuning.admission()
        return SearchResult(described.answer, where, plan, self._listing, self.proof, self._empty)

    async def _described(self, who: DeviceInfo, camera: Device) -> DeviceInfo:
        device = await camera.described(who)
        if self._held is not None:
            self._introduce(device)
        return device

    async def look_with(self, camera: Device, *later: OpenQuestion[Any]) -> tuple[CameraRange, ExportPlan]:
        """Read the clock, search, plan: where the range is, and what there is of it, which may be nothing.

        ``proof`` tells afterwards whether that is all. OpenQuestions for ``later`` may be answered meanwhile.
        """
        with unwrap_group():
            async with anyio.create_task_group() as tasks:
                times = await self._ask_around(camera, tasks, later)
                try:
                    where, plan = await self._found(camera, times)
                except NothingRecorded:
                    await answer_all(later, camera, self._patiently)
                    raise
                await answer_all(later, camera, self._patiently)
                tasks.cancel_scope.cancel()  # those beside that still wait for an answer
        most = min(self._target.max_concurrent, len(plan.recordings))
        await self.sides.keep_at_most(0 if self._begun is not None else most)
        return where, plan

    async def _ask_around(self, camera: Device, tasks: TaskGroup, later: Sequence[OpenQuestion[Any]]) -> _Times:
        """Ask side by side what the range depends on, and which channel it is."""
        clock = OpenQuestion("reading the clock", lambda device: device.clock())
        zone = OpenQuestion("reading the time zone", lambda device: device.time_zone())
        rule = OpenQuestion("reading the time zone", lambda device: device.daylight_saving())
        number = OpenQuestion("looking up the channel", self._channel_number)
        needed: list[OpenQuestion[Any]] = [clock, zone, rule]
        if not isinstance(self._query.channel, int):
            needed.append(number)
        beside = min(self._target.max_concurrent - 1, len(needed))
        for _side in range(beside):
            tasks.start_soon(self.sides.work, [*needed, *later], partial(self.device, self.channel))
        if beside and not self._query.follow:
            await camera.prepare_search()
        await answer_all(needed if beside else [*needed, *later], camera, self._patiently)
        if number.answers:
            self.channel = number.answer
        return _Times(clock.answer, zone.answer.joined(rule.answer), self._tuning.utc_now())

    async def _found(self, camera: Device, times: _Times) -> tuple[CameraRange, ExportPlan]:
        if self._continuation is not None:
            first = self._understand(times).where
            self._query = replace(self._query, asked=self._continuation.range_for(first, times.looked_at))
            if self._continuation.warning is not None:
                self.warn(self._continuation.warning)
        understood = self._understand(times)
        where = await self._settled(camera, understood.where)
        self._emit(events.RangeKnown(where.asked, where.span, where.clock, self._target.name))
        where, listed = await self._search_by(camera, times, understood, where)
        self._begin_with(listed.recordings, where)
        recordings = await self._proven(listed, where)
        plan = self._plan(recordings, where)
        if self._continuation is not None:
            where, plan = await self._continued(camera, self._continuation, recordings, where, plan)
        for _minute in range(MOST_HOURS * 60 if self._query.follow else 0):
            if not plan.growing or where.clock is None:
                break
            await self._wait(camera, plan.span.end, where, "the camera is still writing a recording of the range")
            listed = await self._search(camera, self._window(where))
            plan = self._plan(await self._proven(listed, where), where)
        return where, plan

    def _begin_at(self, times: _Times, understood: CameraRangePlan, where: CameraRange, listing: DeviceListing) -> None:
        """Let the downloads begin of what the camera has listed so far, unless it may move the range."""
        window = self._window(where)
        listed = joined((ListAnswer(window, listing.recordings),), window).recordings
        told = self._understand(times, listed) if recorded_offsets(listed) else understood
        # What is wrong with the clock is said before anything is fetched.
        if not (told.warnings or told.recent is not None or _place(told.where) != _place(understood.where)):
            self._begin_with(listed, where)

    def _begin_with(self, listed: Sequence[Recording], where: CameraRange) -> None:
        """Let the downloads begin of what is listed. The search may find more, and changes the plan then."""
        if self._begin is None or self._begun is not None:
            return
        plan = self._planned(straightened(listed, where)[0], where)
        if plan.recordings:
            self._begun = plan
            self._emit(events.Planned(plan))
            self._begin(where, plan)

    def _window(self, where: CameraRange) -> Span:
        """Return what to ask the camera for: with `--pad` an event beside the range wants a part of it."""
        return search_window(where, self._query.event_pad)

    async def _continued(
        self,
        camera: Device,
        continuation: Continuation,
        recordings: Sequence[Recording],
        where: CameraRange,
        plan: ExportPlan,
    ) -> tuple[CameraRange, ExportPlan]:
        """Return the range and the plan up to the recording that the camera is still writing: the next run has that.

        Notes whether footage was overwritten before this run.
        """
        newest = max((recording.span.start for recording in plan.recordings), default=where.span.start)
        ours = (one for one in self._listing if is_footage(one, self._query.stream))
        writing = [one.span.start for one in ours if one.writing and one.span.start >= newest]
        until = min([where.span.end, *(start - self._query.event_pad for start in writing)])
        has_new = any(one.span.end > where.span.start for one in plan.recordings)
        if until <= where.span.start and not (has_new or self._query.follow):
            raise continuation.nothing_new()
        if until < where.span.end and until > where.span.start and where.clock is not None and not self._query.follow:
            start, _ = where.asked.bounds
            where = replace(where.until(until), asked=AskedRange(start, where.clock.in_real_time(until)))
            plan = self._plan(recordings, where)
        question = continuation.question(plan)
        if question is not None and not self._has(await self._search(camera, question), question):
            first = plan.recordings[0].span.start if plan.recordings else plan.span.end
            self.overwritten = Span(plan.span.start, first)
            self.warn(
                "The camera overwrote older footage before this run: recordings of "
                f"{show_span(self.overwritten, where.clock)} may be lost. Try: run --since-last more often."
            )
        return where, plan

    def _has(self, listed: ListedRange, span: Span) -> bool:
        """Return whether the recording of `span` is still listed."""
        ours = (one for one in listed.recordings if is_footage(one, self._query.stream))
        return any(one.span.start == span.start for one in ours)

    def _understand(self, times: _Times, recordings: Sequence[Recording] = ()) -> CameraRangePlan:
        """Where the range is on the camera's clock. ``recordings`` may tell its zone better than its settings do."""
        said = times.reading, times.facts, times.looked_at
        return understand(
            self._target,
            self._query.asked,
            *said,
            recorded=recorded_offsets(recordings),
            asked_at=self._tuning.asked_at,
        )

    async def _search_by(
        self, camera: Device, times: _Times, understood: CameraRangePlan, where: CameraRange
    ) -> tuple[CameraRange, ListedRange]:
        """Search ``where``; if the recordings tell that the range is elsewhere, search there."""
        first = partial(self._begin_at, times, understood, where)
        listed = await self._search(camera, self._window(where), first)
        told = listed.recordings
        if not (told or understood.is_final or is_by_clock(self._query.asked)):
            # Beside the range, by what daylight saving can make of it, there may be recordings that tell.
            window = self._window(where)
            told = (await self._search(camera, Span(window.start - _ASIDE, window.end + _ASIDE))).recordings
        if recorded_offsets(told):
            understood = self._understand(times, told)
            if understood.recent is not None:
                told = (*told, *(await self._search(camera, understood.recent)).recordings)
                understood = self._understand(times, told)
            before, where = where, await self._settled(camera, understood.where)
            if _place(where) != _place(before):
                self._emit(events.RangeKnown(where.asked, where.span, where.clock, self._target.name))
            if self._window(where) != self._window(before):
                listed = await self._search(camera, self._window(where))
        for warning in understood.warnings:
            self.warn(warning)
        return where, listed

    async def _settled(self, camera: Device, where: CameraRange) -> CameraRange:
        """The range as far as there can be footage of it by now, after waiting for it where that was asked for."""
        clock, span = where.clock, where.span
        if clock is None:
            return where
        if self._query.follow:
            for _minute in range(MOST_HOURS * 60):
                if self._now(clock) >= span.end + INDEX_LAG:
                    break
                until = span.end + INDEX_LAG
                await self._wait(camera, until, where, "waiting until the camera has listed all of the range")
            return where
        now = self._now(clock)
        if span.start >= now:
            raise NothingRecorded(
                f"The range begins in the future: the camera's clock shows {clock.shown(now)}.",
                hint="Check the date, or wait for it with --follow.",
            )
        if span.end > now:
            shown = clock.shown(now)
            self.warn(f"The end of the range is in the future: camreel cut it to {shown}, the camera's time now.")
            return where.until(now)
        return where

    def _now(self, clock: CameraClock) -> WallTime:
        return WallTime(clock.reads(self._tuning.utc_now()).naive.replace(microsecond=0))

    async def _wait(self, camera: Device, until: WallTime, where: CameraRange, reason: str) -> None:
        """Wait a minute, or up to `until` if that is sooner; first download what is listed for certain."""
        clock = where.clock
        assert clock is not None, "it tells how long to wait"
        left = (until - self._now(clock)).total_seconds()
        if reason != self._waiting_for:
            self._waiting_for = reason
            self._emit(events.Waiting(clock.shown(until), reason, max(0.0, left)))
        if self._fetch_ahead is not None and self._now(clock) - INDEX_LAG > where.span.start:
            await self._ahead(camera, where, self._fetch_ahead, self._now(clock) - INDEX_LAG)
            left = (until - self._now(clock)).total_seconds()
        await self._tuning.sleep(min(60.0, max(1.0, left)) if left > 0 else 60.0)

    async def _ahead(self, camera: Device, where: CameraRange, fetch: FetchAhead, settled: WallTime) -> None:
        """Let `fetch` have the recordings that have ended before `settled`, each once, but for the newest.

        How the newest is fetched depends on the one after it. What fails now is tried again when all is listed.
        """
        outage, self.outage = self.outage, self._new_outage()  # a camera that is away now is given all patience later
        try:
            listed = (await self._search(camera, self._window(where))).recordings
            plan = self._planned(straightened(listed, where)[0], where)
            ready = [one for one in plan.recordings[:-1] if one.span.end <= settled and one.path not in self._was_ahead]
            if ready:
                self._was_ahead.update(one.path for one in ready)
                await fetch(where, replace(plan, recordings=tuple(ready)))
        except CameraError:  # a refused login is none
            pass
        finally:
            self.outage = outage
            self.outage.progress()

    async def _channel_number(self, camera: Device) -> int:
        channel = self._query.channel
        return channel if isinstance(channel, int) else await camera.number_of(channel)

    async def _search(
        self, camera: Device, window: Span, first: Callable[[DeviceListing], None] | None = None
    ) -> ListedRange:
        """Return what the camera lists of the channel for ``window``, by its own clock.

        ``first`` is called with what it lists at first, if that is probably all.
        """
        return await self._list_search(camera, window, first).search(window)

    def _list_search(
        self, camera: Device, whole: Span | None = None, first: Callable[[DeviceListing], None] | None = None
    ) -> ListSearch:
        """``first`` is called with what is listed first of ``whole``, if that is asked for at once."""
        target, now = self._target, self._tuning.utc_now

        async def ask(window: Span, doubt: bool) -> DeviceListing:
            at_first = first if window == whole else None
            listing = await self._patiently(
                "searching",
                lambda attempt: camera.search(
                    self.channel, window, doubt=doubt and attempt == 1, first=at_first if attempt == 1 else None
                ),
            )
            for warning in listing.warnings:
                self.warn(warning)
            return listing

        async def explain() -> EmptySearch:
            return await self._patiently("asking why", lambda _attempt: camera.explain_nothing(self.channel))

        return ListSearch(
            ask,
            explain,
            lambda: memory.remember_by_day(target.address, now()),
            is_by_day=memory.is_asked_by_day(target.address, now()),
        )

    async def _proven(self, listed: ListedRange, where: CameraRange) -> tuple[Recording, ...]:
        """Prove that what is listed is all, and set ``proof``; return it with what was found besides."""
        clock, stream = where.clock, self._query.stream
        now = None if clock is None else clock.shown(self._now(clock))

        def is_wanted(recording: Recording) -> bool:
            return is_footage(recording, stream)

        # By a login of its own: if a search more than usual is refused, the downloads go on.
        access = self._access.with_login(self._access.login.proven())
        async with open_device(access, self.channel) as camera:
            listed = await self._list_search(camera).prove(listed, is_wanted, now)
        self._empty, self.proof = listed.empty, listed.proof
        if self.proof.unproven:
            if listed.span != where.span:  # it jumps: in straight time the parts would be others
                self.proof = replace(self.proof, unproven=(where.span,))
            if listed.recordings:
                self.warn(_doubt(self.proof, clock))
        return listed.recordings

    def _plan(self, recordings: Sequence[Recording], where: CameraRange) -> ExportPlan:
        placed, doubts = straightened(recordings, where)
        self._listing = placed
        for doubt in doubts:
            self.warn(doubt)
        plan = self._planned(placed, where)
        self._unlabelled = unlabelled(placed, self._query.stream, self._query.events) if self._query.events else ()
        if plan.recordings:
            for sentence in self._unlabelled:
                self.warn(sentence)
        if plan != self._begun:
            self._emit(events.Planned(plan))
        return plan

    def _planned(self, recordings: Sequence[Recording], where: CameraRange) -> ExportPlan:
        plan = self._chosen(recordings, where)
        return in_parts(plan, self._tuning.least_saved) if self._parts else plan

    def _chosen(self, recordings: Sequence[Recording], where: CameraRange) -> ExportPlan:
        """All of them, or those with the events that were asked for."""
        span, stream, events, pad = where.span, self._query.stream, self._query.events, self._query.pad
        if not events:
            return plan_export(recordings, span, stream, where.skipped, to_the_frame=self._to_the_frame)
        settled = None if where.clock is None else self._now(where.clock) - INDEX_LAG
        unwanted = not_wanted(recordings, span, stream, events, pad=pad, settled=settled)
        return plan_export(
            recordings,
            span,
            stream,
            united(span, where.skipped, unwanted.cut) if unwanted.cut else where.skipped,
            unwanted=unwanted.spans,
            is_wanted=None if pad else lambda recording: recording.writing or has_event(recording, events),
            to_the_frame=self._to_the_frame,
        )

    def nothing_recorded_error(self, found: SearchResult) -> CamreelError:
        """Return the error that says why there is nothing to fetch."""
        plan, where = found.plan, found.where
        others = ", ".join(f"{count} {reason}" for reason, count in plan.left_out)
        channel = f"channel {self._query.channel} of {self._target.address}"
        when = show_span(where.span, where.clock)
        if not found.proof.is_proven and (found.listing or is_long(where.span)):
            return CameraError(
                f"Nothing is listed on {channel} from {when} (the camera's clock), but its list may be incomplete: "
                f"{found.proof.why}.",
                hint="Ask for a shorter range, by the clock in the camera's picture, and check --channel.",
            )
        if self._unlabelled:
            kind = " or ".join(self._query.events)
            return NothingRecorded(f"No {kind} is listed on {channel} from {when}.", hint=self._unlabelled[0])
        if plan.writing:
            hint = "The camera is still writing a recording of this time: try again when the recording is closed."
        elif others or self._empty is None:
            hint = f"It lists other recordings there ({others}); --stream selects main or sub."
        else:
            hint = f"{self._empty.reason} Check the range by the clock in the camera's picture, and --channel."
        return NothingRecorded(f"Nothing is recorded on {channel} from {when} (the camera's clock).", hint=hint)


def _doubt(proof: SearchProof, clock: CameraClock | None) -> str:
    """Return what is not proven, as a sentence."""
    first, others = proof.unproven[0], len(proof.unproven) - 1
    more = f" and {count_text(others, 'other part')}" if others else ""
    return f"There may be more recordings of {show_span(first, clock)}{more} than were found: {proof.why}."
