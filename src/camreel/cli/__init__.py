"""The command line: the only room that prints or exits."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run camreel with ``argv`` (default: the arguments of this process) and return the exit code."""
    try:
        from camreel.cli.loading import ending_at_once  # noqa: PLC0415 - inside the try, as all that takes time

        with ending_at_once():
            from camreel.cli.app import run  # noqa: PLC0415 - whoever imports the package should not pay for click
        return run(argv)
    except KeyboardInterrupt:  # again, while the first was being answered
        if sys.stderr is not None:
            sys.stderr.write("camreel: interrupted\n")
        return 130
