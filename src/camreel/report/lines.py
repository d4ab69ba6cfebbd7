"""Lines of a report: a label, its text, and what a terminal may show of their meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from camreel.errors import printable
from camreel.text import wrapped

LABEL_WIDTH = 10  # columns
_NARROWEST = 30
_LONGEST = 2000  # characters of one text
_PATH = "bold path"  # the style of a path: a terminal makes a link of it
_COMMAND = "bold command"  # of a command: it begins as the program was called


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
    command: str = ""
    """A command to type, beginning with ``camreel``. It stands below the text, and is never broken."""

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
            last = len(lines[-1]) + 1 if text else len(label)
            if not text and (narrow or width is None or last + len(path) <= width):
                rows[-1] = [(label, style), (path, _PATH)]
            elif text and (narrow or width is None or last + len(path) <= width):
                rows[-1] += [(" ", ""), (path, _PATH)]
            else:
                rows.append([(_lead(path, indent, width), ""), (path, _PATH)])
        if self.command:
            command = printable(self.command, _LONGEST)
            if not (text or path):
                rows = [[(label if label.strip() else _lead(command, indent, width), style), (command, _COMMAND)]]
            else:
                rows.append([(_lead(command, indent, width), ""), (command, _COMMAND)])
        yield from map(tuple, rows)


def _lead(value: str, indent: str, width: int | None) -> str:
    """Return the indent of a value that is not broken: none if a terminal folds it, so that its lines stand alike."""
    return indent if width is None or len(indent) + len(value) <= width else ""


def advice_line(label: str, advice: str) -> ReportLine:
    """Return what to try, as an error's ``hint`` says it: a command is a line of its own."""
    text, _, command = advice.partition("\n")
    return ReportLine(label, text, command=command)


def pieces_of(lines: Sequence[ReportLine], width: int | None = None) -> Iterator[StyledLine]:
    """Yield all lines as styled pieces; a label that is that of the line above is left out."""
    last = ""
    for line in lines:
        shown = replace(line, label="") if line.label == last else line
        last = line.label
        yield from shown.pieces(width)


def plain_text(lines: Sequence[ReportLine], width: int | None = None) -> str:
    """Return the lines as plain text."""
    return "\n".join("".join(text for text, _ in pieces).rstrip() for pieces in pieces_of(lines, width))
