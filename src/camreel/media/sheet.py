"""Draw the contact sheet: what was recorded, and pictures with their times. Runs in the worker. Needs Pillow."""

from __future__ import annotations

import io
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from camreel.diskio import read_regular, write_whole
from camreel.errors import DiskError
from camreel.media.worker.messages import Bar, Sheet, SheetOrder, SheetRow, Tile

Colour = tuple[int, int, int]

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

# Fonts with Latin, Cyrillic and Greek letters that systems bring: Linux, Windows, macOS. Pillow's own has ASCII alone.
FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "FreeSans.ttf", "Ubuntu-R.ttf"),
    *("segoeui.ttf", "arial.ttf", "Arial.ttf", "Arial Unicode.ttf", "Helvetica.ttc"),
)
_SIZE, _TITLE_SIZE = 14, 28  # pixels
_NOTHING = "\uffff"  # no font has it
_TILE = 208
_GAP, _MARGIN = 12, 24
_LINE, _TITLE_LINE = 22, 36
_BAR = 28
_UNDER = 22  # pixels for the text under a tile
_TALLEST = 2 * _TILE
_COLUMNS = ((12, 4), (30, 6), (1 << 30, 8))  # up to so many tiles, so many in a row
_LARGEST_PICTURE = 16 << 20


def draw_sheet(order: SheetOrder) -> Sheet:
    """Draw it. DiskError where it cannot be written."""
    drawing = _Drawing(order)
    image = drawing.run()
    data = io.BytesIO()
    image.save(data, "PNG")
    try:
        write_whole(Path(order.output), data.getvalue(), 0o666)
    except OSError as error:
        raise DiskError(f"The contact sheet cannot be written: {error.strerror}.") from error
    return Sheet(image.width, image.height, drawing.letters.lacking)


class Letters:
    """Text in a font of this system, of a size; ``lacking`` are the letters that it does not have."""

    def __init__(self) -> None:
        self._lacking: dict[str, None] = {}

    @property
    def lacking(self) -> str:
        """The letters of which another or a question mark stands on the sheet."""
        return "".join(self._lacking)

    def known(self, text: str) -> str:
        """``text`` in letters that the font has: without an accent if need be, else with a question mark."""
        return "".join(self._known(letter) for letter in text)

    def _known(self, letter: str) -> str:
        if letter.isprintable() and has_letter(letter):
            return letter
        if not letter.isprintable():
            return "?"
        self._lacking[letter] = None
        plain = unicodedata.normalize("NFKD", letter)[0]
        return plain if plain.isascii() and plain.isprintable() else "?"

    def fitted(self, text: str, size: int, room: float) -> str:
        """As much of ``text`` as fits, with dots where it is cut."""
        text = self.known(text)
        if width_of(text, size) <= room:
            return text
        while text and width_of(f"{text}...", size) > room:
            text = text[:-1]
        return f"{text.rstrip()}..." if text else ""


@lru_cache(maxsize=4)
def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The first of :data:`FONTS` that this system has, else Pillow's own."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


@lru_cache(maxsize=1000)
def has_letter(letter: str) -> bool:
    """Whether the font has it: what it has not looks as what no font has."""
    font = font_of(_SIZE)
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask(_NOTHING))


def width_of(text: str, size: int) -> float:
    """How many pixels it takes."""
    return font_of(size).getlength(text)


class _Drawing:
    """One sheet, from top to bottom."""

    def __init__(self, order: SheetOrder) -> None:
        self._order = order
        self.letters = Letters()
        self._columns = next(columns for most, columns in _COLUMNS if max(len(row.tiles) for row in order.rows) <= most)
        self._tile_height = self._height_of_tiles()
        self._width = 2 * _MARGIN + self._columns * (_TILE + _GAP) - _GAP
        self._row_height = self._tile_height + _UNDER + _GAP
        self._label_height = _LINE if any(row.label for row in order.rows) else 0
        height = 2 * _MARGIN + _TITLE_LINE + _LINE * (len(order.lines) - 1) + 8
        height += len(order.rows) * (self._label_height + _BAR) + _LINE + 2 * _GAP
        height += sum(self._label_height + self._rows_of(row) * self._row_height for row in order.rows) - _GAP
        self._image = Image.new("RGB", (self._width, height), BACK)
        self._draw = ImageDraw.Draw(self._image)

    def _rows_of(self, row: SheetRow) -> int:
        return -(-len(row.tiles) // self._columns)

    def _height_of_tiles(self) -> int:
        """That of the first picture; the others are fitted."""
        for row in self._order.rows:
            for tile in row.tiles:
                if (picture := _picture(tile)) is not None:
                    return min(_TALLEST, max(2, round(_TILE * picture.height / picture.width)))
        return _TILE * 9 // 16

    def run(self) -> Image.Image:
        """The whole of it."""
        top = _MARGIN
        for number, line in enumerate(self._order.lines):
            size = _SIZE if number else _TITLE_SIZE
            self._text(_MARGIN, top, line, DIM if number else TEXT, size=size)
            top += _LINE if number else _TITLE_LINE
        top += 8
        for row in self._order.rows:
            top = self._label(row, top)
            self._bars(row.bars, top)
            top += _BAR
        self._ticks(top)
        top += _LINE + 2 * _GAP
        for row in self._order.rows:
            top = self._label(row, top)
            for number, tile in enumerate(row.tiles):
                down, column = divmod(number, self._columns)
                self._tile(tile, _MARGIN + column * (_TILE + _GAP), top + down * self._row_height)
            top += self._rows_of(row) * self._row_height
        return self._image

    def _text(
        self, left: float, top: float, text: str, colour: Colour, *, size: int = _SIZE, room: float | None = None
    ) -> None:
        """A line of text; what does not fit is cut off."""
        room = self._width - _MARGIN - left if room is None else room
        self._draw.text((left, top), self.letters.fitted(text, size, room), fill=colour, font=font_of(size))

    def _fill(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), fill=colour)

    def _label(self, row: SheetRow, top: int) -> int:
        """The name of a row, if it has one; then where the next thing stands."""
        if row.label:
            self._text(_MARGIN, top + 2, row.label, TEXT)
        return top + self._label_height

    def _bars(self, bars: tuple[Bar, ...], top: int) -> None:
        width = self._width - 2 * _MARGIN
        self._fill(_MARGIN, top, width, _BAR - 2, EMPTY)
        for bar in bars:
            left, right = round(bar.start * width), round(bar.end * width)
            low = 0 if bar.kind == "event" else _BAR // 3  # not by colour alone
            self._fill(_MARGIN + left, top + low, max(1, right - left), _BAR - 2 - low, COLOURS.get(bar.kind, DIM))

    def _ticks(self, top: int) -> None:
        width, reached = self._width - 2 * _MARGIN, 0.0
        for tick in self._order.ticks:
            at, length = _MARGIN + round(tick.at * width), width_of(tick.label, _SIZE)
            left = min(self._width - _MARGIN - length, max(_MARGIN, at - length / 2))
            if left < reached:
                continue
            self._fill(at, top, 1, 5, DIM)
            self._text(left, top + 6, tick.label, DIM)
            reached = left + length + 16

    def _tile(self, tile: Tile, left: int, top: int) -> None:
        self._fill(left, top, _TILE, self._tile_height, EMPTY)
        picture = _picture(tile)
        if picture is not None:
            width = min(_TILE, round(picture.width * self._tile_height / picture.height))
            height = min(self._tile_height, round(picture.height * _TILE / picture.width))
            small = picture.resize((max(1, width), max(1, height)), Image.Resampling.BOX)
            self._image.paste(small, (left + (_TILE - width) // 2, top + (self._tile_height - height) // 2))
        else:
            self._text(left + 8, top + 8, "no picture", DIM, room=_TILE - 16)
        under = top + self._tile_height
        if tile.marked:
            self._fill(left, under, _TILE, 3, MARK)
        self._text(left, under + 4, tile.label, TEXT, room=_TILE)
        room = _TILE - width_of(self.letters.known(tile.label), _SIZE) - 8
        note = self.letters.fitted(tile.note, _SIZE, room)
        self._text(left + _TILE - width_of(note, _SIZE), under + 4, note, MARK if tile.marked else DIM)


def _picture(tile: Tile) -> Image.Image | None:
    """The picture of a tile; None if it has none, or it cannot be read."""
    if tile.picture is None:
        return None
    try:
        return Image.open(io.BytesIO(read_regular(tile.picture, _LARGEST_PICTURE)), formats=("JPEG",)).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
