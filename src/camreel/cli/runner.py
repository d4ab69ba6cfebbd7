"""Run an export until it ends or somebody stops it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

import anyio
from anyio.abc import TaskStatus

from camreel.cli.ui import terminal
from camreel.cli.ui.reporters import Reporter, leave_screen
from camreel.errors import Interrupted
from camreel.events import ClipFetched, Event, Listener, Planned
from camreel.model import Credentials, MergeRequest, Request
from camreel.report import Report
from camreel.text import count_text, size_text
from camreel.transfer.store import ROOT

if TYPE_CHECKING:
    from camreel.jobs.export import Confirm
    from camreel.preview import Look

_Result = TypeVar("_Result")

_TICK = 0.2  # seconds
_PATIENCE = 0.8  # seconds from Ctrl-C to the end at the latest


def run_export(
    request: Request, credentials: Credentials, reporter: Reporter, confirm: Confirm | None = None
) -> Report:
    """The export's report. Raises what it raises, and Interrupted after Ctrl-C or SIGTERM."""
    from camreel.jobs import export as export_job  # noqa: PLC0415 - it brings aiohttp, and a merge of clips does not need it

    export = export_job.export if confirm is None else partial(export_job.export, confirm=confirm)
    return _run(_Run(lambda listener: export(request, credentials, listener), reporter, request.output.folder))


def run_merge(request: MergeRequest, notes: Sequence[str], reporter: Reporter) -> Report:
    """The same for clips on disk."""
    from camreel.jobs import merge_files  # noqa: PLC0415 - an export does not need it

    return _run(_Run(lambda listener: merge_files.merge(request, listener, notes=notes), reporter))


def run_look(job: Callable[[Listener], Awaitable[Look]], reporter: Reporter) -> Look:
    """The same for a look, which keeps nothing of what is not complete."""
    return _run(_Glancing(job, reporter))


def run_all(job: Callable[[], Awaitable[None]], reporter: Reporter) -> None:
    """Several exports, of which each keeps its own outcome."""
    _run(_Several(lambda _listener: job(), reporter))


def _run(run: _Run[_Result]) -> _Result:
    try:
        # What a coroutine returns, Python 3.11 makes a text of when it puts the handler of Ctrl-C back: half a second
        # for the report on 20,000 recordings. So the outcome is told by another way.
        anyio.run(run.run)
    except KeyboardInterrupt:  # where signals cannot be received: Windows
        raise run.interrupted() from None
    else:
        run.deadline.cancel()  # a signal that came too late to matter
        (outcome,) = run.outcome
        return outcome
    finally:
        run.is_over = True
        run.reporter.close()


class _Run(Generic[_Result]):
    """One export or merge, with a listener for signals and a ticker beside it.

    ``downloads`` is where the folder for downloads is; None where nothing is downloaded.
    """

    def __init__(
        self, job: Callable[[Listener], Awaitable[_Result]], reporter: Reporter, downloads: Path | None = None
    ) -> None:
        self._job, self.reporter, self._downloads = job, reporter, downloads
        self._stopped = False
        self.outcome: list[_Result] = []
        self.is_over = False  # and told
        self.deadline = threading.Timer(_PATIENCE, self._end_if_late)
        self.deadline.daemon = True  # the program's own end is the end of it
        self._planned = 0
        self._kept: dict[int, int] = {}  # bytes of each clip

    def interrupted(self) -> Interrupted:
        """What is said after Ctrl-C."""
        if self._downloads is None:
            return Interrupted("interrupted; there is no video, and the clips are as they were")
        said = "interrupted; run the same command again to continue"
        if self._kept:
            where = self._downloads / ROOT
            with suppress(OSError, ValueError):  # it is elsewhere
                where = where.relative_to(Path.cwd())
            size = size_text(sum(self._kept.values()))
            said += f"; {len(self._kept)} of {count_text(self._planned, 'clip')} ({size}) are kept in {where}"
        return Interrupted(said)

    def _begin(self) -> Listener:
        return self.reporter.listener()

    def _on_event(self, event: Event) -> None:
        self._listener(event)
        if isinstance(event, Planned):
            self._planned = len(event.plan.recordings)
        elif isinstance(event, ClipFetched):
            self._kept[event.number] = event.size

    async def run(self) -> None:
        """Inside an event loop. ``outcome`` has what came of it."""
        self._listener = self._begin()
        failure: BaseException | None = None
        async with anyio.create_task_group() as helpers:
            with anyio.CancelScope() as scope:
                await helpers.start(self._heed_signals, scope)
                helpers.start_soon(self._tick)
                # Caught here: the task group would wrap it.
                try:
                    self.outcome.append(await self._job(self._on_event))
                except Exception as error:  # noqa: BLE001 - raised below
                    failure = _only_leaf(error)
            helpers.cancel_scope.cancel()
        if self.outcome:  # also where the signal came too late to matter
            return
        if self._stopped:
            raise self.interrupted() from failure
        assert failure is not None
        raise failure

    def _end_if_late(self) -> None:
        """The end, also where something cannot be cancelled: a name server, a thread that waits for a disk."""
        if not self.is_over:
            with suppress(Exception):  # the screen may be what hangs; nothing may keep it from ending
                terminal.print_error(self.interrupted())
        _end_now(0, None)

    async def _tick(self) -> None:
        while True:
            self.reporter.tick()
            await anyio.sleep(_TICK)

    async def _heed_signals(self, scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
        with ExitStack() as stack:
            signals = _receive_signals(stack)
            task_status.started()
            if signals is None:
                return
            async for number in signals:
                if not self._stopped:
                    self.deadline.start()
                self._stopped = True
                self.reporter.log(
                    "Stopping; press Ctrl-C again to end at once." if number == signal.SIGINT else "Stopping."
                )
                # A real handler now: it is heard even where the event loop is not.
                for one in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(one, _end_now)
                scope.cancel()


class _Several(_Run[_Result]):
    def _begin(self) -> Listener:
        return lambda _event: None  # each has its own

    def interrupted(self) -> Interrupted:
        """What is said after Ctrl-C."""
        return Interrupted("interrupted; run the same command again to continue")


class _Glancing(_Run[_Result]):
    def interrupted(self) -> Interrupted:
        """What is said after Ctrl-C."""
        return Interrupted("interrupted; there is no page")


def _receive_signals(stack: ExitStack) -> AsyncIterator[signal.Signals] | None:
    wanted = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    # Ignored by whoever started us: `camreel ... &` in a script, which Ctrl-C is not meant for.
    if not wanted or threading.current_thread() is not threading.main_thread():
        return None
    try:
        return stack.enter_context(anyio.open_signal_receiver(*wanted))
    except NotImplementedError:  # Windows: KeyboardInterrupt it is
        return None


def _end_now(_number: int, _frame: object) -> NoReturn:
    # Nothing here is lost: outputs have their name only when they are whole, and the merge process ends by itself.
    leave_screen()
    os._exit(Interrupted.exit_code)


def _only_leaf(error: BaseException) -> BaseException:
    """What a group holds, where it holds one thing."""
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _only_leaf(parts[0]) if len(parts) == 1 else error
