"""The account of a merge: every picture that the clips hold of the range is shown once, in order, at its time, with
its sound, or is named in what the merge reports. Each check raises AssertionError with a sentence that says which one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import av
from tests.unit.media.originals import EIGHT, LENGTH, PICTURES, Cut, decoded, line
from tests.unit.media.schedules import Schedule

from camreel.formats.containers import OutputFormat
from camreel.media.worker.messages import ClipOutcome
from camreel_simulator import heard_beeps

# Seconds: half an AAC frame at 8 kHz, and a millisecond for finding the onset of a beep.
IN_STEP = 0.065
# A second as people list it: what a camera's list leaves in doubt.
_LISTED = Fraction(1)
# Where sound is cut, half a frame of AAC is left out and another fades in: a beep there may be late, or not be heard.
_EDGE = 0.3


@dataclass(frozen=True)
class Part:
    """One output file."""

    path: Path

    @cached_property
    def shown(self) -> list[tuple[Fraction, str]]:
        return decoded(str(self.path))


@dataclass(frozen=True)
class Merged:
    """What came of a schedule: its outputs in order, an outcome for each clip, and what the report says besides."""

    parts: tuple[Part, ...]
    outcomes: tuple[ClipOutcome, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """The pictures that one clip gave: from its picture ``first`` on, shown at ``times`` (seconds) of ``part``."""

    number: int
    cut: Cut
    first: int
    times: tuple[Fraction, ...]
    part: int
    shift: Fraction = Fraction(0)  # where it goes on from the clip before, it is dated by the clock of that one

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
        return self.cut.dated + self.first * self.cut.period + self.shift

    def __str__(self) -> str:
        return f"clip {self.number}"


def check(schedule: Schedule, merged: Merged, *, silence: bool = False) -> None:
    """All of it. ``silence``: holes in the sound have to be filled where the container is for players."""
    try:
        runs = runs_of(schedule, merged)
        check_once(schedule, merged, runs)
        check_order(runs)
        check_times(schedule, merged, runs)
        check_accounted(schedule, merged, runs)
        check_sound(merged, runs)
        if silence:
            check_silence(schedule, merged, runs)
    except AssertionError as error:
        said = "".join(f"\n  {each}" for each in (*merged.outcomes, *merged.notes))
        raise AssertionError(f"{error}\n{schedule}\nwhat was said:{said}") from error


def runs_of(schedule: Schedule, merged: Merged) -> list[Run]:
    """Which pictures each clip gave, each compared with the original by the MD5 of what is decoded.

    The outcomes tell how many each clip gave, and from when on; the pictures have to be those, without a hole.
    """
    shown = [(part, time, md5) for part, each in enumerate(merged.parts) for time, md5 in each.shown]
    runs, at = [], 0
    for number, (cut, outcome) in enumerate(zip(schedule.cuts, merged.outcomes, strict=True)):
        assert outcome.number == number, f"outcome {outcome.number} stands at the place of clip {number}"
        if outcome.covered is None:
            assert outcome.video_packets == 0, f"clip {number} gave pictures and covers nothing"
            continue
        begins = _seconds(outcome.covered.start.naive - EIGHT)
        mine = shown[at : at + outcome.video_packets]
        first = _first_of(cut, round((begins - cut.dated) / cut.period), [md5 for _, _, md5 in mine])
        shift = begins - cut.dated - first * cut.period
        assert abs(shift) < _LISTED or first == 0, f"clip {number} is put {float(shift):+.2f} s from where it is listed"
        at += outcome.video_packets
        assert len(mine) == outcome.video_packets, (
            f"clip {number} should give {outcome.video_packets} pictures from {float(begins):.3f} s on,"
            f" but the film ends after {len(mine)} of them"
        )
        for index, (_, _, md5) in enumerate(mine, first):
            wanted = line(cut.line).md5s[cut.first + index] if index < cut.held else "nothing"
            assert md5 == wanted, f"{_name(md5)} is shown in place of picture {index} of clip {number}"
        assert mine, f"clip {number} covers {outcome.covered} without a picture"
        assert len({part for part, _, _ in mine}) == 1, f"clip {number} is torn between two outputs"
        joined = shift if first and outcome.duplicates else Fraction(0)
        runs.append(Run(number, cut, first, tuple(time for _, time, _ in mine), mine[0][0], joined))
    assert at == len(shown), f"the film shows {len(shown) - at} pictures more than the outcomes say"
    return runs


def _first_of(cut: Cut, guess: int, shown: list[str]) -> int:
    """Which picture of a clip the first shown is: the nearest to ``guess`` that fits, as far as clocks can be off."""
    off = int(_LISTED / cut.period)
    own = line(cut.line).md5s[cut.first : cut.first + cut.held]
    near = [
        index
        for index in range(max(0, guess - off), min(len(own), guess + off + 1))
        if own[index : index + len(shown)] == shown
    ]
    return min(near, key=lambda index: abs(index - guess), default=guess)


def _name(md5: str) -> str:
    for name in PICTURES:
        if md5 in line(name).md5s:
            return f"picture {line(name).md5s.index(md5)} of '{name}'"
    return "a damaged picture"


def check_once(schedule: Schedule, merged: Merged, runs: Sequence[Run]) -> None:
    """No picture twice; no moment twice, but where the clock of the clips leaves it in doubt and the report says so."""
    for before, after in pairwise(runs):
        twice = sorted(_pictures_of(before) & _pictures_of(after))
        assert not twice, f"{len(twice)} pictures are shown twice, the first is '{twice[0][0]}' {twice[0][1]}"
    # With a clip of another encoder in between, that one's time is shown twice, and so it is said.
    several = Counter(picture for run in runs for picture in _pictures_of(run))
    assert merged.notes or max(several.values(), default=0) <= 1, "pictures are shown twice, and nothing is said"
    for number, later in enumerate(runs):
        for run in runs[:number]:
            doubled = [index for index in range(run.first, run.end) if _taken(run.cut, index) >= later.starts]
            if not doubled or later.starts < run.starts:  # which is for check_order to say
                continue
            doubt = Fraction(1, 1000) if run.cut.dav else _LISTED
            ends = (run.cut.dated + run.end * run.cut.period, later.dated + len(later.times) * later.cut.period)
            # Either may outlast the other: then the end of the later one is kept, from a keyframe on.
            if later.first > later.cut.first_key or abs(ends[0] - ends[1]) < doubt:
                doubt += PICTURES[later.cut.line].gop * later.cut.period
            clear = run.cut.dated + doubled[-1] * run.cut.period - later.dated
            assert clear < doubt + run.cut.period, (
                f"{run} and {later} both show {float(run.ends - later.starts):.2f} s,"
                f" of which {float(clear - doubt):.2f} s are beyond doubt"
            )
            # Below what the list can tell apart nobody knows of it: clips of whole seconds that just follow each other.
            known = clear + run.cut.period >= doubt
            assert merged.notes or not known, (
                f"nothing is said of the {len(doubled)} pictures of {run} that {later} shows as well"
            )


def _pictures_of(run: Run) -> set[tuple[str, int]]:
    """What it shows; nothing of a still scene, where one picture is as good as another."""
    if PICTURES[run.cut.line].still:
        return set()
    return {(run.cut.line, run.cut.first + index) for index in range(run.first, run.end)}


def check_order(runs: Sequence[Run]) -> None:
    """What was taken later is shown later."""
    for before, after in pairwise(runs):
        # Within a second the list does not tell which is first.
        assert before.starts < after.starts + _LISTED, f"{after} was recorded before {before} and is shown after it"
        if before.cut.line == after.cut.line and not PICTURES[after.cut.line].still:
            assert before.ends <= after.starts, (
                f"{after} goes back in time by {float(before.ends - after.starts):.2f} s"
            )


def check_times(schedule: Schedule, merged: Merged, runs: Sequence[Run]) -> None:
    """Pictures are as far apart as they were taken, clips follow each other without a pause, and the outcomes agree."""
    tick = Fraction(1, 1000) if schedule.container is OutputFormat.MKV else Fraction(1, 90000)
    close = 3 * tick  # two times are rounded, and a length may be
    ends: dict[int, Fraction] = {}
    for run in runs:
        begins = ends.get(run.part, Fraction(0))
        late = run.times[0] - begins
        assert abs(late) <= close, f"{run} begins {float(late):+.4f} s after the end of what comes before it"
        for index, time in enumerate(run.times):
            late = time - run.times[0] - index * run.cut.period
            assert abs(late) <= close, f"picture {run.first + index} of {run} is shown {float(late):+.4f} s late"
        ends[run.part] = run.times[-1] + run.cut.period
        outcome = merged.outcomes[run.number]
        assert outcome.covered is not None
        said = [_seconds(each.naive - EIGHT) for each in (outcome.covered.start, outcome.covered.end)]
        true = [run.dated, run.dated + len(run.times) * run.cut.period]
        for name, wrong in zip(("begin", "end"), (a - b for a, b in zip(said, true, strict=True)), strict=True):
            assert abs(wrong) <= 2 * close, f"{run} is said to {name} {float(wrong):+.4f} s after it does"
        wrong = Fraction(outcome.starts_at) - run.times[0]
        assert abs(wrong) <= close, f"{run} is said to begin {float(wrong):+.4f} s after it does in the film"


def check_accounted(schedule: Schedule, merged: Merged, runs: Sequence[Run]) -> None:
    """What is not shown is named: dropped, missing, unusable, or the other clip shows that moment."""
    given = {run.number: run for run in runs}
    for number, (cut, outcome) in enumerate(zip(schedule.cuts, merged.outcomes, strict=True)):
        wanted = _wanted(schedule, cut)
        run = given.get(number)
        shown = range(run.first, run.end) if run else range(0)
        if run:
            _check_not_too_much(schedule, run, wanted)
        if cut.broken and cut.broken != "short":
            assert outcome.unusable, f"clip {number} ({cut.broken}) is not said to be unusable"
            continue
        if outcome.unusable is not None:
            assert cut.first_key >= cut.held, f"clip {number} is well, but is said to be unusable: {outcome.unusable}"
            continue
        left = [index for index in wanted if index not in shown and not _shown_by_others(cut, index, run, runs)]
        missing = [index for index in left if index >= cut.held]
        undecodable = [index for index in left if index < min(cut.first_key, cut.held)]
        lost = [index for index in left if min(cut.first_key, cut.held) <= index < cut.held]
        assert not lost, f"{len(lost)} pictures of clip {number}, from {lost[0]} on, are lost without a word"
        _check_count(number, "undecodable", outcome.undecodable_dropped, len(undecodable), cut.first_key)
        _check_count(number, "missing", outcome.missing_packets, len(missing), cut.count - cut.held)


def _check_count(number: int, what: str, said: int, least: int, most: int) -> None:
    assert least <= said <= most, f"clip {number} has {least} to {most} {what} pictures, but is said to have {said}"


def _check_not_too_much(schedule: Schedule, run: Run, wanted: range) -> None:
    """A film begins with the keyframe at or before the start of the range, and ends at its end."""
    assert wanted, f"{run} has nothing of the range, but is shown"
    keys = [key - run.cut.first for key in line(run.cut.line).keys]
    needless = [key for key in keys if run.first < key <= wanted[0]]
    assert not needless, f"{run} begins at its picture {run.first}, though picture {needless[-1]} is a keyframe"
    after = run.end - wanted.stop
    assert after <= PICTURES[run.cut.line].bframes, f"{run} shows {after} pictures from after the range"


def _wanted(schedule: Schedule, cut: Cut) -> range:
    """Which pictures of a clip belong to the range, by the times that it is listed or dated with."""
    if schedule.asked is None:
        return range(cut.count)
    first, last = (-int((cut.dated - each) // cut.period) for each in schedule.asked)
    return range(max(0, first), min(cut.count, last))


def _taken(cut: Cut, index: int) -> Fraction:
    return cut.start + index * cut.period


def _shown_by_others(cut: Cut, index: int, own: Run | None, runs: Sequence[Run]) -> bool:
    return any(run is not own and run.starts <= _taken(cut, index) < run.ends for run in runs)


def check_sound(merged: Merged, runs: Sequence[Run]) -> None:
    """Each whole second beeps as its picture is shown, where its clip has sound, and nothing else is heard."""
    for number, part in enumerate(merged.parts):
        mine = [run for run in runs if run.part == number]
        if not any(run.cut.sound for run in mine):
            continue
        with av.open(str(part.path)) as film:
            assert film.streams.audio, "the film has no sound, though a clip has"
        heard = heard_beeps(part.path)
        sure, possible = _beeps(mine)
        for beep in sure:
            late = min((each - beep for each in heard), key=abs, default=None)
            assert late is not None, "the film is silent"
            assert abs(late) <= IN_STEP, f"the beep that belongs to {beep:.3f} s is {late:+.3f} s late, or missing"
        for beep in heard:
            apart = min((abs(beep - each) for each in [*sure, *possible]), default=float(LENGTH))
            assert apart <= _EDGE, f"there is a beep at {beep:.3f} s, where no clip has one"


def check_silence(schedule: Schedule, merged: Merged, runs: Sequence[Run]) -> None:
    """In mp4 sound begins and ends with the pictures and has no holes: players take them for the end, or lose step."""
    if schedule.container is not OutputFormat.MP4:
        return
    for number, part in enumerate(merged.parts):
        mine = [run for run in runs if run.part == number]
        if not any(run.cut.sound for run in mine):
            continue
        with av.open(str(part.path)) as film:
            packets = [packet for packet in film.demux(audio=0) if packet.pts is not None]
            times = [float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None]
        ends = float(mine[-1].times[-1] + mine[-1].cut.period)
        for before, after in pairwise([0.0, *times, ends]):
            assert after - before <= _EDGE, f"from {before:.3f} to {after:.3f} s there is no sound, not even silence"


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
    ends = min(run.ends, run.cut.end + run.cut.longer)
    # The end of a piece of AAC is heard when the next one is decoded, which may be after a hole.
    yield float(run.times[0]), False
    for second in range(int(run.starts), LENGTH + 1):
        inside = float(second - run.starts), float(ends - second)
        if min(inside) > -_EDGE:
            yield float(run.times[0]) + inside[0], min(inside) > _EDGE


def _seconds(distance: timedelta) -> Fraction:
    return Fraction(distance // timedelta(microseconds=1), 1_000_000)
