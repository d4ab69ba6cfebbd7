"""Several exports in one run: devices side by side, the channels of one device one after the other.

So what is said of a device (downloads at a time, bytes a second, one refused login) holds for each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from camreel.cli import screen
from camreel.cli.after import Command, run_after
from camreel.cli.job import Manner, logging_to
from camreel.cli.loading import ending_at_once
from camreel.cli.table import table
from camreel.cli.worst import worst
from camreel.errors import AccountLocked, CamreelError, Interrupted, LoginError
from camreel.events import Listener
from camreel.model import Address, Credentials, Request
from camreel.report import Report, error_json, json_head, report_json, report_text
from camreel.units import size_text

if TYPE_CHECKING:
    from camreel.cli.many import ManyReporter

_MOST_DEVICES = 8  # at a time: each merges in a process of its own
_WORDS = {
    1: "a bug",
    2: "not possible",
    3: "nothing recorded",
    5: "login refused",
    6: "camera failed",
    7: "disk or merge",
}
Outcome = Report | CamreelError


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


def run_several(tasks: Sequence[Task], manner: Manner) -> int:
    """Run all of them, show what became of each, and give the worst exit code. One that fails stops no other."""
    with ending_at_once():
        from camreel.cli.many import choose_many  # noqa: PLC0415 - brings anyio and more
        from camreel.cli.runner import run_all  # noqa: PLC0415

    outcomes: dict[int, Outcome] = {}
    ready = _prepared(tasks, outcomes)
    reporter = choose_many([task.label for task in tasks], manner)
    try:
        with logging_to(reporter, manner):
            run_all(lambda: _export_all(tasks, ready, outcomes, reporter), reporter)
    except Interrupted as error:
        for number in range(len(tasks)):
            outcomes.setdefault(number, error)
    for number, outcome in outcomes.items():
        if isinstance(outcome, Report):
            outcomes[number] = run_after(outcome, tasks[number].after, quiet=manner.quiet or manner.progress == "json")
    code = worst(outcome.exit_code for outcome in outcomes.values())
    _show(tasks, [outcomes[number] for number in range(len(tasks))], code, manner)
    return code


def _prepared(tasks: Sequence[Task], outcomes: dict[int, Outcome]) -> dict[int, Credentials]:
    """The tasks that are to be run, each with its password: nobody is asked for one in the middle of a download."""
    from camreel import lockout  # noqa: PLC0415 - see above
    from camreel.exporting import already_there  # noqa: PLC0415

    ready: dict[int, Credentials] = {}
    for number, task in enumerate(tasks):
        try:
            there = already_there(task.request)
            if there is not None:
                outcomes[number] = there
                continue
            lockout.check(task.request, datetime.now(timezone.utc))
            ready[number] = Credentials(task.request.username, task.ask_password())
        except CamreelError as error:
            outcomes[number] = error
    return ready


async def _export_all(
    tasks: Sequence[Task], ready: dict[int, Credentials], outcomes: dict[int, Outcome], reporter: ManyReporter
) -> None:
    import anyio  # noqa: PLC0415 - see above

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
                outcome = await _one(task, ready[number], reporter.listener(number))
                outcomes[number] = outcome
                reporter.ended(number)
                if isinstance(outcome, LoginError):
                    refused[user] = outcome

    async with anyio.create_task_group() as group:
        for numbers in devices.values():
            group.start_soon(one_device, numbers)


async def _one(task: Task, credentials: Credentials, listener: Listener) -> Outcome:
    from camreel import exporting  # noqa: PLC0415 - see above

    try:
        return await exporting.export(task.request, credentials, listener)
    except CamreelError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the others go on; it is told as what it is
        bug = CamreelError(
            f"this is a bug in camreel: {type(error).__name__}: {error}".rstrip(": "),
            hint="Run it for this camera alone with --debug and report what it shows. What was downloaded is kept.",
        )
        bug.__cause__ = error
        return bug


def _show(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, manner: Manner) -> None:
    """Each report, and a table of all. With ``--quiet`` only what is missing, to stderr."""
    from camreel.cli.notes import wrap_report  # noqa: PLC0415 - see above

    if manner.as_json:
        screen.say_json(_document(tasks, outcomes, code))
        return
    for task, outcome in zip(tasks, outcomes, strict=True):
        lines = f"== {task.label}\n{wrap_report(_text(outcome), screen.terminal_width(sys.stdout))}\n"
        if not manner.quiet:
            screen.say(lines)
        elif outcome.exit_code:
            screen.remark(lines)
    if not manner.quiet:
        heads = ("Camera", "Channel", "Result", "Coverage", "Size")
        rows = [_row(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]
        screen.say(table(heads, rows, screen.terminal_width(sys.stdout)))


def _text(outcome: Outcome) -> str:
    if isinstance(outcome, Report):
        return report_text(outcome)
    hint = f"\n          {outcome.hint}" if outcome.hint else ""
    return f"Result    {outcome}{hint}"


def _row(task: Task, outcome: Outcome) -> list[str]:
    camera, channel = task.name, str(task.request.channel)
    if not isinstance(outcome, Report):
        return [camera, channel, _short(outcome), "-", "-"]
    coverage = "-"
    if outcome.span is not None and outcome.asked_seconds:
        coverage = f"{int(1000 * outcome.covered_seconds / outcome.asked_seconds) / 10:.1f} %"
    size = size_text(sum(output.size for output in outcome.outputs)) if outcome.outputs else "-"
    return [camera, channel, outcome.status, coverage, size]


def _short(error: CamreelError) -> str:
    if isinstance(error, AccountLocked):
        return "account locked"
    return _WORDS.get(error.exit_code, "interrupted")


def _document(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int) -> dict[str, Any]:
    runs = [
        {"name": task.name, "channel": task.request.channel, **_run_json(outcome)}
        for task, outcome in zip(tasks, outcomes, strict=True)
    ]
    some = any(isinstance(outcome, Report) for outcome in outcomes)
    status = "complete" if code == 0 else "partial" if some else "error"
    return {**json_head(), "status": status, "exit_code": code, "runs": runs}


def _run_json(outcome: Outcome) -> dict[str, Any]:
    document = report_json(outcome) if isinstance(outcome, Report) else error_json(outcome)
    return {key: value for key, value in document.items() if key not in json_head()}
