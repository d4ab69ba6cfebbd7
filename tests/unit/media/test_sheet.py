"""The contact sheet: every picture in its place, a row for each camera, and letters that people's names have."""

from __future__ import annotations

from pathlib import Path

import pytest

from camreel.media.worker.messages import Bar, Sheet, SheetOrder, SheetRow, SheetTick, Tile

pytest.importorskip("PIL", reason="the contact sheet needs Pillow: pip install 'camreel[pictures]'")

from PIL import Image, ImageFont

from camreel.media import sheet
from camreel.media.worker.process import StillProcess

pytestmark = pytest.mark.anyio
NAMES = "Haustür, Крыльцо, Είσοδος"


@pytest.fixture(autouse=True)
def fresh():
    """No font is remembered from another test."""
    yield
    sheet.font_of.cache_clear()
    sheet.has_letter.cache_clear()


def picture(folder: Path, number: int) -> Tile:
    """A tile of one colour."""
    place = folder / f"{number}.jpg"
    Image.new("RGB", (640, 360), (40 * number, 255 - 40 * number, 90)).save(place, quality=95)
    return Tile(str(place), f"08:00:0{number}")


def drawn(order: SheetOrder) -> tuple[Sheet, Image.Image]:
    return sheet.draw_sheet(order), Image.open(order.output)


def order_of(folder: Path, *rows: SheetRow, lines: tuple[str, ...] = ("Kitchen",)) -> SheetOrder:
    return SheetOrder(str(folder / "sheet.png"), lines, (SheetTick(0, "08:00"), SheetTick(1, "08:05")), rows)


def is_like(pixel: object, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


async def test_the_sheet_has_every_picture(tmp_path):
    """In rows, in order, where the layout puts them; one that is missing leaves its place dark."""
    tiles = [picture(tmp_path, number) for number in range(5)]
    tiles.insert(2, Tile(None, "08:00:09", "not there", marked=True))
    order = order_of(tmp_path, SheetRow("", (Bar(0, 0.5, "recorded"), Bar(0.75, 1, "event")), tuple(tiles)))
    async with StillProcess() as stills:
        made = await stills.sheet(order)
    image = Image.open(order.output)
    assert image.size == (made.width, made.height)
    first_row = made.height - 24 + 12 - 2 * (117 + 22 + 12)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 4)
        middle = image.getpixel((24 + column * 220 + 104, first_row + row * 151 + 58))
        if tile.picture is None:
            assert middle == sheet.EMPTY
        else:
            shade = 40 * int(Path(tile.picture).stem)
            assert is_like(middle, (shade, 255 - shade, 90))
    bar = [image.getpixel((24 + int(share * (made.width - 48)), 24 + 36 + 8 + 20)) for share in (0.2, 0.6, 0.9)]
    assert bar == [sheet.COLOURS["recorded"], sheet.EMPTY, sheet.MARK]


def test_a_row_for_each_camera(tmp_path):
    """Timelines one below the other, then the pictures of each."""
    first, second = (
        SheetRow(name, (), (picture(tmp_path, number),)) for number, name in enumerate(("door", "yard"), 1)
    )
    alone, one = drawn(order_of(tmp_path, first))
    both, image = drawn(order_of(tmp_path, first, second))
    assert both.height - alone.height == 2 * 22 + 28 + (117 + 22 + 12)
    for number, up in ((2, 24 + 151 - 12 - 58), (1, 24 + 2 * 151 + 22 - 12 - 58)):
        assert is_like(image.getpixel((24 + 104, image.height - up)), (40 * number, 255 - 40 * number, 90))
    assert one.width == image.width


def test_letters_of_names(tmp_path):
    """Latin, Cyrillic and Greek ones, of a font that this system has."""
    made, _ = drawn(order_of(tmp_path, SheetRow("", (), (picture(tmp_path, 1),)), lines=(NAMES,)))
    if isinstance(font := sheet.font_of(14), ImageFont.FreeTypeFont) and font.getname()[0] == "Aileron":
        pytest.skip("no font with these letters is installed here")
    assert made.lacking == ""


def test_without_a_font_it_says_which_letters_it_lacks(tmp_path, monkeypatch):
    """Then accents go, what is left has a question mark, and control characters are no letters."""
    monkeypatch.setattr(sheet, "FONTS", ())
    sheet.font_of.cache_clear()
    sheet.has_letter.cache_clear()
    made, _ = drawn(order_of(tmp_path, SheetRow("", (), (picture(tmp_path, 1),)), lines=("Tür \x1b[31m Я",)))
    assert made.lacking == "üЯ"
    assert sheet.Letters().known("Tür \x1b Я") == "Tur ? ?"


def test_what_does_not_fit_is_cut():
    """With dots, so that it can be seen."""
    letters = sheet.Letters()
    assert letters.fitted("motion", 14, 1000) == "motion"
    cut = letters.fitted("line crossed, area entered", 14, 80)
    assert cut.endswith("...")
    assert sheet.width_of(cut, 14) <= 80
    assert letters.fitted("motion", 14, 1) == ""
