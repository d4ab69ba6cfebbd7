"""The smallest card for each thing that may be odd, and cards in which a mistake is likely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .cards import Card
from .clips import Cut, Feature
from .originals import line

# Cards to which chance may not come. Numbers are of pictures, 10 of which are a second.
EXAMPLES: dict[str, tuple[Cut, ...]] = {
    # By the list the first two overlap by half a second; in truth they do not.
    "abut": (Cut("plain", 21, 15), Cut("coarse", 36, 18), Cut("plain", 56, 20)),
    "another codec": (Cut("plain", 7, 21), Cut("h265", 32, 16), Cut("plain", 49, 14)),
    "first silent": (Cut("plain", 7, 21, None), Cut("plain", 28, 21), Cut("plain", 49, 21)),
    "later silent": (Cut("plain", 7, 21), Cut("plain", 28, 21, None), Cut("plain", 49, 21)),
    "odd rate": (Cut("plain", 7, 21), Cut("plain", 28, 21, "aac 16 kHz"), Cut("plain", 49, 21)),
    "odd codec": (Cut("plain", 7, 21, "alaw"), Cut("plain", 28, 21), Cut("plain", 49, 21)),
    "pre-record": (Cut("plain", 7, 35), Cut("plain", 28, 35)),
    "ends within a group": (Cut("plain", 7, 32), Cut("plain", 35, 28)),
    "begins within a group": (Cut("plain", 7, 32), Cut("plain", 31, 32)),
    "a copy within": (Cut("plain", 7, 49), Cut("plain", 21, 14)),
    "a copy of the end": (Cut("plain", 7, 49), Cut("plain", 42, 14)),
    "the same clip twice": (Cut("plain", 7, 21), Cut("plain", 7, 21)),
    "a longer copy": (Cut("plain", 7, 21), Cut("plain", 7, 42)),
    "three at once": (Cut("plain", 7, 42), Cut("plain", 21, 35), Cut("plain", 35, 35)),
    "a still picture's pre-record": (Cut("still", 77, 42), Cut("still", 105, 42)),
    "a still picture's copy within": (Cut("still", 77, 63), Cut("still", 91, 14)),
    "encoded again": (Cut("plain", 7, 42), Cut("coarse", 27, 36)),
    "encoded again at another rate": (Cut("quick", 18, 100), Cut("slow", 12, 30)),
    "encoded again, within": (Cut("plain", 7, 56), Cut("coarse", 27, 18)),
    # By the list the second ends with the first, or before it; in truth it goes on.
    "encoded again, ends later": (Cut("plain", 7, 46), Cut("coarse", 27, 31)),
    "encoded again, ends earlier": (Cut("plain", 7, 51), Cut("coarse", 27, 26)),
    "a still picture again": (Cut("still", 77, 42), Cut("still again", 99, 42)),
}
# Where it matters that no silence is filled in, and that times are rounded to milliseconds.
_ALSO_IN_MKV = (
    "abut", "first silent", "later silent", "odd rate", "odd codec", "pre-record", "begins within a group",
    "a longer copy", "encoded again at another rate", "encoded again, ends later",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A card, and whether it is a camera's: else its clips are files."""

    card: Card
    is_of_camera: bool = False


def _between(odd: Cut) -> Case:
    """A clip with an ordinary one of its codec before it, and one behind it."""
    mate = "h265" if odd.source.spec.video == "hevc" else "plain"
    before, after = Cut(mate, line(mate).key_from(Fraction(1)), 28), Cut(mate, line(mate).key_from(Fraction(15)), 28)
    return Case(Card((replace(before, dav=odd.dav), odd, replace(after, dav=odd.dav))))


def _odd(*features: Feature, of: str = "plain", first: int = 49, count: int = 35, **more: Any) -> Case:
    return _between(Cut(of, first, count, odd=frozenset(features), **more))


_TWO = (Cut("plain", 7, 42), Cut("plain", 56, 42))
# Each in the smallest card that has it.
FEATURES: dict[str, Case] = {
    each.value: _odd(each)
    for each in (
        Feature.FRAGMENTED,
        Feature.INDEX_FIRST,
        Feature.BOX_AFTER,
        Feature.NO_OP_EDIT,
        Feature.HIDDEN_HEAD,
        Feature.HIDDEN_TAIL,
        Feature.EMPTY_EDIT,
        Feature.SHORT_LENGTHS,
        Feature.NO_SETS,
        Feature.ANNEX_B,
        Feature.ENCRYPTED,
        Feature.SECOND_SOUND,
        Feature.SECOND_VIDEO,
        Feature.SUBTITLES,
        Feature.TELEMETRY,
        Feature.TURNED,
        Feature.PIXELS,
        Feature.FULL_RANGE,
        Feature.LATE_SOUND,
    )
} | {
    "H.265": _odd(of="h265", first=48, count=40),
    "B-frames": _odd(of="reordered", first=44, count=33),
    "B-frames of H.265": _odd(of="h265 reordered", first=44, count=33),
    "negative composition offsets": _odd(Feature.NEGATIVE_OFFSETS, of="reordered", first=44, count=33),
    "open groups": _odd(of="open", first=54, count=33),
    "open groups of H.265": _odd(of="h265 open", first=54, count=33),
    "intra refresh": Case(Card((Cut("refreshed", 0, 40), Cut("plain", 49, 28)))),
    "1 frame a second": _odd(of="1 fps", first=8, count=6),
    "1 frame a second, with B-frames": _odd(of="1 fps reordered", first=6, count=6),
    "1 frame in two seconds": _odd(of="half fps", first=3, count=4),
    "1 frame a second, last in an mkv": Case(Card((Cut("plain", 7, 28), Cut("1 fps", 8, 6)), "mkv")),
    "1 frame in two seconds, last in an mkv": Case(Card((Cut("plain", 7, 28), Cut("half fps", 3, 4)), "mkv")),
    "a range within 1 frame a second, with B-frames": Case(Card((Cut("1 fps reordered", 6, 12),), asked=(8, 14))),
    "other parameter sets in band": _odd(of="other sets"),
    "other parameter sets, described": _odd(Feature.DESCRIPTIONS, of="other sets"),
    "another size in band": _odd(of="other size"),
    "another size, described": _odd(Feature.DESCRIPTIONS, of="other size"),
    "another size in band, of H.265": _odd(of="h265 other size", first=56),
    "another size, described, of H.265": _odd(Feature.DESCRIPTIONS, of="h265 other size", first=56),
    "parameter sets in band only, of H.265": _odd(Feature.NO_SETS, of="h265", first=48, count=40),
    "parameter sets in band only, of H.265, in fragments": Case(
        Card((Cut("h265", 48, 40, odd=frozenset({Feature.NO_SETS, Feature.FRAGMENTED})),))
    ),
    "start codes, of H.265": _odd(Feature.ANNEX_B, of="h265", first=48, count=40),
    "fragmented, laid end to end": Case(
        Card(tuple(replace(cut, odd=frozenset({Feature.FRAGMENTED})) for cut in _TWO), is_in_order=True)
    ),
    "frames before the first keyframe": _odd(first=52),
    **{
        f"{name}, first": Case(Card((Cut(of, first, count, odd=frozenset(odd)), Cut(mate, last, 28))))
        for name, odd, of, first, count, mate, last in (
            ("parameter sets in band only", {Feature.NO_SETS}, "plain", 49, 35, "plain", 98),
            ("parameter sets in band only, of H.265", {Feature.NO_SETS}, "h265", 48, 40, "h265", 96),
            ("lengths of two bytes", {Feature.SHORT_LENGTHS}, "plain", 49, 35, "plain", 98),
            ("1 frame a second", set[Feature](), "1 fps", 8, 6, "plain", 154),
            ("sound that begins late", {Feature.LATE_SOUND}, "plain", 49, 35, "plain", 98),
        )
    },
    "no sound": _odd(sound=None),
    "cut short": _odd(broken="short"),
    "the index cut short": _odd(broken="short index"),
    "no clip": _odd(broken="garbage"),
    ".dav": _odd(dav=True),
    "a clock that is set in a .dav": _odd(Feature.CLOCK_SET, dav=True),
    "two channels in a .dav": _odd(Feature.TWO_CHANNELS, dav=True),
    "a range": Case(Card(_TWO, asked=(2, 7)), is_of_camera=True),
    "a range that begins within a refresh": Case(Card((Cut("refreshed", 0, 60),), asked=(3, 6)), is_of_camera=True),
    "a range that begins when a clip is listed to end": Case(
        Card((Cut("plain", 70, 49), Cut("plain", 140, 28)), asked=(11, 13)), is_of_camera=True
    ),
    "samples with start codes, alone": Case(Card((Cut("plain", 49, 35, odd=frozenset({Feature.ANNEX_B})),))),
    "a clip that begins within a refresh": _odd(of="refreshed", first=50),
    "cut short, and late": _odd(first=52, broken="short"),
    "cut short, within another": Case(Card((Cut("still", 70, 46), Cut("still", 84, 35, broken="short")))),
    "cut short, with a copy": Case(Card((Cut("h265", 48, 11, broken="short"), Cut("h265", 48, 25)))),
    "a range, encoded again": Case(Card((Cut("h265", 208, 24), Cut("1 fps", 20, 4)), asked=(0, 23))),
    "listed newest first": Case(Card(_TWO, is_newest_first=True), is_of_camera=True),
    "listed early": Case(Card((_TWO[0], replace(_TWO[1], early=4))), is_of_camera=True),
    "a clock that was put back": Case(Card((_TWO[0], replace(_TWO[1], slow=4))), is_of_camera=True),
    "a clock that is set in a .dav, on a camera": Case(
        Card((Cut("plain", 7, 42, dav=True), Cut("plain", 56, 42, dav=True, odd=frozenset({Feature.CLOCK_SET})))),
        is_of_camera=True,
    ),
}
CASES = (
    {name: Case(Card(cuts)) for name, cuts in EXAMPLES.items()}
    | {f"{name}, mkv": Case(Card(EXAMPLES[name], "mkv")) for name in _ALSO_IN_MKV}
    | FEATURES
)
