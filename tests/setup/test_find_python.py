"""Which Python the set-up takes, and what it says where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "find-python"
pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, *, good: bool) -> Path:
    """A stand-in that answers the question the script asks a Python."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {0 if good else 1}\n")
    path.chmod(0o755)
    return path


def find(bin_folder: Path, python: str = "") -> subprocess.CompletedProcess[str]:
    sh = shutil.which("sh")
    assert sh is not None
    env = {"PATH": str(bin_folder), "PYTHON": python}
    return subprocess.run([sh, SCRIPT], check=False, cwd=bin_folder.parent, env=env, capture_output=True, text=True)


def test_python3_comes_first(bin_folder: Path) -> None:
    put(bin_folder, "python3.12", good=True)
    python3 = put(bin_folder, "python3", good=True)
    assert find(bin_folder).stdout.strip() == str(python3)


def test_one_that_will_not_do_is_passed_over(bin_folder: Path) -> None:
    put(bin_folder, "python3", good=False)
    put(bin_folder, "python3.10", good=True)
    newest = put(bin_folder, "python3.13", good=True)
    assert find(bin_folder).stdout.strip() == str(newest)


def test_an_environment_that_works_keeps_its_python(bin_folder: Path) -> None:
    put(bin_folder, "python3", good=True)
    put(bin_folder.parent / ".venv" / "bin", "python", good=True)
    assert find(bin_folder).stdout.strip() == ".venv/bin/python"


def test_none_is_one_sentence(bin_folder: Path) -> None:
    put(bin_folder, "python3", good=False)
    ended = find(bin_folder)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("No Python 3.10 or later")
    assert ended.stderr.count("\n") == 1


def test_the_variable_decides(bin_folder: Path) -> None:
    put(bin_folder, "python3", good=True)
    named = put(bin_folder.parent, "own python", good=True)
    assert find(bin_folder, str(named)).stdout.strip() == str(named)


@pytest.mark.parametrize("good", [False, None])
def test_a_variable_that_will_not_do_is_not_replaced_by_a_guess(bin_folder: Path, good: bool | None) -> None:
    put(bin_folder, "python3", good=True)
    if good is not None:
        put(bin_folder, "python3.7", good=good)
    ended = find(bin_folder, "python3.7")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "PYTHON=python3.7 will not do" in ended.stderr


def test_the_python_of_this_suite_will_do(bin_folder: Path) -> None:
    assert find(bin_folder, sys.executable).stdout.strip() == sys.executable


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_real_python_without_a_part_that_pip_needs_will_not_do(bin_folder: Path, missing: str) -> None:
    # As on systems that package it apart. A module of the same name that cannot be imported hides the real one.
    hidden = bin_folder.parent / "hidden"
    hidden.mkdir()
    (hidden / f"{missing}.py").write_text("raise ImportError")
    wrapper = put(bin_folder, "python3", good=True)
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{hidden}" exec "{sys.executable}" "$@"\n')
    assert find(bin_folder).returncode == 1
    uv = put(bin_folder, "uv", good=True)
    assert find(bin_folder).stdout.strip() == str(wrapper), f"{uv} needs neither"
    assert os.access(wrapper, os.X_OK)
