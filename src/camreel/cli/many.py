"""How several exports are told at a time: what is notable with its camera in front, and one line for each that runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from camreel.cli import screen
from camreel.cli.gathering import Gathering
from camreel.cli.job import Manner
from camreel.cli.live import LiveLines, is_live
from camreel.cli.notes import Note
from camreel.cli.progress import Progress
from camreel.cli.progress_lines import JsonReporter
from camreel.cli.reporters import REFRESH, fitting
from camreel.events import Event, Listener
from camreel.text import size_text

_EVERY_EXPORT = 10.0  # seconds between two plain lines of one export


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
            if self._now() - said_at >= _EVERY_EXPORT:
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
        self._lines.say(screen.harmless(text))

    def close(self) -> None:
        super().close()
        self._lines.close()


def choose_many(labels: Sequence[str], manner: Manner) -> ManyReporter:
    """The one that suits where stderr goes, and what was asked for."""
    if manner.progress == "json":
        return _Json(labels)
    if manner.quiet:
        return _Quiet(labels)
    if manner.progress == "plain" or not is_live(sys.stderr):
        return ManyReporter(labels)
    return _Live(labels, LiveLines())
