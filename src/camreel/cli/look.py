"""`camreel look`: a camera and a time range in, a page of pictures out, to find the minute."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camreel.cli import screen
from camreel.cli.amounts import parse_patience, parse_rate
from camreel.cli.checks import absolute, check_folder, check_tls, check_username
from camreel.cli.chosen import CameraCommand, address_of, chosen_of
from camreel.cli.get import passwords_of
from camreel.cli.help import Option, Whole
from camreel.cli.job import Manner, logging_to
from camreel.cli.loading import ending_at_once
from camreel.cli.options import get_options, manner_options, some_of
from camreel.cli.password import Passwords
from camreel.cli.program import program_command
from camreel.cli.when import When, is_asked_otherwise, parse_drift, read_range
from camreel.cli.worst import worst
from camreel.clock import parse_camera_zone, parse_length
from camreel.errors import CamreelError, LoginError, UsageError
from camreel.model import Asked, Credentials, IfExists, Request, Stream
from camreel.naming import parse_events
from camreel.report import error_json, json_head
from camreel.units import count_text, size_text

if TYPE_CHECKING:
    from camreel.cli.reporters import Reporter
    from camreel.looking import GetLine, Look, Looking, Question

_EXAMPLES = """
Examples:
  camreel look front-door --last 12h
  camreel look 192.168.1.100 -u admin --date yesterday --every 15m
"""

_AT_END = """
What is made:
  A page (look_CAMERA_chN_RANGE.html), which opens from the disk and asks
  nothing of any network, and a contact sheet of it (.png). On the page, a
  choice of a moment shows the command that exports it.

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
    usage="look [CAMERA] --last LENGTH [options]",
    help="A page of pictures of a time range, to find the minute without a download.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
)
@click.argument("camera", required=False)
@some_of(get_options, "host", "username", "start", "end", "channel", "output_dir")
@click.option("-o", "--output-file", cls=Option, metavar="FILE", help="The page; the sheet beside it is FILE.png.")
@click.option("--every", cls=Option, metavar="LENGTH", help="A picture every 5m, 30s. Default: as --most allows.")
@click.option("--most", cls=Option, type=Whole(1, _MOST), help="Pictures at most. Default: 120.")
@click.option("--yes", cls=Option, is_flag=True, help="Fetch whole recordings without asking, where it takes them.")
@some_of(
    get_options,
    *("last", "date", "around", "minutes", "duration", "events", "times_in", "camera_tz", "clock_drift"),
    *("port", "https", "insecure", "ca_file", "fingerprint"),
    *("max_concurrent", "limit_rate", "retry_for", "ignore_lock"),
    *("password_file", "password_stdin", "no_input", "stream"),
)
@click.option(
    "--if-exists",
    cls=Option,
    section="The output",
    type=click.Choice([item.value for item in IfExists], case_sensitive=False),
    metavar="WHAT",
    help="fail (default), skip or overwrite.",
)
@manner_options
@click.pass_context
def look(ctx: click.Context, /, *, as_json: bool, quiet: bool, verbose: bool, progress: str, **options: Any) -> int:
    manner = Manner(as_json=as_json, quiet=quiet, verbose=verbose, progress=progress)
    passwords = passwords_of(ctx)
    channels = options["channel"]
    if len(channels) > 1 and options["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one page, and this makes {len(channels)}.", hint="Give --output-dir in place of it."
        )
    with ending_at_once():
        import camreel.looking  # noqa: F401, PLC0415 - brings aiohttp and more, which the help page does not need
    requests = [_request(ctx, **{**ctx.params, "channel": channel}) for channel in channels]
    if len(requests) == 1:
        outcome = _look(ctx, requests[0], passwords, manner)
        _show(outcome, manner)
        return outcome.exit_code
    return _several(ctx, requests, passwords, manner)


def _several(ctx: click.Context, requests: Sequence[Request], passwords: Passwords, manner: Manner) -> int:
    """A page for each channel, one after the other; one that fails stops no other, but for a refused login."""
    from camreel.looking import look_json  # noqa: PLC0415 - see above

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
                screen.complain(error)
        own = {key: value for key, value in document.items() if key not in json_head()}
        runs.append({"channel": request.channel, **own})
        codes.append(code)
    code = worst(codes)
    if manner.as_json:
        status = "complete" if code == 0 else "partial" if min(codes) in {0, 4} else "error"
        screen.say_json({**json_head(), "status": status, "exit_code": code, "runs": runs})
    return code


def _look(ctx: click.Context, request: Request, passwords: Passwords, manner: Manner) -> Look:
    """Look, with what is said on the way."""
    from camreel import lockout  # noqa: PLC0415 - see above
    from camreel.cli.reporters import choose_reporter  # noqa: PLC0415 - see above
    from camreel.cli.runner import run_look  # noqa: PLC0415 - see above
    from camreel.looking import look as looking_at  # noqa: PLC0415 - see above
    from camreel.looking import looked_already  # noqa: PLC0415 - see above

    line = _line(ctx, request.channel)
    if (there := looked_already(request, line)) is not None:
        return there
    lockout.check(request, datetime.now(timezone.utc))  # before anybody types a password that is not sent
    password = passwords.of(request.username, str(request.address), chosen_of(ctx))
    credentials = Credentials(request.username, password)
    reporter = choose_reporter(quiet=manner.quiet, progress=manner.progress)
    looking = _wishes(ctx, line, reporter)
    with logging_to(reporter, manner):
        return run_look(lambda listener: looking_at(request, looking, credentials, listener), reporter)


def _wishes(ctx: click.Context, line: GetLine, reporter: Reporter) -> Looking:
    from camreel.looking import Looking  # noqa: PLC0415 - see above

    given = ctx.params
    return Looking(
        line,
        partial(_allowed, reporter, yes=given["yes"], may_ask=not given["no_input"]),
        _every(given["every"]),
        given["most"],
    )


def _every(text: str | None) -> timedelta | None:
    return None if text is None else parse_length(text, "--every")


def _allowed(reporter: Reporter, question: Question, *, yes: bool, may_ask: bool) -> bool:
    """Whether whole recordings may be fetched: asked on a terminal."""
    if yes or not may_ask or not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return yes
    reporter.close()  # the line that it keeps drawing would be drawn over the question
    size = "of unknown size" if question.size is None else size_text(question.size)
    whole = count_text(question.recordings, "whole recording")
    of = " of the sub stream" if question.way.name == "SUB" else ""
    screen.remark(f"This camera does not send single pictures: it takes {whole}{of}, {size}.")
    return click.confirm("Fetch them?", default=False, err=True)


def _show(outcome: Look, manner: Manner) -> None:
    from camreel.cli.notes import wrap_report  # noqa: PLC0415 - see above
    from camreel.looking import look_json, look_text  # noqa: PLC0415 - see above

    if manner.as_json:
        screen.say_json(look_json(outcome))
    elif not manner.quiet:
        told = manner.progress != "json" and not outcome.already_there
        closing = told and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
        if closing:
            screen.remark()  # what was told on the way ends here
        screen.say(wrap_report(look_text(outcome, closing=closing), screen.terminal_width(sys.stdout)))
    elif outcome.exit_code:
        screen.remark(look_text(outcome))


def _line(ctx: click.Context, channel: int | str) -> GetLine:
    """The command for a moment: the camera, and what was said of it here. No password, and no way to one."""
    from camreel.looking import GetLine  # noqa: PLC0415 - see above

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


def _request(
    ctx: click.Context,
    *,
    host: str | None,
    port: int | None,
    https: bool,
    username: str | None,
    channel: int | str,
    stream: str,
    output_dir: str,
    output_file: str | None,
    insecure: bool,
    ca_file: str | None,
    fingerprint: str | None,
    camera_tz: str | None,
    clock_drift: str | None,
    events: str | None,
    max_concurrent: int,
    limit_rate: str | None,
    retry_for: str,
    ignore_lock: bool,
    if_exists: str | None,
    **others: Any,
) -> Request:
    address = address_of(ctx, host=host, port=port, https=https)
    if address is None or username is None:
        missing = "No camera is given." if address is None else "--username is missing."
        raise UsageError(missing, hint=f"Like this: {program_command()} look 192.168.1.100 --username admin --last 12h")
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    asked = _range(**others)
    _every(others["every"])  # before anybody is asked for a password
    request = Request(
        address=address,
        username=check_username(username),
        asked=asked,
        output_dir=absolute(output_dir),
        output=Path(),
        channel=channel,
        stream=Stream(stream),
        max_concurrent=max_concurrent,
        whole_clips=True,  # a part of one is not what is fetched
        if_exists=IfExists(if_exists) if if_exists else None,
        insecure=insecure,
        ca_file=ca_file,
        fingerprint=fingerprint,
        named_by_range=asked.is_relative and output_file is None,
        camera_tz=None if camera_tz is None else parse_camera_zone(camera_tz),
        clock_drift=None if clock_drift is None else parse_drift(clock_drift),
        limit_rate=None if limit_rate is None else parse_rate(limit_rate),
        retry_for=parse_patience(retry_for),
        ignore_lock=ignore_lock,
        events=() if events is None else parse_events(events),
        camera=chosen_of(ctx).name,
    )
    return _placed(request, output_dir, output_file)


def _range(
    *,
    start: str | None,
    end: str | None,
    last: str | None,
    date: str | None,
    around: str | None,
    minutes: int | None,
    duration: str | None,
    times_in: str | None,
    **_others: Any,
) -> Asked:
    when = When(last=last, date=date, around=around, minutes=minutes, duration=duration, times_in=times_in)
    if not is_asked_otherwise(when) and (start is None or end is None):
        raise UsageError("No range is given.", hint="--last 12h, --date yesterday, or --start and --end say which.")
    return read_range(start, end, when)


def _placed(request: Request, output_dir: str, output_file: str | None) -> Request:
    """With the place of the page. Folders may be missing; they are made when there is something to put into them."""
    from camreel.looking import look_name, page_place  # noqa: PLC0415 - see above

    folder = request.output_dir
    if not output_dir:
        raise UsageError("--output-dir is empty.", hint="Give a folder, or leave it out for the current one.")
    check_folder(folder, f"--output-dir {output_dir!r}")
    if output_file is not None:
        output = absolute(page_place(output_file, folder))
        check_folder(output.parent, f"--output-file {output_file!r}")
        return replace(request, output=output)
    if request.named_by_range:  # its name is made when the camera has said what time it is
        return replace(request, output=folder / "look.html")
    name = look_name(
        request.address,
        request.channel,
        request.stream,
        request.asked,
        events=request.events,
        camera=request.camera,
    )
    return replace(request, output=folder / name)
