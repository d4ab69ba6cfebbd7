"""`camreel look`: a camera and a time range in, a page of pictures out, to find the minute."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.batch import Admission, Batch, CameraTask, camera_tasks
from camreel.cli.camera_choice import CameraCommand, cameras_of, chosen_of
from camreel.cli.help import Argument, Option, Whole
from camreel.cli.options import OutputOptions, field_values, get_options, list_options, manner_options, some_of
from camreel.cli.passwords import Passwords
from camreel.cli.request import LAST_DAY, absolute, check_folder, output_dir_of, passwords_of
from camreel.cli.results import ResultView
from camreel.cli.startup import loading_aiohttp, program_command
from camreel.cli.ui import terminal
from camreel.cli.ui.questions import asked_meanwhile, can_ask
from camreel.clock import parse_length
from camreel.errors import CamreelError
from camreel.events import Listener
from camreel.model import IfExists, Output, Query, Target
from camreel.report import ReportLine, Tone, pieces_of
from camreel.text import count_text, size_text

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter
    from camreel.preview import DownloadQuestion, GetLine, Look, LookOptions, WrittenPage

_EXAMPLES = """
Examples:
  camreel look front-door --last 12h
  camreel look 192.168.1.100 -u admin --date yesterday --every 15m
  camreel look --all --last 2h
"""

_AT_END = """
Output:
  One page for all cameras (look_CAMERA_chN_RANGE.html), which opens from the
  disk, and a contact sheet (.png, needs camreel[pictures]). Events have a
  picture every 10 s, the others share the rest; 500 in all. The page shows the
  command that exports an event, or a range that you choose. No range means the
  last 24 hours. The same look again finds its page and fetches nothing.

Downloads:
  camreel fetches single keyframes. If the camera cannot send parts of
  recordings, it takes snapshots, else recordings of the sub stream, else whole
  ones: then it asks first (--yes: no question).

Exit codes:
  0 complete   2 usage   3 nothing recorded   4 a picture is missing
  5 login refused   6 camera unreachable   7 disk   130 interrupted
"""

_MOST = 500
# What the command for a moment has to repeat, where it was said here; what the settings say holds there, too.
_REPEATED = (
    *("username", "port", "https", "insecure", "ca_file", "fingerprint", "legacy_tls", "allow_basic"),
    *("camera_tz", "clock_drift", "stream"),
)
_SAID = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)


@click.command(
    "look",
    cls=CameraCommand,
    usage="look [CAMERA]... [RANGE] [options]",
    help="Make a page of pictures of a time range, to find the minute without a download.",
    examples=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("cameras", cls=Argument, nargs=-1, metavar="[CAMERA]...")
@some_of(list_options, "host", "username", "start", "end", "channel", "all_cameras")
@some_of(get_options, "output_dir", "shared_folder", "opens")
@click.option(
    "-o", "--output-file", cls=Option, usual=True, metavar="FILE", help="Write the page to FILE, like night.html."
)
@click.option(
    "--every", cls=Option, usual=True, metavar="LENGTH", help="Take a picture each LENGTH: 5m, 30s. Default: by --most."
)
@click.option(
    "--most", cls=Option, usual=True, type=Whole(1, _MOST), help="Take at most N pictures of a camera. Default: 120."
)
@some_of(
    get_options,
    *("last", "date", "around", "minutes", "duration", "events", "pad", "times_in", "camera_tz", "clock_drift"),
    *("port", "https", "insecure", "ca_file", "fingerprint", "legacy_tls", "allow_basic"),
    *("max_concurrent", "limit_rate", "jobs", "retry_for", "ignore_lock"),
    *("password_file", "password_stdin", "no_input", "stream"),
)
@click.option(
    "--if-exists",
    cls=Option,
    section="Output",
    type=click.Choice([item.value for item in IfExists], case_sensitive=False),
    parse=IfExists,
    metavar="WHAT",
    help="Choose fail (default), skip or overwrite.",
)
@click.option(
    "-y",
    "--yes",
    cls=Option,
    section="General",
    usual=True,
    is_flag=True,
    help="Do not ask before fetching whole recordings.",
)
@manner_options
@click.pass_context
def look(ctx: click.Context, /, *, as_json: bool, quiet: bool, verbose: bool, progress: str, **options: Any) -> int:
    manner = OutputOptions(as_json=as_json, quiet=quiet, verbose=verbose, progress=progress, opens=options["opens"])
    passwords = passwords_of(ctx)
    with loading_aiohttp():
        import anyio  # noqa: PLC0415 - the help page does not need it

        from camreel import preview  # noqa: PLC0415 - brings aiohttp and more, which the help page does not need
        from camreel.transfer.runtime import Runtime  # noqa: PLC0415 - see above

    tasks = _tasks(cameras_of(ctx), passwords)
    batch: Batch[_LookTask, preview.Look] = Batch(tasks, manner, jobs=options["jobs"])
    view = _LookView(manner)
    with view.watching(batch):
        batch.prepare(lambda task: preview.looked_already(task.request, task.looking))
    began = datetime.now(timezone.utc)  # the rows of a page are to have one axis
    asking = anyio.Lock()  # one question at a time
    kept: dict[int, preview.Look] = {}  # what there is of a task that was interrupted
    may_ask = can_ask(manner, no_input=options["no_input"])

    async def look_at(task: _LookTask, listener: Listener, reporter: Reporter, admission: Admission) -> preview.Look:
        async def allow(question: DownloadQuestion) -> bool:
            if options["yes"] or not may_ask:
                return bool(options["yes"])
            async with asking:
                return await asked_meanwhile(
                    _question(question, "" if batch.is_single else f"{task.label}: "), reporter
                )

        return await preview.look(
            task.request,
            replace(task.looking, allow=allow),
            task.credentials,
            listener,
            folder=folder,
            keep=partial(kept.__setitem__, id(task)),
            tuning=Runtime(admission=admission, certificates=batch.certificates, asked_at=began),
        )

    async def write() -> None:
        await view.write(batch)

    with preview.picture_folder() as folder, view.watching(batch):
        batch.run(
            look_at,
            in_full=True,
            interrupted_message=lambda: _INTERRUPTED + ("; there is no page" if batch.is_single else ""),
            tell=partial(view.tell, batch),
            after=write,
            rescue=lambda task: kept.get(id(task)),
        )
    return view.show(batch)


_INTERRUPTED = "interrupted before the first picture"


@dataclass(frozen=True, slots=True)
class _LookTask(CameraTask):
    """One channel, a row of the page."""

    looking: LookOptions = field(kw_only=True)


def _tasks(cameras: Sequence[click.Context], passwords: Passwords) -> list[_LookTask]:
    """Return a look for each channel of each camera, all for one page."""
    from camreel.preview import MOST_ASKED, LookOptions, called  # noqa: PLC0415 - see above

    options = cameras[0].params
    every = _every(options["every"])  # before anybody is asked for a password
    found = [(ctx, task) for ctx in cameras for task in camera_tasks(ctx, passwords, usual=LAST_DAY)]
    names = called([(task.target, task.query) for _, task in found])
    output: Output | None = None
    tasks = []
    for ctx, task in found:
        looking = LookOptions(
            _line(ctx, task.query.channel),
            _no,
            every,
            options["most"],
            max(1, MOST_ASKED // len(found)),
            only_stream=ctx.get_parameter_source("stream") in _SAID,
            called=names,
        )
        output = output or _output(ctx, task.target, task.query, looking)
        tasks.append(_LookTask(task.name, task.target, task.query, task.ask_password, output, looking=looking))
    return tasks


def _every(text: str | None) -> timedelta | None:
    return None if text is None else parse_length(text, "--every")


async def _no(_question: DownloadQuestion) -> bool:
    return False


def _question(question: DownloadQuestion, label: str) -> str:
    """Return what is asked before whole recordings are fetched."""
    size = "of unknown size" if question.size is None else size_text(question.size)
    whole = count_text(question.recordings, "whole recording")
    of = " of the sub stream" if question.way.name == "SUB" else ""
    return f"{label}This camera does not send single pictures. Download {whole}{of}, {size}? [y/N] "


class _LookView(ResultView["Look"]):
    """A page of pictures, of one camera or of several."""

    heads = ("Result", "Pictures", "Fetched")

    def __init__(self, manner: OutputOptions) -> None:
        super().__init__(manner)
        self._page: WrittenPage | None = None
        self._failure: CamreelError | None = None  # why there is no page of several

    async def write(self, batch: Batch[_LookTask, Look]) -> None:
        """Write the page of all that could be looked at, unless it is there already."""
        from camreel.preview import FailedLook, Look, write  # noqa: PLC0415 - see above

        outcomes = [(task, batch.outcomes[number]) for number, task in enumerate(batch.tasks)]
        looks = [outcome for _, outcome in outcomes if isinstance(outcome, Look)]
        failures = [
            FailedLook(task.name, task.label, str(error)) for task, error in outcomes if isinstance(error, CamreelError)
        ]
        if not looks:
            return
        if all(look.already_there for look in looks):
            return
        try:
            self._page = await write(looks, failures)
        except CamreelError as error:
            if batch.is_single:
                raise
            self._failure = error  # shown with what became of each
            return
        if batch.is_single:
            batch.outcomes[0] = replace(
                looks[0], outputs=self._page.outputs, warnings=(*looks[0].warnings, *self._page.warnings)
            )

    def _write_report(self, batch: Batch[Any, Look], outcomes: Sequence[Look | CamreelError]) -> CamreelError | None:
        return super()._write_report(batch, outcomes) or self._failure

    def show_all(self, tasks: Sequence[CameraTask], outcomes: Sequence[Look | CamreelError]) -> None:
        """Show each, a table of all, and where the page is."""
        from camreel.preview import page_lines  # noqa: PLC0415 - see above

        super().show_all(tasks, outcomes)
        if not self.manner.quiet and (page := self._page_of(outcomes)).outputs:
            terminal.out()
            terminal.say_styled(pieces_of(page_lines(page), terminal.terminal_width(sys.stdout)))

    def json_beside(self, outcomes: Sequence[Look | CamreelError]) -> dict[str, Any]:
        """The page of all."""
        from camreel.preview import outputs_json  # noqa: PLC0415 - see above

        page = self._page_of(outcomes)
        return {"outputs": outputs_json(page.outputs), "warnings": list(page.warnings)}

    def _page_of(self, outcomes: Sequence[Look | CamreelError]) -> WrittenPage:
        """Return the page that was written, or that was there already."""
        from camreel.preview import WrittenPage  # noqa: PLC0415 - see above

        there = (outcome.outputs for outcome in outcomes if not isinstance(outcome, CamreelError))
        return self._page or WrittenPage(next(there, ()))

    def lines(self, result: Look, *, told: set[str] | None = None, whole: bool = False) -> list[ReportLine]:
        """The report."""
        from camreel.preview import look_lines  # noqa: PLC0415 - see above

        return look_lines(result, told=told, whole=whole)

    def json(self, result: Look) -> dict[str, Any]:
        """The report."""
        from camreel.preview import look_json  # noqa: PLC0415 - see above

        return look_json(result)

    def files_to_open(self, outcomes: Sequence[Look | CamreelError]) -> list[str]:
        """The page: it has all that the sheet has."""
        return self.paths(outcomes)[:1]

    def paths(self, outcomes: Sequence[Look | CamreelError]) -> list[str]:
        """The page and the sheet."""
        return [str(path) for path, _size in self._page_of(outcomes).outputs]

    def cells(self, result: Look) -> list[str]:
        """Status, pictures, and what they cost."""
        return [
            "interrupted" if result.is_interrupted else result.status,
            str(len(result.shots)),
            size_text(result.received),
        ]

    def tone(self, result: Look) -> Tone | None:
        """How good the outcome is."""
        return self.lines(result)[0].tone


def _line(ctx: click.Context, channel: int | str) -> GetLine:
    """The command for a moment: the camera, and what was said of it here. No password, and no way to one."""
    from camreel.preview import GetLine  # noqa: PLC0415 - see above

    given, chosen = ctx.params, chosen_of(ctx)
    said = {name for name in given if ctx.get_parameter_source(name) in _SAID}
    words: list[str] = [chosen.word] if chosen.word is not None else ["--host", str(given["host"])]
    # A named camera is where the settings say, and so is its user, unless another one was typed.
    names = [name for name in _REPEATED if name in said or (name == "username" and chosen.name is None)]
    if chosen.name is not None and ctx.get_parameter_source("port") is not click.core.ParameterSource.COMMANDLINE:
        names = [name for name in names if name != "port"]
    for name in names:
        option, value = f"--{name.replace('_', '-')}", given[name]
        words += [option] if value is True else [option, str(value)] if value else []
    if "channel" in said or len(given["channel"]) > 1:
        words += ["--channel", str(channel)]
    return GetLine(program_command(), tuple(words), in_real_time=bool(chosen.setting("times_in")))


def _output(ctx: click.Context, target: Target, query: Query, looking: LookOptions) -> Output:
    """Return the place of the page. Folders may not exist yet: they are made when there is something to put in."""
    from camreel.preview import look_name, page_place  # noqa: PLC0415 - see above

    folder, file = output_dir_of(ctx), ctx.params["output_file"]
    by_range = file is None and query.asked.is_relative  # its name is made when the camera has said what time it is
    if file is not None:
        place = absolute(page_place(file, folder))
        check_folder(place.parent, f"--output-file {file!r}")
    else:
        place = folder / ("look.html" if by_range else look_name(target, query, looking))
    return Output(folder, place, named_by_range=by_range, **field_values(ctx, Output))
