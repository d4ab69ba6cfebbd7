"""What the documents show can be typed, and what they point to is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from camreel.cli.registry import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = ("front-door", "garage", "nvr", "cabin", "yard")


def command_lines() -> list[tuple[str, str]]:
    """Each line of a block of code that begins with the program, whole, with the page that it stands on."""
    found = []
    for page in PAGES:
        for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for line in [] if kind else block.replace("\\\n", " ").splitlines():
                began = re.match(r"(?:[\d* ]+ )?(?:\w+=\S+ )*(?:\S*/)?(?:camreel|python3? \S*main\.py) ", line)
                found += [(page, line[began.end() :].partition(" > ")[0])] if began else []
    return [
        (page.relative_to(ROOT).as_posix(), line) for page, line in found if not re.search(r"[|\[]|\b[A-Z]{4,}\b", line)
    ]


LINES = command_lines()


def test_there_are_some() -> None:
    """They are found."""
    assert len(LINES) > 30


@pytest.mark.parametrize(("page", "line"), LINES)
def test_it_can_be_typed(page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is there, and takes these options and values."""
    settings = tmp_path / "config.toml"
    settings.write_text("\n".join(f'[camera.{name}]\nhost = "192.168.1.20"' for name in NAMES))
    monkeypatch.setenv("CAMREEL_CONFIG", str(settings))
    words = shlex.split(line)
    if words[0].startswith("-"):
        words.insert(0, "get")
    command: click.Command = next(late for late in COMMANDS if late.name == words[0]).load()
    if isinstance(command, click.Group):
        command = command.commands[words.pop(1)]
    command.make_context(words[0], words[1:])


def anchors(page: Path) -> set[str]:
    """The headings of a page as they are linked to."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_its_links_lead_somewhere(page: Path) -> None:
    """To files that are there, and headings that they have."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_document_is_in_the_index() -> None:
    """Nothing is written that nobody finds."""
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for page in PAGES:
        name = page.relative_to(ROOT / "docs").as_posix() if (ROOT / "docs") in page.parents else f"../{page.name}"
        assert name in {"README.md", "../README.md"} or f"({name})" in index, name
