"""What shells complete: asked by the shells themselves."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK
from tests.fakes import Camreel

if sys.platform == "win32":
    pytest.skip("shells of POSIX", allow_module_level=True)

SETTINGS = """
[camera.front-door]
host = "192.168.1.20"
channel = "Front garden"

[camera.garage]
host = "192.168.1.21"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """``camreel`` on PATH, two cameras in the settings."""
    program = tmp_path / "bin" / "camreel"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m camreel "$@"\n')
    program.chmod(0o755)
    (tmp_path / "config.toml").write_text(SETTINGS)
    (tmp_path / "videos").mkdir()
    (tmp_path / "clip.dav").touch()
    return os.environ | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "CAMREEL_CONFIG": str(tmp_path / "config.toml"),
        "HOME": str(tmp_path),
        "TERM": "dumb",
    }


def run(command: list[str], environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        command,
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


Answers = list[set[str]]


def answered(command: list[str], script: str, environment: dict[str, str]) -> Answers:
    """What stands below each line ``@@`` that the script prints, without descriptions."""
    _, *blocks = "\n".join([*run([*command, script], environment), ""]).split("@@\n")
    return [{re.split(r"[\t:]", line)[0] for line in block.splitlines() if line} for block in blocks]


def in_bash(lines: Iterable[str], environment: dict[str, str]) -> Answers:
    """What bash has when Tab is pressed behind each of ``lines``."""
    script = 'eval "$(camreel completion bash)"; complete -p camreel >/dev/null || exit 9; compopt() { echo "$@"; }\n'
    for words in (line.split(" ") for line in lines):
        script += f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); echo @@; "
        script += '_camreel_completion camreel; printf "%s\\n" "${COMPREPLY[@]}"\n'
    return answered(["bash", "--norc", "-c"], script, environment)


def in_fish(lines: Iterable[str], environment: dict[str, str]) -> Answers:
    script = "camreel completion fish | source\n"
    script += "\n".join(f"echo @@; complete -C {shlex.quote(line)}" for line in lines)
    return answered(["fish", "--no-config", "-c"], script, environment)


def in_zsh(lines: Iterable[str], environment: dict[str, str]) -> Answers:
    """Its own functions for the menu need a terminal; what they are given is what counts."""
    script = "autoload -U compinit; compinit -u -D; source <(camreel completion zsh)\n"
    script += "compadd() { print -l -- $completions }; _describe() { print -l -- $completions_with_descriptions }\n"
    for words in (line.split(" ") for line in lines):
        script += f"words=({shlex.join(words)}); CURRENT={len(words)}; echo @@; _camreel_completion\n"
    return answered(["zsh", "-f", "-c"], script, environment)


def shells() -> list[object]:
    """bash is everywhere; the others where they are installed."""
    others = {"zsh": in_zsh, "fish": in_fish}
    return [
        pytest.param(in_bash, id="bash"),
        *(
            pytest.param(
                ask, id=name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
            )
            for name, ask in others.items()
        ),
    ]


LINES = {
    "camreel do": {"doctor"},
    "camreel cameras ": {"list", "add", "rename", "remove", "test", "forget"},
    "camreel get ": {"front-door", "garage"},
    "camreel get front-door ga": {"garage"},
    "camreel doctor fr": {"front-door"},
    "camreel cameras remove ga": {"garage"},
    "camreel config show fr": {"front-door"},
    "camreel config set front-door.camera_": {"front-door.camera_tz"},
    "camreel completion f": {"fish"},
    # behind the command whose name may be left out
    "camreel --output-for": {"--output-format"},
    "camreel --host x --output-format m": {"mp4", "mkv", "mov"},
    "camreel --host x --last 1": {"10m", "1h", "12h"},
    "camreel --channel Fr": {"Front garden"},
    "camreel --host x --events per": {"person"},
    "camreel --times-in Europe/Berl": {"Europe/Berlin"},
    "camreel setup --name fr": set(),
}


@pytest.mark.parametrize("ask", shells())
def test_tab_has_what_could_be_typed(
    ask: Callable[[Iterable[str], dict[str, str]], Answers], environment: dict[str, str]
) -> None:
    """Commands, options of the command that is meant, values, and the cameras of the settings."""
    lines = LINES if ask is in_bash or IS_SOAK else dict(list(LINES.items())[::3])  # what is asked is the same program
    assert dict(zip(lines, ask(lines, environment), strict=True)) == lines


def test_files_are_bashs_own(environment: dict[str, str]) -> None:
    """Where a file or a folder is wanted, the shell completes it by itself."""
    said = in_bash(["camreel merge cl", "camreel --output-dir vi"], environment)
    assert said == [{"-o default"}, {"-o dirnames"}]


def test_settings_that_are_broken_complete_nothing(environment: dict[str, str]) -> None:
    """No error in the middle of what is being typed."""
    Path(environment["CAMREEL_CONFIG"]).write_text("not toml")
    assert in_bash(["camreel get fr"], environment) == [set()]


def test_the_script_is_printed_for_the_shells_there_are(camreel_: Camreel) -> None:
    """On stdout alone; another shell is an error with the names."""
    for shell in ("bash", "zsh", "fish"):
        said = camreel_(["completion", shell])
        assert (said.code, said.err) == (0, "")
        assert "_CAMREEL_COMPLETE" in said.out
    said = camreel_(["completion", "csh"])
    assert said.code == 2
    assert "bash" in said.err
    said = camreel_(["completion"])
    assert said.code == 2
    assert said.err.startswith("camreel: error: An argument is missing. Choose from bash, zsh, fish.\n")


def test_its_page_names_the_files_of_the_shells(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the program was called: the file of zsh is named after the command."""
    monkeypatch.setattr(sys, "argv", ["main.py"])
    said = camreel_(["completion", "--help"])
    assert "main.py completion" in said.out
    assert "  zsh   _camreel in a folder of $fpath\n" in said.out
