"""Where an export stands: fed events, shown as lines that fit. Pure; the clock is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatchmethod

from camreel.events import (
    ClipFailed,
    ClipFetched,
    ClipProgress,
    ClipStarted,
    Connected,
    Event,
    FilesExamined,
    Gathered,
    MergedUpTo,
    Pictured,
    Planned,
    RangeKnown,
    Verifying,
    Waiting,
)
from camreel.model import WallTime
from camreel.text import clock_text, duration_text, size_text

_WINDOW = 10.0  # seconds that the speed is the mean of: short enough to notice, long enough to be calm
_SAMPLE = 0.25  # seconds between two samples of it
_SOONEST = 2.0  # seconds before the first speed is shown, or how long something takes
_UNITS = (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0), ("bytes", 1, 0))


@dataclass(slots=True)
class _Clip:
    """One download. ``start`` is its first moment on the camera's clock, ``attempt`` counts from 1."""

    size: int | None
    received: int = 0
    done: bool = False
    failed: bool = False
    start: WallTime | None = None
    attempt: int = 1


class Progress:
    """The state of one export. ``now`` counts seconds, from whenever."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._clips: dict[int, _Clip] = {}
        self._arrived = 0  # bytes that came over the network in this run
        self._samples: deque[tuple[float, int]] = deque()
        self._merged: WallTime | None = None
        self._with_date = False
        self._running: list[int | None] = []  # downloads, each in a place that it keeps until it is over
        self._on_disk = 0  # clips that are merged from where they lie
        self._enter("connecting")

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self._since = self._now()

    # --- events -------------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def feed(self, _event: Event) -> None:
        """Take in an event."""

    @feed.register
    def _(self, _event: Connected) -> None:
        self._enter("logged in")

    @feed.register
    def _(self, event: RangeKnown) -> None:
        self._enter("searching")
        self._with_date = event.span.start.naive.date() != event.span.end.naive.date()

    @feed.register
    def _(self, _event: Waiting) -> None:
        self._enter("waiting")

    @feed.register
    def _(self, event: Planned) -> None:
        self._enter("downloading")
        wanted = enumerate(event.plan.recordings, start=1)
        self._clips = {number: _Clip(recording.size_to_fetch) for number, recording in wanted}

    @feed.register
    def _(self, event: ClipStarted) -> None:
        clip = self._clip(event.number)
        clip.size = clip.size if event.size is None else event.size
        clip.received = event.have  # what an earlier try left behind is not speed
        clip.start, clip.attempt = event.recording.span.start, event.attempt
        self._take_place(event.number)
        if not self._samples:
            self._samples.append((self._now(), self._arrived))

    @feed.register
    def _(self, event: ClipProgress) -> None:
        self._receive(self._clip(event.number), event.received)

    @feed.register
    def _(self, event: ClipFetched) -> None:
        clip = self._clip(event.number)
        if event.reused:  # what an earlier run left behind is not speed
            clip.received = event.size
        self._receive(clip, event.size)
        clip.size, clip.done = event.size, True
        self._leave_place(event.number)

    @feed.register
    def _(self, event: ClipFailed) -> None:
        self._clip(event.number).failed = True
        self._leave_place(event.number)

    @feed.register
    def _(self, event: FilesExamined) -> None:
        if event.done == 0:
            self._enter("")
        self.phase = f"looking at file {event.done + 1} of {event.total}"

    @feed.register
    def _(self, event: Pictured) -> None:
        if not event.done:
            self._enter("")
        self.phase = f"picture {event.done} of {event.total}, {size_text(event.received)}"

    @feed.register
    def _(self, event: Gathered) -> None:
        self._enter("merging")
        self._on_disk = len(event.plan.recordings)
        span = event.plan.span
        self._with_date = span.start.naive.date() != span.end.naive.date()

    @feed.register
    def _(self, event: MergedUpTo) -> None:
        self._merged = event.wall
        if self._on_disk:
            self.phase = f"merging clip {event.number} of {self._on_disk}{self._merged_text(', up to ')}"

    @feed.register
    def _(self, _event: Verifying) -> None:
        self._enter("checking the video")

    def _clip(self, number: int) -> _Clip:
        return self._clips.setdefault(number, _Clip(None))

    def _take_place(self, number: int) -> None:
        if number in self._running:
            return
        if None in self._running:
            self._running[self._running.index(None)] = number
        else:
            self._running.append(number)

    def _leave_place(self, number: int) -> None:
        if number in self._running:
            self._running[self._running.index(number)] = None

    def _receive(self, clip: _Clip, received: int) -> None:
        self._arrived += max(0, received - clip.received)
        clip.received = received
        self._sample()

    def _sample(self) -> None:
        now = self._now()
        if self._samples and now - self._samples[-1][0] >= _SAMPLE:
            self._samples.append((now, self._arrived))
        while len(self._samples) > 1 and now - self._samples[1][0] >= _WINDOW:
            self._samples.popleft()

    # --- numbers ------------------------------------------------------------------------------------------------------

    @property
    def merged_up_to(self) -> WallTime | None:
        """How far the output reaches, by the camera's clock."""
        return self._merged

    @property
    def received(self) -> int:
        """Bytes on disk, of the clips that have not failed."""
        return sum(clip.received for clip in self._clips.values() if not clip.failed)

    @property
    def total(self) -> int | None:
        """Bytes of all clips; those that tell no size count as the mean of the others. None where none tells."""
        wanted = [clip for clip in self._clips.values() if not clip.failed]
        known = [max(clip.size, clip.received) for clip in wanted if clip.size is not None]
        if not known:
            return None
        return sum(known) + (len(wanted) - len(known)) * sum(known) // len(known)

    @property
    def fetched(self) -> bool:
        """Whether no download is left to wait for."""
        return bool(self._clips) and all(clip.done or clip.failed for clip in self._clips.values())

    @property
    def speed(self) -> float | None:
        """Bytes a second over the last ten; None where it is too early to say, or where nothing comes."""
        self._sample()
        if not self._samples or self.fetched:
            return None
        since, arrived = self._samples[0]
        elapsed = self._now() - since
        return (self._arrived - arrived) / elapsed if elapsed >= _SOONEST and self._arrived > arrived else None

    @property
    def seconds_left(self) -> float | None:
        """Until the last byte, at this speed."""
        speed, total = self.speed, self.total
        return None if not speed or total is None else max(0, total - self.received) / speed

    @property
    def percent(self) -> int | None:
        """Whole per cent of the bytes; 100 only when there is nothing left to wait for."""
        if self.fetched:
            return 100
        total = self.total
        return min(99, 100 * self.received // total) if total else None

    # --- words --------------------------------------------------------------------------------------------------------

    def line(self, width: int) -> str:
        """The state in at most ``width`` columns: the fullest of the layouts that fits."""
        if self.phase != "downloading":
            elapsed = int(self._now() - self._since)
            # It lives: a camera may search for a minute.
            return f"{self.phase} …{f' {duration_text(elapsed)}' if elapsed >= _SOONEST else ''}"[:width]
        for layout in self._layouts():
            line = "  ".join(part for part in layout if part)
            if len(line) <= width:
                return self._with_bar(line, width)
        return self._percent()[:width]

    def lines(self, width: int) -> list[str]:
        """The whole in one line, and each running download in one of its own, all of at most ``width`` columns.

        A download stays in its line until it is over; where none has followed, that line is empty.
        """
        below = [self._download(number, width) if number else "" for number in self._running]
        while below and (not below[-1] or self.phase != "downloading"):
            below.pop()
        return [self.line(width), *below]

    def _download(self, number: int, width: int) -> str:
        clip = self._clip(number)
        name = f"  clip {number:>{len(str(len(self._clips)))}}"
        percent = f"{min(100, 100 * clip.received // clip.size):>3} %" if clip.size else " " * 5
        size = _of(clip.received, clip.size) if clip.size else size_text(clip.received)
        when = "" if clip.start is None else f"{clip.start.naive:%m-%d %H:%M:%S}"[0 if self._with_date else 6 :]
        again = f"try {clip.attempt}" if clip.attempt > 1 else ""
        line = ""
        for layout in ((name, when, percent, size, again), (name, when, percent, size), (name, percent)):
            line = "  ".join(part for part in layout if part).rstrip()
            if len(line) <= width:
                break
        return line[:width]

    def plain(self) -> str:
        """The state as a line of a log."""
        if self.phase != "downloading":
            return f"{self.phase} …"
        return ", ".join(" ".join(part.split()) for part in self._layouts()[0] if part.strip())

    def _layouts(self) -> list[tuple[str, ...]]:
        percent, size, speed, left = self._percent(), self._size(), self._speed(), self._left()
        merged, clips = self._merged_text("merged up to "), self._clips_text()
        return [
            (percent, size, speed, left, merged, clips),
            (percent, size.replace(" of ", "/"), speed, left, merged, clips.partition(",")[0]),
            (percent, size, speed, left, merged),
            (percent, size.replace(" of ", "/"), speed, left, self._merged_text("up to ")),
            (percent, size, left, merged),
            (percent, left, merged),
            (percent, left, self._merged_text("up to ")),
            (percent, left),
            (percent,),
        ]

    def _with_bar(self, line: str, width: int) -> str:
        room = min(width - len(line) - 4, 24)
        if room < 10 or self.percent is None:
            return line
        done = room * self.percent // 100
        return f"[{'=' * done}{' ' * (room - done)}]  {line}"

    # The parts keep their widths while the numbers grow, so that the line stands still.

    def _percent(self) -> str:
        return f"{self.percent:>3} %" if self.percent is not None else size_text(self.received)

    def _size(self) -> str:
        total = self.total
        if total is None:
            return ""
        return _of(self.received, total)

    def _speed(self) -> str:
        if self.fetched:
            return ""
        speed = self.speed
        return f"{size_text(speed) + '/s' if speed else '':>9}"

    def _left(self) -> str:
        if self.fetched:
            return ""
        left = self.seconds_left
        return f"{clock_text(left) if left is not None else '--:--':>5} left"

    def _merged_text(self, before: str) -> str:
        if self._merged is None:
            return ""
        when = self._merged.naive
        return f"{before}{when:%m-%d %H:%M:%S}" if self._with_date else f"{before}{when:%H:%M:%S}"

    def _clips_text(self) -> str:
        done = sum(clip.done for clip in self._clips.values())
        failed = sum(clip.failed for clip in self._clips.values())
        return f"{done}/{len(self._clips)} clips" + (f", {failed} failed" if failed else "")


def _of(part: int, whole: int) -> str:
    """``0.45 of 1.20 GB``: as wide at the beginning as at the end."""
    unit, scale, digits = next((u for u in _UNITS if whole >= u[1]), _UNITS[-1])
    shown = f"{whole / scale:.{digits}f}"
    return f"{part / scale:>{len(shown)}.{digits}f} of {shown} {unit}"
