"""`camreel list`: what a camera has of a range, as a timeline and a table. `camreel get --dry-run` shows the same.

A listing on the screen, or as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.batch import Task, run_each, short_text, tasks_of, with_passwords
from camreel.cli.camera_choice import CameraCommand, cameras_of
from camreel.cli.exit_codes import most_severe
from camreel.cli.help import Argument
from camreel.cli.options import OutputOptions, foreign_options, list_options, manner_options
from camreel.cli.request import LAST_DAY, manner_of, passwords_of
from camreel.cli.run import asked, logging_to, needs_confirmation, question
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.cli.ui.notes import NoteLine
from camreel.cli.ui.timeline import Row, drawn, signs_for
from camreel.errors import CamreelError, Interrupted, NothingRecorded
from camreel.model import Credentials, Request
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

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter
    from camreel.events import Event, Listener

_EXAMPLES = """
Examples:
  camreel list front-door --last 12h
  camreel list nvr --channel 1,3-5 --date yesterday
  camreel list --all --last 2d --json
"""

_AT_END = """
What is shown:
  Above, a row for each channel: what is recorded, in full or in part of a
  column, what is not, what is not settled yet, and a line for each kind of
  event. Below, each recording, and the sums. All times are the camera's own.
  Nothing is downloaded. No range means the last 24 hours.

Exit codes:
  0 something is recorded   2 usage   3 nothing recorded   5 login refused
  6 camera unreachable; of several cameras or channels the worst
"""


@click.command(
    "list",
    cls=CameraCommand,
    usage="list [CAMERA]... [options]",
    help="What a camera has recorded: a timeline, and each recording. Downloads nothing.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("cameras", cls=Argument, nargs=-1, metavar="[CAMERA]...")
@list_options
@manner_options
@foreign_options
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    **_options: Any,
) -> int:
    manner = manner_of(ctx)
    passwords = passwords_of(ctx)
    tasks = [task for each in cameras_of(ctx) for task in tasks_of(each, passwords, usual=LAST_DAY)]
    return run_listing(tasks, manner)


def run_listing(tasks: Sequence[Task], manner: OutputOptions) -> int:
    """List all of them, show what there is, and give the worst exit code."""
    return _run(tasks, manner, dry=False)


def run_dry(tasks: Sequence[Task], manner: OutputOptions) -> int:
    """The same, with what an export of each would do."""
    return _run(tasks, manner, dry=True)


def _run(tasks: Sequence[Task], manner: OutputOptions, *, dry: bool) -> int:
    outcomes: dict[int, Outcome] = {}
    ready = with_passwords(tasks, outcomes)
    try:
        _find(tasks, ready, outcomes, manner)
        if dry:
            _check_outputs(outcomes)
    except Interrupted as error:
        if len(tasks) == 1:
            raise
        for number in range(len(tasks)):
            outcomes.setdefault(number, error)
    found = [outcomes[number] for number in range(len(tasks))]
    code = most_severe(outcome.exit_code for outcome in found)
    if len(found) == 1 and isinstance(found[0], CamreelError):
        raise found[0]
    show(tasks, found, code, manner, dry=dry)
    return code


def _check_outputs(outcomes: dict[int, Outcome]) -> None:
    """What an export would find at the place of its output: its own video, or a file that is in the way."""
    from camreel.output.finalize import already_there  # noqa: PLC0415

    for number, outcome in outcomes.items():
        if isinstance(outcome, CamreelError):
            continue
        try:
            assert outcome.output is not None, "there is no dry run without an output"
            there = already_there(Request(outcome.target, outcome.query, outcome.output), tidy=False)
        except CamreelError as error:
            outcomes[number] = error
            continue
        if there is not None:
            outcomes[number] = replace(outcome, bytes_to_come=0, already_there=True)
        elif not outcome.plan.recordings and outcome.nothing is None:
            nothing = NothingRecorded(
                "Nothing is recorded yet.", hint="The camera is still writing it: try again later."
            )
            outcomes[number] = replace(outcome, nothing=nothing)


def ask_for_all(
    tasks: Sequence[Task], ready: dict[int, Credentials], outcomes: MutableMapping[int, Any], manner: OutputOptions
) -> None:
    """Search for those that are ``ready``, and ask whether to go on where all together is much.

    Those of which the camera could not be asked are ready no more, and that is their outcome: a login that was refused
    must not go out again. Interrupted where a person says no.
    """
    found: dict[int, Outcome] = {}
    _find(tasks, dict(ready), found, manner)
    size = count = 0
    for number, outcome in found.items():
        if isinstance(outcome, CamreelError):
            outcomes[number] = outcome
            del ready[number]
        else:
            size, count = size + (outcome.bytes_to_come or 0), count + 1
    if needs_confirmation(size) and not asked(question(size, None, f" in all, for {count} videos")):
        raise Interrupted("nothing was downloaded")


def _find(
    tasks: Sequence[Task], ready: dict[int, Credentials], outcomes: dict[int, Outcome], manner: OutputOptions
) -> None:
    with loading_aiohttp():
        from camreel.cli.runner import run_all  # noqa: PLC0415
        from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415
        from camreel.jobs import export as export_job  # noqa: PLC0415 - brings aiohttp and more

    async def find(task: Task, credentials: Credentials, listener: Listener) -> Listing:
        now = replace(task.query, follow=False)  # what there is by now: nothing is waited for
        told = _calm(listener) if manner.progress != "json" else listener
        return await export_job.find(task.target, now, credentials, told, output=task.output)

    reporter: Reporter = choose_reporter(manner, [task.label for task in tasks])
    with logging_to(reporter, manner):
        run_all(lambda: run_each(find, tasks, ready, outcomes, reporter), reporter)


def _calm(listener: Listener) -> Listener:
    """Without what the listing says itself."""
    from camreel.events import Planned, Warned  # noqa: PLC0415 - see above

    def on_event(event: Event) -> None:
        if not isinstance(event, (Planned, Warned)):
            listener(event)

    return on_event


Outcome = Listing | CamreelError


def show(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, manner: OutputOptions, *, dry: bool) -> None:
    """What there is, to stdout: one listing, or all of them under one timeline."""
    if manner.as_json:
        terminal.say_json(_document(tasks, outcomes, code, dry=dry))
        return
    if manner.quiet:
        _complain(tasks, outcomes)
        return
    listed = [(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True) if isinstance(outcome, Listing)]
    alone = listed[0] if len(tasks) == 1 else None
    if alone:
        _say(_head(*alone))
        terminal.out()
    _draw(listed)
    told: set[str] = set()  # cameras whose clock and range stand there already
    for task, outcome in zip(tasks, outcomes, strict=True):
        if not alone:
            terminal.out(f"\n== {task.label}")
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
        terminal.out("\n" + summary([_summary(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]))


def _head(task: Task, listing: Listing) -> list[Labelled]:
    unasked = task.query.asked == LAST_DAY
    return head(
        listing, note="the last 24 hours: another range is given with --last, --date or --start" if unasked else ""
    )


def _details(listing: Listing, *, dry: bool) -> None:
    if rows := recordings_table(listing) if not dry else "":
        terminal.out(f"\n{rows}")
    terminal.out()
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
    terminal.say_styled(drawn(rows, terminal.drawing_width(), signs_for(getattr(sys.stdout, "encoding", None))))


def _channel(task: Task) -> str:
    channel = task.query.channel
    return f"ch{channel}" if isinstance(channel, int) else channel


def _say(rows: Sequence[Labelled]) -> None:
    width = terminal.terminal_width(sys.stdout)
    terminal.out("\n".join(line for label, text in rows for line in NoteLine(label, text).lines(width)))


def _complain(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> None:
    """What went wrong, to stderr: a script that looks at nothing else must see it."""
    for task, outcome in zip(tasks, outcomes, strict=True):
        error = outcome if isinstance(outcome, CamreelError) else outcome.nothing
        if error is None:
            continue
        if len(tasks) > 1:
            terminal.err(f"== {task.label}")
        terminal.print_error(error)


def _summary(task: Task, outcome: Outcome) -> list[str]:
    start = [task.name, str(task.query.channel)]
    return [*start, *(summary_row(outcome) if isinstance(outcome, Listing) else [short_text(outcome), "-", "-", "-"])]


def _document(tasks: Sequence[Task], outcomes: Sequence[Outcome], code: int, *, dry: bool) -> dict[str, Any]:
    documents = [_one(outcome, dry=dry) for outcome in outcomes]
    if len(tasks) == 1:
        return documents[0]
    runs = [
        {"name": task.name, "channel": task.query.channel}
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
