"""Summarize a DHAV file from the headers of its frames: its time span, stale footage, junk; and date each frame. Pure.

A frame has its date in whole seconds, and a counter of milliseconds (16 bits, wrapping) that knows no seconds. The
counter gives the exact distance of frames. Where in the second it starts follows from all frames together, because each
must lie in the second of its date. This leaves at most the distance of two frames open: :class:`Clock` takes the
earliest place, so that the first frame of a second stands at its beginning unless others contradict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from camreel.formats.dhav.frames import Frame, PictureFormat, SoundFormat, Walk, find_stream, wall_of
from camreel.formats.source import open_source
from camreel.model import Span, WallTime

_WRAP = 1 << 16

# Settings of a clock that are told apart in one file: more is a file that lies.
_MOST_SETTINGS = 100

# Seconds since 2000 up to 2005: cameras that never knew the time begin at 2000. None of then has survived.
_NEVER_SET = 5 * 366 * 86_400

# Milliseconds by which the counter and a date of whole seconds can differ without either being wrong.
_APART = 2000


@dataclass(slots=True)
class _Setting:
    """What the wall clock can have been at the first frame, in milliseconds since 2000, as it was set for a while."""

    low: int
    high: int


class Clock:
    """Fed with the frames of one recording in their order. The camera's clock may be set meanwhile."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._counter: int | None = None
        self._elapsed = 0
        self._step = 0  # between the last two frames
        self._settings: list[_Setting] = []

    @property
    def starts(self) -> tuple[int, ...]:
        """The wall clock at the first frame, in milliseconds since 2000, by each setting in turn."""
        return tuple(setting.low for setting in self._settings)

    @property
    def setting(self) -> int:
        """Which of :attr:`starts` the last frame is dated by."""
        return len(self._settings) - 1

    @property
    def start(self) -> int | None:
        """The most likely of :attr:`starts`; None where no frame had a date.

        Whoever moves a clock by hours corrects it, so the last is right, unless it is that of a camera that forgot the
        time. Less is summer time, or a small correction: then it is the first.
        """
        starts = self.starts
        if not starts:
            return None
        begins = [at for at, one in enumerate(starts) if at == 0 or abs(one - starts[at - 1]) >= _STALE_JUMP * 1000]
        return next((starts[at] for at in reversed(begins) if starts[at] >= _NEVER_SET * 1000), starts[begins[-1]])

    def at(self, second: int | None, counter: int) -> int:
        """Milliseconds of the next frame after the first one. ``second`` (since 2000) None: it has no date."""
        is_set = False
        if self._counter is not None:
            self._step, is_set = self._next(second, counter)
            self._elapsed += self._step
        self._counter = counter
        if second is not None:
            self._second = second
            self._narrow(second * 1000, is_set=is_set)
        return self._elapsed

    def _next(self, second: int | None, counter: int) -> tuple[int, bool]:
        """How long after the last frame, and whether the clock was set meanwhile."""
        assert self._counter is not None
        counted = _nearest(counter - self._counter, 0)
        if second is None or self._second is None:
            return counted, False
        dated = (second - self._second) * 1000
        is_far = abs(second - self._second) >= _STALE_JUMP
        unwrapped = _nearest(counter - self._counter, dated)
        if abs(unwrapped - dated) < _APART and not is_far:
            return unwrapped, False
        if 0 <= counted < _APART:  # time went on: the camera's clock was put forward or back
            return counted, True
        return (self._step, True) if is_far else (max(0, dated), False)  # the counter began anew

    def _narrow(self, shown: int, *, is_set: bool) -> None:
        """``shown``: the beginning of the second in which the frame lies."""
        low, high = shown - self._elapsed, shown - self._elapsed + 999
        if not self._settings or (is_set and len(self._settings) < _MOST_SETTINGS):
            self._settings.append(_Setting(low, high))
            return
        setting = self._settings[-1]
        if low <= setting.high and high >= setting.low:
            setting.low, setting.high = max(low, setting.low), min(high, setting.high)
        elif low - setting.high > _APART or setting.low - high > _APART:
            # The counter is no clock (it stands still, or runs wild): the date is what is left.
            self._elapsed = max(self._elapsed, shown - setting.low)


def _nearest(difference: int, to: int) -> int:
    """The number that is ``difference`` but for wraps of the counter, and nearest to ``to``."""
    half = _WRAP // 2
    return to + (difference - to + half) % _WRAP - half


# Where in a file the footage begins at the latest: seen are 13 kB of junk (NV4108E-HS) and a header of 1 kB.
WITHIN = 4 << 20

# A recorder uses its clusters again: a file may begin with up to two minutes of an older recording, and its clock
# jumps by hours to the real start (Dahua recorders, by nvrclip). Where the numbers of frames run on, its clock was set.
_STALE_JUMP = 6 * 3600

# Older recordings in one file: one or two are known.
_MOST_RUNS = 100


class NotDhav(ValueError):
    """No DHAV footage; the message is the end of a sentence on the file."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """When the first picture was taken, by the clock as it was when it dated ``pictures`` of the footage."""

    first: WallTime
    pictures: int


@dataclass(frozen=True, slots=True)
class DhavSummary:
    """The footage of a file. Offsets in bytes; times by the camera's clock, of the first and the last picture.

    ``offset`` and ``end`` are where the footage lies in the file; ``first_key`` is its first keyframe, None without
    one. ``stale`` are the times of older recordings around it and ``stale_pictures`` how many pictures they have.
    ``before`` counts the bytes before the first frame, ``skipped`` those after it that belong to none. ``cut``: the
    file ends within a frame. ``other_sound`` counts frames of sound that is not as the first. ``readings`` are of the
    clock as it was set one after the other; ``first`` and ``last`` are by the most likely. ``other_channels`` have
    pictures in between, so many each: they are not of the footage.
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
    readings: tuple[ClockReading, ...] = ()
    other_channels: tuple[tuple[int, int], ...] = ()

    @property
    def firsts(self) -> tuple[WallTime, ...]:
        """When the first picture was taken by each setting of the clock, the most likely first."""
        others = (reading.first for reading in self.readings)
        return (self.first, *(first for first in others if first != self.first))

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
    """Frames of one recording: its clock does not jump by hours, or their numbers run on."""

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
    dated: Counter[int] = field(default_factory=Counter)  # pictures by the setting of the clock
    channels: Counter[int] = field(default_factory=Counter)  # pictures by the channel
    numbers: dict[bool, tuple[int, int]] = field(default_factory=dict)  # of sound and of pictures: number, counter

    def goes_on(self, frame: Frame) -> bool:
        """Whether the frame is the next of the same recording, whatever its clock."""
        number, counter = self.numbers.get(frame.is_sound, (None, 0))
        if number is None:
            return False
        stands_still = frame.number == number and 0 <= _nearest(frame.counter - counter, 0) < _APART
        return frame.number == number + 1 or stands_still

    def take(self, frame: Frame) -> None:
        at = self.clock.at(frame.second, frame.counter)
        if frame.is_picture or frame.is_sound:
            self.numbers[frame.is_sound] = (frame.number, frame.counter)
        self.dated[self.clock.setting] += frame.is_picture
        self.end = frame.at + frame.length
        self.frames += 1
        if frame.is_picture:
            self.channels[frame.channel] += 1
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
    def readings(self) -> tuple[ClockReading, ...]:
        starts = enumerate(self.clock.starts)
        return tuple(
            ClockReading(WallTime(wall_of(0, start + self.first)), self.dated[at])
            for at, start in starts
            if self.dated[at]
        )

    @property
    def rank(self) -> tuple[bool, int]:
        """Stale footage is older than what the file was written for. A single picture decides nothing."""
        return self.pictures > 1 and self.key is not None, self.clock.start or 0


def summary(path: Path) -> DhavSummary:
    """Walk all headers of the file. Raises :class:`NotDhav` or :class:`OSError`."""
    with open_source(path) as file:
        start = find_stream(file, WITHIN)
        if start is None:
            raise NotDhav("holds no complete DHAV frame")
        walk = Walk(file, start)
        real, runs = _real_and_all(walk)
        others: tuple[tuple[int, int], ...] = ()
        if real.key is not None and len(real.channels) > 1:  # a recorder put several cameras into one file
            others = tuple(sorted((each, count) for each, count in real.channels.items() if each != real.key.channel))
            real, runs = _real_and_all(_without(Walk(file, start), others))
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
        readings=real.readings,
        other_channels=others,
    )


def _real_and_all(frames: Iterable[Frame]) -> tuple[_FrameRun, list[_FrameRun]]:
    """The recording that the file was written for, and all that are in it. Raises :class:`NotDhav`."""
    runs = list(islice(_runs(_believable(frames)), _MOST_RUNS + 1))
    if len(runs) > _MOST_RUNS:
        raise NotDhav(f"jumps by hours more than {_MOST_RUNS} times")
    real = max(runs, key=lambda run: run.rank)
    if not real.pictures or real.clock.start is None:
        raise NotDhav("holds no pictures" if not real.pictures else "has no date in its frames")
    return real, runs


def _without(frames: Iterable[Frame], channels: Iterable[tuple[int, int]]) -> Iterator[Frame]:
    left_out = {channel for channel, _ in channels}
    return (frame for frame in frames if frame.channel not in left_out)


def footage(file: BinaryIO, of: DhavSummary) -> Iterator[tuple[Frame, int]]:
    """The frames of the footage, each with its milliseconds after the first."""
    clock = Clock()
    for frame in _believable(_without(Walk(file, of.offset, of.end), of.other_channels)):
        yield frame, clock.at(frame.second, frame.counter)


def _runs(frames: Iterable[Frame]) -> Iterator[_FrameRun]:
    run: _FrameRun | None = None
    second: int | None = None
    for frame in frames:
        if run is None or (_jumps(second, frame.second) and not run.goes_on(frame)):
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
