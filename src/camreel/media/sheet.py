"""The contact sheet: what was recorded as a bar, and the pictures with their times. Runs in the worker."""

from __future__ import annotations

import textwrap
from pathlib import Path

import av.error

from camreel.errors import DiskError
from camreel.formats.sniff import Unusable
from camreel.media.canvas import LETTER, Canvas, Colour, resized, text_width
from camreel.media.still_job import Sheet, SheetOrder, Tile
from camreel.media.stills import read_jpeg

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
        Path(order.output).write_bytes(drawn.png())
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
                first = read_jpeg(Path(tile.picture).read_bytes())
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
                picture = read_jpeg(Path(tile.picture).read_bytes())
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
