"""Who tells a person how the export goes: nobody, plain lines for a log, or lines on a terminal that stay put."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from camreel.cli import screen
from camreel.cli.gathering import Gathering
from camreel.cli.live import LiveLines, is_live, painted
from camreel.cli.notes import Note
from camreel.cli.progress import Progress
from camreel.events import Event

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
        screen.remark(text)

    def close(self) -> None:
        """Nothing to tidy."""

    def resume(self) -> None:
        """Nothing to begin again."""


class PlainReporter:
    """For pipes, logs and dumb terminals: what is notable at once, and where things stand every few seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._progress = Progress(now)
        self._gathering = Gathering(now)
        self._said_at = now()
        self._said = ""

    def on_event(self, event: Event) -> None:
        """Notable lines at once."""
        self._progress.feed(event)
        self._tell(self._gathering.add(event))
        self.tick()

    def _tell(self, said: list[Note]) -> None:
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
            screen.remark(line)
        self._said = line

    def log(self, text: str) -> None:
        """A line of its own."""
        screen.remark(text)

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
        self._gathering = Gathering(now)
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

    def _say(self, note: Note) -> None:
        lines = note.lines(self._lines.size[0] - 1)
        if note.bad:
            lines = [painted(line, "yellow") for line in lines]
        elif note.label:
            lines = [line.replace(note.label, painted(note.label, "bold"), 1) for line in lines[:1]] + lines[1:]
        self._lines.say("\n".join(lines))

    def log(self, text: str) -> None:
        """A line of its own, above the live ones."""
        self._lines.say(screen.harmless(text))

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
        from camreel.cli.progress_lines import JsonReporter  # noqa: PLC0415 - few want it

        return JsonReporter()
    if quiet:
        return SilentReporter()
    if progress == "plain":
        return PlainReporter()
    return LiveReporter(LiveLines()) if is_live(sys.stderr) else PlainReporter()
