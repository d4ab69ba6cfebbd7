"""Draw the frames of the simulated camera: its name, the date, the wall clock, a moving square and the frame number.

During an event something bright crosses the picture, with a word for it and a colored edge.

A person reads the name and the second. A test reads the frame number: two rows of 16 black or white blocks at the
bottom of the frame, most significant first: 24 bits of number, then 8 bits of checksum. Each block is 1/16 of the
width and 1/10 of the height, so that it survives strong compression and a small sub stream. Letters come from a 5x7
bitmap font.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

GLYPH_WIDTH, GLYPH_HEIGHT, ADVANCE = 5, 7, 6

# Five columns from left to right, one byte each; bit 0 is the top row.
_COLUMNS = {
    " ": "0000000000", "-": "0808080808", ".": "0060600000", "/": "2010080402", ":": "0036360000",
    "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31", "4": "1814127f10",
    "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936", "9": "064949291e",
    "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941",
    "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01",
    "K": "7f08142241", "L": "7f40404040", "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e",
    "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946", "S": "4649494931", "T": "01017f0101",
    "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463", "Y": "0708700807",
    "Z": "6151494543",
}  # fmt: skip

_UNKNOWN = "7f4141417f"


def text_width(text: str, scale: int) -> int:
    """Pixels from the first to the last column of ``text``."""
    return (ADVANCE * len(text) - 1) * scale if text else 0


def largest_scale(text: str, width: int, height: int) -> int:
    """The largest whole scale at which ``text`` fits into a box; at least 1."""
    return max(1, min(width // text_width(text, 1), height // GLYPH_HEIGHT)) if text else 1


@lru_cache(maxsize=512)
def render(text: str, scale: int, ink: int, paper: int) -> tuple[bytes, ...]:
    """Seven lines of pixels, scaled sideways; each is to be drawn ``scale`` times.

    Lower case is drawn as upper case; a character that the font lacks is drawn as a box.
    """
    glyphs = [bytes.fromhex(_COLUMNS.get(char, _UNKNOWN)) + b"\0" for char in text.upper()]
    columns = b"".join(glyphs)[:-1]
    on, off = bytes([ink]) * scale, bytes([paper]) * scale
    return tuple(b"".join(on if column >> row & 1 else off for column in columns) for row in range(GLYPH_HEIGHT))


BLOCKS_PER_ROW, NUMBER_BITS, CHECK_BITS = 16, 24, 8
_BLACK, _WHITE, _GREY, _BACK, _BAND = 16, 235, 160, 60, 110  # luma, limited range
_ORANGE = (70, 190)  # both chroma
_LUMA_FIRST = frozenset(("gray", "nv12", "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"))


@dataclass(frozen=True)
class SceneEvent:
    """Something that crosses the picture from the left to the right. ``start`` is by the camera's wall clock."""

    start: datetime
    seconds: float
    word: str = "MOTION"
    """What is written beside it. A ``VEHICLE`` is wide, everything else is upright."""

    def place(self, moment: datetime) -> float | None:
        """Return how far it has come, from 0 to 1; None if it is not there."""
        place = (moment - self.start) / timedelta(seconds=self.seconds)
        return place if 0 <= place < 1 else None


def draw_luma(
    size: tuple[int, int], name: str, moment: datetime, number: int, event: SceneEvent | None = None
) -> bytearray:
    """The luma plane, row after row without padding, of frame ``number`` taken at ``moment`` (naive, local)."""
    plane = bytearray(_lettering(size, name, f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"))
    place = None if event is None else event.place(moment)
    if event is None or place is None:
        _draw_square(plane, size, number)
    else:
        _draw_event(plane, size, event.word, place)
    _draw_number(plane, size, number)
    return plane


def draw_chroma(
    size: tuple[int, int], tint: tuple[int, int], moment: datetime, event: SceneEvent | None = None
) -> tuple[bytes, bytes]:
    """Both chroma planes, of half the size, of what :func:`draw_luma` draws; ``tint`` is that of the camera."""
    width, height = size[0] // 2, size[1] // 2
    place = None if event is None else event.place(moment)
    if event is None or place is None:
        return bytes([tint[0]]) * (width * height), bytes([tint[1]]) * (width * height)
    return _tinted((width, height), tint[0], _ORANGE[0]), _tinted((width, height), tint[1], _ORANGE[1])


@lru_cache(maxsize=8)
def _tinted(size: tuple[int, int], tint: int, edge: int) -> bytes:
    """A plane with a colored edge around what is above the frame number, and a colored band where the event is."""
    width, height = size
    side, (top, bottom) = max(1, width * 2 // 100), _band(height)
    whole, sides = (
        bytes([edge]) * width,
        bytes([edge]) * side + bytes([tint]) * (width - 2 * side) + bytes([edge]) * side,
    )
    rows = [whole if y < side or top <= y < bottom else sides for y in range(_rows(0, height)[0])]
    return b"".join(rows) + bytes([tint]) * (width * (height - len(rows)))


@lru_cache(maxsize=4)  # it changes once a second
def _lettering(size: tuple[int, int], name: str, date: str, time: str) -> bytes:
    width, height = size
    plane = bytearray(bytes([_BACK]) * (width * height))
    _write(plane, size, name, top=height * 3 // 100, box=height * 13 // 100)
    _write(plane, size, date, top=height * 18 // 100, box=height * 11 // 100)
    _write(plane, size, time, top=height * 32 // 100, box=height * 31 // 100)
    return bytes(plane)


def _write(plane: bytearray, size: tuple[int, int], text: str, top: int, box: int) -> None:
    """Write ``text`` centred, as large as fits into ``box`` rows; cut at the right edge if it is too long."""
    width, _ = size
    scale = largest_scale(text, width * 94 // 100, box)
    left = max(0, (width - text_width(text, scale)) // 2)
    for row, line in enumerate(render(text, scale, _WHITE, _BACK)):
        visible = line[: width - left]
        for y in range(top + row * scale, top + (row + 1) * scale):
            plane[y * width + left : y * width + left + len(visible)] = visible


def _draw_square(plane: bytearray, size: tuple[int, int], number: int) -> None:
    """A square that goes to and fro, so that no two neighbouring frames are alike."""
    width, height = size
    side, top = height * 12 // 100, height * 66 // 100
    way = width - side
    step = number * max(2, width // 80) % (2 * way)
    left = step if step < way else 2 * way - step
    for y in range(top, top + side):
        plane[y * width + left : y * width + left + side] = bytes([_GREY]) * side


def _band(height: int) -> tuple[int, int]:
    """The rows in which an event is to be seen: below the time, above the frame number."""
    return height * 57 // 100, height * 80 // 100


def _draw_event(plane: bytearray, size: tuple[int, int], word: str, place: float) -> None:
    """A figure, and the word in the half of the picture that it is not in."""
    width, height = size
    top, bottom = _band(height)
    high = bottom - top
    wide = high * 2 if word == "VEHICLE" else high * 2 // 3
    left = round(place * (width - wide))
    scale = largest_scale(word, width // 2 - wide, high * 7 // 10)
    lines = render(word, scale, _BLACK, _BAND)
    at = width * 3 // 4 - len(lines[0]) // 2 if place < 0.5 else width // 4 - len(lines[0]) // 2
    beside = top + (high - GLYPH_HEIGHT * scale) // 2
    for y in range(top, bottom):
        row = bytearray(bytes([_BAND]) * width)
        indent = _indent(word, wide, (y - top) / high)
        row[left + indent : left + wide - indent] = bytes([_WHITE]) * (wide - 2 * indent)
        if 0 <= (line := (y - beside) // scale) < GLYPH_HEIGHT:
            row[at : at + len(lines[line])] = lines[line]
        plane[y * width : (y + 1) * width] = row


def _indent(word: str, wide: int, down: float) -> int:
    """Columns by which a figure is narrower at both sides, ``down`` its height: a head on shoulders, or a roof."""
    if word == "VEHICLE":
        return wide // 5 if down < 0.45 else 0
    return wide * 3 // 10 if down < 0.3 else wide * 4 // 10 if down < 0.38 else 0


def _draw_number(plane: bytearray, size: tuple[int, int], number: int) -> None:
    width, height = size
    bits = (number << CHECK_BITS) | _checksum(number)
    total = NUMBER_BITS + CHECK_BITS
    for row in range(total // BLOCKS_PER_ROW):
        line = bytearray()
        for column in range(BLOCKS_PER_ROW):
            left, right = _edges(column, width)
            bit = bits >> (total - 1 - row * BLOCKS_PER_ROW - column) & 1
            line += bytes([_WHITE if bit else _BLACK]) * (right - left)
        top, bottom = _rows(row, height)
        plane[top * width : bottom * width] = line * (bottom - top)


def _edges(column: int, width: int) -> tuple[int, int]:
    return column * width // BLOCKS_PER_ROW, (column + 1) * width // BLOCKS_PER_ROW


def _rows(row: int, height: int) -> tuple[int, int]:
    return height * (80 + 10 * row) // 100, height * (90 + 10 * row) // 100


def _checksum(number: int) -> int:
    """Eight bits that a black, white or shifted picture does not satisfy by chance."""
    folded = number ^ number >> 8 ^ number >> 16
    return (folded * 7 + 0xA5) & 0xFF


def read_frame_number(frame: av.VideoFrame) -> int:
    """The frame number in a decoded picture of any size.

    Raises :class:`ValueError` if a block is neither black nor white, or if the checksum does not fit.
    """
    if frame.format.name not in _LUMA_FIRST:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    luma, stride = memoryview(plane), plane.line_size
    bits = 0
    for row in range((NUMBER_BITS + CHECK_BITS) // BLOCKS_PER_ROW):
        for column in range(BLOCKS_PER_ROW):
            left, right = _edges(column, frame.width)
            top, bottom = _rows(row, frame.height)
            bits = bits << 1 | _read_block(luma, stride, (left, right), (top, bottom))
    number, check = bits >> CHECK_BITS, bits & (1 << CHECK_BITS) - 1
    if check != _checksum(number):
        raise ValueError(f"no frame number in this picture: {number} does not fit its checksum")
    return number


def _read_block(luma: memoryview, stride: int, across: tuple[int, int], down: tuple[int, int]) -> int:
    """0 or 1, from the middle half of a block, where coding does the least harm."""
    (left, right), (top, bottom) = _middle(*across), _middle(*down)
    values = b"".join(luma[y * stride + left : y * stride + right] for y in range(top, bottom))
    mean = sum(values) / len(values)
    if 95 < mean < 155:
        raise ValueError(f"no frame number in this picture: a block is grey ({mean:.0f})")
    return int(mean >= 155)


def _middle(low: int, high: int) -> tuple[int, int]:
    quarter = (high - low) // 4
    return low + quarter, high - quarter


def frame_base(start: datetime, fps: int) -> int:
    """The number of the first frame of a clip: whole frames since the midnight before ``start``."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return round((start - midnight).total_seconds() * fps)


def frame_moment(start: datetime, fps: int, index: int) -> datetime:
    """The wall clock at which frame ``index`` of a clip is taken."""
    return start + timedelta(seconds=index / fps)
