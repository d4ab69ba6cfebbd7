"""What the program does for a quick end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a Python of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


PROGRAM = "from camreel.cli import program; program()"


def test_the_program_ends_with_its_code_and_all_it_said() -> None:
    """It does not wait for Python to take itself down."""
    ended = run(PROGRAM, "--help-all")
    assert ended.returncode == 0
    assert len(ended.stdout.splitlines()) > 100
    assert run(PROGRAM, "--nonsense").returncode == 2
    assert run("import atexit; atexit.register(print, 'taken down'); " + PROGRAM, "--version").stdout.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_last_words_that_are_lost_are_no_success() -> None:
    """Also where only the last flush fails."""
    with Path("/dev/full").open("w") as full:
        code = "import camreel.cli as cli; cli.main = lambda: print('done') or 0; cli.program()"
        ended = subprocess.run([sys.executable, "-I", "-c", code], check=False, stdout=full, timeout=60)
    assert ended.returncode == 120
