"""An output that FFmpeg writes: its tracks, its options and its metadata."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.video.reformatter import ColorRange

from camreel.formats.nal import widened_configuration
from camreel.formats.parameter_sets import Colors
from camreel.formats.source import path_of
from camreel.media.clips.open import open_clip
from camreel.media.clips.packets import Stored, opened_before
from camreel.media.encode.audio import layout_name
from camreel.media.ffmpeg import FAST_OPEN, THOROUGH_OPEN
from camreel.media.mux.base import (
    Creation,
    OutputFile,
    as_camreel_error,
    create_part,
    identity_of,
    picture_time_base,
    writing,
)
from camreel.media.mux.frames import picture_track
from camreel.media.mux.sound import AacPackets, SampleTrack, SoundForm, SoundTrack
from camreel.media.mux.subtitles import SubtitleTrack
from camreel.media.worker.messages import Chapter, MergeJob
from camreel.model import WallTime

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

    from camreel.media.clips.clip import Clip
    from camreel.media.clips.description import Description

# In FFmpeg 8.0 hybrid_fragmented with delay_moov closes the file with every offset wrong, and reports no error.
_HYBRID = av.library_versions["libavformat"] >= (62, 12)
# Readable up to the last fragment after a crash, an ordinary mp4 once closed. Without delay_moov video with B-frames
# starts a tenth of a second late against the sound.
_HYBRID_FLAGS = ("hybrid_fragmented", "frag_keyframe", "delay_moov")


def _options_of(job: MergeJob) -> dict[str, str]:
    """The muxer's options for a job."""
    container = job.format.container
    if not container.is_quicktime:
        return dict(container.muxer_options)
    flags = ["faststart"] if job.video.faststart else []
    # FFmpeg 8.1 and 9.0 crash on subtitles in hybrid files, or date them wrongly.
    if _HYBRID and not job.video.faststart and not job.video.subtitles:
        flags += _HYBRID_FLAGS
    if container.has_apple_metadata:
        # Apple's own names, which tell the zone. In mp4 the flag would hide the title from other players.
        flags.append("use_metadata_tags")
    return {"movflags": "+".join(flags)} if flags else {}


class MuxedOutput(OutputFile):
    """An output that FFmpeg writes, made for frames of ``clip`` that have ``description``, and sound of ``form``.

    ``created`` is when the first frame was taken. ``caption`` makes the text of a subtitle.
    """

    def __init__(
        self,
        job: MergeJob,
        path: str,
        clip: Clip,
        form: SoundForm | None,
        created: Creation | None,
        *,
        description: Description,
        caption: Callable[[WallTime], str],
    ) -> None:
        super().__init__(job, path)
        self._handle = writing(create_part, path)
        self._container = writing(self._open, job)
        self._set_metadata(job, created)
        self.picture_time_base = picture_time_base(self._format, clip)
        self.picture_stream: VideoStream = writing(self._add_pictures, clip, description)
        self.pictures = picture_track(self, self._format)
        self._sound_time_base = Fraction(1)
        if form is not None:
            self.sound = writing(self._add_sound, form)
            self._sound_time_base = Fraction(1, self.sound.rate)
        if job.video.subtitles:
            self.subtitles = SubtitleTrack(self.mux, self._container, self._format, caption)

    def _open(self, job: MergeJob) -> av.container.OutputContainer:
        # FFmpeg opens by name, so what it opens is our own new file by its descriptor, not whatever has the name then.
        # The name tells no format; `file:` keeps a colon in it from being a protocol.
        name = f"file:{path_of(self._handle, self._path)}"
        return av.open(name, "w", format=job.format.container.muxer, options=_options_of(job))

    def _set_metadata(self, job: MergeJob, created: Creation | None) -> None:
        # All of it now: what is set after the first packet is lost.
        wanted: dict[str, str | None] = {"title": job.title, "comment": job.comment, "artist": job.camera}
        if created is not None:
            wanted["creation_time"] = created.utc
            if job.format.container.is_quicktime:
                wanted["date"] = created.local  # with its offset, which creation_time has not
        if job.format.container.has_apple_metadata:
            names = {"title": "title", "artist": "author", "date": "creationdate"}
            wanted |= {f"com.apple.quicktime.{name}": wanted.get(key) for key, name in names.items()}
        self._container.metadata.update({key: text for key, text in wanted.items() if text})

    def _add_pictures(self, clip: Clip, description: Description) -> VideoStream:
        # opaque: a track to copy into; else PyAV builds an encoder, which some builds of FFmpeg lack.
        stream = self._container.add_stream_from_template(clip.video, opaque=True)
        stream.time_base = self.picture_time_base
        if self._format.has_start_codes:
            stream.codec_context.extradata = description.parameters.start_coded()
        elif description.configuration:
            stream.codec_context.extradata = widened_configuration(description.codec, description.configuration)
        self._say_look(stream, clip, description)
        if description.parameters.hevc and self._format.is_quicktime:
            stream.codec_context.codec_tag = "hvc1"  # FFmpeg's own choice, hev1, does not play on Apple's systems
        return stream

    def _say_look(self, stream: VideoStream, clip: Clip, description: Description) -> None:
        """Say how the frames are to be shown, as far as FFmpeg can in this container."""
        context, look, told = stream.codec_context, description.look, description.by_container
        turn = getattr(stream, "set_display_matrix", None)  # since PyAV 18
        if not look.is_upright and clip.is_encoded and turn is not None:
            turn(look.matrix)  # else the template has it
        if look.aspect is not None and look.aspect != 1 and self._format.is_quicktime:
            context.sample_aspect_ratio = look.aspect
        colors = look.colors
        if colors is not None and colors != Colors() and self._format.has_timestamps:
            context.color_range = ColorRange.JPEG if colors.is_full_range else ColorRange.MPEG
            context.color_primaries, context.color_trc = colors.primaries, colors.transfer
            context.colorspace = colors.matrix
        unsaid = {
            "turned": not look.is_upright and (not self._format.has_timestamps or (clip.is_encoded and turn is None)),
            f"with pixels of {told.aspect}": told.aspect not in {None, 1} and not self._format.is_quicktime,
            "in other colors": told.colors is not None and not self._format.has_timestamps,
            "in the full range of brightness": told.colors is not None
            and told.colors.is_full_range
            and self._format.has_apple_metadata,  # FFmpeg writes QuickTime's own form of it, which has no range
            "cropped": b"clap" in told.boxes,
        }
        self.unsaid = tuple(words for words, is_so in unsaid.items() if is_so)

    def _add_sound(self, form: SoundForm) -> SoundTrack:
        kind = form.kind
        encoded = form.codec == "aac" and not form.copied
        if form.copied and form.codec in {"aac", "pcm_alaw", "pcm_mulaw"}:
            stream = self._copied_sound(form)
        else:
            stream = cast("AudioStream", self._container.add_stream(form.codec, rate=form.rate))
            stream.layout = layout_name(kind.channels) or f"{kind.channels}c"
            if encoded:
                stream.bit_rate = kind.channels * (32_000 if form.rate <= 16_000 else 64_000)
        self._sound_stream = stream
        if form.codec == "aac" and form.copied:
            return AacPackets(self, kind, fill=not self._format.sound_may_jump, stamped=self._format.has_timestamps)
        coded = form.copied and kind.codec in {"pcm_alaw", "pcm_mulaw"}
        return SampleTrack(self, kind, form.rate, copied=coded, encoder=stream if encoded else None)

    def _copied_sound(self, form: SoundForm) -> AudioStream:
        """A track for the clips' packets.

        It is made from another look at the clip. Without its edit list, else Matroska (PyAV 19) takes the encoder's
        run-up, which is not copied, off the first sound. And without time stamps (avi) a thorough one: it finds the
        frame size, without which FFmpeg writes thousands of empty chunks a minute.
        """
        options = FAST_OPEN if self._format.has_timestamps else THOROUGH_OPEN
        with opened_before(form.path):
            clip = open_clip(form.path, options | {"ignore_editlist": "1"})
        with clip as template:
            assert template.sound is not None
            return self._container.add_stream_from_template(template.sound, opaque=True)

    @property
    def sound_codec(self) -> str | None:
        return None if self.sound is None else self._sound_stream.codec_context.name

    def put_picture(self, packet: Packet[Any] | Stored) -> None:
        self._put(packet, self.picture_stream, self.picture_time_base)

    def put_sound(self, packet: Packet[Any] | Stored) -> None:
        self._put(packet, self._sound_stream, self._sound_time_base)

    def _put(self, packet: Packet[Any] | Stored, stream: VideoStream | AudioStream, time_base: Fraction) -> None:
        if isinstance(packet, Stored):
            packet = packet.packet(stream, time_base)
        else:
            packet.stream, packet.time_base = stream, time_base
        self.mux(packet)

    def settle(self) -> None:
        return  # its packets have their own bytes

    def mux(self, packet: Packet[Any]) -> None:
        """Write one packet of any track."""
        self.bytes += packet.size
        try:
            self._container.mux_one(packet)
            self._fsync.written(self.bytes)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise as_camreel_error(error) from error

    def close(self, chapters: Sequence[Chapter]) -> None:
        if chapters:
            # Not at the start: an mp4 would mix up both sets.
            self._container.set_chapters([_ffmpeg_chapter(n, each) for n, each in enumerate(chapters)])
        writing(self._container.close)
        self.file = writing(identity_of, self._handle, self._path)
        self._let_go()
        writing(self._fsync.end)

    def abandon(self) -> None:
        try:
            self._container.close()
            self._let_go()
            self._fsync.end()
        except (av.error.FFmpegError, OSError, ValueError):
            return

    def _let_go(self) -> None:
        # Not before: FFmpeg opens the file when the first packet is written, and again to put the index in front.
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def _ffmpeg_chapter(number: int, chapter: Chapter) -> Any:
    return {
        "id": number + 1,
        "start": round(chapter.start * 1000),
        "end": round(chapter.end * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }
