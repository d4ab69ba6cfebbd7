"""After the merge: what became of each recording, and where every second of the range went. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from camreel.media.worker.messages import ClipOutcome
from camreel.model import Recording, Span, WallTime
from camreel.planning.plan import INDEX_LAG, Account, ExportPlan, Hole, account_for, uncovered
from camreel.report import ClipReport
from camreel.text import count_text
from camreel.transfer.pool import Fetched, Lost

_MOST_AT_ONCE = 100  # of one moment; only a camera that lies lists more
STILL_WRITING = "the camera is still writing this recording"


def account_clips(
    plan: ExportPlan,
    clips: Sequence[Fetched | Lost],
    outcomes: Sequence[ClipOutcome | None],
    unsettled_from: WallTime | None,
    nothing: str = "nothing was recorded",
) -> tuple[tuple[ClipReport, ...], Account]:
    """A line for each recording, and the account of the range.

    ``unsettled_from``: from there on the camera may still list more, so what is missing there is pending, not a gap.
    ``nothing`` is what is said of a gap between the recordings.
    """
    reports = tuple(
        _clip_report(number, recording, clip, outcome)
        for number, (recording, clip, outcome) in enumerate(zip(plan.recordings, clips, outcomes, strict=True), 1)
    )
    covered = [*(part for outcome in outcomes if outcome for part in _shown(outcome)), *plan.skipped, *plan.unwanted]
    lost = [
        Hole(_missing_part(report), f"clip {report.number}: {report.reason}") for report in reports if report.is_lost
    ]
    pending = [
        Hole(
            Span(recording.span.start, plan.span.end),
            "the camera is still writing this recording; run again later, or --follow",
        )
        for recording in plan.writing
    ]
    if unsettled_from is not None:
        after = str(plan.span.end + INDEX_LAG)[11:16]
        reason = f"too recent: the camera may list more of it; run again after {after} (its clock), or --follow"
        pending.append(Hole(Span(unsettled_from, plan.span.end), reason))

    listed = _Listed(reports)

    def explain(gap: Span) -> str:
        holding = listed.in_(gap)
        unlisted = sum(hole.seconds for hole in uncovered(gap, (report.span for report in holding)))
        if not holding or 2 * unlisted > gap.seconds:  # a clip that ends a moment early does not explain an hour
            return nothing
        clip = holding[0]
        why = f": {clip.reason}" if clip.reason else " is listed for this time but holds no picture of it"
        return f"clip {clip.number}{why}"

    return reports, account_for(plan.span, covered, lost, pending, explain)


class _Listed:
    """The clips that are listed for one gap after the other, in the order of time."""

    def __init__(self, reports: Sequence[ClipReport]) -> None:
        self._to_come = deque(sorted(reports, key=lambda report: report.span))
        self._near: list[ClipReport] = []

    def in_(self, gap: Span) -> list[ClipReport]:
        """Those that overlap ``gap``. Each gap must begin after the last."""
        while self._to_come and self._to_come[0].span.start < gap.end:
            self._near.append(self._to_come.popleft())
        self._near = [report for report in self._near if report.span.end > gap.start][-_MOST_AT_ONCE:]
        return [report for report in self._near if report.span.overlap(gap)]


def _clip_report(number: int, recording: Recording, clip: Fetched | Lost, outcome: ClipOutcome | None) -> ClipReport:
    def report(status: str, reason: str | None = None, covered: Span | None = None) -> ClipReport:
        size, fetched = recording.size, 0
        if isinstance(clip, Fetched):
            fetched = clip.size
            size = clip.whole or (fetched if recording.part is None else max(fetched, recording.size or 0))
        return ClipReport(number, recording.path, recording.span, status, reason, size, covered, fetched)

    if isinstance(clip, Lost):
        return report("failed", clip.reason)
    if outcome is None or outcome.unusable:
        return report("unusable", outcome.unusable if outcome else "it was not merged")
    if outcome.missing_packets:
        pictures = count_text(outcome.missing_packets, "picture")
        return report("short", f"the file ends early: {pictures} that it should have are not in it", outcome.covered)
    if outcome.inside is not None:
        return report("inside", f"clip {outcome.inside} shows all of it")
    if outcome.covered is None:
        return report("empty", "it holds no picture in the range")
    if outcome.undecodable_dropped:
        pictures = count_text(outcome.undecodable_dropped, "picture")
        left_out = f"{pictures} of it cannot be decoded (no keyframe comes before) and cannot be shown"
        return report("merged", left_out, outcome.covered)
    return report("merged", None, outcome.covered)


def _shown(outcome: ClipOutcome) -> tuple[Span, ...]:
    """The parts of the camera's clock of which a clip's pictures are in the output."""
    return uncovered(outcome.covered, outcome.holes, timedelta(0)) if outcome.covered else ()


def _missing_part(report: ClipReport) -> Span:
    """Which part of the camera's clock a lost clip is to blame for."""
    if report.covered is None:
        return report.span
    return Span(report.covered.end, max(report.covered.end, report.span.end))
