"""A request, a way to get the password and a manner of speaking -> an exit code. `get` and `demo` both go this way.

Asking a person before a download that is much. Where nobody can be asked it goes on: a crontab has nobody.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from camreel.cli.hooks import HookCommand, run_after
from camreel.cli.options import OutputOptions
from camreel.cli.startup import loading, loading_aiohttp
from camreel.cli.ui import terminal
from camreel.errors import UsageError, printable
from camreel.model import Credentials, MergeRequest, Request
from camreel.report import Report, report_json, report_text
from camreel.text import duration_text, size_text

if TYPE_CHECKING:
    from camreel.cli.ui.reporters import Reporter
    from camreel.jobs.export import Confirm


def run_job(
    request: Request,
    ask_password: Callable[[], str],
    manner: OutputOptions,
    after: HookCommand | None = None,
    *,
    asks: bool = False,
) -> Report:
    """Export, run the command ``after`` it, and show the report. The password is only asked for where it is needed.

    ``asks``: where there is much to fetch, a person is asked before the download.
    """
    # They bring aiohttp, anyio and more, which --help should not wait for.
    with loading_aiohttp():
        from camreel.cli.runner import run_export  # noqa: PLC0415
        from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415
        from camreel.devices import lockout  # noqa: PLC0415
        from camreel.output.finalize import already_there  # noqa: PLC0415

    report = already_there(request)
    if report is None:
        lockout.check(request.target, datetime.now(timezone.utc))  # before anybody types a password that is not sent
        credentials = Credentials(request.target.username, ask_password())
        reporter = choose_reporter(manner)
        with logging_to(reporter, manner):
            report = run_export(request, credentials, reporter, confirm_of(request, reporter) if asks else None)
        report = run_after(report, after, quiet=manner.quiet or manner.progress == "json")
        show_report(report, manner, told=not manner.quiet and manner.progress != "json")
    else:
        show_report(report, manner)
    return report


def run_merge_job(request: MergeRequest, notes: Sequence[str], manner: OutputOptions) -> Report:
    """Merge, and show the report. ``notes`` is what the search for the files had to say."""
    with loading():
        from camreel.cli.runner import run_merge  # noqa: PLC0415
        from camreel.cli.ui.reporters import choose_reporter  # noqa: PLC0415 - as above

    reporter = choose_reporter(manner)
    with logging_to(reporter, manner):
        report = run_merge(request, notes, reporter)
    show_report(report, manner, told=not manner.quiet and not report.already_there)
    return report


def show_report(report: Report, manner: OutputOptions, *, told: bool = False) -> None:
    """The report where it belongs: JSON and text to stdout; with ``--quiet`` only what is missing, to stderr.

    ``told``: what was asked and found was told on stderr; where both are terminals it is not said twice.
    """
    from camreel.cli.ui.notes import wrap_report  # noqa: PLC0415 - see above

    if manner.as_json:
        terminal.say_json(report_json(report))
    elif not manner.quiet:
        closing = told and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
        if closing:
            terminal.err()  # what was told on the way ends here
        terminal.out(wrap_report(report_text(report, closing=closing), terminal.terminal_width(sys.stdout)))
    # Exit code 4 without a word would be a silent loss.
    if manner.quiet and report.exit_code:
        terminal.err(report_text(report))


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
        handler = logging.FileHandler(Path(path).expanduser(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--log-file {path!r} cannot be written: {error.strerror}.") from None
    handler.setFormatter(_OneLine("%(asctime)s %(name)s: %(message)s"))
    return handler


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


MUCH = 10 * 1000**3  # bytes


def can_ask(manner: OutputOptions, *, no_input: bool) -> bool:
    """Whether there is somebody, and nothing says that they are not to be asked."""
    there = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return there and not (no_input or manner.quiet or manner.progress == "json")


def needs_confirmation(size: int) -> bool:
    """Whether so many bytes are worth a question."""
    return size > MUCH


def question(size: int, least_seconds: float | None, what: str = "") -> str:
    """``Download about 42 GB, which takes at least 3 h at --limit-rate? [y/N]``."""
    takes = f", which takes at least {duration_text(round(least_seconds))} at --limit-rate" if least_seconds else ""
    return f"Download about {size_text(size)}{what}{takes}? [y/N] "


def is_yes(line: str) -> bool:
    """Whether what was typed says so; an empty line and the end of the input do not."""
    return line.strip().lower() in {"y", "yes"}


def asked(text: str) -> bool:
    """Ask, and wait for a line."""
    terminal.prompt(text)
    return is_yes(sys.stdin.readline())


def confirm_of(request: Request, reporter: Reporter) -> Confirm:
    """What an export asks before its first download."""

    async def confirm(size: int) -> bool:
        if not needs_confirmation(size):
            return True
        reporter.close()
        rate = request.target.limit_rate
        terminal.prompt(question(size, None if rate is None else size / rate))
        answer = is_yes(await _line())
        if answer:
            reporter.resume()
        return answer

    return confirm


async def _line() -> str:
    """What is typed; Ctrl-C ends the waiting."""
    if sys.platform != "win32":
        import asyncio  # noqa: PLC0415 - the help page does not need it

        loop, typed = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sys.stdin, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
