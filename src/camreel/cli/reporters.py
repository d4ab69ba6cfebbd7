"""Who tells a person how the export goes: nobody, plain lines for a log, or one line on a terminal that stays put."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from camreel.cli import screen
from camreel.cli.gathering import Gathering
from camreel.cli.notes import Note
from camreel.cli.progress import Progress
from camreel.events import Event

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

_EVERY = 10.0  # seconds between two plain lines
_REFRESH = 0.4  # seconds between two pictures of the live line: slower than the eye is nervous


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
    """For pipes, logs and dumb terminals: what is notable at once, and where things stand every ten seconds."""

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
        """A line when ten seconds have passed since the last, and it says something new."""
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
    """One line at the bottom of a terminal, and the notable above it."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._progress = Progress(now)
        self._gathering = Gathering(now)
        self._drawn_at = now()
        self._live: Live | None = self._start()

    def _start(self) -> Live:
        from rich.live import Live  # noqa: PLC0415 - a tenth of a second, for those who have a terminal

        # No thread of its own: the line is drawn when ticked, so that nothing is read while it changes.
        live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        live.start()
        return live

    def on_event(self, event: Event) -> None:
        """Notable lines at once, above the live line."""
        self._progress.feed(event)
        for note in self._gathering.add(event):
            self._print(note)
        self.tick()

    def tick(self) -> None:
        """Draw the line again, where that is due."""
        for note in self._gathering.due():
            self._print(note)
        if self._live is None or self._now() - self._drawn_at < _REFRESH:
            return
        self._drawn_at = self._now()
        self._draw()

    def _draw(self) -> None:
        from rich.text import Text  # noqa: PLC0415 - see above

        if self._live is not None:
            # Room for the "^C" that the terminal itself writes: a wrapped line would not be taken away.
            line = self._progress.line(self._console.width - 3)
            self._live.update(Text(line, no_wrap=True, overflow="crop"), refresh=True)

    def _print(self, note: Note) -> None:
        from rich.text import Text  # noqa: PLC0415 - see above

        for line in note.lines(self._console.width - 1):
            text = Text(line, style="yellow" if note.bad else "")
            if not note.bad and line.startswith(note.label) and note.label:
                text.stylize("bold", 0, len(note.label))
            self._console.print(text, soft_wrap=True, highlight=False)

    def log(self, text: str) -> None:
        """A line of its own, above the live line."""
        self._console.print(screen.harmless(text), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the live line away and give the cursor back."""
        for note in self._gathering.end():
            self._print(note)
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def resume(self) -> None:
        """Show the live line again."""
        self._live = self._start()


class Forgiving:
    """stderr for rich: where the terminal has gone away, the download goes on."""

    def __init__(self) -> None:
        self.encoding = getattr(sys.stderr, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()

    def fileno(self) -> int:
        return sys.stderr.fileno()


def choose_reporter(*, quiet: bool, progress: str = "auto") -> Reporter:
    """The one that suits where stderr goes, and what was asked for: ``auto``, ``plain`` or ``json``."""
    if progress == "json":
        from camreel.cli.progress_lines import JsonReporter  # noqa: PLC0415 - few want it

        return JsonReporter()
    if quiet:
        return SilentReporter()
    if progress == "plain":
        return PlainReporter()
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") in {"dumb", "unknown"}:
        return PlainReporter()
    from rich.console import Console  # noqa: PLC0415 - see above

    return LiveReporter(Console(file=Forgiving()))  # type: ignore[arg-type]  # all of IO that rich uses
