"""Ask a person before a download that is large. Where nobody can be asked it goes on: a crontab has nobody."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal
from camreel.cli.ui.reporters import Reporter
from camreel.text import duration_text, size_text

MUCH = 10 * 1000**3  # bytes


def can_ask(manner: OutputOptions, *, no_input: bool) -> bool:
    """Whether there is somebody, and nothing says that they are not to be asked."""
    there = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return there and not (no_input or manner.quiet or manner.progress == "json")


def needs_confirmation(size: int) -> bool:
    """Whether so many bytes are worth a question."""
    return size > MUCH


def question(size: int, least_seconds: float | None, what: str = "") -> str:
    """Return ``Download about 42 GB, which takes at least 3 h at --limit-rate? [y/N]``."""
    takes = f", which takes at least {duration_text(round(least_seconds))} at --limit-rate" if least_seconds else ""
    return f"Download about {size_text(size)}{what}{takes}? [y/N] "


def asked(text: str) -> bool:
    """Ask before anything runs, and wait for a line."""
    terminal.prompt(text)
    return _is_yes(sys.stdin.readline())


async def asked_meanwhile(text: str, reporter: Reporter) -> bool:
    """Ask while a job runs. Nothing else is written until there is an answer; Ctrl-C ends the waiting."""
    reporter.hold()
    terminal.prompt(text)
    line = await _line()
    reporter.resume(is_answered=line.endswith("\n"))
    return _is_yes(line)


def confirmation(reporter: Reporter, limit_rate: float | None) -> Callable[[int], Awaitable[bool]]:
    """Return what an export asks before its first download."""

    async def confirm(size: int) -> bool:
        if not needs_confirmation(size):
            return True
        return await asked_meanwhile(question(size, None if limit_rate is None else size / limit_rate), reporter)

    return confirm


def _is_yes(line: str) -> bool:
    """Whether what was typed says so; an empty line and the end of the input do not."""
    return line.strip().lower() in {"y", "yes"}


async def _line() -> str:
    """What is typed. Other tasks go on."""
    if sys.platform == "win32":
        import anyio  # noqa: PLC0415 - the help page does not need it

        return await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    import asyncio  # noqa: PLC0415 - see above

    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
