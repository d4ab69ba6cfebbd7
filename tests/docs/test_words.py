"""Hold the language of docs/contributing/style.md: in the README, the documents, the help, errors and reports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from camreel.cli.help import Option
from camreel.cli.registry import every_command

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "docs" / "contributing" / "style.md"  # it names what is wrong
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "contrib").rglob("*.md")} - {STYLE})
MADE_OF_DOCSTRINGS = "## Search and fetch"  # of docs/library.md: there a noun clause says what a name is
SOURCES = sorted((ROOT / "src" / "camreel").rglob("*.py"))
LOOK = [ROOT / "src" / "camreel" / "preview" / name for name in ("page.html", "page.js")]

# Phrases, not words, each with what to write in its place.
RIDDLES = {
    r"\b(is|are|be) told\b": "camreel prints, reports, or refuses",
    r"\b(tells|told) it well\b": "override",
    r"\bfrom \d+ up\b": "must be at least N, got M",
    r"\bcame into being\b": "was created by another program",
    r"\bwas at work\b": "during the export",
    r"\bwhat it bears\b": "Try: --max-concurrent N",
    r"\bvouch(es)? for\b": "untrusted; that FILE contains",
    r"\bis to be at most\b": "Target, Measured, Met",
    r"\bis for you to see\b": "you have to notice it",
    r"\banybody's eyes\b|\bshown to anybody\b": "private data is removed",
    r"\bnot all of a command\b": "name a command",
    r"\blet them agree\b": "give only one of the two",
    r"\btake over the cameras\b": "import",
    r"\bby how much\b": "seconds that the clock is ahead",
    r"\bhow far it came\b|\bup to when\b": "progress",
    r"\bfor how long it will\b": "time left",
    r"\belse you are asked\b": "camreel asks for the password",
    r"\bencod(e|ed|es|ing) (\w+ )?again\b": "re-encode",
    r"\b(much|enough|no|make|the) room\b|\broom on the\b": "free space",
    r"\bin pieces of\b.*\bbears\b": "name the limit",
    r"\bis it said (which|how|what)\b|\bit is said (which|how|what)\b": "the report names it",
    r"\bwhere (it|that|this|there) (is|are|was) (not|no|none|nothing)\b": "if",
    r"\bcannot be had\b|\bcould be had\b|\bcould not be had\b": "cannot be downloaded; available",
    r"\bwhat is missing\b": "gaps and losses",
    r"\bwhat people (usually )?need\b": "the usual options",
    r"\bin what it is peculiar\b": "quirks",
    r"\bas it ever was\b|\bas ever\b": "say it, or leave it out",
    r"\bof no kind\b|\bof its kind\b": "name the kind",
    r"\bdoes without\b|\bcan do without its name\b": "is optional",
    r"\bspeaks? (outdated|old) \b": "use",
}
# How no sentence begins: what follows would be a noun clause, or an inversion.
_OPENING = re.compile(r"(?:^|[.!?] )(What|Of|So|All that|Where) [^.?!]*[.!](?= |$)")

# Each option's help begins with one of these.
VERBS = """
Accept Add Allow Ask Begin Break Call Check Choose Connect Decode Do Download End Exit Include Join Keep Limit Listen
Log Make Measure Never Open Override Print Put Re-encode Read Remove Replay Run Save Send Set Show Simulate Start Take
Trust Use Wait Work Write
"""


def prose(text: str) -> str:
    """Return a page of Markdown without its code, and without what its links lead to."""
    plain = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`\n]*`", "CODE", plain))


def texts_of(source: str) -> Iterator[str]:
    """Yield the texts that a module may print: its strings with three words, but for docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented)]
    skipped = {id(line.value) for body in bodies for line in body if isinstance(line, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def riddles(text: str) -> dict[str, str]:
    """Return the phrases of a text that are riddles, each with its cure."""
    line = " ".join(text.split())
    return {found[0]: cure for wrong, cure in RIDDLES.items() if (found := re.search(wrong, line, re.IGNORECASE))}


def openings(text: str) -> list[str]:
    """Return the sentences that begin with what no sentence begins with; questions may."""
    paragraphs = re.split(r"\n\s*\n|\n(?=[-|#>]|\d+\. )", text)
    return [found[0].strip(" .") for each in paragraphs for found in _OPENING.finditer(" ".join(each.split()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_no_riddle(page: Path) -> None:
    """The README and the documents."""
    text = prose(page.read_text("utf-8"))
    assert not riddles(text)
    assert not openings(text.partition(MADE_OF_DOCSTRINGS)[0])


@pytest.mark.parametrize("file", LOOK, ids=lambda file: str(file.name))
def test_the_page_of_a_look_is_no_riddle(file: Path) -> None:
    """The texts between tags, each by itself; of the script its comments and strings, too."""
    text = file.read_text("utf-8")
    found = re.findall(r">([^<>]+)<", text) if file.suffix == ".html" else re.findall(r"//.*|\"[^\"\n]*\"", text)
    assert len(found) > 10
    assert not [wrong for each in found for wrong in (*riddles(each), *openings(each.strip()))]


def test_what_the_program_prints_is_no_riddle() -> None:
    """Help, errors, reports and notes: all strings of the sources."""
    found = {}
    for source in SOURCES:
        for text in texts_of(source.read_text("utf-8")):
            if wrong := [*riddles(text), *openings(text)]:
                found[f"{source.relative_to(ROOT).as_posix()}: {text.strip()[:60]}"] = wrong
    assert not found


OPTIONS = [
    pytest.param(option, id=f"{' '.join(words)} {max(option.opts, key=len)}")
    for words, command in every_command()
    if not isinstance(command, click.Group)
    for option in command.params
    if isinstance(option, Option) and not option.hidden
]


@pytest.mark.parametrize("option", OPTIONS)
def test_the_help_of_an_option_begins_with_a_verb(option: Option) -> None:
    """It says what the option does."""
    assert option.help is not None
    assert option.help.split()[0] in VERBS.split(), option.help
    assert option.help.endswith(".")


def test_there_are_texts() -> None:
    """They are found, also within others, and docstrings are none of them."""
    source = (
        '"""A docstring of more than two words."""\nraise Error(f"It {what} is told.", hint="Else you are asked.")\n'
    )
    found = list(texts_of(source))
    assert set(found) == {"It {} is told.", "Else you are asked."}
    assert all(riddles(text) for text in found)
    assert len(OPTIONS) > 100


@pytest.mark.parametrize("text", ["What it does is this.", "Fine. Of many gaps ten are shown.", "So run it twice."])
def test_such_openings_are_found(text: str) -> None:
    assert openings(text)


@pytest.mark.parametrize("text", ["What is it?", "It works.", "What to do", "Somebody waits. Often."])
def test_other_openings_are_not(text: str) -> None:
    assert not openings(text)
