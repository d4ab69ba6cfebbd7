"""The one story, told once: a request in, a video and a report out. Emits events; never prints.

connect -> clock -> search -> plan -> fetch and merge, side by side -> verify -> name -> report
"""

from __future__ import annotations

import hashlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import anyio

from camreel import events
from camreel.camera import wire
from camreel.camera.client import Camera
from camreel.camera.http import Connection, Timeouts, tls_context
from camreel.camera.login import Login
from camreel.clock import CameraClock, to_camera_span
from camreel.errors import CameraError, CamreelError, MergeError, NothingRecorded, UsageError, printable
from camreel.identity import comment, made_by
from camreel.media.fingerprint import read_comment, replace_in_place
from camreel.media.job import ClipFile, ClipOutcome, MergeJob, MergeResult
from camreel.media.names import codec_name
from camreel.media.process import MergeProcess
from camreel.model import Credentials, DeviceInfo, IfExists, Recording, Request, Span, WallTime
from camreel.plan import Account, ExportPlan, plan_export
from camreel.report import OutputReport, Report
from camreel.settle import settle
from camreel.transfer.part import disk_errors, place
from camreel.transfer.pool import Fetched, Lost, Pool
from camreel.transfer.retry import Backoff, attempting
from camreel.transfer.store import Store

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup  # a dependency of anyio there

Value = TypeVar("Value")

# A clip that has ended may be listed minutes later (measured on Amcrest cameras): so long, a hole says nothing.
INDEX_LAG = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tests set and people do not: how patient to be, what time it is, and how to wait."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    talking: Backoff = field(default_factory=lambda: Backoff(attempts=3))
    fetching: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    utc_now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)


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
        self._credentials = credentials
        self._emit = emit
        self._tuning = tuning
        self._login = Login()
        self._warnings: list[str] = []
        self._device = DeviceInfo("unknown model")
        self._clock: CameraClock | None = None
        self._tls: ssl.SSLContext | None = None

    async def run(self) -> Report:
        request = self._request
        self._prepare()
        span, plan = await self._ask_camera()
        if not plan.recordings:
            raise self._nothing(plan)
        store = Store(request.output_dir, request.address)
        with store.locked():
            clips, outcomes, result, part = await self._fetch_and_merge(plan, store)
            pending_from = self._unsettled_from(span)
            statuses, account = settle(plan, clips, outcomes, pending_from)
            report = Report(
                request, span, self._clock, self._device, statuses, plan.left_out, account, (), tuple(self._warnings)
            )
            return self._finish(report, plan, store, result, part)

    def _prepare(self) -> None:
        """Fail before the camera is asked, where failing is certain."""
        request = self._request
        for folder in dict.fromkeys((request.output_dir, request.output.parent)):
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / f".camreel-{_short(str(request.output))}.part"
                probe.touch()
                probe.unlink()
        if request.address.https:
            try:
                self._tls = tls_context(insecure=request.insecure, ca_file=request.ca_file)
            except OSError as error:
                raise UsageError(f"--ca-file {request.ca_file}: {error.strerror or error}.") from None

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)
            self._emit(events.Warned(text))

    @asynccontextmanager
    async def _camera(self) -> AsyncIterator[Camera]:
        request, tuning = self._request, self._tuning
        connection = Connection(
            request.address, self._credentials, self._login, self._warn, tls=self._tls, timeouts=tuning.timeouts
        )
        async with connection:
            yield Camera(request.address, connection, tuning.utc_now)

    async def _patiently(self, what: str, ask: Callable[[], Awaitable[Value]]) -> Value:
        def on_retry(error: CameraError, wait: float) -> None:
            self._emit(events.Retrying(what, str(error), wait))

        return await attempting(lambda _attempt: ask(), self._tuning.talking, self._tuning.sleep, on_retry)

    async def _ask_camera(self) -> tuple[Span, ExportPlan]:
        """Connect, read the clock, search, plan."""
        request = self._request
        async with self._camera() as camera:
            self._device = await self._patiently("connecting", camera.identify)
            self._emit(events.Connected(request.address, self._device))
            self._clock = await self._patiently("reading the clock", camera.clock)
            if self._clock and not self._clock.is_plausible:
                shown = self._clock.to_wall(self._tuning.utc_now())
                self._warn(f"The camera's clock is wrong: it shows {shown}. Ask for times as its picture shows them.")
            span = to_camera_span(request.asked, self._clock)
            self._emit(events.Understood(request.asked, span, self._clock))
            listing = await self._patiently("searching", lambda: camera.search(request.channel, span))
        for warning in listing.warnings:
            self._warn(warning)
        recordings, others = wire.of_channel(listing.recordings, request.channel)
        if others:
            self._warn(f"The camera listed {len(others)} recordings of other channels; they were not used.")
        plan = plan_export(recordings, span, request.stream)
        self._emit(events.Planned(plan))
        return span, plan

    def _nothing(self, plan: ExportPlan) -> CamreelError:
        others = ", ".join(f"{count} {reason}" for reason, count in plan.left_out)
        hint = "Check the range by the clock in the camera's picture, and --channel."
        if plan.writing:
            hint = "The camera is still writing a recording of this time: try again when it has closed it."
        elif others:
            hint = f"It lists other things there ({others}); --stream chooses between main and sub."
        where = f"channel {self._request.channel} of {self._request.address}"
        return NothingRecorded(f"Nothing is recorded on {where} from {plan.span} (the camera's clock).", hint=hint)

    async def _fetch_and_merge(
        self, plan: ExportPlan, store: Store
    ) -> tuple[list[Fetched | Lost], list[ClipOutcome | None], MergeResult, Path]:
        request, tuning = self._request, self._tuning
        part = request.output.with_name(f"{request.output.name}.{_short(str(store.folder))}.part")
        pool = Pool(
            plan.recordings,
            store,
            self._camera,
            _PoolEvents(self._emit),
            limit=request.max_concurrent,
            backoff=tuning.fetching,
            sleep=tuning.sleep,
        )
        with _removed_unless_done(part) as done:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pool.run)
                clips, outcomes, result = await self._merge(plan, pool, part)
            done.append(True)
        return clips, outcomes, result, part

    async def _merge(
        self, plan: ExportPlan, pool: Pool, part: Path
    ) -> tuple[list[Fetched | Lost], list[ClipOutcome | None], MergeResult]:
        """Take the clips in order as they arrive and have them merged."""
        clips: list[Fetched | Lost] = []
        outcomes: list[ClipOutcome | None] = []
        refused: MergeError | None = None
        async with MergeProcess(self._job(plan, part), self._on_merged) as merge:
            for number, recording in enumerate(plan.recordings, 1):
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
                self._check_anything(clips, outcomes)
                self._emit(events.Verifying())
                return clips, outcomes, await merge.finish()
        assert refused is not None
        folder = Store(self._request.output_dir, self._request.address).folder
        raise type(refused)(f"{refused} The downloads are kept in {folder}.", hint=refused.hint)

    def _job(self, plan: ExportPlan, part: Path) -> MergeJob:
        request, clock = self._request, self._clock
        return MergeJob(
            output=str(part),
            format=request.output_format,
            span=plan.span,
            whole_clips=request.whole_clips,
            utc_offset=round(clock.offset.total_seconds()) if clock else None,
            title=f"{request.address.host} channel {request.channel}, {plan.span}",
            comment=comment(request, complete=True),
        )

    def _on_merged(self, number: int, wall: WallTime) -> None:
        self._emit(events.MergedUpTo(number, wall))

    def _check_anything(self, clips: list[Fetched | Lost], outcomes: list[ClipOutcome | None]) -> None:
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
            folder = Store(self._request.output_dir, self._request.address).folder
            raise MergeError(
                f"Not one of the recordings could be used. The first: {unusable[0]}.",
                hint=f"The downloads are kept in {folder}.",
            )
        raise NothingRecorded(
            f"The recordings listed by {self._request.address} hold no picture in the range.",
            hint="Listed times are whole seconds: ask for a little more, or use --whole-clips.",
        )

    def _unsettled_from(self, span: Span) -> WallTime | None:
        """From when on the camera may still list more, by its own clock; None where that is after the range."""
        if self._clock is None:
            return None
        settled = self._clock.to_wall(self._tuning.utc_now()) + self._clock.drift - INDEX_LAG
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
        for recording in plan.recordings:
            if request.keep_files and (clip := store.find(recording)):
                store.keep(clip)
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
