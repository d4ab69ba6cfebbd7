"""Open the finished output again and compare it with what was written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import av.error

from camreel.diskio import open_file
from camreel.errors import MergeError
from camreel.formats.mp4.boxes import BadIndex
from camreel.formats.mp4.long_index import long_index
from camreel.media.clips.packets import HEAD, head_of
from camreel.media.ffmpeg import as_fraction, reopen_as
from camreel.media.mux.base import writing

if TYPE_CHECKING:
    from av.container import InputContainer

    from camreel.formats.containers import Container
    from camreel.media.worker.messages import FilmResult

_HINT = "The downloads are kept. Run it again; if it happens again, please report it."

# Beyond what rounding to a container's ticks explains, and below what a lost clip would be.
_TOLERANCE = 0.5


def verify(path: str, container: Container, written: FilmResult, ends: tuple[bytes, bytes], stays: float) -> None:
    """Check the file and bring it to the disk. Raises :class:`MergeError` if it is not what was written.

    ``ends`` are how the first and the last frame begin, as bytes: they are read back through the index. mp4 and avi
    have an index that lists every packet. Matroska has none: its length, and the place of the packets at its end,
    speak for the rest. ``stays`` is how long (seconds) the last frame is shown: no index says it of frames that are
    stored out of order, and at 1 frame a second it is no rounding.
    """
    try:
        if container.has_own_writer and _compare_long(path, written, ends, stays):
            writing(_to_disk, path)
            return
        with reopen_as(path, container.demuxer) as reopened:
            _compare(reopened, container, written, ends, stays)
    except (av.error.FFmpegError, ValueError) as error:
        raise MergeError(f"The finished video cannot be opened again ({error}).", hint=_HINT) from error
    writing(_to_disk, path)


def _compare(
    reopened: InputContainer, container: Container, written: FilmResult, ends: tuple[bytes, bytes], stays: float
) -> None:
    if not reopened.streams.video or _has_sound(reopened, has_index=container.has_index) != bool(written.audio_packets):
        raise MergeError("The finished video does not have the tracks that were written.", hint=_HINT)
    _compare_lists(reopened, container, written)
    first, last, at = _ends(reopened)
    if (first, last) != ends:
        raise MergeError("The finished video does not hold the pictures that were written.", hint=_HINT)
    # By when the last frame begins: where it ends, not every container says. The length in an index is by the times of
    # decoding, which at 1 frame a second can be seconds earlier.
    begins = at if container.has_timestamps else _seconds(reopened) - stays
    if not container.has_index:
        begins = min(begins, _seconds(reopened))
    if abs(begins + stays - written.seconds) > _TOLERANCE:
        raise MergeError(
            f"The finished video is {begins + stays:.2f} s long; {written.seconds:.2f} s were written.", hint=_HINT
        )


def _compare_long(path: str, written: FilmResult, ends: tuple[bytes, bytes], stays: float) -> bool:
    """Do the same for a file whose index is too long to be held in memory; return False if it is not."""
    try:
        with open_file(path) as file:
            tracks = long_index(file)
            if tracks is None or b"vide" not in tracks:
                return False
            pictures = tracks[b"vide"]
            found = []
            for at, size in (pictures.first, pictures.last):
                file.seek(at)
                found.append(file.read(min(size, HEAD)))
    except (BadIndex, KeyError, OSError):
        return False  # it may still be what FFmpeg reads
    sound = tracks[b"soun"].samples if b"soun" in tracks else 0
    if bool(sound) != bool(written.audio_packets):
        raise MergeError("The finished video does not have the tracks that were written.", hint=_HINT)
    _compare_count("pictures", pictures.samples, written.video_packets)
    _compare_count("packets of sound", sound, written.audio_packets)
    if tuple(found) != ends:
        raise MergeError("The finished video does not hold the pictures that were written.", hint=_HINT)
    # By the times of decoding: where frames are stored out of order, the end is within two frames of that.
    if abs(pictures.seconds - written.seconds) > _TOLERANCE + 2 * stays:
        raise MergeError(
            f"The finished video is {pictures.seconds:.2f} s long; {written.seconds:.2f} s were written.", hint=_HINT
        )
    return True


def _has_sound(reopened: InputContainer, *, has_index: bool) -> bool:
    """Whether a track of sound has a packet: a clip may declare one and have none in the range."""
    tracks = reopened.streams.audio
    if not tracks or has_index:
        return bool(tracks) and tracks[0].frames > 0
    found = any(packet.size for packet in reopened.demux(tracks[0]))
    reopened.seek(0)
    return found


def _compare_lists(reopened: InputContainer, container: Container, written: FilmResult) -> None:
    video = reopened.streams.video[0]
    if not container.has_timestamps:
        # Its index has a place for each picture at the constant rate, also for one that is missing.
        time_base = as_fraction(video.time_base)
        _compare_count("places for pictures", video.frames, round(written.seconds / (time_base or 1)))
    elif container.has_index:
        _compare_count("pictures", video.frames, written.video_packets)
        if written.audio_codec == "aac":  # of PCM they list samples
            _compare_count("packets of sound", reopened.streams.audio[0].frames, written.audio_packets)


def _compare_count(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise MergeError(f"The finished video lists {found} {what}; {expected} were written.", hint=_HINT)


def _seconds(reopened: InputContainer) -> float:
    video = reopened.streams.video[0]
    time_base = as_fraction(video.time_base)
    if video.duration is not None and time_base is not None:
        return float(video.duration * time_base)
    return (reopened.duration or 0) / 1_000_000


def _ends(reopened: InputContainer) -> tuple[bytes, bytes, float]:
    """How the first and the last picture begin, and the latest time (seconds) at which one is shown."""
    video = reopened.streams.video[0]
    time_base = as_fraction(video.time_base)
    assert time_base is not None
    first = next((head_of(packet) for packet in reopened.demux(video) if packet.size), b"")
    last, shown = b"", 0
    reopened.seek(1 << 40, backward=True, stream=video)
    for packet in reopened.demux(video):
        if packet.size:
            last, shown = head_of(packet), max(shown, packet.pts or 0)
    return first, last, float(shown * time_base)


def _to_disk(path: str) -> None:
    with open_file(path, "r+b") as file:
        os.fsync(file.fileno())
