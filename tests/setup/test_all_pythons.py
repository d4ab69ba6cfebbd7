"""scripts/all_pythons.py: which Pythons it finds."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from pathlib import Path

import all_pythons as script
import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for Python are shell scripts")


def python(version: tuple[int, int, int], path: str = "python3") -> script.Python:
    return script.Python(Path(path), version)


def test_one_of_each_the_newest_in_order() -> None:
    found = [python((3, 13, 0)), python((3, 10, 4), "old"), python((3, 10, 13), "new"), python((3, 12, 1))]
    chosen = script.choose(found)
    assert [one.version for one in chosen] == [(3, 10, 13), (3, 12, 1), (3, 13, 0)]
    assert chosen[0].path == Path("new")


def test_names_on_path_and_of_pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["bin/python3.10", "bin/python3.15", "bin/python3", "bin/python3.13t", "bin/python3.11-config"]
    pyenv = ["pyenv/versions/3.12.1/bin/python", "pyenv/versions/3.12.1/bin/python3.12"]
    for name in [*names, *pyenv]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert script.candidates() == [tmp_path / "bin/python3.10", tmp_path / "bin/python3.15", tmp_path / pyenv[0]]


@pytest.mark.skipif(platform.python_implementation() != "CPython", reason="looks for CPython")
@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded builds are left out")
def test_this_python_is_one() -> None:
    found = script.probe(Path(sys.executable))
    assert found is not None
    assert found.version == sys.version_info[:3]


@posix
@pytest.mark.parametrize(
    "says",
    [
        "exit 127",
        "echo nonsense",
        """echo '["CPython", false, [3, 9, 18]]'""",
        """echo '["PyPy", false, [3, 11, 1]]'""",
        """echo '["CPython", true, [3, 13, 0]]'""",
    ],
    ids=["a shim with nothing behind it", "no answer", "too old", "another Python", "free-threaded"],
)
def test_what_will_not_do_is_left_out(tmp_path: Path, says: str) -> None:
    fake = tmp_path / "python3.13"
    fake.write_text(f"#!/bin/sh\n{says}\n")
    fake.chmod(0o755)
    assert script.probe(fake) is None
