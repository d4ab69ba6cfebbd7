"""Events that a person should read as they happen -> labelled lines, one for each swarm. Pure; the clock is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch

from camreel.cli.registry import COMMANDS
from camreel.cli.startup import as_typed
from camreel.events import (
    ClipFailed,
    ClipFetched,
    ClipStarted,
    Connected,
    Event,
    Gathered,
    Planned,
    RangeKnown,
    Retrying,
    Waiting,
    Warned,
)
from camreel.model import Span
from camreel.planning.plan import ExportPlan
from camreel.report import (
    ReportLine,
    asked_lines,
    asked_of_clips,
    clock_lines,
    clock_notes,
    left_out_text,
    reason_text,
    times_line,
)
from camreel.report.lines import LABEL_WIDTH, StyledLine
from camreel.text import count_text, duration_text, size_text


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One labelled line. ``bad`` asks for attention.

    ``is_repeated``: the report says the same. ``is_detail``: only ``--verbose`` is to say it.
    """

    label: str
    text: str
    bad: bool = False
    is_repeated: bool = False
    is_detail: bool = False
    command: str = ""

    def lines(self, width: int | None = None) -> list[str]:
        """As it is shown: harmless, and wrapped under its own text where there is a ``width``."""
        return ["".join(text for text, _ in pieces) for pieces in self.pieces(width)]

    def pieces(self, width: int | None = None) -> list[StyledLine]:
        """Its lines as pieces with their styles."""
        found = list(ReportLine(self.label, self.text, command=as_typed(self.command)).pieces(width))
        return [tuple((text, "yellow") for text, _ in pieces) for pieces in found] if self.bad else found


_COMMANDS = tuple(f"camreel {command.name} " for command in COMMANDS)


def labelled(text: str) -> list[ReportLine]:
    """Return labelled lines as they are written; a command is not broken."""
    lines = []
    for line in text.split("\n"):
        label, said = line[:LABEL_WIDTH].rstrip(), line[LABEL_WIDTH:]
        is_command = not label and said.startswith(_COMMANDS)
        lines.append(ReportLine(label, "", command=said) if is_command else ReportLine(label, said))
    return lines


@singledispatch
def notes(_event: Event) -> list[NoteLine]:
    """What is worth a line of its own in the event; mostly nothing."""
    return []


@notes.register
def _(event: Connected) -> list[NoteLine]:
    device = event.device
    named = f" “{device.name}”" if device.name else ""
    firmware = f", firmware {device.firmware}" if device.firmware else ""
    return [_detail("Camera", f"{event.address}: {device.model}{named}{firmware}")]


@notes.register
def _(event: RangeKnown) -> list[NoteLine]:
    asked = asked_lines(event.asked, event.span, event.clock)
    source = clock_lines(event.clock)[0] if event.clock is not None else ""
    return [
        *_under("Range", asked),
        *([_detail("Clock", source)] if source else []),
        *(
            NoteLine(line.label if n == 0 else "", line.text, bad=True, is_repeated=True, command=line.command)
            for n, line in enumerate(clock_notes(event.clock, event.asked, event.span, event.name))
        ),
    ]


def _under(label: str, texts: Sequence[str], *, bad: bool = False) -> list[NoteLine]:
    """Lines that the report has, too."""
    return [NoteLine(label if n == 0 else "", text, bad=bad, is_repeated=True) for n, text in enumerate(texts)]


def _detail(label: str, text: str) -> NoteLine:
    return NoteLine(label, text, is_repeated=True, is_detail=True)


@notes.register
def _(event: Waiting) -> list[NoteLine]:
    return [NoteLine("Waiting", f"until {event.until} by the camera's clock: {event.reason}")]


@notes.register
def _(event: Planned) -> list[NoteLine]:
    return _found(event.plan)


def _found(plan: ExportPlan) -> list[NoteLine]:
    found = count_text(len(plan.recordings), "recording") if plan.recordings else "no recordings"
    unknown = sum(recording.size is None for recording in plan.recordings)
    if unknown < len(plan.recordings):
        found += f", {size_text(plan.listed_bytes)}"
        if any(recording.part is not None for recording in plan.recordings):
            found += f", of which about {size_text(plan.bytes_to_fetch)} are needed"
    unused = [_detail("", f"not used: {left_out_text(plan.left_out)}")] if plan.left_out else []
    return [*_under("Found", [found]), *unused]


@notes.register
def _(event: Gathered) -> list[NoteLine]:
    asked = _under("Range", asked_of_clips(event.request, event.plan.span, event.clock))
    return [*asked, *_found(event.plan), *_under("Times", [times_line(event.times_from)])]


@notes.register
def _(event: ClipFailed) -> list[NoteLine]:
    return [
        NoteLine(
            "Failed",
            f"clip {event.number}, {event.recording.listed or event.recording.span}: {reason_text(event.reason)}",
            bad=True,
        )
    ]


@notes.register
def _(event: Retrying) -> list[NoteLine]:
    return [
        NoteLine("Retry", f"{event.what}: {event.reason.rstrip('.')}; again in {duration_text(event.wait)}", bad=True)
    ]


@notes.register
def _(event: Warned) -> list[NoteLine]:
    return [NoteLine("Note", event.text, bad=True, is_repeated=True)]


_Kind = tuple[object, ...]
_HERE: _Kind = (ClipFetched,)
_CALM = 1.0  # seconds without another of its kind, and a swarm has ended
_LONGEST = 3.0  # seconds that a note is held back at most


@dataclass(slots=True)
class _Swarm:
    """Events of one kind, and when the first and the last came."""

    events: list[Event]
    first_at: float
    last_at: float


class EventBatcher:
    """What is to be said of the events, swarms held back until they are whole. ``now`` counts seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._swarms: dict[_Kind, _Swarm] = {}

    def add(self, event: Event) -> list[NoteLine]:
        """What is to be said now that ``event`` has happened."""
        kind, now = _kind(event), self._now()
        if kind is not None:
            swarm = self._swarms.setdefault(kind, _Swarm([], now, now))
            swarm.events.append(event)
            swarm.last_at = now
            return []
        if isinstance(event, ClipStarted):  # what was here already is told before the first download
            return self._end([_HERE] if _HERE in self._swarms else [])
        said = notes(event)
        return [*self.end(), *said] if said else []

    def due(self) -> list[NoteLine]:
        """What is to be said as time has passed."""
        now = self._now()
        return self._end(
            [
                kind
                for kind, swarm in self._swarms.items()
                if now - swarm.last_at >= _CALM or now - swarm.first_at >= _LONGEST
            ]
        )

    def end(self) -> list[NoteLine]:
        """What was held back."""
        return self._end(list(self._swarms))

    def _end(self, kinds: list[_Kind]) -> list[NoteLine]:
        return [note for kind in kinds for note in _together(self._swarms.pop(kind).events)]


def _kind(event: Event) -> _Kind | None:
    """Equal for what belongs together; None for what is told by itself."""
    if isinstance(event, Retrying):
        return Retrying, event.reason, event.wait
    if isinstance(event, ClipFailed):
        return ClipFailed, event.reason
    if isinstance(event, ClipFetched) and event.reused:
        return _HERE
    return None


def _together(held: list[Event]) -> list[NoteLine]:
    retries = [event for event in held if isinstance(event, Retrying)]
    failed = [event for event in held if isinstance(event, ClipFailed)]
    here = [event for event in held if isinstance(event, ClipFetched)]
    if here:
        size = size_text(sum(event.size for event in here))
        return [NoteLine("Kept", f"{count_text(len(here), 'clip')} of an earlier run ({size})")]
    if len(retries) > 1:
        reason, wait = retries[0].reason.rstrip("."), duration_text(retries[0].wait)
        return [NoteLine("Retry", f"{reason}; {len(retries)} downloads wait, again in {wait}", bad=True)]
    if len(failed) > 1:
        spans, numbers = [event.recording.span for event in failed], [event.number for event in failed]
        whole = Span(min(span.start for span in spans), max(span.end for span in spans))
        which = f"{len(failed)} clips from {min(numbers)} to {max(numbers)}"
        return [NoteLine("Failed", f"{which}, {whole}: {reason_text(failed[0].reason)}", bad=True)]
    return [note for event in held for note in notes(event)]
