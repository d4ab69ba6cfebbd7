"""A listing on the screen, or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from camreel.cli import screen
from camreel.cli.job import Manner
from camreel.cli.listing import LAST_DAY
from camreel.cli.notes import Note
from camreel.cli.several import short_text
from camreel.cli.side_by_side import Task
from camreel.cli.timeline import Row, drawn, signs_for
from camreel.errors import CamreelError
from camreel.report import error_json, json_head
from camreel.report.listing import (
    Labelled,
    Listing,
    dry_run_json,
    head,
    listing_json,
    planned,
    recordings_table,
    summary,
    summary_row,
    totals,
)

Outcome = Listing | CamreelError


def show(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, manner: Manner, *, dry: bool) -> None:
    """What there is, to stdout: one listing, or all of them under one timeline."""
    if manner.as_json:
        screen.say_json(_document(tasks, outcomes, code, dry=dry))
        return
    if manner.quiet:
        _complain(tasks, outcomes)
        return
    listed = [(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True) if isinstance(outcome, Listing)]
    alone = listed[0] if len(tasks) == 1 else None
    if alone:
        _say(_head(*alone))
        screen.say()
    _draw(listed)
    told: set[str] = set()  # cameras whose clock and range stand there already
    for task, outcome in zip(tasks, outcomes, strict=True):
        if not alone:
            screen.say(f"\n== {task.label}")
        if isinstance(outcome, CamreelError):
            _say([("Result", str(outcome)), *([("", outcome.hint)] if outcome.hint else [])])
            continue
        if not alone:
            _say(_head(task, outcome)[: 1 if task.name in told else None])
            told.add(task.name)
        _details(outcome, dry=dry)
    if alone:
        _complain(tasks, outcomes)
    else:
        screen.say("\n" + summary([_summary(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]))


def _head(task: Task, listing: Listing) -> list[Labelled]:
    unasked = task.request.asked == LAST_DAY
    return head(
        listing, note="the last 24 hours: another range is given with --last, --date or --start" if unasked else ""
    )


def _details(listing: Listing, *, dry: bool) -> None:
    if rows := recordings_table(listing) if not dry else "":
        screen.say(f"\n{rows}")
    screen.say()
    _say(totals(listing))
    if dry:
        _say(planned(listing))


def _draw(listed: Sequence[tuple[Task, Listing]]) -> None:
    if not listed:
        return
    one_camera = len({task.name for task, _ in listed}) == 1
    rows = [
        Row(_channel(task) if one_camera else task.label, listing.plan.span, listing.stretches, listing.clock)
        for task, listing in listed
    ]
    screen.say_styled(drawn(rows, screen.drawing_width(), signs_for(getattr(sys.stdout, "encoding", None))))


def _channel(task: Task) -> str:
    channel = task.request.channel
    return f"ch{channel}" if isinstance(channel, int) else channel


def _say(rows: Sequence[Labelled]) -> None:
    width = screen.terminal_width(sys.stdout)
    screen.say("\n".join(line for label, text in rows for line in Note(label, text).lines(width)))


def _complain(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
    """What went wrong, to stderr: a script that looks at nothing else must see it."""
    for task, outcome in zip(tasks, outcomes, strict=True):
        error = outcome if isinstance(outcome, CamreelError) else outcome.nothing
        if error is None:
            continue
        if len(tasks) > 1:
            screen.remark(f"== {task.label}")
        screen.complain(error)


def _summary(task: Task, outcome: Outcome) -> list[str]:
    start = [task.name, str(task.request.channel)]
    return [*start, *(summary_row(outcome) if isinstance(outcome, Listing) else [short_text(outcome), "-", "-", "-"])]


def _document(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, *, dry: bool) -> dict[str, Any]:
    documents = [_one(outcome, dry=dry) for outcome in outcomes]
    if len(tasks) == 1:
        return documents[0]
    runs = [
        {"name": task.name, "channel": task.request.channel}
        | {key: value for key, value in document.items() if key not in json_head()}
        for task, document in zip(tasks, documents, strict=True)
    ]
    some = any(isinstance(outcome, Listing) for outcome in outcomes)
    status = ("planned" if dry else "listed") if code == 0 else "partial" if some else "error"
    return {**json_head(), "status": status, "exit_code": code, "runs": runs}


def _one(outcome: Outcome, *, dry: bool) -> dict[str, Any]:
    if isinstance(outcome, CamreelError):
        return error_json(outcome)
    return dry_run_json(outcome) if dry else listing_json(outcome)
