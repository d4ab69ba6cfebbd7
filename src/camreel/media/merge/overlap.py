"""Two clips that hold the same moment: decide which frames of which are shown. Pure.

Cameras record the seconds before an event again, and some keep a continuous recording beside those of events. One
encoder writes the same bytes into both files: then the cut lies between two frames, at any place. If the bytes differ,
only the clock can tell, to the whole second of the camera's list: in doubt a frame is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from camreel.model import WallTime

if TYPE_CHECKING:
    from camreel.media.clips.marks import Mark

# How far from where the clock puts it the same footage is looked for: a still picture repeats itself all day.
_NEAR = timedelta(seconds=60)
# So many pictures show whether a scene is still.
_LATELY = 60


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The pictures of a clip, as stored. ``start`` is when the first was taken, ``doubt`` how far that may be off.

    ``listed_end`` is when the clip ends by the list, where its pictures do not say it as well. Only up to where both
    agree is it believed: an index can claim hours.
    """

    start: WallTime
    end: WallTime
    marks: Sequence[Mark]
    doubt: timedelta
    listed_end: WallTime | None = None

    @property
    def sure_end(self) -> WallTime:
        """Up to here it is sure to have pictures."""
        return self.end if self.listed_end is None else min(self.end, self.listed_end)

    @property
    def possible_end(self) -> WallTime:
        """It may have pictures up to here."""
        return self.end if self.listed_end is None else max(self.end, self.listed_end)

    def wall(self, mark: Mark) -> WallTime:
        """When a picture was taken, by the clip's clock."""
        return self.start + timedelta(microseconds=mark.at)


@dataclass(frozen=True, slots=True)
class Seam:
    """What to do with the later of two clips, and with the end of the earlier one.

    ``skip``: so many stored pictures at the start of the later clip are the last ones of the earlier; the film goes on
    with the next, which need not be a keyframe. ``shift`` puts the later clip to where its pictures then lie.
    ``inside``: the earlier clip shows all of the later one. ``cut``: the earlier clip ends before this moment.
    ``begin``: the later one begins with the keyframe at this place (microseconds). ``doubtful``: by the clock alone.
    """

    skip: int = 0
    shift: timedelta = timedelta(0)
    inside: bool = False
    cut: WallTime | None = None
    begin: int | None = None
    doubtful: bool = False


def find_seam(before: ClipFrames, after: ClipFrames) -> Seam:
    """How ``after`` follows ``before``, which started no later."""
    doubt = max(before.doubt, after.doubt)
    if before.end - after.start <= -doubt or not before.marks or not after.marks:
        return Seam()
    both = before.sure_end - after.start
    found = _alignments(before, after)
    fitting = [at for at in found if abs(before.wall(before.marks[at]) - after.start) < doubt]
    certain = len(found) == 1 and _tells(before)
    if fitting and (certain or both >= doubt):
        return _same(before, after, max(fitting), doubtful=not certain)
    return _by_clock(before, after, doubt) if both >= doubt else Seam()


def _alignments(before: ClipFrames, after: ClipFrames) -> list[int]:
    """Where in ``before`` the pictures of ``after`` begin, the same to the end of either."""
    first = after.marks[0]
    near = (
        at for at, mark in enumerate(before.marks) if mark.same(first) and abs(before.wall(mark) - after.start) <= _NEAR
    )
    return [
        at for at in near if all(one.same(other) for one, other in zip(before.marks[at:], after.marks, strict=False))
    ]


def _tells(footage: ClipFrames) -> bool:
    """Whether no picture looks like another: those of a still scene do, and would fit anywhere.

    Its keyframes repeat, if only every second one (encoders count them so), and the pictures between them, which
    have nothing to tell, are of a few sizes.
    """
    keys = [(mark.size, mark.checksum) for mark in footage.marks if mark.key]
    sizes = [mark.size for mark in footage.marks if not mark.key]
    return len(keys) > 1 and len(set(keys)) == len(keys) and 2 * len(set(sizes[-_LATELY:])) > len(sizes[-_LATELY:])


def _same(before: ClipFrames, after: ClipFrames, at: int, *, doubtful: bool) -> Seam:
    shared = len(before.marks) - at
    shift = before.wall(before.marks[at]) - after.wall(after.marks[0])
    return Seam(skip=min(shared, len(after.marks)), shift=shift, inside=shared >= len(after.marks), doubtful=doubtful)


def _by_clock(before: ClipFrames, after: ClipFrames, doubt: timedelta) -> Seam:
    """No picture is left out that could be the only one of its moment: ``doubt`` is added on each side."""
    keys = [mark for mark in after.marks if mark.key]
    if after.possible_end + doubt <= before.sure_end:
        return Seam(inside=True, doubtful=True)
    if not keys:
        return Seam()
    if before.end > after.end - doubt:
        # Either may end last: the earlier one whole, and the later one from the last keyframe that is early enough.
        early = [mark for mark in keys if after.wall(mark) <= before.end - doubt]
        return Seam(begin=(early or keys[:1])[-1].at, doubtful=True)
    cut = after.wall(keys[0]) + doubt
    return Seam(cut=cut if cut < before.end else None, doubtful=True)
