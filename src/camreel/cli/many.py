"""How several exports are told at a time: what is notable with its camera in front, and one line for each that runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from camreel.cli import screen
from camreel.cli.gathering import Gathering
from camreel.cli.job import Manner
from camreel.cli.notes import Note
from camreel.cli.progress import Progress
from camreel.cli.progress_lines import JsonReporter
from camreel.cli.reporters import Forgiving
from camreel.events import Event, Listener

if TYPE_CHECKING:
    from rich.console import Console

_EVERY = 10.0  # seconds between two plain lines of one export
_REFRESH = 0.4  # seconds between two pictures of the live lines


class ManyReporter:
    """Plain lines, for logs; the base of the others. ``now`` counts seconds."""

    def __init__(self, labels: Sequence[str], now: Callable[[], float] = time.monotonic) -> None:
        self._labels, self._now = labels, now
        self._width = max(len(label) for label in labels)
        self._progress: dict[int, Progress] = {}
        self._gathering: dict[int, Gathering] = {}
        self._said: dict[int, tuple[float, str]] = {}

    def listener(self, number: int) -> Listener:
        """What export ``number`` tells its events to; with it, it has begun."""
        progress = self._progress[number] = Progress(self._now)
        gathering = self._gathering[number] = Gathering(self._now)
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

    def _tell(self, number: int, notes: Sequence[Note]) -> None:
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
            if self._now() - said_at >= _EVERY:
                line = progress.plain()
                self._said[number] = (self._now(), line)
                if line != said:
                    screen.remark(f"{self._label(number)}  {line}")

    def log(self, text: str) -> None:
        """A line of its own."""
        screen.remark(text)

    def resume(self) -> None:
        """Nothing to begin again."""

    def close(self) -> None:
        """The run is over."""
        for number in list(self._gathering):
            self.ended(number)


class _Quiet(ManyReporter):
    """``--quiet``: nothing but what is logged on purpose."""

    def _tell(self, number: int, notes: Sequence[Note]) -> None:
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
    """A line for each that runs, at the bottom of a terminal."""

    def __init__(self, labels: Sequence[str], console: Console) -> None:
        from rich.live import Live  # noqa: PLC0415 - a tenth of a second, for those who have a terminal

        super().__init__(labels)
        self._console, self._drawn_at = console, self._now()
        self._live: Live | None = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def _label_width(self) -> int:
        return min(self._width, max(8, (self._console.width - 3) // 3))

    def _room(self) -> int | None:
        return self._console.width - self._label_width() - 3

    def _draw(self) -> None:
        from rich.text import Text  # noqa: PLC0415 - see above

        if self._live is None or self._now() - self._drawn_at < _REFRESH:
            return
        self._drawn_at = self._now()
        room = self._console.width - self._label_width() - 5
        lines = [f"{self._label(number)}  {progress.line(room)}" for number, progress in self._progress.items()]
        rows = self._console.height - 2
        shown = lines if len(lines) <= rows else [*lines[: rows - 1], f"… and {len(lines) - rows + 1} more"]
        self._live.update(Text("\n".join(shown), no_wrap=True, overflow="crop"), refresh=True)

    def log(self, text: str) -> None:
        self._console.print(screen.harmless(text), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        super().close()
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()


def choose_many(labels: Sequence[str], manner: Manner) -> ManyReporter:
    """The one that suits where stderr goes, and what was asked for."""
    if manner.progress == "json":
        return _Json(labels)
    if manner.quiet:
        return _Quiet(labels)
    on_screen = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
    if manner.progress == "plain" or not on_screen:
        return ManyReporter(labels)
    from rich.console import Console  # noqa: PLC0415 - see above

    return _Live(labels, Console(file=Forgiving()))  # type: ignore[arg-type]  # all of IO that rich uses
