"""From arguments to an exit code: which command, and how its errors are told."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import NoReturn

import click

from camreel.cli import screen
from camreel.cli.get import get
from camreel.cli.help import Option
from camreel.cli.password import refuse_password_arguments
from camreel.cli.simulate import demo, simulate
from camreel.errors import CamreelError, DiskError, Interrupted, UsageError
from camreel.report import error_json


class _Commands(click.Group):
    """``get`` is what is meant where no command is named. All options are the commands' own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``get`` in front of arguments that begin with an option."""
        if args and args[0].startswith("-"):
            args = ["get", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name; click's own message for a missing one suggests nothing before 8.4."""
        if args and args[0] not in self.commands:
            names = ", ".join(sorted(self.commands))
            raise UsageError(
                f"There is no command {args[0]!r}.",
                hint=f"There are {names}. The main one can do without its name: camreel --host ...",
            )
        return super().resolve_command(ctx, args)


_commands = _Commands("camreel", commands=[get, demo, simulate], add_help_option=False)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code. Errors are told here and nowhere else."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    screen.prepare()
    try:
        return _run(arguments)
    except CamreelError as error:
        told = error
    except (KeyboardInterrupt, click.Abort):
        told = Interrupted("interrupted")
    except Exception as error:  # noqa: BLE001 - the last resort of a program
        told = _bug(error)
    # Looked for in the raw arguments: they may be what could not be parsed.
    if "--json" in arguments:
        with suppress(DiskError):  # stdout may be what it is about
            screen.say_json(error_json(told))
    screen.complain(told, debug="--debug" in arguments)
    return told.exit_code


def _run(arguments: list[str]) -> int:
    refuse_password_arguments(arguments)
    try:
        code = _commands.main(arguments or ["--help"], prog_name=_program_name(), standalone_mode=False)
    except click.UsageError as error:
        _translate(error)
    return int(code or 0) if arguments else UsageError.exit_code


def _program_name() -> str:
    """How this program was called, for the help page and the hints."""
    started = PurePath(sys.argv[0]).name if sys.argv else ""
    return {"main.py": "python main.py", "__main__.py": "python -m camreel"}.get(started, "camreel")


def _translate(error: click.UsageError) -> NoReturn:
    """click's errors as ours: one sentence, and what to do."""
    message, hint = error.format_message(), f"{_program_name()} --help lists the options."
    if isinstance(error, click.BadParameter) and isinstance(error.param, Option):
        message = f"{max(error.param.opts, key=len)}: {error.message}"
        source = error.ctx.get_parameter_source(error.param.name) if error.ctx and error.param.name else None
        if source is click.core.ParameterSource.ENVIRONMENT:
            message += f" It comes from {error.param.envvar}."
    elif found := re.search(r"unexpected extra arguments? \((.*)\)", message):
        hint = f'Put a value with a space in it in quotes: --start "2026-01-16 08:00:00". {hint}'
        message = f"camreel does not know what to do with {found[1]!r}."
    raise UsageError(message, hint=hint) from error


def _bug(error: Exception) -> CamreelError:
    bug = CamreelError(
        f"this is a bug in camreel: {type(error).__name__}: {error}".rstrip(": "),
        hint="Run it again with --debug and report what it shows. What was downloaded is kept.",
    )
    bug.__cause__ = error
    return bug
