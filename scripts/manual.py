"""camreel(1): a manual page in the language of man, made of the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import click

from camreel import __version__
from camreel.cli.help import HelpCommand, Option
from camreel.cli.registry import COMMANDS, every_command
from camreel.errors import MEANINGS

_VARIABLES = {
    "AMCREST_PASSWORD": "The password.",
    "AMCREST_PASSWORD_FILE": "A file whose first line is the password.",
    "CAMREEL_CONFIG": "The file of the settings, in place of the usual one.",
    "NO_COLOR": "Where it is set, nothing is shown in colours.",
}
_FILES = {
    "~/.config/camreel/config.toml": "The settings. camreel config path tells where they are on this system.",
    "~/.local/state/camreel": "Until when an account is locked; no names and no passwords.",
    ".amcrest_download": "Beside the video: what was downloaded for it. It goes when the video is complete.",
}


def manual() -> str:
    """The page."""
    commands = every_command()
    get = commands[0][1]
    assert isinstance(get, HelpCommand)
    lines = [
        '.\\" Made by scripts/reference.py. Changes belong there, or to the commands.',
        f'.TH CAMREEL 1 "" "camreel {__version__}" "User Commands"',
        ".SH NAME",
        "camreel \\- one correct video of a time range, from an Amcrest or Dahua camera",
        ".SH SYNOPSIS",
        *_synopsis("camreel", get.usage),
        *_synopsis("camreel", get.usage_too),
        *_synopsis("camreel", "COMMAND [options]"),
        ".SH DESCRIPTION",
        *_text(get.help or ""),
        ".PP",
        *_text(
            "Whatever is missing of the range is named in the report, and the exit status says so. "
            "What was downloaded is kept until the video is complete; the same command again continues."
        ),
        *_blocks(get.at_end_of_all, but=("Exit codes", "Other commands")),
        ".SH OPTIONS",
        *_options(get, commands[0][1].params),
        ".SH COMMANDS",
    ]
    for words, command in commands[1:]:
        lines += _command(words, command)
    lines += [".SH EXIT STATUS", *_pairs((str(code), meaning) for code, meaning in MEANINGS.items())]
    lines += [".SH ENVIRONMENT", *_pairs(sorted({**_of_options(get), **_VARIABLES}.items()))]
    lines += [".SH FILES", *_pairs(_FILES.items()), ".SH EXAMPLES", *_examples(get.after_main)]
    return "\n".join(lines) + "\n"


def _command(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    summary = next((late.summary for late in COMMANDS if (late.name,) == words), "")
    yield f'.SS "camreel {" ".join(words)}"'
    if isinstance(command, HelpCommand):
        yield from _text(command.help or summary)
        yield ".PP"
        yield from _synopsis("camreel", command.usage or f"{' '.join(words)} [options]")
        yield from _options(command, command.params)
        yield from _blocks(command.at_end, but=("Exit codes",), below=True)
    else:
        yield from _text(f"{command.help} Its commands follow.")


def _synopsis(program: str, usage: str) -> Iterator[str]:
    yield ".br"
    first, _, rest = usage.partition(" ")
    plain = first.startswith("-") or first.isupper()
    yield f"\\fB{_safe(program if plain else f'{program} {first}')}\\fR {_safe(usage if plain else rest)}"


def _options(command: HelpCommand, parameters: Iterable[click.Parameter]) -> Iterator[str]:
    ctx = click.Context(command, info_name=command.name)
    section = None
    for option in (each for each in parameters if isinstance(each, Option) and not each.hidden):
        record = option.get_help_record(ctx)
        if record is None:
            continue
        if option.section != section and command.name == "get":
            section = option.section
            yield f'.SS "{_safe(section)}"'
        names, text = record
        yield ".TP"
        yield re.sub(r"(^|, )(-[\w-]+)", lambda found: f"{found[1]}\\fB{found[2]}\\fR", names).replace("-", "\\-")
        yield from _text(text)


def _of_options(command: click.Command) -> dict[str, str]:
    return {
        str(option.envvar): f"Stands in for {max(option.opts, key=len)}."
        for option in command.params
        if isinstance(option, Option) and option.envvar
    }


def _blocks(text: str, *, but: tuple[str, ...], below: bool = False) -> Iterator[str]:
    """``Title:`` and what stands indented below it."""
    for block in text.strip().split("\n\n"):
        title, _, body = block.partition(":\n")
        if body and not title.startswith(but):
            yield ".PP" if below else f'.SS "{_safe(title)}"'
            yield from _text(" ".join(body.split()))


def _examples(text: str) -> Iterator[str]:
    _, *lines = text.strip().splitlines()
    yield from (".PP", ".nf", *(_safe(line) for line in lines), ".fi")


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in pairs:
        yield from (".TP", f"\\fB{_safe(name)}\\fR", *_text(text))


def _text(text: str) -> list[str]:
    return [_safe(" ".join(text.split()))]


def _safe(text: str) -> str:
    """As text and nothing else: no letter of it steers the formatter."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
