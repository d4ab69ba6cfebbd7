"""Where clips lie on the camera's clock and in the output: cuts, chapters, notes on overlaps. Pure.

The frames are the master clock: the wall time of a frame is the listed start of its clip plus its distance from the
clip's first frame. The output has no pauses: a gap in the footage is a jump and a new chapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import groupby

from camreel.media.worker.messages import Chapter, ClipFile, ClipOutcome, MergeJob
from camreel.model import Doubt, DoubtKind, FrameCounts, Span, WallTime
from camreel.text import count_text

# The camera lists its recordings to the second: what is shorter cannot be told from rounding.
RESOLUTION = timedelta(seconds=1)

# What a recorder lists and what its frames are dated can differ by so much without one of them being wrong.
MOST_APART = timedelta(minutes=2)

# Pictures so far apart are not a low rate any more: between them nothing was recorded.
HOLE = Fraction(2)

# No recording is longer (cameras pack an hour, recorders a day): an index that claims more lies.
LONGEST_CLIP = timedelta(days=2)

# So many times that are shown twice are named, before the rest is only counted.
_MOST_SAID = 10


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a clip is wanted, in ticks from its first picture: from ``start`` (0: the beginning) up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip in the output: ``wall`` of its first to the end of its last copied picture, and where, in seconds.

    ``doubt`` is how far ``wall`` may be off.
    """

    label: str
    wall: Span
    start: float
    end: float
    events: tuple[str, ...] = ()
    doubt: timedelta = RESOLUTION


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """Clips that follow each other without a gap. ``why`` says what lies before it, empty for the first."""

    placed: tuple[Placed, ...]
    why: str


def cut_of(clip: ClipFile, job: MergeJob, span: Span, time_base: Fraction) -> Cut:
    """What ``span`` (a part of the range) takes of ``clip``, in ticks of ``time_base`` from its first picture."""
    longest = ticks_at(LONGEST_CLIP, time_base)
    if job.video.whole_clips:
        return Cut(0, longest)
    start = ticks_at(span.start - clip.span.start, time_base)
    end = ticks_at(span.end - clip.span.start, time_base)
    return Cut(max(0, start), min(end, longest))


def wall_at(clip: ClipFile, ticks: int, time_base: Fraction) -> WallTime:
    """The wall time ``ticks`` after the first picture of ``clip``."""
    micros = ticks * time_base.numerator * 1_000_000 // time_base.denominator
    return clip.span.start + timedelta(microseconds=micros)


def ticks_at(distance: timedelta, time_base: Fraction) -> int:
    """``distance`` in ticks, rounded up: a picture just before a cut stays before it."""
    micros = distance // timedelta(microseconds=1)
    return -(-micros * time_base.denominator // (1_000_000 * time_base.numerator))


def creation_time(first: WallTime, utc_offset: int, drift: int = 0) -> str:
    """The moment of the first picture in UTC, as FFmpeg's ``creation_time`` takes it."""
    # Plain arithmetic: a camera whose clock was never set can be years off, which no zone can be.
    utc = first.naive - timedelta(seconds=utc_offset + drift)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def by_own_clock(clip: ClipFile, job: MergeJob, firsts: Sequence[WallTime]) -> tuple[ClipFile, WallTime] | None:
    """``clip`` from the first of ``firsts`` on that the times it is listed for allow, and that time.

    They are when its first picture was taken by the camera's clock, as it was set one time after the other. None if
    the listed times allow none of them.
    """
    turned = timedelta(seconds=(_offset_at(clip.span.start, job) or 0) - (job.utc_offset or 0))
    latest = max(clip.span.start, clip.span.end) + MOST_APART
    for first in firsts:
        start = first - turned
        if clip.span.start - MOST_APART <= start <= latest:
            return replace(clip, span=Span(start, max(start, clip.span.end))), first
    return None


def wanted_parts(clip: ClipFile, job: MergeJob) -> list[Span]:
    """The parts of the range that ``clip`` may have something of, in order; the first where it has nothing.

    Listed ends are not to be trusted, so a part counts from the listed start of the clip on.
    """
    parts = [*_between(job.span, job.skipped)]
    longest = Span(clip.span.start, max(clip.span.end, clip.span.start + RESOLUTION))
    return [part for part in parts if part.overlap(longest)] or parts[:1]


def _between(span: Span, skipped: Sequence[Span]) -> list[Span]:
    edges = [span.start, *(edge for each in skipped for edge in (each.start, each.end)), span.end]
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def together(outcomes: Sequence[ClipOutcome]) -> ClipOutcome:
    """One outcome for the parts of one clip, in order."""
    used = [outcome for outcome in outcomes if outcome.covered is not None]
    if len(outcomes) == 1 or not used:
        return outcomes[0]
    first, last = used[0], used[-1]
    assert first.covered is not None and last.covered is not None  # noqa: PT018
    return replace(
        first,
        covered=Span(first.covered.start, last.covered.end),
        video_packets=sum(each.video_packets for each in used),
        audio_packets=sum(each.audio_packets for each in used),
        undecodable_dropped=sum(each.undecodable_dropped for each in used),
        missing_packets=max(each.missing_packets for each in used),
        damaged=sum(each.damaged for each in used),
        audio_cut_seconds=last.audio_cut_seconds,
        sound_missing=sum(each.sound_missing for each in used),
        index_cut=any(each.index_cut for each in used),
        holes=tuple(hole for each in used for hole in each.holes),
        duplicates=max(each.duplicates for each in used),
        frames=FrameCounts.of_parts([each.frames for each in outcomes if each.frames is not None]),
        hidden_shown=sum(each.hidden_shown for each in used),
    )


def continuous(covered: Span, holes: Sequence[Span], starts_at: float, *, held: bool) -> list[tuple[Span, float]]:
    """The parts of what a clip covers without its holes, and where each starts in the film (seconds).

    ``held``: the film keeps real time, else it jumps over them.
    """
    parts, start, at = [], covered.start, starts_at
    for hole in holes:
        parts.append((Span(start, hole.start), at))
        at += ((hole.end if held else hole.start) - start).total_seconds()
        start = hole.end
    return [*parts, (Span(start, covered.end), at)]


def stretches(clips: Sequence[Placed], job: MergeJob | None = None) -> list[TimelineSpan]:
    """``clips``, in the order of the output, parted where a second or more is missing or the clock was changed."""
    parted: list[TimelineSpan] = []
    current: list[Placed] = []
    why = ""
    until: WallTime | None = None
    for clip in clips:
        reason = _break_before(clip, current[-1].wall, until, job) if until is not None else None
        if reason is not None:
            parted.append(TimelineSpan(tuple(current), why))
            current, why, until = [], reason, None
        current.append(clip)
        until = clip.wall.end if until is None else max(until, clip.wall.end)
    return [*parted, TimelineSpan(tuple(current), why)] if current else parted


def _break_before(clip: Placed, previous: Span, until: WallTime, job: MergeJob | None) -> str | None:
    turned = (_offset_at(clip.wall.start, job) or 0) - (_offset_at(previous.start, job) or 0)
    gap = clip.wall.start - until
    if job is not None and job.apart and gap >= RESOLUTION:
        return f"{how_long(gap.total_seconds())} later"
    if job is not None and any(until >= each.start and clip.wall.start <= each.end for each in job.skipped):
        return "the same time again: the camera's clock went back"
    if gap >= RESOLUTION:
        return f"after a gap of {how_long(gap.total_seconds())}"
    if turned:
        return f"the camera's clock went {'forward' if turned > 0 else 'back'}"
    if previous.start - clip.wall.start >= RESOLUTION:
        return "the camera's clock went back"
    return None


def _offset_at(straight: WallTime, job: MergeJob | None) -> int | None:
    """Seconds east of UTC that the camera's clock has at a straight time."""
    if job is None:
        return None
    offsets = [job.utc_offset, *(change.utc_offset for change in job.changes if change.at <= straight)]
    return offsets[-1]


def shown(straight: WallTime, job: MergeJob | None) -> str:
    """What the picture shows at a straight time, to the second; with the offset, where that is known."""
    offset = _offset_at(straight, job)
    if job is None or offset is None or job.utc_offset is None:
        return str(straight)
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    wall = straight + timedelta(seconds=offset - job.utc_offset)
    return f"{wall}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def chapters(clips: Sequence[Placed], job: MergeJob | None = None) -> tuple[Chapter, ...]:
    """One chapter for each stretch, its title the wall clock and what lies before it, and for each event in it."""
    made: list[Chapter] = []
    for stretch in stretches(clips, job):
        parts = _by_events(stretch.placed)
        for number, part in enumerate(parts):
            said = [stretch.why if number == 0 else "", ", ".join(part[0].events)]
            why = "; ".join(each for each in said if each)
            begin = shown(part[0].wall.start, job)
            end = part[-1].end if number + 1 == len(parts) else parts[number + 1][0].start
            span = Span(part[0].wall.start, max(clip.wall.end for clip in part))
            made.append(Chapter(part[0].start, end, span, f"{begin} ({why})" if why else begin, after_gap=number == 0))
    return tuple(made)


def _by_events(clips: Sequence[Placed]) -> list[list[Placed]]:
    """Clips in a row that are of the same events."""
    return [list(group) for _, group in groupby(clips, key=lambda clip: clip.events)]


def most_telling(chapters: Sequence[Chapter], most: int) -> list[Chapter]:
    """As many of the chapters as a container holds: those of stretches before those of events, and early ones first."""
    if len(chapters) <= most:
        return list(chapters)
    if not most:
        return []
    ranked = sorted(range(len(chapters)), key=lambda at: (not chapters[at].after_gap, at))
    kept = [chapters[at] for at in sorted(ranked[:most])]
    ends = [*(each.start for each in kept[1:]), chapters[-1].end]
    return [replace(each, end=max(each.end, end)) for each, end in zip(kept, ends, strict=True)]


def overlaps(clips: Sequence[Placed], job: MergeJob | None = None) -> tuple[Doubt, ...]:
    """What two clips both hold by their clocks, from as much as these may be off: it is shown twice."""
    found = []
    longest: Placed | None = None
    for clip in sorted(clips, key=lambda each: each.wall):
        if longest is not None and longest.wall.end - clip.wall.start >= max(longest.doubt, clip.doubt):
            twice = Span(clip.wall.start, min(longest.wall.end, clip.wall.end))
            said = f"{_span_shown(twice, job)} is in two recordings and is shown twice: their pictures differ."
            found.append(Doubt(DoubtKind.SHOWN_TWICE, "both", said, twice))
        if longest is None or clip.wall.end > longest.wall.end:
            longest = clip
    return tuple(found)


def sentences(doubts: Sequence[Doubt]) -> tuple[str, ...]:
    """What the report says of them: of many the first ones, and how many more there are."""
    said = [doubt.text for doubt in doubts[:_MOST_SAID]]
    if more := doubts[_MOST_SAID:]:
        seconds = how_long(sum(doubt.span.seconds for doubt in more))
        said.append(f"The same applies to {count_text(len(more), 'more part')} ({seconds} in all).")
    return tuple(said)


def _span_shown(span: Span, job: MergeJob | None) -> str:
    if job is None or not job.changes:
        return str(span)
    return f"{shown(span.start, job)} to {shown(span.end, job)}"


def how_long(seconds: float) -> str:
    """``12 s``, ``1 min 5 s``, ``2 h 0 min 5 s``: to the second, never 0."""
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min {rest} s"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
