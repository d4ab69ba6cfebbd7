"""What the tests of encoding share: clips on disk, pictures compared, and a film of an edge and what follows it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from camreel.formats.nal import Parameters
from camreel.media.clips.open import open_clip
from camreel.media.merge.reencode import Edge


def luma(frame: av.VideoFrame) -> bytes:
    """Its brightness, row after row without padding."""
    plane = frame.planes[0]
    rows, stride = bytes(plane), plane.line_size
    return b"".join(rows[at : at + plane.width] for at in range(0, stride * plane.height, stride))


def md5(frame: av.VideoFrame) -> str:
    return hashlib.md5(luma(frame) + bytes(frame.planes[1]) + bytes(frame.planes[2])).hexdigest()


def psnr(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """How alike two pictures are, in dB of their brightness."""
    first, second = luma(one), luma(other)
    assert len(first) == len(second)
    wrong = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) / len(first)
    return 99.0 if wrong == 0 else 10 * math.log10(255**2 / wrong)


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def frames_from(codec: str, extradata: bytes, packets: Iterable[Any]) -> list[av.VideoFrame]:
    """The packets decoded, with what an output's track says of them."""
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.extradata = extradata
    return [frame for packet in [*packets, None] for frame in decoder.decode(packet)]


def film_of(source: Path, edge: Edge, target: Path) -> Path:
    """The edge and everything from its seam on, each keyframe with the parameter sets of its side."""
    with open_clip(str(source)) as clip, av.open(str(target), "w") as film:
        track: Any = film.add_stream_from_template(clip.video, opaque=True)
        track.time_base = clip.time_base
        last = -(1 << 60)
        for packet, parameters in [*_of(edge.packets, edge.parameters), *_of(_rest(clip, edge), clip.parameters)]:
            copy = av.Packet(_whole(packet, parameters))
            copy.is_keyframe = packet.is_keyframe
            copy.stream, copy.time_base = track, clip.time_base
            last = copy.dts = max(packet.dts, last + 1)
            copy.pts, copy.duration = max(packet.pts, last), round(Fraction(1, 10) / clip.time_base)
            film.mux_one(copy)
    return target


def _of(packets: Iterable[Any], parameters: Parameters | None) -> Sequence[tuple[Any, Parameters | None]]:
    return [(packet, parameters) for packet in packets]


def _rest(clip: Any, edge: Edge) -> list[Any]:
    if edge.resume_at is None:
        return []
    packets = list(clip.packets(sound=False))
    start = next(at for at, each in enumerate(packets) if each.is_keyframe and each.pts == edge.resume_at)
    return [each for each in packets[start:] if each.pts >= edge.resume_at]


def _whole(packet: Any, parameters: Parameters | None) -> bytes:
    data = bytes(packet)
    if not packet.is_keyframe or parameters is None:
        return data
    return parameters.with_sets(data, parameters.place_for_sets(memoryview(data)))


def open_gops(path: Path, codec: str, *, frames: int = 45) -> Path:
    """A clip whose keyframes but the first have pictures in front of them that refer to what came before."""
    encoder = {"h264": "libx264", "hevc": "libx265"}[codec]
    params = "keyint=15:min-keyint=15:scenecut=0:bframes=3:b-adapt=0:open-gop=1"
    options = {f"{encoder[3:]}-params": params + (":log-level=none:pools=none" if codec == "hevc" else "")}
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(encoder, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(frames):
            picture = av.VideoFrame(160, 96, "yuv420p")
            for plane, level in zip(picture.planes, (40 + number * 4, 90 + number, 160 - number), strict=True):
                plane.update(bytes((level + at // 7) % 256 for at in range(plane.buffer_size)))
            picture.pts, picture.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return path
