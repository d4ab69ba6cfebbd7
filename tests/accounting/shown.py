"""What a video shows: which pictures of which clips, when, in which order, and with which sound.

Each check raises AssertionError with a sentence that says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import av

from camreel_simulator import heard_beeps

from .cards import Card
from .clips import EMPTY, REFRESHED_AFTER, Cut, Feature, Picture
from .originals import LENGTH, Shown, decoded

# Seconds: half an AAC frame at 8 kHz, and a millisecond for finding the onset of a beep.
IN_STEP = 0.065
# A second as people list it: what a camera's list leaves in doubt.
LISTED = Fraction(1)
# Where sound is cut, half a frame of AAC is left out and another fades in: a beep there may be late, or not be heard.
_EDGE = 0.3


@dataclass(frozen=True)
class Part:
    """One track of an output file."""

    path: Path
    track: int = 0

    @cached_property
    def shown(self) -> list[Shown]:
        """Its pictures, in the order shown."""
        return decoded(str(self.path), self.track)


@dataclass(frozen=True)
class Run:
    """The pictures that one clip gave: from its picture ``first`` on, shown at ``times`` (seconds) of ``part``.

    ``after`` are the times of one or two more, behind some that are not shown: where a clip with B-frames is cut, the
    last ones need them.
    """

    number: int
    cut: Cut
    first: int
    times: tuple[Fraction, ...]
    part: int
    after: tuple[Fraction, ...] = ()

    @property
    def end(self) -> int:
        return self.first + len(self.times)

    @property
    def starts(self) -> Fraction:
        """When its first picture was really taken."""
        return self.cut.start + self.first * self.cut.period

    @property
    def ends(self) -> Fraction:
        return self.cut.start + self.end * self.cut.period

    @property
    def dated(self) -> Fraction:
        """When its first picture was taken as far as can be told."""
        return self.cut.dated + self.first * self.cut.period

    def __str__(self) -> str:
        return f"clip {self.number}"


def check_once(runs: Sequence[Run]) -> None:
    """No moment twice, as far as the list can tell it: clips of whole seconds may just follow each other."""
    for number, later in enumerate(runs):
        for run in runs[:number]:
            doubled = [index for index in range(run.first, run.end) if run.cut.taken(index) >= later.starts]
            if not doubled or later.starts < run.starts:  # which is for check_order to say
                continue
            doubt = Fraction(1, 1000) if run.cut.dav else LISTED
            clear = run.cut.dated + doubled[-1] * run.cut.period - later.dated
            assert clear + run.cut.period < doubt, (
                f"nothing is said of the {len(doubled)} pictures of {run} that {later} shows as well"
            )


def pictures_of(run: Run) -> set[Picture]:
    """What it shows; nothing of a still scene, where one picture is as good as another."""
    if run.cut.source.spec.still:
        return set()
    return {run.cut.picture(index) for index in range(run.first, run.end)}


def check_order(runs: Sequence[Run], *, is_twice: bool) -> None:
    """What was taken later is shown later. ``is_twice``: something is shown twice, and that is told."""
    for before, after in pairwise(runs):
        # Within a second the list does not tell which is first; of clips that hold the same time it is the earlier one.
        begins = before.cut.start if before.cut.line != after.cut.line else before.starts
        assert begins < after.starts + LISTED, f"{after} was recorded before {before} and is shown after it"
        if before.cut.line == after.cut.line and not after.cut.source.spec.still and not is_twice:
            assert before.ends <= after.starts, (
                f"{after} goes back in time by {float(before.ends - after.starts):.2f} s"
            )


def closeness(card: Card) -> Fraction:
    """How far two times may be apart that are the same: both are rounded, and a length may be."""
    return 3 * (Fraction(1, 1000) if card.container == "mkv" else Fraction(1, 90000))


def check_times(card: Card, runs: Sequence[Run]) -> None:
    """Pictures are as far apart as they were taken, and clips follow each other without a pause."""
    close = closeness(card)
    ends: dict[int, Fraction] = {}
    for run in runs:
        late = run.times[0] - ends.get(run.part, Fraction(0))
        pause = EMPTY if Feature.EMPTY_EDIT in run.cut.odd else 0
        if run.cut.line == "refreshed" and run.first and run.part not in ends:
            pause = REFRESHED_AFTER * run.cut.period  # a file can begin with frames that build a whole one up
        assert -close <= late <= close + pause, f"{run} begins {float(late):+.4f} s after the end of what is before it"
        for index, time in enumerate(run.times):
            late = time - run.times[0] - index * run.cut.period
            assert abs(late) <= close, f"picture {run.first + index} of {run} is shown {float(late):+.4f} s late"
        ends[run.part] = (run.after or run.times)[-1] + run.cut.period


def is_shown_by_others(cut: Cut, index: int, own: Run | None, runs: Sequence[Run]) -> bool:
    """Whether another clip shows the moment of a picture."""
    return any(run is not own and run.starts <= cut.taken(index) < run.ends for run in runs)


def check_sound(parts: Sequence[Part], runs: Sequence[Run], *, to_the_end: bool) -> None:
    """Each whole second beeps as its picture is shown, where its clip has sound, and nothing else is heard.

    ``to_the_end``: sound begins and ends with the pictures and has no holes, as in an mp4, in which players take a hole
    for the end, or lose step.
    """
    for number, part in enumerate(parts):
        mine = [run for run in runs if run.part == number]
        if not any(run.cut.sound for run in mine):
            continue
        times = _sound_times(part)
        _check_beeps(heard_beeps(part.path), mine)
        if to_the_end:
            ends = float(mine[-1].times[-1] + mine[-1].cut.period)
            for before, after in pairwise([0.0, *times, ends]):
                said = f"from {before:.3f} to {after:.3f} s there is no sound, not even silence"
                assert after - before <= _EDGE, said


def _sound_times(part: Part) -> list[float]:
    with av.open(str(part.path)) as film:
        assert film.streams.audio, "the film has no sound, though a clip has"
        return [float(packet.pts * packet.time_base) for packet in film.demux(audio=0) if packet.pts is not None]


def _check_beeps(heard: Sequence[float], runs: Sequence[Run]) -> None:
    sure, possible = _beeps(runs)
    for beep in sure:
        late = min((each - beep for each in heard), key=abs, default=None)
        assert late is not None, "the film is silent"
        assert abs(late) <= IN_STEP, f"the beep that belongs to {beep:.3f} s is {late:+.3f} s late, or missing"
    for beep in heard:
        apart = min((abs(beep - each) for each in [*sure, *possible]), default=float(LENGTH))
        assert apart <= _EDGE, f"there is a beep at {beep:.3f} s, where no clip has one"


def _beeps(runs: Sequence[Run]) -> tuple[list[float], list[float]]:
    """When to hear beeps in a film for sure, and where one may be cut off or begin late."""
    sure: list[float] = []
    possible: list[float] = []
    for beep, is_sure in sorted(beep for run in runs for beep in _beeps_of(run)):
        # Two beeps without a pause between them are heard as one.
        after_pause = beep - max([*sure, *possible], default=-1.0) > 2 * _EDGE
        (sure if is_sure and after_pause else possible).append(beep)
    return sure, possible


def _beeps_of(run: Run) -> Iterator[tuple[float, bool]]:
    if run.cut.sound is None:
        return
    # A file may begin with frames that build a picture up, which are not shown: their sound may be heard.
    for second in range(int(run.starts - run.times[0]), int(run.starts) + 1 if run.cut.line == "refreshed" else 0):
        yield float(run.times[0] + second - run.starts + run.cut.sound_shift), False
    ends = min(run.ends, run.cut.end + run.cut.longer)
    begins = max(run.starts, run.cut.heard_from)
    # The end of a piece of AAC is heard when the next one is decoded, which may be after a hole.
    for decoded_next in (begins, run.starts):
        yield float(run.times[0] + decoded_next - run.starts), False
    # What is shown because the last frames need it may be heard as well.
    for time in run.after:
        taken = run.starts + time - run.times[0]
        yield from ((float(time + second - taken), False) for second in (int(taken), int(taken + run.cut.period)))
    for second in range(int(begins), LENGTH + 1):
        inside = float(second - begins), float(ends - second)
        if min(inside) > -_EDGE:
            # Of a file that is cut short nobody knows how far its sound goes.
            is_sure = min(inside) > _EDGE and run.cut.broken != "short"
            yield float(run.times[0] + second - run.starts + run.cut.sound_shift), is_sure
