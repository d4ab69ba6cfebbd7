"""`python main.py`, started by Pythons that can and cannot run camreel."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for Python are shell scripts and symlinks")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without camreel and without anything else."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with main.py alone, as before `make demo`."""
    folder = tmp_path / "check out"
    folder.mkdir()
    shutil.copy(ROOT / "main.py", folder)
    return folder


def run(python: Path | str, checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CAMREEL_", "COV"))}
    # Started from elsewhere: nothing may hang on the current folder.
    return subprocess.run(
        [python, checkout / "main.py", *arguments],
        cwd=checkout.parent,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


def stand_in(checkout: Path, script: str) -> Path:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n" + script)
    python.chmod(0o755)
    return python


def test_nothing_set_up_is_one_sentence_with_the_command(bare_python: Path, checkout: Path) -> None:
    ended = run(bare_python, checkout, "--help")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert str(checkout) in ended.stderr
    assert "no module named camreel" in ended.stderr
    assert ("environment.py" if os.name == "nt" else "`make demo`") in ended.stderr


@posix
def test_an_environment_beside_it_gets_the_same_arguments_and_its_exit_code_counts(
    bare_python: Path, checkout: Path
) -> None:
    stand_in(checkout, 'printf "<%s>\\n" "$@"; exit 42\n')
    ended = run(bare_python, checkout, "list", "--from", "2024-05-01 10:00", "")
    assert ended.returncode == 42
    assert ended.stdout.splitlines() == [f"<{checkout / 'main.py'}>", "<list>", "<--from>", "<2024-05-01 10:00>", "<>"]
    assert ended.stderr == ""


@posix
def test_an_environment_that_lacks_camreel_too_is_tried_once(bare_python: Path, checkout: Path) -> None:
    (checkout / ".venv").symlink_to(bare_python.parents[1])
    ended = run(bare_python, checkout)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "`make demo`" in ended.stderr


@posix
def test_an_environment_whose_python_is_gone_counts_as_none(bare_python: Path, checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(checkout / "no-such-python")
    assert run(bare_python, checkout).returncode == 2


@posix
def test_an_environment_whose_python_does_not_start_says_why(bare_python: Path, checkout: Path) -> None:
    python = stand_in(checkout, "")
    python.write_bytes(b"made for another machine")
    ended = run(bare_python, checkout)
    assert ended.returncode == 2
    assert str(python) in ended.stderr
    assert ended.stderr.count("\n") == 1


@posix
@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="the suite does not run in a virtual environment")
def test_the_real_environment_takes_over(bare_python: Path, checkout: Path) -> None:
    (checkout / ".venv").symlink_to(sys.prefix)
    path = os.pathsep.join((str(bare_python.parent), os.environ["PATH"]))
    ended = subprocess.run(
        ["python", "main.py"],
        cwd=checkout,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Usage: python main.py COMMAND" in ended.stdout  # as it was typed, whoever runs it


@posix
def test_camreel_without_a_module_it_needs_counts_as_not_set_up(bare_python: Path, checkout: Path) -> None:
    # As after `pip install --no-deps`, or a PYTHONPATH to the sources.
    (checkout / "camreel").mkdir()
    (checkout / "camreel" / "__init__.py").touch()
    ended = run(bare_python, checkout)
    assert ended.returncode == 2
    assert "no module named aiohttp" in ended.stderr
    stand_in(checkout, "echo taken over\n")
    assert run(bare_python, checkout).stdout == "taken over\n"


def test_the_modules_it_looks_for_are_the_dependencies() -> None:
    (needed,) = re.findall(r"^NEEDED = \((.*)\)$", (ROOT / "main.py").read_text(), re.MULTILINE)
    (dependencies,) = re.findall(
        r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL
    )
    everywhere = [line for line in dependencies.splitlines() if ";" not in line]
    names = {name.lower() for name in re.findall(r'"([\w-]+)', "\n".join(everywhere))}
    assert set(re.findall(r'"(\w+)"', needed)) - {"camreel"} == names


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_three_ways_to_start_one_program(argument: str) -> None:
    installed = Path(sys.executable).with_name("camreel.exe" if os.name == "nt" else "camreel")
    python, on_path = "py" if os.name == "nt" else "python3", shutil.which("camreel")
    ways: dict[str, list[str | Path]] = {
        f"{python} main.py": [sys.executable, ROOT / "main.py"],
        f"{shlex.quote(sys.executable)} -m camreel": [sys.executable, "-m", "camreel"],
        "camreel" if on_path and Path(on_path).samefile(installed) else shlex.quote(str(installed)): [installed],
    }
    said: set[tuple[str, ...]] = set()
    for name, command in ways.items():
        text = subprocess.run([*command, argument], capture_output=True, text=True, check=True).stdout
        if argument == "--help":
            assert f"Usage: {name} " in text
        # The longer the name, the earlier a line is broken.
        said.add(tuple(text.replace(name, "camreel").split()))
    assert len(said) == 1


@posix
@pytest.mark.parametrize("version", ["3.6", "3.9"])
def test_a_python_that_is_too_old_is_told_so_or_left_behind(version: str, checkout: Path) -> None:
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    old = [shutil.which(f"python{version}"), *map(str, versions.glob(f"{version}.*/bin/python"))]
    works = [name for name in old if name and not subprocess.run([name, "-c", ""], check=False).returncode]
    if not works:
        pytest.skip(f"no Python {version} is installed")
    ended = run(works[0], checkout)
    assert ended.returncode == 2
    assert f"this is Python {version}, and it needs 3.10 or later" in ended.stderr
    assert ended.stderr.count("\n") == 1
    stand_in(checkout, "echo taken over\n")
    assert run(works[0], checkout).stdout == "taken over\n"


# A camreel that is interrupted while it is loaded.
INTERRUPTED = "raise KeyboardInterrupt\n"


@posix
def test_ctrl_c_while_it_is_loaded_is_one_sentence(checkout: Path, tmp_path: Path) -> None:
    """However early it comes: exit 130 and no traceback, from main.py, -m and the console script's main."""
    package = tmp_path / "stub"
    (package / "camreel" / "cli").mkdir(parents=True)
    for source in ("__init__.py", "__main__.py", "_version.py", "cli/__init__.py"):
        shutil.copy(ROOT / "src" / "camreel" / source, package / "camreel" / source)
    (package / "camreel" / "cli" / "startup.py").write_text(INTERRUPTED)
    main_py = str(ROOT / "main.py")
    for command in ([main_py], ["-m", "camreel"], ["-c", "import sys; from camreel.cli import main; sys.exit(main())"]):
        ended = subprocess.run(
            [sys.executable, *command, "--version"],
            env=os.environ | {"PYTHONPATH": str(package)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (130, "camreel: interrupted\n")
    shutil.copy(ROOT / "src" / "camreel" / "cli" / "startup.py", package / "camreel" / "cli")
    # A signal, now: it ends the program there, even where an exception would be swallowed.
    (package / "camreel" / "cli" / "app.py").write_text(
        "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt:\n    pass\n"
        "def run(argv): return 0\n"
    )
    ended = subprocess.run(
        [sys.executable, main_py],
        env=os.environ | {"PYTHONPATH": str(package)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (130, "camreel: interrupted\n")


@posix
def test_ctrl_c_while_another_python_takes_over_is_one_sentence(bare_python: Path, checkout: Path) -> None:
    """It waits until that Python can answer it."""
    stand_in(checkout, f'kill -INT $$; exec "{bare_python}" "$@"\n')
    ended = run(bare_python, checkout, "--help")
    assert (ended.returncode, ended.stderr) == (130, "camreel: interrupted\n")
