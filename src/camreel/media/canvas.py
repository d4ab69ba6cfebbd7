"""A picture in memory to draw on: rectangles, other pictures, and text in the letters that FFmpeg brings."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.video.reformatter import Interpolation

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

Colour = tuple[int, int, int]

LETTER = (8, 16)  # pixels of a letter, of the VGA's font
_CODES = "cp437"  # whose letters it has


class Canvas:
    """RGB, one byte each, row after row."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.width, self.height = width, height
        self._pixels = bytearray(bytes(colour) * (width * height))

    def fill(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """A rectangle; what of it is outside is left out."""
        right = min(self.width, left + width)
        left, row = max(0, left), b""
        if right > left:
            row = bytes(colour) * (right - left)
        for y in range(max(0, top), min(self.height, top + height)):
            self._put(left, y, row)

    def paste(self, frame: VideoFrame, left: int, top: int) -> None:
        """Another picture, which must fit."""
        rgb = frame.reformat(format="rgb24")
        rows, step = memoryview(rgb.planes[0]), rgb.planes[0].line_size
        for y in range(rgb.height):
            self._put(left, top + y, rows[y * step : y * step + 3 * rgb.width])

    def text(self, left: int, top: int, text: str, colour: Colour, *, scale: int = 1) -> None:
        """A line of text; what does not fit is cut off."""
        text = text[: max(0, (self.width - left) // (LETTER[0] * scale))]
        ink = bytes(colour)
        for y, row in enumerate(_letters(text)):
            for x, lit in enumerate(row):
                if lit:
                    for line in range(scale):
                        self._put(left + x * scale, top + y * scale + line, ink * scale)

    def _put(self, left: int, y: int, row: bytes | memoryview) -> None:
        at = 3 * (y * self.width + left)
        self._pixels[at : at + len(row)] = row

    def png(self) -> bytes:
        """As a file."""
        frame = av.VideoFrame(self.width, self.height, "rgb24")
        plane, row = frame.planes[0], 3 * self.width
        pad = bytes(plane.line_size - row)
        plane.update(b"".join(self._pixels[y * row : (y + 1) * row] + pad for y in range(self.height)))
        context = av.CodecContext.create("png", "w")
        context.width, context.height, context.pix_fmt = self.width, self.height, "rgb24"
        context.time_base = Fraction(1, 25)
        context.options = {"pred": "mixed"}
        frame.pts, frame.time_base = 0, context.time_base
        return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def resized(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """``frame`` in just that size."""
    return frame.reformat(width, height, "rgb24", interpolation=Interpolation.AREA)


def text_width(text: str, scale: int = 1) -> int:
    """How many pixels it takes."""
    return len(text) * LETTER[0] * scale


def _letters(text: str) -> list[list[bool]]:
    """The pixels of a line, row by row. FFmpeg's decoder of ANSI art draws them, with the font of the VGA."""
    codes = bytes(code if code >= 32 and code != 127 else 63 for code in text.encode(_CODES, "replace"))
    if not codes:
        return []
    width, height = LETTER[0] * len(codes), LETTER[1]
    context = cast("VideoCodecContext", av.CodecContext.create("ansi", "r"))
    context.width, context.height = max(width, 32), height * 2
    (frame,) = [*context.decode(av.Packet(codes)), *context.decode(None)][:1]
    grey = frame.reformat(format="gray")
    rows, step = memoryview(grey.planes[0]), grey.planes[0].line_size
    return [[level > 100 for level in rows[y * step : y * step + width]] for y in range(height)]
