"""Options in sections, and a help page that begins with what people usually need."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.ui import terminal
from camreel.config import Key, ValueKind, nearest
from camreel.errors import UsageError, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

MAIN = "Camera, range and video"


class _Completed(click.Parameter):
    """A parameter whose values shells complete."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what its type knows, else what its name stands for."""
        from camreel.cli.completion import complete  # noqa: PLC0415 - only a shell asks

        return super().shell_complete(ctx, incomplete) or complete(ctx, self, incomplete)


class Argument(_Completed, click.Argument):
    """An argument of a command."""


class Option(_Completed, click.Option):
    """An option that knows its section of the help page. A ``flag`` has no value.

    ``usual``: it is on the page of ``--help``; the others are on that of ``--help-all``. ``parse`` makes the value of
    what was typed, when it is needed: a late import is no part of a help page. ``setting`` is what the option means as
    a key of the settings file, ``kind`` what its value is there; empty: it belongs to one run. ``of_camera``: it
    belongs to one camera's section, ``of_all`` to that for all.
    """

    def __init__(
        self,
        *names: Any,
        section: str = MAIN,
        usual: bool = False,
        parse: Callable[[Any], Any] | None = None,
        setting: str = "",
        kind: ValueKind | None = None,
        of_camera: bool = False,
        of_all: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(*names, **settings)
        self.section, self.usual, self._parse = section, usual, parse
        self._setting, self._kind, self._of_camera, self._of_all = setting, kind, of_camera, of_all

    @property
    def key(self) -> Key | None:
        """Return its key in the settings file; None if it belongs to one run."""
        if not self._setting:
            return None
        usual = ValueKind.YES_NO if self.is_flag else ValueKind.NUMBER if type(self.type) is Whole else ValueKind.TEXT
        return Key(str(self.name), self._kind or usual, self._setting, self._of_camera, of_all=self._of_all)

    def value_of(self, ctx: click.Context) -> Any:
        """Return what was given, parsed; None if nothing was."""
        typed = ctx.params[self.name]
        return typed if typed is None or self._parse is None else self._parse(typed)


class HelpCommand(click.Command):
    """A command whose help page fits on a screen: ``--help`` has what is usual, ``--help-all`` has all.

    ``examples`` follow the options, ``at_end`` follows them; ``at_end_of_all`` does on the page of all options. What
    does not fit on the screen is left to that page.
    """

    def __init__(
        self,
        *names: Any,
        examples: str = "",
        at_end: str = "",
        at_end_of_all: str = "",
        usage: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(*names, **settings)
        self.examples, self.at_end, self.at_end_of_all = examples, at_end, at_end_of_all
        self.usage = usage
        self._help: tuple[Option, ...] = ()  # click compares them by identity

    def get_help_option(self, ctx: click.Context) -> click.Option | None:  # noqa: ARG002 - click's signature
        """``-h`` and ``--help``, written our way: click raises where the reader has gone."""
        if not self._help:
            self._help = (
                _page_option("-h", "--help", usual=True, help="Show this page.", callback=_show_help),
                _page_option("--help-all", usual=True, help="Show all options.", callback=_show_all),
            )
        return self._help[0]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, and ``--help-all`` behind ``--help``."""
        return [*super().get_params(ctx), *self._help[1:]]

    def get_help(self, ctx: click.Context) -> str:
        """Return the page that is wanted: all of it, or as much as fits on a screen."""
        whole = self._page(ctx, _Page(is_whole=True, ends=2))
        if _fits(whole):
            return whole
        if _ALL in ctx.meta:
            return self._page(ctx, _Page(is_whole=True, names_all=True, ends=2))
        pages = [self._page(ctx, _Page(names_all=True, ends=ends)) for ends in (2, 1, 0)]
        return next((page for page in pages if _fits(page)), pages[-1])

    def _page(self, ctx: click.Context, page: _Page) -> str:
        ctx.meta[_PAGE] = page
        return super().get_help(ctx)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """``Usage: camreel ...``."""
        path = ctx.find_root().info_name if self.usage else ctx.command_path
        formatter.write_usage(path or "camreel", self.usage or "[options]")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections, in the order in which their first options were declared; of the usual options alone, one."""
        page: _Page = ctx.meta[_PAGE]
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, Option) and self._is_shown(page, parameter):
                if parameter is self._help[0] and page.names_all and not page.is_whole:
                    record = (record[0], "Show this page; --help-all shows all options.")
                sections.setdefault(parameter.section if page.is_whole else _USUAL, []).append(_tidy(record))
        # One column for all sections: click would choose one for each.
        column = max(len(names) for records in sections.values() for names, _ in records)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl([(names.ljust(column), text) for names, text in records])

    def _is_shown(self, page: _Page, option: Option) -> bool:
        if option in self._help[1:]:
            return page.names_all and page.is_whole
        return option.usual or page.is_whole

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What stands below the options."""
        page: _Page = ctx.meta[_PAGE]
        end = (self.at_end_of_all or self.at_end) if page.is_whole else self.at_end
        for part in (self.examples, end)[: page.ends]:
            _write_page_part(ctx, formatter, part)


@dataclass(frozen=True, slots=True)
class _Page:
    """What a help page has: all options, or the usual ones; ``--help-all``; and how many of the parts below them."""

    is_whole: bool = False
    names_all: bool = False
    ends: int = 0


def _fits(page: str) -> bool:
    return page.count("\n") + 1 < ROWS  # the last row is the prompt's


ROWS = 24  # of a screen
_USUAL = "Options"
_PAGE = "camreel.page"  # in the context's meta: what is written now
_ALL = "camreel.help-all"  # there, where all options are wanted
_PAGES = frozenset({"-h", "--help", "--help-all"})


def _page_option(*names: str, **settings: Any) -> Option:
    return Option(list(names), is_flag=True, expose_value=False, is_eager=True, section="General", **settings)


class Family(click.Group):
    """Commands that belong together, under one word, which alone is the first of them."""

    def __init__(self, name: str, *, help: str, commands: Sequence[click.Command]) -> None:  # noqa: A002 - click's
        super().__init__(name, help=help, commands=list(commands), no_args_is_help=False, add_help_option=False)
        self._alone = str(commands[0].name)
        self.params.append(_page_option("-h", "--help", "--help-all", help="Show this page.", callback=_show_help))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands; each has its own options."""
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command by its name."""
        if args and args[0] not in self.commands and not ctx.resilient_parsing:
            raise UsageError(
                f"There is no command {printable(args[0], 40)!r} of {ctx.command_path}."
                f"{nearest(args[0], self.commands)}",
                hint=f"Choose from {', '.join(sorted(self.commands))}.",
            )
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first command in front of its options."""
        is_alone = not args or (args[0].startswith("-") and args[0] not in _PAGES)
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif is_alone and not ctx.resilient_parsing:
            args = [self._alone, *args]
        return super().parse_args(ctx, args)


def _tidy(record: tuple[str, str]) -> tuple[str, str]:
    names, text = record
    # Long options without a short form stand under the long forms of the others.
    return (names if not names.startswith("--") else f"    {names}"), text


def _write_page_part(ctx: click.Context, formatter: click.HelpFormatter, text: str) -> None:
    if text:
        program = ctx.find_root().info_name or "camreel"
        text = re.sub(r"\bcamreel ", lambda _: f"{program} ", text)  # _camreel is a file
        formatter.write("\n" + text.strip("\n") + "\n")


def _show_help(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        terminal.out(ctx.get_help())
        ctx.exit()


def _show_all(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.meta[_ALL] = True
    _show_help(ctx, option, wanted)


class Whole(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A whole number in a range. One sentence for all that it is not."""

    name = "N"

    def __init__(self, least: int, most: int | None = None, *, meaning: str = "") -> None:
        self.least, self.most = least, most
        self.meaning = meaning or f"a whole number from {least}" + (" up" if most is None else f" to {most}")

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """``N``."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or BadParameter."""
        text = str(value).strip()
        # int() alone takes "1_000" and digits of any script.
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text) or not self._in_range(int(text)):
            self.fail(f"{text!r} is not {self.meaning}.", param, ctx)
        return int(text)

    def _in_range(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)


class Channel(Whole):
    """A channel: its number, or the title that the recorder gives it."""

    name = "N|TITLE"

    def __init__(self) -> None:
        super().__init__(0, meaning="a channel: they are counted from 1")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or the title."""
        text = str(value).strip()
        if not text or re.fullmatch(r"[+-]?[0-9.,]+", text):
            return super().convert(value, param, ctx)
        if not text.isprintable() or len(text) > 100:
            self.fail("that is not a channel's title.", param, ctx)
        return text


class Channels(Channel):
    """Channels: one, or several numbers and ranges of them between commas."""

    name = "N|TITLE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A tuple of numbers, or of one title."""
        if isinstance(value, tuple):
            return value
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})?(\s*,\s*[0-9]{1,5}(-[0-9]{1,5})?)+|[0-9]{1,5}-[0-9]{1,5}", text):
            return (super().convert(value, param, ctx),)
        numbers: dict[int, None] = {}
        for part in text.split(","):
            first, _, last = part.strip().partition("-")
            numbers.update(dict.fromkeys(range(int(first), min(int(last or first), int(first) + _MOST_CHANNELS) + 1)))
        if not numbers or len(numbers) > _MOST_CHANNELS or any(int(b) < int(a) for a, b in _RANGE.findall(text)):
            self.fail(f"{text!r} is not a list of channels, like 1,3-5.", param, ctx)
        return tuple(numbers)


_MOST_CHANNELS = 256  # no recorder has more
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
