"""Declare the options of the commands, as they are typed and as the help page shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import partial
from pathlib import Path
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
from camreel.config import DEFAULT_CAMERA, Key, Keys, ValueKind
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
_when = partial(click.option, cls=Option, section="Other ways to give the range")
_connection = partial(click.option, cls=Option, section="Connection")
_output = partial(click.option, cls=Option, section="Output")
_password = partial(click.option, cls=Option, section="Password")
_program = partial(click.option, cls=Option, section="General")


def _one_of(kind: type[Enum]) -> dict[str, Any]:
    return {"type": click.Choice([item.value for item in kind], case_sensitive=False), "parse": kind}


_DEFAULT = DEFAULT_FORMAT.value
FORMAT: dict[str, Any] = {
    **_one_of(OutputFormat),
    "metavar": "FORMAT",
    "help": f"Write {names()}.".replace(_DEFAULT, f"{_DEFAULT} (default)", 1),
}
_FASTSTART = names(lambda container: container.faststart, last=", ")
_HOST = _main(
    "--host",
    setting="the camera's address; required",
    of_camera=True,
    metavar="HOST",
    envvar="AMCREST_HOST",
    help="Connect to HOST: an IP address, a name or a URL.",
)

_USERNAME = _main(
    "-u",
    "--username",
    setting="the user of the login",
    metavar="USER",
    envvar="AMCREST_USERNAME",
    help="Log in as USER.",
)

_REACHED = (
    _connection(
        "--port",
        setting="the camera's port",
        of_camera=True,
        type=Whole(1, 65535),
        envvar="AMCREST_PORT",
        help="Connect to port N. Default: 80; https: 443.",
    ),
    _connection("--https", setting="connect by https", is_flag=True, help="Connect by https."),
    _connection("--insecure", setting="accept any certificate", is_flag=True, help="Accept any certificate."),
    _connection(
        "--ca-file",
        setting="a file of certificates to trust",
        metavar="FILE",
        help="Trust the certificates in FILE.",
    ),
    _connection(
        "--fingerprint",
        setting="the SHA-256 of the only certificate to accept",
        of_camera=True,
        metavar="SHA256",
        help="Accept only the certificate with this SHA-256.",
    ),
    _connection(
        "--legacy-tls",
        setting="with insecure: allow outdated TLS",
        is_flag=True,
        help="Allow outdated TLS, with --insecure.",
    ),
    _connection(
        "--allow-basic",
        setting="log in by Basic authentication if the camera offers nothing else",
        of_camera=True,
        is_flag=True,
        help="Allow Basic login: sends the password in clear.",
    ),
)

no_input_option = _password("--no-input", is_flag=True, help="Never ask for anything.")

_PASSWORD = (
    _password(
        "--password-file",
        setting="a file whose first line is the password",
        metavar="FILE",
        help="Read the password from the first line of FILE.",
    ),
    _password("--password-stdin", is_flag=True, help="Read the password from standard input."),
    no_input_option,
)

# Which camera is meant if none is named: on a command line its name says it.
_CAMERA_KEYS = (Key(DEFAULT_CAMERA, ValueKind.TEXT, "the camera that is meant if none is named", of_all=True),)

# Ways to a password that are no options: a command line is for everybody to see.
_PASSWORD_KEYS = (
    Key("password", ValueKind.TEXT, "the password itself, in clear", is_secret=True),
    Key("password_command", ValueKind.WORDS, "a command that prints the password; run without a shell", is_secret=True),
    Key("keyring", ValueKind.YES_NO, "take the password from the system's keyring"),
)

# Who knows the address of a ping can report success: it is a secret, too.
PING_VARIABLE = "CAMREEL_PING_URL"
_PING_KEYS = (
    Key("ping_url", ValueKind.TEXT, "where the start and the end of a run are reported", is_secret=True),
    Key("ping_url_file", ValueKind.TEXT, "a file whose first line is that address"),
)

_WHEN = (
    _when("--last", usual=True, metavar="LENGTH", help="Take the last LENGTH: 30m, 2h, 1h30m."),
    _when("--date", usual=True, metavar="DAY", help="Take a day: 2026-01-16, friday, last night."),
    _when("--around", metavar="TIME", help="Take 10 minutes (--minutes N) before and after TIME."),
    _when("--minutes", type=Whole(1, 10_000), help="Set the minutes around it. Default: 10."),
    _when("--duration", metavar="LENGTH", help="Set the length from --start on: 30m, 2h, 1h30m."),
    _when(
        "--events",
        usual=True,
        setting="events; recordings without one are left out",
        kind=ValueKind.WORDS,
        parse=parse_kinds,
        metavar="WORDS",
        help="Keep recordings with an event: motion,alarm.",
    ),
    _when(
        "--pad",
        usual=True,
        setting="how much to keep before and after each event",
        parse=parse_pad,
        metavar="LENGTH",
        help="Keep LENGTH around each event. Default: 0.",
    ),
    _when(
        "--times-in",
        setting="the zone of times without an offset",
        metavar="ZONE",
        help="Read times in ZONE, like Europe/Berlin.",
    ),
    _when(
        "--camera-tz",
        setting="the camera's time zone",
        parse=parse_zone,
        metavar="ZONE",
        help="Override the camera's time zone.",
    ),
    _when(
        "--clock-drift",
        setting='seconds of its clock ahead of real time, or "off"',
        kind=ValueKind.EITHER,
        parse=parse_drift,
        metavar="SECONDS",
        help="Set the seconds its clock is ahead, or off.",
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
    help="Choose channels: 1 (default), 1,3-5, or a title.",
)

_every = partial(_main, "--all", "all_cameras", is_flag=True, help="Use every camera in the settings.")
_ALL = _every()

_PATIENCE = (
    _connection(
        "--retry-for",
        setting="how long to wait for a camera that is away or silent",
        parse=parse_patience,
        metavar="LENGTH",
        default="2m",
        help="Wait LENGTH for a silent camera. Default: 2m.",
    ),
    _connection("--ignore-lock", is_flag=True, help="Log in although the account was locked."),
)

_JOBS = _connection(
    "--jobs",
    setting="cameras at a time",
    type=Whole(1, 100),
    help="Work on N cameras at a time. Default: automatic.",
)

_STREAM: dict[str, Any] = {
    "setting": "main or sub",
    **_one_of(Stream),
    "metavar": "STREAM",
    "default": Stream.MAIN.value,
    "help": "Choose main (default) or sub, the small picture.",
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
        setting="begin at the exact frame",
        is_flag=True,
        help="Begin exactly at the start; re-encode a little.",
    ),
    _output(
        "--h264",
        setting="re-encode everything as H.264",
        is_flag=True,
        help="Re-encode everything, to play everywhere. Slow.",
    ),
    _output(
        "--audio",
        setting="auto, copy, aac, pcm or none",
        **_one_of(AudioMode),
        metavar="WHAT",
        default=AudioMode.AUTO.value,
        help="Choose auto (default), copy, aac, pcm or none.",
    ),
    _output(
        "--gaps",
        setting="jump or hold",
        **_one_of(Gaps),
        metavar="HOW",
        default=Gaps.JUMP.value,
        help="Choose jump (default), or hold the last frame.",
    ),
    _output(
        "--subtitles",
        setting="a subtitle track with the camera's clock",
        is_flag=True,
        help="Add a subtitle track with the camera's clock.",
    ),
    _output(
        "--split",
        setting="where a new file starts: day, hour or a size",
        parse=parse_split,
        metavar="WHERE",
        help="Start a new file each day, hour, or size (4G).",
    ),
    _output(
        "--faststart",
        setting="the index in front",
        is_flag=True,
        help=f"Put the index in front for the web ({_FASTSTART}).",
    ),
    _output(
        "--verify",
        setting="sample, full or none",
        **_one_of(Verify),
        metavar="HOW",
        default=Verify.SAMPLE.value,
        help="Decode a sample (default), or full, or none.",
    ),
]

_IF_EXISTS = _output(
    "--if-exists",
    setting="fail, skip or overwrite",
    **_one_of(IfExists),
    metavar="WHAT",
    help="Choose fail, skip or overwrite if it exists.",
)

open_option = _output("--open", "opens", is_flag=True, help="Open what was made with the program of this desktop.")
_REPORT = _output("--report", metavar="FILE", help="Write the whole report into FILE, also of a run that failed.")

get_options = _together(
    [
        _HOST,
        _USERNAME,
        _main("-s", "--start", metavar="TIME", help="Start at TIME, like 2026-01-16T08:00:00."),
        _main("-e", "--end", metavar="TIME", help="End just before TIME."),
        _CHANNEL,
        _main("--output-format", setting=names(), **FORMAT),
        _main(
            "--output-dir",
            setting="where videos go",
            metavar="FOLDER",
            default=".",
            help="Write into FOLDER. Default: the current one.",
        ),
        _main("-o", "--output-file", metavar="FILE", help="Write to FILE. Default: a name with the range."),
        _every(usual=False),
        _when(
            "--since-last", is_flag=True, help="Begin where this camera's last complete export ended. First: --last 1d."
        ),
        *_WHEN,
        *_REACHED,
        _connection(
            "--max-concurrent",
            setting="downloads at a time",
            type=Whole(1, 32),
            default=4,
            help="Download N recordings at a time. Default: 4.",
        ),
        _connection(
            "--limit-rate",
            setting="total bandwidth in bytes a second",
            kind=ValueKind.EITHER,
            parse=parse_rate,
            metavar="RATE",
            help="Limit total bandwidth to RATE (500k, 4M).",
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
            help="Make a short video: 60x as fast, or 30s long.",
        ),
        _output(
            "--follow",
            setting="wait for footage that is not recorded or listed yet",
            is_flag=True,
            help="Wait for footage that is not listed yet.",
        ),
        _output(
            "--require-complete",
            setting="a gap gives exit code 4",
            is_flag=True,
            help="Exit with 4 if the recording has a gap.",
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
            help="Exit with 4 if the end may still grow.",
        ),
        _IF_EXISTS,
        _REPORT,
        open_option,
        _output("--keep-files", setting="keep the downloaded clips", is_flag=True, help="Keep the downloaded clips."),
        _output(
            "--shared-folder",
            setting="safe or refuse",
            **_one_of(SharedFolder),
            metavar="HOW",
            help="Use a shared folder: safe (default), or refuse.",
        ),
        _output(
            "--exec",
            setting="a command for each complete video; run without a shell",
            metavar="CMD",
            help="Run CMD on complete videos: 'rsync {} nas:'.",
        ),
        _output(
            "--exec-timeout",
            setting="time limit of that command, or off",
            parse=parse_exec_timeout,
            metavar="LENGTH",
            default="12h",
            help="End it after LENGTH, or off. Default: 12h.",
        ),
        _output(
            "--on-failure",
            setting="a command to run after a failure; run without a shell",
            metavar="CMD",
            help="Run CMD if the exit code is not 0.",
        ),
        _program("-n", "--dry-run", is_flag=True, help="Show what would be downloaded, and stop."),
        _program("-y", "--yes", is_flag=True, help="Do not ask before a download of more than 10 GB."),
    ]
)


list_options = _together(
    [
        _HOST,
        _USERNAME,
        _main("-s", "--start", metavar="TIME", help="Start at TIME. Default: a day ago."),
        _main("-e", "--end", metavar="TIME", help="End just before TIME."),
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
        _main("-o", "--output-file", metavar="FILE", help="Write to FILE (required). x.mkv means mkv."),
        _main("--output-format", **FORMAT),
        _main("-s", "--start", metavar="TIME", help="Start at TIME, by the clips' clock. Default: all."),
        _main("-e", "--end", metavar="TIME", help="End just before TIME."),
        _main("--camera-tz", parse=parse_zone, metavar="ZONE", help="Set the zone of that clock, like Europe/Berlin."),
        _main("--in-order", is_flag=True, help="Join clips end to end as given; ignore their times."),
        *video_options,
        _output("--require-complete", is_flag=True, help="Exit with 4 if there is a gap between the clips."),
        _IF_EXISTS,
        _REPORT,
        open_option,
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
json_option = _program("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout.")


def _progress(ctx: click.Context, option: click.Parameter, value: str) -> str:
    """Refuse JSON lines as a setting: a person would get them, too."""
    if value == "json" and ctx.get_parameter_source(option.name or "") is click.core.ParameterSource.DEFAULT_MAP:
        raise UsageError(
            "progress must be auto or plain in the settings, got 'json'.",
            hint="Try: --progress json on the command line of the program that reads it.",
        )
    return value


manner_options = _together(
    [
        json_option,
        _program("-q", "--quiet", is_flag=True, help="Print only errors and losses."),
        _program("-v", "--verbose", is_flag=True, help="Log requests and answers."),
        _program(
            "--progress",
            setting="auto, or plain: lines that a screen reader can follow",
            of_all=True,
            callback=_progress,
            type=click.Choice(["auto", "plain", "json"]),
            metavar="HOW",
            default="auto",
            help="Print progress as auto (default), plain or json.",
        ),
        debug_option,
    ]
)


def _keys() -> Keys:
    """Return what the settings may hold: options that are not of one run, and keys that only they have."""
    declared = (*_parameters(get_options), *_parameters(manner_options))
    options = (each for each in declared if isinstance(each, Option))
    keys = [key for each in options if (key := each.key) is not None]
    return {key.name: key for key in (*keys, *_CAMERA_KEYS, *_PASSWORD_KEYS, *_PING_KEYS)}


KEYS = _keys()


def field_values(ctx: click.Context, kind: type) -> dict[str, Any]:
    """Return what the options say for the fields of the dataclass ``kind``, by their names.

    A field whose option was not given, or is none of this command's, is left out: its default holds.
    """
    options = {option.name: option for option in ctx.command.params if isinstance(option, Option)}
    named = (options[field.name] for field in fields(kind) if field.name in options)
    values = {option.name or "": option.value_of(ctx) for option in named}
    return {name: value for name, value in values.items() if value is not None}


version_option = _program(
    "-V",
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
    report: Path | None = None
    opens: bool = False

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise UsageError("--quiet and --verbose exclude each other.")
