"""Tables of short texts, for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camreel.errors import printable

_BETWEEN = "  "
_NARROWEST = 8  # columns of a column


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Columns as wide as their widest cell, under their heads. Nothing in a cell can steer a terminal.

    Where there is a ``width``, the widest columns are made narrower until all of them fit, and what is cut ends in an
    ellipsis.
    """
    cells = [list(heads), *([printable(str(cell), 200) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    while width is not None and sum(widths) + len(_BETWEEN) * (len(widths) - 1) > width and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    lines = (
        _BETWEEN.join(_cut(cell, room).ljust(room) for cell, room in zip(row, widths, strict=True)) for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cut(cell: str, room: int) -> str:
    return cell if len(cell) <= room else f"{cell[: room - 1]}…"
