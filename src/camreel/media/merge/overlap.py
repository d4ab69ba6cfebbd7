"""Two clips that hold the same moment: decide which frames of which are shown. Pure.

Cameras record the seconds before an event again, and some keep a continuous recording beside those of events. One
encoder writes the same bytes into both files: then the cut lies between two frames, at any place. If the bytes differ,
all of both is shown: a clock alone, which may be off by any time, is no reason to leave out a frame.
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
NEAR = timedelta(seconds=60)
# So many pictures show whether a scene is still.
_LATELY = 60
# So many different pictures in a row that are the same in both clips are no accident.
_PROOF = 3


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The pictures of a clip, as stored. ``start`` is when the first was taken, ``doubt`` how far that may be off.

    ``listed_end`` is when the clip ends by the list, if its pictures do not say it as well. It is believed only up to
    where both agree: an index can claim hours.
    """

    start: WallTime
    end: WallTime
    marks: Sequence[Mark]
    doubt: timedelta
    listed_end: WallTime | None = None

    @property
    def begins(self) -> WallTime:
        """When its first picture was taken, which an edit list may hide."""
        return self.wall(self.marks[0]) if self.marks else self.start

    @property
    def sure_end(self) -> WallTime:
        """Up to here it is sure to have pictures."""
        return self.end if self.listed_end is None else min(self.end, self.listed_end)

    def wall(self, mark: Mark) -> WallTime:
        """When a picture was taken, by the clip's clock."""
        return self.start + timedelta(microseconds=mark.at)


@dataclass(frozen=True, slots=True)
class Seam:
    """What to do with the later of two clips.

    ``skip``: so many stored pictures at its start are the last ones of the earlier; the film goes on with the next,
    which need not be a keyframe. ``shift`` puts it to where its pictures then lie. ``inside``: the earlier clip shows
    all of it.
    """

    skip: int = 0
    shift: timedelta = timedelta(0)
    inside: bool = False


def find_seam(before: ClipFrames, after: ClipFrames) -> Seam:
    """How ``after`` follows ``before``, which is said to start no later."""
    if not before.marks or not after.marks:
        return Seam()
    if (hidden := find_hidden(before, after)) != Seam():
        return hidden
    doubt = max(before.doubt, after.doubt)
    found = _alignments(before, after)
    fitting = [at for at in found if abs(before.wall(before.marks[at]) - after.begins) < doubt]
    certain = len(found) == 1 and (_tells(before) or _tells(after))
    if fitting and (certain or before.sure_end - after.begins >= doubt):
        return _same(before, after, max(fitting))
    if certain and _prove_the_clock_wrong(before, after, found[0]):
        return _same(before, after, found[0])
    return Seam()


def find_hidden(before: ClipFrames, after: ClipFrames) -> Seam:
    """How ``after`` follows ``before`` if this ends with all that an edit list hides of the start of ``after``."""
    hidden = max((number for number, mark in enumerate(after.marks, 1) if mark.at < 0), default=0)
    if not hidden:
        return Seam()
    doubt = max(before.doubt, after.doubt)
    whole = [
        at
        for at in _alignments(before, after)
        if hidden <= len(before.marks) - at and abs(before.wall(before.marks[at]) - after.begins) < doubt
    ]
    return _same(before, after, max(whole)) if whole else Seam()


def _alignments(before: ClipFrames, after: ClipFrames) -> list[int]:
    """Where in ``before`` the pictures of ``after`` begin, the same to the end of either."""
    first = after.marks[0]
    near = (
        at for at, mark in enumerate(before.marks) if mark.same(first) and abs(before.wall(mark) - after.begins) <= NEAR
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


def _prove_the_clock_wrong(before: ClipFrames, after: ClipFrames, at: int) -> bool:
    """Whether the end of ``before`` is so much the start of ``after`` that it does not matter when they were listed.

    A clip that is the same from its first picture on may be the same file under another name: a list says which.
    """
    shared = before.marks[at : at + len(after.marks)]
    return at > 0 and len({(mark.size, mark.checksum) for mark in shared}) >= _PROOF


def _same(before: ClipFrames, after: ClipFrames, at: int) -> Seam:
    shared = len(before.marks) - at
    shift = before.wall(before.marks[at]) - after.wall(after.marks[0])
    return Seam(skip=min(shared, len(after.marks)), shift=shift, inside=shared >= len(after.marks))
