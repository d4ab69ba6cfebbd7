"""Run a job until it ends or somebody stops it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TextIO

import anyio
from anyio.abc import TaskStatus

from camreel.cli.hooks import end_commands
from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal
from camreel.cli.ui.reporters import Reporter, leave_screen
from camreel.diskio import create_new
from camreel.errors import CamreelError, Interrupted, UsageError, printable

_TICK = 0.2  # seconds
_PATIENCE = 0.8  # seconds from Ctrl-C to the end at the latest
_PATIENCE_TO_SAVE = 10.0  # the same while what there is is saved


class Runner:
    """One job, with a listener for signals and a ticker beside it.

    ``interrupted_message`` returns what is said after Ctrl-C. ``save`` is called when Ctrl-C has ended the job, to keep
    what there is; it returns whether that was anything.
    """

    def __init__(
        self,
        job: Callable[[], Awaitable[None]],
        interrupted_message: Callable[[], str],
        reporter: Reporter,
        save: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._job, self._interrupted_message, self._reporter, self._save = job, interrupted_message, reporter, save
        self._is_stopped = self._is_done = False
        self._is_over = False  # and told
        self._deadline: threading.Timer | None = None

    def run(self) -> None:
        """Run the job to its end, and close the reporter.

        Raises what the job raises; after Ctrl-C or SIGTERM Interrupted, or why nothing was saved.
        """
        try:
            anyio.run(self._run)
        except KeyboardInterrupt:  # where signals cannot be received: Windows
            if self._save is not None:
                anyio.run(self._save)
            raise self._interrupted() from None
        else:
            self._end_within(None)  # a signal that came too late to matter
        finally:
            self._is_over = True
            self._reporter.close()

    async def _run(self) -> None:
        failure: BaseException | None = None
        unsaved: CamreelError | None = None
        async with anyio.create_task_group() as helpers:
            with anyio.CancelScope() as scope:
                await helpers.start(self._heed_signals, scope)
                helpers.start_soon(self._tick)
                # Caught here: the task group would wrap it.
                try:
                    await self._job()
                    self._is_done = True
                except Exception as error:  # noqa: BLE001 - raised below
                    failure = error
            if self._is_stopped and not self._is_done and self._save is not None:
                self._end_within(_PATIENCE_TO_SAVE)
                try:
                    is_saved = await self._save()
                except CamreelError as error:
                    unsaved, is_saved = error, True
                self._end_within(_PATIENCE_TO_SAVE if is_saved else _PATIENCE)  # the report takes its time, too
            helpers.cancel_scope.cancel()
        if self._is_done:  # also where the signal came too late to matter
            return
        if self._is_stopped:
            raise (unsaved or self._interrupted()) from failure
        assert failure is not None
        raise failure

    def _interrupted(self) -> Interrupted:
        return Interrupted(self._interrupted_message())

    def _end_within(self, seconds: float | None) -> None:
        """Set when the program ends at the latest; None: never."""
        if self._deadline is not None:
            self._deadline.cancel()
        if seconds is not None:
            self._deadline = threading.Timer(seconds, self._end_if_late)
            self._deadline.daemon = True  # the program's own end is the end of it
            self._deadline.start()

    def _end_if_late(self) -> None:
        """The end, also where something cannot be cancelled: a name server, a thread that waits for a disk."""
        if not self._is_over:
            with suppress(Exception):  # the screen may be what hangs; nothing may keep it from ending
                terminal.print_error(self._interrupted())
        _end_now(0, None)

    async def _tick(self) -> None:
        while True:
            self._reporter.tick()
            await anyio.sleep(_TICK)

    async def _heed_signals(self, scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
        with ExitStack() as stack:
            signals = _receive_signals(stack)
            task_status.started()
            if signals is None:
                return
            async for number in signals:
                if not self._is_stopped:
                    self._end_within(_PATIENCE)
                self._is_stopped = True
                self._reporter.resume(is_answered=False)  # nobody answers a question now
                self._reporter.log(
                    "Stopping; press Ctrl-C again to end at once." if number == signal.SIGINT else "Stopping."
                )
                # A real handler now: it is heard even where the event loop is not.
                for one in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(one, _end_now)
                scope.cancel()


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
    end_commands()
    os._exit(Interrupted.exit_code)


@contextmanager
def logging_to(reporter: Reporter, manner: OutputOptions) -> Iterator[None]:
    """``--verbose``: what the library logs, between the lines of the progress, or in a file."""
    handler: logging.Handler
    if manner.log_file is not None:
        handler = _file_handler(manner.log_file)
    elif manner.verbose:
        handler = _ReporterHandler(reporter)
    else:
        yield
        return
    logger = logging.getLogger("camreel")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(level)


def _file_handler(path: str) -> logging.Handler:
    """What is logged, at the end of the file ``path``; what a camera says in it is harmless, and no secret is."""
    try:
        handler = _LogFile(_log_stream(Path(path).expanduser()))
    except OSError as error:
        raise UsageError(f"--log-file {path!r} cannot be written: {error.strerror}.") from None
    handler.setFormatter(_OneLine("%(asctime)s %(name)s: %(message)s"))
    return handler


def _log_stream(path: Path) -> TextIO:
    """Open the file to write at its end. A pipe, or a terminal, is not waited for."""
    with suppress(FileExistsError):
        os.close(create_new(path, 0o666))
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    return os.fdopen(os.open(path, flags), "w", buffering=1, encoding="utf-8")


class _LogFile(logging.StreamHandler):  # type: ignore[type-arg]  # Python 3.10 has no StreamHandler[...]
    """What cannot be written, as a pipe is full or a disk, is left out: the log is not what was asked for."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        pass

    def close(self) -> None:
        super().close()
        with suppress(OSError):
            self.stream.close()


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One record, one line."""
        return printable(super().format(record), 4000)


class _ReporterHandler(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Seconds since the start, the room, and what it did."""
        room = record.name.removeprefix("camreel.")
        self._reporter.log(f"{record.relativeCreated / 1000:8.3f} {room}: {record.getMessage()}")
