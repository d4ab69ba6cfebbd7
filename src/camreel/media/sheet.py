"""Draw the contact sheet: a bar of what was recorded, and pictures with their times. Runs in the worker."""

from __future__ import annotations

import textwrap
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import av.error
from av.video.reformatter import Interpolation

from camreel.diskio import write_whole
from camreel.errors import DiskError
from camreel.formats.sniff import Unusable
from camreel.media.stills import read_picture
from camreel.media.worker.messages import Sheet, SheetOrder, Tile

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


BACK: Colour = (18, 20, 24)
EMPTY: Colour = (44, 48, 56)
TEXT: Colour = (232, 234, 238)
DIM: Colour = (150, 156, 166)
MARK: Colour = (240, 160, 32)

COLOURS: dict[str, Colour] = {
    "recorded": (70, 130, 220),
    "event": MARK,
    "pending": (120, 120, 130),
    "lost": (214, 60, 60),
}

_TILE = 208
_GAP, _MARGIN = 12, 24
_LINE = 22
_BAR = 28
_TALLEST = 2 * _TILE
_COLUMNS = ((12, 4), (30, 6), (1 << 30, 8))  # up to so many tiles, so many in a row
_LEAST_COLUMNS = 4


def draw_sheet(order: SheetOrder) -> Sheet:
    """Draw it. DiskError where it cannot be written."""
    drawn = _Drawing(order).run()
    try:
        write_whole(Path(order.output), drawn.png(), 0o666)
    except OSError as error:
        raise DiskError(f"The contact sheet cannot be written: {error.strerror}.") from error
    return Sheet(drawn.width, drawn.height)


class _Drawing:
    """One sheet, from top to bottom."""

    def __init__(self, order: SheetOrder) -> None:
        self._order = order
        self._columns = next(columns for most, columns in _COLUMNS if len(order.tiles) <= most)
        self._tile_height = self._height_of_tiles()
        self._width = 2 * _MARGIN + self._columns * (_TILE + _GAP) - _GAP
        rows = -(-len(order.tiles) // self._columns)
        self._top_of_bar = _MARGIN + 36 + _LINE * (len(order.lines) - 1) + 8
        self._top_of_tiles = self._top_of_bar + _BAR + LETTER[1] + 2 * _GAP
        self._row = self._tile_height + LETTER[1] + 6 + _GAP
        self._canvas = Canvas(self._width, self._top_of_tiles + rows * self._row + _MARGIN - _GAP, BACK)

    def _height_of_tiles(self) -> int:
        """That of the first picture; the others are fitted."""
        for tile in self._order.tiles:
            if tile.picture is not None:
                first = read_picture(tile.picture)
                return min(_TALLEST, max(2, round(_TILE * first.height / first.width)))
        return _TILE * 9 // 16

    def run(self) -> Canvas:
        """The whole of it."""
        top = _MARGIN
        for number, line in enumerate(self._order.lines):
            self._canvas.text(_MARGIN, top, line, DIM if number else TEXT, scale=1 if number else 2)
            top += _LINE if number else 36
        self._timeline()
        for number, tile in enumerate(self._order.tiles):
            row, column = divmod(number, self._columns)
            self._tile(tile, _MARGIN + column * (_TILE + _GAP), self._top_of_tiles + row * self._row)
        return self._canvas

    def _timeline(self) -> None:
        top, width = self._top_of_bar, self._width - 2 * _MARGIN
        self._canvas.fill(_MARGIN, top, width, _BAR, EMPTY)
        for bar in self._order.bars:
            left, right = round(bar.start * width), round(bar.end * width)
            self._canvas.fill(_MARGIN + left, top, max(1, right - left), _BAR, COLOURS.get(bar.kind, DIM))
        reached = 0
        for tick in self._order.ticks:
            at = _MARGIN + round(tick.at * width)
            left = min(self._width - _MARGIN - text_width(tick.label), max(_MARGIN, at - text_width(tick.label) // 2))
            if left < reached:
                continue
            self._canvas.fill(at, top + _BAR, 1, 5, DIM)
            self._canvas.text(left, top + _BAR + 6, tick.label, DIM)
            reached = left + text_width(tick.label) + 2 * LETTER[0]

    def _tile(self, tile: Tile, left: int, top: int) -> None:
        picture = None
        if tile.picture is not None:
            try:
                picture = read_picture(tile.picture)
            except (OSError, Unusable, av.error.FFmpegError, ValueError):
                picture = None
        self._canvas.fill(left, top, _TILE, self._tile_height, EMPTY)
        if picture is not None:
            width = min(_TILE, round(picture.width * self._tile_height / picture.height))
            height = min(self._tile_height, round(picture.height * _TILE / picture.width))
            across, down = (_TILE - width) // 2, (self._tile_height - height) // 2
            self._canvas.paste(resized(picture, width, height), left + across, top + down)
        else:
            for number, line in enumerate(textwrap.wrap("no picture", (_TILE - 16) // LETTER[0])):
                self._canvas.text(left + 8, top + 8 + number * LETTER[1], line, DIM)
        under = top + self._tile_height
        if tile.marked:
            self._canvas.fill(left, under, _TILE, 3, MARK)
        self._canvas.text(left, under + 5, tile.label, TEXT)
        room = (_TILE - text_width(tile.label)) // LETTER[0] - 1
        note = tile.note if len(tile.note) <= room else tile.note[: max(0, room - 1)] + "."
        self._canvas.text(left + _TILE - text_width(note), under + 5, note, MARK if tile.marked else DIM)
