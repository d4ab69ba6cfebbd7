"""An open output file: its interface to the merge, its errors, and its unit of time."""

from __future__ import annotations

import errno
import os
import stat
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import av.error

from camreel.diskio import BackgroundFsync, FileIdentity, create_new
from camreel.errors import DiskError, MergeError, reason_of_system, system_advice
from camreel.media.clips.open import open_clip

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.containers import Container
    from camreel.formats.mp4 import Run
    from camreel.media.clips.clip import Clip
    from camreel.media.clips.packets import GopRun, Stored
    from camreel.media.mux.frames import FrameTrack
    from camreel.media.mux.sound import SoundTrack
    from camreel.media.mux.subtitles import SubtitleTrack
    from camreel.media.worker.messages import Chapter, MergeJob

# What happened, in clearer words than the system's; what to try is said by camreel.errors.
_DISK_WORDS = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "Your disk quota is used up",
    errno.EFBIG: "The file would be larger than this file system allows",
    errno.EROFS: "The disk is read-only",
    errno.EACCES: "No permission to write into the folder",
    errno.EPERM: "No permission to write into the folder",
    errno.ENOENT: "The output folder no longer exists",
    errno.EIO: "The disk reports an error",
}

Result = TypeVar("Result")


def create_part(path: str) -> int:
    """Make the file of an output, and return its descriptor. Raises OSError.

    What an earlier try left under its name is removed: nothing is written into a file that is there, or through a link.
    """
    with suppress(FileNotFoundError):
        kind = Path(path).lstat().st_mode
        if stat.S_ISREG(kind) or stat.S_ISLNK(kind):  # a device is never removed
            Path(path).unlink()
    return create_new(path, 0o666)


def identity_of(handle: int, path: str) -> FileIdentity:
    """Return which file ``handle`` has written. Raises DiskError if another has its name ``path``."""
    written = FileIdentity.of(os.fstat(handle))
    written.check(path)
    return written


def writing(action: Callable[..., Result], *args: Any) -> Result:
    """Run ``action``, which writes the output. Raises :class:`DiskError` or :class:`MergeError` in our words."""
    try:
        return action(*args)
    except (av.error.FFmpegError, OSError, ValueError, OverflowError, struct.error) as error:
        raise as_camreel_error(error) from error


def as_camreel_error(error: Exception) -> DiskError | MergeError:
    """What ``error``, met while writing, means to people."""
    words = _DISK_WORDS.get(getattr(error, "errno", None) or 0)
    if words is not None:
        return DiskError(f"{words}: the video could not be written.", hint=system_advice(error))
    if isinstance(error, OSError) and (advice := system_advice(error)) is not None:
        return DiskError(f"The video could not be written: {reason_of_system(error)}.", hint=advice)
    return MergeError(f"The video could not be written ({type(error).__name__}: {error}).")


@dataclass(frozen=True, slots=True)
class Creation:
    """A moment as it is written into files: in UTC, and by the camera's clock with its offset."""

    utc: str
    local: str


class OutputFile(ABC):
    """An open output file. Its methods raise what :func:`writing` raises. ``bytes`` counts those of its packets.

    ``unsaid`` is how its frames are to be shown, as far as the file does not say it: ends of a sentence. ``file`` is
    which one was written, once it is closed.
    """

    unsaid: tuple[str, ...] = ()

    picture_time_base: Fraction
    pictures: FrameTrack
    file: FileIdentity

    def __init__(self, job: MergeJob, path: str) -> None:
        self._format = job.format.container
        self.bytes = 0
        self.sound: SoundTrack | None = None
        self.subtitles: SubtitleTrack | None = None
        self._path = path
        self._fsync = BackgroundFsync(path)

    @property
    @abstractmethod
    def sound_codec(self) -> str | None:
        """The codec of the sound as written; None without sound."""

    @abstractmethod
    def put_picture(self, packet: Packet[Any] | Stored) -> None:
        """Write one packet, whose times are ticks of the picture track."""

    @abstractmethod
    def put_sound(self, packet: Packet[Any] | Stored) -> None:
        """Write one packet, whose times are samples."""

    def takes(self, stretch: GopRun) -> bool:  # noqa: ARG002 - most outputs are given one packet after the other
        """Whether it can be given all of a stretch at once, here and now."""
        return False

    def put_pictures(self, stretch: GopRun, start: int, duration: int) -> None:
        """Write the pictures of a stretch, the first decoded at ``start``. Only where it :meth:`takes` them."""
        raise NotImplementedError

    def put_sounds(self, stretch: GopRun, run: Run, start: int, duration: int) -> None:
        """Write sound of a stretch, whose pictures were the last, from sample ``start`` on."""
        raise NotImplementedError

    @abstractmethod
    def settle(self) -> None:
        """The clip of the last packets will be closed: nothing may need it any more."""

    @abstractmethod
    def close(self, chapters: Sequence[Chapter]) -> None:
        """Write the chapters that the format can hold, and the end of the file."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go of the file as it is."""


def picture_time_base(container: Container, clip: Clip) -> Fraction:
    """The unit of time of an output's pictures."""
    if not container.has_timestamps:
        with open_clip(clip.path) as again:
            return 1 / again.steady_rate()
    # The first clip's own ticks: clips of the same camera are then placed without any rounding.
    fine = (
        clip.time_base <= Fraction(1, 1000) and clip.time_base.numerator == 1 and clip.time_base.denominator < 1 << 31
    )
    return clip.time_base if fine else Fraction(1, 90_000)
