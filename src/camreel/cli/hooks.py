"""`--exec`: a command that is run for each video as soon as it is complete, and what earlier runs still owe.

A note in the user's state folder says that a video is owed a command. It is written before the video gets its name, and
goes when a command for it has ended well: no moment at which a run is killed loses it. It holds no command: what is run
is what this run was given.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from camreel.cli.values import EXEC_TIMEOUT
from camreel.errors import UsageError, printable
from camreel.model import Request
from camreel.report import Report
from camreel.text import duration_text

if TYPE_CHECKING:
    import anyio.abc
    from filelock import BaseFileLock

    from camreel.cli.ui.reporters import Reporter

_PLACE = "{}"
_SECRET = "AMCREST_PASSWORD"  # noqa: S105 - the name of the variable
_LONGEST_NOTE = 1 << 16
_OWED_FOR = 30 * 86400.0  # seconds; then a video that cannot be had, or a command that never works, is let go of
_NOTE = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{16})\.json")
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL
_GRACE_AT_THE_END = 0.3  # after Ctrl-C, which ends camreel within a second


@dataclass(frozen=True, slots=True)
class HookCommand:
    """A program and its arguments; ``{}`` in them is where the path of the video goes, else that is the last one.

    ``limit``: seconds that it may take.
    """

    words: tuple[str, ...]
    limit: float = EXEC_TIMEOUT

    @property
    def program(self) -> str:
        return self.words[0]

    @property
    def digest(self) -> str:
        """Equal for equal commands."""
        return _digest(json.dumps(self.words))

    def of(self, path: str) -> list[str]:
        """The command for the video at ``path``, which is one argument or a part of one, whatever is in it."""
        if any(_PLACE in word for word in self.words[1:]):
            return [self.program, *(word.replace(_PLACE, path) for word in self.words[1:])]
        return [*self.words, path]


def parse_command(text: str, limit: float = EXEC_TIMEOUT, option: str = "--exec") -> HookCommand:
    """What ``--exec``, or another ``option`` for a command, may be.

    Words are parted and quoted as in a shell, and no shell is ever run. UsageError where it is no command, or its
    program is not to be found: better now than after the download.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{option} {printable(text)!r} is no command: {str(error).lower()}.") from None
    if not words:
        raise UsageError(f"{option} is empty.", hint="Give a command, like 'rsync {} nas:videos/'.")
    program = os.path.expanduser(words[0])  # noqa: PTH111 - a program's name may have no folder
    if shutil.which(program) is None:
        raise UsageError(
            f"{option}: there is no program {printable(words[0])!r}.",
            hint=f"No shell is between: for pipes, variables and the like give {option} \"sh -c '...' sh {{}}\".",
        )
    return HookCommand((program, *words[1:]), limit)


@dataclass(frozen=True, slots=True)
class Debt:
    """A video that is owed a command. ``request`` and ``command`` are digests."""

    video: str
    request: str
    command: str

    @property
    def key(self) -> str:
        """Equal for the same video of the same request."""
        return _digest(f"{self.video}\n{self.request}")


class OwedCommands:
    """The notes of the videos that are owed a command, in the user's state folder.

    A note belongs to the run in whose name it is. Another run takes it over when that one has ended, however it did.
    Methods raise OSError; RuntimeError if the user has no home folder.
    """

    def __init__(self) -> None:
        self._run = secrets.token_hex(8)
        self._lock: BaseFileLock | None = None

    def write(self, debt: Debt) -> None:
        """Note ``debt``, on the disk when this returns."""
        from camreel.diskio import write_whole  # noqa: PLC0415 - the help page does not need it

        self._begin()
        document = {"video": debt.video, "request": debt.request, "command": debt.command}
        write_whole(self._own(debt.key), json.dumps(document).encode("ascii"), sync=True)
        for file, key, run in self._notes():
            if key == debt.key and run != self._run and self._has_ended(run):
                file.unlink(missing_ok=True)

    def settle(self, debt: Debt) -> None:
        """Drop the note: a command for it has ended well."""
        self._own(debt.key).unlink(missing_ok=True)

    def take(self, is_wanted: Callable[[Debt], bool]) -> list[Debt]:
        """Take over the notes of runs that have ended, of all debts that ``is_wanted``."""
        taken = []
        for file, key, run in self._notes():
            if run == self._run or not self._has_ended(run):
                continue
            debt = _read(file)
            if debt is None or debt.key != key or time.time() - file.lstat().st_mtime > _OWED_FOR:
                file.unlink(missing_ok=True)
            elif is_wanted(debt):
                self._begin()
                with suppress(FileNotFoundError):  # another run was quicker
                    file.rename(self._own(key))
                    taken.append(debt)
        return taken

    def is_empty(self) -> bool:
        """Return whether there is no note at all."""
        return next(self._notes(), None) is None

    def close(self) -> None:
        """End this run: the notes that are left are for the next one."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):
                lock.release()
                self._lock_of(self._run).unlink(missing_ok=True)

    def _begin(self) -> None:
        from camreel.diskio import make_private  # noqa: PLC0415 - see above
        from camreel.transfer import lock  # noqa: PLC0415 - see above

        if self._lock is None:
            make_private(_folder())
            self._lock = lock.acquire(self._lock_of(self._run))

    def _has_ended(self, run: str) -> bool:
        from camreel.transfer import lock  # noqa: PLC0415 - see above

        file = self._lock_of(run)
        if lock.is_locked(file):
            return False
        file.unlink(missing_ok=True)
        return True

    def _own(self, key: str) -> Path:
        return _folder() / f"{key}.{self._run}.json"

    def _lock_of(self, run: str) -> Path:
        return _folder() / f"{run}.lock"

    def _notes(self) -> Iterator[tuple[Path, str, str]]:
        try:
            files = sorted(_folder().iterdir())
        except FileNotFoundError:
            return
        for file in files:
            if found := _NOTE.fullmatch(file.name):
                yield file, found[1], found[2]


def _folder() -> Path:
    from camreel.devices.lockout import state_folder  # noqa: PLC0415 - see above

    return state_folder() / "owed"


def _read(file: Path) -> Debt | None:
    from camreel.diskio import read_regular  # noqa: PLC0415 - see above

    try:
        document = json.loads(read_regular(file, _LONGEST_NOTE, own=True))
        values = [document[name] for name in ("video", "request", "command")]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # the last: nested too deep
        return None
    return Debt(*values) if all(isinstance(value, str) for value in values) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class HookedTask(Protocol):
    """A task with a command for its video."""

    @property
    def after(self) -> HookCommand | None:
        """The command."""

    @property
    def label(self) -> str:
        """What stands in front of its lines."""


class HookRunner:
    """Run the commands of a batch: for its videos as each is complete, and for those that earlier runs owe.

    At most ``jobs`` run at a time. The videos of one task are in their order.
    """

    def __init__(self, tasks: Sequence[HookedTask], jobs: int, *, quiet: bool) -> None:
        self._commands = {task.after.digest: task.after for task in tasks if task.after is not None}
        self._several = len(tasks) > 1
        self._jobs, self._quiet = jobs, quiet
        self._owed = OwedCommands()
        self._unnoted = ""
        self._limiter: anyio.CapacityLimiter | None = None
        self.failures: list[str] = []  # of videos of earlier runs

    def has_work(self) -> bool:
        """Return whether an earlier run may owe something."""
        try:
            return bool(self._commands) and not self._owed.is_empty()
        except (OSError, RuntimeError):
            return False

    def note_for(self, command: HookCommand | None) -> Callable[[Report, Sequence[Path]], None] | None:
        """Return what notes that the videos of a report are owed ``command``, before they have their names."""
        if command is None:
            return None

        def note(report: Report, outputs: Sequence[Path]) -> None:
            try:
                # A video whose end may still grow is made again: the run that completes it owes the command. What
                # follows a video of --since-last is in the next one.
                query = report.request.query if isinstance(report.request, Request) else None
                is_final = not report.is_complete_so_far or (query is not None and query.since_last)
                is_owed = report.video_code == 0 and is_final
                for debt in _debts(report, map(str, outputs), command) if is_owed else ():
                    self._owed.write(debt)
            except (OSError, RuntimeError) as error:
                self._unnoted = (getattr(error, "strerror", None) or str(error)).rstrip(".")

        return note

    async def run(self, task: HookedTask, report: Report, reporter: Reporter) -> Report:
        """Run the task's command once for each video that is owed it; return the report with what failed."""
        command = task.after
        if command is None or report.video_code:
            return report
        debts = list(_debts(report, (output.path for output in report.outputs), command))
        if report.already_there:
            keys = {debt.key for debt in debts} if report.found_as is not None else set()
            debts = self._take(lambda debt: debt.key in keys)
        label = f"{task.label}  " if self._several else ""
        status = "complete" if report.already_there else report.status
        failures = [failure for debt in debts if (failure := await self._run(debt, command, reporter, label, status))]
        warnings = report.warnings
        if self._unnoted and not report.already_there:
            reason, self._unnoted = self._unnoted, ""
            said = f"camreel cannot note what --exec owes ({printable(reason)}): the next run does not run it again."
            warnings = (*warnings, said)
        return replace(report, warnings=warnings, exec_failures=tuple(failures))

    async def run_owed(self, reporter: Reporter) -> None:
        """Run what earlier runs owe by the same commands, for videos of whatever range."""
        import anyio  # noqa: PLC0415 - see above

        async def run(debt: Debt) -> None:
            if failure := await self._run(debt, self._commands[debt.command], reporter, ""):
                self.failures.append(failure)
                if self._several:  # else it is in the only report
                    reporter.log(failure)

        async with anyio.create_task_group() as group:
            for debt in self._take(lambda debt: debt.command in self._commands and _is_there(debt)):
                group.start_soon(run, debt)

    def close(self) -> None:
        """End: what is still owed is for the next run."""
        with suppress(OSError, RuntimeError):
            self._owed.close()

    def _take(self, is_wanted: Callable[[Debt], bool]) -> list[Debt]:
        try:
            return self._owed.take(is_wanted)
        except (OSError, RuntimeError):
            return []

    async def _run(
        self, debt: Debt, command: HookCommand, reporter: Reporter, label: str, status: str = "complete"
    ) -> str | None:
        """Run ``command`` for a video of that status. Return a sentence if it failed."""
        import anyio  # noqa: PLC0415 - see above

        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._jobs)
        path = debt.video
        async with self._limiter:
            if not self._quiet:
                name = printable(os.path.basename(path))  # noqa: PTH119
                reporter.log(f"{label}Running   {printable(command.program)} for {name}")
            try:
                reason = await run_command(
                    command.of(path),
                    command.limit,
                    lambda line: reporter.log(f"{label}{printable(line, 4000)}"),
                    status,
                )
            except BaseException:
                if not self._quiet:
                    reporter.log(f"{label}The command was ended; the next run starts it again.")
                raise
        if reason is not None:
            return f"The command of --exec failed ({reason}) for {printable(path, 4000)}"
        with suppress(OSError, RuntimeError):
            self._owed.settle(debt)
        return None


def _debts(report: Report, outputs: Iterable[str], command: HookCommand) -> Iterator[Debt]:
    from camreel.planning.fingerprint import fingerprint  # noqa: PLC0415 - see above

    for output in outputs:
        # abspath: a name with a dash in front must not be an option.
        yield Debt(os.path.abspath(output), fingerprint(report.request), command.digest)  # noqa: PTH100


def _is_there(debt: Debt) -> bool:
    """Return whether the video is at its place, and is what its request made."""
    from camreel.output.finalize import is_complete_video  # noqa: PLC0415 - see above

    return is_complete_video(Path(debt.video), debt.request)


_running: set[int] = set()  # leaders of process groups


def end_commands() -> None:
    """End all commands here and now: the program ends."""
    for leader in list(_running) if sys.platform != "win32" else ():
        with suppress(OSError):
            os.killpg(leader, signal.SIGKILL)


async def run_command(
    words: Sequence[str],
    limit: float,
    tell: Callable[[str], None],
    status: str = "complete",
    more: Mapping[str, str] | None = None,
) -> str | None:
    """Run a command to its end, and ``tell`` each line that it prints. Return why it failed, None if it did not.

    It can ask for nothing and does not see the password. Its environment has ``status`` as ``CAMREEL_STATUS``, and
    ``more``. After ``limit`` seconds, and when this is cancelled, its process group is ended.
    """
    import anyio  # noqa: PLC0415 - see above

    environment = {name: value for name, value in os.environ.items() if name.upper() != _SECRET}
    environment |= {"CAMREEL_STATUS": status, **(more or {})}
    try:
        process = await anyio.open_process(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=sys.platform != "win32",
        )
    except (OSError, ValueError) as error:
        return f"it cannot be run: {getattr(error, 'strerror', None) or error}"
    _running.add(process.pid)
    assert process.stdout is not None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_tell_lines, process.stdout, tell)
            with anyio.move_on_after(limit) as waiting:
                await process.wait()
            if waiting.cancelled_caught:
                await _end(process, _GRACE)
            # What it has left running may hold its output open.
            group.cancel_scope.deadline = anyio.current_time() + 0.5
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                await _end(process, _GRACE_AT_THE_END)
            with suppress(OSError):
                await process.stdout.aclose()
        _running.discard(process.pid)
    if waiting.cancelled_caught:
        return f"it took longer than {duration_text(limit)} and was ended"
    code = process.returncode or 0
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"exit code {code}" if code else None


async def _end(process: anyio.abc.Process, grace: float) -> None:
    """End a command and whatever is of its group: politely first."""
    import anyio  # noqa: PLC0415 - see above

    def send(number: int) -> None:
        with suppress(OSError):
            os.killpg(process.pid, number)  # it leads a session of its own

    if sys.platform == "win32":
        with suppress(OSError):
            process.kill()
    else:
        send(signal.SIGTERM)
        with anyio.move_on_after(grace):
            await process.wait()
        send(signal.SIGKILL)
    with anyio.move_on_after(1):  # one that runs as another user cannot be ended
        await process.wait()


async def _tell_lines(output: anyio.abc.ByteReceiveStream, tell: Callable[[str], None]) -> None:
    """Tell what comes, line by line; a line without an end in pieces."""
    import anyio  # noqa: PLC0415 - see above

    rest = b""
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while True:
            *lines, rest = re.split(rb"[\r\n]+", rest + await output.receive())
            if len(rest) >= _LONGEST_NOTE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                tell(line.decode("utf-8", "replace"))
    if rest:
        tell(rest.decode("utf-8", "replace"))
