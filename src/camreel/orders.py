"""What the merge is told, of a request and a plan: the job, and each clip as it is ready. Pure."""

from __future__ import annotations

from datetime import timedelta

from camreel.clock import CameraClock, turns
from camreel.errors import printable
from camreel.media.job import ClipFile, MergeJob, OffsetChange
from camreel.model import MergeRequest, Request, Span, Split
from camreel.naming import event_text
from camreel.planning.fingerprint import COMPLETE, comment
from camreel.planning.plan import ExportPlan


def merge_job(
    request: Request | MergeRequest,
    plan: ExportPlan,
    clock: CameraClock | None,
    *,
    output: str,
    title: str,
    camera: str = "",
    whole_clips: bool = False,
) -> MergeJob:
    """The job of the merge. ``output`` is the temporary name; ``whole_clips`` goes with the request's own wish."""
    making = request.making
    split = making.split
    return MergeJob(
        output=output,
        format=request.output_format,
        span=plan.span,
        whole_clips=whole_clips or request.whole_clips,
        utc_offset=round(clock.offset.total_seconds()) if clock else None,
        title=title,
        comment=comment(request, COMPLETE),
        changes=_changes(plan.span, clock),
        drift=round(clock.drift.total_seconds()) if clock else 0,
        skipped=plan.skipped,
        apart=bool(plan.unwanted),
        camera=camera,
        exact=making.exact,
        h264=making.h264,
        audio=making.audio,
        gaps=making.gaps,
        subtitles=making.subtitles,
        faststart=making.faststart,
        split_at=turns(plan.span, clock, split) if isinstance(split, Split) else (),
        split_size=split if isinstance(split, int) else None,
    )


def clip_file(
    plan: ExportPlan,
    number: int,
    path: str,
    named: str,
    *,
    again: bool = False,
    offset: timedelta = timedelta(0),
) -> ClipFile:
    """Clip ``number`` (from 1) of the plan, complete at ``path``; ``named`` is what people know it by.

    ``offset`` is how long after the recording's first picture the clip's first one is.
    """
    recording = plan.recordings[number - 1]
    start = recording.span.start + offset
    return ClipFile(
        number,
        path,
        Span(start, max(start, recording.span.end)) if offset else recording.span,
        f"clip {number} ({printable(named)})",
        next_start=plan.recordings[number].span.start if number < len(plan.recordings) else None,
        events=tuple(event_text(event) for event in recording.events),
        again=again,
    )


def _changes(span: Span, clock: CameraClock | None) -> tuple[OffsetChange, ...]:
    changes = clock.changes_in(span) if clock else ()
    return tuple(OffsetChange(clock.straight(each.at), round(each.after.total_seconds())) for each in changes if clock)
