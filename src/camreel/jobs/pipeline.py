"""Download and merge side by side: from a plan to one closed and checked output."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

import anyio

from camreel import events
from camreel.errors import CameraError, MergeError, NothingRecorded, printable
from camreel.jobs.exclusion import Attempt, run_excluding
from camreel.jobs.order import clip_file
from camreel.jobs.outcome import played, usable
from camreel.jobs.search import CameraSearch
from camreel.media.worker.messages import ClipFile, ClipOutcome, MergeJob, MergeResult
from camreel.media.worker.process import MergeDied, MergeProcess, PlaybackDied
from camreel.model import Recording, Request, WallTime
from camreel.planning.account import LossKind, LostReason
from camreel.planning.plan import ExportPlan
from camreel.report import reason_text
from camreel.transfer.download import TransferPolicy
from camreel.transfer.pool import Pool
from camreel.transfer.runtime import Runtime
from camreel.transfer.store import Fetched, Store
from camreel.transfer.throttle import Concurrency, RateLimit


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """The output under its part name, and a clip and an outcome for each recording of the plan.

    ``concurrency``: how many parallel downloads the camera bore.
    """

    clips: tuple[Fetched | LostReason, ...]
    outcomes: tuple[ClipOutcome | LostReason | None, ...]
    result: MergeResult
    concurrency: Concurrency


class Pipeline:
    """The downloads and the merge of one export. ``head_start`` is given if the downloads have begun."""

    def __init__(
        self,
        request: Request,
        plan: ExportPlan,
        store: Store,
        emit: events.Listener,
        head_start: HeadStart | None = None,
    ) -> None:
        self._request = request
        self._plan = plan
        self._store = store
        self._emit = emit
        self._head_start = head_start
        self._fetched_again: set[int] = set()
        self._numbers = range(1, len(plan.recordings) + 1)

    async def run(self, inquiry: CameraSearch, job: MergeJob, tuning: Runtime) -> PipelineResult:
        """Download all recordings and merge them as they come. On an error the clips stay, an unfinished video goes."""
        running, ours = await self._head_start.pool_for(self._plan) if self._head_start else (None, ())
        pool = running or self.pool(inquiry, tuning, ours)
        async with anyio.create_task_group() as tasks:
            if running is None:
                tasks.start_soon(pool.run)
            joined = await run_excluding(partial(self._merge, pool, job), self._numbers, job.output, inquiry.warn)
        return joined  # noqa: RET504 - mypy believes that a task group may swallow an error

    async def download(self, inquiry: CameraSearch, tuning: Runtime) -> None:
        """Download all recordings, and merge nothing."""
        await self.pool(inquiry, tuning).run()

    def pool(self, inquiry: CameraSearch, tuning: Runtime, ours: Collection[str] = ()) -> Pool:
        """Return the downloads of the plan, to be run. ``ours`` are paths of recordings that this run has fetched."""
        return Pool(
            self._plan.recordings,
            self._store,
            inquiry.camera,
            _PoolEvents(self._emit),
            limit=self._request.target.max_concurrent,
            backoff=tuning.fetching,
            sleep=tuning.sleep,
            outage=inquiry.outage,
            manner=TransferPolicy(spend=RateLimit(self._request.target.limit_rate, tuning.sleep, tuning.now).spend),
            ours=ours,
        )

    async def _merge(self, pool: Pool, job: MergeJob, attempt: Attempt) -> PipelineResult:
        """Merge the clips in order as they arrive, without those that the attempt leaves out."""
        clips: list[Fetched | LostReason] = []
        outcomes: dict[int, ClipOutcome | LostReason] = {**attempt.excluded}
        refused: MergeError | None = None
        async with MergeProcess(job, self._on_merged) as merge:
            for number in self._numbers:
                clip = await pool.outcome(number)
                clips.append(clip)
                if isinstance(clip, LostReason) or refused or number in attempt.excluded:
                    continue
                try:
                    clips[-1] = await self._add(merge, pool, number, clip, outcomes)
                except MergeDied:
                    raise
                except MergeError as error:
                    # What is still to come is downloaded all the same: the camera may not have it tomorrow.
                    refused = error
            if refused is None:
                return await self._finish(merge, pool, clips, outcomes, attempt)
        raise MergeError(
            str(refused), hint=f"The downloads are kept in {self._store.folder}. {refused.hint or ''}".strip()
        )

    async def _add(
        self, merge: MergeProcess, pool: Pool, number: int, clip: Fetched, outcomes: dict[int, ClipOutcome | LostReason]
    ) -> Fetched | LostReason:
        """Merge clip ``number``; download a broken one once more. Return the clip that was used."""
        again = number not in self._fetched_again
        results = await merge.add(self._clip_file(number, clip, again=again))
        if results.again is None:
            self._record(results.outcomes, outcomes)
            return clip
        self._fetched_again.add(number)
        fresh = await pool.again(number, results.again)
        if isinstance(fresh, LostReason):
            outcomes[number] = LostReason(LossKind.UNUSABLE, results.again)
            return clip
        results = await merge.add(self._clip_file(number, fresh, again=False))
        self._record(results.outcomes, outcomes)
        return fresh

    def _record(self, known: Iterable[ClipOutcome], outcomes: dict[int, ClipOutcome | LostReason]) -> None:
        for outcome in known:
            outcomes[outcome.number] = usable(outcome)
            if outcome.covered:
                self._on_merged(outcome.number, outcome.covered.end)

    async def _finish(
        self,
        merge: MergeProcess,
        pool: Pool,
        clips: list[Fetched | LostReason],
        outcomes: dict[int, ClipOutcome | LostReason],
        attempt: Attempt,
    ) -> PipelineResult:
        self._emit(events.Verifying())
        numbers = range(1, len(clips) + 1)
        try:
            result = await merge.finish()
        except PlaybackDied as error:
            if attempt.can_restart(error):
                raise
            result = error.result
        except MergeDied:
            raise
        except MergeError:
            self._check_anything(clips, [outcomes.get(number) for number in numbers])
            raise
        self._record(result.outcomes, outcomes)
        known = played(outcomes, result.playback)
        return PipelineResult(tuple(clips), tuple(known.get(number) for number in numbers), result, pool.concurrency)

    def _clip_file(self, number: int, clip: Fetched, *, again: bool) -> ClipFile:
        named = self._plan.recordings[number - 1].path
        digest = self._store.digest_of(clip.path)
        return clip_file(self._plan, number, str(clip.path), named, again=again, offset=clip.offset, digest=digest)

    def _on_merged(self, number: int, wall: WallTime) -> None:
        self._emit(events.MergedUpTo(number, wall))

    def _check_anything(
        self, clips: list[Fetched | LostReason], outcomes: list[ClipOutcome | LostReason | None]
    ) -> None:
        """Raise if not one clip gave a frame: then there is no video to report on."""
        if any(isinstance(outcome, ClipOutcome) and outcome.covered for outcome in outcomes):
            return
        lost = [reason_text(clip) for clip in clips if isinstance(clip, LostReason)]
        reasons = [outcome if isinstance(outcome, LostReason) else None for outcome in outcomes]
        unusable = [reason_text(reason) for reason in reasons if reason]
        if lost and not unusable:
            raise CameraError(
                f"Not one of the {len(lost)} recordings could be downloaded. The first: {lost[0]}.",
                hint="Run the same command again; --max-concurrent 1 puts less load on the camera.",
            )
        # Of a clip that killed the merge nobody knows whether it is to blame: if all did, it may be short of memory.
        killed = [reason is not None and reason.kind is LossKind.KILLED_MERGE for reason in reasons]
        for recording, is_killer in zip(self._plan.recordings, killed, strict=True):
            if not unusable:
                self._store.discard(recording)
            elif not is_killer:
                self._store.set_aside(recording)
        if unusable:
            then = ": run it again to continue." if any(killed) else "; the next run downloads them anew."
            raise MergeError(
                f"None of the recordings is usable. The first: {unusable[0]}.",
                hint=f"The downloads are kept in {self._store.folder}{then}",
            )
        raise NothingRecorded(
            f"The recordings listed by {self._request.target.address} hold no picture in the range.",
            hint="Listed times are whole seconds. Try: a slightly longer range, or --whole-clips.",
        )


class HeadStart:
    """The downloads of ``plan``, which begin before the search has ended. Run :meth:`run` once, in a task."""

    def __init__(self, plan: ExportPlan) -> None:
        self._plan = plan
        self._pool: Pool | None = None
        self.begun, self._ended = anyio.Event(), anyio.Event()

    async def run(self, make: Callable[[], Awaitable[Pool | None]]) -> None:
        """Make the pool, and run it."""
        self._pool = await make()
        self.begun.set()
        if self._pool is not None:
            await self._pool.run()
        self._ended.set()

    async def pool_for(self, plan: ExportPlan) -> tuple[Pool | None, Collection[str]]:
        """Return the downloads of ``plan`` if they are running, else the paths of what was fetched of it.

        The search has found more, or other parts are wanted of it: what is under way is downloaded to its end first.
        """
        await self.begun.wait()
        if self._pool is None or plan.recordings == self._plan.recordings:
            return self._pool, ()
        self._pool.take_no_more()
        await self._ended.wait()
        return None, self._pool.fetched


class _PoolEvents:
    """Emit events for a pool's calls."""

    def __init__(self, emit: events.Listener) -> None:
        self._emit = emit

    def started(self, number: int, recording: Recording, attempt: int, have: int) -> None:
        self._emit(events.ClipStarted(number, recording, recording.size_to_fetch, attempt, have))

    def progress(self, number: int, received: int) -> None:
        self._emit(events.ClipProgress(number, received))

    def fetched(self, number: int, clip: Fetched) -> None:
        self._emit(events.ClipFetched(number, clip.size, clip.reused))

    def lost(self, number: int, recording: Recording, reason: LostReason) -> None:
        self._emit(events.ClipFailed(number, recording, reason))

    def retrying(self, recording: Recording, error: CameraError, wait: float) -> None:
        self._emit(events.Retrying(printable(recording.name), str(error), wait))
