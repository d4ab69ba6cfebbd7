"""camreel(1): the manual page, written in Markdown from the commands themselves, and set by Sphinx."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from camreel.cli.help import HelpCommand, Option
from camreel.cli.registry import COMMANDS, every_command
from camreel.errors import MEANINGS

_SETTINGS = Path(__file__).resolve().parents[1] / "docs"  # has conf.py
_VARIABLES = {
    "AMCREST_PASSWORD": "The password.",
    "AMCREST_PASSWORD_FILE": "A file whose first line is the password.",
    "CAMREEL_CONFIG": "Another settings file than the usual one.",
    "NO_COLOR": "If it is set, camreel prints no colors.",
}
_FILES = {
    "~/.config/camreel/config.toml": "The settings. `camreel config path` prints their place on this system.",
    "~/.local/state/camreel": "Until when an account is locked, and the like. No names, no passwords.",
    ".amcrest_download": "Downloads, beside the video. camreel removes them when the video is complete.",
}


def options(command: HelpCommand) -> Iterator[str]:
    """Yield the options of a command as lists in Markdown, one for each section of its help."""
    ctx = click.Context(command, info_name=command.name)
    shown = [option for option in command.get_params(ctx) if isinstance(option, Option) and not option.hidden]
    records = [(option.section, record) for option in shown if (record := option.get_help_record(ctx))]
    sections = dict.fromkeys(section for section, _ in records)
    for section in sections:
        yield from ("", f"**{section}**") if len(sections) > 1 else ()
        yield from _pairs(record for own, record in records if own == section)


def text() -> str:
    """Return the page in Markdown."""
    (_, get), *others = every_command()
    assert isinstance(get, HelpCommand)
    lines = ["# camreel", "## Synopsis", "```none"]
    lines += [f"camreel {usage}" for usage in (get.usage, "COMMAND [options]")]
    lines += ["```", "## Description", get.help or "", ""]
    lines += [
        "The report names each gap and each loss in the range, and so does the exit status. Downloads are kept until",
        "the video is complete. To continue, run the same command again.",
    ]
    lines += [*_blocks(get.at_end_of_all, but=("Exit codes", "Other commands")), "", "## Options", *options(get)]
    lines.append("## Commands")
    for words, command in others:
        lines += _command(words, command)
    lines += ["## Exit status", *_pairs((str(code), meaning) for code, meaning in MEANINGS.items())]
    lines += ["", "## Environment", *_pairs(sorted({**_of_options(get), **_VARIABLES}.items()))]
    lines += ["", "## Files", *_pairs(_FILES.items())]
    lines += ["", "## Examples", "```none", *_examples(get.examples), "```"]
    return "\n".join(lines) + "\n"


def manual() -> str:
    """Return the page in the language of man. Needs Sphinx."""
    from sphinx.application import Sphinx  # noqa: PLC0415 - the other pages do without

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "camreel.md").write_text(text(), "utf-8")
        chosen = {"root_doc": "camreel", "include_patterns": ["camreel.md"]}
        made = folder / "made"
        app = Sphinx(folder, _SETTINGS, made, made, "man", chosen, status=None, warningiserror=True)
        app.build()
        return (made / "camreel.1").read_text("utf-8")


def _command(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    summary = next((late.summary for late in COMMANDS if (late.name,) == words), "")
    yield from ("", f"### camreel {' '.join(words)}", "", command.help or summary)
    if isinstance(command, HelpCommand):
        yield from ("", "```none", f"camreel {command.usage or ' '.join(words) + ' [options]'}", "```")
        yield from options(command)
        yield from _blocks(command.at_end, but=("Exit codes",))


def _of_options(command: click.Command) -> dict[str, str]:
    return {
        str(option.envvar): f"Stands in for `{max(option.opts, key=len)}`."
        for option in command.params
        if isinstance(option, Option) and option.envvar
    }


def _blocks(page_part: str, *, but: tuple[str, ...]) -> Iterator[str]:
    """Yield ``Title:`` and what stands indented below it."""
    for block in page_part.strip().split("\n\n"):
        title, _, body = block.partition(":\n")
        if body and not title.startswith(but):
            yield from ("", f"**{title}:** {' '.join(body.split())}")


def _examples(page_part: str) -> Iterator[str]:
    _, *lines = page_part.strip().splitlines()
    yield from lines


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield ""
    for name, meaning in pairs:
        yield f"- `{name}`: {' '.join(meaning.split())}"
