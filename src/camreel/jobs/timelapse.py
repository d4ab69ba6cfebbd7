"""Make a timelapse: fetch keyframes by their bytes, and make a short video of them.

If a device does not send parts of recordings, whole ones are downloaded, with a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio

from camreel import events
from camreel.errors import CameraError, LoginError, NothingRecorded, UsageError, printable
from camreel.jobs.exclusion import MOST_EXCLUDED, Attempt, run_excluding
from camreel.jobs.outcome import usable
from camreel.jobs.pipeline import PipelineResult
from camreel.jobs.search import CameraSearch
from camreel.media.worker.messages import ClipOutcome, LapseClip, MergeJob, TimelapseOrder, TimelapseResult
from camreel.media.worker.process import lapse
from camreel.model import Recording, Request, Span, WallTime
from camreel.planning.account import LossKind, LostReason
from camreel.planning.coverage import listed_span
from camreel.planning.event_filter import event_text
from camreel.planning.plan import ExportPlan
from camreel.report import reason_text
from camreel.text import count_text, duration_text
from camreel.transfer.download import TransferPolicy, fetch
from camreel.transfer.keyframes import keyframes
from camreel.transfer.pool import DownloadSlot, reason_of
from camreel.transfer.ranges import NotInPart
from camreel.transfer.resume import Ranges
from camreel.transfer.runtime import Runtime
from camreel.transfer.store import Fetched, Store
from camreel.transfer.throttle import Concurrency, RateLimit

_PICTURES_A_SECOND = 20
_MOST_PICTURES = 20_000


@dataclass(frozen=True, slots=True)
class Pace:
    """``speed`` times as fast as recorded; one keyframe each ``step`` of recorded time."""

    speed: float
    step: timedelta


def footage_of(plan: ExportPlan) -> tuple[Span, ...]:
    """Return the recorded parts of the range, without overlaps."""
    parts: list[Span] = []
    for recording in plan.recordings:
        part = listed_span(recording).overlap(plan.span)
        if part is None:
            continue
        if parts and part.start <= parts[-1].end:
            parts[-1] = Span(parts[-1].start, max(parts[-1].end, part.end))
        else:
            parts.append(part)
    return tuple(parts)


def pace_of(wish: float, footage: Sequence[Span]) -> Pace:
    """Return the pace. ``wish`` above 0: so many times as fast; below: so many seconds long."""
    recorded = sum(part.seconds for part in footage)
    speed = wish if wish > 0 else recorded / -wish
    if speed < 1:
        raise UsageError(
            f"A timelapse cannot be longer than the footage: {duration_text(recorded)}.",
            hint="Leave out --timelapse to get all of it.",
        )
    return Pace(speed, timedelta(seconds=max(speed / _PICTURES_A_SECOND, recorded / _MOST_PICTURES)))


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """The keyframes at ``moments`` of recording ``number``; all lie in ``part``, its part of the range."""

    number: int
    recording: Recording
    part: Span
    moments: tuple[WallTime, ...]

    def clip(
        self, path: Path, start: WallTime, seconds: tuple[float, ...] = (0.0,), digest: str | None = None
    ) -> LapseClip:
        """Describe the clip at ``path``, whose first frame was taken at ``start``; ``digest`` is its SHA-256."""
        words = tuple(map(event_text, self.recording.events))
        label = f"clip {self.number} ({printable(self.recording.name)})"
        return LapseClip(self.number, str(path), label, start, self.part, seconds, words, digest)


class TimelapseJob:
    """One timelapse. ``run`` returns what a merge returns."""

    def __init__(self, request: Request, plan: ExportPlan, store: Store, emit: events.Listener) -> None:
        self._request, self._plan, self._store, self._emit = request, plan, store, emit
        self._ranges = Ranges()
        self._clips: dict[int, list[LapseClip]] = {}
        self._lost: dict[int, LostReason] = {}
        self._received: dict[int, int] = {}
        self._files = 0
        self._whole_ones: list[Recording] = []  # downloads to let go of

    async def run(self, inquiry: CameraSearch, job: MergeJob, tuning: Runtime) -> PipelineResult:
        """Fetch the keyframes, and make the video. On an error remove the unfinished video."""
        wish, footage = self._request.output.video.timelapse, footage_of(self._plan)
        assert wish is not None
        chosen = pace_of(wish, footage)
        self._inquiry = inquiry
        self._rate = RateLimit(self._request.target.limit_rate, tuning.sleep, tuning.now)
        with self._store.scratch() as self._folder:
            await self._fetch_all(self._requests(chosen.step))
            joined = await self._film(job, footage, chosen.speed)
        if not self._lost:  # else the next run has less to fetch
            for recording in self._whole_ones:
                self._store.discard(recording)
        return joined

    def _requests(self, step: timedelta) -> list[KeyframeRequest]:
        requests = []
        for number, recording in enumerate(self._plan.recordings, 1):
            part = listed_span(recording).overlap(self._plan.span)
            assert part is not None, "what is outside the range is not in the plan"
            count = max(1, -(-(part.end - part.start) // step))
            moments = tuple(part.start + place * step for place in range(count))
            requests.append(KeyframeRequest(number, replace(recording, part=None), part, moments))
        return requests

    async def _fetch_all(self, requests: Sequence[KeyframeRequest]) -> None:
        waiting = iter(requests)

        async def work() -> None:
            async with DownloadSlot(self._inquiry.camera) as line:
                for wish in waiting:
                    await self._fetch(line, wish)

        async with anyio.create_task_group() as workers:
            for _worker in range(min(self._request.target.max_concurrent, len(requests))):
                workers.start_soon(work)

    async def _fetch(self, line: DownloadSlot, wish: KeyframeRequest) -> None:
        """Fetch the keyframes of one recording; note why if they cannot be had."""
        number = wish.number
        self._emit(events.ClipStarted(number, wish.recording, None, 1))
        reason = LostReason(LossKind.NOT_TRIED)
        if not self._inquiry.outage.is_gone:
            try:
                self._clips[number] = await self._clips_of(line, wish)
            except LoginError:
                raise
            except CameraError as error:
                reason = reason_of(error)
        if number in self._clips:
            self._emit(events.ClipFetched(number, self._received.get(number, 0)))
        else:
            self._lost[number] = reason
            self._emit(events.ClipFailed(number, wish.recording, reason))

    async def _clips_of(self, line: DownloadSlot, wish: KeyframeRequest) -> list[LapseClip]:
        async def spend(count: int) -> None:
            self._received[wish.number] = self._received.get(wish.number, 0) + count
            self._emit(events.ClipProgress(wish.number, self._received[wish.number]))
            await self._rate.spend(count)

        manner = TransferPolicy(self._ranges, spend)
        try:
            return await self._inquiry.fetching(
                printable(wish.recording.name), lambda _attempt: self._keyframes(line, wish, manner)
            )
        except NotInPart:
            self._inquiry.warn(
                "The camera does not send single pictures of some recordings: camreel fetches those whole."
            )
        path = await anyio.to_thread.run_sync(self._store.find, wish.recording, abandon_on_cancel=True)
        if path is None:
            path = await self._inquiry.fetching(
                printable(wish.recording.name), lambda attempt: self._whole(line, wish, manner, attempt)
            )
        self._whole_ones.append(wish.recording)
        start = wish.recording.span.start
        seconds = tuple((moment - start).total_seconds() for moment in wish.moments)
        return [wish.clip(path, start, seconds, self._store.digest_of(path))]

    async def _keyframes(self, line: DownloadSlot, wish: KeyframeRequest, manner: TransferPolicy) -> list[LapseClip]:
        came = []
        try:
            async for frame in keyframes(await line.source(), wish.recording, at=wish.moments, manner=manner):
                self._files += 1
                path = self._folder / f"{self._files}.{'dav' if frame.is_dav else 'mp4'}"
                digest = self._store.write_scratch(path, frame.clip)
                came.append(wish.clip(path, frame.wall, digest=digest))
        except CameraError:
            await line.hang_up()
            raise
        return came

    async def _whole(self, line: DownloadSlot, wish: KeyframeRequest, manner: TransferPolicy, attempt: int) -> Path:
        try:
            source = await line.source()
            return await fetch(
                source, wish.recording, self._store, lambda _size: None, doubt=attempt == 1, manner=manner
            )
        except CameraError:
            await line.hang_up()
            raise

    async def _film(self, job: MergeJob, footage: tuple[Span, ...], speed: float) -> PipelineResult:
        numbers = range(1, len(self._plan.recordings) + 1)
        clips = [clip for number in numbers for clip in self._clips.get(number, [])]
        if not clips:
            reasons = [reason_text(reason) for reason in self._lost.values()]
            first = reasons[0] if reasons else "the recordings hold no keyframe in the range"
            raise (CameraError if self._lost else NothingRecorded)(
                f"No keyframe could be fetched. The first: {first}.",
                hint="Run the same command again; --max-concurrent 1 puts less load on the camera.",
            )
        at_most = self._request.target.max_concurrent
        order = TimelapseOrder(job, speed, footage, tuple(clips))
        # A film of nothing is none: the last recording is not left out, and its error is that of the film.
        held = {clip.number for clip in clips}
        most = min(MOST_EXCLUDED, len(held) - 1)
        work = partial(self._attempt, order)
        done, outcomes = await run_excluding(work, held, job.output, self._inquiry.warn, most)
        self._emit(events.Verifying())
        pictures = count_text(sum(outcome.video_packets for outcome in done.outcomes), "keyframe")
        self._inquiry.warn(f"This is a timelapse, {speed:.4g} times as fast: {pictures}, without sound.")
        return PipelineResult(
            tuple(self._state(number) for number in numbers),
            tuple(outcomes.get(number) or LostReason(LossKind.NO_KEYFRAME) for number in numbers),
            done.result,
            Concurrency(at_most, at_most, at_most),
        )

    async def _attempt(
        self, order: TimelapseOrder, attempt: Attempt
    ) -> tuple[TimelapseResult, dict[int, ClipOutcome | LostReason]]:
        """Make the film without what the attempt leaves out; return it, and the outcomes of all recordings."""
        order = replace(order, clips=tuple(clip for clip in order.clips if clip.number not in attempt.excluded))
        done = await lapse(order, self._on_merged)
        return done, {**{outcome.number: usable(outcome) for outcome in done.outcomes}, **attempt.excluded}

    def _state(self, number: int) -> Fetched | LostReason:
        if number in self._lost:
            return self._lost[number]
        size = self._received.get(number, 0)
        return Fetched(Path(), size, reused=False, whole=self._plan.recordings[number - 1].size)

    def _on_merged(self, number: int, wall: WallTime) -> None:
        self._emit(events.MergedUpTo(number, wall))
