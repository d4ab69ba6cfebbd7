"""The command line: the only room that prints or exits."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main(argv: list[str] | None = None) -> int:
    """Run camreel with ``argv`` (default: the arguments of this process) and return the exit code."""
    try:
        from camreel.cli.startup import loading  # noqa: PLC0415 - inside the try, as all that takes time

        with loading():
            from camreel.cli.app import run  # noqa: PLC0415 - whoever imports the package should not pay for click
        return run(argv)
    except KeyboardInterrupt:  # again, while the first was being answered
        if sys.stderr is not None:
            sys.stderr.write("camreel: interrupted\n")
        return 130
    except Exception as error:  # :mod:`.app` answers those of its own: a module could not be loaded
        if not (said := _said_of(error)):
            raise
        if sys.stderr is not None:
            sys.stderr.write(f"camreel: error: {said}\n")
        return 7


def _said_of(error: Exception) -> str:
    """Return what to say if ``error`` means that the system has no more to give; else nothing."""
    try:
        from camreel.errors import shortage  # noqa: PLC0415 - as in main
    except (MemoryError, ImportError):  # not even for that
        is_memory = isinstance(error, MemoryError) or "failed to map segment" in str(error)
        return "This computer's memory ran out.\n  Close other programs, or raise the limit." if is_memory else ""
    short = shortage(error)
    return f"{short}\n  {short.hint}" if short else ""


def program() -> NoReturn:
    """The program that is installed: :func:`main`, and the end of the process.

    Python would take all modules down one by one first, for a tenth of a second.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 120  # what Python says where the last words cannot be written
    os._exit(code)
