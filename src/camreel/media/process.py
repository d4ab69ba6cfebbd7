"""The parent's side of the merge process: start it, give it clips, and never wait for it in vain."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from camreel.errors import DiskError, MergeError, printable
from camreel.media.child import Child
from camreel.media.job import ClipFile, ClipOutcome, Failed, Finish, MergeJob, MergeResult, Progress, Settled
from camreel.media.lapse_job import Lapsed, LapseOrder
from camreel.media.messages import Message, encode
from camreel.model import WallTime

_KEPT = "The downloads are kept: run it again to continue."
_AHEAD = 4  # clips


class MergeDied(MergeError):
    """The merge process died or hung; ``number`` is the clip it was at, None where it was at none."""

    def __init__(self, message: str, number: int | None) -> None:
        super().__init__(message, hint=_KEPT)
        self.number = number


Answer = TypeVar("Answer", Settled, MergeResult)


class MergeProcess:
    """One merge in a process of its own; an async context manager.

    Clips are added in the order of their start. Whatever goes wrong ends the merge: with
    :class:`DiskError` where the output cannot be written, else with :class:`MergeError`. A clip that is bad is not
    an error but an outcome. Leaving the context before :meth:`finish` has returned kills the process; files are
    left as they are.

    ``on_progress`` gets the number of the clip and the wall time reached, a few times a second. ``stall_seconds`` is
    how long the process may say nothing while it has work.
    """

    def __init__(
        self, job: MergeJob, on_progress: Callable[[int, WallTime], None], *, stall_seconds: float = 60
    ) -> None:
        self._job = replace(job, output=str(Path(job.output).absolute()))
        self._on_progress = on_progress
        self._stall_seconds = stall_seconds
        self._child = Child("merge", lambda said: MergeDied(said, self._at), _KEPT)
        self._job_sent = False
        self._at: int | None = None
        self._added: set[int] = set()

    async def __aenter__(self) -> MergeProcess:
        await self._child.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._child.end()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid

    async def add(self, clip: ClipFile) -> Settled:
        """Merge ``clip``; returns when of it is written what need not wait for the next clip.

        Raises :class:`MergeError`, :class:`DiskError`.
        """
        await self._post(clip)
        return await self._settled(clip)

    async def add_all(self, clips: Iterable[ClipFile], on_settled: Callable[[ClipFile, Settled], None]) -> None:
        """The same for one after the other. The next few are handed over early: the process never waits for them."""
        waiting: deque[ClipFile] = deque()
        for clip in clips:
            await self._post(clip)
            waiting.append(clip)
            if len(waiting) > _AHEAD:
                on_settled(waiting[0], await self._settled(waiting.popleft()))
        while waiting:
            on_settled(waiting[0], await self._settled(waiting.popleft()))

    async def finish(self) -> MergeResult:
        """Close, reopen, check and sync the output. Raises :class:`MergeError`, :class:`DiskError`."""
        await self._send(Finish())
        # Closing ends in an fsync, which says nothing while a slow disk takes what is still in memory.
        result = await self._answer_of(None, MergeResult, "while the video was being closed", 10 * self._stall_seconds)
        self._check_known(result.outcomes)
        await self._child.end()
        return result

    def _check_known(self, outcomes: Iterable[ClipOutcome]) -> None:
        if any(outcome.number not in self._added for outcome in outcomes):
            raise MergeError("The merge process answered for a clip that it was not given.", hint=_KEPT)

    async def _post(self, clip: ClipFile) -> None:
        self._added.add(clip.number)
        await self._send(replace(clip, path=str(Path(clip.path).absolute())))

    async def _settled(self, clip: ClipFile) -> Settled:
        doing = f"while {printable(clip.label)} was being merged"
        settled = await self._answer_of(clip.number, Settled, doing, self._stall_seconds)
        self._check_known(settled.outcomes)
        return settled

    async def _send(self, order: ClipFile | Finish) -> None:
        lines = encode(order)
        if not self._job_sent:
            lines = encode(self._job) + lines
            self._job_sent = True
        await self._child.send(lines)

    async def _answer_of(self, number: int | None, kind: type[Answer], doing: str, patience: float) -> Answer:
        """The answer to an order, on clip ``number`` or none. What is not brought to its end ends the process."""
        answer: Answer | None = None
        self._at = number
        try:
            answer = await self._answer(kind, doing, patience)
        finally:
            if answer is None:
                await self._child.end()
        return answer

    async def _answer(self, kind: type[Answer], doing: str, patience: float) -> Answer:
        while True:
            message = await self._child.next_message(doing, patience)
            if isinstance(message, Progress):
                self._at = message.number
                self._on_progress(message.number, message.wall)
            elif isinstance(message, kind):
                return message
            else:
                raise _as_error(message, doing, self._at)


async def lapse(
    order: LapseOrder, on_progress: Callable[[int, WallTime], None], *, stall_seconds: float = 60
) -> Lapsed:
    """A timelapse, made in a process of its own. Raises :class:`MergeError`, :class:`DiskError`."""
    at: list[int] = []
    child = Child("merge", lambda said: MergeDied(said, at[-1] if at else None), _KEPT)
    await child.start()
    try:
        await child.send(encode(replace(order, job=replace(order.job, output=str(Path(order.job.output).absolute())))))
        while True:
            message = await child.next_message("while the timelapse was being made", stall_seconds)
            if isinstance(message, Progress):
                at.append(message.number)
                on_progress(message.number, message.wall)
            elif isinstance(message, Lapsed):
                return message
            else:
                raise _as_error(message, "while the timelapse was being made", at[-1] if at else None)
    finally:
        await child.end()


def _as_error(message: Message, doing: str, number: int | None) -> MergeError | DiskError:
    """The error that a message is, which is no answer."""
    if not isinstance(message, Failed):
        return MergeError(f"The merge process answered out of turn {doing}.", hint=_KEPT)
    if message.kind == "clip" and message.number is not None:
        return MergeDied(printable(message.message, 500), message.number)
    if message.kind == "memory":
        return MergeDied(printable(message.message, 500), number)
    error = DiskError if message.kind == "disk" else MergeError
    return error(printable(message.message, 500), hint=message.hint and printable(message.hint, 500))
