"""Say to the merge process what to make, and of which clips."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camreel.clock import CameraClock, turns
from camreel.diskio import is_private, keeps_owners
from camreel.errors import printable
from camreel.formats.source import ClipTrust, found_file
from camreel.media.worker.messages import ClipFile, MergeJob, OffsetChange
from camreel.model import MergeRequest, Request, Span, Split
from camreel.planning.event_filter import event_text
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
    """Return the job of the merge. ``output`` is the temporary name; ``whole_clips`` adds to the request's own wish."""
    video = request.output.video
    return MergeJob(
        output=output,
        format=request.output.format,
        span=plan.span,
        video=replace(video, whole_clips=whole_clips or video.whole_clips),
        utc_offset=round(clock.offset.total_seconds()) if clock else None,
        title=title,
        comment=comment(request, COMPLETE),
        changes=_changes(plan.span, clock),
        drift=round(clock.drift.total_seconds()) if clock else 0,
        skipped=plan.skipped,
        apart=bool(plan.unwanted),
        camera=camera,
        split_at=turns(plan.span, clock, video.split) if isinstance(video.split, Split) else (),
    )


def trust_in(folder: Path) -> ClipTrust:
    """Return which of the files in a folder that this process has made are clips: where others write, its user's own.

    On many network shares all files belong to one user, whoever made them.
    """
    return ClipTrust.NO_LINKS if is_private(folder) or not keeps_owners(folder) else ClipTrust.OWN


def clip_file(
    plan: ExportPlan,
    number: int,
    path: str,
    named: str,
    *,
    again: bool = False,
    offset: timedelta = timedelta(0),
    digest: str | None = None,
) -> ClipFile:
    """Return clip ``number`` (from 1) of the plan, complete at ``path``; people know it as ``named``.

    ``offset`` is how long after the recording's first frame the clip's first one is, ``digest`` the clip's SHA-256.
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
        is_dated_by_end=recording.is_dated_by_end,
        digest=digest,
        found=found_file(path),
    )


def _changes(span: Span, clock: CameraClock | None) -> tuple[OffsetChange, ...]:
    changes = clock.changes_in(span) if clock else ()
    return tuple(OffsetChange(clock.straight(each.at), round(each.after.total_seconds())) for each in changes if clock)
