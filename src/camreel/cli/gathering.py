"""Events that come in swarms -> one note for each swarm. Pure; the clock is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camreel.cli.notes import Note, notes
from camreel.events import ClipFailed, ClipFetched, ClipStarted, Event, Retrying
from camreel.model import Span
from camreel.text import duration_text, size_text

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


class Gathering:
    """What is to be said of the events, swarms held back until they are whole. ``now`` counts seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._swarms: dict[_Kind, _Swarm] = {}

    def add(self, event: Event) -> list[Note]:
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

    def due(self) -> list[Note]:
        """What is to be said as time has passed."""
        now = self._now()
        return self._end(
            [
                kind
                for kind, swarm in self._swarms.items()
                if now - swarm.last_at >= _CALM or now - swarm.first_at >= _LONGEST
            ]
        )

    def end(self) -> list[Note]:
        """What was held back."""
        return self._end(list(self._swarms))

    def _end(self, kinds: list[_Kind]) -> list[Note]:
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


def _together(held: list[Event]) -> list[Note]:
    retries = [event for event in held if isinstance(event, Retrying)]
    failed = [event for event in held if isinstance(event, ClipFailed)]
    here = [event for event in held if isinstance(event, ClipFetched)]
    if here:
        size = size_text(sum(event.size for event in here))
        return [Note("", f"{len(here)} of them {'is' if len(here) == 1 else 'are'} here already ({size})")]
    if len(retries) > 1:
        reason, wait = retries[0].reason.rstrip("."), duration_text(retries[0].wait)
        return [Note("Retry", f"{reason}; {len(retries)} downloads wait, again in {wait}", bad=True)]
    if len(failed) > 1:
        spans, numbers = [event.recording.span for event in failed], [event.number for event in failed]
        whole = Span(min(span.start for span in spans), max(span.end for span in spans))
        which = f"{len(failed)} clips from {min(numbers)} to {max(numbers)}"
        return [Note("Failed", f"{which}, {whole}: {failed[0].reason}", bad=True)]
    return [note for event in held for note in notes(event)]
