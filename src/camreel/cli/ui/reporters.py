"""Who tells a person how the tasks of a run go: nobody, JSON lines, plain lines for a log, or lines on a terminal.

One task is told in full. Of several only what is notable is, with its label in front.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal
from camreel.cli.ui.json_lines import event_fields, event_name, is_told_alone, progress_fields, say_line
from camreel.cli.ui.notes import EventBatcher, NoteLine
from camreel.cli.ui.progress import ASCII, Progress, bar_for
from camreel.cli.ui.terminal import Line, LiveLines, is_live, painted
from camreel.events import Event, Listener
from camreel.text import size_text

REFRESH = 0.4  # seconds between two pictures of the live lines: slower than the eye is nervous
_EVERY = 5.0  # seconds between two plain lines of the only task
_EVERY_OF_MANY = 10.0  # the same where there may be several
_EVERY_JSON = 1.0


class Reporter:
    """``--quiet``: says nothing but what is logged on purpose. The base of the others.

    ``labels`` are the names of the tasks; without them there is one, which is told in full. ``now`` counts seconds.
    """

    def __init__(self, labels: Sequence[str] = (), now: Callable[[], float] = time.monotonic) -> None:
        self._labels, self._now = labels, now
        self.told: set[str] | None = None
        """What was said of the only task that its report says, too; None: nothing of it."""

    def listener(self, number: int = 0) -> Listener:  # noqa: ARG002 - the others need it
        """Begin task ``number``, and return what it tells its events to."""
        return lambda _event: None

    def ended(self, number: int = 0, *, has_report: bool = True) -> None:
        """End task ``number``. Without a report what was left to it is said now."""

    def tick(self) -> None:
        """Take note that time has passed; called a few times a second."""

    def log(self, text: str) -> None:
        """Say a line of its own, between the others."""
        terminal.err(text)

    def show(self, lines: Sequence[Line]) -> None:
        """Say a part of the result, on stdout."""
        terminal.say_styled(lines)

    def tell_held(self) -> None:
        """Say what the report would have said: there will be none."""

    def close(self) -> None:
        """Leave the screen tidy. May be called twice."""

    @property
    def is_held(self) -> bool:
        """Whether a person is being asked something."""
        return False

    def hold(self) -> None:
        """Leave the screen to a question, until :meth:`resume`."""

    def resume(self, *, is_answered: bool = True) -> None:
        """Go on after :meth:`hold`, if it was called. Not ``is_answered``: the cursor stands behind the question."""


@dataclass(slots=True)
class _Track:
    """A task that runs. ``said`` is what was last said of where it stands, ``said_at`` when that was looked at.

    ``held`` are warnings of one of several that are left to its report.
    """

    number: int
    progress: Progress
    batcher: EventBatcher
    said_at: float
    said: Any = None
    held: list[NoteLine] = field(default_factory=list)


class _Tracker(Reporter):
    """Keeps a track of each task that runs."""

    def __init__(self, labels: Sequence[str] = (), now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(labels, now)
        self._tracks: dict[int, _Track] = {}
        self._bar = ASCII

    def listener(self, number: int = 0) -> Listener:
        """Begin task ``number``."""
        track = self._tracks[number] = _Track(
            number, Progress(self._now, self._bar, names_camera=not self._labels), EventBatcher(self._now), self._now()
        )

        def on_event(event: Event) -> None:
            track.progress.feed(event)
            self._on_event(track, event)
            self.tick()

        return on_event

    def ended(self, number: int = 0, *, has_report: bool = True) -> None:  # noqa: ARG002 - words need it
        """End task ``number``."""
        self._tracks.pop(number, None)

    def _on_event(self, track: _Track, event: Event) -> None:
        raise NotImplementedError

    def _news(self, track: _Track, every: float, state: Callable[[Progress], Any]) -> Any:
        """Return where it stands if that is new, else None; look at most once in ``every`` seconds."""
        now = self._now()
        if now - track.said_at < every:
            return None
        before, track.said_at, track.said = track.said, now, state(track.progress)
        return track.said if track.said != before else None


class JsonReporter(_Tracker):
    """``--progress json``: a line for each event, and one a second while bytes arrive.

    ``runs`` are the name and channel of each task, as the document of ``--json`` has them; none of an only task.
    """

    def __init__(self, runs: Sequence[Mapping[str, Any]] = (), now: Callable[[], float] = time.monotonic) -> None:
        super().__init__((), now)
        self._runs = runs

    def tick(self) -> None:
        """Say where things stand, where that is something new."""
        for track in list(self._tracks.values()):
            if fields := self._news(track, _EVERY_JSON, progress_fields):
                self._say(track, "progress", fields)

    def log(self, text: str) -> None:
        """Say a line of the log."""
        say_line({"event": "log", "text": terminal.sanitize(text)})

    def _on_event(self, track: _Track, event: Event) -> None:
        if is_told_alone(event):
            self._say(track, event_name(event), event_fields(event))

    def _say(self, track: _Track, name: str, fields: dict[str, Any]) -> None:
        task = {"run": track.number + 1, **self._runs[track.number]} if self._runs else {}
        say_line({"event": name, **task, **fields})


class PlainReporter(_Tracker):
    """For pipes, logs and dumb terminals: what is notable at once, and where things stand every few seconds.

    ``repeats``: also what the report says again, as it goes elsewhere or leaves that out; ``verbose``: with details.
    """

    def __init__(
        self,
        labels: Sequence[str] = (),
        now: Callable[[], float] = time.monotonic,
        *,
        repeats: bool = True,
        verbose: bool = False,
    ) -> None:
        super().__init__(labels, now)
        self._repeats, self._verbose = repeats, verbose
        self._held: list[NoteLine] = []
        self._unsaid: list[str] | None = None  # what is said while a person is asked something

    @property
    def is_held(self) -> bool:
        """Whether a person is being asked something."""
        return self._unsaid is not None

    def hold(self) -> None:
        """Say what is due, and nothing more until :meth:`resume`."""
        for track in list(self._tracks.values()):
            self._tell(track, track.batcher.end())
        self._unsaid = [] if self._unsaid is None else self._unsaid

    def resume(self, *, is_answered: bool = True) -> None:
        """Say what happened meanwhile."""
        if self._unsaid is None:
            return
        texts, self._unsaid = ["" for _ in range(not is_answered)] + self._unsaid, None
        for text in texts:
            self._write(text)

    def log(self, text: str) -> None:
        """Say a line of its own, between the others."""
        self._put(terminal.sanitize(text))

    def _put(self, text: str) -> None:
        """Write harmless lines now, or when a question is answered."""
        if self._unsaid is None:
            self._write(text)
        else:
            self._unsaid.append(text)

    def _write(self, text: str) -> None:
        terminal.err(text)

    def tell_held(self) -> None:
        """Say what was left to the report."""
        held, self._held = self._held, []
        for note in held:
            self._say(note)

    def ended(self, number: int = 0, *, has_report: bool = True) -> None:
        """Say what was held back of task ``number``, and end it."""
        if track := self._tracks.get(number):
            self._tell(track, track.batcher.end())
            for note in () if has_report else track.held:
                self._say_of_one(track, note)
        super().ended(number, has_report=has_report)

    def tick(self) -> None:
        """Say what is due."""
        for track in list(self._tracks.values()):
            self._tell(track, track.batcher.due())
        self._draw()

    def close(self) -> None:
        """Say what was held back."""
        self.resume(is_answered=False)
        for track in list(self._tracks.values()):
            self._tell(track, track.batcher.end())

    def _on_event(self, track: _Track, event: Event) -> None:
        self._tell(track, track.batcher.add(event))

    def _tell(self, track: _Track, notes: Sequence[NoteLine]) -> None:
        for note in notes:
            if note.is_detail and not self._verbose:
                continue
            if not self._labels and note.is_repeated and not self._repeats:
                self._held.append(note)
            elif not self._labels:
                self._say(note)
                if note.is_repeated:
                    self.told = {*(self.told or ()), note.text}
            # The rest is in its report, and calm is worth more here.
            elif (note.bad and note.label and not note.is_repeated) or (note.is_repeated and self._is_of_many(note)):
                self._say_of_one(track, note)
            elif note.bad and note.is_repeated:
                track.held.append(note)

    def _say_of_one(self, track: _Track, note: NoteLine) -> None:
        """Say it of one of several, behind its label."""
        self.log("\n".join(f"{self._label(track)}  {line}" for line in note.lines(self._room())))

    def _is_of_many(self, note: NoteLine) -> bool:
        """Whether it is said of one of several, though its report says it, too: where that is for programs."""
        return self._repeats and note.label in {"Found", "Note"}

    def _say(self, note: NoteLine) -> None:
        self.log("\n".join(note.lines()))

    def _label(self, track: _Track) -> str:
        width = self._label_width()
        return f"{self._labels[track.number][:width]:<{width}}"

    def _label_width(self) -> int:
        return max(len(label) for label in self._labels)

    def _room(self) -> int | None:
        """Columns for what stands behind a label; None in a log, whose lines stay whole."""
        return None

    def _draw(self) -> None:
        if self.is_held:
            return
        for track in self._tracks.values():
            if line := self._news(track, _EVERY_OF_MANY if self._labels else _EVERY, Progress.plain):
                terminal.err(f"{self._label(track)}  {line}" if self._labels else line)


class LiveReporter(PlainReporter):
    """Lines at the bottom of a terminal, and the notable above them.

    The only task has a line for the whole and one for each download, several have a line each below one for all.
    """

    def __init__(
        self,
        lines: LiveLines,
        labels: Sequence[str] = (),
        now: Callable[[], float] = time.monotonic,
        *,
        repeats: bool = True,
        verbose: bool = False,
    ) -> None:
        super().__init__(labels, now, repeats=repeats, verbose=verbose)
        self._lines, self._drawn_at, self._done = lines, now(), 0
        self._bar = bar_for(lines.encoding)
        _on_screen.append(lines)

    def ended(self, number: int = 0, *, has_report: bool = True) -> None:
        """End task ``number``: its line goes."""
        self._done += number in self._tracks
        super().ended(number, has_report=has_report)

    def _write(self, text: str) -> None:
        self._lines.say(text)  # above the live ones

    def show(self, lines: Sequence[Line]) -> None:
        """Say a part of the result above the live lines, wherever stdout goes."""
        self._lines.close()
        try:
            terminal.say_styled(lines)
        finally:
            self._lines.open()

    def close(self) -> None:
        """Take the live lines away and give the cursor back."""
        super().close()
        self._lines.close()
        if self._lines in _on_screen:
            _on_screen.remove(self._lines)

    def hold(self) -> None:
        """Take the live lines away for a question."""
        super().hold()
        self._lines.close()
        if self._lines in _on_screen:
            _on_screen.remove(self._lines)

    def resume(self, *, is_answered: bool = True) -> None:
        """Show the live lines again, below what happened meanwhile."""
        if self.is_held:
            super().resume(is_answered=is_answered)
            self._lines.open()
            _on_screen.append(self._lines)

    def _say(self, note: NoteLine) -> None:
        lines = note.pieces(self._lines.size[0] - 1)
        self._put("\n".join("".join(painted(text, style) for text, style in line).rstrip() for line in lines))

    def _label_width(self) -> int:
        return min(super()._label_width(), max(8, (self._lines.size[0] - 3) // 3))

    def _room(self) -> int | None:
        return self._lines.size[0] - self._label_width() - 3

    def _draw(self) -> None:
        if self._now() - self._drawn_at < REFRESH:
            return
        self._drawn_at = self._now()
        # Room for what stands above them; the more important is at the top.
        self._lines.draw(fitting(self._of_all() if self._labels else self._of_one(), self._lines.size[1] - 3))

    def _of_one(self) -> list[Line]:
        return [line for track in self._tracks.values() for line in track.progress.lines(self._lines.size[0] - 1)]

    def _of_all(self) -> list[Line]:
        room = self._lines.size[0] - self._label_width() - 3
        each = [((f"{self._label(track)}  ", ""), *track.progress.line(room)) for track in self._tracks.values()]
        return [((self._whole(), ""),), *each] if len(self._labels) > 1 else each

    def _whole(self) -> str:
        speed = sum(track.progress.speed or 0 for track in self._tracks.values())
        said = f"{self._done} of {len(self._labels)} done, {len(self._tracks)} running"
        return f"{'all':<{self._label_width()}}  {said}" + (f"  {size_text(speed)}/s" if speed else "")


_on_screen: list[LiveLines] = []


def leave_screen() -> None:
    """Leave it tidy when the program ends here and now: the live lines go, and the cursor comes back."""
    with suppress(OSError, ValueError, AttributeError):
        for lines in _on_screen:  # not through sys.stderr: this may have interrupted a write to it
            os.write(sys.stderr.fileno(), lines.farewell().encode())


def fitting(lines: Sequence[Line], rows: int) -> list[Line]:
    """Return ``lines`` where they fit; else the first of them, and how many there are besides."""
    rows = max(2, rows)
    if len(lines) <= rows:
        return list(lines)
    return [*lines[: rows - 1], ((f"… and {len(lines) - rows + 1} more", ""),)]


def choose_reporter(
    manner: OutputOptions, labels: Sequence[str] = (), runs: Sequence[Mapping[str, Any]] = ()
) -> Reporter:
    """Return the one that suits where stderr goes, and what was asked for. ``runs``: see JsonReporter."""
    if manner.progress == "json":
        return JsonReporter(runs)
    if manner.quiet:
        return Reporter(labels)
    repeats = _repeats(manner, of_many=bool(labels))
    if manner.progress == "plain" or not is_live(sys.stderr):
        return PlainReporter(labels, repeats=repeats, verbose=manner.verbose)
    return LiveReporter(LiveLines(), labels, repeats=repeats, verbose=manner.verbose)


def _repeats(manner: OutputOptions, *, of_many: bool) -> bool:
    """Whether the notes say what the report says: if it is for a program, in a file, or leaves out what was told."""
    return manner.as_json or (not of_many and (terminal.is_one_screen() or terminal.is_elsewhere()))
