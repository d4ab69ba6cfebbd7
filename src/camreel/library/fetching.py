"""One recording to one file that a program names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from camreel.devices.base import Source
from camreel.diskio import disk_errors, place
from camreel.errors import CameraError, UsageError, printable
from camreel.model import Address, Recording
from camreel.transfer import resume
from camreel.transfer.download import Manner
from camreel.transfer.pool import Fetched, Lost, Pool
from camreel.transfer.retry import Backoff, Outage
from camreel.transfer.store import SUFFIXES, Store


@dataclass(frozen=True, slots=True)
class Means:
    """By what a recording is fetched: connections, and patience."""

    address: Address
    connect: Callable[[], AbstractAsyncContextManager[Source]]
    outage: Outage
    backoff: Backoff
    sleep: Callable[[float], Awaitable[None]]
    manner: Manner


async def fetch_to(
    target: Path, recording: Recording, means: Means, progress: Callable[[int], None] | None, *, overwrite: bool
) -> Path:
    """Fetch all of ``recording`` to ``target``, or into the folder ``target``; the file's path, complete and synced."""
    with disk_errors(target):
        is_folder = target.is_dir()
        if not is_folder and not overwrite and os.path.lexists(target):
            raise UsageError(f"{target} exists already; it was left alone.", hint="overwrite=True replaces it.")
    folder = target if is_folder else target.parent
    store = Store(folder, _store_name(means.address, recording, target))
    if is_folder and not overwrite and (there := _already_in(folder, store.stem(recording))):
        return there
    with store.locked():
        resume.recover(store)
        pool = Pool(
            [recording],
            store,
            means.connect,
            _Progress(progress),
            limit=1,
            backoff=means.backoff,
            sleep=means.sleep,
            outage=means.outage,
            manner=means.manner,
        )
        await pool.run()
        outcome = await pool.outcome(1)
        if isinstance(outcome, Lost):
            raise CameraError(
                f"{printable(recording.name)} of {means.address} could not be downloaded: {outcome.reason}.",
                hint="What is there of it is kept, and continued by the next try where the camera can do that.",
            )
        await anyio.to_thread.run_sync(resume.settle, store, recording)  # on the disk before it has its name
        final = folder / outcome.path.name if is_folder else target
        place(outcome.path, final, overwrite=overwrite)
    return final


def _already_in(folder: Path, stem: str) -> Path | None:
    """The recording of that name, which has its times and a hash of all that tells recordings apart in it."""
    return next((path for suffix in SUFFIXES if (path := folder / (stem + suffix)).is_file()), None)


def _store_name(address: Address, recording: Recording, target: Path) -> str:
    """A folder of its own for each target, so that several can be fetched at a time, and each be continued."""
    key = f"{target.name}\n{recording.path}".encode("utf-8", "surrogateescape")
    return f"{address.authority}_{hashlib.sha256(key).hexdigest()[:8]}"


class _Progress:
    """A pool's listener that only counts bytes."""

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self._tell = tell

    def started(self, number: int, recording: Recording, attempt: int, have: int) -> None:
        """Not told."""

    def progress(self, _number: int, received: int) -> None:
        """So many bytes are there."""
        if self._tell is not None:
            self._tell(received)

    def fetched(self, number: int, clip: Fetched) -> None:
        """Not told."""

    def lost(self, number: int, recording: Recording, reason: str) -> None:
        """Not told."""

    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None:
        """Not told."""
