"""`camreel look`: a camera and a time range in, a page of pictures out, to find the minute."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import CameraCommand, chosen_of
from camreel.cli.exit_codes import most_severe
from camreel.cli.help import Argument, Option, Whole
from camreel.cli.options import OutputOptions, field_values, get_options, list_options, manner_options, some_of
from camreel.cli.passwords import Passwords
from camreel.cli.request import LAST_DAY, absolute, check_folder, output_folder, passwords_of, wanted_of
from camreel.cli.run import asked, can_ask, logging_to
from camreel.cli.startup import loading_aiohttp, program_command
from camreel.cli.ui import terminal
from camreel.clock import parse_length
from camreel.errors import CamreelError, LoginError, UsageError
from camreel.model import Credentials, IfExists, Output, Query, Request, Target
from camreel.report import error_json, json_head
from camreel.text import count_text, size_text

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter
    from camreel.preview import GetLine, Look, LookOptions, Question

_EXAMPLES = """
Examples:
  camreel look front-door --last 12h
  camreel look 192.168.1.100 -u admin --date yesterday --every 15m
"""

_AT_END = """
What is made:
  A page (look_CAMERA_chN_RANGE.html), which opens from the disk and asks
  nothing of any network, and a contact sheet of it (.png). On the page, a
  choice of a moment shows the command that exports it. No range means the
  last 24 hours. Several channels make a page each.

What is fetched:
  Single keyframes, by their bytes. Where the camera does not send parts of
  recordings: its snapshots of about that time, else recordings of the sub
  stream, else whole ones, after it has asked (--yes: without asking).

Exit codes:
  0 complete   2 usage   3 nothing recorded   4 a picture is missing
  5 login refused   6 camera unreachable   7 disk   130 interrupted
"""

_MOST = 500
# What the command for a moment has to repeat, where it was said here; what the settings say holds there, too.
_REPEATED = ("username", "port", "https", "insecure", "ca_file", "fingerprint", "camera_tz", "clock_drift", "stream")
_SAID = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)


@click.command(
    "look",
    cls=CameraCommand,
    usage="look [CAMERA] [options]",
    help="A page of pictures of a time range, to find the minute without a download.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("camera", cls=Argument, required=False)
@some_of(list_options, "host", "username", "start", "end", "channel")
@some_of(get_options, "output_dir")
@click.option(
    "-o", "--output-file", cls=Option, usual=True, metavar="FILE", help="The page: x.html. The sheet is x.png."
)
@click.option(
    "--every", cls=Option, usual=True, metavar="LENGTH", help="A picture every 5m, 30s. Default: as --most allows."
)
@click.option("--most", cls=Option, usual=True, type=Whole(1, _MOST), help="Pictures at most. Default: 120.")
@some_of(
    get_options,
    *("last", "date", "around", "minutes", "duration", "events", "pad", "times_in", "camera_tz", "clock_drift"),
    *("port", "https", "insecure", "ca_file", "fingerprint"),
    *("max_concurrent", "limit_rate", "retry_for", "ignore_lock"),
    *("password_file", "password_stdin", "no_input", "stream"),
)
@click.option(
    "--if-exists",
    cls=Option,
    section="The output",
    type=click.Choice([item.value for item in IfExists], case_sensitive=False),
    parse=IfExists,
    metavar="WHAT",
    help="fail (default), skip or overwrite.",
)
@click.option(
    "-y",
    "--yes",
    cls=Option,
    section="This program",
    usual=True,
    is_flag=True,
    help="Do not ask before whole recordings are fetched.",
)
@manner_options
@click.pass_context
def look(ctx: click.Context, /, *, as_json: bool, quiet: bool, verbose: bool, progress: str, **options: Any) -> int:
    manner = OutputOptions(as_json=as_json, quiet=quiet, verbose=verbose, progress=progress)
    passwords = passwords_of(ctx)
    channels = options["channel"]
    if len(channels) > 1 and options["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one page, and this makes {len(channels)}.", hint="Give --output-dir in place of it."
        )
    with loading_aiohttp():
        import camreel.preview  # noqa: F401, PLC0415 - brings aiohttp and more, which the help page does not need
    requests = [_request(ctx, channel) for channel in channels]
    if len(requests) == 1:
        outcome = _look(ctx, requests[0], passwords, manner)
        _show(outcome, manner)
        return outcome.exit_code
    return _several(ctx, requests, passwords, manner)


def _several(ctx: click.Context, requests: Sequence[Request], passwords: Passwords, manner: OutputOptions) -> int:
    """A page for each channel, one after the other; one that fails stops no other, but for a refused login."""
    from camreel.preview import look_json  # noqa: PLC0415 - see above

    runs: list[dict[str, Any]] = []
    codes: list[int] = []
    for request in requests:
        document: dict[str, Any]
        try:
            outcome = _look(ctx, request, passwords, manner)
            document, code = look_json(outcome), outcome.exit_code
            if not manner.as_json:
                _show(outcome, manner)
        except LoginError:
            raise
        except CamreelError as error:
            document, code = error_json(error), error.exit_code
            if not manner.as_json:
                terminal.print_error(error)
        own = {key: value for key, value in document.items() if key not in json_head()}
        runs.append({"channel": request.query.channel, **own})
        codes.append(code)
    code = most_severe(codes)
    if manner.as_json:
        status = "complete" if code == 0 else "partial" if min(codes) in {0, 4} else "error"
        terminal.say_json({**json_head(), "status": status, "exit_code": code, "runs": runs})
    return code


def _look(ctx: click.Context, request: Request, passwords: Passwords, manner: OutputOptions) -> Look:
    """Look, with what is said on the way."""
    from camreel.cli.runner import run_look  # noqa: PLC0415 - see above
    from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415 - see above
    from camreel.devices import lockout  # noqa: PLC0415 - see above
    from camreel.preview import look as looking_at  # noqa: PLC0415 - see above
    from camreel.preview import looked_already  # noqa: PLC0415 - see above

    line = _line(ctx, request.query.channel)
    if (there := looked_already(request, line)) is not None:
        return there
    lockout.check(request.target, datetime.now(timezone.utc))  # before anybody types a password that is not sent
    password = passwords.of(request.target.username, str(request.target.address), chosen_of(ctx))
    credentials = Credentials(request.target.username, password)
    reporter = choose_reporter(manner)
    looking = _wishes(ctx, line, reporter, manner)
    with logging_to(reporter, manner):
        return run_look(lambda listener: looking_at(request, looking, credentials, listener), reporter)


def _wishes(ctx: click.Context, line: GetLine, reporter: Reporter, manner: OutputOptions) -> LookOptions:
    from camreel.preview import LookOptions  # noqa: PLC0415 - see above

    given = ctx.params
    return LookOptions(
        line,
        partial(_allowed, reporter, yes=given["yes"], may_ask=can_ask(manner, no_input=given["no_input"])),
        _every(given["every"]),
        given["most"],
    )


def _every(text: str | None) -> timedelta | None:
    return None if text is None else parse_length(text, "--every")


def _allowed(reporter: Reporter, question: Question, *, yes: bool, may_ask: bool) -> bool:
    """Whether whole recordings may be fetched: asked on a terminal."""
    if yes or not may_ask:
        return yes
    reporter.close()  # the line that it keeps drawing would be drawn over the question
    size = "of unknown size" if question.size is None else size_text(question.size)
    whole = count_text(question.recordings, "whole recording")
    of = " of the sub stream" if question.way.name == "SUB" else ""
    answer = asked(f"This camera does not send single pictures. Download {whole}{of}, {size}? [y/N] ")
    if answer:
        reporter.resume()
    return answer


def _show(outcome: Look, manner: OutputOptions) -> None:
    from camreel.cli.ui.notes import wrap_report  # noqa: PLC0415 - see above
    from camreel.preview import look_json, look_text  # noqa: PLC0415 - see above

    if manner.as_json:
        terminal.say_json(look_json(outcome))
    elif not manner.quiet:
        told = manner.progress != "json" and not outcome.already_there
        closing = told and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
        if closing:
            terminal.err()  # what was told on the way ends here
        terminal.out(wrap_report(look_text(outcome, closing=closing), terminal.terminal_width(sys.stdout)))
    elif outcome.exit_code:
        terminal.err(look_text(outcome))


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


def _request(ctx: click.Context, channel: int | str) -> Request:
    given = ctx.params
    target, query = wanted_of(ctx, channel, usual=LAST_DAY)
    _every(given["every"])  # before anybody is asked for a password
    return Request(target, query, _output(ctx, target, query))


def _output(ctx: click.Context, target: Target, query: Query) -> Output:
    """Return the place of the page. Folders may not exist yet: they are made when there is something to put in."""
    from camreel.preview import look_name, page_place  # noqa: PLC0415 - see above

    folder, file = output_folder(ctx.params["output_dir"]), ctx.params["output_file"]
    by_range = file is None and query.asked.is_relative  # its name is made when the camera has said what time it is
    if file is not None:
        place = absolute(page_place(file, folder))
        check_folder(place.parent, f"--output-file {file!r}")
    else:
        place = folder / ("look.html" if by_range else look_name(target, query))
    return Output(folder, place, named_by_range=by_range, **field_values(ctx, Output))
