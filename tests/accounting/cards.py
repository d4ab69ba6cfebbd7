"""Random cards: what a camera may have recorded of half a minute, clip by clip. Equal seeds give equal cards."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from .clips import BROKEN_PROMISES, HIDDEN, Broken, Cut, Feature
from .originals import CHANGING, LENGTH, SOUNDS, line

_MOST_CLIPS = 6
_PLAIN = ["plain", "coarse", "large", "quick", "slow", "reordered", "still", "still again", "h265", "h265 large"]
_ODD = ["h265 reordered", "1 fps", "1 fps reordered", "half fps", "refreshed", "open", "h265 open", *CHANGING]
# What the file of a clip may have, as far as it goes together. Of each row one.
_CHOICES = [
    [Feature.FRAGMENTED, Feature.INDEX_FIRST, Feature.BOX_AFTER],
    [Feature.NO_OP_EDIT, Feature.HIDDEN_HEAD, Feature.HIDDEN_TAIL, Feature.EMPTY_EDIT],
    [Feature.NEGATIVE_OFFSETS],
    [Feature.DESCRIPTIONS],
    [Feature.SHORT_LENGTHS, Feature.NO_SETS, Feature.ANNEX_B, Feature.ENCRYPTED],
    [Feature.SECOND_SOUND, Feature.SECOND_VIDEO, Feature.SUBTITLES, Feature.TELEMETRY],
    [Feature.TURNED, Feature.PIXELS, Feature.FULL_RANGE],
    [Feature.LATE_SOUND],
]
Known = Callable[[frozenset[Feature]], bool]


@dataclass(frozen=True)
class Card:
    """Clips in the order of time. ``asked`` is the range in seconds from EIGHT; None: all.

    ``is_newest_first``: so the camera lists them. ``is_in_order``: they are laid end to end, whatever their times.
    """

    cuts: tuple[Cut, ...]
    container: Literal["mp4", "mkv"] = "mp4"
    asked: tuple[int, int] | None = None
    is_newest_first: bool = False
    is_in_order: bool = False

    def __str__(self) -> str:
        asked = "all" if self.asked is None else f"{self.asked[0]}-{self.asked[1]} s"
        rows = [f"\n  {number}: {cut}, listed {cut.listed}" for number, cut in enumerate(self.cuts)]
        how = f"{', newest first' if self.is_newest_first else ''}{', in order' if self.is_in_order else ''}"
        return f"{self.container} of {asked}{how}{''.join(rows)}"

    @property
    def features(self) -> frozenset[Feature]:
        """All that is odd about it."""
        told = {
            Feature.MKV: self.container == "mkv",
            Feature.RANGE: self.asked is not None,
            Feature.RANGE_AT_END: self.asked is not None and self.asked[0] in {cut.listed[1] for cut in self.cuts},
            Feature.NEWEST_FIRST: self.is_newest_first,
            Feature.IN_ORDER: self.is_in_order,
            Feature.OTHER_SOUND: len({cut.sound for cut in self.cuts if cut.sound}) > 1,
        }
        found = {each for each, is_so in told.items() if is_so}
        ordered = sorted(self.cuts, key=lambda cut: cut.start)
        for number, later in enumerate(ordered):
            over = [cut for cut in ordered[:number] if cut.end > later.start]
            found |= {Feature.COPIES if cut.line == later.line else Feature.AGAIN for cut in over}
        return frozenset(found).union(*(cut.features for cut in self.cuts))

    def wanted(self, cut: Cut) -> range:
        """Which pictures of a clip belong to the range, by the times that it is listed or dated with."""
        visible = cut.visible
        if self.asked is None:
            return visible
        first, last = (-int((cut.dated - each) // cut.period) for each in self.asked)
        return range(max(visible.start, first), max(visible.start, min(visible.stop, last)))


def random_card(seed: int, *, odd: bool = False, is_known: Known = lambda _features: False) -> Card:
    """A card with clips that follow each other, with gaps or without, overlap, or are broken.

    ``odd``: now and then a clip or the listing is odd besides. What ``is_known`` is left out.
    """
    return _Dealer(random.Random(seed), is_known, 5 if odd else 0).card()


def random_clips(seed: int, *, is_known: Known = lambda _features: False) -> Card:
    """A few clips that do not overlap, most of them odd in several ways."""
    return _Dealer(random.Random(seed), is_known, 2).odd_clips()


def smaller(card: Card) -> Iterator[Card]:
    """The card with one thing less, in each way in which it can be."""
    for number, cut in enumerate(card.cuts):
        if len(card.cuts) > 1:
            yield replace(card, cuts=(*card.cuts[:number], *card.cuts[number + 1 :]))
        less = [replace(cut, odd=cut.odd - {each}) for each in sorted(cut.odd, key=lambda each: each.name)]
        less += [replace(cut, sound=None), replace(cut, longer=Fraction(0))]
        less += [replace(cut, early=0), replace(cut, slow=0)]
        yield from (
            replace(card, cuts=(*card.cuts[:number], each, *card.cuts[number + 1 :])) for each in less if each != cut
        )
    simple = [replace(card, asked=None), replace(card, container="mp4")]
    simple += [replace(card, is_newest_first=False), replace(card, is_in_order=False)]
    yield from (each for each in simple if each != card)


class _Dealer:
    """Draws one clip after the other; what all have in common is drawn first."""

    def __init__(self, chance: random.Random, is_known: Known, seldom_odd: int) -> None:
        """``seldom_odd``: a clip is odd once in so many times; 0: never."""
        self._chance = chance
        self._is_known = is_known
        self._seldom_odd = seldom_odd
        self._blank = Card((), chance.choice(["mp4", "mkv"]))
        self._dav = self._once_in(4)
        self._lines = self._all_lines()
        self._sound: str | None = chance.choice([*SOUNDS, None])
        self._longer = chance.choice([Fraction(0), Fraction(19, 10), Fraction(-1, 2)])

    def card(self) -> Card:
        cuts = self._cuts(self._chance.randint(1, _MOST_CLIPS), may_overlap=True)
        if self._seldom_odd:
            cuts = self._listed_oddly(cuts)
        dealt = replace(self._blank, cuts=tuple(cuts))
        dealt = self._perhaps(2, replace(dealt, asked=self._range()), dealt)
        return self._perhaps(4, replace(dealt, is_newest_first=True), dealt) if self._seldom_odd else dealt

    def odd_clips(self) -> Card:
        dealt = replace(self._blank, cuts=tuple(self._cuts(self._chance.randint(1, 3), may_overlap=False)))
        dealt = self._perhaps(4, replace(dealt, is_in_order=True), dealt)
        return dealt if dealt.is_in_order else self._perhaps(4, replace(dealt, asked=self._range()), dealt)

    def _perhaps(self, times: int, changed: Card, dealt: Card) -> Card:
        """The card as it was changed once in so many times, if what it has then is not known to go wrong."""
        return changed if self._once_in(times) and not self._is_known(changed.features) else dealt

    def _cuts(self, count: int, *, may_overlap: bool) -> list[Cut]:
        cuts: list[Cut] = []
        for _ in range(count):
            # What is known to go wrong is drawn again, less and less odd.
            drawn = (self._next_after(cuts, may_overlap=may_overlap, odd=attempt < 6) for attempt in range(12))
            fitting = (cut for cut in drawn if cut and not self._leads_astray([*cuts, cut]))
            cut = next(fitting, None)
            if cut is None:
                break
            cuts.append(cut)
        cuts.sort(key=lambda cut: cut.listed)  # as the plan of an export does
        return cuts

    def _leads_astray(self, cuts: list[Cut]) -> bool:
        """Whether a card with these clips is known to go wrong."""
        return self._is_known(replace(self._blank, cuts=tuple(cuts)).features)

    def _once_in(self, times: int) -> bool:
        return self._chance.randint(1, times) == times

    def _range(self) -> tuple[int, int]:
        """What is asked for, in seconds from EIGHT."""
        start = self._chance.randint(0, LENGTH - 1)
        return start, self._chance.randint(start + 1, LENGTH)

    def _all_lines(self) -> list[str]:
        names = [*_PLAIN, *(_ODD if self._seldom_odd else [])]
        if not self._dav:
            return names
        codec = self._chance.choice(["h264", "hevc"])
        # DHAV has one time for a picture.
        return [name for name in _PLAIN if (line(name).spec.video, line(name).spec.bframes) == (codec, 0)]

    def _next_after(self, cuts: list[Cut], *, may_overlap: bool, odd: bool) -> Cut | None:
        """A clip somewhere after the beginning of the last one; None where the time is up."""
        relations: list[Callable[[Cut], Cut | None]] = [self._go_on, self._go_on, self._leave_a_gap]
        if may_overlap:
            relations += [self._overlap, self._overlap_again]
        if not cuts:
            cut = self._from(self._line(), Fraction(self._chance.randint(0, 20), 10))
        else:
            cut = self._chance.choice(relations)(max(cuts, key=lambda each: each.end))
        if cut is None:
            return None
        cut = self._with_trouble(self._with_sound(replace(cut, dav=self._dav)))
        return self._made_odd(cut) if odd and self._seldom_odd and self._once_in(self._seldom_odd) else cut

    def _line(self) -> str:
        return self._chance.choice(self._lines)

    def _go_on(self, last: Cut) -> Cut | None:
        """No picture between the two is missing, if there is a keyframe to begin with."""
        return self._from(last.line if self._once_in(2) else self._line(), last.end)

    def _leave_a_gap(self, last: Cut) -> Cut | None:
        return self._from(self._line(), last.end + Fraction(self._chance.randint(5, 40), 10))

    def _overlap_again(self, last: Cut) -> Cut | None:
        return self._overlap(last, self._chance.choice([name for name in self._lines if name != last.line]))

    def _overlap(self, last: Cut, name: str | None = None) -> Cut | None:
        """From within the last clip on; to after its end, or to before it."""
        name = name or last.line
        back = Fraction(self._chance.randint(1, 40), 10)
        first = line(name).key_from(max(last.start, last.end - back))
        return None if first * line(name).period >= last.end else self._lasting(name, first)

    def _from(self, name: str, moment: Fraction) -> Cut | None:
        source = line(name)
        first = source.key_from(moment)
        if not source.spec.bframes and self._once_in(4):
            first = -int(-moment // source.period)
        return self._lasting(name, first)

    def _lasting(self, name: str, first: int) -> Cut | None:
        """1 to 5 seconds, often up to the next keyframe, so that the next clip can go on from there."""
        source = line(name)
        if name == "refreshed" and first in BROKEN_PROMISES:
            return None
        last = first + max(3, int(self._chance.randint(10, 50) / source.period / 10))
        if last > len(source.packets):
            return None
        if source.spec.bframes or self._once_in(2):
            last = source.key_from(last * source.period)
        return Cut(name, first, last - first)

    def _with_sound(self, cut: Cut) -> Cut:
        sound = self._sound and self._chance.choice([self._sound, self._sound, *SOUNDS])
        if sound is not None and self._once_in(3):
            sound = None
        return replace(cut, sound=sound, longer=self._longer)

    def _with_trouble(self, cut: Cut) -> Cut:
        kinds: list[Broken] = ["garbage"]
        if not cut.dav:
            kinds += ["no index", "cut"]
        if self._once_in(8):
            return replace(cut, broken=self._chance.choice(kinds))
        # Without B-frames: what is left of a clip is then what comes first.
        if not cut.dav and not cut.source.spec.bframes and self._once_in(8):
            return replace(cut, broken="short")
        if not cut.dav and cut.sound and self._once_in(12):
            return replace(cut, broken="short index")
        return cut

    def _made_odd(self, cut: Cut) -> Cut:
        """With one to three things that go together."""
        if cut.broken not in {None, "short"}:
            return cut
        if cut.dav:
            return replace(cut, odd=frozenset({self._chance.choice([Feature.CLOCK_SET, Feature.TWO_CHANNELS])}))
        for row in self._chance.sample(_CHOICES, self._chance.randint(1, 3)):
            odder = replace(cut, odd=cut.odd | {self._chance.choice(row)})
            cut = odder if is_possible(odder) else cut
        return cut

    def _listed_oddly(self, cuts: list[Cut]) -> list[Cut]:
        """One clip is listed early, or from it on the camera's clock is slow; the order stays as it is."""
        if len(cuts) < 2 or not self._once_in(3):
            return cuts
        number, seconds = self._chance.randint(1, len(cuts) - 1), self._chance.randint(2, 6)
        changed = list(cuts)
        if self._once_in(2):
            changed[number] = replace(cuts[number], early=seconds)
        else:
            changed[number:] = [replace(cut, slow=seconds) for cut in cuts[number:]]
        starts = [cut.listed[0] for cut in changed]
        in_order = all(one < other for one, other in pairwise(starts))
        return changed if in_order and not self._leads_astray(changed) else cuts


def is_possible(cut: Cut) -> bool:
    """Whether what is odd about a clip goes together."""
    needs = {
        Feature.DESCRIPTIONS: cut.line in CHANGING,
        Feature.NEGATIVE_OFFSETS: cut.source.spec.bframes > 0,
        Feature.LATE_SOUND: cut.sound is not None and cut.end - cut.zero > 2,
        Feature.SECOND_SOUND: cut.sound is not None,
        Feature.SECOND_VIDEO: cut.end - cut.start > 2,
        Feature.HIDDEN_HEAD: cut.count > 3 * HIDDEN,
        Feature.HIDDEN_TAIL: cut.count > 3 * HIDDEN and cut.broken is None,
        Feature.FRAGMENTED: cut.broken is None and Feature.DESCRIPTIONS not in cut.odd,  # FFmpeg reads but one there
        Feature.INDEX_FIRST: cut.broken is None,
        Feature.BOX_AFTER: cut.broken is None,
        Feature.ENCRYPTED: cut.broken is None,
        Feature.FULL_RANGE: cut.source.spec.video == "h264",  # the encoder of the others says it in the stream
        Feature.NO_SETS: Feature.DESCRIPTIONS not in cut.odd,
        Feature.ANNEX_B: Feature.DESCRIPTIONS not in cut.odd,
        Feature.DAV: not cut.odd,
    }
    return all(needs.get(each, True) for each in cut.odd)
