"""Events that come in swarms -> one note for each swarm. Pure; the clock is given.

Who tells a person how the export goes: nobody, plain lines for a log, or lines on a terminal that stay put.

How several exports are told at a time: what is notable with its camera in front, and one line for each that runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal
from camreel.cli.ui.json_lines import JsonReporter
from camreel.cli.ui.notes import NoteLine, notes
from camreel.cli.ui.progress import Progress
from camreel.cli.ui.terminal import LiveLines, is_live, painted
from camreel.events import ClipFailed, ClipFetched, ClipStarted, Event, Listener, Retrying
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
        return [NoteLine("Failed", f"{which}, {whole}: {failed[0].reason}", bad=True)]
    return [note for event in held for note in notes(event)]


_EVERY = 5.0  # seconds between two plain lines
REFRESH = 0.4  # seconds between two pictures of the live lines: slower than the eye is nervous


class Reporter(Protocol):
    """What the run tells its progress to."""

    def on_event(self, event: Event) -> None:
        """Something happened."""

    def tick(self) -> None:
        """Time has passed; called a few times a second."""

    def log(self, text: str) -> None:
        """A line of its own, between the others."""

    def close(self) -> None:
        """The run is over: leave the screen tidy. May be called twice."""

    def resume(self) -> None:
        """It was not over: a person was asked something meanwhile."""


class SilentReporter:
    """``--quiet``: says nothing but what is logged on purpose."""

    def on_event(self, event: Event) -> None:
        """Not told."""

    def tick(self) -> None:
        """Not told."""

    def log(self, text: str) -> None:
        """Told all the same."""
        terminal.err(text)

    def close(self) -> None:
        """Nothing to tidy."""

    def resume(self) -> None:
        """Nothing to begin again."""


class PlainReporter:
    """For pipes, logs and dumb terminals: what is notable at once, and where things stand every few seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._progress = Progress(now)
        self._gathering = EventBatcher(now)
        self._said_at = now()
        self._said = ""

    def on_event(self, event: Event) -> None:
        """Notable lines at once."""
        self._progress.feed(event)
        self._tell(self._gathering.add(event))
        self.tick()

    def _tell(self, said: list[NoteLine]) -> None:
        for note in said:
            self.log("\n".join(note.lines()))

    def tick(self) -> None:
        """A line when five seconds have passed since the last, and it says something new."""
        self._tell(self._gathering.due())
        if self._now() - self._said_at < _EVERY:
            return
        self._said_at = self._now()
        line = self._progress.plain()
        if line != self._said:
            terminal.err(line)
        self._said = line

    def log(self, text: str) -> None:
        """A line of its own."""
        terminal.err(text)

    def close(self) -> None:
        """Say what was held back."""
        self._tell(self._gathering.end())

    def resume(self) -> None:
        """Nothing to begin again."""


class LiveReporter:
    """The whole and each running download at the bottom of a terminal, and the notable above them."""

    def __init__(self, lines: LiveLines, now: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._now = now
        self._progress = Progress(now)
        self._gathering = EventBatcher(now)
        self._drawn_at = now()
        _on_screen.append(lines)

    def on_event(self, event: Event) -> None:
        """Notable lines at once, above the live ones."""
        self._progress.feed(event)
        for note in self._gathering.add(event):
            self._say(note)
        self.tick()

    def tick(self) -> None:
        """Draw the lines again, where that is due."""
        for note in self._gathering.due():
            self._say(note)
        if self._now() - self._drawn_at < REFRESH:
            return
        self._drawn_at = self._now()
        columns, rows = self._lines.size
        # Room for what stands above them; the more important is at the top.
        self._lines.draw(fitting(self._progress.lines(columns - 1), rows - 3))

    def _say(self, note: NoteLine) -> None:
        lines = note.lines(self._lines.size[0] - 1)
        if note.bad:
            lines = [painted(line, "yellow") for line in lines]
        elif note.label:
            lines = [line.replace(note.label, painted(note.label, "bold"), 1) for line in lines[:1]] + lines[1:]
        self._lines.say("\n".join(lines))

    def log(self, text: str) -> None:
        """A line of its own, above the live ones."""
        self._lines.say(terminal.sanitize(text))

    def close(self) -> None:
        """Take the live lines away and give the cursor back."""
        for note in self._gathering.end():
            self._say(note)
        self._lines.close()
        if self._lines in _on_screen:
            _on_screen.remove(self._lines)

    def resume(self) -> None:
        """Show the live lines again."""
        self._lines.open()
        _on_screen.append(self._lines)


_on_screen: list[LiveLines] = []


def leave_screen() -> None:
    """Leave it tidy when the program ends here and now: the live lines go, and the cursor comes back."""
    with suppress(OSError, ValueError, AttributeError):
        for lines in _on_screen:  # not through sys.stderr: this may have interrupted a write to it
            os.write(sys.stderr.fileno(), lines.farewell().encode())


def fitting(lines: Sequence[str], rows: int) -> list[str]:
    """``lines``, where they fit; else the first of them, and how many there are besides."""
    rows = max(2, rows)
    return list(lines) if len(lines) <= rows else [*lines[: rows - 1], f"… and {len(lines) - rows + 1} more"]


def choose_reporter(*, quiet: bool, progress: str = "auto") -> Reporter:
    """The one that suits where stderr goes, and what was asked for: ``auto``, ``plain`` or ``json``."""
    if progress == "json":
        from camreel.cli.ui.json_lines import JsonReporter  # noqa: PLC0415 - few want it

        return JsonReporter()
    if quiet:
        return SilentReporter()
    if progress == "plain":
        return PlainReporter()
    return LiveReporter(LiveLines()) if is_live(sys.stderr) else PlainReporter()


_EVERY_EXPORT = 10.0  # seconds between two plain lines of one export


class ManyReporter:
    """Plain lines, for logs; the base of the others. ``now`` counts seconds."""

    def __init__(self, labels: Sequence[str], now: Callable[[], float] = time.monotonic) -> None:
        self._labels, self._now = labels, now
        self._width = max(len(label) for label in labels)
        self._progress: dict[int, Progress] = {}
        self._gathering: dict[int, EventBatcher] = {}
        self._said: dict[int, tuple[float, str]] = {}

    def listener(self, number: int) -> Listener:
        """What export ``number`` tells its events to; with it, it has begun."""
        progress = self._progress[number] = Progress(self._now)
        gathering = self._gathering[number] = EventBatcher(self._now)
        self._said[number] = (self._now(), "")

        def on_event(event: Event) -> None:
            progress.feed(event)
            self._tell(number, gathering.add(event))
            self.tick()

        return on_event

    def ended(self, number: int) -> None:
        """Export ``number`` is over."""
        self._progress.pop(number, None)
        if gathering := self._gathering.pop(number, None):
            self._tell(number, gathering.end())

    def _tell(self, number: int, notes: Sequence[NoteLine]) -> None:
        for note in notes:
            # The rest is in its report, and calm is worth more here.
            if (note.bad and note.label) or note.label == "Found":
                lines = note.lines(self._room())
                self.log("\n".join(f"{self._label(number)}  {line}" for line in lines))

    def _label(self, number: int) -> str:
        width = self._label_width()
        return f"{self._labels[number][:width]:<{width}}"

    def _label_width(self) -> int:
        return self._width

    def _room(self) -> int | None:
        """Columns for what stands behind a label; None in a log, whose lines stay whole."""
        return None

    def on_event(self, event: Event) -> None:
        """Nobody's event."""

    def tick(self) -> None:
        """Time has passed."""
        for number, gathering in list(self._gathering.items()):
            self._tell(number, gathering.due())
        self._draw()

    def _draw(self) -> None:
        for number, progress in self._progress.items():
            said_at, said = self._said[number]
            if self._now() - said_at >= _EVERY_EXPORT:
                line = progress.plain()
                self._said[number] = (self._now(), line)
                if line != said:
                    terminal.err(f"{self._label(number)}  {line}")

    def log(self, text: str) -> None:
        """A line of its own."""
        terminal.err(text)

    def resume(self) -> None:
        """Nothing to begin again."""

    def close(self) -> None:
        """The run is over."""
        for number in list(self._gathering):
            self.ended(number)


class _Quiet(ManyReporter):
    """``--quiet``: nothing but what is logged on purpose."""

    def _tell(self, number: int, notes: Sequence[NoteLine]) -> None:
        """Not told."""

    def _draw(self) -> None:
        """Not told."""


class _Json(ManyReporter):
    """``--progress json``: each export's lines, with its number and label."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        self._reporters: dict[int, JsonReporter] = {}

    def listener(self, number: int) -> Listener:
        reporter = self._reporters[number] = JsonReporter(run=number + 1, name=self._labels[number])
        return reporter.on_event

    def ended(self, number: int) -> None:
        self._reporters.pop(number).close()

    def tick(self) -> None:
        for reporter in self._reporters.values():
            reporter.tick()

    def log(self, text: str) -> None:
        JsonReporter().log(text)

    def close(self) -> None:
        for reporter in self._reporters.values():
            reporter.close()


class _Live(ManyReporter):
    """A line for all, and one for each that runs, at the bottom of a terminal."""

    def __init__(self, labels: Sequence[str], lines: LiveLines, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(labels, now)
        self._lines, self._drawn_at, self._done = lines, now(), 0

    def _label_width(self) -> int:
        return min(self._width, max(8, (self._lines.size[0] - 3) // 3))

    def _room(self) -> int | None:
        return self._lines.size[0] - self._label_width() - 3

    def ended(self, number: int) -> None:
        self._done += number in self._progress
        super().ended(number)

    def _draw(self) -> None:
        if self._now() - self._drawn_at < REFRESH:
            return
        self._drawn_at = self._now()
        columns, rows = self._lines.size
        room = columns - self._label_width() - 3
        each = [f"{self._label(number)}  {progress.line(room)}" for number, progress in self._progress.items()]
        whole = [self._whole()] if len(self._labels) > 1 else []
        self._lines.draw(fitting([*whole, *each], rows - 3))

    def _whole(self) -> str:
        speed = sum(progress.speed or 0 for progress in self._progress.values())
        said = f"{self._done} of {len(self._labels)} done, {len(self._progress)} running"
        return f"{'all':<{self._label_width()}}  {said}" + (f"  {size_text(speed)}/s" if speed else "")

    def log(self, text: str) -> None:
        self._lines.say(terminal.sanitize(text))

    def close(self) -> None:
        super().close()
        self._lines.close()


def choose_many(labels: Sequence[str], manner: OutputOptions) -> ManyReporter:
    """The one that suits where stderr goes, and what was asked for."""
    if manner.progress == "json":
        return _Json(labels)
    if manner.quiet:
        return _Quiet(labels)
    if manner.progress == "plain" or not is_live(sys.stderr):
        return ManyReporter(labels)
    return _Live(labels, LiveLines())
