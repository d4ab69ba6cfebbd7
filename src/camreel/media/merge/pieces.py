"""A piece: what of a clip is copied, and where it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from camreel.media.merge import timeline
from camreel.media.worker.messages import ClipFile
from camreel.model import Span, WallTime

if TYPE_CHECKING:
    from camreel.media.clips.clip import Clip
    from camreel.media.clips.description import Description
    from camreel.media.mux.base import OutputFile


class StopReason(Enum):
    """How far a clip has come."""

    END = "end"  # nothing more of it is wanted
    LIMIT = "limit"  # it waits for the next clip
    SPLIT = "split"  # the rest belongs into another file


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a clip is to be copied: enough to do it again. Places are ticks of the clip, from its first picture.

    ``span`` is the part of the range that is asked for. ``skip``: so many stored pictures are in the film already, from
    the clip before; the next one, at ``begin``, follows after ``lag`` seconds and need not be a keyframe. Without
    ``skip``, ``begin`` is a keyframe to begin with. What is from ``end`` on is left out. ``is_rest``: what is before
    ``begin`` is in another file; else another clip shows it. ``begins_file``: behind frames of another encoder
    a decoder leaves out some of it. ``builds_up``: its first frames only make up the picture of the first one shown.
    """

    clip: ClipFile
    span: Span
    skip: int = 0
    lag: Fraction = Fraction(0)
    begin: int | None = None
    end: int | None = None
    is_rest: bool = False
    begins_file: bool = False
    builds_up: bool = False

    def until(self, end: int) -> Piece:
        """The same, ending at ``end`` or where it ended before."""
        return replace(self, end=end if self.end is None else min(self.end, end))


# The bytes that come with a keyframe, up to the next; None if that is not known. What fits into so many bytes as are
# given need not be known any better than that.
GopBytes = Callable[[int], "int | None"]


class Destination(Protocol):
    """Where pieces go: the file that is being written."""

    def output_for(self, piece: Piece, source: Clip, first: WallTime, description: Description) -> OutputFile:
        """The open output, for a piece whose first picture was taken at ``first`` and has ``description``."""

    def place_of(self, wall: WallTime) -> Fraction | None:
        """Where (seconds) a picture taken at ``wall`` belongs, in a film that keeps real time; else None."""

    def takes(self, description: Description) -> bool:
        """Whether frames of ``description`` can be in the file that is open."""

    def is_full(self, wall: WallTime, gop: GopBytes) -> bool:
        """Whether a keyframe taken at ``wall`` belongs into another file. See :data:`GopBytes`."""


def place_first(piece: Piece, destination: Destination, output: OutputFile, wall: WallTime) -> int:
    """Where (ticks of the output) the first picture of a piece, taken at ``wall``, goes: behind what is there."""
    pictures = output.pictures
    if piece.skip and pictures.packets:
        return pictures.shown + max(1, round(piece.lag / pictures.time_base))
    held = destination.place_of(wall)
    resolution = Fraction(timeline.RESOLUTION // timedelta(microseconds=1), 1_000_000)
    if held is None or held - pictures.end * pictures.time_base < resolution:
        return pictures.end
    base = max(pictures.end, round(held / pictures.time_base))
    if output.sound is not None:
        output.sound.quiet_until(base * pictures.time_base)
    return base
