"""Plan an export: which recordings to download, and which parts of the range are missing and why. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import RESOLUTION, uncovered

# A clip that has ended may be listed minutes later (measured on Amcrest cameras): so long, a hole says nothing.
INDEX_LAG = timedelta(minutes=15)

# Of a recording that reaches beyond the range, so much more than the range is fetched on each side: the doubt of listed
# times. A side that is not much longer than that is not worth the requests.
PART_MARGIN = timedelta(seconds=2)
_LEAST_BEYOND = timedelta(seconds=8)
_LEAST_SHARE = 0.1
_LEAST_OF_UNKNOWN_SIZE = timedelta(minutes=1)
LEAST_SAVED = 2 << 20  # bytes
WITHOUT_EVENTS = "without these events"
_ELSEWHERE = "outside the range"


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """The recordings to fetch, in the order in which they are merged, and the holes between them.

    ``gaps`` are by the listed times and lie within ``span``; ``writing`` are the recordings that the camera has not
    closed yet; ``left_out`` counts what the listing had besides, by reason; ``skipped`` are parts of ``span`` that are
    not wanted, and cut out of recordings; ``unwanted`` are parts of which no recording is wanted. Clip
    numbers are places in ``recordings``, from 1.
    """

    span: Span
    recordings: tuple[Recording, ...]
    gaps: tuple[Span, ...]
    writing: tuple[Recording, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    skipped: tuple[Span, ...] = ()
    unwanted: tuple[Span, ...] = ()

    @property
    def growing(self) -> tuple[Recording, ...]:
        """Those of ``writing`` that the camera may close: it has closed none that begins later."""
        last = max((recording.span.start for recording in self.recordings), default=None)
        return tuple(one for one in self.writing if last is None or one.span.start >= last)

    @property
    def never_closed(self) -> tuple[Span, ...]:
        """From the beginning of each other one to the next recording."""
        starts = sorted(recording.span.start for recording in self.recordings)
        following = [(one.span.start, bisect_right(starts, one.span.start)) for one in self.writing]
        return tuple(Span(start, starts[at]) for start, at in following if at < len(starts))

    @property
    def listed_bytes(self) -> int:
        """The sum of the listed sizes, in bytes; recordings without one count nothing."""
        return sum(recording.size or 0 for recording in self.recordings)

    @property
    def bytes_to_fetch(self) -> int:
        """The same of what is wanted of them, about."""
        return sum(recording.size_to_fetch or 0 for recording in self.recordings)


def plan_export(
    listing: Iterable[Recording],
    span: Span,
    stream: Stream,
    skipped: tuple[Span, ...] = (),
    *,
    unwanted: tuple[Span, ...] = (),
    is_wanted: Callable[[Recording], bool] | None = None,
    to_the_frame: bool = False,
) -> ExportPlan:
    """What of ``listing`` belongs into an export of ``span``, but for the parts that are ``skipped``.

    ``unwanted`` are parts that only recordings lie in of which ``is_wanted`` says no (None: all are wanted).
    ``to_the_frame``: one that is listed to end where the range begins is in, too, as it may have frames of it.

    Snapshots, the other stream, and what the camera listed outside the range are left out and counted. A path that
    was listed twice counts once. What cannot be downloaded (it lies on another server) is in: it will be named as lost.
    """
    listing = tuple(listing)
    wanted = uncovered(span, (*skipped, *unwanted))
    first = {one.path: one for one in _into_the_first_second(listing, span, wanted, stream)} if to_the_frame else {}
    if is_wanted is not None:
        first = {path: one for path, one in first.items() if is_wanted(one)}
    chosen: dict[str, Recording] = {}
    left_out: dict[str, int] = {}
    for recording in listing:
        reason = _why_not(recording, wanted, stream)
        if reason == _ELSEWHERE and unwanted and span.overlap(_listed(recording)):
            reason = WITHOUT_EVENTS
        if reason is None and is_wanted is not None and not is_wanted(recording):
            reason = WITHOUT_EVENTS
        if recording.path in first and recording is first[recording.path]:
            continue
        if reason is None and recording.path in chosen:
            reason = "listed twice"
        if reason is None:
            chosen[recording.path] = recording
        else:
            left_out[reason] = left_out.get(reason, 0) + 1
    if twice := len(chosen.keys() & first.keys()):
        left_out["listed twice"] = left_out.get("listed twice", 0) + twice
    chosen = {**first, **chosen}  # what is also listed to end later is fetched up to there
    ordered = sorted(chosen.values(), key=lambda r: (r.span.start, r.span.end, r.position))
    closed = tuple(recording for recording in ordered if not recording.writing)
    writing = tuple(recording for recording in ordered if recording.writing)
    gaps = uncovered(span, [*(r.span for r in closed), *skipped, *unwanted])
    return ExportPlan(span, closed, gaps, writing, tuple(left_out.items()), skipped, unwanted)


def _into_the_first_second(
    listing: Sequence[Recording], span: Span, wanted: Sequence[Span], stream: Stream
) -> list[Recording]:
    """What may reach into the first second of the range: it is listed to end where that begins.

    Listed times are cut to whole seconds, so it may have most of that second, also if the next is listed from there on.
    """
    if not wanted or wanted[0].start != span.start:
        return []
    ours = [one for one in listing if is_footage(one, stream)]
    return [one for one in ours if one.span.start < one.span.end == span.start]


def in_parts(plan: ExportPlan, least_saved: int = LEAST_SAVED) -> ExportPlan:
    """The plan with a wanted part for each recording that reaches far enough beyond the range for it to pay.

    That is where it saves a tenth of the recording and ``least_saved`` bytes. Where recordings overlap, their pictures
    are compared, also those outside the range: those are fetched whole.
    """
    chosen = []
    reached: WallTime | None = None
    for number, recording in enumerate(plan.recordings):
        following = plan.recordings[number + 1 : number + 2]
        alone = (reached is None or reached - recording.span.start <= RESOLUTION) and all(
            recording.span.end - other.span.start <= RESOLUTION for other in following
        )
        reached = recording.span.end if reached is None else max(reached, recording.span.end)
        part = _part_of(recording, plan.span, least_saved) if alone else None
        chosen.append(replace(recording, part=part) if part is not None else recording)
    return replace(plan, recordings=tuple(chosen))


def _part_of(recording: Recording, span: Span, least_saved: int) -> Span | None:
    whole = recording.span
    start, end = span.start - PART_MARGIN, span.end + PART_MARGIN
    start = start if start - whole.start >= _LEAST_BEYOND else whole.start
    end = end if whole.end - end >= _LEAST_BEYOND else whole.end
    if recording.is_dated_by_end or recording.backwards_end is not None or end <= start or Span(start, end) == whole:
        return None
    saved = (start - whole.start) + (whole.end - end)
    share = saved / (whole.end - whole.start)
    pays = saved >= _LEAST_OF_UNKNOWN_SIZE if recording.size is None else recording.size * share >= least_saved
    return Span(start, end) if pays and share > _LEAST_SHARE else None


def is_snapshot(recording: Recording) -> bool:
    """Whether it is a still picture."""
    return recording.path.lower().endswith((".jpg", ".jpeg")) or recording.listed_as in {"jpg", "jpeg"}


def is_footage(recording: Recording, stream: Stream) -> bool:
    """Return whether it is a recording of `stream`, and no still picture."""
    return recording.stream is stream and not is_snapshot(recording)


def _why_not(recording: Recording, wanted: Sequence[Span], stream: Stream) -> str | None:
    if is_snapshot(recording):
        return "snapshots"
    if recording.stream is not stream:
        return f"of the {recording.stream.value} stream"
    listed = _listed(recording)
    near = bisect_right(wanted, listed.start, key=lambda part: part.end)  # the first that ends after it starts
    return _ELSEWHERE if near == len(wanted) or wanted[near].overlap(listed) is None else None


def _listed(recording: Recording) -> Span:
    """A recording of zero seconds is listed by some cameras; it may still hold pictures."""
    return Span(recording.span.start, max(recording.span.end, recording.span.start + RESOLUTION))
