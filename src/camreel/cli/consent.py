"""Asking a person before a download that is much. Where nobody can be asked it goes on: a crontab has nobody."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from camreel.cli import screen
from camreel.cli.job import Manner
from camreel.model import Request
from camreel.text import duration_text, size_text

if TYPE_CHECKING:
    from camreel.cli.reporters import Reporter
    from camreel.jobs.export import Confirm

MUCH = 10 * 1000**3  # bytes


def can_ask(manner: Manner, *, no_input: bool) -> bool:
    """Whether there is somebody, and nothing says that they are not to be asked."""
    there = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return there and not (no_input or manner.quiet or manner.progress == "json")


def is_much(size: int) -> bool:
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
    screen.prompt(text)
    return is_yes(sys.stdin.readline())


def confirm_of(request: Request, reporter: Reporter) -> Confirm:
    """What an export asks before its first download."""

    async def confirm(size: int) -> bool:
        if not is_much(size):
            return True
        reporter.close()
        rate = request.limit_rate
        screen.prompt(question(size, None if rate is None else size / rate))
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
