"""The account of a card: each frame that it holds of the range is in the videos once, or is named in the report.

Nothing is believed but what is decoded: each picture is known by the MD5 of what the encoder made of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from itertools import takewhile

import av

from camreel.text import count_text

from .cards import Card
from .clips import Cut, Feature
from .originals import EIGHT, Shown, line
from .product import Told
from .shown import (
    LISTED,
    Part,
    Run,
    check_once,
    check_order,
    check_sound,
    check_times,
    closeness,
    is_shown_by_others,
    pictures_of,
)


class Kind(Enum):
    """In which way a run is wrong."""

    NO_VIDEO = "there is no video, though there are frames to show"
    SILENT = "frames are missing without a word"
    EXIT_CODE = "frames are missing by name, and the exit code is 0"
    DAMAGED = "frames are shown that nobody recorded"
    NOT_WANTED = "frames are shown that the clip hides, or that were not asked for"
    TWICE = "frames are shown twice without a word"
    FALSE_LOSS = "what is there is said to be missing"
    ORDER = "frames are shown in another order than they were taken"
    TIMES = "frames are not shown, or not dated, when they were taken"
    LOOK = "frames are shown turned, stretched or in other colors without a word"
    SOUND = "sound is missing, late or cut without a word"
    TRACK = "a second track is left out without a word"


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with a run."""

    kind: Kind
    said: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.said}"


@dataclass(frozen=True)
class _Seen:
    """A picture as it is shown in a file, and which of a clip it is."""

    part: int
    shown: Shown
    number: int
    index: int


def account(card: Card, told: Told) -> list[Wrong]:
    """All that is wrong with a run."""
    if not told.parts:
        return list(_without_video(card, told))
    seen, strange = _seen(card, told)
    runs = _runs(card, seen)
    wrong = [*strange, *_missing(card, told, runs), *_besides(card, told)]
    wrong += _needless(card, told, runs, count_twice=not strange)
    wrong += _looks(card, told, seen)
    # Where frames are damaged or missing it cannot be told what belongs to what.
    if all(each.kind in {Kind.EXIT_CODE, Kind.TRACK, Kind.LOOK} for each in wrong):
        wrong += _checks(card, told, runs)
    return wrong


def _without_video(card: Card, told: Told) -> Iterator[Wrong]:
    error = told.report.get("error") or {}
    count = sum(len(_readable(card, cut)) for cut in card.cuts)
    if count:
        yield Wrong(Kind.NO_VIDEO, f"exit {told.code}, for {count} frames: {error.get('message')}")
    elif told.code == 0:
        yield Wrong(Kind.EXIT_CODE, "there is no video")


def _readable(card: Card, cut: Cut) -> list[int]:
    """Which pictures of a clip are wanted, and can be decoded by themselves."""
    return [index for index in card.wanted(cut) if cut.first_key <= index < cut.held]


# --- what is shown ---------------------------------------------------------------------------------------------------


def _seen(card: Card, told: Told) -> tuple[list[_Seen], list[Wrong]]:
    """Each picture that is shown, with where it comes from."""
    of_others = {line(name).md5s[number] for cut in card.cuts for name, number in cut.besides}
    seen: list[_Seen] = []
    damaged: list[str] = []
    for part, file in enumerate(told.parts):
        for at, shown in enumerate(file.shown):
            found = _continued(card, seen, part, shown) or _begun(card, told, seen, part, file.shown[at:])
            if found is not None:
                seen.append(found)
            elif shown.md5 not in of_others:
                damaged.append(f"{float(shown.time):.2f} s")
    if not damaged:
        return seen, []
    return seen, [Wrong(Kind.DAMAGED, f"{len(damaged)} frames, the first at {damaged[0]}")]


def _continued(card: Card, seen: Sequence[_Seen], part: int, shown: Shown) -> _Seen | None:
    """The picture, if it is the next of the clip that the last one is of."""
    if not seen or seen[-1].part != part:
        return None
    last = seen[-1]
    cut = card.cuts[last.number]
    index = last.index + 1
    if index < cut.held and cut.md5(index) == shown.md5:
        return _Seen(part, shown, last.number, index)
    return None


def _begun(card: Card, told: Told, seen: Sequence[_Seen], part: int, to_come: Sequence[Shown]) -> _Seen | None:
    """The picture as the first of another clip, rather of one that comes later, or after a gap in its own."""
    at = seen[-1].number if seen else -1
    numbers = [*range(at + 1, len(card.cuts)), *range(at, -1, -1)]
    numbers.sort(key=lambda number: (told.clip(number) or {}).get("covered") is None)
    for number in numbers:
        cut = card.cuts[number]
        fitting = [index for index in range(cut.held) if cut.md5(index) == to_come[0].md5]
        if fitting:
            # In a still scene several look the same: it is the one with which those that follow go on, for as long as
            # the report says, and the nearest to the one that the report dates so.
            guess, count = _guess(told, number, cut)
            best = min(fitting, key=lambda at: (_going_on(cut, at, to_come) < count, abs(at - guess)))
            return _Seen(part, to_come[0], number, best)
    return None


def _going_on(cut: Cut, first: int, to_come: Sequence[Shown]) -> int:
    same = (cut.md5(index) == shown.md5 for index, shown in zip(range(first, cut.held), to_come, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def _guess(told: Told, number: int, cut: Cut) -> tuple[int, int]:
    """Which picture of a clip is the first that is shown, and how many are, by the report."""
    covered = (told.clip(number) or {}).get("covered")
    if covered is None:
        return 0, cut.held
    begins, ends = _seconds(covered["start"]), _seconds(covered["end"])
    return round((begins - cut.dated) / cut.period), round((ends - begins) / cut.period)


def _runs(card: Card, seen: Sequence[_Seen]) -> list[Run]:
    runs: list[Run] = []
    for each in seen:
        last, cut = (runs[-1] if runs else None), card.cuts[each.number]
        left_out = each.index - last.end if last and (last.part, last.number) == (each.part, each.number) else -1
        if last and left_out == 0 and not last.after:
            runs[-1] = replace(last, times=(*last.times, each.shown.time))
        elif last and 0 < left_out <= cut.source.spec.bframes:
            runs[-1] = replace(last, after=(*last.after, each.shown.time))
        else:
            runs.append(Run(each.number, cut, each.index, (each.shown.time,), each.part))
    return runs


# --- what is missing -------------------------------------------------------------------------------------------------


def _missing(card: Card, told: Told, runs: Sequence[Run]) -> Iterator[Wrong]:
    shown = {picture for run in runs for picture in pictures_of(run)}
    missing = unnamed = False
    for number, cut in enumerate(card.cuts):
        others = [run for run in runs if run.number != number]
        own = [index for run in runs if run.number == number for index in range(run.first, run.end)]
        left = [
            index
            for index in card.wanted(cut)
            if index not in own and cut.picture(index) not in shown
            if not is_shown_by_others(cut, index, None, others)
        ]
        missing = missing or bool(left)
        for wrong in _unnamed(number, cut, told, left):
            unnamed = True
            yield wrong
    if missing and not unnamed and told.code == 0:
        yield Wrong(Kind.EXIT_CODE, "0, though frames are missing")
    if told.code == 4 and not missing and not any(cut.features & _LOSE_ELSE for cut in card.cuts):
        yield Wrong(Kind.FALSE_LOSS, f"exit 4, and nothing is missing: {told.report['lost'] or told.report['pending']}")
    elif told.code not in {0, 4}:
        yield Wrong(Kind.FALSE_LOSS, f"exit {told.code}, with a video")


# What may be lost besides frames.
_LOSE_ELSE = {
    Feature.BROKEN,
    Feature.ENCRYPTED,
    Feature.SHORT,
    Feature.SHORT_INDEX,
    Feature.SECOND_VIDEO,
    Feature.SECOND_SOUND,
    Feature.TWO_CHANNELS,
    Feature.HIDDEN_HEAD,
    Feature.HIDDEN_TAIL,
    # Another encoder may have seen what its first frames show.
    Feature.OPEN_GROUPS,
    Feature.LATE_KEYFRAME,
}


def _unnamed(number: int, cut: Cut, told: Told, left: Sequence[int]) -> Iterator[Wrong]:
    """What is missing of a clip, and not by name. A clip that can be used in part is named with how many are not."""
    clip = told.clip(number)
    if clip and clip["status"] in {"failed", "unusable"}:
        return
    if clip and clip["status"] == "inside" and len(left) <= cut.first_key:
        return  # named once, of the clip that shows the rest
    reasons = ((clip or {}).get("reason") or "").split("; ")
    counted = re.search(r"(\d+) (?:picture|frame)", " ".join(each for each in reasons if not _is_of_others(each)))
    said = int(counted[1]) if counted and clip and clip["status"] != "inside" else 0
    if len(left) > said:
        what = f"{len(left)} of clip {number}, from {left[0]} on, of which {said} are named"
        yield Wrong(Kind.SILENT, what)
    elif said > max(len(left), cut.first_key, cut.count - cut.held):
        yield Wrong(Kind.FALSE_LOSS, f"{said} frames of clip {number}, of which {len(left)} are missing")


def _is_of_others(reason: str) -> bool:
    """Whether it counts other frames than those that the clip shows."""
    return "channel" in reason or "edit list" in reason


# --- what should not be there ----------------------------------------------------------------------------------------


_TWICE = ("twice", "same time")  # as notes say it


def _needless(card: Card, told: Told, runs: Sequence[Run], *, count_twice: bool) -> Iterator[Wrong]:
    several = Counter(picture for run in runs for picture in pictures_of(run))
    twice = sorted(picture for picture, times in several.items() if times > 1)
    if count_twice and twice and not told.says(*_TWICE):
        yield Wrong(Kind.TWICE, f"{len(twice)} frames, the first is {twice[0]}")
    for run in runs:
        visible, wanted = run.cut.visible, card.wanted(run.cut)
        hidden = [index for index in range(run.first, run.end) if index not in visible]
        keys = [key for key in run.cut.keys if run.first < key <= wanted.start]
        after = run.end - wanted.stop
        if hidden and not told.says(f"{count_text(len(hidden), 'frame')} that its edit list hides"):
            yield Wrong(Kind.NOT_WANTED, f"{len(hidden)} frames that {run} hides")
        elif keys or after > run.cut.source.spec.bframes:
            yield Wrong(Kind.NOT_WANTED, f"{run} shows {run.first} to {run.end}, of {wanted} that were asked for")


def _besides(card: Card, told: Told) -> Iterator[Wrong]:
    """Second tracks: in a video, or lost by name; of what is no footage a note will do."""
    if told.code == 4:
        return
    shown = {each.md5 for part in told.parts for each in part.shown}
    for number, cut in enumerate(card.cuts):
        if not card.wanted(cut):
            continue
        left = [picture for picture in cut.besides if line(picture[0]).md5s[picture[1]] not in shown]
        if left:
            yield Wrong(Kind.TRACK, f"{len(left)} frames of a second track or channel of clip {number}")
        if Feature.SECOND_SOUND in cut.odd and sum(_sounds(part) for part in told.parts) < 2:
            yield Wrong(Kind.TRACK, f"the second sound of clip {number}")
        if cut.odd & {Feature.SUBTITLES, Feature.TELEMETRY} and not told.says("track", "subtitle", "telemetry"):
            yield Wrong(Kind.TRACK, f"subtitles or telemetry of clip {number}")


def _sounds(part: Part) -> int:
    with av.open(str(part.path)) as file:
        return len(file.streams.audio)


def _looks(card: Card, told: Told, seen: Sequence[_Seen]) -> Iterator[Wrong]:
    if told.says("turned", "rotation", "pixel", "aspect", "range", "color"):
        return
    wrong = [each for each in seen if each.shown.look != card.cuts[each.number].look]
    if wrong:
        number, look = wrong[0].number, wrong[0].shown.look
        yield Wrong(Kind.LOOK, f"{len(wrong)} frames: {look} instead of {card.cuts[number].look} of clip {number}")


# --- what is shown, and how ------------------------------------------------------------------------------------------


def _checks(card: Card, told: Told, runs: Sequence[Run]) -> Iterator[Wrong]:
    is_twice = told.says(*_TWICE)
    if not is_twice:
        yield from _held(Kind.TWICE, lambda: check_once(runs))
    if Feature.CLOCK_STEP not in card.features:
        yield from _held(Kind.ORDER, lambda: check_order(runs, is_twice=is_twice))
    yield from _held(Kind.TIMES, lambda: check_times(card, runs))
    # Laid end to end a broken clip has the length that its name says.
    is_dated = not card.is_in_order or told.code == 0
    if is_dated and not card.features & {Feature.CLOCK_STEP, Feature.EARLY, Feature.CLOCK_SET}:
        yield from _held(Kind.TIMES, lambda: _check_claims(card, told, runs))
    yield from _held(Kind.TIMES, lambda: _check_chapters(told, runs))
    if not any(told.loses(number, "sound is missing") for number in range(len(card.cuts))):
        yield from _held(Kind.SOUND, lambda: check_sound(told.parts, runs, to_the_end=card.container == "mp4"))


_ROUNDED = Fraction(1, 500)  # seconds: the report has three places of them
# Clips that are laid end to end begin at no time of the day: in seconds from EIGHT.
_IN_ORDER = Fraction((datetime(1970, 1, 1) - EIGHT) // timedelta(seconds=1))  # noqa: DTZ001 - as the report has it


def _held(kind: Kind, check: Callable[[], None]) -> Iterator[Wrong]:
    try:
        check()
    except AssertionError as error:
        yield Wrong(kind, str(error))


def _check_claims(card: Card, told: Told, runs: Sequence[Run]) -> None:
    """The report dates what each clip gave by the clock that dates the clip."""
    close = closeness(card)
    numbers = Counter(run.number for run in runs)
    for run in runs:
        covered = (told.clip(run.number) or {}).get("covered")
        assert covered is not None, f"{run} is shown, and not said to be"
        begins, ends = _seconds(covered["start"]), _seconds(covered["end"])
        late = begins - (_laid(card, run) if card.is_in_order else run.dated)
        # Where it goes on from the clip before, it is dated by the clock of that one.
        doubt = LISTED if run.first or card.is_in_order else 2 * close
        assert abs(late) <= doubt, f"{run} is said to begin {float(late):+.4f} s late"
        if numbers[run.number] == 1:
            longer = ends - begins - len(run.times) * run.cut.period
            after = run.cut.source.spec.bframes * run.cut.period if run.after else 0
            assert -2 * close <= longer <= 2 * close + after, (
                f"{run} is said to be {float(longer):+.4f} s longer than it is"
            )


def _check_chapters(told: Told, runs: Sequence[Run]) -> None:
    """Each chapter begins with the first frame of a clip."""
    for output in told.report["outputs"]:
        begins = [run.times[0] for run in runs if str(told.parts[run.part].path) == output["path"]]
        # A file of which nothing can be shown has none; that is named.
        for chapter in output["chapters"] if begins else ():
            apart = min(abs(Fraction(chapter["start"]) - each) for each in begins)
            assert apart < _ROUNDED, f"chapter '{chapter['title']}' begins {float(apart):.3f} s from any clip"


def _laid(card: Card, run: Run) -> Fraction:
    """When a clip begins that is laid behind those before it."""
    before = sum(cut.end - cut.zero for cut in card.cuts[: run.number])
    return _IN_ORDER + before + run.starts - run.cut.zero


def _seconds(moment: str) -> Fraction:
    distance = datetime.fromisoformat(moment) - EIGHT
    return Fraction(distance // timedelta(microseconds=1), 1_000_000)
