"""A connected camera: ``async with connect(...) as camera``, its recordings, and the download of one of them."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, overload

import anyio
import anyio.to_thread

from camreel.api.export import TargetOptions, Time, query_for, target_for
from camreel.clock import CameraClock
from camreel.devices import lockout
from camreel.devices.base import Source
from camreel.devices.session import Login
from camreel.diskio import disk_errors, place
from camreel.errors import CameraError, UsageError, printable, unwrap_group
from camreel.events import Event
from camreel.jobs.search import CameraSearch, CameraSession
from camreel.model import (
    Address,
    Asked,
    Credentials,
    DeviceInfo,
    Recording,
    SharedFolder,
    Span,
    Stream,
    Target,
    WallTime,
)
from camreel.planning.account import LostReason
from camreel.report import reason_text
from camreel.transfer import resume
from camreel.transfer.download import TransferPolicy
from camreel.transfer.pool import Pool
from camreel.transfer.retry import Backoff, Outage
from camreel.transfer.runtime import Runtime
from camreel.transfer.store import SUFFIXES, Fetched, Store

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from typing_extensions import Unpack


@dataclass(frozen=True, slots=True)
class Means:
    """By what a recording is fetched: connections, and patience."""

    address: Address
    connect: Callable[[], AbstractAsyncContextManager[Source]]
    outage: Outage
    backoff: Backoff
    sleep: Callable[[float], Awaitable[None]]
    manner: TransferPolicy


async def fetch_to(
    target: Path,
    recording: Recording,
    means: Means,
    progress: Callable[[int], None] | None,
    *,
    overwrite: bool,
    shared_folder: SharedFolder = SharedFolder.SAFE,
) -> Path:
    """Fetch all of ``recording`` to ``target``, or into the folder ``target``; the file's path, complete and synced."""
    with disk_errors(target):
        is_folder = target.is_dir()
        if not is_folder and not overwrite and os.path.lexists(target):
            raise UsageError(
                f"{target} already exists and was not overwritten.", hint="Use overwrite=True to replace it."
            )
    folder = target if is_folder else target.parent
    store = Store(folder, _store_name(means.address, recording, target))
    if is_folder and not overwrite and (there := _already_in(folder, store.stem(recording))):
        return there
    with store.locked():
        if (note := store.check_shared(shared_folder)) is not None:
            _LOG.warning("%s", note)
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
        if isinstance(outcome, LostReason):
            raise CameraError(
                f"{printable(recording.name)} of {means.address} could not be downloaded: {reason_text(outcome)}.",
                hint="camreel keeps the part and continues it on the next attempt, if the camera supports that.",
            )
        await anyio.to_thread.run_sync(resume.flush, store, recording)  # on the disk before it has its name
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

    def lost(self, number: int, recording: Recording, reason: LostReason) -> None:
        """Not told."""

    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None:
        """Not told."""


@dataclass(frozen=True, slots=True)
class Recordings(Sequence[Recording]):
    """The recordings of one channel and stream in a range, in order of time: a sequence of :class:`Recording`.

    All spans are by the camera's clock, counted straight: as it would show them, had it kept the offset that it had
    at the start of the range. On nearly all days that is what it does show. :meth:`when` gives real time.

    ``span`` is the range; ``clock`` the camera's clock in it, None where nobody knows its zone; ``gaps`` are the
    parts of ``span`` that no recording is listed for; ``writing`` the recordings that the camera has not closed yet,
    which cannot be fetched; ``channel`` is its number, from 1; ``warnings`` are sentences for a person.

    Listed times have whole seconds. A recording may be listed only minutes after its end (measured: up to 15), so a gap
    at the very end of a range that ends now says nothing.
    """

    items: tuple[Recording, ...]
    span: Span
    clock: CameraClock | None
    gaps: tuple[Span, ...]
    writing: tuple[Recording, ...]
    channel: int
    warnings: tuple[str, ...] = ()

    def when(self, of: Recording | Span) -> tuple[datetime, datetime] | None:
        """Real start and end of a recording of these, or of a gap, in the camera's zone; None without ``clock``.

        What the camera's clock is wrong by today is taken off.
        """
        if self.clock is None:
            return None
        span = of.span if isinstance(of, Recording) else of
        return self._moment(self.clock, span.start), self._moment(self.clock, span.end)

    @staticmethod
    def _moment(clock: CameraClock, at: WallTime) -> datetime:
        shown = clock.in_zone(at)
        return clock.to_utc(at).astimezone(shown.tzinfo)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Recording, ...]: ...
    def __getitem__(self, index: int | slice) -> Recording | tuple[Recording, ...]:
        return self.items[index]


class Camera:
    """One camera or recorder, logged in to. Made by :func:`connect`, and to be used in its ``async with`` alone.

    ``address`` is where it is (on https, where it sent us there), ``device`` who it says it is, ``titles`` its
    channels' titles by number, from 1 (empty where it does not tell them). Its texts are made printable and bounded.

    Calls may be made side by side. Each has a TCP connection of its own, at most ``max_concurrent`` at a time, and
    none stays open between calls: cameras have few (10 to 20 on the ones that were measured).
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        session: ClientSession | None,
        tuning: Runtime,
    ) -> None:
        self._target = target
        self._credentials = credentials
        self._session = session
        self._tuning = tuning
        self._login = Login()
        self._turns = anyio.CapacityLimiter(target.max_concurrent)
        self._manner = TransferPolicy()
        self._is_open = False
        self._protocol: str | None = None
        self.address: Address = target.address
        self.device = DeviceInfo("")
        self.titles: Mapping[int, str] = {}

    def __repr__(self) -> str:
        return f"<camreel.Camera {self.address}>"

    async def _log_in(self) -> None:
        with self._heeded():
            greeting = await self._visit().greet()
        self.address, self.device, self.titles = greeting.address, greeting.device, greeting.titles
        self._target = replace(self._target, address=greeting.address)
        self._protocol = greeting.protocol
        self._is_open = True

    def _hang_up(self) -> None:
        self._is_open = False

    async def clock(self) -> CameraClock | None:
        """What its clock shows, and of which zone it is; None where it tells neither. Asks the camera again.

        The clock is read in whole seconds; the zone is taken from its settings, else from what the clock shows.
        Errors as :meth:`recordings`.
        """
        async with self._turn():
            greeting = await self._visit().greet()
        return greeting.clock

    async def recordings(
        self,
        start: Time | Asked,
        end: Time | None = None,
        *,
        channel: int | str = 1,
        stream: Stream = Stream.MAIN,
        events: Sequence[str] = (),
    ) -> Recordings:
        """What it has recorded from ``start`` up to ``end``, or in a range like ``last("1h")``. Nothing is fetched.

        An aware ``datetime`` is real time, ``WallTime`` what the camera's clock shows, a text is read as on the command
        line; a naive ``datetime`` is refused. ``channel`` counts from 1, or is a title. ``events`` keeps the
        recordings that are listed with one of them (``motion``, ``alarm``, ``person``, ...): chosen here, for some
        recorders (NVR5232-EI) answer with others. Recordings that reach over an end of the range are in it, whole.

        At most 400,000 recordings are taken.

        Raises UsageError, LoginError (the login is never tried again after that), CameraError, and NothingRecorded
        where the range begins in the future. A range without recordings is an empty sequence, and no error.
        """
        query = query_for(start, end, channel=channel, stream=stream, events=events)
        async with self._turn():
            inquiry = CameraSearch(
                self._target,
                query,
                self._credentials,
                _unheard,
                self._tuning,
                login=self._login,
                session=self._session,
                protocol=self._protocol,
                parts=True,
            )
            async with inquiry.camera() as camera:
                where, plan = await inquiry.look_with(camera)
        return Recordings(
            plan.recordings, plan.span, where.clock, plan.gaps, plan.writing, inquiry.channel, tuple(inquiry.warnings)
        )

    async def download(
        self,
        recording: Recording,
        path: str | os.PathLike[str],
        *,
        channel: int | None = None,
        progress: Callable[[int], None] | None = None,
        overwrite: bool = False,
        shared_folder: SharedFolder = SharedFolder.SAFE,
    ) -> Path:
        """Fetch ``recording`` to ``path``, as the camera has it; what it is called then.

        Where ``path`` is a folder, the file is named by the recording's times, and ``.mp4`` or ``.dav`` by what is in
        it; where it is there already, nothing is fetched. The name is only there when all of it is: its length is
        compared with what was announced and listed, it is synced to the disk, then named. Until then it is in
        ``.amcrest_download`` beside it, and the next call goes on from there, where the device can do that and the
        end of what is there comes the same again.

        ``progress`` gets the bytes so far. ``channel`` (from 1, ``Recordings.channel``) is needed for recorders
        that hand out a ``.dav`` by its time alone (Intelbras, NVR4108).

        If others can write the folder, an earlier download is used only if camreel has noted its hash for this user,
        which the log says (a warning); ``shared_folder`` can refuse such a folder.

        A camera that went away is waited for (``retry_for``). Raises UsageError where ``path`` is there and not to be
        overwritten, DiskError where it cannot be written or another call is fetching it, LoginError, and CameraError
        if it is not available.
        """
        async with self._turn():
            inquiry = self._visit()
            connect, tuning = partial(inquiry.device, channel), self._tuning
            means = Means(self.address, connect, inquiry.outage, tuning.fetching, tuning.sleep, self._manner)
            whole = replace(recording, part=None)
            return await fetch_to(Path(path), whole, means, progress, overwrite=overwrite, shared_folder=shared_folder)

    def _visit(self) -> CameraSession:
        return CameraSession(
            self._target,
            self._credentials,
            _unheard,
            self._tuning,
            login=self._login,
            session=self._session,
            protocol=self._protocol,
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Around each call: a place among those that may talk to the camera; a lock of the account is remembered."""
        if not self._is_open:
            raise UsageError("The camera was left: use it within its «async with».")
        async with self._turns:
            with self._heeded():
                yield

    @contextmanager
    def _heeded(self) -> Iterator[None]:
        """Around whatever talks to the camera: one error in place of a group, and a locked account is remembered."""
        with lockout.guard(self._target, self._tuning.utc_now), unwrap_group():
            yield


@asynccontextmanager
async def connect(
    host: str,
    username: str,
    password: str,
    *,
    session: ClientSession | None = None,
    tuning: Runtime | None = None,
    **reached: Unpack[TargetOptions],
) -> AsyncIterator[Camera]:
    """Log in to a camera, once.

    ``host`` is a name, an address, ``name:port``, ``[v6]:port`` or a URL, without a user in it. The others, like
    ``https=True``, are :class:`TargetOptions`.

    ``session``: connections are made by the connector of this aiohttp session (its resolver, its limits), each in a
    pool of its own in there, for a login must be answered on the connection that asked for it. Nothing else of the
    session is used: not its cookies, headers or middlewares, and nothing of its trust in certificates (see
    ``TargetOptions``). It is not closed.

    Needs an asyncio event loop. Raises UsageError, LoginRefused (tried once), AccountLocked (also, without asking the
    camera, where an earlier run was told so: ``ignore_lock`` asks all the same), or CameraError. Never a group of
    errors. No error has the password in it.
    """
    target = target_for(host, username, reached)
    camera = Camera(
        target, Credentials(target.username, password), session, replace(tuning or Runtime(), certificates={})
    )
    await camera._log_in()  # noqa: SLF001 - nobody else may
    try:
        yield camera
    finally:
        camera._hang_up()  # noqa: SLF001


def _unheard(_event: Event) -> None: ...
