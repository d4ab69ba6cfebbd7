"""What was typed, checked against itself and the disk: a value, or one sentence that says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from camreel.cli.amounts import parse_split, parse_timelapse
from camreel.devices.address import check_tls, check_username
from camreel.errors import UsageError
from camreel.model import Address, Asked, AudioMode, Gaps, Making, OutputFormat, Stream
from camreel.output.naming import default_name, is_device_name, output_place

__all__ = ["check_events", "check_tls", "check_username", "choose_places", "making_of"]


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
) -> Making:
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
    return Making(
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
