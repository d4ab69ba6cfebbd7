"""Account for each recording and every second of the range, after the merge. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from camreel.media.worker.messages import ClipOutcome
from camreel.model import Playback, Recording, Span, WallTime
from camreel.planning.account import Account, Hole, LossKind, LostReason, account_for, uncovered
from camreel.planning.plan import INDEX_LAG, ExportPlan
from camreel.planning.proof import SearchProof
from camreel.report import ClipReport
from camreel.text import duration_text
from camreel.transfer.store import Fetched

# Why a clip that is whole has not given all that it has.
_OF_A_WHOLE_FILE = frozenset(
    {
        LossKind.UNDECODABLE,
        LossKind.UNPLAYABLE,
        LossKind.UNACCOUNTED,
        LossKind.OTHER_TRACK,
        LossKind.SHOWN_HIDDEN,
    }
)
# Losses of which no second of the range is missing.
_BESIDES_FRAMES = frozenset({LossKind.SOUND_MISSING, LossKind.OTHER_TRACK, LossKind.SHOWN_HIDDEN})
_MOST_AT_ONCE = 100  # of one moment; only a camera that lies lists more


def usable(outcome: ClipOutcome) -> ClipOutcome | LostReason:
    """Return ``outcome``, or why nothing of the clip could be used."""
    return LostReason(LossKind.UNUSABLE, outcome.unusable) if outcome.unusable else outcome


def played(
    outcomes: Mapping[int, ClipOutcome | LostReason], playback: Playback | None
) -> dict[int, ClipOutcome | LostReason]:
    """Return ``outcomes`` with what of the clips does not play in the finished video."""
    failures = playback.failures if playback is not None else ()
    changed = dict(outcomes)
    for failure in failures:
        outcome = outcomes.get(failure.number)
        if isinstance(outcome, ClipOutcome):
            changed[failure.number] = replace(outcome, unplayable=failure.said)
    return changed


def account_clips(
    plan: ExportPlan,
    clips: Sequence[Fetched | LostReason],
    outcomes: Sequence[ClipOutcome | LostReason | None],
    unsettled_from: WallTime | None,
    gap_kind: LossKind = LossKind.NOT_RECORDED,
    *,
    search: SearchProof | None = None,
) -> tuple[tuple[ClipReport, ...], Account]:
    """Return a line for each recording, and the account of the range.

    From ``unsettled_from`` on the camera may still list more, so a hole there is pending, not a gap.
    ``gap_kind`` is why there is a gap between the recordings. What ``search`` does not prove is lost: there may be
    recordings that the camera did not list.
    """
    reports = tuple(
        _clip_report(number, recording, clip, outcome)
        for number, (recording, clip, outcome) in enumerate(zip(plan.recordings, clips, outcomes, strict=True), 1)
    )
    shown = [part for outcome in outcomes if isinstance(outcome, ClipOutcome) for part in _shown(outcome)]
    covered = [*shown, *plan.skipped, *plan.unwanted]
    lost = [
        Hole(part, report.reason, report.number)
        for report in reports
        if report.is_lost and report.reason and report.reason.kind not in _BESIDES_FRAMES
        for part in _missing_parts(report)
    ]
    writing = LostReason(LossKind.STILL_WRITING)
    pending = [Hole(Span(recording.span.start, plan.span.end), writing) for recording in plan.growing]
    lost += [Hole(part, LostReason(LossKind.NEVER_CLOSED)) for part in plan.never_closed]
    if unsettled_from is not None:
        again = str(plan.span.end + INDEX_LAG)[11:16]
        pending.append(Hole(Span(unsettled_from, plan.span.end), LostReason(LossKind.TOO_RECENT, again)))
    for part in search.unproven if search else ():
        reason = LostReason(LossKind.UNPROVEN, search.why if search else "")
        lost += [Hole(rest, reason) for rest in uncovered(part, (hole.span for hole in pending), timedelta(0))]

    listed = _Listed(reports)

    def explain(gap: Span) -> tuple[LostReason, int | None]:
        holding = listed.in_(gap)
        unlisted = sum(hole.seconds for hole in uncovered(gap, (report.span for report in holding)))
        if not holding or 2 * unlisted > gap.seconds:  # a clip that ends a moment early does not explain an hour
            return LostReason(gap_kind), None
        return holding[0].reason or LostReason(LossKind.LISTED_WITHOUT_FRAMES), holding[0].number

    return reports, account_for(plan.span, covered, lost, pending, explain)


class _Listed:
    """The clips that are listed for one gap after the other, in order of time."""

    def __init__(self, reports: Sequence[ClipReport]) -> None:
        self._to_come = deque(sorted(reports, key=lambda report: report.span))
        self._near: list[ClipReport] = []

    def in_(self, gap: Span) -> list[ClipReport]:
        """Return the clips that overlap ``gap``. Each gap must begin after the last."""
        while self._to_come and self._to_come[0].span.start < gap.end:
            self._near.append(self._to_come.popleft())
        self._near = [report for report in self._near if report.span.end > gap.start][-_MOST_AT_ONCE:]
        return [report for report in self._near if report.span.overlap(gap)]


def _clip_report(
    number: int, recording: Recording, clip: Fetched | LostReason, outcome: ClipOutcome | LostReason | None
) -> ClipReport:
    def report(status: str, reason: LostReason | None = None, covered: Span | None = None) -> ClipReport:
        size, fetched = recording.size, 0
        if isinstance(clip, Fetched):
            fetched = clip.size
            size = clip.whole or (fetched if recording.part is None else max(fetched, recording.size or 0))
        frames = outcome.frames if isinstance(outcome, ClipOutcome) else None
        return ClipReport(number, recording.path, recording.span, status, reason, size, covered, fetched, frames)

    if isinstance(clip, LostReason):
        return report("failed", clip)
    if outcome is None:
        return report("unusable", LostReason(LossKind.NOT_MERGED))
    if isinstance(outcome, LostReason):
        return report("unusable", outcome)
    if (loss := _loss_of(outcome)) is not None:
        return report("partial" if loss.kind in _OF_A_WHOLE_FILE else "short", loss, outcome.covered)
    if outcome.inside is not None:
        return report("inside", LostReason(LossKind.DUPLICATE, outcome.inside))
    if outcome.covered is None:
        return report("empty", LostReason(LossKind.NO_FRAME))
    return report("merged", None, outcome.covered)


def _loss_of(outcome: ClipOutcome) -> LostReason | None:
    """Return what a clip should have given and has not, frames first; None if it gave all of it."""
    losses = [*_lost_frames(outcome), *_lost_besides(outcome)]
    return replace(losses[0], also=tuple(losses[1:])) if losses else None


def _lost_frames(outcome: ClipOutcome) -> Iterator[LostReason]:
    undecodable, missing = outcome.undecodable_dropped, outcome.missing_packets
    if undecodable and (missing or outcome.index_cut):
        yield LostReason(LossKind.BOTH_ENDS, undecodable + missing)
    elif missing:
        yield LostReason(LossKind.ENDS_EARLY, missing)
    elif outcome.index_cut:
        yield LostReason(LossKind.INDEX_CUT)
    elif undecodable:
        yield LostReason(LossKind.UNDECODABLE, undecodable)
    if outcome.damaged:
        yield LostReason(LossKind.DAMAGED, outcome.damaged)
    if outcome.frames is not None and outcome.frames.unaccounted:
        yield LostReason(LossKind.UNACCOUNTED, abs(outcome.frames.unaccounted))
    if outcome.unplayable is not None:
        yield LostReason(LossKind.UNPLAYABLE, outcome.unplayable)


def _lost_besides(outcome: ClipOutcome) -> Iterator[LostReason]:
    if outcome.sound_missing:
        yield LostReason(LossKind.SOUND_MISSING, duration_text(outcome.sound_missing))
    if outcome.lost_tracks:
        yield LostReason(LossKind.OTHER_TRACK, " and ".join(outcome.lost_tracks))
    if outcome.hidden_shown:
        yield LostReason(LossKind.SHOWN_HIDDEN, outcome.hidden_shown)


def _shown(outcome: ClipOutcome) -> tuple[Span, ...]:
    """Return the parts of the camera's clock of which a clip's frames are in the output."""
    return uncovered(outcome.covered, outcome.holes, timedelta(0)) if outcome.covered else ()


def _missing_parts(report: ClipReport) -> tuple[Span, ...]:
    """Return the parts of the camera's clock that a lost clip is to blame for."""
    if report.covered is None:
        return (report.span,)
    before = Span(min(report.covered.start, report.span.start), report.covered.start)
    behind = Span(report.covered.end, max(report.covered.end, report.span.end))
    assert report.reason is not None
    known = {LossKind.UNDECODABLE: (before,), LossKind.ENDS_EARLY: (behind,), LossKind.INDEX_CUT: (behind,)}
    return known.get(report.reason.kind, (before, behind))
