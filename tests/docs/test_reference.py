"""The pages that are made of the code are those that the code makes, and they leave nothing out."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from manual import manual, text
from reference import ADVICE, MANUAL, pages

import camreel
from camreel import errors
from camreel.cli.help import Option
from camreel.cli.options import KEYS
from camreel.cli.registry import every_command
from camreel.errors import MEANINGS, most_severe

ROOT = Path(__file__).parents[2]
PAGES = pages()
KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.CamreelError)]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_the_page_is_not_stale(path: Path) -> None:
    """What stands in the repository is what `make docs` writes."""
    assert (ROOT / path).read_text("utf-8") == PAGES[path]


needs_sphinx = pytest.mark.skipif(find_spec("sphinx") is None, reason="Sphinx needs Python 3.11 (make dev)")
made_manual = cache(manual)


@needs_sphinx
def test_the_manual_is_not_stale() -> None:
    """What the wheel ships is what Sphinx makes of the commands."""
    assert (ROOT / MANUAL).read_text("utf-8") == made_manual()


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text("utf-8")


@pytest.mark.parametrize(("words", "command"), every_command(), ids=str)
def test_each_command_and_option_is_there(words: tuple[str, ...], command: click.Command) -> None:
    """On the page of commands, and in the manual, with what it means."""
    (section,) = re.findall(
        rf"^## camreel {' '.join(words)}\n(.*?)(?=^## |\Z)", page("commands.md"), re.MULTILINE | re.DOTALL
    )
    assert words == ("get",) or f"\n### camreel {' '.join(words)}\n" in text()
    for option in [] if isinstance(command, click.Group) else command.params:
        if isinstance(option, Option) and option.hidden:
            assert f"`{max(option.opts, key=len)}`" in page("commands.md")
        elif isinstance(option, Option):
            assert max(option.opts, key=len) in section
            assert option.help
            assert f"`: {option.help}\n" in section + "\n"
            assert f"`: {option.help}\n" in text()


def test_each_setting_is_there() -> None:
    """With its meaning."""
    for key in KEYS.values():
        assert f"| `{key.name}` | {key.kind.value} | {key.meaning}" in page("config.md")


def test_each_error_and_exit_code_is_there() -> None:
    """With what to do; no code is without a meaning, and none without a place in the order of the worst."""
    assert {kind.__name__ for kind in KINDS} == set(ADVICE)
    for kind in KINDS:
        assert f"| `{kind.__name__}` | {kind.exit_code} |" in page("errors.md")
    assert set(MEANINGS) == {kind.exit_code for kind in KINDS} | {0, 4}
    for code in MEANINGS:
        assert f"\n| {code} | " in page("exit-codes.md")
        assert most_severe([0, code]) == code
        assert f"\n- `{code}`: " in text()


def test_every_public_name_is_on_the_page_of_the_library() -> None:
    """As a heading, or in the table of errors."""
    library = PAGES[Path("docs") / "library.md"]
    missing = [name for name in camreel.__all__ if f"### `{name}`" not in library and f"| `{name}`" not in library]
    assert missing == ["__version__"]


@needs_sphinx
def test_the_manual_shows_what_can_be_typed() -> None:
    """A hyphen can be searched for and copied, and no text begins with what steers the formatter."""
    lines = made_manual().partition(".TH ")[2].splitlines()[1:]
    known = {".SH", ".SS", ".TP", ".sp", ".EX", ".EE", ".INDENT", ".UNINDENT", '.\\"'}
    for line in lines:
        assert "--" not in line
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in known


@needs_sphinx
@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_say() -> None:
    """Not one warning."""
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii"], input=made_manual(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    assert "EXIT STATUS" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)


def test_the_wheel_has_the_manual_where_man_looks(tmp_path: Path) -> None:
    """share/man/man1, beside bin."""
    pytest.importorskip("hatch_fancy_pypi_readme", reason="the environment is older than pyproject.toml: make dev")
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".data/data/share/man/man1/camreel.1") for name in names)
