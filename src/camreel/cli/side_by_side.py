"""Several cameras in one run: devices side by side, the channels of one device one after the other.

So what is said of a device (downloads at a time, bytes a second, one refused login) holds for each of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from camreel.errors import CamreelError, LoginError
from camreel.events import Listener
from camreel.model import Address, Credentials, Request

if TYPE_CHECKING:
    from camreel.cli.after import Command
    from camreel.cli.many import ManyReporter

_Result = TypeVar("_Result")
_MOST_DEVICES = 8  # at a time: each merges in a process of its own
Job = Callable[[Request, Credentials, Listener], Awaitable[_Result]]


@dataclass(frozen=True, slots=True)
class Task:
    """One export of several. ``name`` is how its camera was called on the command line."""

    request: Request
    name: str
    ask_password: Callable[[], str]
    after: Command | None = None

    @property
    def label(self) -> str:
        return f"{self.name} ch{self.request.channel}"

    @property
    def device(self) -> Address:
        """Equal for tasks that may not run at the same time."""
        return Address(self.request.address.host.lower(), self.request.address.port)


def with_passwords(
    tasks: Sequence[Task],
    outcomes: dict[int, _Result | CamreelError],
    there: Callable[[Request], _Result | None] = lambda _request: None,
) -> dict[int, Credentials]:
    """The tasks that are to be run, each with its password: nobody is asked for one in the middle of a download.

    What ``there`` gives for a request is its outcome: then there is nothing to do.
    """
    from camreel.devices import lockout  # noqa: PLC0415 - no other command needs it so early

    ready: dict[int, Credentials] = {}
    for number, task in enumerate(tasks):
        try:
            found = there(task.request)
            if found is not None:
                outcomes[number] = found
                continue
            lockout.check(task.request, datetime.now(timezone.utc))
            ready[number] = Credentials(task.request.username, task.ask_password())
        except CamreelError as error:
            outcomes[number] = error
    return ready


async def run_each(
    job: Job[_Result],
    tasks: Sequence[Task],
    ready: dict[int, Credentials],
    outcomes: dict[int, _Result | CamreelError],
    reporter: ManyReporter,
) -> None:
    """Let ``job`` do each of the tasks that are ``ready``; one that fails stops no other."""
    import anyio  # noqa: PLC0415 - the help page does not need it

    devices: dict[Address, list[int]] = {}
    for number in ready:
        devices.setdefault(tasks[number].device, []).append(number)
    at_a_time = anyio.CapacityLimiter(_MOST_DEVICES)

    async def one_device(numbers: Sequence[int]) -> None:
        refused: dict[str, LoginError] = {}
        async with at_a_time:
            for number in numbers:
                task = tasks[number]
                user = task.request.username
                if user in refused:  # the same password again could lock the account
                    outcomes[number] = refused[user]
                    continue
                outcome = await _one(job, task, ready[number], reporter.listener(number))
                outcomes[number] = outcome
                reporter.ended(number)
                if isinstance(outcome, LoginError):
                    refused[user] = outcome

    async with anyio.create_task_group() as group:
        for numbers in devices.values():
            group.start_soon(one_device, numbers)


async def _one(job: Job[_Result], task: Task, credentials: Credentials, listener: Listener) -> _Result | CamreelError:
    try:
        return await job(task.request, credentials, listener)
    except CamreelError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the others go on; it is told as what it is
        bug = CamreelError(
            f"this is a bug in camreel: {type(error).__name__}: {error}".rstrip(": "),
            hint="Run it for this camera alone with --debug and report what it shows. What was downloaded is kept.",
        )
        bug.__cause__ = error
        return bug
