"""What a command does, as a batch of tasks: one camera is a batch of one.

Devices run side by side, the channels of one device one after the other. So what is said of a device (downloads at a
time, bytes a second, one refused login) holds for each of them. How many work at a time is limited; one that waits for
its camera counts for none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

import click

from camreel.cli.camera_choice import chosen_of
from camreel.cli.options import OutputOptions
from camreel.cli.passwords import Passwords
from camreel.cli.request import wanted_of
from camreel.cli.startup import loading
from camreel.diskio import read_regular
from camreel.errors import (
    CamreelError,
    Interrupted,
    LoginError,
    UsageError,
    most_severe,
    unexpected_error,
    unwrap_group,
)
from camreel.events import Listener
from camreel.model import Address, Asked, Credentials, Output, Query, Request, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from camreel.cli.hooks import HookCommand
    from camreel.cli.ui.reporters import Reporter
    from camreel.devices.session import FirstCertificates
    from camreel.events import Event

_MOST_JOBS = 16  # by itself: more share one disk and one network
_MEMORY_OF_A_JOB = 160 << 20  # bytes: a merge takes a third of it
_MOST_STARTING = 100  # cameras that are waited for: a few connections each
_LONGEST_FACT = 1 << 16  # bytes
_SILENCE = 10.0  # seconds of a search without a word


def usual_jobs(root: Path = Path("/")) -> int:
    """Return how many tasks should work at a time here: two for each core, as far as the memory suffices.

    ``root`` is where the system tells the limits of a container or a service.
    """
    cores, memory = float(_cores()), float("inf")
    with suppress(AttributeError, OSError, ValueError):  # Windows does not tell
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for folder in _cgroups(root):
        with suppress(OSError, ValueError):
            memory = min(memory, int(_told(folder / "memory.max")))
        with suppress(OSError, ValueError):
            quota, period = map(int, _told(folder / "cpu.max").split())
            cores = min(cores, quota / period)
    return int(max(1, min(_MOST_JOBS, 2 * cores, memory // _MEMORY_OF_A_JOB)))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _cgroups(root: Path) -> Iterator[Path]:
    """Yield the control group of this process and those around it; Linux, version 2."""
    with suppress(OSError, ValueError):
        lines = _told(root / "proc/self/cgroup").splitlines()
        own = Path(next(line for line in [*lines, "0::/"] if line.startswith("0::"))[3:].lstrip("/"))
        for folder in (own, *own.parents):
            yield root / "sys/fs/cgroup" / folder


def _told(file: Path) -> str:
    return read_regular(file, _LONGEST_FACT).decode()


class JobLimit:
    """Limit how many tasks of a batch work at a time. Those that wait for their camera do not count.

    Of those that wait there may be ``starting``. Times are those of ``now``, in seconds.
    """

    def __init__(self, jobs: int, *, starting: int = _MOST_STARTING, now: Callable[[], float] = time.monotonic) -> None:
        import anyio  # noqa: PLC0415 - the help page does not need it

        self.jobs, self.now = jobs, now
        self.working = anyio.CapacityLimiter(jobs)
        self.starting = anyio.CapacityLimiter(max(jobs, starting))
        self.lent = 0
        self._shares: set[JobShare] = set()

    @asynccontextmanager
    async def share(self) -> AsyncIterator[JobShare]:
        """Begin a task, and end it."""
        share = JobShare(self)
        await self.starting.acquire_on_behalf_of(share)
        self._shares.add(share)
        try:
            yield share
        finally:
            self._shares.discard(share)
            share.end()

    async def watch(self) -> None:
        """See whose camera has become silent. Does not end."""
        import anyio  # noqa: PLC0415 - see above

        while True:
            await anyio.sleep(1)
            for share in list(self._shares):
                share.look()


class JobShare:
    """What a task holds of a limit: a place to start from, then one to work at.

    While it searches and its camera says nothing, it is as one that starts. While it downloads and its camera is away,
    another one may work beside it: as many as there are jobs, for their merges wait with them.
    """

    def __init__(self, limit: JobLimit) -> None:
        self._limit = limit
        self._admitted = 0
        self._works = self._lends = False
        self._heard_at = limit.now()

    async def admission(self) -> None:
        """Wait for a place to work at. Called when the camera has answered, and when the search is done."""
        self._admitted += 1
        if not self._works:
            await self._limit.working.acquire_on_behalf_of(self)
            self._works = True
            self._limit.starting.release_on_behalf_of(self)
        self._heard_at = self._limit.now()

    def heard(self, event: Event) -> None:
        """Take note of what the task tells."""
        from camreel.events import Retrying, Waiting  # noqa: PLC0415 - the help page does not need it

        is_idle = isinstance(event, (Retrying, Waiting))
        if self._admitted == 1 and is_idle:
            self._step_back()
        elif self._admitted > 1:
            self._lend(is_idle and getattr(event, "what", "") == "the camera")
        self._heard_at = self._limit.now()

    def look(self) -> None:
        """Step back from a search if nothing was heard of it for a while."""
        if self._admitted == 1 and self._limit.now() - self._heard_at > _SILENCE:
            self._step_back()

    def end(self) -> None:
        """Give back whatever is held."""
        self._lend(False)
        (self._limit.working if self._works else self._limit.starting).release_on_behalf_of(self)

    def _step_back(self) -> None:
        import anyio  # noqa: PLC0415 - see above

        if self._works:
            with suppress(anyio.WouldBlock):  # too many wait already
                self._limit.starting.acquire_on_behalf_of_nowait(self)
                self._limit.working.release_on_behalf_of(self)
                self._works = False

    def _lend(self, lends: bool) -> None:
        if lends == self._lends or (lends and self._limit.lent >= self._limit.jobs):
            return
        self._lends = lends
        self._limit.lent += 1 if lends else -1
        self._limit.working.total_tokens = self._limit.jobs + self._limit.lent


@dataclass(frozen=True, slots=True)
class Task:
    """One of a batch. ``name`` is how it was called on the command line."""

    name: str

    @property
    def label(self) -> str:
        """What stands in front of its lines."""
        return self.name

    @property
    def identity(self) -> dict[str, Any]:
        """Its name and channel, for programs."""
        return {"name": self.name, "channel": None}

    @property
    def device(self) -> Address | None:
        """Equal for tasks that may not run at the same time."""
        return None

    @property
    def username(self) -> str:
        """Whose login the device may refuse."""
        return ""

    def prepare(self) -> None:
        """Get what a person has to give, before anything runs. Raises why the task cannot be run."""


@dataclass(frozen=True, slots=True)
class CameraTask(Task):
    """One channel of a camera. ``ask_password`` asks a person once and knows it then."""

    target: Target
    query: Query
    ask_password: Callable[[], str]
    output: Output | None = None
    after: HookCommand | None = None

    @property
    def label(self) -> str:
        """Its camera and channel."""
        return f"{self.name} ch{self.query.channel}"

    @property
    def identity(self) -> dict[str, Any]:
        """Its camera and channel."""
        return {"name": self.name, "channel": self.query.channel}

    @property
    def device(self) -> Address | None:
        """Where the camera is."""
        from camreel.devices.address import place_of  # noqa: PLC0415 - the help page does not need it

        return Address(*place_of(self.target.address))

    @property
    def username(self) -> str:
        """The login of the camera."""
        return self.target.username

    @property
    def credentials(self) -> Credentials:
        """The login, with its password."""
        return Credentials(self.target.username, self.ask_password())

    @property
    def request(self) -> Request:
        """The export. A task that only lists has none."""
        assert self.output is not None, "a listing goes nowhere"
        return Request(self.target, self.query, self.output)

    def prepare(self) -> None:
        """Ask for the password, unless it may not be sent."""
        if not self.target.username:
            raise UsageError(f"{self.name} has no username in the settings.", hint='Like username = "admin".')
        from camreel.devices import lockout  # noqa: PLC0415 - no other command needs it so early

        lockout.check(self.target, datetime.now(timezone.utc))
        self.ask_password()


def camera_tasks(ctx: click.Context, passwords: Passwords, *, usual: Asked | None = None) -> list[CameraTask]:
    """Return a task for each channel of one camera, without an output. ``usual`` is the range if none is given."""
    chosen = chosen_of(ctx)

    def task(target: Target, query: Query) -> CameraTask:
        def ask() -> str:
            return passwords.of(target.username, str(target.address), chosen)

        return CameraTask(chosen.name or target.address.authority, target, query, ask)

    return [task(*wanted_of(ctx, channel, usual=usual)) for channel in ctx.params["channel"]]


class Result(Protocol):
    """What a task comes to, if it does not fail."""

    @property
    def exit_code(self) -> int:
        """0 if nothing is missing."""


_Task = TypeVar("_Task", bound=Task)
_Result = TypeVar("_Result", bound=Result)
Admission = Callable[[], Awaitable[None]]  # see transfer.runtime
Job = Callable[[_Task, Listener, "Reporter", Admission], Awaitable[_Result]]
End = Callable[[int, "_Result | CamreelError"], Coroutine[Any, Any, None]]
Beside = Callable[["Reporter"], Coroutine[Any, Any, None]]


async def _nothing() -> None:
    pass


AGAIN = "interrupted; run the same command again to continue"


class Batch(Generic[_Task, _Result]):
    """Tasks, and what became of each. One that fails stops no other; the error of an only task is raised.

    ``without`` are the numbers of tasks that are not to be run. ``jobs`` work at a time; None: as many as is usual.
    ``certificates`` are those that devices showed first, if nobody checks them; of a batch before this, or none yet.
    """

    def __init__(
        self,
        tasks: Sequence[_Task],
        manner: OutputOptions,
        *,
        without: Collection[int] = (),
        jobs: int | None = None,
        certificates: FirstCertificates | None = None,
    ) -> None:
        self.tasks, self.manner = tasks, manner
        self.certificates = {} if certificates is None else certificates
        self.outcomes: dict[int, _Result | CamreelError] = {}
        self.jobs = jobs or usual_jobs()
        self._without = without
        self._unfinished: set[int] = set()  # of those with an outcome
        self._is_interrupted = False
        self.told: set[str] | None = None
        """What was said of an only task that its result says, too; None: nothing of it."""

    @property
    def is_single(self) -> bool:
        """Whether there is one task."""
        return len(self.tasks) == 1

    @property
    def ready(self) -> list[int]:
        """The numbers of the tasks that are to be run."""
        return [
            number for number in range(len(self.tasks)) if number not in self.outcomes and number not in self._without
        ]

    @property
    def exit_code(self) -> int:
        """The worst of all. Each task has its outcome."""
        codes = [outcome.exit_code for outcome in self.outcomes.values()]
        return most_severe([*codes, Interrupted.exit_code] if self._is_interrupted else codes)

    def prepare(self, there: Callable[[_Task], _Result | None] = lambda _task: None) -> None:
        """Ask for all passwords: nobody is asked for one in the middle of a download.

        What ``there`` returns for a task is its outcome: then there is nothing to do.
        """
        for number in self.ready:
            try:
                found = there(self.tasks[number])
                if found is None:
                    self.tasks[number].prepare()
                else:
                    self.outcomes[number] = found
            except CamreelError as error:
                if self.is_single:
                    raise
                self.outcomes[number] = error

    def run(
        self,
        job: Job[_Task, _Result],
        *,
        in_full: bool = False,
        interrupted_message: Callable[[], str] = lambda: AGAIN,
        finish: Callable[[_Task, _Result, Reporter], Awaitable[_Result]] | None = None,
        beside: Beside | None = None,
        tell: Callable[[int, Reporter], None] = lambda _number, _reporter: None,
        after: Callable[[], Awaitable[None]] = _nothing,
        rescue: Callable[[_Task], _Result | None] | None = None,
    ) -> None:
        """Let ``job`` do each of the tasks that are ready. ``in_full``: an only task is told without its label.

        ``finish`` is called with each result, also of those that were there before, and returns it as it is then; no
        other task waits for that. ``beside`` is called once. ``tell`` gets the number of each task that has ended.
        ``after`` is called when all have an outcome; not if the only one failed. ``rescue`` returns what there is of a
        task that Ctrl-C has ended; then ``after`` is called, too.
        """
        if not self.ready and finish is None:
            return
        with loading():
            from camreel.cli.run import Runner, logging_to  # noqa: PLC0415 - brings anyio and more
            from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415 - see above

        tasks = () if in_full and self.is_single else self.tasks
        reporter = choose_reporter(
            self.manner, tuple(task.label for task in tasks), tuple(task.identity for task in tasks)
        )

        async def end(number: int, outcome: _Result | CamreelError) -> None:
            self.outcomes[number] = outcome
            if finish is not None and not isinstance(outcome, CamreelError):
                self._unfinished.add(number)
                self.outcomes[number] = await finish(self.tasks[number], outcome, reporter)
                self._unfinished.discard(number)
            tell(number, reporter)

        async def run() -> None:
            if self.is_single:
                await self._run_single(job, reporter, end, beside)
            else:
                await self._run_devices(job, reporter, end, beside)
            await after()

        save = None if rescue is None else partial(self._save, rescue, after, interrupted_message)
        try:
            with logging_to(reporter, self.manner):
                Runner(run, interrupted_message, reporter, save).run()
        except CamreelError as error:
            if isinstance(error, Interrupted) and (not self.is_single or (save is not None and self.outcomes)):
                self._end_interrupted(error)
            else:
                self._raise(error, reporter)
        self.told = reporter.told

    def _raise(self, error: CamreelError, reporter: Reporter) -> NoReturn:
        if self.is_single:
            reporter.tell_held()
        raise error

    async def _save(
        self,
        rescue: Callable[[_Task], _Result | None],
        after: Callable[[], Awaitable[None]],
        interrupted_message: Callable[[], str],
    ) -> bool:
        """Keep what there is when Ctrl-C has ended the tasks, and return whether there is anything.

        An only task of which there is nothing has no outcome.
        """
        found = {number: rescue(self.tasks[number]) for number in self.ready}
        rescued = {number: result for number, result in found.items() if result is not None}
        if not self.is_single:
            self._end_interrupted(Interrupted(interrupted_message()), rescued)
        self.outcomes |= rescued
        has_results = any(not isinstance(outcome, CamreelError) for outcome in self.outcomes.values())
        if has_results:
            await after()
        return has_results

    def _end_interrupted(self, error: Interrupted, rescued: Collection[int] = ()) -> None:
        """Note what Ctrl-C has kept from ending; ``error`` is the outcome of those of which nothing was ``rescued``."""
        self._is_interrupted = self._is_interrupted or bool(self.ready or self._unfinished)
        self.outcomes |= {number: error for number in self.ready if number not in rescued}

    async def _run_single(
        self, job: Job[_Task, _Result], reporter: Reporter, end: End[_Result], beside: Beside | None
    ) -> None:
        # Without a task group, a job that ended as Ctrl-C came has ended.
        import anyio.lowlevel  # noqa: PLC0415 - the help page does not need it

        failure: CamreelError | None = None
        try:
            await end(
                0, await self._run_one(job, 0, reporter, anyio.lowlevel.checkpoint) if self.ready else self.outcomes[0]
            )
        except CamreelError as error:
            failure = error
        if beside is not None:
            await beside(reporter)
        if failure is not None:
            raise failure

    async def _run_devices(
        self, job: Job[_Task, _Result], reporter: Reporter, end: End[_Result], beside: Beside | None
    ) -> None:
        import anyio  # noqa: PLC0415 - the help page does not need it

        limit = JobLimit(self.jobs)
        devices: dict[Address | None, list[int]] = {}
        for number in self.ready:
            devices.setdefault(self.tasks[number].device, []).append(number)

        async def run_device(numbers: Sequence[int]) -> None:
            refused: dict[str, LoginError] = {}
            for number in numbers:
                user = self.tasks[number].username
                outcome: _Result | CamreelError
                if user in refused:  # the same password again could lock the account
                    outcome = refused[user]
                else:
                    has_report = False
                    try:
                        async with limit.share() as share:
                            outcome = await self._run_one(job, number, reporter, share.admission, share.heard)
                        has_report = not isinstance(outcome, CamreelError)
                    finally:  # also when Ctrl-C ends it
                        reporter.ended(number, has_report=has_report)
                if isinstance(outcome, LoginError):
                    refused[user] = outcome
                work.start_soon(end, number, outcome)

        async with anyio.create_task_group() as helpers:
            helpers.start_soon(limit.watch)
            async with anyio.create_task_group() as work:
                for number, outcome in list(self.outcomes.items()):
                    work.start_soon(end, number, outcome)
                for numbers in devices.values():
                    work.start_soon(run_device, numbers)
                if beside is not None:
                    work.start_soon(beside, reporter)
            helpers.cancel_scope.cancel()

    async def _run_one(
        self,
        job: Job[_Task, _Result],
        number: int,
        reporter: Reporter,
        admission: Admission,
        heard: Listener | None = None,
    ) -> _Result | CamreelError:
        listener = reporter.listener(number)

        def on_event(event: Event) -> None:
            if heard is not None:
                heard(event)
            listener(event)

        try:
            with unwrap_group():
                return await job(self.tasks[number], on_event, reporter, admission)
        except CamreelError as error:
            if self.is_single:
                raise
            return error
        except Exception as error:
            if self.is_single:
                raise
            # The others go on; it is reported as what it is.
            hint = "Run it for this camera alone with --debug and report what it shows. Downloads are kept."
            return unexpected_error(error, hint)
