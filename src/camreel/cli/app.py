"""From arguments to an exit code: which command, and how its errors are told."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, NoReturn

import click

from camreel.cli.camera_choice import is_range, read_settings, where_from
from camreel.cli.help import HelpCommand, Option
from camreel.cli.passwords import refuse_password_arguments, take_ping_url
from camreel.cli.registry import COMMANDS, overview
from camreel.cli.startup import loading, program_command, typable
from camreel.cli.ui import terminal
from camreel.config import nearest
from camreel.errors import CamreelError, DiskError, Interrupted, UsageError, unexpected_error
from camreel.text import command_text

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMPLETE = "_CAMREEL_COMPLETE"
_REPORT = "Run it again with --debug and report what it shows. Downloads are kept."
_NAMED = {command.name: command for command in COMMANDS}
_WORDS = {"help": "--help", "version": "--version"}
_FIRST_PAGE = (["-h"], ["--help"])


class _Commands(click.Group):
    """``get`` is what is meant where no command is named. All options are the commands' own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order of the help page."""
        return list(_NAMED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - see above
        """The one of that name; now it is loaded."""
        if cmd_name not in _NAMED:
            return None
        with loading():
            return _NAMED[cmd_name].load()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands with what they do, and the options of ``get``."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - the help page does not need it

        if incomplete.startswith("-"):
            main = _NAMED["get"].load()
            return main.shell_complete(click.Context(main, ctx, "get", resilient_parsing=True), incomplete)
        return [CompletionItem(each.name, help=each.summary) for each in COMMANDS if each.name.startswith(incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``get`` in front of arguments that begin with an option; ``help`` and ``version`` are options' words."""
        if args and args[0] in _WORDS:
            args = [*args[1:], _WORDS[args[0]]]
        if (not args or args in _FIRST_PAGE) and not ctx.resilient_parsing:
            terminal.out(typable(overview()))
            ctx.exit()
        if args and args[0].startswith("-"):
            args = ["get", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name; click's own message for a missing one suggests nothing before 8.4."""
        if args and args[0] not in _NAMED and not ctx.resilient_parsing:
            if read_settings().known_as(args[0]) is not None:
                raise UsageError(
                    f"{args[0]} is a camera, and no command.",
                    hint=f"Try:\n{command_text(('get', args[0], *_range_in(args[1:])))}",
                )
            if _looks_like_a_host(args[0]):
                raise UsageError(
                    f"{args[0]} is a camera, and no command.",
                    hint=f"Try:\n{command_text(('get', args[0], '--username', 'admin', *_range_in(args[1:])))}",
                )
            if is_range(" ".join(args)):
                raise UsageError(f"{args[0]} is a time, and no command.", hint=f"Try:\n{command_text(('get', *args))}")
            # Behind a colon there may be a password.
            near = nearest(args[0], [*_NAMED, *read_settings().cameras])
            what = f"no command {args[0]!r}.{near}" if ":" not in args[0] else "no such command."
            raise UsageError(f"There is {what}", hint="To list the commands:\ncamreel help")
        return super().resolve_command(ctx, args)


def _range_in(words: list[str]) -> Sequence[str]:
    """The range that the words behind a camera are, without options; else one that could be meant."""
    words = list(takewhile(lambda word: not word.startswith("-"), words))
    return words if is_range(" ".join(words)) else ("--last", "1h")


_commands = _Commands("camreel", add_help_option=False)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code. Errors are told here and nowhere else."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    terminal.prepare()
    take_ping_url()
    try:
        return _run(arguments)
    except CamreelError as error:
        told = error
    except (KeyboardInterrupt, click.Abort):
        told = Interrupted("interrupted")
    except Exception as error:  # noqa: BLE001 - the last resort of a program
        told = unexpected_error(error, _REPORT)
    # Looked for in the raw arguments: they may be what could not be parsed.
    if "--json" in arguments and not told.is_reported:
        from camreel.report import error_json  # noqa: PLC0415 - the help page does not need it

        with suppress(DiskError):  # stdout may be what it is about
            terminal.say_json(error_json(told))
    if "--progress=json" in arguments or ("--progress", "json") in pairwise(arguments):
        from camreel.cli.ui.json_lines import end_line, say_line  # noqa: PLC0415 - few want it

        if not told.is_reported:
            say_line(end_line("error", told.exit_code, (), told))
    else:
        terminal.print_error(told, debug="--debug" in arguments)
    return told.exit_code


def _run(arguments: list[str]) -> int:
    refuse_password_arguments(arguments)
    try:
        code = _commands.main(
            arguments,
            prog_name=program_command(),
            standalone_mode=False,
            complete_var=_COMPLETE,
            obj=read_settings,  # for completion
        )
    except click.UsageError as error:
        _translate(error, arguments)
    return int(code or 0)


def _looks_like_a_host(word: str) -> bool:
    """``192.168.1.100``, ``kitchen.home.net:8080``: something with a dot in it that --host would take."""
    from camreel.devices.address import parse_address  # noqa: PLC0415 - for an error alone

    try:
        parse_address(word)
    except UsageError:
        return False
    return re.fullmatch(r"[\w-]+(\.[\w-]+)+(:[0-9]+)?", word) is not None


def _translate(error: click.UsageError, arguments: Sequence[str]) -> NoReturn:
    """click's errors as ours: one sentence, and what to do."""
    message, hint = error.format_message(), f"To list the options:\n{_named(error.ctx)} --help"
    if isinstance(error, click.NoSuchOption) and any(re.match(r"-h[^-qv]", argument) for argument in arguments):
        message, hint = "-h shows the help page.", "The camera is given with --host."
    elif isinstance(error, click.BadParameter) and isinstance(error.param, Option):
        message = f"{max(error.param.opts, key=len)}: {error.message}"
        source = error.ctx.get_parameter_source(error.param.name) if error.ctx and error.param.name else None
        if source is click.core.ParameterSource.ENVIRONMENT:
            message += f" It comes from {error.param.envvar}."
        if source is click.core.ParameterSource.DEFAULT_MAP and (origin := where_from(error.ctx, error.param.name)):
            message += f" It comes from {origin}."
    elif isinstance(error, click.MissingParameter) and error.param and isinstance(error.param.type, click.Choice):
        # click lists them on lines of their own.
        message = f"An argument is missing. Choose from {', '.join(error.param.type.choices)}."
    elif isinstance(error, click.MissingParameter) and error.param and error.ctx:
        message = f"{error.param.make_metavar(error.ctx)} is missing."
        if isinstance(error.ctx.command, HelpCommand) and error.ctx.command.usage:
            hint = f"{program_command()} {error.ctx.command.usage}"
    elif found := re.search(r"unexpected extra arguments? \((.*)\)", message):
        if re.search(r"\d:\d|\d-\d", found[1]):  # the second half of a time
            hint = f'Put a value with a space in it in quotes: --start "2026-01-16 08:00:00". {hint}'
        # A time may be repeated; what else has a colon may have a password behind it.
        secret = ":" in found[1] and not re.fullmatch(r"[-0-9T:.,+Z ]+", found[1])
        what = "an argument that belongs to no option" if secret else repr(found[1])
        message = f"camreel does not know what to do with {what}."
    raise UsageError(message, hint=hint) from error


def _named(ctx: click.Context | None) -> str:
    """The program, and which command of it, where that has to be said."""
    words: list[str] = []
    while ctx is not None and ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return " ".join([program_command(), *words])
