"""The help page: what a stranger sees first."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest
from tests.fakes import Camreel

from camreel.cli.commands.get import get
from camreel.cli.help import Option
from camreel.cli.registry import COMMANDS, every_command

PROGRAMS = ["camreel", "main.py"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_first_screen_has_the_usual_options_and_examples(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """24 lines of 80 columns: how to call it, the eight usual options, three examples that can be copied."""
    monkeypatch.setattr(sys, "argv", [program])
    run = camreel_(["--help"])
    first = run.out.splitlines()[:23]
    assert run.code == 0
    for option in ("--host", "--username", "--start", "--end", "--channel", "--output-format", "-dir", "--output-file"):
        assert any(option in line for line in first)
    shown = "\n".join(first)
    for example in ("--host 192.168.1.100 -u admin \\\n", "get front-door --last 1h\n", "--all -q --date yesterday"):
        assert example in shown
    assert all(len(line) <= 80 for line in run.out.splitlines())


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_usual_is_one_screen_and_names_the_rest(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """At most 50 lines of 80 columns, with every command's name, and where the other options are."""
    monkeypatch.setattr(sys, "argv", [program])
    page = camreel_(["--help"]).out
    assert len(page.splitlines()) <= 50
    assert "--help-all " in page
    assert "--clock-drift" not in page
    for command in COMMANDS[1:]:
        assert re.search(rf"\b{command.name}\b", page.partition("Other commands")[2])


def test_the_examples_fit_a_narrow_terminal(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 columns, under the longest of the names: no example is broken where a shell would not go on."""
    monkeypatch.setattr(sys, "argv", ["main.py"])
    page = camreel_(["--help"], COLUMNS="60").out.splitlines()
    examples = page[page.index("Examples:") + 1 :]
    examples = examples[: examples.index("")]
    assert len(examples) == 4
    assert all(len(line) <= 60 for line in examples)


def test_every_option_is_on_the_page_of_all(camreel_: Camreel) -> None:
    """All options of the contract, the variables, the exit codes and the other commands."""
    page = camreel_(["--help-all"]).out
    assert page == camreel_(["get", "--help-all"]).out
    for option in get.params:
        if isinstance(option, Option):
            assert any(f"{name} " in page for name in option.opts) != option.hidden
    for name in ("HOST", "PORT", "USERNAME", "CHANNEL", "PASSWORD", "PASSWORD_FILE"):
        assert f"AMCREST_{name}" in page
    for code in ("0 complete", "2 usage", "3 nothing", "4 partial", "5 login", "6 camera", "7 disk", "130 interr"):
        assert code in page
    for command in COMMANDS[1:]:
        assert f"\n  {command.name} " in page
    assert "password:" in page
    assert "--password " not in page


@pytest.mark.parametrize(("words", "command"), every_command(), ids=str)
def test_every_command_has_its_page(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], command: click.Command
) -> None:
    """One screen of 80 columns; all of its options are on the page of all, and the usual ones on the other."""
    monkeypatch.setattr(sys, "argv", ["main.py"])
    usual, all_of_it = (camreel_([*words, option]).out for option in ("--help", "--help-all"))
    assert len(usual.splitlines()) <= 50
    assert all(len(line) <= 80 for line in (usual + all_of_it).splitlines())
    if isinstance(command, click.Group):
        assert all(f"\n  {name} " in usual for name in command.commands)
        return
    for option in command.params:
        if isinstance(option, Option) and not option.hidden:
            assert f"{max(option.opts, key=len)} " in all_of_it
            assert option.section in all_of_it
    assert ("--help-all" in usual) == (usual != all_of_it)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["get", "--help"], ["--host", "x", "--help"]])
def test_help_is_had_from_anywhere(camreel_: Camreel, arguments: list[str]) -> None:
    """With and without the command's name, and behind other options."""
    run = camreel_(arguments)
    assert run.code == 0
    assert run.out.startswith("Usage: camreel --host HOST")


@pytest.mark.parametrize(("command", "option"), [("demo", "--output-dir"), ("simulate", "--port")])
def test_the_other_commands_have_help_too(camreel_: Camreel, command: str, option: str) -> None:
    """Under their own name."""
    run = camreel_([command, "--help"])
    assert run.code == 0
    assert run.out.startswith(f"Usage: camreel {command} [options]")
    assert option in run.out


def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    """--help loads neither what other commands need, nor what this one will: it is there in a fifth of a second."""
    code = (
        "import sys; from camreel.cli import main; main(['--help'])\n"
        "heavy = {'rich', 'aiohttp', 'av', 'anyio', 'asyncio', 'camreel.jobs.export', 'camreel_simulator',"
        " 'camreel.clock', 'camreel.report', 'camreel.planning.plan', 'camreel.cli.batch',"
        " 'camreel.cli.commands.merge', 'tomllib', 'configparser'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stderr.strip()) == (0, "")


def test_importing_the_package_does_not_even_load_click() -> None:
    """Whoever imports camreel.cli only wants main."""
    code = "import sys, camreel.cli; sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
