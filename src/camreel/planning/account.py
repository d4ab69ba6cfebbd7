"""The account of a range: every second that is not in the video, once, under its reason. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from camreel.model import Span

# Listings and file names have whole seconds: a shorter hole cannot be told from rounding.
RESOLUTION = timedelta(seconds=1)


class LossKind(str, Enum):
    """Why a recording or a part of the range is not in the video. The values are a contract of the JSON report."""

    # Recordings that were not downloaded.
    NOT_TRIED = "not_tried"
    OVERWRITTEN = "overwritten"
    NOT_DOWNLOADED = "not_downloaded"  # detail: the last error
    # Clips that are not in the video, or not all of them.
    NOT_MERGED = "not_merged"
    UNUSABLE = "unusable"  # detail: what is wrong with it
    KILLED_MERGE = "killed_merge"  # detail: how
    NO_KEYFRAME = "no_keyframe"
    NO_FRAME = "no_frame"
    ENDS_EARLY = "ends_early"  # detail: how many frames its index has and its bytes do not
    INDEX_CUT = "index_cut"
    SOUND_MISSING = "sound_missing"  # detail: how many seconds of it, as text
    UNDECODABLE = "undecodable"  # detail: how many frames need others from before the clip
    BOTH_ENDS = "both_ends"  # detail: how many frames are undecodable, or missing because it ends early
    DAMAGED = "damaged"  # detail: how many frames have bytes that make none, or need sets that the clip has not
    UNACCOUNTED = "unaccounted"  # detail: of how many frames camreel cannot tell where they are
    UNPLAYABLE = "unplayable"  # detail: what of it does not decode in the finished video
    OTHER_TRACK = "other_track"  # detail: which
    SHOWN_HIDDEN = "shown_hidden"  # detail: how many frames are shown that its edit list hides
    DUPLICATE = "duplicate"  # detail: the number of the clip that shows all of it
    # Parts of the range.
    NOT_RECORDED = "not_recorded"
    IN_NO_CLIP = "in_no_clip"
    LISTED_WITHOUT_FRAMES = "listed_without_frames"
    STILL_WRITING = "still_writing"
    NEVER_CLOSED = "never_closed"
    UNPROVEN = "unproven"  # detail: why the camera's list may lack recordings of it
    TOO_RECENT = "too_recent"  # detail: when to run again, HH:MM by the camera's clock


@dataclass(frozen=True, slots=True)
class LostReason:
    """Why something is lost or missing. :mod:`camreel.report.reasons` puts it into words.

    ``also`` is what else is lost of the same clip.
    """

    kind: LossKind
    detail: str | int = ""
    also: tuple[LostReason, ...] = ()


def uncovered(span: Span, covered: Iterable[Span], resolution: timedelta = RESOLUTION) -> tuple[Span, ...]:
    """Return the parts of ``span`` that no span of ``covered`` has, from ``resolution`` up, in order."""
    holes: list[Span] = []
    reached = span.start
    parts = sorted(part for part in covered if part.start < part.end)
    for part in (*parts, Span(span.end, span.end)):
        hole = Span(reached, min(part.start, span.end))
        if hole.start < hole.end and hole.end - hole.start >= resolution:
            holes.append(hole)
        reached = max(reached, part.end)
    return tuple(holes)


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of the range that is not in the output, and why; ``clip`` is the number of the clip to blame."""

    span: Span
    reason: LostReason
    clip: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Every moment of the range that is not in the output, once, under its reason.

    ``slivers`` are holes below the second that listings are made in: each may be rounding, all together they are
    counted.
    """

    gaps: tuple[Hole, ...]
    pending: tuple[Hole, ...]
    lost: tuple[Hole, ...]
    slivers: tuple[Span, ...] = ()

    @property
    def missing_seconds(self) -> float:
        """The length of all gaps, pending and lost parts, and slivers."""
        named = (*self.gaps, *self.pending, *self.lost)
        return sum(hole.span.seconds for hole in named) + sum(sliver.seconds for sliver in self.slivers)


def account_for(
    span: Span,
    covered: Iterable[Span],
    lost: Iterable[Hole],
    pending: Iterable[Hole],
    explain: Callable[[Span], tuple[LostReason, int | None]],
) -> Account:
    """Return which parts of ``span`` are not ``covered``: first as lost, then as pending, the rest as gaps.

    ``lost`` and ``pending`` may reach beyond the holes; only what is really missing is counted. ``explain`` gives
    the reason of a gap and the number of its clip; it is asked in the order of time.
    """
    every = uncovered(span, covered, resolution=timedelta(0))
    holes = [hole for hole in every if hole.end - hole.start >= RESOLUTION]
    slivers = [hole for hole in every if hole.end - hole.start < RESOLUTION]
    lost_parts, holes = _take(holes, lost)
    pending_parts, holes = _take(holes, pending)
    gaps = tuple(Hole(hole, *explain(hole)) for hole in holes if hole.end - hole.start >= RESOLUTION)
    slivers += [hole for hole in holes if hole.end - hole.start < RESOLUTION]
    return Account(gaps, pending_parts, lost_parts, tuple(sorted(slivers)))


def _take(holes: list[Span], claims: Iterable[Hole]) -> tuple[tuple[Hole, ...], list[Span]]:
    """Split ``holes`` (in order) into the parts that ``claims`` name, and the rest; of two claims the first wins."""
    taken: list[Hole] = []
    holes = list(holes)
    for claim in claims:
        # Only the holes that it touches are looked at: there can be 100,000 of both.
        first = bisect_right(holes, claim.span.start, key=lambda hole: hole.end)
        last = bisect_left(holes, claim.span.end, lo=first, key=lambda hole: hole.start)
        rest: list[Span] = []
        for hole in holes[first:last]:
            part = hole.overlap(claim.span)
            if part is None:
                rest.append(hole)
                continue
            taken.append(replace(claim, span=part))
            rest += [Span(s, e) for s, e in ((hole.start, part.start), (part.end, hole.end)) if s < e]
        holes[first:last] = rest
    return tuple(sorted(taken, key=lambda hole: hole.span)), holes
