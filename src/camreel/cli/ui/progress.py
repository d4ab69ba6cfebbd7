"""Where an export stands: fed events, shown as lines that fit. Pure; the clock is given."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod

from camreel.cli.ui.terminal import Line
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
from camreel.text import clock_text, count_text, duration_text, size_text

_WINDOW = 10.0  # seconds that the speed is the mean of: short enough to notice, long enough to be calm
_SAMPLE = 0.25  # seconds between two samples of it
_SOONEST = 2.0  # seconds before the first speed is shown, or how long something takes
_LEAST_BAR = 5  # columns; a terminal of 40 has more
_GOOD_BAR = 16  # columns; for a longer one, "merged up to" stays away
_UNITS = (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0), ("bytes", 1, 0))


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """What a bar is drawn with. It can be read without colours: what is done is heavier than the rest."""

    done: str
    half: str
    """Half a column that is done; empty: only whole ones are shown."""
    rest: str
    edges: tuple[str, str] = ("", "")

    def drawn(self, part: int, whole: int, columns: int, style: str) -> Line:
        """Return ``part`` of ``whole`` as a bar of so many columns."""
        before, behind = self.edges
        room = columns - len(before) - len(behind)
        halves = min(2 * room, 2 * room * part // whole) if whole else 0
        done = self.done * (halves // 2) + (self.half if halves % 2 else "")
        return ((before, ""), (done, style), (self.rest * (room - len(done)) + behind, "dim"))


LINES = ProgressBar("━", "╸", "─")
ASCII = ProgressBar("=", "", " ", ("[", "]"))


def bar_for(encoding: str | None) -> ProgressBar:
    """Lines if ``encoding`` has them."""
    try:
        f"{LINES.done}{LINES.half}{LINES.rest}".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return LINES


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
    """The state of one export or look. ``now`` counts seconds, from whenever. ``bar`` is what its bar is drawn with.

    ``names_camera``: nothing in front of its line does that.
    """

    def __init__(self, now: Callable[[], float], bar: ProgressBar = ASCII, *, names_camera: bool = True) -> None:
        self._now, self._bar, self._names_camera = now, bar, names_camera
        self._camera = ""
        self._pictures: Pictured | None = None
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
        self._steps: tuple[int, int] | None = None  # of a phase that is no download: done, and in all
        self._since = self._now()
        self._waits_until = 0.0

    # --- events -------------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def feed(self, _event: Event) -> None:
        """Take in an event."""

    @feed.register
    def _(self, event: Connected) -> None:
        self._enter("logged in")
        self._camera = self._camera or event.address.authority

    @feed.register
    def _(self, event: RangeKnown) -> None:
        self._enter("searching")
        self._camera = event.name or self._camera
        self._with_date = event.span.start.naive.date() != event.span.end.naive.date()

    @feed.register
    def _(self, event: Waiting) -> None:
        self._enter("waiting")
        self._clips.clear()
        self._waits_until = self._now() + event.seconds

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
        self.phase = f"looking at file {min(event.done + 1, event.total)} of {event.total}"
        self._steps = event.done, event.total

    @feed.register
    def _(self, event: Pictured) -> None:
        if self._pictures is None:
            self._enter("")
            self._samples.append((self._now(), self._arrived))
        self._arrived += event.received - (self._pictures.received if self._pictures else 0)
        self._pictures = event
        self.phase = f"picture {event.done} of {event.total}"
        self._steps = event.done, event.total
        self._sample()

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
            self._steps = event.number, self._on_disk

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
        """Bytes of pictures, or on disk of the clips that have not failed."""
        if self._pictures is not None:
            return self._pictures.received
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
        """Whole per cent of the bytes, or pictures; 100 only when there is nothing left to wait for."""
        if self._pictures is not None:
            return 100 * self._pictures.done // self._pictures.total if self._pictures.total else None
        if self.fetched:
            return 100
        total = self.total
        return min(99, 100 * self.received // total) if total else None

    # --- words --------------------------------------------------------------------------------------------------------

    def line(self, width: int) -> Line:
        """The state in ``width`` columns: a bar, and the fullest of the layouts that fits beside it."""
        if self.phase != "downloading":
            return self._phase_line(width)
        total = self.total
        if self.fetched:
            share = 1, 1
        elif total is None:
            share = sum(clip.done for clip in self._clips.values()), len(self._clips)
        else:
            share = self.received, total
        return self._with_bar(self._layouts(), share, "yellow" if self._failed else "green", width)

    def _phase_line(self, width: int) -> Line:
        if (left := math.ceil(self._waits_until - self._now())) > 0:
            line = f"waiting, {duration_text(left)} left"
            if here := [clip for clip in self._clips.values() if clip.done]:
                more = f"; {count_text(len(here), 'clip')} ({size_text(sum(clip.received for clip in here))}) here"
                line += more if len(line + more) <= width else ""
            return ((line[:width], ""),)
        if self._steps is None or not self._steps[1]:
            elapsed = int(self._now() - self._since)
            # It lives: a camera may search for a minute.
            return ((f"{self.phase} …{f' {duration_text(elapsed)}' if elapsed >= _SOONEST else ''}"[:width], ""),)
        percent = f"{min(100, 100 * self._steps[0] // self._steps[1]):>3} %"
        layouts = [
            *(self._picture_layouts(percent) if self._pictures is not None else ()),
            (_GOOD_BAR, (percent, self.phase)),
            (_LEAST_BAR, (percent, self.phase.partition(",")[0])),
            (_LEAST_BAR, (percent,)),
        ]
        return self._with_bar(layouts, self._steps, "green", width)

    def _picture_layouts(self, percent: str) -> list[tuple[int, tuple[str, ...]]]:
        """From the fullest to the least, as those of downloads."""
        assert self._pictures is not None
        done, total = f"{self._pictures.done:>{len(str(self._pictures.total))}}", self._pictures.total
        whole, short, size = f"picture {done} of {total}", f"{done}/{total} pictures", f"{size_text(self.received):>7}"
        camera = self._camera if self._names_camera else ""
        return [
            (_GOOD_BAR, (percent, whole, size, self._speed(), camera)),
            (_LEAST_BAR, (percent, whole, size, self._speed())),
            (_LEAST_BAR, (percent, whole, size)),
            (_LEAST_BAR, (percent, short, size)),
            (_LEAST_BAR, (percent, short)),
            (_LEAST_BAR, (percent, f"{done}/{total}")),
            (_LEAST_BAR, (percent,)),
        ]

    def _with_bar(
        self, layouts: Sequence[tuple[int, tuple[str, ...]]], share: tuple[int, int], style: str, width: int
    ) -> Line:
        """The first of the layouts that leaves its bar enough columns; else the last of them alone."""
        text = ""
        for least, parts in layouts:
            text = "  ".join(part for part in parts if part)
            if (room := width - len(text) - 2) >= least:
                return (*self._bar.drawn(*share, room, style), (f"  {text}", ""))
        return ((text[:width], ""),)

    def lines(self, width: int) -> list[Line]:
        """The whole in one line, and each running download in one of its own, all of at most ``width`` columns.

        A download stays in its line until it is over; where none has followed, that line is empty.
        """
        below = [self._download(number, width) if number else () for number in self._running]
        while below and (not below[-1] or self.phase != "downloading"):
            below.pop()
        return [self.line(width), *below]

    def _download(self, number: int, width: int) -> Line:
        clip = self._clip(number)
        name = f"  clip {number:>{len(str(len(self._clips)))}}"
        percent = f"{min(100, 100 * clip.received // clip.size):>3} %" if clip.size else " " * 5
        size = _of(clip.received, clip.size) if clip.size else size_text(clip.received)
        when = "" if clip.start is None else f"{clip.start.naive:%m-%d %H:%M:%S}"[0 if self._with_date else 6 :]
        again = f"try {clip.attempt}" if clip.attempt > 1 else ""
        line = ""
        for layout in ((name, when, percent, size), (name, when, percent), (name, percent)):
            line = "  ".join(part for part in layout if part).rstrip()
            if len(line) + (len(again) + 2 if again else 0) <= width:
                return ((line, ""), (f"  {again}", "yellow")) if again else ((line, ""),)
        return ((line[:width], ""),)

    def plain(self) -> str:
        """The state as a line of a log."""
        if self._pictures is not None:
            parts = self._picture_layouts(f"{self.percent or 0} %")[0][1]
        elif self.phase == "downloading":
            parts = self._layouts()[0][1]
        else:
            return f"{self.phase} …"
        return ", ".join(" ".join(part.split()) for part in parts if part.strip())

    def _layouts(self) -> list[tuple[int, tuple[str, ...]]]:
        """From the fullest to the least, each with the columns that its bar has at least."""
        percent, size, speed, left = self._percent(), self._size(), self._speed(), self._left()
        merged, clips = self._merged_text("merged up to "), self._clips_text()
        short_size, short_clips = size.replace(" of ", "/"), clips.partition(",")[0]
        if self.fetched:  # now the merge is what is waited for
            up_to = self._merged_text("up to ")
            return [
                (_GOOD_BAR, (percent, size, merged, clips)),
                (_LEAST_BAR, (percent, merged, clips)),
                (_LEAST_BAR, (percent, up_to, short_clips)),
                (_LEAST_BAR, (percent, up_to)),
                (_LEAST_BAR, (percent,)),
            ]
        return [
            (_GOOD_BAR, (percent, size, speed, left, merged, clips)),
            (_GOOD_BAR, (percent, size, speed, left, clips)),
            (_LEAST_BAR, (percent, short_size, speed, left, clips)),
            (_LEAST_BAR, (percent, speed, left, clips)),
            (_LEAST_BAR, (percent, left, clips)),
            (_LEAST_BAR, (percent, left, short_clips)),
            (_LEAST_BAR, (percent, left, short_clips.partition(" ")[0])),
            (_LEAST_BAR, (percent, left)),
            (_LEAST_BAR, (percent,)),
        ]

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
        done, failed = sum(clip.done for clip in self._clips.values()), self._failed
        return f"{done:>{len(str(len(self._clips)))}}/{len(self._clips)} clips{f', {failed} failed' if failed else ''}"

    @property
    def _failed(self) -> int:
        return sum(clip.failed for clip in self._clips.values())


def _of(part: int, whole: int) -> str:
    """``0.45 of 1.20 GB``: as wide at the beginning as at the end."""
    unit, scale, digits = next((u for u in _UNITS if whole >= u[1]), _UNITS[-1])
    shown = f"{whole / scale:.{digits}f}"
    return f"{part / scale:>{len(shown)}.{digits}f} of {shown} {unit}"
