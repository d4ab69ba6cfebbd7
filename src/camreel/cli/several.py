"""Several exports in one run: each with its report, all in one table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from camreel.cli import screen
from camreel.cli.after import run_after
from camreel.cli.job import Manner, logging_to
from camreel.cli.listing import ask_for_all
from camreel.cli.loading import loading_aiohttp
from camreel.cli.side_by_side import Task, run_each, with_passwords
from camreel.cli.worst import worst
from camreel.errors import AccountLocked, CamreelError, Interrupted
from camreel.report import Report, error_json, json_head, report_json, report_text
from camreel.text import size_text, table

_WORDS = {
    1: "a bug",
    2: "not possible",
    3: "nothing recorded",
    5: "login refused",
    6: "camera failed",
    7: "disk or merge",
}
Outcome = Report | CamreelError


def run_several(tasks: Sequence[Task], manner: Manner, *, asks: bool = False) -> int:
    """Run all of them, show what became of each, and give the worst exit code. One that fails stops no other.

    ``asks``: they are all searched first, and a person is asked where what is to be fetched is much in all.
    """
    with loading_aiohttp():
        from camreel.cli.many import choose_many  # noqa: PLC0415 - brings anyio and more
        from camreel.cli.runner import run_all  # noqa: PLC0415
        from camreel.jobs import export as export_job  # noqa: PLC0415

    outcomes: dict[int, Outcome] = {}
    ready = with_passwords(tasks, outcomes, export_job.already_there)
    if asks and ready and not any(task.request.follow for task in tasks):
        ask_for_all(tasks, ready, outcomes, manner)
    reporter = choose_many([task.label for task in tasks], manner)
    try:
        with logging_to(reporter, manner):
            run_all(lambda: run_each(export_job.export, tasks, ready, outcomes, reporter), reporter)
    except Interrupted as error:
        for number in range(len(tasks)):
            outcomes.setdefault(number, error)
    for number, outcome in outcomes.items():
        if isinstance(outcome, Report):
            outcomes[number] = run_after(outcome, tasks[number].after, quiet=manner.quiet or manner.progress == "json")
    code = worst(outcome.exit_code for outcome in outcomes.values())
    _show(tasks, [outcomes[number] for number in range(len(tasks))], code, manner)
    return code


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
        {"name": task.name, "channel": task.request.channel, **_run_json(outcome)}
        for task, outcome in zip(tasks, outcomes, strict=True)
    ]
    some = any(isinstance(outcome, Report) for outcome in outcomes)
    status = "complete" if code == 0 else "partial" if some else "error"
    return {**json_head(), "status": status, "exit_code": code, "runs": runs}


def _run_json(outcome: Outcome) -> dict[str, Any]:
    document = report_json(outcome) if isinstance(outcome, Report) else error_json(outcome)
    return {key: value for key, value in document.items() if key not in json_head()}
