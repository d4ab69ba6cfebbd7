"""FFmpeg through PyAV: its versions, how camreel opens a file, and values whose type depends on the version."""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.codec.codec import Codec  # noqa: F401 - loads the libraries whose versions are reported

from camreel.formats.source import ClipTrust, path_of, source_handle

if TYPE_CHECKING:
    from av.container import InputContainer

# By default FFmpeg decodes frames to learn what the index of an mp4 says anyway: 25 ms instead of 2 for each clip.
FAST_OPEN = {"probesize": "32", "analyzeduration": "0", "protocol_whitelist": "file"}
THOROUGH_OPEN = {"protocol_whitelist": "file"}


def library_versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of PyAV and of the FFmpeg in it, each with its name."""
    codec = ".".join(map(str, av.library_versions.get("libavcodec", ())))
    return (("PyAV", av.__version__), ("FFmpeg", getattr(av, "ffmpeg_version_info", "") or f"libavcodec {codec}"))


def open_as(path: str, demuxer: str, options: dict[str, str] = FAST_OPEN) -> InputContainer:
    """Open a clip with the demuxer of that name. Raises what PyAV raises."""
    return _open_checked(path, demuxer, options, None)


def reopen_as(path: str, demuxer: str) -> InputContainer:
    """The same for a video that was just made, which is no link."""
    return _open_checked(path, demuxer, FAST_OPEN, ClipTrust.NO_LINKS)


def _open_checked(path: str, demuxer: str, options: dict[str, str], trust: ClipTrust | None) -> InputContainer:
    try:
        handle = source_handle(path, trust)
    except OSError as error:
        raise av.error.FFmpegError(error.errno or errno.EIO, error.strerror or str(error), path) from error
    try:
        return _open_again(path_of(handle, path), demuxer, options)
    except av.error.FFmpegError as error:
        error.args = (*error.args[:2], path, *error.args[3:])
        raise
    finally:
        os.close(handle)


def _open_again(path: str, demuxer: str, options: dict[str, str]) -> InputContainer:
    # PyAV 19 accepts text that is not UTF-8; older versions have to be told.
    lenient: Any = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
    # `file:` keeps a colon in the name from being a protocol.
    return cast("InputContainer", av.open(f"file:{path}", "r", format=demuxer, options=dict(options), **lenient))


def as_fraction(value: Fraction | None) -> Fraction | None:
    """Return FFmpeg's rational as Python's own: from PyAV 19 on it has its own type. None if it has no value."""
    return None if value is None or value.denominator == 0 else Fraction(value.numerator, value.denominator)
