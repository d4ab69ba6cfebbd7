"""Run the suite on every CPython from 3.10 up that is installed, each in an environment of its own (.venv-3.X).

Arguments go to pytest.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from environment import LEAST_PYTHON, ROOT

PROBE = """
import json, platform, sys, sysconfig
import venv, ensurepip
ensurepip.version()
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([platform.python_implementation(), free_threaded, list(sys.version_info[:3])]))
"""


@dataclass(frozen=True)
class Python:
    path: Path
    version: tuple[int, int, int]

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


@dataclass(frozen=True)
class Outcome:
    python: Python
    passed: bool
    seconds: float
    summary: str


def candidates() -> list[Path]:
    """Everything that may be a Python, those on PATH first."""
    found: list[Path] = []
    for folder in os.get_exec_path():
        found += sorted(path for path in Path(folder).glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name))
    pyenv = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    return found + sorted(Path(pyenv).glob("versions/*/bin/python"))


def probe(path: Path) -> Python | None:
    """Ask a candidate what it is; nothing where it will not do (too old, not CPython, free-threaded, a dead shim)."""
    try:
        answer = subprocess.run([path, "-c", PROBE], capture_output=True, check=True, text=True, timeout=30)
        implementation, free_threaded, version = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if implementation != "CPython" or free_threaded or tuple(version) < LEAST_PYTHON:
        return None
    return Python(path, (version[0], version[1], version[2]))


def choose(pythons: list[Python]) -> list[Python]:
    """One of each minor version, the newest, in order."""
    best: dict[str, Python] = {}
    for python in pythons:
        known = best.get(python.minor)
        if known is None or python.version > known.version:
            best[python.minor] = python
    return sorted(best.values(), key=lambda python: python.version)


def run_suite(python: Python, arguments: list[str]) -> Outcome:
    started = time.monotonic()

    def outcome(summary: str, *, passed: bool) -> Outcome:
        return Outcome(python, passed, time.monotonic() - started, summary)

    print(f"\n== Python {python.minor} ({python.path})", flush=True)
    venv = ROOT / f".venv-{python.minor}"
    setup = [str(python.path), str(ROOT / "scripts" / "environment.py"), "--dev", "--venv", str(venv)]
    if subprocess.run(setup, check=False).returncode:
        return outcome("set-up failed", passed=False)
    suite = subprocess.Popen(
        [ROOT / "scripts" / "test", *arguments],
        env={**os.environ, "PYTHON_VENV": venv.name},
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert suite.stdout is not None
    last = ""
    for line in suite.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    return outcome(last.strip("= "), passed=suite.wait() == 0)


def main() -> int:
    pythons = choose([python for python in map(probe, candidates()) if python])
    if not pythons:
        print("No CPython 3.10 or later with venv and ensurepip was found.", file=sys.stderr)
        return 1
    outcomes = [run_suite(python, sys.argv[1:]) for python in pythons]
    print(f"\n{'Python':<10} {'result':<8} {'seconds':>7}  pytest")
    for outcome in outcomes:
        version = ".".join(map(str, outcome.python.version))
        result = "passed" if outcome.passed else "FAILED"
        print(f"{version:<10} {result:<8} {outcome.seconds:>7.0f}  {outcome.summary}")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
