"""Events that a person should read as they happen -> labelled lines, one for each swarm. Pure; the clock is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

from camreel.clock import is_by_clock
from camreel.errors import printable
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
from camreel.report import asked_lines, asked_of_clips, clock_lines, left_out_text, reason_text, times_line
from camreel.text import count_text, duration_text, size_text, wrapped

_LABEL = 10  # columns; the report's lines have as many
_NARROWEST = 30


@dataclass(frozen=True, slots=True)
class NoteLine:
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
        return wrapped(text, width, label, " " * _LABEL)


def wrap_report(text: str, width: int | None) -> str:
    """The report's labelled lines, wrapped under their text; the path of a video stays whole, to be copied."""
    lines: list[str] = []
    for line in text.split("\n"):
        whole = line.startswith("Video")
        lines += NoteLine(line[:_LABEL].rstrip(), line[_LABEL:]).lines(None if whole else width)
    return "\n".join(lines)


@singledispatch
def notes(_event: Event) -> list[NoteLine]:
    """What is worth a line of its own in the event; mostly nothing."""
    return []


@notes.register
def _(event: Connected) -> list[NoteLine]:
    device = event.device
    named = f" “{device.name}”" if device.name else ""
    firmware = f", firmware {device.firmware}" if device.firmware else ""
    return [NoteLine("Camera", f"{event.address}: {device.model}{named}{firmware}")]


@notes.register
def _(event: RangeKnown) -> list[NoteLine]:
    asked, *other = asked_lines(event.asked, event.span, event.clock)
    return [NoteLine("Range", asked), *(NoteLine("", line) for line in other), *_clock_notes(event)]


def _clock_notes(event: RangeKnown) -> list[NoteLine]:
    """The clock in short; the report has it whole."""
    line, *wrong = clock_lines(event.clock, event.asked)
    if event.clock is not None:
        source = event.clock.source.partition(": ")[0].replace("measured now", "measured just now")
        line = source if source.startswith("UTC") else f"UTC{event.clock.offset_text}, {source}"
        if is_by_clock(event.asked):  # then the zone decides nothing, however little there is to go by
            wrong = [text for text in wrong if text != event.clock.weakness]
    return [NoteLine("Clock", line), *(NoteLine("", text, bad=True) for text in wrong)]


@notes.register
def _(event: Waiting) -> list[NoteLine]:
    return [NoteLine("Waiting", f"until {event.until} by the camera's clock: {event.reason}")]


@notes.register
def _(event: Planned) -> list[NoteLine]:
    plan = event.plan
    said = [_found(plan)]
    if plan.gaps and plan.recordings:
        missing = duration_text(sum(gap.seconds for gap in plan.gaps))
        said.append(NoteLine("", f"the camera has {count_text(len(plan.gaps), 'gap')} in this range, {missing} in all"))
    if plan.writing:
        still = "is" if len(plan.writing) == 1 else "are"
        said.append(NoteLine("", f"{count_text(len(plan.writing), 'recording')} {still} still being written", bad=True))
    return said


def _found(plan: ExportPlan) -> NoteLine:
    found = count_text(len(plan.recordings), "recording")
    unknown = sum(recording.size is None for recording in plan.recordings)
    if unknown < len(plan.recordings):
        found += f", {size_text(plan.listed_bytes)}"
        if any(recording.part is not None for recording in plan.recordings):
            found += f", of which about {size_text(plan.bytes_to_fetch)} are needed"
    if plan.left_out:
        found += f"; not used: {left_out_text(plan.left_out)}"
    return NoteLine("Found", found)


@notes.register
def _(event: Gathered) -> list[NoteLine]:
    plan = event.plan
    asked, *other = asked_of_clips(event.request, plan.span, event.clock)
    said = [NoteLine("Range", asked), *(NoteLine("", line) for line in other), _found(plan)]
    if plan.gaps and plan.recordings:
        missing = duration_text(sum(gap.seconds for gap in plan.gaps))
        said.append(NoteLine("", f"they leave {count_text(len(plan.gaps), 'gap')} in this range, {missing} in all"))
    return [*said, NoteLine("Times", times_line(event.times_from))]


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
    return [NoteLine("Note", event.text, bad=True)]


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
        return [NoteLine("", f"{len(here)} of them {'is' if len(here) == 1 else 'are'} here already ({size})")]
    if len(retries) > 1:
        reason, wait = retries[0].reason.rstrip("."), duration_text(retries[0].wait)
        return [NoteLine("Retry", f"{reason}; {len(retries)} downloads wait, again in {wait}", bad=True)]
    if len(failed) > 1:
        spans, numbers = [event.recording.span for event in failed], [event.number for event in failed]
        whole = Span(min(span.start for span in spans), max(span.end for span in spans))
        which = f"{len(failed)} clips from {min(numbers)} to {max(numbers)}"
        return [NoteLine("Failed", f"{which}, {whole}: {reason_text(failed[0].reason)}", bad=True)]
    return [note for event in held for note in notes(event)]
