"""Pictures fitted into a size, their aspect kept, with black bars."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.video.reformatter import ColorRange, Interpolation

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane


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
