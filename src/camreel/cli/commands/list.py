"""`camreel list`: what a camera has of a range, as a timeline and a table. `camreel get --dry-run` shows the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.batch import Admission, Batch, CameraTask, camera_tasks
from camreel.cli.camera_choice import CameraCommand, cameras_of
from camreel.cli.help import Argument, Option
from camreel.cli.options import OutputOptions, foreign_options, list_options, manner_options
from camreel.cli.request import LAST_DAY, manner_of, passwords_of
from camreel.cli.results import ResultView, error_lines, names_of, short_text, styled_table
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.cli.ui.questions import asked, needs_confirmation, question
from camreel.cli.ui.timeline import Row, drawn, signs_for
from camreel.errors import CamreelError, Interrupted, NothingRecorded
from camreel.model import Request
from camreel.report import ReportLine, pieces_of
from camreel.report.lines import StyledLine
from camreel.report.listing import (
    SUMMARY,
    Listing,
    dry_run_json,
    head,
    listing_json,
    planned,
    recordings_table,
    summary_row,
    table_rows,
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
Output:
  A row for each channel shows footage, gaps and what the camera may still be
  writing, with a line for each kind of event. Below are the sums; above is
  each recording, if all fits on the screen. Times are by the camera's clock.
  Nothing is downloaded. Without a range, it is the last 24 hours.

Exit codes:
  0 something is recorded   2 usage   3 nothing recorded   5 login refused
  6 camera unreachable; of several cameras or channels the worst
"""


@click.command(
    "list",
    cls=CameraCommand,
    usage="list [CAMERA]... [options]",
    help="Show what a camera has recorded: a timeline, and each recording. Downloads nothing.",
    examples=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("cameras", cls=Argument, nargs=-1, metavar="[CAMERA]...")
@list_options
@click.option(
    "--table",
    cls=Option,
    section="The output",
    usual=True,
    is_flag=True,
    help="Show each recording, even if they fill more than the screen.",
)
@manner_options
@foreign_options
@click.pass_context
def list_(ctx: click.Context, /, **options: Any) -> int:
    manner, passwords = manner_of(ctx), passwords_of(ctx)
    tasks = [task for each in cameras_of(ctx) for task in camera_tasks(each, passwords, usual=LAST_DAY)]
    return show_listings(tasks, manner, jobs=options["jobs"], table=options["table"])


def show_listings(
    tasks: Sequence[CameraTask],
    manner: OutputOptions,
    *,
    jobs: int | None = None,
    dry: bool = False,
    table: bool = False,
) -> int:
    """List all of them, show what there is, and return the exit code. ``dry``: with what an export would do.

    ``table``: with each recording, even if there are more than the screen holds.
    """
    batch: Batch[CameraTask, Listing] = Batch(tasks, manner, jobs=jobs)
    view = _ListingView(manner, dry=dry, table=table)
    with view.watching(batch):
        batch.prepare()
        _find(batch, view)
    if dry:
        _check_outputs(batch)
    return view.show(batch)


def ask_for_all(exports: Batch[CameraTask, Any]) -> None:
    """Search for those that are ready, and ask whether to go on where all together is much.

    Those of which the camera could not be asked are ready no more, and that is their outcome: a login that was refused
    must not go out again. Interrupted where a person says no.
    """
    batch: Batch[CameraTask, Listing] = Batch(
        exports.tasks,
        exports.manner,
        without=tuple(exports.outcomes),
        jobs=exports.jobs,
        certificates=exports.certificates,
    )
    _find(batch)
    size = count = 0
    for number, outcome in batch.outcomes.items():
        if isinstance(outcome, Interrupted):
            raise outcome
        if isinstance(outcome, CamreelError):
            exports.outcomes[number] = outcome
        else:
            size, count = size + (outcome.bytes_to_come or 0), count + 1
    if needs_confirmation(size) and not asked(question(size, None, f" in all, for {count} videos")):
        raise Interrupted("nothing was downloaded")


def _check_outputs(batch: Batch[CameraTask, Listing]) -> None:
    """What an export would find at the place of its output: its own video, or a file that is in the way."""
    from camreel.output.finalize import already_there  # noqa: PLC0415

    for number, outcome in batch.outcomes.items():
        if isinstance(outcome, CamreelError):
            continue
        try:
            assert outcome.output is not None, "there is no dry run without an output"
            there = already_there(Request(outcome.target, outcome.query, outcome.output), tidy=False)
        except CamreelError as error:
            batch.outcomes[number] = error
            continue
        if there is not None:
            batch.outcomes[number] = replace(outcome, bytes_to_come=0, already_there=True)
        elif not outcome.plan.recordings and outcome.nothing is None:
            nothing = NothingRecorded(
                "Nothing is recorded yet.", hint="The camera is still writing it: try again later."
            )
            batch.outcomes[number] = replace(outcome, nothing=nothing)


def _find(batch: Batch[CameraTask, Listing], view: _ListingView | None = None) -> None:
    with loading_aiohttp():
        from camreel.jobs import export as export_job  # noqa: PLC0415 - brings aiohttp and more
        from camreel.transfer.runtime import Runtime  # noqa: PLC0415 - see above

    async def find(task: CameraTask, listener: Listener, _reporter: Reporter, admission: Admission) -> Listing:
        now = replace(task.query, follow=False)  # what there is by now: nothing is waited for
        told = _calm(listener) if batch.manner.progress != "json" else listener
        return await export_job.find(
            task.target,
            now,
            task.credentials,
            told,
            Runtime(admission=admission, certificates=batch.certificates),
            output=task.output,
        )

    if view is None:
        batch.run(find)
    else:
        batch.run(find, tell=partial(view.tell, batch))


def _calm(listener: Listener) -> Listener:
    """Without what the listing says itself."""
    from camreel.events import Planned, Warned  # noqa: PLC0415 - see above

    def on_event(event: Event) -> None:
        if not isinstance(event, (Planned, Warned)):
            listener(event)

    return on_event


class _ListingView(ResultView[Listing]):
    """What there is: one listing, or all of them under one timeline. ``dry``: with what an export would do.

    What the eye looks for comes last: the timeline and the sums. ``table``: each recording, even if there are many.
    """

    tells_each = False

    def __init__(self, manner: OutputOptions, *, dry: bool, table: bool = False) -> None:
        super().__init__(manner)
        self._dry, self._table_wanted = dry, table
        self.done = "planned" if dry else "listed"

    def json(self, result: Listing) -> dict[str, Any]:
        """The listing."""
        return dry_run_json(result) if self._dry else listing_json(result)

    def paths(self, outcomes: Sequence[Listing | CamreelError]) -> list[str]:  # noqa: ARG002 - others have some
        """None."""
        return []

    def show_words(self, task: CameraTask, result: Listing, told: set[str] | None) -> None:  # noqa: ARG002 - a listing repeats nothing
        """Each recording, the range, the timeline, the sums."""
        head = _head(task, result, whole=self.manner.verbose)
        timeline = _timeline([(task, result)])
        least = [*head, *self._sums(result, shows_table=False)]
        shows_table = self._shows_tables([result], len(timeline) + _height(least))
        if shows_table:
            terminal.out_lines(recordings_table(result))
            terminal.out()
        _say(head)
        terminal.out()
        terminal.say_styled(timeline)
        terminal.out()
        _say(self._sums(result, shows_table=shows_table))
        self.show_loss(result)

    def show_loss(self, result: Listing) -> None:
        """What went wrong, to stderr: a script that looks at nothing else must see it."""
        if result.nothing is not None:
            terminal.print_error(result.nothing)

    def show_all(self, tasks: Sequence[CameraTask], outcomes: Sequence[Listing | CamreelError]) -> None:
        """The recordings of each, one timeline, the sums of each, and a table of all."""
        pairs = list(zip(tasks, outcomes, strict=True))
        if self.manner.quiet:
            _complain(pairs)
            return
        listed = [(task, outcome) for task, outcome in pairs if isinstance(outcome, Listing)]
        timeline = _timeline(listed)
        below = list(self._of_each(pairs, shows_table=False))
        height = len(timeline) + sum(_height(lines) + 2 for _task, lines in below) + len(pairs) + 2
        shows_table = self._shows_tables([listing for _task, listing in listed], height)
        if shows_table:
            for task, listing in listed:
                if table_rows(listing):
                    _say_title(task)
                    terminal.out_lines(recordings_table(listing))
                    terminal.out()
        terminal.say_styled(timeline)
        for task, lines in self._of_each(pairs, shows_table=shows_table):
            terminal.out()
            _say_title(task)
            _say(lines)
        terminal.out()
        heads, rows = list(SUMMARY), [[*names_of(task), *_cells(outcome)] for task, outcome in pairs]
        width = terminal.terminal_width(sys.stdout)
        if width is not None and width < _WIDE:
            for cells in (heads, *rows):
                del cells[SUMMARY.index("Size")]  # it stands above
        tones = [error_lines(each)[0].tone if isinstance(each, CamreelError) else None for each in outcomes]
        terminal.say_styled(styled_table(heads, rows, tones, width))

    def _of_each(
        self, pairs: Sequence[tuple[CameraTask, Listing | CamreelError]], *, shows_table: bool
    ) -> Iterator[tuple[CameraTask, list[ReportLine]]]:
        told: set[str] = set()  # cameras whose clock and range stand there already
        for task, outcome in pairs:
            if isinstance(outcome, CamreelError):
                yield task, error_lines(outcome)
                continue
            head = _head(task, outcome, whole=self.manner.verbose, of_camera=task.name not in told)
            told.add(task.name)
            yield task, [*head, *self._sums(outcome, shows_table=shows_table)]

    def _sums(self, listing: Listing, *, shows_table: bool) -> list[ReportLine]:
        hides_table = not (shows_table or self._dry) and bool(table_rows(listing))
        sums = totals(listing, whole=self.manner.verbose, hides_table=hides_table)
        return [*sums, *planned(listing)] if self._dry else sums

    def _shows_tables(self, listings: Sequence[Listing], height: int) -> bool:
        """Whether the recordings are shown: if asked for, or if all fits on the screen. A pipe has no end."""
        if self._dry or self._table_wanted or sys.stdout is None or not sys.stdout.isatty():
            return not self._dry
        rows = sum(table_rows(listing) + 1 + (len(listings) > 1) for listing in listings)
        columns, screen = terminal.terminal_size(sys.stdout)
        if rows + height + _PROMPT > screen:
            return False
        return all(terminal.cells(line) <= columns for listing in listings for line in recordings_table(listing))


_WIDE = 70  # columns for the table of all
_PROMPT = 3  # rows for the command line and for the next


def _cells(outcome: Listing | CamreelError) -> list[str]:
    return summary_row(outcome) if isinstance(outcome, Listing) else [short_text(outcome), "-", "-", "-"]


def _head(task: CameraTask, listing: Listing, *, whole: bool, of_camera: bool = True) -> list[ReportLine]:
    lines = head(listing, whole=whole, of_camera=of_camera)
    if task.query.asked == LAST_DAY and not task.query.since_last and of_camera:
        note = "the last 24 hours: choose another range with --last, --date or --start"
        last = max(number for number, line in enumerate(lines) if line.label == "Range")
        lines.insert(last + 1, ReportLine("Range", note))
    return lines


def _timeline(listed: Sequence[tuple[CameraTask, Listing]]) -> list[StyledLine]:
    if not listed:
        return []
    one_camera = len({task.name for task, _ in listed}) == 1
    rows = [
        Row(_channel(task) if one_camera else task.label, listing.plan.span, listing.stretches, listing.clock)
        for task, listing in listed
    ]
    signs = signs_for(getattr(sys.stdout, "encoding", None))
    return list(drawn(rows, terminal.drawing_width(), signs))


def _channel(task: CameraTask) -> str:
    channel = task.query.channel
    return f"ch{channel}" if isinstance(channel, int) else channel


def _say(lines: Sequence[ReportLine]) -> None:
    terminal.say_styled(pieces_of(lines, terminal.terminal_width(sys.stdout)))


def _say_title(task: CameraTask) -> None:
    terminal.say_styled([((f"== {task.label}", "bold"),)])


def _height(lines: Sequence[ReportLine]) -> int:
    """Rows that they take."""
    return sum(1 for _ in pieces_of(lines, terminal.terminal_width(sys.stdout)))


def _complain(pairs: Sequence[tuple[CameraTask, Listing | CamreelError]]) -> None:
    """What went wrong, to stderr: a script that looks at nothing else must see it."""
    for task, outcome in pairs:
        error = outcome if isinstance(outcome, CamreelError) else outcome.nothing
        if error is not None:
            terminal.err(f"== {task.label}")
            terminal.print_error(error)
