"""The command line: the only room that prints or exits."""

from __future__ import annotations


def main(argv: list[str] | None = None) -> int:
    """Run camreel with ``argv`` (default: the arguments of this process) and return the exit code."""
    from camreel.cli.app import run  # noqa: PLC0415 - whoever imports the package should not pay for click

    return run(argv)
