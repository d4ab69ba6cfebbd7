"""Merges, timelapses and pictures, each made by a worker: send it work, and never wait for it in vain."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import anyio

from camreel.errors import DiskError, MergeError, printable, reason_of_system, unexpected_error
from camreel.media.worker.executor import ChildProcess, Executor, WorkerEnded
from camreel.media.worker.messages import (
    ClipBegun,
    ClipFile,
    ClipOutcome,
    ClipResults,
    Failed,
    Finish,
    MergeJob,
    MergeProgress,
    MergeResult,
    NoStill,
    PlaybackProgress,
    PlaybackResult,
    Sheet,
    SheetOrder,
    SheetRow,
    Still,
    StillOrder,
    TimelapseOrder,
    TimelapseResult,
)
from camreel.media.worker.wire import BadMessage, Message
from camreel.model import Playback, PlaybackFailure, WallTime

_KEPT = "The downloads are kept: run it again to continue."
_HINT = "Run it again. If it fails again, report it with the model of the camera."
_DECODING = "while the video was being decoded"
_AHEAD = 4  # clips
_MOST_RESTARTS = 10  # of the picture process
Answer = TypeVar("Answer", ClipResults, MergeResult)
StillAnswer = TypeVar("StillAnswer", Still | NoStill, Sheet)


class MergeDied(MergeError):
    """The merge process died or hung; ``number`` is the clip it was at, None if it was at none.

    ``is_certain``: the process itself blames the clip. Otherwise somebody may have killed or stopped it, and
    ``by_others`` says that the signal looks like it. ``was_idle``: it had not begun to read the clip.
    """

    def __init__(
        self,
        message: str,
        number: int | None,
        *,
        is_certain: bool = False,
        by_others: bool = False,
        was_idle: bool = False,
    ) -> None:
        super().__init__(message, hint=_KEPT)
        self.number = number
        self.is_certain = is_certain
        self.by_others = by_others
        self.was_idle = was_idle

    @property
    def place(self) -> tuple[type, int | None, bool]:
        """What it was doing: deaths in a row at the same place have the same cause."""
        return type(self), self.number, self.was_idle


class PlaybackDied(MergeDied):
    """The merge process died while it decoded the finished video; ``result`` is that of the merge, and says so."""

    def __init__(self, message: str, number: int | None, result: MergeResult, *, by_others: bool = False) -> None:
        super().__init__(message, number, by_others=by_others)
        self.result = result


class _Conversation:
    """Talk to the worker of ``executor``, which errors call the ``name`` process.

    ``died`` makes the error for a worker that died or hung, of a sentence and of whether others may have killed it;
    ``hint`` is the advice of all other errors.
    """

    def __init__(
        self, executor: Executor | None, name: str, died: Callable[[str, bool], MergeError], hint: str
    ) -> None:
        self._executor = executor or ChildProcess()
        self._name = name
        self._died = died
        self._hint = hint
        self.is_open = False

    async def start(self) -> None:
        try:
            await self._executor.start()
        except (OSError, RuntimeError, MemoryError) as error:
            known = unexpected_error(error, self._hint)
            why = reason_of_system(error) if isinstance(error, OSError) else str(error) or "no memory is left"
            raise MergeError(f"The {self._name} process could not be started: {why}.", hint=known.hint) from error
        self.is_open = True

    async def send(self, *messages: Message) -> None:
        if not self.is_open:
            raise MergeError(f"The {self._name} process has already ended.", hint=self._hint)
        await self._executor.send(*messages)

    async def receive(self, doing: str, patience: float) -> Message:
        """Wait ``patience`` seconds for the next message. ``doing``: "while x was being merged", for errors."""
        try:
            with anyio.fail_after(patience):
                return await self._executor.receive()
        except TimeoutError:
            said = f"The {self._name} process said nothing for {patience:g} seconds {doing}."
            raise self._died(said, False) from None
        except WorkerEnded as ended:
            said = f"The {self._name} process died {doing}{ended.cause and f' ({ended.cause})'}."
            raise self._died(said, ended.by_others) from None
        except BadMessage as error:
            raise MergeError(f"The {self._name} process answered with {error} {doing}.", hint=self._hint) from error

    async def close(self) -> None:
        self.is_open = False
        await self._executor.close()


class MergeProcess:
    """One merge in a process of its own; an async context manager.

    Add clips in the order of their start. Whatever goes wrong ends the merge: with :class:`DiskError` if the output
    cannot be written, else with :class:`MergeError`. A bad clip is not an error but an outcome. Leaving the context
    before :meth:`finish` has returned kills the process; files are left as they are.

    ``on_progress`` gets the number of the clip and the wall time reached, a few times a second. ``stall_seconds`` is
    how long the process may say nothing while it has work. ``executor`` runs it; by default a child process does.
    """

    def __init__(
        self,
        job: MergeJob,
        on_progress: Callable[[int, WallTime], None],
        *,
        stall_seconds: float = 60,
        executor: Executor | None = None,
    ) -> None:
        self._job = replace(job, output=str(Path(job.output).absolute()))
        self._on_progress = on_progress
        self._stall_seconds = stall_seconds
        self._worker = _Conversation(executor, "merge", self._died, _KEPT)
        self._job_sent = False
        self._at: int | None = None
        self._is_idle = True
        self._added: set[int] = set()

    async def __aenter__(self) -> MergeProcess:
        await self._worker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._worker.close()

    async def add(self, clip: ClipFile) -> ClipResults:
        """Merge ``clip``; return when all of it is written that need not wait for the next clip.

        Raises :class:`MergeError`, :class:`DiskError`.
        """
        await self._post(clip)
        return await self._result_of(clip)

    async def add_all(self, clips: Iterable[ClipFile], on_result: Callable[[ClipFile, ClipResults], None]) -> None:
        """Merge one clip after the other. Send the next few early: the process never waits for them."""
        waiting: deque[ClipFile] = deque()
        for clip in clips:
            await self._post(clip)
            waiting.append(clip)
            if len(waiting) > _AHEAD:
                on_result(waiting[0], await self._result_of(waiting.popleft()))
        while waiting:
            on_result(waiting[0], await self._result_of(waiting.popleft()))

    async def finish(self) -> MergeResult:
        """Close, reopen, check and sync the output. Raises :class:`MergeError`, :class:`DiskError`.

        :class:`PlaybackDied` if that is done, and the process died while it decoded the video.
        """
        await self._send(Finish())
        # Closing ends in an fsync, which says nothing while a slow disk takes what is still in memory.
        result = await self._answer_of(None, MergeResult, "while the video was being closed", 10 * self._stall_seconds)
        self._check_known(result.outcomes)
        try:
            return await self._played(result)
        finally:
            await self._worker.close()

    async def _played(self, result: MergeResult) -> MergeResult:
        """Wait until the worker has decoded the video. Whatever becomes of it then, the video is there."""
        at: int | None = None
        try:
            while not isinstance(message := await self._worker.receive(_DECODING, self._stall_seconds), PlaybackResult):
                if not isinstance(message, PlaybackProgress):
                    return self._unplayed(result, str(_as_error(message, _DECODING, None)))
                at = message.number if message.number in self._added else None
        except MergeError as error:
            done = self._unplayed(result, str(error), at)
            if isinstance(error, MergeDied):
                raise PlaybackDied(str(error), at, done, by_others=error.by_others) from error
            return done
        return replace(result, playback=message.playback)

    def _unplayed(self, result: MergeResult, why: str, number: int | None = None) -> MergeResult:
        """Return the result of a video that was not decoded to its end, because of clip ``number`` or none."""
        playback = Playback(self._job.video.verify)
        if number is None:
            notes = (*result.notes, f"The video was not decoded to its end: {why}")
            return replace(result, notes=notes, playback=playback)
        failure = PlaybackFailure(number, f"it does not play: {why.rstrip('.')}")
        return replace(result, playback=replace(playback, failures=(failure,)))

    def _check_known(self, outcomes: Iterable[ClipOutcome]) -> None:
        if any(outcome.number not in self._added for outcome in outcomes):
            raise MergeError("The merge process answered for a clip that it was not given.", hint=_KEPT)

    def _died(self, said: str, by_others: bool) -> MergeDied:
        return MergeDied(said, self._at, by_others=by_others, was_idle=self._is_idle)

    async def _post(self, clip: ClipFile) -> None:
        self._added.add(clip.number)
        await self._send(replace(clip, path=str(Path(clip.path).absolute())))

    async def _result_of(self, clip: ClipFile) -> ClipResults:
        doing = f"while {printable(clip.label)} was being merged"
        result = await self._answer_of(clip.number, ClipResults, doing, self._stall_seconds)
        self._check_known(result.outcomes)
        return result

    async def _send(self, order: ClipFile | Finish) -> None:
        first = () if self._job_sent else (self._job,)
        self._job_sent = True
        await self._worker.send(*first, order)

    async def _answer_of(self, number: int | None, kind: type[Answer], doing: str, patience: float) -> Answer:
        """Wait for the answer to an order, on clip ``number`` or none. Anything else ends the process."""
        answer: Answer | None = None
        self._at, self._is_idle = number, number is not None
        try:
            answer = await self._answer(kind, doing, patience)
        finally:
            if answer is None:
                await self._worker.close()
        return answer

    async def _answer(self, kind: type[Answer], doing: str, patience: float) -> Answer:
        while True:
            message = await self._worker.receive(doing, patience)
            if isinstance(message, ClipBegun | MergeProgress):
                self._at, self._is_idle = message.number, False
            if isinstance(message, ClipBegun):
                continue
            if isinstance(message, MergeProgress):
                self._on_progress(message.number, message.wall)
            elif isinstance(message, kind):
                return message
            else:
                raise _as_error(message, doing, self._at)


async def lapse(
    order: TimelapseOrder,
    on_progress: Callable[[int, WallTime], None],
    *,
    stall_seconds: float = 60,
    executor: Executor | None = None,
) -> TimelapseResult:
    """Make a timelapse in a process of its own. Raises :class:`MergeError`, :class:`DiskError`."""
    at: int | None = None
    doing = "while the timelapse was being made"
    worker = _Conversation(executor, "merge", lambda said, by_others: MergeDied(said, at, by_others=by_others), _KEPT)
    await worker.start()
    try:
        await worker.send(replace(order, job=replace(order.job, output=str(Path(order.job.output).absolute()))))
        while True:
            message = await worker.receive(doing, stall_seconds)
            if isinstance(message, MergeProgress):
                at = message.number
                on_progress(message.number, message.wall)
            elif isinstance(message, TimelapseResult):
                return message
            else:
                raise _as_error(message, doing, at)
    finally:
        await worker.close()


def _as_error(message: Message, doing: str, number: int | None) -> MergeError | DiskError:
    """Return the error that a message is, which is no answer."""
    if not isinstance(message, Failed):
        return MergeError(f"The merge process answered out of turn {doing}.", hint=_KEPT)
    if message.kind == "clip" and message.number is not None:
        return MergeDied(printable(message.message, 500), message.number, is_certain=True)
    if message.kind == "memory":
        return MergeDied(printable(message.message, 500), number, is_certain=True)
    error = DiskError if message.kind == "disk" else MergeError
    return error(printable(message.message, 500), hint=message.hint and printable(message.hint, 500))


def _with_places(row: SheetRow) -> SheetRow:
    """Return the row with absolute paths: the process works elsewhere."""
    tiles = (replace(each, picture=each.picture and str(Path(each.picture).absolute())) for each in row.tiles)
    return replace(row, tiles=tuple(tiles))


class StillProcess:
    """Pictures and sheets, made one at a time in a process of its own; an async context manager.

    If the process dies, another is started, and the picture is tried once more: somebody may have killed it. A clip
    that kills it twice costs no picture but its own.
    ``stall_seconds`` is how long the process may be busy with one picture. ``executor`` is as in a merge.
    """

    def __init__(self, *, stall_seconds: float = 30, executor: Executor | None = None) -> None:
        self._worker = _Conversation(executor, "picture", lambda said, _by_others: MergeDied(said, None), _HINT)
        self._stall_seconds = stall_seconds
        self._restarts = _MOST_RESTARTS

    async def __aenter__(self) -> StillProcess:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._worker.close()

    async def still(self, order: StillOrder) -> Still | NoStill:
        """Make a picture, or say why there is none: also if the clip killed the process.

        Raises DiskError; MergeError if it is not the clip: the next picture would fail as well.
        """
        order = replace(order, clip=str(Path(order.clip).absolute()), output=str(Path(order.output).absolute()))
        try:
            return await self._ask(order, (Still, NoStill), "while a picture was being decoded")
        except MergeDied as error:
            return NoStill(f"its picture could not be decoded ({str(error).rstrip('.')})")

    async def sheet(self, order: SheetOrder) -> Sheet:
        """Draw a contact sheet. Raises DiskError; MergeError if it cannot be drawn."""
        order = replace(order, output=str(Path(order.output).absolute()), rows=tuple(map(_with_places, order.rows)))
        return await self._ask(order, (Sheet,), "while the contact sheet was being drawn")

    async def _ask(self, order: StillOrder | SheetOrder, kinds: tuple[type, ...], doing: str) -> StillAnswer:
        try:
            return await self._ask_once(order, kinds, doing)
        except MergeDied as error:
            if error.is_certain or self._restarts == 0:
                raise
            self._restarts -= 1
            with suppress(OSError):
                Path(order.output).unlink(missing_ok=True)
            return await self._ask_once(order, kinds, doing)

    async def _ask_once(self, order: StillOrder | SheetOrder, kinds: tuple[type, ...], doing: str) -> StillAnswer:
        answer: StillAnswer | None = None
        try:
            if not self._worker.is_open:
                await self._worker.start()
            await self._worker.send(order)
            message = await self._worker.receive(doing, self._stall_seconds)
            if isinstance(message, Failed):
                error = _as_error(message, doing, None)
                error.hint = error.hint if isinstance(error, MergeDied) else _HINT
                raise error
            if not isinstance(message, kinds):
                raise MergeDied(f"The picture process answered out of turn {doing}.", None, is_certain=True)
            answer = message  # type: ignore[assignment]  # of one of the kinds
        finally:
            if answer is None:
                await self._worker.close()
        assert answer is not None
        return answer
