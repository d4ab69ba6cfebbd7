"""Tables of short texts, for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camreel.errors import printable

_BETWEEN = "  "


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, under their heads. Nothing in a cell can steer a terminal."""
    cells = [list(heads), *([printable(str(cell), 200) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = (_BETWEEN.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
