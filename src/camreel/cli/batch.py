"""Several cameras in one run: devices side by side, the channels of one device one after the other.

So what is said of a device (downloads at a time, bytes a second, one refused login) holds for each of them.

Several exports in one run: each with its report, all in one table.

`camreel get`: a camera and a time range in, one video out. From its options to requests, and to their exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click

from camreel.cli.camera_choice import cameras_of, chosen_of
from camreel.cli.exit_codes import most_severe
from camreel.cli.hooks import parse_command, run_after
from camreel.cli.options import OutputOptions
from camreel.cli.passwords import Passwords
from camreel.cli.request import LAST_DAY, export_output, manner_of, passwords_of, wanted_of
from camreel.cli.run import can_ask, logging_to, run_job
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.errors import AccountLocked, CamreelError, Interrupted, LoginError, UsageError
from camreel.events import Listener
from camreel.model import Address, Asked, Credentials, Output, Query, Request, Target
from camreel.report import Report, error_json, json_head, report_json, report_text
from camreel.text import size_text, table

if TYPE_CHECKING:
    from camreel.cli.hooks import HookCommand
    from camreel.cli.ui.reporters import Reporter

_Result = TypeVar("_Result")
_MOST_DEVICES = 8  # at a time: each merges in a process of its own


@dataclass(frozen=True, slots=True)
class Task:
    """One export or listing of several. ``name`` is how its camera was called on the command line."""

    target: Target
    query: Query
    name: str
    ask_password: Callable[[], str]
    output: Output | None = None
    after: HookCommand | None = None

    @property
    def request(self) -> Request:
        """The export. A task that only lists has none."""
        assert self.output is not None, "a listing goes nowhere"
        return Request(self.target, self.query, self.output)

    @property
    def label(self) -> str:
        return f"{self.name} ch{self.query.channel}"

    @property
    def device(self) -> Address:
        """Equal for tasks that may not run at the same time."""
        return Address(self.target.address.host.lower(), self.target.address.port)


Job = Callable[[Task, Credentials, Listener], Awaitable[_Result]]


def with_passwords(
    tasks: Sequence[Task],
    outcomes: dict[int, _Result | CamreelError],
    there: Callable[[Task], _Result | None] = lambda _task: None,
) -> dict[int, Credentials]:
    """The tasks that are to be run, each with its password: nobody is asked for one in the middle of a download.

    What ``there`` gives for a task is its outcome: then there is nothing to do.
    """
    from camreel.devices import lockout  # noqa: PLC0415 - no other command needs it so early

    ready: dict[int, Credentials] = {}
    for number, task in enumerate(tasks):
        try:
            found = there(task)
            if found is not None:
                outcomes[number] = found
                continue
            lockout.check(task.target, datetime.now(timezone.utc))
            ready[number] = Credentials(task.target.username, task.ask_password())
        except CamreelError as error:
            outcomes[number] = error
    return ready


async def run_each(
    job: Job[_Result],
    tasks: Sequence[Task],
    ready: dict[int, Credentials],
    outcomes: dict[int, _Result | CamreelError],
    reporter: Reporter,
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
                user = task.target.username
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
        return await job(task, credentials, listener)
    except CamreelError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the others go on; it is told as what it is
        bug = CamreelError(
            f"this is a bug in camreel: {type(error).__name__}: {error}".rstrip(": "),
            hint="Run it for this camera alone with --debug and report what it shows. What was downloaded is kept.",
        )
        bug.__cause__ = error
        return bug


_WORDS = {
    1: "a bug",
    2: "not possible",
    3: "nothing recorded",
    5: "login refused",
    6: "camera failed",
    7: "disk or merge",
}

Outcome = Report | CamreelError


def run_several(tasks: Sequence[Task], manner: OutputOptions, *, asks: bool = False) -> int:
    """Run all of them, show what became of each, and give the worst exit code. One that fails stops no other.

    ``asks``: they are all searched first, and a person is asked where what is to be fetched is much in all.
    """
    with loading_aiohttp():
        from camreel.cli.runner import run_all  # noqa: PLC0415
        from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415 - brings anyio and more
        from camreel.jobs import export as export_job  # noqa: PLC0415

    async def export(task: Task, credentials: Credentials, listener: Listener) -> Report:
        return await export_job.export(task.request, credentials, listener)

    outcomes: dict[int, Outcome] = {}
    ready = with_passwords(tasks, outcomes, lambda task: export_job.already_there(task.request))
    if asks and ready and not any(task.query.follow for task in tasks):
        from camreel.cli.commands.list import ask_for_all  # noqa: PLC0415 - it imports this module

        ask_for_all(tasks, ready, outcomes, manner)
    reporter = choose_reporter(manner, [task.label for task in tasks])
    try:
        with logging_to(reporter, manner):
            run_all(lambda: run_each(export, tasks, ready, outcomes, reporter), reporter)
    except Interrupted as error:
        for number in range(len(tasks)):
            outcomes.setdefault(number, error)
    for number, outcome in outcomes.items():
        if isinstance(outcome, Report):
            outcomes[number] = run_after(outcome, tasks[number].after, quiet=manner.quiet or manner.progress == "json")
    code = most_severe(outcome.exit_code for outcome in outcomes.values())
    _show(tasks, [outcomes[number] for number in range(len(tasks))], code, manner)
    return code


def _show(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, manner: OutputOptions) -> None:
    """Each report, and a table of all. With ``--quiet`` only what is missing, to stderr."""
    from camreel.cli.ui.notes import wrap_report  # noqa: PLC0415 - see above

    if manner.as_json:
        terminal.say_json(_document(tasks, outcomes, code))
        return
    for task, outcome in zip(tasks, outcomes, strict=True):
        lines = f"== {task.label}\n{wrap_report(_text(outcome), terminal.terminal_width(sys.stdout))}\n"
        if not manner.quiet:
            terminal.out(lines)
        elif outcome.exit_code:
            terminal.err(lines)
    if not manner.quiet:
        heads = ("Camera", "Channel", "Result", "Coverage", "Size")
        rows = [_row(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]
        terminal.out(table(heads, rows, terminal.terminal_width(sys.stdout)))


def _text(outcome: Outcome) -> str:
    if isinstance(outcome, Report):
        return report_text(outcome)
    hint = f"\n          {outcome.hint}" if outcome.hint else ""
    return f"Result    {outcome}{hint}"


def _row(task: Task, outcome: Outcome) -> list[str]:
    camera, channel = task.name, str(task.query.channel)
    if not isinstance(outcome, Report):
        return [camera, channel, short_text(outcome), "-", "-"]
    coverage = "-"
    if outcome.span is not None and outcome.asked_seconds:
        coverage = f"{int(1000 * outcome.covered_seconds / outcome.asked_seconds) / 10:.1f} %"
    size = size_text(sum(output.size for output in outcome.outputs)) if outcome.outputs else "-"
    return [camera, channel, outcome.status, coverage, size]


def short_text(error: CamreelError) -> str:
    """An error in two words, for a table."""
    if isinstance(error, AccountLocked):
        return "account locked"
    return _WORDS.get(error.exit_code, "interrupted")


def _document(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int) -> dict[str, Any]:
    runs = [
        {"name": task.name, "channel": task.query.channel, **_run_json(outcome)}
        for task, outcome in zip(tasks, outcomes, strict=True)
    ]
    some = any(isinstance(outcome, Report) for outcome in outcomes)
    status = "complete" if code == 0 else "partial" if some else "error"
    return {**json_head(), "status": status, "exit_code": code, "runs": runs}


def _run_json(outcome: Outcome) -> dict[str, Any]:
    document = report_json(outcome) if isinstance(outcome, Report) else error_json(outcome)
    return {key: value for key, value in document.items() if key not in json_head()}


def run_get(ctx: click.Context, /, **_options: Any) -> int:
    """Make the requests of a command line and run them; the exit code."""
    manner = manner_of(ctx)
    passwords = passwords_of(ctx)
    tasks = [task for each in cameras_of(ctx) for task in _tasks(each, passwords)]
    if not manner.quiet and any(task.query.channel == 0 for task in tasks):
        terminal.err("camreel: note: --channel 0 is sent as it is; most cameras count from 1 and refuse it.")
    if ctx.params["list_only"]:
        from camreel.cli.commands.list import run_listing  # noqa: PLC0415 - it imports this module

        return run_listing(tasks, manner)
    if len(tasks) > 1 and ctx.params["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one video, and this makes {len(tasks)}.", hint="Give --output-dir in place of it."
        )
    if ctx.params["dry_run"]:
        from camreel.cli.commands.list import run_dry  # noqa: PLC0415 - it imports this module

        return run_dry(tasks, manner)
    asks = not ctx.params["yes"] and can_ask(manner, no_input=ctx.params["no_input"])
    if len(tasks) == 1:
        return run_job(tasks[0].request, tasks[0].ask_password, manner, tasks[0].after, asks=asks).exit_code
    return run_several(tasks, manner, asks=asks)


def _tasks(ctx: click.Context, passwords: Passwords) -> list[Task]:
    """An export for each channel of one camera."""
    after = None if ctx.params["exec"] is None else parse_command(ctx.params["exec"])
    usual = LAST_DAY if ctx.params["list_only"] else None
    tasks = tasks_of(ctx, passwords, usual=usual)
    return [replace(task, output=export_output(ctx, task.target, task.query), after=after) for task in tasks]


def tasks_of(ctx: click.Context, passwords: Passwords, *, usual: Asked | None = None) -> list[Task]:
    """A task for each channel of one camera, without an output."""
    chosen = chosen_of(ctx)

    def task(target: Target, query: Query) -> Task:
        def ask() -> str:
            return passwords.of(target.username, str(target.address), chosen)

        return Task(target, query, chosen.name or target.address.authority, ask)

    return [task(*wanted_of(ctx, channel, usual=usual)) for channel in ctx.params["channel"]]
