"""`camreel merge`: clips that are on disk already in, one video out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from camreel.cli.batch import Admission, Batch, Task
from camreel.cli.camera_choice import FileCommand
from camreel.cli.help import Argument
from camreel.cli.options import OutputOptions, field_values, manner_options, merge_options
from camreel.cli.request import absolute, check_report, output_of, report_place, video_of
from camreel.cli.results import ReportView
from camreel.cli.startup import loading
from camreel.clock import parse_range
from camreel.errors import UsageError
from camreel.formats.containers import OutputFormat
from camreel.model import Asked, MergeRequest, Output

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter
    from camreel.events import Listener
    from camreel.report import Report

_EXAMPLES = """
Examples:
  camreel merge /media/sdcard -o all.mp4
  camreel merge /srv/ftp/2026-01-16/001 -o a.mkv \\
      -s "2026-01-16 08:00" -e "2026-01-16 18:00"
  camreel merge one.dav two.dav -o both.mp4 \\
      --camera-tz Europe/Berlin
"""

_AT_END = """
Files and folders:
  It only reads them. It searches folders for .mp4, .dav, .mov and .m4v, and
  for .mkv, .avi, .ts, .mpg, .flv, .h264, .h265 and the like.

Times:
  By the clock in the frames of a .dav, else by the names that cameras and
  recorders give, else by the file's creation_time, which needs --camera-tz.
"""


@click.command(
    "merge",
    cls=FileCommand,
    usage="merge FILE... -o OUT [options]",
    help="Make one video of clips on disk: an SD card, an FTP folder, .dav exports.",
    examples=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("files", cls=Argument, nargs=-1)
@merge_options
@manner_options
@click.pass_context
def merge(
    ctx: click.Context,
    /,
    *,
    files: tuple[str, ...],
    output_file: str | None,
    output_format: str | None,
    start: str | None,
    end: str | None,
    camera_tz: str | None,
    in_order: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    progress: str,
    report: str | None,
    opens: bool,
    **_others: Any,
) -> int:
    manner = OutputOptions(
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
        progress=progress,
        report=report_place(report),
        opens=opens,
    )
    if not files or output_file is None:
        missing = "FILE and -o are" if not files and output_file is None else "FILE is" if not files else "-o is"
        raise UsageError(f"{missing} missing.", hint="Try:\ncamreel merge /media/sdcard -o all.mp4")
    asked = _range(start, end)
    if in_order and (asked is not None or camera_tz is not None):
        given = "--camera-tz" if asked is None else "--start"
        raise UsageError(
            f"{given} and --in-order exclude each other.", hint="--in-order ignores the times of the clips."
        )
    file, chosen = output_of(output_file, absolute("."), OutputFormat(output_format) if output_format else None)
    check_report(manner.report, [file], "the file of --output-file")
    of_clips = field_values(ctx, MergeRequest)
    output = Output(file.parent, file, chosen, video=video_of(ctx, chosen), **field_values(ctx, Output))
    with loading():
        from camreel.files import find_files  # noqa: PLC0415 - brings PyAV, which --help should not wait for
        from camreel.jobs import merge_files  # noqa: PLC0415 - as above

    found = find_files(files, file)
    check_report(manner.report, (each.path for each in found.files), "one of the clips")
    request = MergeRequest(found.files, output, asked, **of_clips)

    async def join(_task: Task, listener: Listener, _reporter: Reporter, _admission: Admission) -> Report:
        return await merge_files.merge(request, listener, notes=found.notes, missing=found.missing)

    batch: Batch[Task, Report] = Batch([Task(file.name)], manner)
    view = ReportView(manner)
    with view.watching(batch):
        batch.run(join, in_full=True, interrupted_message=lambda: _INTERRUPTED)
    return view.show(batch)


_INTERRUPTED = "interrupted; there is no video, and the clips are unchanged"


def _range(start: str | None, end: str | None) -> Asked | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        given, missing = ("--start", "--end") if end is None else ("--end", "--start")
        raise UsageError(
            f"{missing} is missing.", hint=f"{given} needs it; without both, the video has all that the clips hold."
        )
    return parse_range(start, end)
