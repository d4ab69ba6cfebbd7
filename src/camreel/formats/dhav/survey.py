"""Summarize a DHAV file from the headers of its frames: its time span, stale footage, junk; and date each frame. Pure.

A frame has its date in whole seconds, and a counter of milliseconds (16 bits, wrapping) that knows no seconds. The
counter gives the exact distance of frames. Where in the second it starts follows from all frames together, because each
must lie in the second of its date. This leaves at most the distance of two frames open: :class:`Clock` takes the
earliest place, so that the first frame of a second stands at its beginning unless others contradict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from camreel.formats.dhav.frames import Frame, PictureFormat, SoundFormat, Walk, find_stream, wall_of
from camreel.model import Span, WallTime

_WRAP = 1 << 16

# Milliseconds by which the counter and a date of whole seconds can differ without either being wrong.
_APART = 2000


class Clock:
    """Fed with the frames of one recording in their order."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._counter: int | None = None
        self._elapsed = 0
        self._put_by = 0  # milliseconds by which the camera's clock was put forward since the first frame
        self._low: int | None = None  # what is possible as the wall clock at the first frame, in milliseconds
        self._high = 0

    @property
    def start(self) -> int | None:
        """The wall clock at the first frame, in milliseconds since 2000; None where no frame had a date."""
        return self._low

    def at(self, second: int | None, counter: int) -> int:
        """Milliseconds of the next frame after the first one. ``second`` (since 2000) None: it has no date."""
        if self._counter is not None:
            self._elapsed += self._step(second, counter)
        self._counter = counter
        if second is not None:
            self._second = second
            self._narrow(second * 1000 - self._put_by)
        return self._elapsed

    def _step(self, second: int | None, counter: int) -> int:
        """How long after the last frame."""
        assert self._counter is not None
        counted = _nearest(counter - self._counter, 0)
        if second is None or self._second is None:
            return counted
        dated = (second - self._second) * 1000
        unwrapped = _nearest(counter - self._counter, dated)
        if abs(unwrapped - dated) < _APART:
            return unwrapped
        if 0 <= counted < _APART:  # time went on: the camera's clock was put forward or back
            self._put_by += dated - counted // 1000 * 1000
            return counted
        return max(0, dated)  # the counter began anew

    def _narrow(self, shown: int) -> None:
        """``shown``: the beginning of the second in which the frame lies."""
        low, high = shown - self._elapsed, shown - self._elapsed + 999
        if self._low is None:
            self._low, self._high = low, high
        elif low <= self._high and high >= self._low:
            self._low, self._high = max(low, self._low), min(high, self._high)
        elif low - self._high > _APART or self._low - high > _APART:
            # The counter is no clock (it stands still, or runs wild): the date is what is left.
            self._elapsed = max(self._elapsed, shown - self._low)


def _nearest(difference: int, to: int) -> int:
    """The number that is ``difference`` but for wraps of the counter, and nearest to ``to``."""
    half = _WRAP // 2
    return to + (difference - to + half) % _WRAP - half


# Where in a file the footage begins at the latest: seen are 13 kB of junk (NV4108E-HS) and a header of 1 kB.
WITHIN = 4 << 20

# A recorder uses its clusters again: a file may begin with up to two minutes of an older recording, and its clock
# jumps by hours to the real start (Dahua recorders, by nvrclip). Whoever sets a clock moves it by less.
_STALE_JUMP = 6 * 3600

# Older recordings in one file: one or two are known.
_MOST_RUNS = 100


class NotDhav(ValueError):
    """No DHAV footage; the message is the end of a sentence on the file."""


@dataclass(frozen=True, slots=True)
class DhavSummary:
    """The footage of a file. Offsets in bytes; times by the camera's clock, of the first and the last picture.

    ``offset`` and ``end`` are where the footage lies in the file; ``first_key`` is its first keyframe, None without
    one. ``stale`` are the times of older recordings around it and ``stale_pictures`` how many pictures they have.
    ``before`` counts the bytes before the first frame, ``skipped`` those after it that belong to none. ``cut``: the
    file ends within a frame. ``other_sound`` counts frames of sound that is not as the first.
    """

    offset: int
    end: int
    first: WallTime
    last: WallTime
    frames: int
    pictures: int
    seconds: float
    first_key: Frame | None
    first_sound: Frame | None
    other_sound: int
    channel: int
    before: int
    skipped: int
    cut: bool
    stale: tuple[Span, ...]
    stale_pictures: int

    @property
    def picture_format(self) -> PictureFormat:
        """Of the first keyframe."""
        return PictureFormat() if self.first_key is None else self.first_key.picture_format

    @property
    def sound_format(self) -> SoundFormat | None:
        """Of the first frame of sound."""
        return None if self.first_sound is None else self.first_sound.sound_format


@dataclass(slots=True)
class _FrameRun:
    """Frames whose clock does not jump by hours."""

    start: int
    channel: int
    end: int = 0
    clock: Clock = field(default_factory=Clock)
    frames: int = 0
    pictures: int = 0
    first: int = 0  # the first and the last picture, in milliseconds after the first frame
    last: int = 0
    key: Frame | None = None
    sound: Frame | None = None
    other_sound: int = 0

    def take(self, frame: Frame) -> None:
        at = self.clock.at(frame.second, frame.counter)
        self.end = frame.at + frame.length
        self.frames += 1
        if frame.is_picture:
            self.first = at if self.pictures == 0 else self.first
            self.last = max(self.last, at)
            self.pictures += 1
            self.key = self.key or (frame if frame.is_key else None)
        elif frame.is_sound:
            self.sound = self.sound or frame
            self.other_sound += frame.sound_format != self.sound.sound_format

    def wall(self, at: int) -> WallTime:
        return WallTime(wall_of(0, (self.clock.start or 0) + at))

    @property
    def rank(self) -> tuple[bool, int]:
        """Stale footage is older than what the file was written for. A single picture decides nothing."""
        return self.pictures > 1 and self.key is not None, self.clock.start or 0


def summary(path: Path) -> DhavSummary:
    """Walk all headers of the file. Raises :class:`NotDhav` or :class:`OSError`."""
    with path.open("rb") as file:
        start = find_stream(file, WITHIN)
        if start is None:
            raise NotDhav("holds no complete DHAV frame")
        walk = Walk(file, start)
        runs = list(islice(_runs(_believable(walk)), _MOST_RUNS + 1))
    if len(runs) > _MOST_RUNS:
        raise NotDhav(f"jumps by hours more than {_MOST_RUNS} times")
    real = max(runs, key=lambda run: run.rank)
    if not real.pictures or real.clock.start is None:
        raise NotDhav("holds no pictures" if not real.pictures else "has no date in its frames")
    stale = [run for run in runs if run is not real and run.pictures]
    return DhavSummary(
        offset=real.start,
        end=real.end,
        first=real.wall(real.first),
        last=real.wall(real.last),
        frames=real.frames,
        pictures=real.pictures,
        seconds=(real.last - real.first) / 1000,
        first_key=real.key,
        first_sound=real.sound,
        other_sound=real.other_sound,
        channel=real.channel,
        before=start,
        skipped=walk.skipped,
        cut=walk.cut,
        stale=tuple(Span(run.wall(run.first), run.wall(run.last)) for run in stale),
        stale_pictures=sum(run.pictures for run in stale),
    )


def footage(file: BinaryIO, of: DhavSummary) -> Iterator[tuple[Frame, int]]:
    """The frames of the footage, each with its milliseconds after the first."""
    clock = Clock()
    for frame in _believable(Walk(file, of.offset, of.end)):
        yield frame, clock.at(frame.second, frame.counter)


def _runs(frames: Iterable[Frame]) -> Iterator[_FrameRun]:
    run: _FrameRun | None = None
    second: int | None = None
    for frame in frames:
        if run is None or _jumps(second, frame.second):
            if run is not None:
                yield run
            run = _FrameRun(frame.at, frame.channel)
        second = second if frame.second is None else frame.second
        run.take(frame)
    if run is not None:
        yield run


def _believable(frames: Iterable[Frame]) -> Iterator[Frame]:
    """``frames``, without the date of one that jumps where the next does not follow."""
    second: int | None = None
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            if _jumps(second, held.second) and _jumps(held.second, frame.second):
                held = replace(held, second=None)
            second = second if held.second is None else held.second
            yield held
        held = frame
    if held is not None:
        yield replace(held, second=None) if _jumps(second, held.second) else held


def _jumps(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and abs(after - before) >= _STALE_JUMP
