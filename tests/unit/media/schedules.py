"""Random schedules: what a camera may have recorded of half a minute, clip by clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from tests.unit.media.originals import LENGTH, PICTURES, SOUNDS, Cut, line

from camreel.formats.containers import OutputFormat

_MOST_CLIPS = 6


class Feature(Enum):
    """What a schedule may hold besides clips of one kind, with and without gaps between them."""

    PARAMETERS = auto()  # clips of another encoder
    SIZES = auto()
    RATES = auto()
    B_FRAMES = auto()
    STILL = auto()  # the picture never changes
    CODECS = auto()  # H.264 and H.265 in one schedule (without: in different ones)
    LATE_KEYFRAMES = auto()  # clips that begin within a group of pictures
    BROKEN = auto()
    SHORT = auto()  # clips that end in the middle of a picture
    RANGES = auto()  # less is asked for than there is
    RANGES_OF_SHORT = auto()  # both in one schedule
    DAV = auto()  # schedules of .dav clips, which say their own time
    SOUND_HOLES = auto()  # clips without sound between others
    SOUND_FORMS = auto()  # sound of several forms (without: of one in each schedule)
    COPIES = auto()  # two clips hold the same bytes: pre-record, a clip within another
    AGAIN = auto()  # two clips hold the same time as two encoders saw it


ALL = frozenset(Feature)
_KINDS = {
    "coarse": Feature.PARAMETERS,
    "large": Feature.SIZES,
    "quick": Feature.RATES,
    "slow": Feature.RATES,
    "reordered": Feature.B_FRAMES,
    "still": Feature.STILL,
    "still again": Feature.STILL,
    "h265 large": Feature.SIZES,
}


@dataclass(frozen=True)
class Schedule:
    """Clips in the order in which the camera lists them. ``asked`` is the range in seconds from EIGHT; None: all."""

    cuts: tuple[Cut, ...]
    container: OutputFormat
    asked: tuple[int, int] | None = None

    def __str__(self) -> str:
        asked = "all" if self.asked is None else f"{self.asked[0]}-{self.asked[1]} s"
        rows = [f"\n  {number}: {cut}, listed {cut.listed}" for number, cut in enumerate(self.cuts)]
        return f"{self.container.value} of {asked}{''.join(rows)}"


def schedules(features: frozenset[Feature] = ALL) -> st.SearchStrategy[Schedule]:
    """Schedules that hold nothing but ``features``."""
    return _schedules(features)


@st.composite
def _schedules(draw: st.DrawFn, features: frozenset[Feature]) -> Schedule:
    maker = _Maker(draw, features)
    cuts: list[Cut] = []
    for _ in range(draw(st.integers(1, _MOST_CLIPS))):
        cut = maker.next_after(cuts)
        if cut is None:
            break
        cuts.append(cut)
    cuts.sort(key=lambda cut: cut.listed)  # as the plan of an export does
    return Schedule(tuple(cuts), draw(st.sampled_from([OutputFormat.MP4, OutputFormat.MKV])), maker.range_of(cuts))


class _Maker:
    """Draws one clip after the other; what all have in common is drawn first."""

    def __init__(self, draw: st.DrawFn, features: frozenset[Feature]) -> None:
        self._draw = draw
        self._features = features
        self._dav = self._maybe(Feature.DAV, 4)
        self._lines = self._all_lines()
        self._sound: str | None = draw(st.sampled_from([*SOUNDS, None]))
        self._longer = draw(st.sampled_from([Fraction(0), Fraction(19, 10), Fraction(-1, 2)]))

    def _maybe(self, feature: Feature, seldom: int = 2) -> bool:
        """Once in ``seldom`` times, if the feature is wanted."""
        return feature in self._features and self._draw(st.integers(1, seldom)) == seldom

    def range_of(self, cuts: list[Cut]) -> tuple[int, int] | None:
        """What is asked for, in seconds from EIGHT; None: all."""
        short = any(cut.broken == "short" for cut in cuts)
        if (short and Feature.RANGES_OF_SHORT not in self._features) or not self._maybe(Feature.RANGES):
            return None
        start = self._draw(st.integers(0, LENGTH - 1))
        return start, self._draw(st.integers(start + 1, LENGTH))

    def _all_lines(self) -> list[str]:
        names = ["plain", "h265", *(name for name, feature in _KINDS.items() if feature in self._features)]
        if Feature.CODECS not in self._features or self._dav:
            codec = self._draw(st.sampled_from(["h264", "hevc"]))
            names = [name for name in names if PICTURES[name].video == codec]
        # DHAV has one time for a picture.
        return [name for name in names if not (self._dav and PICTURES[name].bframes)]

    def next_after(self, cuts: list[Cut]) -> Cut | None:
        """A clip somewhere after the beginning of the last one; None where the time is up."""
        relations: list[Callable[[Cut], Cut | None]] = [self._go_on, self._go_on, self._leave_a_gap]
        if Feature.COPIES in self._features:
            relations.append(lambda last: self._overlap(last, last.line))
        if Feature.AGAIN in self._features and len(self._lines) > 1:
            relations.append(lambda last: self._overlap(last, self._other_line(last)))
        if not cuts:
            cut = self._from(self._line(), Fraction(self._draw(st.integers(0, 20)), 10))
        else:
            cut = self._draw(st.sampled_from(relations))(max(cuts, key=lambda each: each.end))
        return None if cut is None else self._with_trouble(self._with_sound(replace(cut, dav=self._dav)))

    def _line(self) -> str:
        return self._draw(st.sampled_from(self._lines))

    def _other_line(self, last: Cut) -> str:
        return self._draw(st.sampled_from([name for name in self._lines if name != last.line]))

    def _go_on(self, last: Cut) -> Cut | None:
        """No picture between the two is missing, if there is a keyframe to begin with."""
        return self._from(last.line if self._draw(st.booleans()) else self._line(), last.end)

    def _leave_a_gap(self, last: Cut) -> Cut | None:
        return self._from(self._line(), last.end + Fraction(self._draw(st.integers(5, 40)), 10))

    def _overlap(self, last: Cut, name: str) -> Cut | None:
        """From within the last clip on; to after its end, or to before it."""
        back = Fraction(self._draw(st.integers(1, 40)), 10)
        first = line(name).key_from(max(last.start, last.end - back))
        if first * Fraction(1, PICTURES[name].fps) >= last.end:
            return None
        return self._lasting(name, first)

    def _from(self, name: str, moment: Fraction) -> Cut | None:
        source = line(name)
        first = source.key_from(moment)
        if not source.spec.bframes and self._maybe(Feature.LATE_KEYFRAMES, 4):
            first = -int(-moment // source.period)
        return self._lasting(name, first)

    def _lasting(self, name: str, first: int) -> Cut | None:
        """1 to 5 seconds, often up to the next keyframe, so that the next clip can go on from there."""
        source = line(name)
        last = first + self._draw(st.integers(10, 50)) * source.spec.fps // 10
        if last > source.spec.frames:
            return None
        if source.spec.bframes or self._draw(st.booleans()):
            last = source.key_from(last * source.period)
        return Cut(name, first, last - first)

    def _with_sound(self, cut: Cut) -> Cut:
        sound = self._sound
        if Feature.SOUND_FORMS in self._features:
            sound = sound and self._draw(st.sampled_from([sound, sound, *SOUNDS]))
        if sound is not None and self._maybe(Feature.SOUND_HOLES, 3):
            sound = None
        return replace(cut, sound=sound, longer=self._longer)

    def _with_trouble(self, cut: Cut) -> Cut:
        kinds: list[Any] = ["empty", "garbage", "web page"]
        if not cut.dav:
            kinds += ["no index", "cut"]
        if self._maybe(Feature.BROKEN, 8):
            return replace(cut, broken=self._draw(st.sampled_from(kinds)))
        # Without B-frames: what is left of a clip is then what comes first.
        if not cut.dav and not PICTURES[cut.line].bframes and self._maybe(Feature.SHORT, 8):
            return replace(cut, broken="short")
        return cut
