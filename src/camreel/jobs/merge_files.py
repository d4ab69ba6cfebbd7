"""Merge clips on disk into a video and a report. The engine, report and rules are those of an export.

examine -> date -> plan -> merge -> verify -> name -> report
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from camreel import events
from camreel.clock import CameraClock, CameraRange, ZoneFacts, is_by_clock, locate, show_span, straightened
from camreel.clock.zone_sources import clock_by, sources
from camreel.clock.zones import moments_of
from camreel.diskio import disk_errors
from camreel.errors import DiskError, MergeError, NothingRecorded, ResourceError, UsageError, printable
from camreel.files.dating import Candidate, Dated, date_all, lay_in_order, look_at_some
from camreel.files.discover import without_copies
from camreel.formats.source import ClipTrust
from camreel.jobs.exclusion import Attempt, run_excluding
from camreel.jobs.order import clip_file, merge_job
from camreel.jobs.outcome import account_clips, played, usable
from camreel.media.worker.messages import ClipFile, ClipOutcome, ClipResults, MergeJob, MergeResult
from camreel.media.worker.process import MergeDied, MergeProcess, PlaybackDied
from camreel.model import AskedRange, MergeRequest, Recording, Span, Stream, WallTime
from camreel.output.finalize import already_there, finish, make_folders, part_for, prepare
from camreel.planning.account import LossKind, LostReason, uncovered
from camreel.planning.plan import ExportPlan, plan_export
from camreel.report import Report, reason_text
from camreel.text import count_text
from camreel.transfer.store import Fetched

_LOG = logging.getLogger(__name__)

_UNTOUCHED = "The clips are unchanged."
_FAR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class _PlacedClip:
    """The clips and the range on straight time."""

    plan: ExportPlan
    clock: CameraClock | None
    request: MergeRequest


@dataclass(frozen=True, slots=True)
class _Merged:
    """The output under its part name, and an outcome for each clip of the plan."""

    outcomes: tuple[ClipOutcome | LostReason, ...]
    result: MergeResult


async def merge(
    request: MergeRequest,
    on_event: events.Listener,
    *,
    notes: Sequence[str] = (),
    missing: int = 0,
    utc_now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Report:
    """Make the video that ``request`` asks for.

    ``notes`` are those of the search for its files, which has left out so many that are ``missing``.

    Raises a :class:`CamreelError` if there is no video to report on. Clips are only read. Cancelling is safe at any
    time.
    """
    if (report := already_there(request)) is not None:
        return report
    try:
        return await _Merge(request, on_event, utc_now, notes, missing).run()
    except (DiskError, ResourceError) as error:
        # The advice is written for exports, which have downloads and a folder for them.
        hint = (error.hint or "").replace(": downloads are kept", "").replace("--output-dir", "--output-file")
        raise type(error)(str(error), hint=hint) from error


class _Merge:
    """One run. The methods stand in the order of their calls."""

    def __init__(
        self,
        request: MergeRequest,
        emit: events.Listener,
        utc_now: Callable[[], datetime],
        notes: Sequence[str],
        missing: int,
    ) -> None:
        self._request = request
        self._emit = emit
        self._utc_now = utc_now
        self._warnings: list[str] = []
        self._missing = missing
        for note in notes:
            self._warn(note)

    def _warn(self, text: str) -> None:
        self._warnings.append(text)
        self._emit(events.Warned(text))

    async def run(self) -> Report:
        clock = _clock(self._request)
        _check_range(self._request, clock)
        prepare(self._request.output)
        dated, copies = await self._look(clock)
        placed = self._place(dated, clock)
        plan, request = replace(placed.plan, left_out=(*placed.plan.left_out, *copies)), placed.request
        if (there := already_there(request)) is not None:
            return there
        self._emit(events.Gathered(request, plan, placed.clock, dated.times_from))
        if not plan.recordings:
            raise _nothing(dated, plan, placed.clock)
        for number, recording in enumerate(plan.recordings, 1):
            _LOG.debug("clip %d is %s: %s", number, recording.span, printable(recording.path, 1000))
        make_folders(request.output)
        part = part_for(request)
        merged = await self._merge(plan, _job(placed, part))
        return self._named(placed, plan, merged, dated, part)

    async def _look(self, clock: CameraClock | None) -> tuple[Dated, tuple[tuple[str, int], ...]]:
        candidates: list[Candidate] = []
        files = self._request.files
        while len(candidates) < len(files):
            self._emit(events.FilesExamined(len(candidates), len(files)))
            # In a thread: a recorder's disk has files whose frames take seconds to walk.
            look = partial(look_at_some, files[len(candidates) :], length=self._request.in_order)
            candidates += await anyio.to_thread.run_sync(look, abandon_on_cancel=True)
        kept, notes = await anyio.to_thread.run_sync(without_copies, candidates, abandon_on_cancel=True)
        for note in notes:
            self._warn(note)
        dated = lay_in_order(kept) if self._request.in_order else date_all(kept, clock.zone if clock else None)
        for note in dated.notes:
            self._warn(note)
        left = len(candidates) - len(kept)
        return dated, ((("copy of another" if left == 1 else "copies of others"), left),) if left else ()

    def _place(self, dated: Dated, clock: CameraClock | None) -> _PlacedClip:
        """Place the clips and the range on straight time."""
        if self._request.asked is None:
            where = _all_of(dated.recordings, clock)
            recordings, doubts = straightened(dated.recordings, where)
            plan = _plan_of_all(dated.with_lengths(recordings))
            request = self._request
        else:
            where = locate(self._request.asked, clock, self._utc_now())
            recordings, doubts = straightened(dated.recordings, where)
            clips = dated.with_lengths(recordings)
            plan = plan_export(clips, where.span, Stream.MAIN, where.skipped, to_the_frame=True)
            request = replace(self._request, asked=where.asked)
            doubts = (*where.notes, *doubts)
        for doubt in doubts:
            self._warn(doubt)
        return _PlacedClip(plan, where.clock, request)

    async def _merge(self, plan: ExportPlan, job: MergeJob) -> _Merged:
        numbers = range(1, len(plan.recordings) + 1)
        try:
            return await run_excluding(partial(self._attempt, plan, job), numbers, job.output, self._warn)
        except MergeError as error:
            raise MergeError(str(error), hint=_UNTOUCHED) from error

    async def _attempt(self, plan: ExportPlan, job: MergeJob, attempt: Attempt) -> _Merged:
        outcomes: dict[int, ClipOutcome | LostReason] = {**attempt.excluded}
        async with MergeProcess(job, self._on_merged) as process:
            clips = (
                clip_file(plan, number, recording.path, recording.name)
                for number, recording in enumerate(plan.recordings, 1)
                if number not in attempt.excluded
            )

            def record(clip: ClipFile, results: ClipResults) -> None:
                self._record(results.outcomes, outcomes)
                self._on_merged(clip.number, plan.recordings[clip.number - 1].span.start)

            await process.add_all(clips, record)
            self._emit(events.Verifying())
            try:
                result = await process.finish()
            except PlaybackDied as error:
                if attempt.can_restart(error):
                    raise
                result = error.result
            except MergeDied:
                raise
            except MergeError:
                _check_anything(plan, outcomes)
                raise
            self._record(result.outcomes, outcomes)
            known = played(outcomes, result.playback)
            return _Merged(tuple(known[number] for number in range(1, len(plan.recordings) + 1)), result)

    def _record(self, known: Iterable[ClipOutcome], outcomes: dict[int, ClipOutcome | LostReason]) -> None:
        for outcome in known:
            outcomes[outcome.number] = usable(outcome)
            number, pictures, said = outcome.number, outcome.video_packets, outcome.unusable or "well"
            _LOG.debug("clip %d gave %d pictures (%s)", number, pictures, said)
            if outcome.covered:
                self._on_merged(number, outcome.covered.end)

    def _on_merged(self, number: int, wall: WallTime) -> None:
        self._emit(events.MergedUpTo(number, wall))

    def _named(self, placed: _PlacedClip, plan: ExportPlan, merged: _Merged, dated: Dated, part: Path) -> Report:
        """Name the output, and account for every clip and second."""
        in_order = placed.request.in_order
        plan = _laid(plan, merged.outcomes) if in_order else _ended(plan, merged.outcomes, dated)
        if placed.request.asked is None:
            plan = replace(plan, span=_reach([plan.span, *_covered(merged.outcomes)]))
        clips = [Fetched(Path(each.path), each.size or 0, reused=True) for each in plan.recordings]
        statuses, account = account_clips(plan, clips, merged.outcomes, None, LossKind.IN_NO_CLIP)
        report = Report(
            placed.request,
            plan.span,
            placed.clock,
            None,
            statuses,
            plan.left_out,
            account,
            (),
            tuple(self._warnings),
            skipped=plan.skipped,
            times_from=dated.times_from,
            doubts=dated.doubts,
            unread=len(dated.unread) + self._missing,
        )
        with disk_errors(part):
            return finish(report, plan, None, merged.result)


def _clock(request: MergeRequest) -> CameraClock | None:
    """Return the camera's clock, if its zone was given; the clock is taken to be right."""
    if request.camera_tz is None:
        return None
    (source, *_) = sources(request.camera_tz, ZoneFacts(), None)
    return clock_by(source, None)


def _check_range(request: MergeRequest, clock: CameraClock | None) -> None:
    asked = request.asked
    if asked is None or clock is not None or (is_by_clock(asked) and not asked.is_relative):
        return
    what = "uses another clock than" if asked.is_relative else "has an offset from UTC, unlike"
    raise UsageError(
        f"The range {what} the clips' times, which follow the camera's clock.",
        hint="Give --start and --end with their dates, as the picture shows them, or the zone with --camera-tz.",
    )


def _all_of(recordings: Sequence[Recording], clock: CameraClock | None) -> CameraRange:
    """Return a range around all ``recordings``, counted from the first one on."""
    whole = _reach([recording.span for recording in recordings])
    if clock is not None:
        moments = moments_of(clock.zone, whole.start)
        clock = clock.starting_at(moments[0] if moments else clock.to_utc(whole.start))
    wide = Span(whole.start - _FAR, whole.end + _FAR)
    return CameraRange(AskedRange(wide.start, wide.end), (wide,), clock)


def _plan_of_all(recordings: Sequence[Recording]) -> ExportPlan:
    ordered = tuple(sorted(recordings, key=lambda each: (each.span.start, each.position)))
    whole = _reach([recording.span for recording in ordered])
    return ExportPlan(whole, ordered, uncovered(whole, (recording.span for recording in ordered)))


def _reach(spans: Sequence[Span]) -> Span:
    return Span(min(span.start for span in spans), max(max(span.start, span.end) for span in spans))


def _covered(outcomes: Iterable[ClipOutcome | LostReason]) -> list[Span]:
    return [each.covered for each in outcomes if isinstance(each, ClipOutcome) and each.covered]


def _ended(plan: ExportPlan, outcomes: Sequence[ClipOutcome | LostReason], dated: Dated) -> ExportPlan:
    """Return the plan with the ends of clips that told none, now that they have been read."""
    ended = []
    for recording, outcome in zip(plan.recordings, outcomes, strict=True):
        start = recording.span.start
        known = isinstance(outcome, LostReason) or recording.position not in dated.open_ended
        end = max((start, *(span.end for span in _covered([outcome]))))
        ended.append(recording if known else replace(recording, span=Span(start, end)))
    return replace(plan, recordings=tuple(ended))


def _laid(plan: ExportPlan, outcomes: Sequence[ClipOutcome | LostReason]) -> ExportPlan:
    """Return the plan of clips end to end, as long as they turned out to be: not each says it before it is read."""
    laid: list[Recording] = []
    start = plan.span.start
    for recording, outcome in zip(plan.recordings, outcomes, strict=True):
        said = start + (recording.span.end - recording.span.start)
        end = max((said, *(span.end for span in _covered([outcome]))))
        laid.append(replace(recording, span=Span(start, end)))
        start = end
    return replace(plan, recordings=tuple(laid), span=Span(plan.span.start, start), gaps=())


def _nothing(dated: Dated, plan: ExportPlan, clock: CameraClock | None) -> NothingRecorded:
    return NothingRecorded(
        f"None of the {count_text(len(dated.recordings), 'clip')} holds anything from {show_span(plan.span, clock)}.",
        hint=f"By their own times they are from {_reach([recording.span for recording in dated.recordings])}.",
    )


def _job(placed: _PlacedClip, part: Path) -> MergeJob:
    """Return the job for the merge engine."""
    request, plan, clock = placed.request, placed.plan, placed.clock
    count = count_text(len(plan.recordings), "clip")
    title = count if request.in_order else f"{count}, {show_span(plan.span, clock, zone=True)}"
    job = merge_job(request, plan, clock, output=str(part), title=title, whole_clips=request.asked is None)
    return replace(job, in_order=request.in_order, trust=ClipTrust.ANYBODY)


def _check_anything(plan: ExportPlan, outcomes: Mapping[int, ClipOutcome | LostReason]) -> None:
    """Raise if not one clip gave a frame: then there is no video to report on."""
    if _covered(outcomes.values()):
        return
    for number, outcome in outcomes.items():
        if not isinstance(outcome, LostReason):
            continue
        first = Path(plan.recordings[number - 1].path)
        raise MergeError(
            f"None of the clips is usable. The first, {printable(first.name)}: {reason_text(outcome)}.",
            hint=_UNTOUCHED,
        )
    raise NothingRecorded(
        "The clips of this time hold no picture in the range.",
        hint="Times in names are whole seconds. Try: a slightly longer range, or --whole-clips.",
    )
