"""A worker process, seen from this side: started without secrets, spoken to in lines, never waited for in vain."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
import anyio.abc

from camreel.errors import MergeError
from camreel.media.messages import LONGEST_LINE, BadMessage, Message, decode

# What the child needs of our environment. Never all of it: a password may be in there.
_PASSED = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH"}
)
# For glibc: keyframes come and go, and giving their memory back for each costs more than to copy them.
_ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Child:
    """``python -m camreel.media.worker``. ``name`` is what errors call it.

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
            [sys.executable, "-m", "camreel.media.worker"],
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
