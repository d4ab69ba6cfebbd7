"""The README is short, says nothing twice, and leads somewhere, also from the page of the package."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MOST_LINES = 120
REPOSITORY = re.compile(
    r"https://(?:github\.com/camreel/camreel/blob|raw\.githubusercontent\.com/camreel/camreel)/main/([^)#\s]+)"
)


def runs(text: str, length: int) -> Counter[str]:
    """Count each run of so many words; what is code, and where a link leads, is left out."""
    prose = re.sub(r"```.*?```", "|", text, flags=re.DOTALL)
    words = re.findall(r"[\w'-]+", re.sub(r"\]\([^)]*\)", "]", prose).lower())
    return Counter(" ".join(words[at : at + length]) for at in range(len(words) - length + 1))


def test_it_is_short() -> None:
    """What does not fit goes to docs/."""
    lines = README.splitlines()
    assert len(lines) <= MOST_LINES
    assert max(len(line) for line in lines if not line.startswith("|")) <= 120


def test_nothing_stands_in_it_twice() -> None:
    """No five words in a row."""
    twice = [words for words, count in runs(README, 5).items() if count > 1]
    assert not twice
    assert [words for words, count in runs("No five words in a row. No five words in a row.", 5).items() if count > 1]


def test_it_has_what_a_newcomer_looks_for() -> None:
    """The way to install it comes before the first example, and the whole command line is there."""
    places = [README.index(words) for words in ("pipx install .", "make demo", "make test", "python main.py --host")]
    assert places == sorted(places)
    assert "uv tool install ." in README
    assert '--date "last night"' in README
    assert len(re.findall(r"!\[", README)) >= 1


def test_the_package_page_leads_to_the_repository() -> None:
    """Built into the package, no link is relative, and each one into the repository leads to a file that it has."""
    pytest.importorskip("hatch_fancy_pypi_readme")
    from hatchling.metadata.core import ProjectMetadata
    from hatchling.plugin.manager import PluginManager

    shown = ProjectMetadata(str(ROOT), PluginManager()).core.readme
    targets = re.findall(r"\]\(([^)\s]+)\)", shown)
    assert len(targets) == len(re.findall(r"\]\(", README)) > 20
    assert all(target.startswith("https://") for target in targets)
    inside = [found[1] for target in targets if (found := REPOSITORY.match(target))]
    assert len(inside) > 20
    for path in inside:
        assert (ROOT / path).exists(), path
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", shown)
    assert pictures
    assert all("raw.githubusercontent" in target for target in pictures)
