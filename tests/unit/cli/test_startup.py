"""What the program does for a quick start and a quick end, and that it leaves no trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a Python of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


LOADED = """
import gc, ssl, sys
before = ssl.SSLContext.set_default_verify_paths
from camreel.cli.startup import loading_aiohttp
try:
    with loading_aiohttp():
        assert not gc.isenabled()
        import aiohttp
        from aiohttp import connector
        {more}
except ValueError:
    print("raised")
assert gc.isenabled() and gc.get_freeze_count()
assert ssl.SSLContext.set_default_verify_paths is before
print(connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509"], connector._SSL_CONTEXT_VERIFIED.verify_mode.name)
"""


def test_no_authorities_are_read_for_contexts_that_are_not_used() -> None:
    """What aiohttp made for itself trusts nobody; all else is as it was."""
    ended = run(LOADED.format(more="pass"))
    assert (ended.stdout, ended.stderr) == ("0 CERT_REQUIRED\n", "")


def test_an_error_while_loading_leaves_no_trace_either() -> None:
    """Collecting is on again, and authorities are read."""
    ended = run(LOADED.format(more="raise ValueError"))
    assert (ended.stdout, ended.stderr) == ("raised\n0 CERT_REQUIRED\n", "")


SHORT = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in {modules!r}:
            raise {error}

sys.meta_path.insert(0, Finder())
from camreel.cli import program
program()
"""


@pytest.mark.parametrize("module", ["camreel.cli.startup", "camreel.cli.app", "click", "camreel.cli.commands.list"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("MemoryError", "memory ran out"),
        ("ImportError('x.so: failed to map segment from shared object')", "memory ran out"),
        ("OSError(24, 'Too many open files')", "too many open files"),
    ],
)
def test_a_module_for_which_nothing_is_left(module: str, error: str, said: str) -> None:
    """Whenever it is loaded: a sentence, what to do, and the exit code of what ran out."""
    ended = run(SHORT.format(modules=[module], error=error), "list", "--host", "127.0.0.1:1")
    assert ended.returncode == 7
    first, second = ended.stderr.splitlines()
    assert first.startswith("camreel: error: ")
    assert said in first
    assert "ulimit" in second


@pytest.mark.parametrize("error", ["MemoryError", "ImportError('x.so: failed to map segment from shared object')"])
def test_not_even_the_words_can_be_loaded(error: str) -> None:
    """Then a few are there without."""
    ended = run(SHORT.format(modules=["camreel.cli.app", "camreel.errors"], error=error), "list")
    said = "camreel: error: This computer's memory ran out.\n  Close other programs, or raise the limit.\n"
    assert (ended.returncode, ended.stderr) == (7, said)


def test_a_module_that_is_broken_is_no_shortage() -> None:
    """The traceback says where."""
    for modules in (["camreel.cli.app"], ["camreel.errors"]):
        ended = run(SHORT.format(modules=modules, error="ImportError('broken')"), "list")
        assert ended.returncode == 1
        assert ended.stderr.endswith("ImportError: broken\n")


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
