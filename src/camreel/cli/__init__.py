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
