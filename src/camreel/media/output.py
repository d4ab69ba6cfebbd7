"""The file that the clips go into: its tracks, its metadata, and what writing it can run into."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import av
import av.error

from camreel.errors import DiskError, MergeError
from camreel.media.audio import AacPackets, Samples, SoundTrack
from camreel.media.job import Chapter, MergeJob
from camreel.media.opening import open_clip
from camreel.media.pictures import PictureTrack, picture_track
from camreel.media.probe import FAST_OPEN, THOROUGH_OPEN
from camreel.media.timeline import MOST_MP4_CHAPTERS
from camreel.model import OutputFormat

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

    from camreel.media.probe import Clip, SoundKind

_MUXERS = {OutputFormat.MP4: "mp4", OutputFormat.MKV: "matroska", OutputFormat.AVI: "avi"}
# In FFmpeg 8.0 hybrid_fragmented with delay_moov closes the file with every offset wrong, and reports no error.
_HYBRID = av.library_versions["libavformat"] >= (62, 12)
_OPTIONS = {
    # Readable up to the last fragment after a crash, an ordinary mp4 once closed. Without delay_moov video with
    # B-frames starts a tenth of a second late against the sound.
    OutputFormat.MP4: {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov"} if _HYBRID else {},
    # The comment is changed in place once it is known whether the film is complete: no checksum may cover it.
    OutputFormat.MKV: {"write_crc32": "0"},
    OutputFormat.AVI: {},
}

# ISO/IEC 14496-3, table 1.18.
_AAC_RATES = (7350, 8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)

_DISK_ADVICE = {
    errno.ENOSPC: ("The disk is full", "Free some space and run it again: what was downloaded is kept."),
    errno.EDQUOT: ("Your disk quota is used up", "Free some space and run it again: what was downloaded is kept."),
    errno.EFBIG: (
        "The file would be larger than this file system allows",
        "FAT32 ends at 4 GiB: choose another disk for the output, or ask for a shorter range.",
    ),
    errno.EROFS: ("The disk is read-only", "Choose another folder for the output."),
    errno.EACCES: ("The folder does not let us write", "Choose another folder for the output."),
    errno.EPERM: ("The folder does not let us write", "Choose another folder for the output."),
    errno.ENOENT: ("The folder of the output is gone", "Run it again: what was downloaded is kept."),
    errno.EIO: ("The disk reports an error", "Check the disk, or choose another for the output."),
}

Result = TypeVar("Result")


def writing(action: Callable[..., Result], *args: Any) -> Result:
    """Run ``action``, which writes the output. Raises :class:`DiskError` or :class:`MergeError` in our words."""
    try:
        return action(*args)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise as_camreel_error(error) from error


def as_camreel_error(error: Exception) -> DiskError | MergeError:
    """What ``error``, met while writing, means to people."""
    code = getattr(error, "errno", None)
    if code in _DISK_ADVICE:
        message, hint = _DISK_ADVICE[code]
        return DiskError(f"{message}: the video could not be written.", hint=hint)
    return MergeError(f"The video could not be written ({type(error).__name__}: {error}).")


class Output:
    """An open output, made for clips of the kind of ``clip``. ``creation_time`` as FFmpeg takes it, or None."""

    def __init__(self, job: MergeJob, clip: Clip, creation_time: str | None) -> None:
        self.format = job.format
        self.kind = clip.kind
        self._container = writing(self._open, job)
        self._set_metadata(job, creation_time)
        self.picture_time_base = _picture_time_base(job.format, clip)
        self.picture_stream: VideoStream = writing(self._add_pictures, clip)
        self.sound_stream: AudioStream
        self.pictures: PictureTrack = picture_track(self, job.format)
        self.sound: SoundTrack | None = None
        if clip.kind.sound is not None:
            self.sound = writing(self._add_sound, clip, clip.kind.sound)

    def _open(self, job: MergeJob) -> av.container.OutputContainer:
        # The name ends in .part, so the format is given; `file:` keeps a colon in it from being a protocol.
        return av.open(f"file:{job.output}", "w", format=_MUXERS[job.format], options=dict(_OPTIONS[job.format]))

    def _set_metadata(self, job: MergeJob, creation_time: str | None) -> None:
        # All of it now: what is set after the first packet is lost.
        wanted = {"title": job.title, "comment": job.comment, "creation_time": creation_time}
        self._container.metadata.update({key: text for key, text in wanted.items() if text})

    def _add_pictures(self, clip: Clip) -> VideoStream:
        # opaque: a track to copy into; else PyAV builds an encoder, which some builds of FFmpeg lack.
        stream = self._container.add_stream_from_template(clip.video, opaque=True)
        stream.time_base = self.picture_time_base
        if clip.parameters.hevc and self.format is OutputFormat.MP4:
            stream.codec_context.codec_tag = "hvc1"  # FFmpeg's own choice, hev1, does not play on Apple's systems
        return stream

    def _add_sound(self, clip: Clip, kind: SoundKind) -> SoundTrack:
        assert clip.sound is not None
        avi = self.format is OutputFormat.AVI
        copied = kind.codec == "aac" or (avi and kind.codec in {"pcm_alaw", "pcm_mulaw"})
        encoded = not copied and self.format is OutputFormat.MP4
        if copied:
            self.sound_stream = self._copied_sound(clip, avi=avi)
            rate = kind.rate
        else:
            rate = _aac_rate(kind.rate) if encoded else kind.rate
            self.sound_stream = self._container.add_stream("aac" if encoded else "pcm_s16le", rate=rate)
            self.sound_stream.layout = clip.sound.layout
            if encoded:
                self.sound_stream.bit_rate = kind.channels * (32_000 if rate <= 16_000 else 64_000)
        if kind.codec == "aac":
            return AacPackets(self, kind, fill=avi)
        return Samples(self, kind, rate, copied=copied, encoded=encoded)

    def _copied_sound(self, clip: Clip, *, avi: bool) -> AudioStream:
        """A track for the clip's packets.

        It is made from another look at the clip. Without its edit list, else Matroska (PyAV 19) takes the encoder's
        run-up, which is not copied, off the first sound. And for avi a thorough one: without the frame size, which a
        fast open does not find, avi gets thousands of empty chunks a minute.
        """
        with open_clip(clip.path, (THOROUGH_OPEN if avi else FAST_OPEN) | {"ignore_editlist": "1"}) as template:
            assert template.sound is not None
            return self._container.add_stream_from_template(template.sound, opaque=True)

    @property
    def sound_codec(self) -> str | None:
        """The codec of the sound as written; None without sound."""
        return None if self.sound is None else self.sound_stream.codec_context.name

    def mux(self, packet: Packet[Any]) -> None:
        """Write one packet. Raises :class:`DiskError` or :class:`MergeError`."""
        try:
            self._container.mux_one(packet)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise as_camreel_error(error) from error

    def close(self, chapters: Sequence[Chapter]) -> None:
        """Write the chapters that the format can hold, and the end of the file."""
        if self.format is not OutputFormat.AVI:
            most = MOST_MP4_CHAPTERS if self.format is OutputFormat.MP4 else len(chapters)
            # Set now and not at the start: both would be mixed up in an mp4, and the stretches are known only now.
            self._container.set_chapters([_ffmpeg_chapter(n, each) for n, each in enumerate(chapters[:most])])
        writing(self._container.close)

    def abandon(self) -> None:
        """Let go of the file as it is."""
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError, ValueError):
            return


def _aac_rate(rate: int) -> int:
    """``rate``, or the next higher one that AAC knows."""
    return next((known for known in _AAC_RATES if known >= rate), _AAC_RATES[-1])


def _ffmpeg_chapter(number: int, chapter: Chapter) -> Any:
    return {
        "id": number + 1,
        "start": round(chapter.start * 1000),
        "end": round(chapter.end * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }


def _picture_time_base(container: OutputFormat, clip: Clip) -> Fraction:
    if container is OutputFormat.AVI:
        with open_clip(clip.path) as again:
            return 1 / again.steady_rate()
    # The first clip's own ticks: clips of the same camera are then placed without any rounding.
    fine = (
        clip.time_base <= Fraction(1, 1000) and clip.time_base.numerator == 1 and clip.time_base.denominator < 1 << 31
    )
    return clip.time_base if fine else Fraction(1, 90_000)
