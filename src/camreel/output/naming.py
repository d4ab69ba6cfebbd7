"""Names and folders of outputs. Pure: nothing here looks at the disk."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from camreel.clock import format_offset
from camreel.errors import UsageError
from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat, format_of_suffix, names
from camreel.model import Address, Asked, Moment, Query, Stream, Target, WallTime

LONGEST_DEFAULT = 150  # characters of a default name, suffix included
_LONGEST_GIVEN = 240  # bytes; file systems end at 255, and the part file beside it needs a few

# What Windows does not have in a name, besides control characters.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')

# Windows goes by what stands before the first dot: "con.local_ch1.mp4" is the console too.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)

_OF_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")  # C:\Users, \\server\share

# Endings by which people know a kind of video, sound or picture that camreel does not write. What else stands behind
# a dot is part of the name: "evening.16.01" becomes "evening.16.01.mp4".
# fmt: off
_OTHER_MEDIA = frozenset((
    "264", "265", "3g2", "3gp", "aac", "asf", "dav", "divx", "f4v", "flac", "flv", "gif", "h264", "h265", "hevc",
    "jpeg", "jpg", "m2t", "m2ts", "m2v", "m4a", "m4v", "mjpeg", "mjpg", "mka", "mp3", "mpeg", "mpg", "mpv",
    "mts", "mxf", "oga", "ogg", "ogv", "opus", "png", "rm", "rmvb", "ts", "vob", "wav", "webm", "wma", "wmv",
))


# fmt: on
def default_name(
    target: Target,
    query: Query,
    output_format: OutputFormat = DEFAULT_FORMAT,
    *,
    timelapse: float | None = None,
) -> str:
    """``192.168.1.100_ch1_2026-01-16_08.00.00_to_18.00.00.mp4``: camera, channel, and the range as it was asked.

    The same on every system, and two different ranges never share a name. The range must not be relative.
    ``timelapse`` is as in :class:`camreel.model.VideoOptions`.
    """
    stream, channel = query.stream, query.channel
    kind = "" if stream is Stream.MAIN else f"_{stream.value}"
    if query.events:
        kind += f"_{_FORBIDDEN.sub('_', '+'.join(query.events))[:40]}"
        kind += f"+{query.pad.total_seconds():g}s" if query.pad else ""
    if timelapse is not None:
        kind += f"_{timelapse:g}x" if timelapse > 0 else f"_{-timelapse:g}s"
    where = f"ch{channel}" if isinstance(channel, int) else _FORBIDDEN.sub("_", channel).replace(" ", "-")[:40]
    rest = f"_{where}{kind}_{_range_part(query.asked)}.{output_format.value}"
    return safe_name((target.name or _camera_part(target.address, LONGEST_DEFAULT - len(rest) - 1)) + rest)


def numbered(output: Path, number: int, count: int) -> Path:
    """The name of one of ``count`` files with what was asked for: ``evening-1of2.mp4``; of one, the name itself."""
    return output if count == 1 else output.with_name(f"{output.stem}-{number}of{count}{output.suffix}")


def safe_name(name: str) -> str:
    """``name`` with what Windows refuses made harmless: characters, device names, trailing dots and spaces."""
    harmless = _FORBIDDEN.sub("_", name).rstrip(". ") or "_"
    return f"_{harmless}" if is_device_name(harmless) else harmless


def is_device_name(name: str) -> bool:
    """Whether Windows takes ``name`` for a device, as it does ``NUL`` and ``con.mp4``."""
    return _RESERVED.match(name) is not None


def _camera_part(address: Address, room: int) -> str:
    # A colon cannot be in a name: fe80::1 is written fe80--1, as Windows itself does it.
    host = address.host.replace(":", "-")
    if host.startswith("-"):
        host = f"0{host}"  # else a player takes the file for an option; 0::1 is the same address as ::1
    if address.authority.endswith(f":{address.port}"):
        host = f"{host}_{address.port}"
    if len(host) <= room:
        return host
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{host[: room - 9]}-{digest}"


def _range_part(asked: Asked) -> str:
    bounds = asked.bounds
    start, end = (_naive(moment) for moment in bounds)
    zones = [_zone(moment, asked.times_in) for moment in bounds]
    first = f"{start.date().isoformat()}_{_time_part(start)}"
    last = _time_part(end) if start.date() == end.date() else f"{end.date().isoformat()}_{_time_part(end)}"
    if zones[0] == zones[1]:
        return f"{first}_to_{last}{zones[1]}"
    return f"{first}{zones[0]}_to_{last}{zones[1]}"


def _naive(moment: Moment) -> datetime:
    return moment.naive if isinstance(moment, WallTime) else moment.replace(tzinfo=None)


def _time_part(moment: datetime) -> str:
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%H.%M.%S}{fraction}"


def _zone(moment: Moment, times_in: str | None) -> str:
    if isinstance(moment, WallTime):
        return f"_{times_in.replace('/', '-')}" if times_in else ""
    offset = moment.utcoffset() or timedelta(0)
    return "Z" if not offset else format_offset(offset).replace(":", "")


def output_place(wanted: str, folder: Path, output_format: OutputFormat | None) -> tuple[Path, OutputFormat]:
    """Where ``--output-file wanted`` is, and what it will be.

    A bare name lies in ``folder``, a path with folders is taken as given. ``output_format`` is the format that was
    asked for by name, None where none was: then the suffix decides, and without one it is the default.
    """
    name = os.path.basename(wanted)  # noqa: PTH119 - pathlib drops the "./" that makes the difference here
    if wanted == "-":
        raise UsageError(
            "--output-file - : a video is a file, and cannot go to standard output.",
            hint="Give a file name, like evening.mp4. A file called - is ./-.mp4.",
        )
    if os.name != "nt" and _OF_WINDOWS.match(wanted):
        raise UsageError(
            f"--output-file {wanted!r} is a path of Windows, and this is another system.",
            hint="Write folders with /, like videos/evening.mp4.",
        )
    if name in {"", ".", ".."}:
        raise UsageError(f"--output-file {wanted!r} names a folder.", hint="Give a file name, like evening.mp4.")
    if re.search(r"[\x00-\x1f\x7f]", wanted):
        raise UsageError(f"--output-file {wanted!r} has a control character in it.")
    name, by_suffix = _by_suffix(name)
    if by_suffix and output_format and by_suffix is not output_format:
        raise UsageError(
            f"--output-file {wanted!r} ends in .{by_suffix.value}, but --output-format is {output_format.value}.",
            hint="Give only one of the two.",
        )
    chosen = by_suffix or output_format or DEFAULT_FORMAT
    if not by_suffix:
        name = f"{name.rstrip('.')}.{chosen.value}"
    if len(os.fsencode(name)) > _LONGEST_GIVEN:
        raise UsageError(f"--output-file is too long: a file name can have {_LONGEST_GIVEN} bytes here.")
    given = Path(wanted).with_name(name)
    bare = not os.path.dirname(wanted)  # noqa: PTH120 - see above
    return (folder / name if bare else given), chosen


def _by_suffix(name: str) -> tuple[str, OutputFormat | None]:
    stem, dot, suffix = name.rpartition(".")
    known = format_of_suffix(suffix) if dot else None
    if dot and known is None and suffix.lower() in _OTHER_MEDIA:
        raise UsageError(
            f"--output-file {name!r}: camreel does not write .{suffix}.",
            hint=f"It writes {names(last=' and ')}; without a suffix the format's own is added.",
        )
    if known is not None and not stem.strip("."):
        raise UsageError(f"--output-file {name!r} has no name before its suffix.")
    return name, known
