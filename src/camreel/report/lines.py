"""Lines of a report: a label, its text, and what a terminal may show of their meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from camreel.errors import printable
from camreel.text import wrapped

LABEL_WIDTH = 10  # columns
_NARROWEST = 30
_LONGEST = 2000  # characters of one text
_PATH = "bold path"  # the style of a path: a terminal makes a link of it


StyledLine = tuple[tuple[str, str], ...]  # pieces of text, each with its style


class Tone(str, Enum):
    """How good an outcome is. The values are styles of a terminal; the words beside them say the same."""

    GOOD = "green"
    WARN = "yellow"
    BAD = "red"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A label and its text. A `label` that is that of the line above is not shown again."""

    label: str
    text: str
    path: str = ""
    """Where a file is. It stands behind the text and is never broken, so that it can be copied."""
    tone: Tone | None = None
    """That of an outcome; None for all other lines."""

    def pieces(self, width: int | None = None) -> Iterator[StyledLine]:
        """Yield its lines as pieces, each with its style. Nothing in them can steer a terminal.

        They are wrapped under their own text if there is a `width`.
        """
        label = f"{printable(self.label):<{LABEL_WIDTH}}"
        if not label.endswith("  ") and self.label:
            label = f"{label.rstrip()}  " if len(self.label) >= LABEL_WIDTH - 1 else label
        indent = " " * LABEL_WIDTH
        text, path = printable(self.text, _LONGEST), printable(self.path, _LONGEST)
        narrow = width is None or width < _NARROWEST
        lines = [label + text] if narrow or width is None else wrapped(text, width, label, indent)
        style = f"bold {self.tone.value}" if self.tone else "dim"
        rows = [[(label, style), (lines[0][len(label) :], "")], *([(line, "")] for line in lines[1:])]
        if path:
            last = len(lines[-1]) + 1
            if not text:
                rows[-1] = [(label, style), (path, _PATH)]
            elif narrow or width is None or last + len(path) <= width:
                rows[-1] += [(" ", ""), (path, _PATH)]
            else:
                rows.append([(indent, ""), (path, _PATH)])
        yield from map(tuple, rows)


def pieces_of(lines: Sequence[ReportLine], width: int | None = None) -> Iterator[StyledLine]:
    """Yield all lines as styled pieces; a label that is that of the line above is left out."""
    last = ""
    for line in lines:
        shown = ReportLine("", line.text, line.path, line.tone) if line.label == last else line
        last = line.label
        yield from shown.pieces(width)


def plain_text(lines: Sequence[ReportLine], width: int | None = None) -> str:
    """Return the lines as plain text."""
    return "\n".join("".join(text for text, _ in pieces).rstrip() for pieces in pieces_of(lines, width))
