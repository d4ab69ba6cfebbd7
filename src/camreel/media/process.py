"""The parent's side of the merge process: start it, give it clips, and never wait for it in vain."""

from __future__ import annotations

import os
import signal
import sys
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
from camreel.media.job import ClipFile, ClipOutcome, Failed, Finish, MergeJob, MergeResult, Progress, Settled
from camreel.media.messages import LONGEST_LINE, BadMessage, Message, decode, encode
from camreel.model import WallTime

# What the child needs of our environment. Never all of it: a password may be in there.
_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH"}
)
# For glibc: keyframes come and go, and giving their memory back for each costs more than to copy them.
_ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
_KEPT = "The downloads are kept: run it again to continue."


class MergeDied(MergeError):
    """The merge process died or hung; ``number`` is the clip it was at, None where it was at none."""

    def __init__(self, message: str, number: int | None) -> None:
        super().__init__(message, hint=_KEPT)
        self.number = number


Answer = TypeVar("Answer", Settled, MergeResult)


class MergeProcess:
    """One merge in a process of its own; an async context manager.

    Clips are added one at a time, in the order of their start. Whatever goes wrong ends the merge: with
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
        self._process: anyio.abc.Process | None = None
        self._received = bytearray()
        self._job_sent = False
        self._at: int | None = None
        self._added: set[int] = set()

    async def __aenter__(self) -> MergeProcess:
        self._process = await anyio.open_process(
            [sys.executable, "-m", "camreel.media.worker"],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # `-m` looks in the working directory first: this one holds no stranger's av.py.
            cwd=Path(__file__).parents[2],
            env=_environment(),
            start_new_session=sys.platform != "win32",
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    async def add(self, clip: ClipFile) -> Settled:
        """Merge ``clip``; returns when of it is written what need not wait for the next clip.

        Raises :class:`MergeError`, :class:`DiskError`.
        """
        clip = replace(clip, path=str(Path(clip.path).absolute()))
        self._added.add(clip.number)
        settled = await self._ask(clip, Settled, f"while {printable(clip.label)} was being merged")
        self._check_known(settled.outcomes)
        return settled

    async def finish(self) -> MergeResult:
        """Close, reopen, check and sync the output. Raises :class:`MergeError`, :class:`DiskError`."""
        result = await self._ask(Finish(), MergeResult, "while the video was being closed")
        self._check_known(result.outcomes)
        await self._end()
        return result

    def _check_known(self, outcomes: Iterable[ClipOutcome]) -> None:
        if any(outcome.number not in self._added for outcome in outcomes):
            raise MergeError("The merge process answered for a clip that it was not given.", hint=_KEPT)

    async def _ask(self, order: ClipFile | Finish, kind: type[Answer], doing: str) -> Answer:
        """Send ``order`` and wait for its answer. An exchange that is not brought to its end ends the process."""
        answer: Answer | None = None
        self._at = order.number if isinstance(order, ClipFile) else None
        # Closing ends in an fsync, which says nothing while a slow disk takes what is still in memory.
        patience = self._stall_seconds * (10 if isinstance(order, Finish) else 1)
        try:
            await self._send(order)
            answer = await self._answer(kind, doing, patience)
        finally:
            if answer is None:
                await self._end()
        return answer

    async def _send(self, order: ClipFile | Finish) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise MergeError("The merge has already ended.", hint=_KEPT)
        lines = encode(order)
        if not self._job_sent:
            lines = encode(self._job) + lines
            self._job_sent = True
        try:
            await process.stdin.send(lines)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            # It died; what it said before that is still in the pipe and says more.
            return

    async def _answer(self, kind: type[Answer], doing: str, patience: float) -> Answer:
        while True:
            try:
                with anyio.fail_after(patience):
                    message = await self._next_message(doing)
            except TimeoutError:
                said = f"The merge process said nothing for {patience:g} seconds {doing}."
                raise MergeDied(said, self._at) from None
            if isinstance(message, Progress):
                self._at = message.number
                self._on_progress(message.number, message.wall)
            elif isinstance(message, Failed):
                if message.kind == "memory":
                    raise MergeDied(printable(message.message, 500), self._at)
                error = DiskError if message.kind == "disk" else MergeError
                raise error(printable(message.message, 500), hint=message.hint and printable(message.hint, 500))
            elif isinstance(message, kind):
                return message
            else:
                raise MergeError(f"The merge process answered out of turn {doing}.", hint=_KEPT)

    async def _next_message(self, doing: str) -> Message:
        assert self._process is not None
        assert self._process.stdout is not None
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > LONGEST_LINE:
                raise MergeError(f"The merge process answered without end {doing}.", hint=_KEPT)
            try:
                self._received += await self._process.stdout.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                raise MergeDied(f"The merge process died {doing}.", self._at) from None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            return decode(line)
        except BadMessage as error:
            raise MergeError(f"The merge process answered with {error} {doing}.", hint=_KEPT) from error

    async def _end(self) -> None:
        """Kill the process if it still runs, and wait for it; at most half a second, also when being cancelled."""
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


def _environment() -> dict[str, str]:
    passed = {
        name: value for name, value in os.environ.items() if name.upper() in _PASSED or name.upper().startswith("LC_")
    }
    # Ours and the libraries' places, however this process found them: a checkout, a zip, a test.
    passed["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path if place)
    if sys.dont_write_bytecode:
        passed["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**_ALLOCATION, **passed}
