"""Download the recordings of one camera: in order of time, a few in parallel; a bad login stops all at once."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio

from camreel.devices.base import Source
from camreel.errors import BadTransfer, CameraBusy, CameraError, CameraRefused, CameraUnreachable
from camreel.model import Recording
from camreel.planning.account import LossKind, LostReason
from camreel.transfer import resume
from camreel.transfer.download import TransferPolicy, fetch, fetch_by_time, held_part
from camreel.transfer.partial import fetch_part, note_of
from camreel.transfer.ranges import NotInPart
from camreel.transfer.resume import OVERLAP
from camreel.transfer.retry import Backoff, Outage, Presence, SecondChances
from camreel.transfer.store import Fetched, Store
from camreel.transfer.throttle import Concurrency, ConcurrencyLimit


class DownloadSlot:
    """The connection of one parallel download: open it on demand, close it after an error or when idle.

    For one task; close it with ``async with``.
    """

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Source]]) -> None:
        self._connect = connect
        self._stack = AsyncExitStack()
        self._source: Source | None = None

    async def __aenter__(self) -> DownloadSlot:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()

    async def source(self) -> Source:
        """Return the camera, over the open connection or a new one."""
        if self._source is None:
            self._source = await self._stack.enter_async_context(self._connect())
        return self._source

    async def hang_up(self) -> None:
        """Close the connection, if there is one."""
        self._source = None
        await self._stack.aclose()


_STEPS = 64  # progress is a new 64th of the recording, or what a try costs: so even a drip ends


class AttemptCounter:
    """Count the tries of one recording: at most ``most`` that count. Pure.

    ``limit`` is the number of parallel downloads.
    """

    def __init__(self, most: int, limit: int) -> None:
        self.most = most
        self.made = 0
        self.counted = 0
        self.chances = SecondChances()
        self.answered = False
        self.outages = self.strains = 0
        self.is_stuck = False
        self.blamed = 0  # how often the downloads at a time were halved because of it
        self._excuses = limit.bit_length() - 1  # so often the number of downloads can be halved
        self._farthest = self._reached = 0
        self.silent = 0.0  # seconds since progress in which nothing came, waits included

    def begin(self, outages: int, strains: int) -> None:
        """Begin another try, at this count of the device's outages and strains."""
        self.made += 1
        self.outages, self.strains = outages, strains

    def have(self, size: int) -> None:
        """Note the bytes of the part before the try."""
        self._farthest = max(self._farthest, size)

    def received(self, size: int) -> None:
        """Note that the camera has answered, and the bytes of the part now."""
        self.answered = True
        self._reached = max(self._reached, size)

    @property
    def is_ahead(self) -> bool:
        """Return whether this try has made progress."""
        return self._reached >= self._farthest + max(OVERLAP, self._farthest // _STEPS)

    def progressed(self) -> bool:
        """Return whether this try made progress; then forget all tries before it."""
        if not self.is_ahead:
            return False
        self._farthest = self._reached
        self.counted, self.silent = 0, 0.0
        return True

    def may_blame_the_others(self) -> bool:
        """Return whether a failure may be due to parallel downloads: then it does not count."""
        self._excuses -= 1
        return self._excuses >= 0

    def count(self) -> None:
        """Count the try that has just failed."""
        self.counted += 1
        self.is_stuck = True


log = logging.getLogger("camreel.pool")


class Listener(Protocol):
    """Hear about the download of clip ``number``. ``have``: bytes of the part of an earlier try."""

    def started(self, number: int, recording: Recording, attempt: int, have: int) -> None: ...
    def progress(self, number: int, received: int) -> None: ...
    def fetched(self, number: int, clip: Fetched) -> None: ...
    def lost(self, number: int, recording: Recording, reason: LostReason) -> None: ...
    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None: ...


# After so many recordings in a row that gave no byte of theirs, the others are tried once each: a camera whose
# downloads are broken as such is not asked for each of them five times.
_TIRED_AFTER = 3
_MOST_BODIES = 2  # that came to their end: a clip that is short by its own words does not become longer
_FLUSH_AFTER = 10  # seconds; the system itself does it within 30
_MOST_LOOKED_UP = 20  # lost recordings that are looked up again
_MAYBE_GONE = {400, 404, 410}  # what cameras answer for a recording that they have overwritten, besides 500 and a reset


class Pool:
    """Download ``recordings`` (numbered from 1), at most ``limit`` in parallel. Run :meth:`run` once, in a task."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        store: Store,
        connect: Callable[[], AbstractAsyncContextManager[Source]],
        listener: Listener,
        *,
        limit: int,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]],
        outage: Outage,
        manner: TransferPolicy | None = None,
        ours: Collection[str] = (),
    ) -> None:
        self._recordings = recordings
        self._store = store
        self._connect = connect
        self._listener = listener
        self._limit = limit
        self._backoff = backoff
        self._sleep = sleep
        self._outage = outage
        self._manner = manner or TransferPolicy()
        self._ours = ours  # paths of recordings that this run has fetched before
        self._pace = ConcurrencyLimit(limit)
        self._next = 0
        self._fruitless_in_a_row = 0
        self._looked_up = 0
        self._only_whole: set[int] = set()  # recordings of which a part cannot be had
        self._bodies: Counter[int] = Counter()  # of each recording, those that came to their end, good or not
        self._outcomes: dict[int, Fetched | LostReason] = {}
        self._ready = [anyio.Event() for _recording in recordings]
        self._flushes, self._to_flush = anyio.create_memory_object_stream[tuple[float, Recording]](math.inf)

    @property
    def concurrency(self) -> Concurrency:
        """Return how many parallel downloads the camera bore."""
        return self._pace.concurrency

    def take_no_more(self) -> None:
        """Let :meth:`run` end when the downloads under way have ended."""
        self._next = len(self._recordings)

    @property
    def fetched(self) -> frozenset[str]:
        """The paths of the recordings that were fetched, not found, so far."""
        clips = {number: clip for number, clip in self._outcomes.items() if isinstance(clip, Fetched)}
        fetched = {self._recordings[number - 1].path for number, clip in clips.items() if not clip.reused}
        return frozenset(fetched.union(self._ours))

    async def outcome(self, number: int) -> Fetched | LostReason:
        """Wait until clip ``number`` is complete or lost; return it."""
        await self._ready[number - 1].wait()
        return self._outcomes[number]

    async def again(self, number: int, reason: str) -> Fetched | LostReason:
        """Download the broken clip ``number`` once more, if it was not fetched twice; return the one to use.

        Set the first copy aside; take it back if this fails.
        """
        if self._bodies[number] >= _MOST_BODIES:
            return self._outcomes[number]
        recording = self._recordings[number - 1]
        self._listener.retrying(recording, BadTransfer(f"the clip is broken: {reason}."), 0)
        self._store.set_aside(recording)
        self._only_whole.add(number)
        async with DownloadSlot(self._connect) as line:
            outcome = await self._download(line, number)
        if isinstance(outcome, Fetched):
            self._listener.fetched(number, outcome)
            return outcome
        first = self._store.take_back(recording)
        return outcome if first is None else _fetched(first, recording, reused=True)

    async def run(self) -> None:
        """Download everything. LoginError and DiskError end it at once; a lost recording does not."""
        # In a thread: in a shared folder all of them are read.
        found = await anyio.to_thread.run_sync(self._found, abandon_on_cancel=True)
        for number, clip in found.items():
            self._finish(number, clip)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._flush_behind)
            async with anyio.create_task_group() as workers:
                for _worker in range(min(self._limit, len(self._recordings) - len(self._outcomes))):
                    workers.start_soon(self._work)
            # What is still in memory is either not needed once the video is complete, or brought to the disk then.
            tasks.cancel_scope.cancel()

    def _found(self) -> dict[int, Fetched]:
        clips = {number: self._store.find(recording) for number, recording in enumerate(self._recordings, 1)}
        by_number = {number: (clip, self._recordings[number - 1]) for number, clip in clips.items() if clip}
        return {
            number: _fetched(clip, recording, reused=recording.path not in self._ours)
            for number, (clip, recording) in by_number.items()
        }

    async def _flush_behind(self) -> None:
        """Flush clips to the disk, one at a time, some seconds after they came: a power cut costs only the latest."""
        async for came, recording in self._to_flush:
            if (wait := came + _FLUSH_AFTER - anyio.current_time()) > 0:
                await anyio.sleep(wait)
            await anyio.to_thread.run_sync(resume.flush, self._store, recording, abandon_on_cancel=True)

    async def _work(self) -> None:
        async with DownloadSlot(self._connect) as line:
            while (number := self._take()) is not None:
                self._finish(number, await self._download(line, number))

    def _take(self) -> int | None:
        while self._next < len(self._recordings):
            self._next += 1
            if self._next not in self._outcomes:
                return self._next
        return None

    async def _download(self, line: DownloadSlot, number: int) -> Fetched | LostReason:
        """Download clip ``number``, with as many tries as it is worth."""
        recording = self._recordings[number - 1]
        reason = LostReason(LossKind.NOT_TRIED)
        tries = AttemptCounter(1 if self._fruitless_in_a_row >= _TIRED_AFTER else self._backoff.attempts, self._limit)
        while not self._outage.is_gone:
            tries.begin(self._outage.count, self._pace.strains)
            try:
                path = await self._attempt(line, number, tries)
            except CameraError as error:
                reason = reason_of(error)
                wait = await self._wait_after(number, error, tries)
                if wait is None and self._may_be_had_whole(number, error):
                    self._only_whole.add(number)
                    continue
                if wait is None:
                    return await self._give_up(line, number, tries, error)
                if wait:
                    self._listener.retrying(recording, error, wait)
                    await self._outage.wait(wait)
                    tries.silent += wait
                continue
            self._pace.went_well()
            return self._complete(path, number)
        return reason

    def _may_be_had_whole(self, number: int, error: CameraError) -> bool:
        """Return whether a part was asked for, and answered oddly: the device may not know the question."""
        is_odd = error.once_more and not isinstance(error, BadTransfer)
        return is_odd and self._recordings[number - 1].part is not None and number not in self._only_whole

    async def _attempt(self, line: DownloadSlot, number: int, tries: AttemptCounter) -> Path:
        recording = self._recordings[number - 1]
        if self._pace.is_full:
            await line.hang_up()  # an idle connection counts among those that the camera allows
        async with self._pace.turn():
            have = await held_part(self._store, recording) if self._manner.ranges.usable is not False else None
            self._listener.started(number, recording, tries.made, have.size if have else 0)
            tries.have(have.size if have else 0)
            told = partial(self._progress, number, tries)
            try:
                if recording.part is not None and number not in self._only_whole:
                    try:
                        return await fetch_part(await line.source(), recording, self._store, told, self._manner)
                    except NotInPart as reason:
                        log.debug("clip %d is fetched whole: %s", number, reason)
                        self._only_whole.add(number)
                return await fetch(
                    await line.source(),
                    recording,
                    self._store,
                    told,
                    doubt=not self._bodies[number],
                    manner=self._manner,
                )
            except CameraError:
                await line.hang_up()
                raise

    def _progress(self, number: int, tries: AttemptCounter, received: int) -> None:
        tries.received(received)
        if tries.is_ahead:
            self._outage.progress()
        self._listener.progress(number, received)

    async def _wait_after(self, number: int, error: CameraError, tries: AttemptCounter) -> float | None:
        """Return the seconds until the next try, None if there is none."""
        most = tries.most
        if isinstance(error, BadTransfer) and error.once_more:
            self._bodies[number] += 1
            if self._bodies[number] >= _MOST_BODIES:
                return None
            most = max(most, _MOST_BODIES)  # a second one of the same length would be believed
        elif tries.chances.are_used_up(error):
            return None
        if isinstance(error, CameraUnreachable | CameraBusy):
            tries.progressed()
            tries.silent += getattr(error, "silent_for", 0.0)
            # While others are being sent something, it is not away: it has too much to do.
            if error.is_strain and self._pace.is_busy and tries.may_blame_the_others():
                tries.blamed += self._pace.strained(tries.strains)
                return self._backoff.wait(1)
            presence = await self._outage.look(tries.outages)
            if presence is Presence.GONE:
                return None
            if presence is Presence.BACK:
                return 0.0
            if error.is_strain and not tries.is_stuck:
                tries.blamed += self._pace.strained(tries.strains)
        tries.count()
        if tries.counted >= most or (wait := self._backoff.wait_after(tries.counted)) is None:
            return None
        return self._outage.patience.shortened(wait, tries.silent)

    async def _give_up(
        self, line: DownloadSlot, number: int, tries: AttemptCounter, error: CameraError
    ) -> Fetched | LostReason:
        recording = self._recordings[number - 1]
        is_silent = isinstance(error, CameraUnreachable) and not tries.answered
        # An odd answer, or a page of text as the body.
        is_none_of_it = error.once_more != isinstance(error, BadTransfer)
        self._fruitless_in_a_row = self._fruitless_in_a_row + 1 if is_silent or is_none_of_it else 0
        reason = reason_of(error)
        if not self._outage.is_gone:
            if recording.path.lower().endswith(".dav") and not is_silent:
                self._listener.retrying(recording, error, 0)
                with suppress(CameraError):  # what the recording itself came to says more
                    return self._complete(await self._by_time(line, number), number)
            if await self._is_overwritten(line, recording, error):
                reason = LostReason(LossKind.OVERWRITTEN)
                self._pace.forgive(tries.blamed)
        if not resume.is_held(self._store, recording):
            self._store.drop_part(recording)  # the next run could not continue it
        return reason

    async def _by_time(self, line: DownloadSlot, number: int) -> Path:
        recording, told = self._recordings[number - 1], partial(self._listener.progress, number)
        async with self._pace.turn():
            return await fetch_by_time(await line.source(), recording, self._store, told, manner=self._manner)

    async def _is_overwritten(self, line: DownloadSlot, recording: Recording, error: CameraError) -> bool:
        """Return whether the camera no longer lists the recording: its card is a ring."""
        refused = isinstance(error, CameraRefused) and error.status in _MAYBE_GONE
        if not (refused or error.worth_retrying) or self._looked_up >= _MOST_LOOKED_UP:
            return False
        self._looked_up += 1
        try:
            async with self._pace.turn():
                return not await (await line.source()).lists(recording)
        except CameraError:
            await line.hang_up()
            return False

    def _complete(self, path: Path, number: int) -> Fetched:
        recording = self._recordings[number - 1]
        self._bodies[number] += 1
        self._fruitless_in_a_row = 0
        self._outage.progress()
        self._flushes.send_nowait((anyio.current_time(), recording))
        return _fetched(path, recording, reused=False)

    def _finish(self, number: int, outcome: Fetched | LostReason) -> None:
        self._outcomes[number] = outcome
        if isinstance(outcome, Fetched):
            self._listener.fetched(number, outcome)
        else:
            self._listener.lost(number, self._recordings[number - 1], outcome)
        self._ready[number - 1].set()


def reason_of(error: CameraError) -> LostReason:
    """Return why a recording is lost whose download failed with ``error``."""
    return LostReason(LossKind.NOT_DOWNLOADED, str(error).rstrip("."))


def _fetched(path: Path, recording: Recording, *, reused: bool) -> Fetched:
    offset, whole = note_of(path, recording)
    return Fetched(path, path.stat().st_size, reused, offset, whole)
