"""Make recordings the way an Amcrest SD-card camera makes them, in memory, without a fixture on disk.

What a real one holds (measured on a motion clip of an Amcrest camera from 2020): H.264 without B-frames, frames 0 and
1 both key frames, parameter sets in the sample entry and again in front of each key frame, AAC-LC mono 8 kHz that goes
on 1.9 s longer than the picture, video timescale 90000, no edit list, one ``mdat`` box per sample, ``moov`` last.

PyAV is imported when the first clip is made, not before.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast

from camreel_simulator.footage.frames import (
    SceneEvent,
    draw_chroma,
    draw_luma,
    frame_base,
    frame_moment,
    read_frame_number,
)
from camreel_simulator.footage.mp4_layout import as_amcrest, top_boxes
from camreel_simulator.footage.sound import SAMPLE_BYTES, SampleFormat, beep_times, sound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

__all__ = [
    "ClipSpec",
    "Coded",
    "PaddedClip",
    "SceneEvent",
    "beep_times",
    "coded_picture",
    "coded_sound",
    "make_clip",
    "make_still",
    "read_frame_number",
]

_AAC_FRAME = 1024
_AAC_RUN_IN = 2  # frames the encoder hears before the clip begins, as in a camera whose encoder never stops
_G711_FRAME_SECONDS = Fraction(1, 25)
_TIMESCALE = 90000
_BOX_HEAD = struct.Struct(">I4s")


@dataclass(frozen=True)
class ClipSpec:
    """One recording, described; equal specs make equal bytes.

    Frame ``i`` of the clip carries the number ``round((start - midnight) * fps) + i``: whole frames since the
    midnight before ``start``, hence unique over a day and continuous across clips that abut.
    """

    start: datetime
    """Wall clock of the first frame: naive, camera-local; fractions of a second are kept."""
    seconds: float
    """Length of the picture; rounded to whole frames, at least one."""
    fps: int = 10
    size: tuple[int, int] = (320, 180)
    """Width and height in pixels, even numbers."""
    video: Literal["h264", "hevc"] = "h264"
    audio: Literal["aac", "alaw", "mulaw"] | None = "aac"
    audio_rate: int = 8000
    audio_extra: float = 1.9
    """Seconds of sound beyond the picture; negative if the sound ends first. AAC is rounded to 1024 samples."""
    gop: int = 20
    """Frames from one key frame to the next."""
    camera_name: str = "SIMULATED"
    two_keyframes: bool = True
    """Frames 0 and 1 are both key frames, as in real Amcrest files."""
    bframes: int = 0
    in_band: bool = True
    """Repeat the parameter sets in front of each key frame."""
    crf: int = 30
    """Constant quality: lower is better and larger."""
    bitrate: int | None = None
    """Bits per second of the picture; replaces ``crf``."""
    still: bool = False
    """Every picture is the first one, with its time and number: a camera that looks at a wall and burns nothing in."""
    event: SceneEvent | None = None
    """What is to be seen in it, whenever its clock says so."""

    @property
    def frames(self) -> int:
        """How many pictures the clip holds."""
        return max(1, round(self.seconds * self.fps))

    @property
    def first_frame_number(self) -> int:
        """The number that frame 0 carries."""
        return frame_base(self.start, self.fps)

    @property
    def frame_numbers(self) -> range:
        """The numbers of all frames, in order."""
        return range(self.first_frame_number, self.first_frame_number + self.frames)


_making = threading.Lock()


def make_clip(spec: ClipSpec) -> bytes:
    """The bytes of the recording; made once per process. Deterministic on one build of PyAV."""
    with _making:  # else two requests at once would make the same clip twice
        return _made_clip(spec)


@lru_cache(maxsize=512)
def _made_clip(spec: ClipSpec) -> bytes:
    return _encoded_clip(spec)


@dataclass(frozen=True)
class PaddedClip:
    """A recording of ``size`` bytes, whatever its footage takes: a listing has its length before the clip is made.

    It is made when it is fetched, and only the last few are kept: a card of days needs little memory.
    """

    spec: ClipSpec
    size: int

    def body(self) -> bytes:
        """The bytes, with a ``free`` box in front of ``moov``."""
        with _making:
            return _padded_clip(self)


@lru_cache(maxsize=12)
def _padded_clip(clip: PaddedClip) -> bytes:
    data = _encoded_clip(clip.spec)
    at = next(at for kind, at, _ in top_boxes(data) if kind == b"moov")
    room = clip.size - len(data)
    if room < _BOX_HEAD.size:
        raise ValueError(f"a clip of {len(data)} bytes does not fit into {clip.size}")
    return b"".join((data[:at], _BOX_HEAD.pack(room, b"free"), bytes(room - _BOX_HEAD.size), data[at:]))


def _encoded_clip(spec: ClipSpec) -> bytes:
    import av  # noqa: PLC0415 - 0.4 s that a camera which serves ready bytes need not pay

    buffer = BytesIO()
    options = {
        "video_track_timescale": str(_TIMESCALE),
        "movie_timescale": str(_TIMESCALE),
        "movflags": "negative_cts_offsets",  # B-frames then need no edit list
        "use_editlist": "0",
    }
    # The mp4 muxer refuses G.711; the mov muxer writes it, and the layout is rewritten anyway.
    container_format = "mov" if spec.audio in ("alaw", "mulaw") else "mp4"
    with av.open(buffer, "w", format=container_format, options=options) as out:
        video = _add_video(out, spec)
        audio = _add_audio(out, spec)
        packets = list(_video_packets(video, spec))
        if audio is not None:
            packets += _aac_packets(audio, spec) if spec.audio == "aac" else _g711_packets(audio, spec)
        packets.sort(key=_decode_seconds)
        for packet in packets:
            out.mux(packet)
    return as_amcrest(buffer.getvalue(), b"avc1" if spec.video == "h264" else b"hvc1")


@lru_cache(maxsize=64)
def make_still(spec: ClipSpec) -> bytes:
    """A JPEG snapshot: the first picture of the clip."""
    import av  # noqa: PLC0415 - as above

    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height = spec.size
    codec.pix_fmt = "yuvj420p"
    codec.time_base = Fraction(1, spec.fps)
    picture = _picture(spec, 0).reformat(format="yuvj420p", src_color_range=1, dst_color_range=2)
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(picture), *codec.encode(None)])


@dataclass(frozen=True)
class Coded:
    """A coded picture or piece of sound, outside of any file."""

    data: bytes
    seconds: Fraction
    """From the start of the clip."""
    key: bool = False


def coded_picture(spec: ClipSpec) -> list[Coded]:
    """The pictures of the clip as an Annex B stream, parameter sets in front of each key frame."""
    import av  # noqa: PLC0415 - as above

    with av.open(BytesIO(), "w", format=spec.video) as out:
        packets = list(_video_packets(_add_video(out, replace(spec, in_band=True)), spec))
    return [Coded(bytes(packet), _decode_seconds(packet), packet.is_keyframe) for packet in packets]


def coded_sound(spec: ClipSpec) -> list[Coded]:
    """Its sound in raw packets: AAC without ADTS, or G.711."""
    import av  # noqa: PLC0415 - as above

    if spec.audio is None:
        return []
    with av.open(BytesIO(), "w", format="adts" if spec.audio == "aac" else spec.audio) as out:
        stream = _add_audio(out, spec)
        assert stream is not None
        packets = _aac_packets(stream, spec) if spec.audio == "aac" else _g711_packets(stream, spec)
    return [Coded(bytes(packet), _decode_seconds(packet)) for packet in packets]


def _decode_seconds(packet: av.Packet[Any]) -> Fraction:
    assert packet.dts is not None
    return packet.dts * Fraction(packet.time_base)


def _add_video(out: av.container.OutputContainer, spec: ClipSpec) -> VideoStream:
    stream = out.add_stream(
        "libx264" if spec.video == "h264" else "libx265", rate=spec.fps, options=_encoder_options(spec)
    )
    stream.width, stream.height = spec.size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, spec.fps)
    if spec.video == "hevc":
        stream.codec_context.codec_tag = "hvc1"
    if spec.bitrate is not None:
        stream.bit_rate = spec.bitrate
    return stream


def _encoder_options(spec: ClipSpec) -> dict[str, str]:
    """Cheap, and on one thread: else the bytes differ from run to run."""
    private = {
        "keyint": spec.gop, "min-keyint": 1, "scenecut": 0, "bframes": spec.bframes, "open-gop": 0,
        "repeat-headers": int(spec.in_band),
    }  # fmt: skip
    options = {"preset": "ultrafast", "forced-idr": "1", "threads": "1"}
    if spec.bitrate is None:
        options["crf"] = str(spec.crf)
    if spec.video == "hevc":
        private |= {"frame-threads": 1, "wpp": 0}
        text = ":".join(f"{key}={value}" for key, value in private.items())
        return options | {"x265-params": f"{text}:pools=none:log-level=none"}
    return options | {"x264-params": ":".join(f"{key}={value}" for key, value in private.items())}


def _video_packets(stream: VideoStream, spec: ClipSpec) -> Iterator[av.Packet[Any]]:
    from av.video.frame import PictureType  # noqa: PLC0415 - as above

    for index in range(spec.frames):
        picture = _picture(spec, 0 if spec.still else index)
        picture.pts, picture.time_base = index, Fraction(1, spec.fps)
        if index == 0 or (index == 1 and spec.two_keyframes):
            picture.pict_type = PictureType.I
        yield from stream.encode(picture)
    yield from stream.encode(None)


def _picture(spec: ClipSpec, index: int) -> av.VideoFrame:
    import av  # noqa: PLC0415 - as above

    width, height = spec.size
    picture = av.VideoFrame(width, height, "yuv420p")
    moment = frame_moment(spec.start, spec.fps, index)
    luma = draw_luma(spec.size, spec.camera_name, moment, spec.first_frame_number + index, spec.event)
    hue = sum(spec.camera_name.encode()) % 64  # each camera has its tint
    planes = (bytes(luma), *draw_chroma(spec.size, (110 + hue // 2, 146 - hue // 2), moment, spec.event))
    for plane, row, pixels in zip(picture.planes, (width, width // 2, width // 2), planes, strict=True):
        plane.update(_padded(pixels, row, plane.line_size))
    return picture


def _padded(pixels: bytes, row: int, stride: int) -> bytes:
    """Rows of ``row`` bytes, each filled up to ``stride``."""
    if row == stride:
        return pixels
    gap = bytes(stride - row)
    return b"".join(pixels[at : at + row] + gap for at in range(0, len(pixels), row))


def _add_audio(out: av.container.OutputContainer, spec: ClipSpec) -> AudioStream | None:
    if spec.audio is None:
        return None
    codec = {"aac": "aac", "alaw": "pcm_alaw", "mulaw": "pcm_mulaw"}[spec.audio]
    stream = cast("AudioStream", out.add_stream(codec, rate=spec.audio_rate))
    stream.layout = "mono"
    if spec.audio == "aac":
        stream.format = "fltp"
        stream.bit_rate = 2 * spec.audio_rate
    return stream


def _heard_seconds(spec: ClipSpec) -> float:
    return max(0.0, spec.frames / spec.fps + spec.audio_extra)


def _aac_packets(stream: AudioStream, spec: ClipSpec) -> list[av.Packet[Any]]:
    """Sound from 0 on, without priming.

    Packet ``j`` of the encoder decodes to its input of frame ``j - 1``. The encoder hears two frames from before the
    clip, and the packets before the clip are thrown away: what is left is right from the second packet on, and the
    first one fades in, as it does where a camera cuts a running stream.
    """
    count = max(1, round(_heard_seconds(spec) * spec.audio_rate / _AAC_FRAME))
    packets: list[av.Packet[Any]] = []
    for index in range(-_AAC_RUN_IN, count + 1):
        samples = sound(spec.start, spec.audio_rate, index * _AAC_FRAME, _AAC_FRAME, "flt")
        packets += stream.encode(_heard(spec, samples, "flt", (index + _AAC_RUN_IN) * _AAC_FRAME))
    packets += stream.encode(None)
    kept = packets[_AAC_RUN_IN + 1 :][:count]
    for index, packet in enumerate(kept):
        packet.pts = packet.dts = index * _AAC_FRAME
        packet.time_base = Fraction(1, spec.audio_rate)
        packet.duration = _AAC_FRAME
    return kept


def _g711_packets(stream: AudioStream, spec: ClipSpec) -> list[av.Packet[Any]]:
    total, step = round(_heard_seconds(spec) * spec.audio_rate), int(spec.audio_rate * _G711_FRAME_SECONDS)
    packets: list[av.Packet[Any]] = []
    for first in range(0, total, step):
        samples = sound(spec.start, spec.audio_rate, first, min(step, total - first))
        packets += stream.encode(_heard(spec, samples, "s16", first))
    return packets + stream.encode(None)


def _heard(spec: ClipSpec, samples: bytes, sample_format: SampleFormat, first: int) -> av.AudioFrame:
    import av  # noqa: PLC0415 - as above

    planar = "fltp" if sample_format == "flt" else "s16"  # one channel: planes make no difference
    frame = av.AudioFrame(format=planar, layout="mono", samples=len(samples) // SAMPLE_BYTES[sample_format])
    plane = frame.planes[0]
    plane.update(samples.ljust(plane.buffer_size, b"\0"))
    frame.sample_rate, frame.pts = spec.audio_rate, first
    frame.time_base = Fraction(1, spec.audio_rate)
    return frame
