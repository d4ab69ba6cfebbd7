"""What was typed, checked against itself and the disk: a value, or one sentence that says what is wrong.

Which camera and which range: what all commands that ask a camera for recordings have in common.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from camreel.cli.camera_choice import address_of, chosen_of
from camreel.cli.options import OutputOptions
from camreel.cli.passwords import Given, Passwords
from camreel.cli.values import (
    When,
    is_asked_otherwise,
    parse_drift,
    parse_pad,
    parse_patience,
    parse_split,
    parse_timelapse,
    read_range,
)
from camreel.clock import parse_camera_zone, parse_last
from camreel.devices.address import check_tls, check_username
from camreel.errors import UsageError
from camreel.model import Address, Asked, AudioMode, Gaps, OutputFormat, Request, Stream, VideoOptions
from camreel.output.naming import default_name, is_device_name, output_place
from camreel.planning.event_filter import parse_events

__all__ = ["check_events", "check_tls", "check_username", "choose_places", "making_of"]

LAST_DAY = parse_last("24h")


def check_events(events: Sequence[str], pad: str | None) -> None:
    """``--pad`` needs ``--events``."""
    if pad is not None and not events:
        raise UsageError("--pad belongs to --events.", hint="It is so much before and after each recording with one.")


def check_gaps(events: Sequence[str], gaps: str) -> None:
    """What is not wanted is no gap that a picture could be held over."""
    if events and gaps == Gaps.HOLD.value:
        raise UsageError("--events and --gaps hold exclude each other.", hint="What has no event is not in the video.")


def making_of(
    container: OutputFormat,
    *,
    exact: bool,
    whole_clips: bool,
    h264: bool,
    audio: str,
    gaps: str,
    subtitles: bool,
    faststart: bool,
    split: str | None,
    timelapse: str | None = None,
) -> VideoOptions:
    """How the video is to be made, of options that agree with each other and with the format."""
    if exact and whole_clips:
        raise UsageError("--exact and --whole-clips exclude each other.", hint="Give one of them, or neither.")
    if subtitles and container is OutputFormat.AVI:
        raise UsageError("--subtitles cannot be in avi.", hint="mp4, mkv and mov can hold them.")
    if faststart and container not in {OutputFormat.MP4, OutputFormat.MOV}:
        raise UsageError(f"--faststart is for mp4 and mov; {container.value} needs no such thing.")
    if timelapse is not None:
        others = {
            "--exact": exact,
            "--h264": h264,
            "--subtitles": subtitles,
            "--split": split,
            "--whole-clips": whole_clips,
        }
        wrong = [option for option, given in others.items() if given] + (["--gaps hold"] if gaps == "hold" else [])
        if wrong:
            raise UsageError(f"--timelapse and {wrong[0]} exclude each other.", hint="It is made of keyframes alone.")
        if container is OutputFormat.AVI:
            raise UsageError("--timelapse cannot be in avi, which has no times for its pictures.", hint="mp4 can.")
    return VideoOptions(
        exact=exact,
        h264=h264,
        audio=AudioMode(audio),
        gaps=Gaps(gaps),
        subtitles=subtitles,
        faststart=faststart,
        split=None if split is None else parse_split(split),
        timelapse=None if timelapse is None else parse_timelapse(timelapse),
    )


def choose_places(
    asked: Asked,
    address: Address,
    channel: int | str,
    stream: Stream,
    *,
    output_dir: str,
    output_file: str | None,
    output_format: OutputFormat | None,
    events: Sequence[str] = (),
    pad: timedelta = timedelta(0),
    camera: str | None = None,
    timelapse: float | None = None,
) -> tuple[Path, Path, OutputFormat]:
    """The output folder, the output and its format. Folders may be missing; they are made when there is something to
    put into them.
    """
    folder = absolute(output_dir)
    if not output_dir:
        raise UsageError("--output-dir is empty.", hint="Give a folder, or leave it out for the current one.")
    check_folder(folder, f"--output-dir {output_dir!r}")
    if output_file is None:
        chosen = output_format or OutputFormat.MP4
        if asked.is_relative:  # its name is made when the camera has said what time it is
            return folder, folder / f"camreel.{chosen.value}", chosen
        name = default_name(
            address, channel, stream, asked, chosen, events=events, pad=pad, camera=camera, timelapse=timelapse
        )
        return folder, folder / name, chosen
    return folder, *output_of(output_file, folder, output_format)


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
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111


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
    )


def wanted_of(ctx: click.Context, channel: int | str, *, usual: Asked | None = None) -> Request:
    """The request that the options make, as far as they say where the camera is and what of it is wanted.

    ``usual`` is the range where none is given; without it, it has to be. Where to the video goes is not in it.
    """
    return _wanted(ctx, usual, **{**ctx.params, "channel": channel})


def _wanted(
    ctx: click.Context,
    usual: Asked | None,
    *,
    host: str | None,
    username: str | None,
    start: str | None,
    end: str | None,
    channel: int | str,
    port: int | None,
    https: bool,
    insecure: bool,
    ca_file: str | None,
    fingerprint: str | None,
    camera_tz: str | None,
    clock_drift: str | None,
    last: str | None,
    date: str | None,
    around: str | None,
    minutes: int | None,
    duration: str | None,
    times_in: str | None,
    events: str | None,
    pad: str | None,
    retry_for: str,
    ignore_lock: bool,
    stream: str,
    user: str | None = None,
    ssl: bool = False,
    no_verify_ssl: bool = False,
    **_others: Any,
) -> Request:
    username, https, insecure = username or user, https or ssl, insecure or no_verify_ssl
    needs_range = usual is None
    when = When(last=last, date=date, around=around, minutes=minutes, duration=duration, times_in=times_in)
    if start is not None or end is not None or is_asked_otherwise(when) or minutes is not None:
        usual = None
    needed = {} if is_asked_otherwise(when) or usual is not None else {"start": start, "end": end}
    address = address_of(ctx, host=host, port=port, https=https)
    given = _required(ctx, needs_range=needs_range, host=str(address) if address else None, username=username, **needed)
    username = given[1]
    assert address is not None, "required"
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    asked = usual or read_range(start, end, when)
    wanted = () if events is None else parse_events(events)
    check_events(wanted, pad)
    return Request(
        address=address,
        username=check_username(username),
        asked=asked,
        output_dir=Path(),
        output=Path(),
        channel=channel,
        stream=Stream(stream),
        insecure=insecure,
        ca_file=ca_file,
        fingerprint=fingerprint,
        camera_tz=None if camera_tz is None else parse_camera_zone(camera_tz),
        clock_drift=None if clock_drift is None else parse_drift(clock_drift),
        retry_for=parse_patience(retry_for),
        ignore_lock=ignore_lock,
        events=wanted,
        pad=parse_pad(pad) if pad is not None else timedelta(0),
        camera=chosen_of(ctx).name,
    )


def _required(ctx: click.Context, *, needs_range: bool, **given: str | None) -> tuple[str, ...]:
    """All of them, or one sentence that names all that are missing."""
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        named = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise UsageError(
            f"{named} {'is' if len(missing) == 1 else 'are'} missing.",
            hint=f"At least: {_least(ctx, needs_range=needs_range, has_camera='--host' not in missing)}",
        )
    return tuple(value for value in given.values() if value is not None)


def _least(ctx: click.Context, *, needs_range: bool, has_camera: bool) -> str:
    """A command line that would do, with the camera that was named, or one that could be."""
    program, command = ctx.find_root().info_name, ctx.info_name
    chosen = chosen_of(ctx)
    known = chosen.name or (None if has_camera else next(iter(chosen.config.cameras), None))
    if known is not None:
        return f"{program} {command} {known} --last 1h"
    if needs_range:
        return f'{program} --host 192.168.1.100 --username admin --start "2026-01-16 08:00" --end "2026-01-16 18:00"'
    return f"{program} {command} 192.168.1.100 --username admin"
