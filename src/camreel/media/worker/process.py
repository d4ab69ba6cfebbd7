"""A worker process, seen from this side: started without secrets, spoken to in lines, never waited for in vain.

The parent's side of the merge process: start it, give it clips, and never wait for it in vain.

The parent's side of the process that makes pictures: a clip that takes it down costs no picture but its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, PIPE
from types import TracebackType
from typing import TypeVar

import anyio
import anyio.abc

from camreel.errors import DiskError, MergeError, printable
from camreel.media.worker.messages import (
    ClipFile,
    ClipOutcome,
    ClipResults,
    Failed,
    Finish,
    MergeJob,
    MergeProgress,
    MergeResult,
    NoStill,
    Sheet,
    SheetOrder,
    Still,
    StillOrder,
    TimelapseOrder,
    TimelapseResult,
)
from camreel.media.worker.wire import LONGEST_LINE, BadMessage, Message, decode, encode
from camreel.model import WallTime

# What the child needs of our environment. Never all of it: a password may be in there.
_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH"}
)

# For glibc: keyframes come and go, and giving their memory back for each costs more than to copy them.
_ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Child:
    """``python -m camreel.media.worker.main``. ``name`` is what errors call it.

    ``died`` makes the error that says that it died; ``hint`` is the advice of all others.
    """

    def __init__(self, name: str, died: Callable[[str], MergeError], hint: str) -> None:
        self._name = name
        self._died = died
        self._hint = hint
        self._process: anyio.abc.Process | None = None
        self._received = bytearray()

    async def start(self) -> None:
        """Start it. It waits for a first line, which says what it is for."""
        self._received.clear()
        self._process = await anyio.open_process(
            [sys.executable, "-m", "camreel.media.worker.main"],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # `-m` looks in the working directory first: this one holds no stranger's av.py.
            cwd=Path(__file__).parents[2],
            env=environment(),
            start_new_session=sys.platform != "win32",
        )

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    async def send(self, lines: bytes) -> None:
        """Tell it something."""
        if self._process is None or self._process.stdin is None:
            raise MergeError(f"The {self._name} process has already ended.", hint=self._hint)
        # Where it died, what it said before that is still in the pipe and says more.
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._process.stdin.send(lines)

    async def next_message(self, doing: str, patience: float) -> Message:
        """What it says next; ``patience`` in seconds. ``doing``: "while x was being merged", for errors."""
        try:
            with anyio.fail_after(patience):
                line = await self._next_line(doing)
        except TimeoutError:
            raise self._died(f"The {self._name} process said nothing for {patience:g} seconds {doing}.") from None
        try:
            return decode(line)
        except BadMessage as error:
            raise MergeError(f"The {self._name} process answered with {error} {doing}.", hint=self._hint) from error

    async def _next_line(self, doing: str) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > LONGEST_LINE:
                raise MergeError(f"The {self._name} process answered without end {doing}.", hint=self._hint)
            try:
                self._received += await self._process.stdout.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                raise self._died(f"The {self._name} process died {doing}.") from None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    async def end(self) -> None:
        """Kill it if it still runs, and wait for it; at most half a second, also when being cancelled."""
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        with anyio.CancelScope(shield=True), anyio.move_on_after(0.5):
            await process.aclose()


def _kill(process: anyio.abc.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own


def environment() -> dict[str, str]:
    """What it is given of ours."""
    passed = {
        name: value for name, value in os.environ.items() if name.upper() in _PASSED or name.upper().startswith("LC_")
    }
    # Ours and the libraries' places, however this process found them: a checkout, a zip, a test.
    passed["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path if place)
    if sys.dont_write_bytecode:
        passed["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**_ALLOCATION, **passed}


_KEPT = "The downloads are kept: run it again to continue."
_AHEAD = 4  # clips


class MergeDied(MergeError):
    """The merge process died or hung; ``number`` is the clip it was at, None where it was at none."""

    def __init__(self, message: str, number: int | None) -> None:
        super().__init__(message, hint=_KEPT)
        self.number = number


Answer = TypeVar("Answer", ClipResults, MergeResult)


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

    async def add(self, clip: ClipFile) -> ClipResults:
        """Merge ``clip``; returns when of it is written what need not wait for the next clip.

        Raises :class:`MergeError`, :class:`DiskError`.
        """
        await self._post(clip)
        return await self._settled(clip)

    async def add_all(self, clips: Iterable[ClipFile], on_settled: Callable[[ClipFile, ClipResults], None]) -> None:
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

    async def _settled(self, clip: ClipFile) -> ClipResults:
        doing = f"while {printable(clip.label)} was being merged"
        settled = await self._answer_of(clip.number, ClipResults, doing, self._stall_seconds)
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
            if isinstance(message, MergeProgress):
                self._at = message.number
                self._on_progress(message.number, message.wall)
            elif isinstance(message, kind):
                return message
            else:
                raise _as_error(message, doing, self._at)


async def lapse(
    order: TimelapseOrder, on_progress: Callable[[int, WallTime], None], *, stall_seconds: float = 60
) -> TimelapseResult:
    """A timelapse, made in a process of its own. Raises :class:`MergeError`, :class:`DiskError`."""
    at: list[int] = []
    child = Child("merge", lambda said: MergeDied(said, at[-1] if at else None), _KEPT)
    await child.start()
    try:
        await child.send(encode(replace(order, job=replace(order.job, output=str(Path(order.job.output).absolute())))))
        while True:
            message = await child.next_message("while the timelapse was being made", stall_seconds)
            if isinstance(message, MergeProgress):
                at.append(message.number)
                on_progress(message.number, message.wall)
            elif isinstance(message, TimelapseResult):
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


_HINT = "Run it again; if it stays so, report it with the model of the camera."
StillAnswer = TypeVar("StillAnswer", Still | NoStill, Sheet)


class _Died(MergeError):
    """The process died or hung, or asked for too much memory."""


class StillProcess:
    """Pictures and sheets, made one at a time in a process of its own; an async context manager.

    ``stall_seconds`` is how long the process may be busy with one of them.
    """

    def __init__(self, *, stall_seconds: float = 30) -> None:
        self._child = Child("picture", _Died, _HINT)
        self._stall_seconds = stall_seconds

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid

    async def __aenter__(self) -> StillProcess:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._child.end()

    async def still(self, order: StillOrder) -> Still | NoStill:
        """A picture, or why there is none: also where the clip took the process down. Raises DiskError."""
        order = replace(order, clip=str(Path(order.clip).absolute()), output=str(Path(order.output).absolute()))
        try:
            return await self._ask(order, (Still, NoStill), "while a picture was being decoded")
        except MergeError as error:
            return NoStill(f"its picture could not be decoded ({str(error).rstrip('.')})")

    async def sheet(self, order: SheetOrder) -> Sheet:
        """A contact sheet. Raises DiskError; MergeError where it cannot be drawn."""
        tiles = tuple(
            replace(each, picture=each.picture and str(Path(each.picture).absolute())) for each in order.tiles
        )
        order = replace(order, output=str(Path(order.output).absolute()), tiles=tiles)
        return await self._ask(order, (Sheet,), "while the contact sheet was being drawn")

    async def _ask(self, order: StillOrder | SheetOrder, kinds: tuple[type, ...], doing: str) -> StillAnswer:
        answer: StillAnswer | None = None
        try:
            if self._child.pid is None:
                await self._child.start()
            await self._child.send(encode(order))
            message = await self._child.next_message(doing, self._stall_seconds)
            if isinstance(message, Failed):
                error = DiskError if message.kind == "disk" else MergeError
                raise error(printable(message.message, 500), hint=_HINT)
            if not isinstance(message, kinds):
                raise MergeError(f"The picture process answered out of turn {doing}.", hint=_HINT)
            answer = message  # type: ignore[assignment]  # of one of the kinds
        finally:
            if answer is None:
                await self._child.end()
        assert answer is not None
        return answer
