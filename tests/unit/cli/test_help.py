"""The help page: what a stranger sees first."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.fakes import Camreel

from camreel import __version__
from camreel.cli.commands.get import get
from camreel.cli.help import ROWS, Option
from camreel.cli.registry import COMMANDS, every_command
from camreel.cli.startup import program_command, typable

PROGRAMS = ["camreel", "main.py"]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_the_first_page_names_the_commands_and_how_to_begin(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, program: str, arguments: list[str]
) -> None:
    """23 lines of 80 columns and the prompt, exit 0; each line that is an example can be typed here."""
    monkeypatch.setattr(sys, "argv", [program])
    run = camreel_(arguments)
    assert run.code == 0
    lines = run.out.splitlines()
    assert len(lines) < ROWS
    assert all(len(line) <= 80 for line in lines)
    name = "camreel" if program == "camreel" else program_command()
    assert lines[0] == f"Usage: {name} COMMAND [options]"
    for command in COMMANDS:
        assert re.search(rf"\b{command.name}\b", run.out.partition("Commands:")[2])
    examples = lines[lines.index("First steps:") + 1 : -2]
    assert len(examples) == 4
    assert all(example.startswith(f"  {name} ") for example in examples)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_usual_options_of_get_and_examples_are_one_screen(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """How to call it, what people usually need, and three examples that can be copied."""
    monkeypatch.setattr(sys, "argv", [program])
    page = camreel_(["get", "--help"]).out
    assert len(page.splitlines()) < ROWS
    for option in ("--host", "--username", "--start", "--end", "--channel", "--output-format", "-dir", "--output-file"):
        assert f"{option} " in page
    for option in ("--last", "--date", "--events", "--pad", "--help-all"):
        assert f"{option} " in page
    for example in ('-u admin -s "2026-01-16 08:00"', "get front-door --last 1h\n", 'get front-door "last night"\n'):
        assert example in page
    assert "required" not in page.lower()
    assert "--clock-drift" not in page
    for line in page.partition("Examples:\n")[2].splitlines():
        assert shlex.split(line)[-1]


def test_the_first_page_and_the_options_are_had_in_many_ways(camreel_: Camreel) -> None:
    """`help COMMAND` is its page, whatever it is; `version`, `-V` and `--version` are one."""
    assert camreel_(["help", "get"]).out == camreel_(["get", "--help"]).out
    assert camreel_(["help", "cameras", "add"]).out == camreel_(["cameras", "add", "--help"]).out
    assert camreel_(["help", "cameras"]).out == camreel_(["cameras", "help"]).out
    assert camreel_(["cameras", "help", "add"]).out == camreel_(["cameras", "add", "--help"]).out
    assert {camreel_(words).out for words in (["version"], ["-V"], ["--version"])} == {f"camreel {__version__}\n"}
    run = camreel_(["help", "lst"])
    assert (run.code, "Did you mean list?" in run.err) == (2, True)
    assert run.err.endswith("\n  To list the commands:\n    camreel help\n")


def test_hints_can_be_typed_as_they_are(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From main.py they begin with it; what is no command line keeps the program's name."""
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "main.py")])
    python = "py" if os.name == "nt" else "python3"
    assert f"{python} main.py cameras rename garage NEW" in " ".join(_refused_name(camreel_, tmp_path).split())
    monkeypatch.setattr(sys, "argv", ["camreel"])
    assert "camreel cameras rename garage NEW" in " ".join(_refused_name(camreel_, tmp_path).split())
    monkeypatch.setattr(sys, "argv", ["main.py"])
    no_command = "camreel is; see man camreel, camreel.toml, x/camreel get"
    assert typable(no_command) == no_command
    assert typable("camreel --host x, camreel list") == f"{python} main.py --host x, {python} main.py list"


def _refused_name(camreel_: Camreel, folder: Path) -> str:
    settings = folder / "c.toml"
    settings.write_text('[camera.garage]\nhost = "x"\nusername = "u"\n')
    run = camreel_(["cameras", "add", "Garage", "--host", "y", "-u", "u"], CAMREEL_CONFIG=str(settings))
    assert run.code == 2
    return run.err


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
    """24 rows of 80 columns with the prompt; the usual options are there, and all of them on the page of all."""
    monkeypatch.setattr(sys, "argv", ["main.py"])
    usual, all_of_it = (camreel_([*words, option]).out for option in ("--help", "--help-all"))
    assert len(usual.splitlines()) < ROWS
    assert all(len(line) <= 80 for line in (usual + all_of_it).splitlines())
    if isinstance(command, click.Group):
        assert all(f"\n  {name} " in usual for name in command.commands)
        return
    for option in command.params:
        if isinstance(option, Option) and not option.hidden:
            assert f"{max(option.opts, key=len)} " in all_of_it
            assert option.section in all_of_it
    assert ("--help-all" in usual) == (usual != all_of_it)


@pytest.mark.parametrize("arguments", [["get", "-h"], ["get", "--help"], ["--host", "x", "--help"]])
def test_help_is_had_from_anywhere(camreel_: Camreel, arguments: list[str]) -> None:
    """With and without the command's name, and behind other options."""
    run = camreel_(arguments)
    assert run.code == 0
    assert run.out.startswith("Usage: camreel get [CAMERA]... [RANGE] [options]")


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
        "import sys; from camreel.cli import main; main(['get', '--help'])\n"
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
