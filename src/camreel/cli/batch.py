"""What a command does, as a batch of tasks: one camera is a batch of one.

Devices run side by side, the channels of one device one after the other. So what is said of a device (downloads at a
time, bytes a second, one refused login) holds for each of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import click

from camreel.cli.camera_choice import chosen_of
from camreel.cli.options import OutputOptions
from camreel.cli.passwords import Passwords
from camreel.cli.request import wanted_of
from camreel.cli.startup import loading
from camreel.errors import CamreelError, Interrupted, LoginError, most_severe, unexpected_error, unwrap_group
from camreel.events import Listener
from camreel.model import Address, Asked, Credentials, Output, Query, Request, Target

if TYPE_CHECKING:
    from camreel.cli.hooks import HookCommand
    from camreel.cli.ui.reporters import Reporter

_MOST_DEVICES = 8  # at a time: each merges in a process of its own


@dataclass(frozen=True, slots=True)
class Task:
    """One of a batch. ``name`` is how it was called on the command line."""

    name: str

    @property
    def label(self) -> str:
        """What stands in front of its lines."""
        return self.name

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
    def device(self) -> Address | None:
        """Where the camera is."""
        return Address(self.target.address.host.lower(), self.target.address.port)

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
AGAIN = "interrupted; run the same command again to continue"


class Batch(Generic[_Task, _Result]):
    """Tasks, and what became of each. One that fails stops no other; the error of an only task is raised.

    ``without`` are the numbers of tasks that are not to be run.
    """

    def __init__(self, tasks: Sequence[_Task], manner: OutputOptions, *, without: Collection[int] = ()) -> None:
        self.tasks, self.manner = tasks, manner
        self.outcomes: dict[int, _Result | CamreelError] = {}
        self._without = without

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
        return most_severe(outcome.exit_code for outcome in self.outcomes.values())

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
        job: Callable[[_Task, Listener, Reporter], Awaitable[_Result]],
        *,
        in_full: bool = False,
        interrupted_message: Callable[[], str] = lambda: AGAIN,
    ) -> None:
        """Let ``job`` do each of the tasks that are ready. ``in_full``: an only task is told without its label."""
        if not self.ready:
            return
        with loading():
            from camreel.cli.run import Runner, logging_to  # noqa: PLC0415 - brings anyio and more
            from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415 - see above

        labels = () if in_full and self.is_single else tuple(task.label for task in self.tasks)
        reporter = choose_reporter(self.manner, labels)
        try:
            with logging_to(reporter, self.manner):
                Runner(lambda: self._run_devices(job, reporter), interrupted_message, reporter).run()
        except Interrupted as error:
            if self.is_single:
                raise
            self.outcomes |= dict.fromkeys(self.ready, error)

    async def _run_devices(
        self, job: Callable[[_Task, Listener, Reporter], Awaitable[_Result]], reporter: Reporter
    ) -> None:
        import anyio  # noqa: PLC0415 - the help page does not need it

        devices: dict[Address | None, list[int]] = {}
        for number in self.ready:
            devices.setdefault(self.tasks[number].device, []).append(number)
        at_a_time = anyio.CapacityLimiter(_MOST_DEVICES)

        async def run_device(numbers: Sequence[int]) -> None:
            refused: dict[str, LoginError] = {}
            async with at_a_time:
                for number in numbers:
                    user = self.tasks[number].username
                    if user in refused:  # the same password again could lock the account
                        self.outcomes[number] = refused[user]
                        continue
                    outcome = await self._run_one(job, number, reporter)
                    self.outcomes[number] = outcome
                    reporter.ended(number)
                    if isinstance(outcome, LoginError):
                        refused[user] = outcome

        if len(devices) == 1:  # without a task group, a job that ended as Ctrl-C came has ended
            await run_device(*devices.values())
            return
        async with anyio.create_task_group() as group:
            for numbers in devices.values():
                group.start_soon(run_device, numbers)

    async def _run_one(
        self, job: Callable[[_Task, Listener, Reporter], Awaitable[_Result]], number: int, reporter: Reporter
    ) -> _Result | CamreelError:
        try:
            with unwrap_group():
                return await job(self.tasks[number], reporter.listener(number), reporter)
        except CamreelError as error:
            if self.is_single:
                raise
            return error
        except Exception as error:
            if self.is_single:
                raise
            # The others go on; it is reported as what it is.
            hint = "Run it for this camera alone with --debug and report what it shows. What was downloaded is kept."
            return unexpected_error(error, hint)
