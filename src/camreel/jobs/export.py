"""Export: a request in, a video and a report out. Emits events; never prints.

connect -> clock -> search -> plan -> check free space -> download and merge, side by side -> verify -> name -> report
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from camreel import events
from camreel.clock import CameraRange, show_span
from camreel.devices import lockout
from camreel.diskio import disk_errors
from camreel.errors import (
    CamreelError,
    DiskError,
    Interrupted,
    NothingRecorded,
    printable,
    reason_of_system,
    unwrap_group,
)
from camreel.jobs.continuation import Continuation
from camreel.jobs.order import merge_job, trust_in
from camreel.jobs.outcome import account_clips
from camreel.jobs.pipeline import HeadStart, Pipeline
from camreel.jobs.search import CameraSearch, SearchResult
from camreel.jobs.timelapse import TimelapseJob
from camreel.media.worker.messages import MergeJob
from camreel.model import (
    Asked,
    AskedAround,
    AskedRange,
    Credentials,
    DayTime,
    DeviceInfo,
    Now,
    Output,
    Query,
    Recording,
    Request,
    Span,
    Target,
)
from camreel.output.finalize import BeforeNaming, already_there, finish, job_name, make_folders, part_for, prepare
from camreel.output.naming import default_name
from camreel.planning.account import Account
from camreel.planning.coverage import coverage
from camreel.planning.plan import ExportPlan
from camreel.report import AtATime, ClipReport, Report
from camreel.report.listing import Listing
from camreel.text import size_text
from camreel.transfer.notes import Job
from camreel.transfer.pool import Pool
from camreel.transfer.resume import held, recover
from camreel.transfer.runtime import Runtime
from camreel.transfer.store import Store

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from anyio.abc import TaskGroup

_MOST_UNASKED = 1 << 30  # bytes
_MOST_BELIEVED = 64 << 30  # bytes; no recording of an hour or so is longer


def check_space(request: Request, plan: ExportPlan, store: Store) -> None:
    """Raise DiskError if the clips still to come and the video do not fit. The folders must exist."""
    clips, video = bytes_to_come(plan, store), _video(request, plan)
    with disk_errors(store.folder):
        together = store.folder.stat().st_dev == request.output.file.parent.stat().st_dev
        places = [(store.folder, clips + video if together else clips)]
        if not together:
            places.append((request.output.file.parent, video))
        for place, needed in places:
            _check(place, needed, clips, video)


def _check(place: Path, needed: int, clips: int, video: int) -> None:
    free = _free(place)
    if free is None or needed <= free:
        return
    parts = f"{size_text(clips)} for the clips and {size_text(video)} for the video"
    raise DiskError(
        f"Not enough free space in {place}: {size_text(needed)} needed, {size_text(free)} free ({parts}).",
        hint="Free some space, choose a folder on another disk with --output-dir, or ask for a shorter range.",
    )


def _free(place: Path) -> int | None:
    """Return the free bytes at ``place``; None if the file system does not tell."""
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return None
    return usage.free if usage.total > 0 else None


def bytes_to_come(plan: ExportPlan, store: Store) -> int:
    """Estimate the bytes still to download: without those that an earlier run left in ``store``."""
    missing = [recording for recording in plan.recordings if not store.is_there(recording)]
    sizes = _sizes(plan)
    there = (held(store, recording, check=False) for recording in missing)
    needed = sum(int(sizes[recording] * _wanted_share(recording)) for recording in missing)
    return max(0, needed - sum(part.size for part in there if part))


def _video(request: Request, plan: ExportPlan) -> int:
    """Estimate the bytes of the video."""
    sizes = _sizes(plan)
    return sum(
        size if request.output.video.whole_clips else int(size * _share(recording, plan.span))
        for recording, size in sizes.items()
    )


def _sizes(plan: ExportPlan) -> dict[Recording, int]:
    """Return the listed size of each recording; if it has no believable one, the mean of the others."""
    listed = {recording: recording.size for recording in plan.recordings}
    known = [size for size in listed.values() if size and size <= _MOST_BELIEVED]
    mean = sum(known) // len(known) if known else 0
    return {recording: size if size and size <= _MOST_BELIEVED else mean for recording, size in listed.items()}


def _wanted_share(recording: Recording) -> float:
    """Return how much of a recording is to be downloaded (0 to 1)."""
    return 1.0 if recording.part is None else _share(recording, recording.part)


def _share(recording: Recording, span: Span) -> float:
    """Return how much of a recording lies in the range (0 to 1)."""
    inside = recording.span.overlap(span)
    return min(1.0, inside.seconds / recording.span.seconds) if inside and recording.span.seconds > 0 else 1.0


__all__ = ["Confirm", "Runtime", "already_there", "export", "find"]
Confirm = Callable[[int], Awaitable[bool]]


async def export(
    request: Request,
    credentials: Credentials,
    on_event: events.Listener,
    tuning: Runtime | None = None,
    *,
    session: ClientSession | None = None,
    confirm: Confirm | None = None,
    before_naming: BeforeNaming | None = None,
) -> Report:
    """Make the video that ``request`` asks for. ``session`` lends its connector.

    ``confirm`` is called before the first download, with the bytes still to come; ``before_naming`` when the video is
    checked and synced, with the report and the names that its files are about to get.
    Raises a :class:`CamreelError` (its exit code says which kind) if there is no video to report on. Cancelling is
    safe at any time: downloads stay and are used by the next run.
    """
    if (report := already_there(request)) is not None:
        return report
    tuning = tuning or Runtime()
    with lockout.guard(request.target, tuning.utc_now), unwrap_group():
        steps = _Export(request, credentials, on_event, tuning, session=session, confirm=confirm)
        return await steps.run(before_naming)


async def find(
    target: Target,
    query: Query,
    credentials: Credentials,
    on_event: events.Listener,
    tuning: Runtime | None = None,
    *,
    output: Output | None = None,
) -> Listing:
    """Return what the camera has of the range, and what an export into ``output`` would fetch. Download nothing.

    Raises a :class:`CamreelError` if the camera could not be asked; a range without recordings is a listing, too.
    """
    tuning = tuning or Runtime()
    with lockout.guard(target, tuning.utc_now), unwrap_group():
        inquiry = CameraSearch(
            target,
            query,
            credentials,
            on_event,
            tuning,
            parts=output is None or _in_parts(output),
            to_the_frame=output is not None and output.video.timelapse is None,
            continuation=Continuation(Request(target, query, output)) if output and query.since_last else None,
        )
        found = await inquiry.look()
        plan = found.plan
        nothing = None if plan.recordings or plan.writing else inquiry.nothing_recorded_error(found)
        query = _pinned(query, found)
        to_come = None
        if output is not None:
            output = _named(output, target, query)
            if output.video.timelapse is None:
                to_come = bytes_to_come(plan, Store(output.folder, target.address))
        return Listing(
            target,
            query,
            found.device,
            found.clock,
            plan,
            coverage(plan, found.unsettled_from(tuning.utc_now())),
            output,
            to_come,
            tuple(inquiry.warnings),
            nothing,
            search=found.proof,
        )


def _in_parts(output: Output) -> bool:
    """Return whether parts of recordings are enough."""
    return not (output.video.whole_clips or output.keep_files)


class _Export:
    """One run. The methods stand in the order of their calls."""

    def __init__(
        self,
        request: Request,
        credentials: Credentials,
        emit: events.Listener,
        tuning: Runtime,
        *,
        session: ClientSession | None,
        confirm: Confirm | None,
    ) -> None:
        self._request = request
        self._emit = emit
        self._tuning = tuning
        self._continuation = Continuation(request) if request.query.since_last else None
        self._inquiry = CameraSearch(
            request.target,
            request.query,
            credentials,
            emit,
            tuning,
            parts=_in_parts(request.output),
            to_the_frame=request.output.video.timelapse is None,
            session=session,
            continuation=self._continuation,
            fetch_ahead=self._fetch_ahead if request.query.follow and not self._is_lapse else None,
            begin=self._begin if self._may_begin else None,
        )
        self._head_start: HeadStart | None = None
        self._tasks: TaskGroup | None = None
        self._held = ExitStack()
        self._store: Store | None = None
        self._notes: dict[str, Job] = {}  # of this run, by name: what was fetched meanwhile may be of another range
        self._confirm = confirm
        self._confirmed = -1.0  # bytes

    async def run(self, before_naming: BeforeNaming | None) -> Report:
        prepare(self._request.output)
        with self._held:
            async with self._inquiry.sides, anyio.create_task_group() as self._tasks:
                report = await self._run(before_naming)
                self._tasks.cancel_scope.cancel()  # of a head start that was of no use
            return report

    async def _run(self, before_naming: BeforeNaming | None) -> Report:
        try:
            found = await self._inquiry.look()
        except NothingRecorded as error:
            self._note_beginning()
            if error.since is None or not self._request.output.allow_empty:
                raise
            query = replace(self._request.query, asked=AskedRange(error.since, error.since))
            request = replace(self._request, query=query)
            return Report(request, None, None, None, (), (), Account((), (), ()), (), tuple(self._inquiry.warnings))
        self._note_beginning(found.plan)
        request = self._pinned_request(found)
        if not found.plan.recordings:
            return self._without_video(request, found, self._inquiry.nothing_recorded_error(found))
        if (there := already_there(request, plan=found.plan)) is not None:
            return there
        part = part_for(request)
        if self._head_start is not None:
            await self._head_start.begun.wait()
        store = await self._opened(request, found, part)
        job = replace(_job(request, found, part), trust=trust_in(store.folder))
        steps: TimelapseJob | Pipeline
        if self._is_lapse:
            steps = TimelapseJob(request, found.plan, store, self._emit)
        else:
            steps = Pipeline(request, found.plan, store, self._emit, self._head_start)
        try:
            with unwrap_group():
                joined = await steps.run(self._inquiry, job, self._tuning)
        except NothingRecorded as error:
            return self._without_notes(self._without_video(request, found, error), store)
        unsettled = found.unsettled_from(self._tuning.utc_now())
        statuses, account = account_clips(found.plan, joined.clips, joined.outcomes, unsettled, search=found.proof)
        at_a_time = AtATime(joined.concurrency.most, joined.concurrency.lowest, joined.concurrency.last)
        report = replace(self._report(request, found, statuses, account), at_a_time=at_a_time)
        report = self._noted(finish(report, found.plan, store, joined.result, before_naming), found)
        return self._without_notes(report, store) if report.is_complete else report

    async def _fetch_ahead(self, where: CameraRange, plan: ExportPlan) -> None:
        """Download the recordings of `plan` while the rest of the range is waited for: the export finds them there."""
        found = SearchResult(DeviceInfo(""), where, plan)
        request = self._pinned_request(found)
        if already_there(request) is None:
            store = await self._opened(request, found, part_for(request))
            with unwrap_group():
                await Pipeline(request, plan, store, self._emit).download(self._inquiry, self._tuning)

    @property
    def _may_begin(self) -> bool:
        """Return whether downloads may begin before the search has ended.

        Its end must change little of the plan, and the camera must bear a connection for each.
        """
        query = self._request.query
        is_changed = query.follow or query.since_last or query.events
        return self._request.target.max_concurrent > 1 and not (self._is_lapse or is_changed)

    def _begin(self, where: CameraRange, plan: ExportPlan) -> None:
        """Begin to download what the search has found so far, unless somebody may have to be asked about it."""
        if self._tasks is not None and (self._confirm is None or plan.bytes_to_fetch < _MOST_UNASKED):
            self._head_start = HeadStart(plan)
            self._tasks.start_soon(self._head_start.run, partial(self._first_pool, where, plan))

    async def _first_pool(self, where: CameraRange, plan: ExportPlan) -> Pool | None:
        """Return the downloads of what the search has found so far; None if they are not wanted."""
        await self._tuning.admission()
        found = SearchResult(DeviceInfo(""), where, plan)
        request = self._pinned_request(found)
        if already_there(request) is not None:
            return None
        store = await self._opened(request, found, part_for(request))
        return Pipeline(request, plan, store, self._emit).pool(self._inquiry, self._tuning)

    @property
    def _is_lapse(self) -> bool:
        return self._request.output.video.timelapse is not None

    def _pinned_request(self, found: SearchResult) -> Request:
        target, query = self._request.target, _pinned(self._request.query, found)
        return Request(target, query, _named(self._request.output, target, query))

    async def _opened(self, request: Request, found: SearchResult, part: Path) -> Store:
        """Return the store with a note of this job, which it holds to the end of the run; there is room for all."""
        store, is_new = self._store, self._store is None
        if store is None:
            make_folders(request.output)
            store = self._store = Store(request.output.folder, request.target.address)
        noted = _noted(request, found, store, part)
        if is_new:
            self._held.enter_context(store.locked(noted))
            if (note := store.check_shared(request.output.shared_folder)) is not None:
                self._inquiry.warn(note)
            recover(store)
        if not self._is_lapse:  # it fetches a fraction, which nobody knows beforehand
            check_space(request, found.plan, store)
            if not await self._may_fetch(bytes_to_come(found.plan, store)):
                raise Interrupted("nothing was downloaded")
        store.drop_output(noted.name, part.parent)
        store.write_job(noted)
        self._notes[noted.name] = noted
        return store

    async def _may_fetch(self, size: int) -> bool:
        """Ask whether to fetch so many bytes, if nobody has agreed to that yet; with --follow, once in a run."""
        if self._confirm is None or size <= self._confirmed:
            return True
        is_wanted = await self._confirm(size)
        self._confirmed = math.inf if self._request.query.follow else size
        return is_wanted

    def _report(self, request: Request, found: SearchResult, clips: tuple[ClipReport, ...], account: Account) -> Report:
        return Report(
            request,
            found.span,
            found.clock,
            found.device,
            clips,
            found.plan.left_out,
            account,
            (),
            tuple(self._inquiry.warnings),
            skipped=found.where.skipped,
            unwanted=found.plan.unwanted,
            search=found.proof,
            overwritten=self._inquiry.overwritten,
        )

    def _without_video(self, request: Request, found: SearchResult, error: CamreelError) -> Report:
        """Return the report of a range in which certainly nothing was recorded, if that may be. Else raise `error`."""
        unsettled = found.unsettled_from(self._tuning.utc_now())
        plan = replace(found.plan, recordings=())
        report = self._report(request, found, *account_clips(plan, (), (), unsettled, search=found.proof))
        is_allowed = request.output.allow_empty and found.is_certainly_empty(request.query)
        if not is_allowed or report.video_code:  # an end that may grow, or --require-complete
            if report.overwritten is not None:
                said = f"{error} The camera overwrote older footage before this run."
                raise NothingRecorded(said, hint=error.hint) from error
            raise error
        return self._noted(report, found)

    def _note_beginning(self, plan: ExportPlan | None = None) -> None:
        """Note where the first run of ``--since-last`` begins, whatever comes of it."""
        if self._continuation is not None and (said := self._continuation.begin(plan)) is not None:
            self._inquiry.warn(said)

    def _noted(self, report: Report, found: SearchResult) -> Report:
        """Note where the next run of ``--since-last`` begins."""
        if self._continuation is None:
            return report
        said = self._continuation.move(report, found.plan, found.listing, self._tuning.utc_now())
        return replace(report, warnings=(*report.warnings, said)) if said else report

    def _without_notes(self, report: Report, store: Store) -> Report:
        """Remove the notes of a job that has left nothing. Its video is there: if that fails, the report says it."""
        is_away = report.downloads in {None, str(store.kept_folder)}
        for noted in self._notes.values():
            if not is_away or os.path.lexists(noted.part):  # the next run and `camreel clean` find the rest by the note
                continue
            try:
                store.drop_job(noted)
            except OSError as error:
                said = f"The record of this job stays in {store.folder}: {reason_of_system(error)}."
                return replace(report, warnings=(*report.warnings, said))
        return report


def _job(request: Request, found: SearchResult, part: Path) -> MergeJob:
    clock, where = found.clock, f"{request.target.address.host} channel {request.query.channel}"
    title = f"{where}, {show_span(found.span, clock, zone=True)}"
    return merge_job(request, found.plan, clock, output=str(part), title=title, camera=_camera(found))


def _camera(found: SearchResult) -> str:
    """Return the camera's model, and its name if it has one."""
    device = found.device
    return printable(f"{device.model} “{device.name}”" if device.name else device.model, 200)


def _noted(request: Request, found: SearchResult, store: Store, part: Path) -> Job:
    """Return the note that other runs and ``camreel clean`` read of this run."""
    stems = tuple(store.stem(recording) for recording in found.plan.recordings)
    what = f"channel {request.query.channel}, {show_span(found.span, found.clock)}, into {request.output.file.name}"
    return Job(job_name(request), what, str(part), stems)


def _pinned(query: Query, found: SearchResult) -> Query:
    """Return the query without relative words."""
    asked = found.where.asked
    if (query.asked.is_relative or query.since_last) and all(isinstance(moment, datetime) for moment in asked.bounds):
        # As it could be typed again: "the last hour" will be another one.
        asked = AskedRange(*asked.bounds, asked.times_in)
    is_other_later = query.asked.is_relative and not query.since_last
    ends_now = query.since_last or _ends_now(query.asked)
    return replace(query, asked=asked, was_relative=is_other_later, ends_now=ends_now)


def _ends_now(asked: Asked) -> bool:
    if isinstance(asked, AskedAround):
        return isinstance(asked.at, Now) and not asked.after
    # Today goes on to now: what is later is cut off.
    return isinstance(asked.end, Now) or asked.end == DayTime(1)


def _named(output: Output, target: Target, query: Query) -> Output:
    """Return the output with the name that its range gives it."""
    if not output.named_by_range:
        return output
    name = default_name(target, query, output.format, timelapse=output.video.timelapse)
    return replace(output, file=output.file.with_name(name), named_by_range=False)
