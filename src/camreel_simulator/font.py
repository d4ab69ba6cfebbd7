"""A 5x7 bitmap font, enough to read a camera's name and a clock. Pure."""

from __future__ import annotations

from functools import lru_cache

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
