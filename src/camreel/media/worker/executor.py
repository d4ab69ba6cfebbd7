"""Where a worker runs: the small interface to it, and the child process of this computer that is the usual one."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Protocol

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from camreel.media.worker.wire import LONGEST_LINE, BadMessage, Message, decode, encode

# What the child needs of our environment. Never all of it: a password may be in there.
_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH"}
)
_OF_OTHERS = frozenset({"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"})
# Where the worker starts. `-m` looks in the working directory first: this one holds no stranger's av.py, and the
# package's own modules are no top-level ones there.
_BESIDE_THE_PACKAGE = Path(__file__).parents[3]


class WorkerEnded(Exception):
    """The worker ended, or the connection to it broke: it sends no more messages. ``cause`` is why, if known."""

    def __init__(self, cause: str = "") -> None:
        super().__init__(cause)
        self.cause = cause

    @property
    def by_others(self) -> bool:
        """Whether a person or the system may have ended it: the signal is none that a fault in the worker sends."""
        return self.cause.replace(":", ",").partition(",")[0] in _OF_OTHERS


class Executor(Protocol):
    """Run one worker at a time (:mod:`.main`), on this computer or another, and carry its messages.

    Paths in messages are absolute, and are those of the machine that the worker runs on.
    """

    async def start(self) -> None:
        """Start a worker. Its first message says what it is for."""

    async def send(self, *messages: Message) -> None:
        """Send ``messages`` in this order. Return also if the worker has died: :meth:`receive` tells."""

    async def receive(self) -> Message:
        """Wait for the next message. Raise WorkerEnded, or BadMessage for anything that is no message."""

    async def close(self) -> None:
        """Kill the worker if it still runs. Take at most half a second, also while being cancelled."""


class ChildProcess:
    """An :class:`Executor`: ``python -m camreel.media.worker.main``, started without secrets, spoken to over pipes."""

    def __init__(self) -> None:
        self._process: anyio.abc.Process | None = None
        self._lines: BufferedByteReceiveStream | None = None
        self._kills_before: int | None = None

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        self._kills_before = _memory_kills()
        self._process = await anyio.open_process(
            [sys.executable, "-m", "camreel.media.worker.main"],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_BESIDE_THE_PACKAGE,
            env=environment(),
            start_new_session=sys.platform != "win32",
        )
        assert self._process.stdout is not None
        self._lines = BufferedByteReceiveStream(self._process.stdout)

    async def send(self, *messages: Message) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._process.stdin.send(b"".join(map(encode, messages)))

    async def receive(self) -> Message:
        assert self._lines is not None
        try:
            line = await self._lines.receive_until(b"\n", LONGEST_LINE)
        except anyio.DelimiterNotFound:
            raise BadMessage("a line without end") from None
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise WorkerEnded(await self._cause_of_end()) from None
        return decode(line)

    async def _cause_of_end(self) -> str:
        """Return the signal that ended the child, and whether memory was short."""
        if self._process is None:
            return ""
        with anyio.move_on_after(0.5):
            await self._process.wait()
        code = self._process.returncode
        if sys.platform == "win32" or code is None or code >= 0:
            return ""
        name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
        if -code != signal.SIGKILL:
            return name
        kills = _memory_kills()
        if kills is not None and self._kills_before is not None and kills > self._kills_before:
            return f"{name}: the system ran out of memory"
        return f"{name}, which the system sends when memory is short"

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        with anyio.CancelScope(shield=True), anyio.move_on_after(0.5):
            await process.aclose()


def _memory_kills() -> int | None:
    """Return how many processes the system has killed because memory was short; None if it does not tell."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def _kill(process: anyio.abc.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own


def environment() -> dict[str, str]:
    """Return what a child process gets of our environment."""
    passed = {
        name: value for name, value in os.environ.items() if name.upper() in _PASSED or name.upper().startswith("LC_")
    }
    # Ours and the libraries' places, however this process found them: a checkout, a zip, a test.
    passed["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path if place)
    if sys.dont_write_bytecode:
        passed["PYTHONDONTWRITEBYTECODE"] = "1"
    return passed
