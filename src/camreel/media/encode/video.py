"""Re-encode frames of a clip: the part of a GOP after a cut, or a clip that cannot be copied.

Frames come out in display order and without B-frames, so decode time and display time are equal. Each has the time
that it has in the clip. Frames can be fitted into another size: their aspect is kept, with black bars.
"""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.codec.context import Flags
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Interpolation

from camreel.errors import MergeError
from camreel.formats.nal import Parameters, length_prefixed, read_parameters
from camreel.media.ffmpeg import as_fraction
from camreel.text import codec_name

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane
    from av.video.stream import VideoStream

    from camreel.media.clips.clip import Clip


def fitted(frame: VideoFrame, width: int, height: int, layout: str, aspect: Fraction) -> VideoFrame:
    """``frame`` in a picture of ``width`` by ``height``, its pixels stored as ``layout`` (4:2:0, planes).

    ``aspect`` is the width of a source's pixel by its height, in pixels of the target.
    """
    if (frame.width, frame.height, frame.format.name) == (width, height, layout):
        return frame
    inner_width, inner_height = fit(frame.width * aspect, Fraction(frame.height), width, height)
    scaled = frame.reformat(inner_width, inner_height, layout, interpolation=Interpolation.BICUBIC)
    return scaled if (inner_width, inner_height) == (width, height) else _on_black(scaled, width, height)


def fit(wide: Fraction, high: Fraction, width: int, height: int) -> tuple[int, int]:
    """The largest even size of the shape ``wide`` by ``high`` within an even ``width`` by ``height``."""
    scale = min(width / wide, height / high)
    return _even(wide * scale, width), _even(high * scale, height)


def _even(length: Fraction, most: int) -> int:
    return min(most, max(2, round(length / 2) * 2))


def _on_black(inner: VideoFrame, width: int, height: int) -> VideoFrame:
    outer = av.VideoFrame(width, height, inner.format.name)
    outer.color_range, outer.colorspace = inner.color_range, inner.colorspace
    outer.pts = inner.pts
    left, top = (width - inner.width) // 4 * 2, (height - inner.height) // 4 * 2
    deep = inner.format.components[0].bits - 8
    full = inner.format.name.startswith("yuvj") or inner.color_range == ColorRange.JPEG
    sample = 2 if deep else 1
    for number, (target, source) in enumerate(zip(outer.planes, inner.planes, strict=True)):
        level = (128 if number else 0 if full else 16) << deep
        shift = 1 if number else 0
        _paste(target, source, level.to_bytes(sample, "little"), (left >> shift) * sample, top >> shift)
    return outer


def _paste(target: VideoPlane, source: VideoPlane, black: bytes, left: int, top: int) -> None:
    """``source`` on ``black``; ``left`` in bytes, ``top`` in rows."""
    canvas = bytearray(black * (target.buffer_size // len(black)))
    rows, step, stride = memoryview(source), source.line_size, target.line_size
    length = source.width * len(black)
    for row in range(source.height):
        at = (top + row) * stride + left
        canvas[at : at + length] = rows[row * step : row * step + length]
    target.update(bytes(canvas))


_ENCODERS = {"h264": "libx264", "hevc": "libx265"}

# What ordinary players decode: 8 bits of 4:2:0 in any codec, and 10 bits in H.265. Others are converted.
_FORMATS = {"h264": ("yuv420p", "yuvj420p"), "hevc": ("yuv420p", "yuvj420p", "yuv420p10le")}
_THREADS = 2

# Frames that an encoder looks ahead, which is what it holds in memory.
_LOOKAHEAD = 10
_ENDLESS_GOP = 100_000


@dataclass(frozen=True, slots=True)
class Quality:
    """``crf`` and ``preset`` as x264 and x265 take them; a keyframe every ``keyframes`` seconds, or only the first."""

    crf: int
    preset: str
    keyframes: float | None


# An edge is at most a GOP long: its size is nothing against a difference that can be seen at the seam. A slower
# preset would save bytes only, and take three times as long for H.265 (16 s of CPU for 19 pictures of 1080p).
EDGE = Quality(crf=17, preset="veryfast", keyframes=None)
COPY = Quality(crf=20, preset="veryfast", keyframes=2.0)


class Reencoder:
    """Encodes the pictures of ``clip`` with ``first`` <= pts < ``until`` (ticks of the clip; None: to its end).

    It is fed the packets of the clip's pictures in their order, from a keyframe at or before ``first`` on, and gives
    packets without a stream: NAL units with four bytes of length, in ticks of the clip, ``dts`` equal to ``pts``, no
    parameter sets in them. Times that do not rise (a broken clip) are moved on by a tick.

    ``codec`` is ``h264`` or ``hevc``, by default the clip's own. ``size`` (width and height, even numbers) is what
    the pictures are fitted into, with black bars; by default that of the first picture.

    ``pictures`` counts what was given, ``failed`` (complete after :meth:`finish`) the packets of which no picture
    came, ``damaged`` the pictures that were decoded with errors.

    Raises :class:`MergeError` where this FFmpeg has no such encoder, at once or with the first picture.
    """

    def __init__(
        self,
        clip: Clip,
        first: int,
        until: int | None = None,
        *,
        quality: Quality = EDGE,
        codec: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.codec = codec or clip.kind.codec
        self.time_base = clip.time_base
        self.pictures = self.damaged = 0
        self._first, self._until = first, until
        self._quality, self._size = quality, size
        self._rate = clip.frame_rate.limit_denominator(1001)
        self._decoder = _decoder_for(clip)
        self._encoder = _new_encoder(self.codec)
        self._opened = False
        self._film: InputContainer | None = None
        self._parameters: Parameters | None = None
        self._asked = self._decoded = 0
        self._last: int | None = None
        self._waiting: deque[int] = deque()  # the times of the frames that are in the encoder

    @property
    def failed(self) -> int:
        """Packets in the range of which no picture came."""
        return max(0, self._asked - self._decoded)

    @property
    def track(self) -> VideoStream:
        """A track to make an output's from, its extradata an ``avcC`` or ``hvcC``. From the first packet on."""
        assert self._film is not None
        return self._film.streams.video[0]

    @property
    def extradata(self) -> bytes:
        """The ``avcC`` or ``hvcC`` of what is encoded. From the first packet on."""
        return self.track.codec_context.extradata or b""

    @property
    def parameters(self) -> Parameters:
        """The parameter sets of what is encoded. From the first packet on."""
        assert self._parameters is not None
        return self._parameters

    def add(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Take a packet of the clip's pictures. The packets that are ready."""
        pts = packet.dts if packet.pts is None else packet.pts
        packet.pts = pts
        self._asked += pts is not None and self._wanted(pts)
        return self._encode(self._decode(packet))

    def finish(self) -> list[Packet[Any]]:
        """The rest. Nothing can be added afterwards."""
        rest = self._encode(self._decode(None))
        if self._opened:
            rest += self._packed(self._run(None))
        return rest

    def _wanted(self, pts: int) -> bool:
        return self._first <= pts and (self._until is None or pts < self._until)

    def _decode(self, packet: Packet[Any] | None) -> list[VideoFrame]:
        try:
            return self._decoder.decode(packet)
        except (av.error.FFmpegError, ValueError):
            return []  # counted: it was asked for

    def _encode(self, frames: list[VideoFrame]) -> list[Packet[Any]]:
        packets: list[Packet[Any]] = []
        for frame in frames:
            if frame.pts is None or not self._wanted(frame.pts):
                continue
            self._decoded += 1
            self.damaged += frame.is_corrupt
            # A tick later at least: an output takes no two pictures at the same time.
            self._last = frame.pts if self._last is None else max(frame.pts, self._last + 1)
            self._waiting.append(self._last)
            if not self._opened:
                self._open(frame)
            packets += self._packed(self._run(self._prepared(frame)))
        return packets

    def _prepared(self, frame: VideoFrame) -> VideoFrame:
        """The frame as the encoder is to see it."""
        encoder = self._encoder
        assert encoder.pix_fmt is not None
        frame = fitted(frame, encoder.width, encoder.height, encoder.pix_fmt, self._pixel_aspect())
        frame.pict_type = PictureType.NONE  # else the kinds of the source's pictures would be asked for
        # The encoder counts frames. Their times are kept here: rate control is upset by those of a broken clip.
        frame.time_base, frame.pts = 1 / self._rate, self._decoded - 1
        return frame

    def _pixel_aspect(self) -> Fraction:
        """Width of a source's pixel by its height, as the output's; 1 where the output has the source's own."""
        return (_aspect_of(self._decoder) or Fraction(1)) if self._size is not None else Fraction(1)

    def _open(self, frame: VideoFrame) -> None:
        encoder, decoder = self._encoder, self._decoder
        name = frame.format.name
        encoder.pix_fmt = name if name in _FORMATS[self.codec] else "yuv420p"
        even = (frame.width & ~1, frame.height & ~1)
        encoder.width, encoder.height = self._size or (max(2, even[0]), max(2, even[1]))
        encoder.time_base, encoder.framerate = 1 / self._rate, self._rate
        encoder.color_range, encoder.colorspace = decoder.color_range, decoder.colorspace
        encoder.color_primaries, encoder.color_trc = decoder.color_primaries, decoder.color_trc
        aspect = _aspect_of(decoder)
        if aspect is not None and self._size is None:
            encoder.sample_aspect_ratio = aspect
        every = self._quality.keyframes
        encoder.gop_size = _ENDLESS_GOP if every is None else max(1, round(every * self._rate))
        encoder.max_b_frames = 0
        encoder.thread_count = _THREADS
        encoder.flags |= Flags.global_header
        encoder.options = _options(self.codec, self._quality)
        self._opened = True

    def _run(self, frame: VideoFrame | None) -> list[Packet[Any]]:
        try:
            return self._encoder.encode(frame)
        except (av.error.FFmpegError, ValueError) as error:
            raise _cannot_encode(self.codec, f"{type(error).__name__}: {error}") from error

    def _packed(self, encoded: list[Packet[Any]]) -> list[Packet[Any]]:
        packets = []
        for each in encoded:
            if self._film is None:
                self._film = _film_of(self.codec, (self._encoder.extradata or b"") + bytes(each))
                self._parameters = read_parameters(self.codec, self.extradata)
            # What an encoder says of itself is no part of the film: x265 names the system that it runs on.
            units = self.parameters.without_messages(memoryview(length_prefixed(bytes(each))))
            packet = av.Packet(units)
            packet.time_base = self.time_base
            packet.pts = packet.dts = self._waiting.popleft()
            packet.is_keyframe = each.is_keyframe
            self.pictures += 1
            packets.append(packet)
        return packets


def _decoder_for(clip: Clip) -> VideoCodecContext:
    """A decoder of its own, on one thread: an error is then that of the packet it is raised for."""
    decoder = cast("VideoCodecContext", av.CodecContext.create(clip.kind.codec, "r"))
    decoder.extradata = clip.video.codec_context.extradata
    decoder.thread_count = 1
    if clip.kind.codec == "h264":
        # Where a stream does not say how far its pictures are reordered, FFmpeg guesses and loses some; this makes
        # it wait for as many as the level allows.
        decoder.options = {"strict": "strict"}
    return decoder


def _new_encoder(codec: str) -> VideoCodecContext:
    try:
        return cast("VideoCodecContext", av.CodecContext.create(_ENCODERS[codec], "w"))
    except (av.error.FFmpegError, ValueError) as error:
        raise _cannot_encode(codec, f"its FFmpeg was built without {_ENCODERS[codec]}") from error


def _cannot_encode(codec: str, why: str) -> MergeError:
    return MergeError(
        f"The pictures cannot be re-encoded as {codec_name(codec)}: the installed PyAV cannot do it ({why}).",
        hint="The downloads are kept. Do without re-encoding, or install PyAV from PyPI (pip install av).",
    )


def _options(codec: str, quality: Quality) -> dict[str, str]:
    options = {"crf": str(quality.crf), "preset": quality.preset, "forced-idr": "1"}
    common: dict[str, int | str] = {"bframes": 0, "rc-lookahead": _LOOKAHEAD, "open-gop": 0}
    if codec == "h264":
        # Its own look-ahead thread would hold some more frames.
        return options | {"x264-params": _joined(common | {"sync-lookahead": 0})}
    more: dict[str, int | str] = {
        "info": 0,
        "repeat-headers": 0,
        "pools": _THREADS,
        "frame-threads": 1,
        "log-level": "none",
    }
    return options | {"x265-params": _joined(common | more)}


def _joined(options: dict[str, int | str]) -> str:
    return ":".join(f"{name}={value}" for name, value in options.items())


def _aspect_of(context: VideoCodecContext) -> Fraction | None:
    """Width of a pixel by its height where the stream says one that a camera could have."""
    try:
        aspect = as_fraction(context.sample_aspect_ratio)
    except AttributeError:  # PyAV 17 and 18, where there is none
        return None
    return aspect if aspect is not None and Fraction(1, 8) <= aspect <= 8 else None


def _film_of(codec: str, stream: bytes) -> InputContainer:
    """A film in memory of the first picture: FFmpeg makes the ``avcC`` or ``hvcC`` of the start codes."""
    made = io.BytesIO()
    with av.open(made, "w", format="mov") as film, av.open(io.BytesIO(stream), "r", format=codec) as pictures:
        track = film.add_stream_from_template(pictures.streams.video[0], opaque=True)
        track.time_base = Fraction(1, 90_000)
        packet = av.Packet(stream)
        packet.stream, packet.time_base = track, Fraction(1, 90_000)
        packet.pts = packet.dts = 0
        packet.duration, packet.is_keyframe = 3600, True
        film.mux_one(packet)
    return av.open(made, "r", format="mov", options={"probesize": "32", "analyzeduration": "0"})
