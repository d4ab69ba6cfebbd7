"""Declare the options of the commands, as they are typed and as the help page shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import partial
from typing import Any, TypeVar

import click

from camreel.cli.help import Channels, Option, Whole
from camreel.cli.ui import terminal
from camreel.cli.values import (
    parse_drift,
    parse_exec_timeout,
    parse_kinds,
    parse_pad,
    parse_patience,
    parse_rate,
    parse_split,
    parse_timelapse,
    parse_zone,
)
from camreel.config import Key, Keys, ValueKind
from camreel.errors import UsageError
from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat, names
from camreel.model import AudioMode, Gaps, IfExists, SharedFolder, Stream, Verify

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[Any], Any]


def _show_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    from camreel._version import __version__  # noqa: PLC0415 - beside its only use

    if wanted and not ctx.resilient_parsing:
        terminal.out(f"camreel {__version__}")
        ctx.exit()


def _together(options: Sequence[_Decorator]) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        for option in reversed(options):  # the last decorator is the first on the page
            function = option(function)
        return function

    return decorate


def _parameters(options: Callable[[Any], Any]) -> list[click.Parameter]:
    """Return a set of options as they are on the page."""

    def bearer() -> None: ...

    found: list[click.Parameter] = options(bearer).__click_params__
    return found[::-1]


def some_of(options: Callable[[Any], Any], *names: str) -> Callable[[_Function], _Function]:
    """Of a set of options those with these names, for a command that has them too."""

    def decorate(function: _Function) -> _Function:
        known = {str(each.name): each for each in _parameters(options)}
        own: list[click.Parameter] = function.__dict__.setdefault("__click_params__", [])
        own += [known[name] for name in reversed(names)]
        return function

    return decorate


# What people usually need is all that --help shows; --help-all has the rest.
_main = partial(click.option, cls=Option, usual=True)
_when = partial(click.option, cls=Option, section="When, in other words")
_connection = partial(click.option, cls=Option, section="How to reach the camera")
_output = partial(click.option, cls=Option, section="The output")
_password = partial(click.option, cls=Option, section="The password")
_program = partial(click.option, cls=Option, section="This program")


def _one_of(kind: type[Enum]) -> dict[str, Any]:
    return {"type": click.Choice([item.value for item in kind], case_sensitive=False), "parse": kind}


_DEFAULT = DEFAULT_FORMAT.value
FORMAT: dict[str, Any] = {
    **_one_of(OutputFormat),
    "metavar": "FORMAT",
    "help": f"{names()}.".replace(_DEFAULT, f"{_DEFAULT} (default)", 1),
}
_FASTSTART = names(lambda container: container.faststart, last=", ")
_HOST = _main(
    "--host",
    setting="where the camera is; every camera has it",
    of_camera=True,
    metavar="HOST",
    envvar="AMCREST_HOST",
    help="Required, or a camera's name. IP, name or URL.",
)

_USERNAME = _main(
    "-u",
    "--username",
    setting="the login",
    metavar="USER",
    envvar="AMCREST_USERNAME",
    help="Required. The login of the camera.",
)

_REACHED = (
    _connection(
        "--port",
        setting="its port, where that is not the usual one",
        of_camera=True,
        type=Whole(1, 65535),
        envvar="AMCREST_PORT",
        help="Default: 80, with https 443.",
    ),
    _connection("--https", setting="speak https", is_flag=True, help="Speak https."),
    _connection("--insecure", setting="https with any certificate", is_flag=True, help="https with any certificate."),
    _connection(
        "--ca-file",
        setting="https with certificates that this file vouches for",
        metavar="FILE",
        help="https with certificates that FILE vouches for.",
    ),
    _connection(
        "--fingerprint",
        setting="https with just this certificate",
        of_camera=True,
        metavar="SHA256",
        help="https with just this certificate.",
    ),
    _connection(
        "--legacy-tls",
        setting="with insecure: speak outdated TLS, too",
        is_flag=True,
        help="With --insecure: speak outdated TLS, too.",
    ),
    _connection(
        "--allow-basic",
        setting="log in by Basic authentication if nothing else is offered",
        of_camera=True,
        is_flag=True,
        help="Send the password itself, if only Basic is offered.",
    ),
)

no_input_option = _password("--no-input", is_flag=True, help="Never ask for anything.")

_PASSWORD = (
    _password(
        "--password-file",
        setting="a file whose first line is the password",
        metavar="FILE",
        help="Its first line. Else you are asked, see below.",
    ),
    _password("--password-stdin", is_flag=True, help="The first line on standard input."),
    no_input_option,
)

# Ways to a password that are no options: a command line is for everybody to see.
_PASSWORD_KEYS = (
    Key("password", ValueKind.TEXT, "the password itself, in clear", is_secret=True),
    Key("password_command", ValueKind.WORDS, "a program that prints the password; no shell is between", is_secret=True),
    Key("keyring", ValueKind.YES_NO, "the password is in the keyring of the system"),
)

_WHEN = (
    _when("--last", usual=True, metavar="LENGTH", help="Up to now: 30m, 2h, 1h30m."),
    _when("--date", usual=True, metavar="DAY", help="2026-01-16, yesterday, friday, last night."),
    _when("--around", usual=True, metavar="TIME", help="From before it to after it, see --minutes."),
    _when("--minutes", type=Whole(1, 10_000), help="With --around: so many on each side. Default: 10."),
    _when("--duration", metavar="LENGTH", help="With --start, for --end: 30m, 2h, 1h30m."),
    _when(
        "--events",
        setting="only recordings that have one of these",
        kind=ValueKind.WORDS,
        parse=parse_kinds,
        metavar="WORDS",
        help="Only recordings that have one: motion,alarm,person.",
    ),
    _when(
        "--pad",
        setting="so much before and after them",
        parse=parse_pad,
        metavar="LENGTH",
        help="With --events: so much before and after. Default: 0.",
    ),
    _when(
        "--times-in",
        setting="whose clock times without an offset are of",
        metavar="ZONE",
        help="Times without an offset are of ZONE: Europe/Berlin.",
    ),
    _when(
        "--camera-tz",
        setting="the camera's zone",
        parse=parse_zone,
        metavar="ZONE",
        help="The camera's zone, where it does not tell it well.",
    ),
    _when(
        "--clock-drift",
        setting='by how many seconds its clock is fast, or "off"',
        kind=ValueKind.EITHER,
        parse=parse_drift,
        metavar="SECONDS",
        help="By how much its clock is fast, or off: not at all.",
    ),
)

_CHANNEL = _main(
    "-c",
    "--channel",
    setting='the channel, or channels: 2, "1,3-5", "Front door"',
    kind=ValueKind.EITHER,
    type=Channels(),
    default="1",
    envvar="AMCREST_CHANNEL",
    help="From 1 up, several like 1,3-5, or its title.",
)

_ALL = _main("--all", "all_cameras", is_flag=True, help="Each camera of the settings.")

_PATIENCE = (
    _connection(
        "--retry-for",
        setting="how long a camera that is away or silent is waited for",
        parse=parse_patience,
        metavar="LENGTH",
        default="2m",
        help="Limit the time without progress. Default: 2m.",
    ),
    _connection("--ignore-lock", is_flag=True, help="Log in though the account was locked."),
)

_JOBS = _connection(
    "--jobs",
    setting="cameras that are worked on at a time",
    type=Whole(1, 100),
    help="Work on N cameras at a time. Default: by cores and memory.",
)

_STREAM: dict[str, Any] = {
    "setting": "main or sub",
    **_one_of(Stream),
    "metavar": "STREAM",
    "default": Stream.MAIN.value,
    "help": "main (default), or sub: the small picture.",
}

reached_options = _together(_REACHED)
connection_options = _together([_HOST, _USERNAME, *_REACHED, *_PASSWORD])

# How the video is made of the clips, for whatever makes one: an option for each field of VideoOptions.
video_options = [
    _output(
        "--whole-clips",
        setting="do not cut at the ends of the range",
        is_flag=True,
        help="Do not cut at the ends of the range.",
    ),
    _output(
        "--exact",
        setting="begin with just the asked picture",
        is_flag=True,
        help="Begin with just the asked picture; up to a few seconds are encoded again.",
    ),
    _output(
        "--h264",
        setting="encode all of it again",
        is_flag=True,
        help="Encode all of it again, to play everywhere. Slow.",
    ),
    _output(
        "--audio",
        setting="auto, copy, aac, pcm or none",
        **_one_of(AudioMode),
        metavar="WHAT",
        default=AudioMode.AUTO.value,
        help="auto (default), copy, aac, pcm (lossless) or none.",
    ),
    _output(
        "--gaps",
        setting="jump or hold",
        **_one_of(Gaps),
        metavar="HOW",
        default=Gaps.JUMP.value,
        help="jump over them (default), or hold the picture in real time.",
    ),
    _output(
        "--subtitles",
        setting="a track with the camera's clock",
        is_flag=True,
        help="A soft track with the running time of the camera's clock.",
    ),
    _output(
        "--split",
        setting="a new file each day, hour, or so many bytes",
        parse=parse_split,
        metavar="WHERE",
        help="A new file each day, hour, or so many bytes: 4G.",
    ),
    _output(
        "--faststart",
        setting="the index in front",
        is_flag=True,
        help=f"{_FASTSTART}: index in front, to be played from a web server.",
    ),
    _output(
        "--verify",
        setting="sample, full or none",
        **_one_of(Verify),
        metavar="HOW",
        default=Verify.SAMPLE.value,
        help="Decode a sample of the finished video (default), full: all of it, or none.",
    ),
]

_IF_EXISTS = _output(
    "--if-exists",
    setting="fail, skip or overwrite",
    usual=True,
    **_one_of(IfExists),
    metavar="WHAT",
    help="fail, skip or overwrite, where it is there.",
)

get_options = _together(
    [
        _HOST,
        _USERNAME,
        _main("-s", "--start", metavar="TIME", help="Required. Like 2026-01-16T08:00:00."),
        _main("-e", "--end", metavar="TIME", help="Required. Up to, but not including."),
        _CHANNEL,
        _main("--output-format", setting=names(), **FORMAT),
        _main(
            "--output-dir",
            setting="where videos go",
            metavar="FOLDER",
            default=".",
            help="Default: the current folder.",
        ),
        _main("-o", "--output-file", metavar="FILE", help="Default: named by camera, channel and range."),
        _ALL,
        *_WHEN,
        *_REACHED,
        _connection(
            "--max-concurrent",
            setting="downloads at a time",
            type=Whole(1, 32),
            default=4,
            help="Downloads at a time. Default: 4.",
        ),
        _connection(
            "--limit-rate",
            setting="bytes a second for all of them",
            kind=ValueKind.EITHER,
            parse=parse_rate,
            metavar="RATE",
            help="Bytes a second for all together: 500k, 4M.",
        ),
        _JOBS,
        *_PATIENCE,
        *_PASSWORD,
        _output("--stream", **_STREAM),
        *video_options,
        _output(
            "--timelapse",
            parse=parse_timelapse,
            metavar="SPEED",
            help="A short video of keyframes: 60x as fast, or 30s long.",
        ),
        _output(
            "--follow",
            setting="wait for what is not recorded yet",
            is_flag=True,
            help="Wait for what is not recorded, or not listed, yet.",
        ),
        _output(
            "--require-complete",
            setting="a gap gives exit code 4",
            is_flag=True,
            help="A gap in the recording gives exit code 4.",
        ),
        _output(
            "--allow-empty",
            setting="a range without recordings gives exit code 0",
            is_flag=True,
            help="Exit with 0, not 3, if nothing was recorded.",
        ),
        _output(
            "--require-settled",
            setting="an end that may still grow gives exit code 4",
            is_flag=True,
            help="With --last: an end that may still grow gives 4.",
        ),
        _IF_EXISTS,
        _output("--keep-files", setting="keep the downloaded clips", is_flag=True, help="Keep the downloaded clips."),
        _output(
            "--shared-folder",
            setting="safe or refuse",
            **_one_of(SharedFolder),
            metavar="HOW",
            help="If others can write the folder: safe (default), or refuse it.",
        ),
        _output(
            "--exec",
            setting="a command for each complete video; no shell is between",
            metavar="CMD",
            help="Run it for each complete video: 'rsync {} nas:'.",
        ),
        _output(
            "--exec-timeout",
            setting="how long that command may take, or off",
            parse=parse_exec_timeout,
            metavar="LENGTH",
            default="12h",
            help="End a command of --exec after LENGTH, or off: never. Default: 12h.",
        ),
        _program("-n", "--dry-run", usual=True, is_flag=True, help="Show what would be downloaded, and stop."),
        _program("-y", "--yes", usual=True, is_flag=True, help="Do not ask before a download of more than 10 GB."),
    ]
)


def _keys() -> Keys:
    """Return what the settings may hold: what `get` has an option for that is not of one run, and the passwords."""
    options = (each for each in _parameters(get_options) if isinstance(each, Option))
    keys = [key for each in options if (key := each.key) is not None]
    return {key.name: key for key in (*keys, *_PASSWORD_KEYS)}


KEYS = _keys()

list_options = _together(
    [
        _HOST,
        _USERNAME,
        _main("-s", "--start", metavar="TIME", help="Like 2026-01-16T08:00:00. Default: a day ago."),
        _main("-e", "--end", metavar="TIME", help="Up to, but not including."),
        _CHANNEL,
        _ALL,
        _main("--stream", **_STREAM),
        *_WHEN,
        *_REACHED,
        _JOBS,
        *_PATIENCE,
        *_PASSWORD,
    ]
)

merge_options = _together(
    [
        _main("-o", "--output-file", metavar="FILE", help="Required. x.mkv means mkv."),
        _main("--output-format", **FORMAT),
        _main("-s", "--start", metavar="TIME", help="By the clips' own clock. Default: all of them."),
        _main("-e", "--end", metavar="TIME", help="Up to, but not including."),
        _main("--camera-tz", parse=parse_zone, metavar="ZONE", help="The zone of that clock: Europe/Berlin, +01:00."),
        _main("--in-order", is_flag=True, help="Whatever their times: end to end, as given."),
        *video_options,
        _output("--require-complete", is_flag=True, help="A gap between the clips gives exit code 4."),
        _IF_EXISTS,
    ]
)

_foreign = partial(click.option, cls=Option, hidden=True)
_LEVELS = ("debug", "info", "warning", "error", "critical")

# What amcrest-downloader 0.3 calls otherwise, or has besides, so that its command lines work here. Not on the help
# page.
foreign_options = _together(
    [
        _foreign("--user"),
        _foreign("--ssl", is_flag=True),
        _foreign("--no-verify-ssl", is_flag=True),
        _foreign("--log-level", type=click.Choice(_LEVELS, case_sensitive=False)),
        _foreign("--log-file"),
        _foreign("--list-only", is_flag=True),
    ]
)

# Read from the raw arguments too, by camreel.cli.app, where errors are told; --debug is read only there.
debug_option = _program("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
json_option = _program("--json", "as_json", usual=True, is_flag=True, help="Print the report as JSON on stdout.")

manner_options = _together(
    [
        json_option,
        _program("-q", "--quiet", usual=True, is_flag=True, help="Say nothing but errors and losses."),
        _program("-v", "--verbose", is_flag=True, help="Log what is asked and answered."),
        _program(
            "--progress",
            type=click.Choice(["auto", "plain", "json"]),
            metavar="HOW",
            default="auto",
            help="auto (default), plain lines, or json lines on stderr.",
        ),
        debug_option,
    ]
)


def field_values(ctx: click.Context, kind: type) -> dict[str, Any]:
    """Return what the options say for the fields of the dataclass ``kind``, by their names.

    A field whose option was not given, or is none of this command's, is left out: its default holds.
    """
    options = {option.name: option for option in ctx.command.params if isinstance(option, Option)}
    named = (options[field.name] for field in fields(kind) if field.name in options)
    values = {option.name or "": option.value_of(ctx) for option in named}
    return {name: value for name, value in values.items() if value is not None}


version_option = _program(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How much is said, and in which form."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: str = "auto"
    log_file: str | None = None

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise UsageError("--quiet and --verbose exclude each other.")
