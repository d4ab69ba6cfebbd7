"""What was typed, checked against itself and the disk: a value, or one sentence that says what is wrong.

Which camera and which range: what all commands that ask a camera for recordings have in common.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import click

from camreel.cli.camera_choice import ActiveCamera, address_of, chosen_of
from camreel.cli.options import OutputOptions, field_values
from camreel.cli.passwords import Given, Passwords
from camreel.cli.values import When, is_asked_otherwise, is_whole_range, read_range
from camreel.clock import parse_last
from camreel.config import config_path
from camreel.devices.address import check_tls, check_username
from camreel.diskio import open_file
from camreel.errors import UsageError, reason_of_system
from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat, names
from camreel.model import NO_RANGE, Asked, Gaps, Output, Query, Target, TypedCommand, VideoOptions
from camreel.output.naming import default_name, is_device_name, output_place
from camreel.text import command_text

LAST_DAY = parse_last("24h")


def video_of(ctx: click.Context, output_format: OutputFormat, query: Query | None = None) -> VideoOptions:
    """Return how the video is to be made. UsageError for options that do not agree with each other or the format."""
    video = VideoOptions(**field_values(ctx, VideoOptions))
    holds = video.gaps is Gaps.HOLD
    if query is not None and query.events and holds:
        raise UsageError(
            "--events and --gaps hold exclude each other.", hint="Time without an event is not in the video."
        )
    if video.exact and video.whole_clips:
        raise UsageError("--exact and --whole-clips exclude each other.", hint="Give only one of them, or neither.")
    if video.subtitles and not output_format.container.subtitles:
        hold = names(lambda each: each.subtitles, last=" and ")
        raise UsageError(f"--subtitles cannot be in {output_format.value}.", hint=f"{hold} can hold them.")
    if video.faststart and not output_format.container.faststart:
        need = names(lambda each: each.faststart, last=" and ")
        raise UsageError(f"--faststart is for {need}; {output_format.value} does not need it.")
    if video.timelapse is not None:
        others = {
            "--exact": video.exact,
            "--h264": video.h264,
            "--subtitles": video.subtitles,
            "--split": video.split,
            "--whole-clips": video.whole_clips,
            "--gaps hold": holds,
        }
        if wrong := [option for option, given in others.items() if given]:
            raise UsageError(
                f"--timelapse and {wrong[0]} exclude each other.", hint="A timelapse consists of keyframes only."
            )
        if not output_format.container.has_timestamps:
            said = f"--timelapse cannot be in {output_format.value}, which has no times for its pictures."
            raise UsageError(said, hint=f"{DEFAULT_FORMAT.value} can.")
    return video


def export_output(ctx: click.Context, target: Target, query: Query) -> Output:
    """Return where the video of an export goes and how it is made.

    Folders may not exist yet; they are made when there is something to put into them.
    """
    given = ctx.params
    folder, file = output_dir_of(ctx), given["output_file"]
    wanted = None if given["output_format"] is None else OutputFormat(given["output_format"])
    by_range = file is None and query.asked.is_relative  # its name is made when the camera has said what time it is
    if file is not None:
        place, chosen = output_of(file, folder, wanted)
    else:
        chosen = wanted or DEFAULT_FORMAT
        place = folder / f"camreel.{chosen.value}"
    video = video_of(ctx, chosen, query)
    if file is None and not by_range:
        place = folder / default_name(target, query, chosen, timelapse=video.timelapse)
    return Output(folder, place, chosen, named_by_range=by_range, video=video, **field_values(ctx, Output))


def output_dir_of(ctx: click.Context) -> Path:
    """Return the folder of the output, in which downloads wait, too: ``--output-dir``, else that of ``--output-file``.

    So nothing is written into the current folder if the output is elsewhere.
    """
    folder = os.path.dirname(os.path.expanduser(ctx.params["output_file"] or ""))  # noqa: PTH111, PTH120 - keeps "./"
    if folder and ctx.get_parameter_source("output_dir") is click.core.ParameterSource.DEFAULT:
        check_folder(absolute(folder), f"--output-file {ctx.params['output_file']!r}")
        return absolute(folder)
    return output_folder(ctx.params["output_dir"])


def output_folder(given: str) -> Path:
    """Return the folder of ``--output-dir``."""
    folder = absolute(given)
    if not given:
        raise UsageError("--output-dir is empty.", hint="Give a folder, or leave it out for the current one.")
    check_folder(folder, f"--output-dir {given!r}")
    return folder


def output_of(output_file: str, folder: Path, output_format: OutputFormat | None) -> tuple[Path, OutputFormat]:
    """Where ``--output-file`` is, and its format; a bare name is under ``folder``."""
    output, chosen = output_place(os.path.expanduser(output_file), folder, output_format)  # noqa: PTH111 - keeps "./"
    output = absolute(output)
    check_folder(output.parent, f"--output-file {output_file!r}")
    if os.path.isdir(output):  # noqa: PTH112 - unlike pathlib's it does not raise where we may not look
        raise UsageError(f"--output-file {output_file!r} is a folder.", hint="Give a file name, like evening.mp4.")
    if os.name == "nt" and is_device_name(output.name):
        raise UsageError(f"--output-file {output_file!r} is the name of a device in Windows.")
    return output, chosen


def absolute(path: str | Path) -> Path:
    """Where ``path`` is, as it was typed."""
    # Not resolve(): a link that a person made is where they want it.
    try:
        return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111
    except FileNotFoundError:
        raise UsageError("The current folder is gone.", hint="Start camreel in another one.") from None


def check_folder(folder: Path, what: str) -> None:
    """UsageError where something that is no folder stands in the way of one."""
    for place in (folder, *folder.parents):
        if os.path.isdir(place):  # noqa: PTH112 - see above
            return
        if os.path.lexists(place):
            raise UsageError(f"{what}: {place} is not a folder.")


def passwords_of(ctx: click.Context) -> Passwords:
    """The passwords of a command with connection options."""
    given = ctx.params
    return Passwords(Given(given["password_file"], given["password_stdin"], given["no_input"]))


def manner_of(ctx: click.Context) -> OutputOptions:
    """How much is to be said: by our options, and by those of amcrest-downloader."""
    given = ctx.params
    level = given["log_level"]
    return OutputOptions(
        as_json=given["as_json"],
        quiet=given["quiet"] or level in {"error", "critical"},
        verbose=given["verbose"] or level in {"debug", "info"},
        progress=given["progress"],
        log_file=given["log_file"],
        report=report_place(given.get("report"), given["log_file"]),
        opens=given.get("opens", False),
    )


REPORT_LINE = "camreel report"
"""The first line of the file of ``--report``: what begins otherwise is no report, and is not replaced."""


def report_place(given: str | None, log_file: str | None = None) -> Path | None:
    """Where ``--report`` is. UsageError if what is there is no earlier report, so that nothing else is replaced."""
    if given is None:
        return None
    place = absolute(given)
    check_folder(place.parent, f"--report {given!r}")
    if not given or os.path.isdir(place):  # noqa: PTH112 - see above
        raise UsageError(f"--report must be a file, got {given!r}.", hint="Give a file name, like report.txt.")
    if os.name == "nt" and is_device_name(place.name):
        raise UsageError(f"--report {given!r} is the name of a device in Windows.", hint=_OWN_FILE)
    if log_file is not None:
        check_report(place, [absolute(log_file)], "the file of --log-file")
    settings = []
    with suppress(UsageError):  # without a home there are none
        settings.append(config_path())
    check_report(place, settings, "the settings file")
    if (reason := foreign_reason(place)) is not None:
        raise UsageError(f"--report cannot replace {place}: {reason}.", hint=_OWN_FILE)
    return place


_OWN_FILE = "Give a file of its own, like report.txt. It may be an earlier report."


def check_report(place: Path | None, others: Iterable[Path], what: str) -> None:
    """UsageError if the file of ``--report`` is one of ``others``."""
    if place is None:
        return
    real = os.path.normcase(os.path.realpath(place))
    for other in others:
        is_same = os.path.normcase(os.path.realpath(other)) == real
        with suppress(OSError):  # one of them is not there
            is_same = is_same or place.samefile(other)
        if is_same:
            raise UsageError(f"--report {place} is also {what}.", hint=_OWN_FILE)


def foreign_reason(place: Path) -> str | None:
    """Return why what is at ``place`` may not be replaced by a report; None for a report, an empty file, or nothing."""
    first = REPORT_LINE.encode()
    try:
        with open_file(place) as file:
            begin = file.read(len(first) + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return reason_of_system(error)
    return None if not begin or begin.rstrip(b"\r\n") == first else "it is not a report of camreel"


def wanted_of(ctx: click.Context, channel: int | str, *, usual: Asked | None = None) -> tuple[Target, Query]:
    """Return where the camera is and what of it is wanted, as the options say.

    ``usual`` is the range if none is given; without it, it has to be.
    """
    given, needs_range = ctx.params, usual is None
    # The second names are those of amcrest-downloader.
    username = given["username"] or given.get("user")
    https, insecure = (bool(given[own] or given.get(second)) for own, second in _SECOND_NAMES)
    when = When(**{field.name: given[field.name] for field in fields(When)})
    if any(given[name] is not None for name in ("start", "end", "minutes")) or is_asked_otherwise(when):
        usual = None
    times = {"start": given["start"], "end": given["end"]}
    since_last = bool(given.get("since_last"))
    if since_last:
        times, usual = {}, _first_range(ctx, when)
    if usual is not None or is_asked_otherwise(when) or (given["end"] is None and is_whole_range(given["start"])):
        times = {}
    address = address_of(ctx, host=given["host"], port=given["port"], https=https, fingerprint=given["fingerprint"])
    host = str(address) if address else None
    # One of several cameras without a user keeps no other from its turn: its task says so.
    user = "" if username is None and isinstance(ctx.obj, ActiveCamera) else username
    user = _required(ctx, needs_range=needs_range, host=host, username=user, **times)[1]
    assert address is not None, "required"
    trust = {name: given[name] for name in ("ca_file", "fingerprint", "legacy_tls")}
    check_tls(insecure=insecure, **trust)
    asked = usual or read_range(given["start"], given["end"], when, follow=bool(given.get("follow")))
    if given["pad"] is not None and given["events"] is None:
        raise UsageError("--pad belongs to --events.", hint="It is the time to keep before and after each event.")
    query = {**field_values(ctx, Query), "asked": asked, "channel": channel}
    if ctx.info_name == "get":
        query["typed"] = typed_command(ctx, channel)
    own = {
        "address": address,
        "username": user and check_username(user),
        "insecure": insecure,
        "name": chosen_of(ctx).name,
    }
    return Target(**{**field_values(ctx, Target), **own}), Query(**query)


def _first_range(ctx: click.Context, when: When) -> Asked:
    """Return the range of the first run of ``--since-last``, of which the start counts; NO_RANGE if none is given."""
    given = ctx.params
    others = {"--end": given["end"], "--date": when.date, "--around": when.around, "--duration": when.duration}
    others["--output-file"] = given["output_file"]
    if wrong := [option for option, value in others.items() if value is not None]:
        raise UsageError(
            f"--since-last and {wrong[0]} exclude each other.",
            hint="Each run makes a video of its own, up to now. --last or --start says where the first one begins.",
        )
    if given["start"] is not None and when.last is None:
        return read_range(given["start"], "now", when)
    return NO_RANGE if when.last is None else read_range(given["start"], None, when)


_SECOND_NAMES = (("https", "ssl"), ("insecure", "no_verify_ssl"))


def _required(ctx: click.Context, *, needs_range: bool, **given: str | None) -> tuple[str, ...]:
    """All of them, or one sentence that names all that are missing."""
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        named = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise UsageError(
            f"{named} {'is' if len(missing) == 1 else 'are'} missing.",
            hint=_least(ctx, needs_range=needs_range, has_camera="--host" not in missing),
        )
    return tuple(value for value in given.values() if value is not None)


def _least(ctx: click.Context, *, needs_range: bool, has_camera: bool) -> str:
    """A command line that would do, with the camera that was named, or one that could be."""
    command, chosen = str(ctx.info_name), chosen_of(ctx)
    known = chosen.name or (None if has_camera else next(iter(chosen.config.cameras), None))
    when = ("--last", "1h") if needs_range else ()
    if known is not None:
        return f"Try:\n{command_text((command, known, '--last', '1h'))}"
    whole = command_text((command, "192.168.1.100", "--username", "admin", *when))
    return f"Try:\n{whole}" if has_camera else f"Name a camera once, or give its address:\ncamreel setup\n{whole}"


_RANGE = frozenset({"start", "end", "last", "date", "around", "minutes", "duration", "since_last"})
_OF_SEVERAL = frozenset({"channel", "all_cameras"})


def typed_command(ctx: click.Context, channel: int | str) -> TypedCommand:
    """Return how this was typed, for the one camera and ``channel``. No password is an argument."""
    chosen = chosen_of(ctx)
    found, _, order = ctx.command.make_parser(ctx).parse_args(list(chosen.arguments))
    words = [str(ctx.info_name), *([] if chosen.word is None else [chosen.word])]
    when: list[str] = []
    for option in dict.fromkeys(order):
        if not isinstance(option, click.Option) or option.name in _OF_SEVERAL:
            continue
        value, name = found[str(option.name)], max(option.opts, key=len)
        each = [name] if option.is_flag else [name, str(value)]
        (when if option.name in _RANGE else words).extend(each)
    if "channel" in found or len(ctx.params["channel"]) > 1:
        words += ["--channel", str(channel)]
    if ctx.params["date"] is not None and "date" not in found:  # in words, behind the camera
        when += ["--date", str(ctx.params["date"])]
    return TypedCommand(tuple(words), tuple(when))
