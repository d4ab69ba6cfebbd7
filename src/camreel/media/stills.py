"""Make a JPEG of one frame of a clip. Runs in the worker, because clips are hostile input."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.video.reformatter import ColorRange, Interpolation

from camreel.diskio import write_whole
from camreel.errors import DiskError, printable
from camreel.formats.sniff import Unreadable, Unusable
from camreel.formats.source import open_source
from camreel.media.clips.open import open_clip
from camreel.media.ffmpeg import as_fraction
from camreel.media.worker.messages import NoStill, Still, StillOrder

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

    from camreel.media.clips.clip import Clip

_JPEG = b"\xff\xd8\xff"
_LARGEST_JPEG = 16 << 20
_QUANTIZER = "5"  # of 2 (best) to 31: at 320 pixels some 12 kB
_WIDEST = 4  # times as wide as high, and the other way round: no camera's picture is more


def make_still(order: StillOrder) -> Still | NoStill:
    """Make it. DiskError where it cannot be written."""
    try:
        frame, seconds = _picture(order)
        small = _scaled(frame, order.width)
        data = _encoded(small)
    except Unusable as error:
        return NoStill(str(error))
    except (av.error.FFmpegError, ArithmeticError, LookupError, TypeError, ValueError) as error:  # all by its bytes
        return NoStill(f"the picture cannot be decoded ({printable(str(error), 80)})")
    try:
        write_whole(Path(order.output), data)
    except OSError as error:
        raise DiskError(f"A thumbnail cannot be written: {error.strerror}.") from error
    return Still(small.width, small.height, seconds)


def read_jpeg(data: bytes) -> VideoFrame:
    """The picture in a JPEG. Raises Unusable, or what PyAV raises."""
    context = av.CodecContext.create("mjpeg", "r")
    return _first([*context.decode(av.Packet(data)), *context.decode(None)])


def _picture(order: StillOrder) -> tuple[VideoFrame, float]:
    try:
        with open_source(order.clip) as file:
            head = file.read(3)
            jpeg = head + file.read(_LARGEST_JPEG) if head == _JPEG else b""
    except OSError as error:
        raise Unreadable(error) from error
    if len(jpeg) > _LARGEST_JPEG:
        raise Unusable("the snapshot is too large to be one")
    if jpeg:
        return read_jpeg(jpeg), 0.0
    with open_clip(order.clip) as clip:
        packet, seconds = _keyframe(clip, order.seconds)
        context = clip.video.codec_context
        return _first([*context.decode(packet), *context.decode(None)]), seconds


def _keyframe(clip: Clip, seconds: float) -> tuple[Packet[Any], float]:
    """The last keyframe at or before ``seconds``, else the first, and when it is shown."""
    origin = None if clip.origin is None else clip.origin * clip.time_base
    found: tuple[Packet[Any], float] | None = None
    ends = 0.0
    for packet in clip.decodable():
        pts = packet.dts if packet.pts is None else packet.pts
        shown = (pts or 0) * clip.time_base
        origin = shown if origin is None else origin
        ends = max(ends, float(shown - origin + 1 / clip.frame_rate))
        if not packet.is_keyframe or clip.hides(packet):
            continue
        if found is not None and shown - origin > seconds:
            break
        found = packet, max(0.0, float(shown - origin))
    else:
        if ends <= seconds and clip.is_cut:
            raise Unusable("the file ends early, before this moment")
    if found is None:
        raise Unusable("it holds no keyframe")
    return found


def _first(frames: list[VideoFrame]) -> VideoFrame:
    if not frames:
        raise Unusable("its picture cannot be decoded")
    if frames[0].is_corrupt:
        raise Unusable("its picture is damaged")
    return frames[0]


def _scaled(frame: VideoFrame, width: int) -> VideoFrame:
    """``frame`` in the shape in which it is to be seen: the pixels of small streams are often no squares."""
    aspect = as_fraction(frame.sample_aspect_ratio) if hasattr(frame, "sample_aspect_ratio") else None
    shape = Fraction(frame.height, frame.width) / (aspect if aspect and aspect > 0 else 1)
    shape = min(Fraction(_WIDEST), max(Fraction(1, _WIDEST), shape))
    height = max(2, round(width * shape / 2) * 2)
    return frame.reformat(width, height, "yuvj420p", dst_color_range=ColorRange.JPEG, interpolation=Interpolation.AREA)


def _encoded(frame: VideoFrame) -> bytes:
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.options = {"qmin": _QUANTIZER, "qmax": _QUANTIZER, "huffman": "optimal"}
    frame.pts = 0
    frame.time_base = context.time_base
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
