"""Events that a person should read as they happen -> labelled lines. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import singledispatch

from camreel.errors import printable
from camreel.events import ClipFailed, Connected, Event, Planned, Retrying, Understood, Waiting, Warned
from camreel.report import asked_lines, clock_lines
from camreel.units import count_text, duration_text, size_text

_LABEL = 10  # columns; the report's lines have as many
_NARROWEST = 30


@dataclass(frozen=True, slots=True)
class Note:
    """One labelled line. ``bad`` asks for attention."""

    label: str
    text: str
    bad: bool = False

    def lines(self, width: int | None = None) -> list[str]:
        """As it is shown: harmless, and wrapped under its own text where there is a ``width``."""
        text = printable(self.text, 1000)
        label = f"{self.label:<{_LABEL}}"
        if width is None or width < _NARROWEST:
            return [label + text]
        indent = " " * _LABEL
        return textwrap.wrap(
            text,
            width,
            initial_indent=label,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [label]


def wrap_report(text: str, width: int | None) -> str:
    """The report's labelled lines, wrapped under their text."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines += Note(line[:_LABEL].rstrip(), line[_LABEL:]).lines(width)
    return "\n".join(lines)


@singledispatch
def notes(_event: Event) -> list[Note]:
    """What is worth a line of its own in the event; mostly nothing."""
    return []


@notes.register
def _(event: Connected) -> list[Note]:
    device = event.device
    named = f" “{device.name}”" if device.name else ""
    firmware = f", firmware {device.firmware}" if device.firmware else ""
    return [Note("Camera", f"{event.address}: {device.model}{named}{firmware}")]


@notes.register
def _(event: Understood) -> list[Note]:
    asked, *other = asked_lines(event.asked, event.span, event.clock)
    clock, *wrong = clock_lines(event.clock)
    return [
        Note("Range", asked),
        *(Note("", line) for line in other),
        Note("Clock", clock),
        *(Note("", line, bad=True) for line in wrong),
    ]


@notes.register
def _(event: Waiting) -> list[Note]:
    return [Note("Waiting", f"until {event.until} by the camera's clock: {event.reason}")]


@notes.register
def _(event: Planned) -> list[Note]:
    plan = event.plan
    found = count_text(len(plan.recordings), "recording")
    unknown = sum(recording.size is None for recording in plan.recordings)
    if unknown < len(plan.recordings):
        found += f", {size_text(plan.listed_bytes)}"
    if plan.left_out:
        found += "; not used: " + ", ".join(f"{count} {reason}" for reason, count in plan.left_out)
    said = [Note("Found", found)]
    if plan.gaps and plan.recordings:
        missing = duration_text(sum(gap.seconds for gap in plan.gaps))
        said.append(Note("", f"the camera has {count_text(len(plan.gaps), 'gap')} in this range, {missing} in all"))
    if plan.writing:
        still = "is" if len(plan.writing) == 1 else "are"
        said.append(Note("", f"{count_text(len(plan.writing), 'recording')} {still} still being written", bad=True))
    return said


@notes.register
def _(event: ClipFailed) -> list[Note]:
    return [Note("Failed", f"clip {event.number}, {event.recording.span}: {event.reason}", bad=True)]


@notes.register
def _(event: Retrying) -> list[Note]:
    return [Note("Retry", f"{event.what}: {event.reason.rstrip('.')}; again in {duration_text(event.wait)}", bad=True)]


@notes.register
def _(event: Warned) -> list[Note]:
    return [Note("Note", event.text, bad=True)]
