"""`camreel get`: a camera and a time range in, one video out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import CameraCommand, cameras_of
from camreel.cli.help import Argument
from camreel.cli.options import OutputOptions, foreign_options, get_options, manner_options, version_option
from camreel.cli.registry import all_of_them
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.errors import CamreelError, UsageError
from camreel.text import count_text, size_text

if TYPE_CHECKING:
    from camreel.cli.batch import Admission, CameraTask
    from camreel.cli.passwords import Passwords
    from camreel.cli.results import Ended
    from camreel.cli.ui.reporters import Reporter
    from camreel.events import Event, Listener
    from camreel.report import Report

_EXAMPLES = """
Examples:
  camreel get front-door --last 1h
  camreel get front-door "last night"
  camreel get 192.168.1.100 -u admin -s "2026-01-16 08:00" -e 18:00
"""

_AT_END_OF_ALL = f"""
Cameras by name:
  camreel setup finds a camera and names it. Then this is enough:
  camreel get front-door --last 1h
  Several names, or --all, make one video for each. The settings can hold most
  options. To see each value and its source: camreel config show

The password:
  Type it when asked. For unattended runs set AMCREST_PASSWORD, or set
  AMCREST_PASSWORD_FILE to a file whose first line is the password.
  AMCREST_HOST, AMCREST_PORT, AMCREST_USERNAME and AMCREST_CHANNEL set the
  options of these names.

Times:
  Without an offset, times mean the clock in the camera's picture. With one
  (-08:00, Z) they mean real time. 23:00 to 03:00 means the last such night.
  You can also write yesterday 8 pm, friday or now.

Exit codes:
  0 complete   2 usage   3 nothing recorded   4 partial   5 login refused
  6 camera unreachable   7 disk or merge   130 interrupted   1 a bug

Other commands (camreel COMMAND --help shows more):
{all_of_them()}
"""


@click.command(
    "get",
    cls=CameraCommand,
    usage="get [CAMERA]... [RANGE] [options]",
    help="Export one video of a time range from an Amcrest or Dahua camera.",
    examples=_EXAMPLES,
    at_end_of_all=_AT_END_OF_ALL,
)
@click.argument("cameras", cls=Argument, nargs=-1, metavar="[CAMERA]...")
@get_options
@manner_options
@foreign_options
@version_option
@click.pass_context
def get(ctx: click.Context, /, **options: Any) -> int:
    # Late here and below: a tenth of a second, which the help page need not wait for.
    from camreel.cli.request import manner_of, passwords_of  # noqa: PLC0415

    manner, passwords = manner_of(ctx), passwords_of(ctx)
    if options["list_only"] or options["dry_run"]:
        return _get(ctx, manner, passwords)
    from camreel.cli.notification import notice_of  # noqa: PLC0415 - see above

    with notice_of(ctx, lines_are_json=manner.progress == "json").around() as notice:
        return _get(ctx, manner, passwords, notice.end_of)


def _get(ctx: click.Context, manner: OutputOptions, passwords: Passwords, ended: Ended = lambda *_: None) -> int:
    """Run the command; ``ended`` is called with what became of the exports."""
    options = ctx.params
    tasks = [task for each in cameras_of(ctx) for task in _tasks(each, passwords)]
    if not manner.quiet and any(task.query.channel == 0 for task in tasks):
        terminal.err("camreel: note: camreel sends --channel 0 as it is; most cameras count from 1 and refuse it.")
    if not options["list_only"] and len(tasks) > 1 and options["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one video, and this makes {len(tasks)}.", hint="Use --output-dir instead."
        )
    if options["list_only"] or options["dry_run"]:
        if manner.report is not None:
            raise UsageError("--report and --dry-run exclude each other.", hint="--report is for a finished video.")
        from camreel.cli.commands.list import show_listings  # noqa: PLC0415 - see above

        return show_listings(tasks, manner, jobs=options["jobs"], dry=not options["list_only"])
    from camreel.cli.request import check_report  # noqa: PLC0415 - see above
    from camreel.cli.ui.questions import can_ask  # noqa: PLC0415 - see above

    files = [task.request.output.file for task in tasks if not task.request.output.named_by_range]
    check_report(manner.report, files, "the file of the video")
    asks = not options["yes"] and can_ask(manner, no_input=options["no_input"])
    return export_all(tasks, manner, asks=asks, jobs=options["jobs"], ended=ended)


def _tasks(ctx: click.Context, passwords: Passwords) -> list[CameraTask]:
    """Return an export for each channel of one camera."""
    from camreel.cli.batch import camera_tasks  # noqa: PLC0415 - see above
    from camreel.cli.hooks import parse_command  # noqa: PLC0415 - see above
    from camreel.cli.request import LAST_DAY, export_output  # noqa: PLC0415 - see above
    from camreel.cli.values import parse_exec_timeout  # noqa: PLC0415 - see above

    limit = parse_exec_timeout(ctx.params["exec_timeout"])
    after = None if ctx.params["exec"] is None else parse_command(ctx.params["exec"], limit)
    tasks = camera_tasks(ctx, passwords, usual=LAST_DAY if ctx.params["list_only"] else None)
    return [replace(task, output=export_output(ctx, task.target, task.query), after=after) for task in tasks]


def export_all(
    tasks: Sequence[CameraTask],
    manner: OutputOptions,
    *,
    asks: bool = False,
    jobs: int | None = None,
    ended: Ended = lambda *_: None,
) -> int:
    """Make the video of each, run the commands for them, show the reports, and return the exit code.

    ``asks``: where there is much to fetch, a person is asked before the download. ``jobs`` work at a time.
    ``ended`` is called as soon as the reports are shown.
    """
    with loading_aiohttp():
        from camreel.cli.batch import Batch  # noqa: PLC0415 - see above
        from camreel.cli.hooks import HookRunner  # noqa: PLC0415 - see above
        from camreel.cli.results import ReportView  # noqa: PLC0415 - see above
        from camreel.cli.ui.questions import confirmation  # noqa: PLC0415 - see above
        from camreel.jobs import export as export_job  # noqa: PLC0415 - see above
        from camreel.output import finalize  # noqa: PLC0415 - see above
        from camreel.report import Report  # noqa: PLC0415 - see above
        from camreel.transfer.runtime import Runtime  # noqa: PLC0415 - see above

    batch: Batch[CameraTask, Report] = Batch(tasks, manner, jobs=jobs)
    view = ReportView(manner, ended)
    with view.watching(batch):
        batch.prepare(lambda task: finalize.already_there(task.request))
    ready, kept = batch.ready, _KeptClips(tasks)
    if asks and ready and not batch.is_single and not any(task.query.follow for task in tasks):
        from camreel.cli.commands.list import ask_for_all  # noqa: PLC0415 - see above

        ask_for_all(batch)

    hooks = HookRunner(tasks, batch.jobs, quiet=manner.quiet or manner.progress == "json")

    async def export(task: CameraTask, listener: Listener, reporter: Reporter, admission: Admission) -> Report:
        return await export_job.export(
            task.request,
            task.credentials,
            kept.counted(listener),
            Runtime(admission=admission, certificates=batch.certificates),
            confirm=confirmation(reporter, task.target.limit_rate) if asks and batch.is_single else None,
            before_naming=hooks.note_for(task.after),
        )

    async def finish(task: CameraTask, report: Report, reporter: Reporter) -> Report:
        if report.outputs and not report.already_there:
            kept.is_named = True
        return await hooks.run(task, report, reporter)

    if ready or hooks.has_work():
        try:
            with view.watching(batch):
                try:
                    batch.run(
                        export,
                        in_full=True,
                        interrupted_message=kept.message,
                        finish=finish,
                        beside=hooks.run_owed,
                        tell=partial(view.tell, batch),
                    )
                except CamreelError:  # of an only task: there is no report to have them
                    for failure in hooks.failures:
                        view.log(failure)
                    raise
        finally:
            hooks.close()
    for number, outcome in batch.outcomes.items():
        if isinstance(outcome, Report) and hooks.failures:  # of videos that are no task's: told beside the first
            failures = (*outcome.exec_failures, *hooks.failures)
            batch.outcomes[number] = replace(outcome, exec_failures=failures)
            break
    return view.show(batch)


class _KeptClips:
    """The clips that an only export has, for what is said after Ctrl-C."""

    def __init__(self, tasks: Sequence[CameraTask]) -> None:
        self.is_named = False  # the video has its name: they are gone
        self._tasks = tasks
        self._planned = 0
        self._sizes: dict[int, int] = {}  # bytes of each clip

    def counted(self, listener: Listener) -> Listener:
        """Return ``listener``, with the clips counted."""
        from camreel.events import ClipFetched, Planned  # noqa: PLC0415 - see above

        def on_event(event: Event) -> None:
            if isinstance(event, Planned):
                self._planned = len(event.plan.recordings)
            elif isinstance(event, ClipFetched):
                self._sizes[event.number] = event.size
            listener(event)

        return on_event

    def message(self) -> str:
        """Return what is said after Ctrl-C."""
        from camreel.cli.batch import AGAIN  # noqa: PLC0415 - see above
        from camreel.transfer.store import ROOT  # noqa: PLC0415 - see above

        if len(self._tasks) == 1 and self.is_named:
            return "interrupted; the video is complete; the next run runs its --exec command"
        if len(self._tasks) > 1 or not self._sizes:
            return AGAIN
        folder = self._tasks[0].request.output.folder / ROOT
        with suppress(OSError, ValueError):  # it is elsewhere
            folder = folder.relative_to(Path.cwd())
        size, here = size_text(sum(self._sizes.values())), len(self._sizes)
        # With --follow some are here before all are planned.
        return f"{AGAIN}; {here} of {count_text(max(here, self._planned), 'clip')} ({size}) are kept in {folder}"
