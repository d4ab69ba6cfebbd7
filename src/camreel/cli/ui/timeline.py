"""What of a range is recorded, drawn in characters: a row for each channel, over an axis of time. Pure.

Nothing depends on colour alone: a gap, part of a column and an event each have a sign of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from camreel.cli.ui.terminal import Line, Piece, bare
from camreel.clock import CameraClock
from camreel.errors import printable
from camreel.model import Span
from camreel.planning.coverage import Cell, CoverageSpan, cells, ticks
from camreel.text import duration_text

_NARROWEST = 20  # columns of a row, whatever the screen is
_TICK_EVERY = 8  # columns, at least
_MOST_EVENTS = 3  # lines for events below a row; what is rarer shares one more
_SAME = timedelta(minutes=1)  # two channels are asked a moment apart: "the last hour" is then not quite the same


@dataclass(frozen=True, slots=True)
class Signs:
    """What is drawn with. ``part`` are heights, from almost nothing to almost all of a column."""

    full: str
    part: str
    gap: str
    pending: str
    event: str
    tick: str
    cut: str

    @property
    def all(self) -> str:
        return self.full + self.part + self.gap + self.pending + self.event + self.tick + self.cut


BLOCKS = Signs("█", "▁▂▃▄▅▆▇", "·", "~", "▀", "│", "…")
ASCII = Signs("#", "+", ".", "~", "^", "|", ">")


def signs_for(encoding: str | None) -> Signs:
    """Blocks where ``encoding`` has them."""
    try:
        BLOCKS.all.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


@dataclass(frozen=True, slots=True)
class Row:
    """One channel: its name, and what of the range ``span`` its camera has, by its own clock."""

    label: str
    span: Span
    stretches: tuple[CoverageSpan, ...]
    clock: CameraClock | None

    @property
    def moves(self) -> tuple[tuple[timedelta, timedelta], ...]:
        """Where in the range the clock is put forward or back, and by how much."""
        clock = self.clock
        if clock is None:
            return ()
        changes = clock.changes_in(self.span)
        return tuple((clock.straight(each.at) - self.span.start, each.after - each.before) for each in changes)


def drawn(rows: Sequence[Row], width: int, signs: Signs) -> list[Line]:
    """The rows in lines of at most ``width`` columns, those of the same range over the same axis; then a legend."""
    label_width = min(max(_label_width(row) for row in rows), max(8, width // 4))
    room = max(_NARROWEST, width - label_width - 2)
    lines: list[Line] = []
    seen: list[Cell] = []
    groups = _of_one_axis(rows)
    for group in groups:
        span = Span(min(row.span.start for row in group), max(row.span.end for row in group))
        for row in group:
            found = cells(row.stretches, span, room)
            seen += found
            lines.append((_label(row.label, label_width, signs), *(_piece(cell, signs) for cell in found)))
            lines += _event_lines(row, found, label_width, signs)
        lines.append((("  " + " " * label_width, ""), (_axis(span, group[0].clock, room, signs), "dim")))
    meanings = _meanings(seen, signs)
    if len(groups) == 1:
        meanings.append(((f"a column is {duration_text(rows[0].span.seconds / room)}", "dim"),))
    return [*lines, *_legend(meanings, width, " " * (label_width + 2))]


def _of_one_axis(rows: Sequence[Row]) -> list[list[Row]]:
    groups: list[list[Row]] = []
    for row in rows:
        for group in groups:
            first = group[0]
            apart = max(abs(row.span.start - first.span.start), abs(row.span.end - first.span.end))
            if apart <= _SAME and row.moves == first.moves:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _events_of(row: Row) -> list[str]:
    counted = Counter(event for stretch in row.stretches for event in stretch.events)
    return [event for event, _ in counted.most_common()]


def _label_width(row: Row) -> int:
    return max(len(row.label), *(len(event) + 2 for event in [*_events_of(row)[:_MOST_EVENTS], ""]))


def _label(text: str, width: int, signs: Signs) -> Piece:
    shown = printable(text, 100)
    if len(shown) > width:  # the channel, behind a name, is what tells one row from the other
        tail = shown.rpartition(" ")[2][-width // 2 :]
        shown = shown[: width - len(tail) - 1] + signs.cut + tail
    return f"{shown:<{width}}  ", "bold"


def _piece(cell: Cell, signs: Signs) -> Piece:
    share = cell.share
    if cell.has_footage and share is not None:
        if share >= 1:
            return signs.full, "green"
        return signs.part[min(len(signs.part) - 1, int(share * len(signs.part)))], "yellow"
    if cell.has_gap:
        return signs.gap, "red"
    return (signs.pending, "cyan") if cell.pending else (" ", "")


def _event_lines(row: Row, found: Sequence[Cell], label_width: int, signs: Signs) -> list[Line]:
    events = _events_of(row)
    lines = [({event}, event) for event in events[:_MOST_EVENTS]]
    if rare := set(events[_MOST_EVENTS:]):
        lines.append((rare, "others"))
    drawn_lines: list[Line] = []
    for words, name in lines:
        marks = "".join(signs.event if words.intersection(cell.events) else " " for cell in found)
        text, _ = _label(f"  {name}", label_width, signs)
        drawn_lines.append(((text, ""), (marks.rstrip(), "magenta")))
    return drawn_lines


def _axis(span: Span, clock: CameraClock | None, room: int, signs: Signs) -> str:
    """``│08:00      │10:00``: each sign stands in the column of its time."""
    line = ""
    for tick in ticks(span, clock, room // _TICK_EVERY):
        column = int((tick.at - span.start) / (span.end - span.start) * room)
        text = signs.tick + tick.label
        if column >= len(line) + bool(line) and column + len(text) <= room:
            line = f"{line:<{column}}{text}"
    return line


def _meanings(seen: Sequence[Cell], signs: Signs) -> list[Line]:
    """What the signs mean that were used, each sign in its colour."""
    styles = {style for _, style in (_piece(cell, signs) for cell in seen)}
    said: list[tuple[str, str, str, bool]] = [
        (signs.full, "green", "recorded", "green" in styles),
        (signs.part, "yellow", "in part", "yellow" in styles),
        (signs.gap, "red", "nothing recorded", "red" in styles),
        (signs.pending, "cyan", "may still be written", "cyan" in styles),
        (signs.event, "magenta", "event", any(cell.events for cell in seen)),
        ("blank:", "", "not asked for", any(cell.unwanted and cell.share is None for cell in seen)),
    ]
    return [((sign, style), (f" {words}", "dim")) for sign, style, words, is_used in said if is_used]


def _legend(meanings: Sequence[Line], width: int, indent: str) -> list[Line]:
    """Broken between meanings only."""
    lines: list[Line] = []
    room = 0
    for meaning in meanings:
        length = len(bare(meaning))
        if lines and length + 3 <= room:
            lines[-1] = (*lines[-1], ("   ", ""), *meaning)
            room -= length + 3
        else:
            lines.append(((indent, ""), *meaning))
            room = width - len(indent) - length
    return lines
