"""The one story, told once: a request in, a video and a report out. Emits events; never prints.

connect -> clock -> search -> plan -> fetch and merge, side by side -> verify -> name -> report
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio

from camreel import events
from camreel.errors import CameraError, CamreelError, MergeError, NothingRecorded, UsageError, printable
from camreel.identity import comment, made_by
from camreel.inquiry import Found, Inquiry, Tuning
from camreel.media.fingerprint import read_comment, replace_in_place
from camreel.media.job import ClipFile, ClipOutcome, MergeJob, MergeResult
from camreel.media.names import codec_name
from camreel.media.process import MergeProcess
from camreel.model import Credentials, IfExists, Recording, Request, WallTime
from camreel.plan import INDEX_LAG, Account, ExportPlan
from camreel.report import OutputReport, Report
from camreel.settle import settle
from camreel.transfer.part import disk_errors, place
from camreel.transfer.pool import Fetched, Lost, Pool
from camreel.transfer.store import Store

__all__ = ["Tuning", "already_there", "export"]

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup  # a dependency of anyio there


def already_there(request: Request) -> Report | None:
    """Whether the output's name is taken, before anybody is asked for a password.

    A report when nothing needs to be done; None when the way is free. UsageError when another file is there.
    """
    output = request.output
    with disk_errors(output):
        if request.if_exists is IfExists.OVERWRITE or not output.exists():
            return None
        size = output.stat().st_size
    made = made_by(read_comment(str(output)), request) if output.is_file() else None
    if request.if_exists is IfExists.SKIP or (made == "complete" and request.if_exists is None):
        note = () if made == "complete" else (f"{output} was there and was not looked into (--if-exists skip).",)
        there = (OutputReport(str(output), size),)
        return Report(request, None, None, None, (), (), Account((), (), ()), there, note, already_there=True)
    what = "is the partial result of an earlier run of this request" if made == "partial" else "exists already"
    raise UsageError(
        f"{output} {what}; it was left alone.",
        hint="--if-exists overwrite replaces it once the new video is complete; --output-file gives another name.",
    )


async def export(
    request: Request, credentials: Credentials, on_event: events.Listener, tuning: Tuning | None = None
) -> Report:
    """Make the video that ``request`` asks for.

    Raises a :class:`CamreelError` (its exit code says which kind) when there is no video to report on. Cancelling is
    safe at any time: what was downloaded stays and is used by the next run.
    """
    if (report := already_there(request)) is not None:
        return report
    try:
        return await _Export(request, credentials, on_event, tuning or Tuning()).run()
    except BaseExceptionGroup as group:
        raise _leading(group) from None


def _leading(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell of a group's: a login's before a disk's before any other; what is unexpected first."""
    leaves = [_leading(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    return min(leaves, key=lambda error: (isinstance(error, CamreelError), getattr(error, "exit_code", 0)))


class _Export:
    """One run. The methods stand in the order in which they are called."""

    def __init__(self, request: Request, credentials: Credentials, emit: events.Listener, tuning: Tuning) -> None:
        self._request = request
        self._emit = emit
        self._tuning = tuning
        self._inquiry = Inquiry(request, credentials, emit, tuning)

    async def run(self) -> Report:
        request = self._request
        self._prepare()
        found = await self._inquiry.run()
        store = Store(request.output_dir, request.address)
        with store.locked():
            clips, outcomes, result, part = await self._fetch_and_merge(found, store)
            statuses, account = settle(found.plan, clips, outcomes, self._unsettled_from(found))
            report = Report(
                request,
                found.span,
                found.clock,
                found.device,
                statuses,
                found.plan.left_out,
                account,
                (),
                tuple(self._inquiry.warnings),
            )
            return self._finish(report, found.plan, store, result, part)

    def _prepare(self) -> None:
        """Fail before the camera is asked, where failing is certain."""
        request = self._request
        for folder in dict.fromkeys((request.output_dir, request.output.parent)):
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / f".camreel-{_short(str(request.output))}.part"
                probe.touch()
                probe.unlink()

    async def _fetch_and_merge(
        self, found: Found, store: Store
    ) -> tuple[list[Fetched | Lost], list[ClipOutcome | None], MergeResult, Path]:
        request, tuning = self._request, self._tuning
        part = request.output.with_name(f"{request.output.name}.{_short(str(store.folder))}.part")
        pool = Pool(
            found.plan.recordings,
            store,
            self._inquiry.camera,
            _PoolEvents(self._emit),
            limit=request.max_concurrent,
            backoff=tuning.fetching,
            sleep=tuning.sleep,
        )
        with _removed_unless_done(part) as done:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pool.run)
                clips, outcomes, result = await self._merge(found, pool, store, part)
            done.append(True)
        return clips, outcomes, result, part

    async def _merge(
        self, found: Found, pool: Pool, store: Store, part: Path
    ) -> tuple[list[Fetched | Lost], list[ClipOutcome | None], MergeResult]:
        """Take the clips in order as they arrive and have them merged."""
        clips: list[Fetched | Lost] = []
        outcomes: list[ClipOutcome | None] = []
        refused: MergeError | None = None
        async with MergeProcess(self._job(found, part), self._on_merged) as merge:
            for number, recording in enumerate(found.plan.recordings, 1):
                clip = await pool.outcome(number)
                clips.append(clip)
                if isinstance(clip, Lost) or refused:
                    outcomes.append(None)
                    continue
                try:
                    outcome = await merge.add(_clip_file(number, recording, clip))
                except MergeError as error:
                    # What is still to come is downloaded all the same: the camera may not have it tomorrow.
                    refused = error
                    continue
                outcomes.append(outcome)
                if outcome.covered:
                    self._on_merged(number, outcome.covered.end)
            if refused is None:
                self._check_anything(found.plan, clips, outcomes, store)
                self._emit(events.Verifying())
                return clips, outcomes, await merge.finish()
        assert refused is not None
        raise type(refused)(f"{refused} The downloads are kept in {store.folder}.", hint=refused.hint)

    def _job(self, found: Found, part: Path) -> MergeJob:
        request, clock = self._request, found.clock
        return MergeJob(
            output=str(part),
            format=request.output_format,
            span=found.span,
            whole_clips=request.whole_clips,
            utc_offset=round(clock.offset.total_seconds()) if clock else None,
            title=f"{request.address.host} channel {request.channel}, {found.span}",
            comment=comment(request, complete=True),
        )

    def _on_merged(self, number: int, wall: WallTime) -> None:
        self._emit(events.MergedUpTo(number, wall))

    def _check_anything(
        self, plan: ExportPlan, clips: list[Fetched | Lost], outcomes: list[ClipOutcome | None], store: Store
    ) -> None:
        """Raise where not one clip gave a picture: then there is no video to speak of."""
        if any(outcome and outcome.covered for outcome in outcomes):
            return
        lost = [clip.reason for clip in clips if isinstance(clip, Lost)]
        unusable = [outcome.unusable for outcome in outcomes if outcome and outcome.unusable]
        if lost and not unusable:
            raise CameraError(
                f"Not one of the {len(lost)} recordings could be downloaded. The first: {lost[0]}.",
                hint="Run the same command again; --max-concurrent 1 is gentler on the camera.",
            )
        if unusable:
            for recording in plan.recordings:
                store.set_aside(recording)
            raise MergeError(
                f"Not one of the recordings could be used. The first: {unusable[0]}.",
                hint=f"The downloads are kept in {store.folder}; the next run downloads them anew.",
            )
        raise NothingRecorded(
            f"The recordings listed by {self._request.address} hold no picture in the range.",
            hint="Listed times are whole seconds: ask for a little more, or use --whole-clips.",
        )

    def _unsettled_from(self, found: Found) -> WallTime | None:
        """From when on the camera may still list more, by its own clock; None where that is after the range."""
        clock, span = found.clock, found.span
        if clock is None:
            return None
        settled = clock.to_wall(self._tuning.utc_now()) + clock.drift - INDEX_LAG
        return max(settled, span.start) if settled < span.end else None

    def _finish(self, report: Report, plan: ExportPlan, store: Store, result: MergeResult, part: Path) -> Report:
        """Name the output, and only then let go of the downloads."""
        request = self._request
        if not report.is_complete:
            old, new = (comment(request, complete=complete).encode() for complete in (True, False))
            replace_in_place(str(part), old, new)
        place(part, request.output, overwrite=request.if_exists is IfExists.OVERWRITE)
        kept: Path | None = None
        if request.keep_files or not report.is_complete:
            kept = store.kept_folder if request.keep_files else store.folder
        for recording, clip in zip(plan.recordings, report.clips, strict=True):
            if clip.status in {"unusable", "short"}:
                store.set_aside(recording)
            elif request.keep_files and (path := store.find(recording)):
                store.keep(path)
            elif kept is None:
                store.discard(recording)
        return _with_output(report, request, result, kept)


def _with_output(report: Report, request: Request, result: MergeResult, kept: Path | None) -> Report:
    sound = codec_name(result.audio_codec) if result.audio_codec else None
    if sound and result.audio_from:
        sound = f"{sound} (from {codec_name(result.audio_from)})"
    output = OutputReport(
        path=str(request.output),
        size=result.size,
        seconds=result.seconds,
        video=f"{codec_name(result.video_codec)} {result.width}x{result.height}",
        audio=sound,
        chapters=tuple((chapter.start, chapter.title) for chapter in result.chapters),
    )
    return replace(
        report,
        outputs=(output,),
        warnings=(*report.warnings, *result.notes),
        downloads=str(kept) if kept else None,
    )


def _clip_file(number: int, recording: Recording, clip: Fetched) -> ClipFile:
    return ClipFile(number, str(clip.path), recording.span, f"clip {number} ({printable(recording.path)})")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


@contextmanager
def _removed_unless_done(part: Path) -> Iterator[list[bool]]:
    """Have no half-made output stay: it can be made again from the clips, which do stay."""
    done: list[bool] = []
    try:
        yield done
    finally:
        if not done:
            with suppress(OSError):
                part.unlink(missing_ok=True)


class _PoolEvents:
    """What the pool tells, as events."""

    def __init__(self, emit: events.Listener) -> None:
        self._emit = emit

    def started(self, number: int, recording: Recording, attempt: int) -> None:
        self._emit(events.ClipStarted(number, recording, recording.size, attempt))

    def progress(self, number: int, received: int) -> None:
        self._emit(events.ClipProgress(number, received))

    def fetched(self, number: int, clip: Fetched) -> None:
        self._emit(events.ClipFetched(number, clip.size, clip.reused))

    def lost(self, number: int, recording: Recording, reason: str) -> None:
        self._emit(events.ClipFailed(number, recording, reason))

    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None:
        self._emit(events.Retrying(printable(recording.name), str(error), wait))
