"""The workers of one camera: clips in order of time, a few at a time, and everything stops at once on a bad login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio

from camreel.errors import BadTransfer, CameraError, CameraUnreachable
from camreel.model import Recording
from camreel.transfer.fetch import Source, fetch, fetch_by_time
from camreel.transfer.retry import Backoff, attempting
from camreel.transfer.store import Store


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete clip on disk; ``reused`` where an earlier run had fetched it."""

    path: Path
    size: int
    reused: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A recording that could not be had, and why."""

    reason: str


class Listener(Protocol):
    """Who is told what happens to clip ``number``."""

    def started(self, number: int, recording: Recording, attempt: int) -> None: ...
    def progress(self, number: int, received: int) -> None: ...
    def fetched(self, number: int, clip: Fetched) -> None: ...
    def lost(self, number: int, recording: Recording, reason: str) -> None: ...
    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None: ...


# After so many recordings in a row that no try could reach, the camera is taken to be gone: the rest is not tried.
_GONE_AFTER = 3


class Pool:
    """Downloads ``recordings`` (numbered from 1), at most ``limit`` at a time. Run :meth:`run` once, in a task."""

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
    ) -> None:
        self._recordings = recordings
        self._store = store
        self._connect = connect
        self._listener = listener
        self._limit = limit
        self._backoff = backoff
        self._sleep = sleep
        self._next = 0
        self._unreachable_in_a_row = 0
        self._outcomes: dict[int, Fetched | Lost] = {}
        self._ready = [anyio.Event() for _recording in recordings]

    async def outcome(self, number: int) -> Fetched | Lost:
        """Wait until clip ``number`` is complete or lost."""
        await self._ready[number - 1].wait()
        return self._outcomes[number]

    async def run(self) -> None:
        """Download everything. LoginError and DiskError end it at once; a lost recording does not."""
        for number, recording in enumerate(self._recordings, 1):
            if clip := self._store.find(recording):
                self._settle(number, Fetched(clip, clip.stat().st_size, reused=True))
        async with anyio.create_task_group() as workers:
            for _worker in range(min(self._limit, len(self._recordings) - len(self._outcomes))):
                workers.start_soon(self._work)

    async def _work(self) -> None:
        async with self._connect() as source:
            while (number := self._take()) is not None:
                self._settle(number, await self._one(source, number))

    def _take(self) -> int | None:
        while self._next < len(self._recordings):
            self._next += 1
            if self._next not in self._outcomes:
                return self._next
        return None

    async def _one(self, source: Source, number: int) -> Fetched | Lost:
        recording, listener = self._recordings[number - 1], self._listener
        if self._unreachable_in_a_row >= _GONE_AFTER:
            return Lost("not tried: the camera had stopped answering")

        answered = doubted = False

        def progress(received: int) -> None:
            nonlocal answered
            answered = True
            listener.progress(number, received)

        async def attempt(count: int) -> Path:
            listener.started(number, recording, count)
            return await fetch(source, recording, self._store, progress, doubt=not doubted)

        def on_retry(error: CameraError, wait: float) -> None:
            nonlocal doubted
            doubted = doubted or isinstance(error, BadTransfer)
            listener.retrying(recording, error, wait)

        def is_gone(error: CameraError) -> bool:
            # Any other error is an answer, and so are some bytes: the camera is there.
            return isinstance(error, CameraUnreachable) and not answered

        async def by_path_or_time() -> Path:
            try:
                return await attempting(attempt, self._backoff, self._sleep, on_retry)
            except CameraError as error:
                if is_gone(error) or not recording.path.lower().endswith(".dav"):
                    raise
                on_retry(error, 0)
                with suppress(CameraError):  # what the recording itself came to says more
                    return await fetch_by_time(source, recording, self._store, progress)
                raise

        try:
            path = await by_path_or_time()
        except CameraError as error:
            self._unreachable_in_a_row = self._unreachable_in_a_row + 1 if is_gone(error) else 0
            self._store.drop_part(recording)
            return Lost(str(error).rstrip("."))
        self._unreachable_in_a_row = 0
        return Fetched(path, path.stat().st_size, reused=False)

    def _settle(self, number: int, outcome: Fetched | Lost) -> None:
        self._outcomes[number] = outcome
        if isinstance(outcome, Fetched):
            self._listener.fetched(number, outcome)
        else:
            self._listener.lost(number, self._recordings[number - 1], outcome.reason)
        self._ready[number - 1].set()
