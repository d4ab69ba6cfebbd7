"""Make a virtual environment ready to run camreel, or leave it alone where it already is.

Needs the standard library alone. Uses uv where it is installed, else venv and pip.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST_PYTHON = (3, 10)
STAMP = "camreel-setup.json"


class SetupError(Exception):
    """Set-up cannot go on; the message is for the person who started it."""


def venv_python(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def describe_python(python: Path | str) -> list[str]:
    """Name the version and home of a Python, or nothing where it does not run."""
    question = "import json, sys; print(json.dumps([sys.version.split()[0], sys.base_prefix]))"
    try:
        answer = subprocess.run([str(python), "-c", question], capture_output=True, check=True, text=True)
        told = json.loads(answer.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return []
    return [str(item) for item in told]


def fingerprint(python: list[str]) -> str:
    """Everything that, when it changes, makes an environment stale."""
    digest = hashlib.sha256()
    # The place counts too: an editable install and the scripts in bin/ hold absolute paths.
    for part in [*python, str(ROOT)]:
        digest.update(part.encode() + b"\0")
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def is_whole(venv: Path) -> bool:
    """Ask main.py, so that what it tells people to run does not then find nothing to do."""
    question = "import sys, main; sys.exit(bool(main.missing()))"
    return not subprocess.run([venv_python(venv), "-B", "-c", question], cwd=ROOT, check=False).returncode


def is_ready(venv: Path, mark: str, *, dev: bool) -> bool:
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("fingerprint") == mark and (stamp.get("dev") or not dev) and is_whole(venv)


def run(command: list[str]) -> None:
    # Whichever pip runs, the tools that build camreel itself come from the same list of versions as all else.
    # Relative, because pip splits the variable at spaces.
    environ = {**os.environ, "PIP_BUILD_CONSTRAINT": "constraints.txt"}
    if subprocess.run(command, cwd=ROOT, check=False, env=environ, stdin=subprocess.DEVNULL).returncode:
        raise SetupError("this failed, see above: " + " ".join(command))


def create(venv: Path, uv: str | None) -> None:
    if venv.exists():
        if not (venv / "pyvenv.cfg").exists():
            raise SetupError(f"{venv} is there but is no virtual environment: move it away, then try again.")
        shutil.rmtree(venv)
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)])
    else:
        run([sys.executable, "-m", "venv", str(venv)])


def install_with_uv(uv: str, venv: Path, *, dev: bool) -> None:
    command = [uv, "pip", "install", "--quiet", "--python", str(venv_python(venv))]
    command += ["--constraints", "constraints.txt", "--build-constraints", "constraints.txt", "--editable", "."]
    run([*command, "--group", "dev"] if dev else command)


def install_with_pip(venv: Path, *, dev: bool) -> None:
    python = str(venv_python(venv))
    if subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode:
        # uv made it, and is gone.
        ensured = subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=False, text=True)
        if ensured.returncode:
            raise SetupError(f"pip could not be added to {venv}:\n{ensured.stderr.strip()}")
    command = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    command += ["--constraint", "constraints.txt"]
    if dev:
        run([*command, "pip"])  # --group came with pip 25.1
        run([*command, "--editable", ".", "--group", "dev"])
    else:
        run([*command, "--editable", "."])


def install(venv: Path, uv: str | None, *, dev: bool) -> None:
    if uv:
        try:
            install_with_uv(uv, venv, dev=dev)
        except SetupError as error:
            # An old uv may lack an option, or be set up for another index than pip is.
            print(f"{error}\nGoing on with pip.", file=sys.stderr)
        else:
            return
    install_with_pip(venv, dev=dev)


def prepare(venv: Path, *, dev: bool) -> None:
    """Make `venv` ready; takes a tenth of a second where nothing changed."""
    running = describe_python(sys.executable)
    there = describe_python(venv_python(venv))
    if there == running and is_ready(venv, fingerprint(there), dev=dev):
        return
    print(f"Setting up {venv.name} with Python {running[0]} ...", flush=True)
    started = time.monotonic()
    uv = shutil.which("uv")
    if there != running:
        create(venv, uv)
    # Gone first and written last, so that an interrupted set-up is never taken for a finished one.
    (venv / STAMP).unlink(missing_ok=True)
    install(venv, uv, dev=dev)
    stamp = {"fingerprint": fingerprint(running), "dev": dev}
    (venv / STAMP).write_text(json.dumps(stamp) + "\n", encoding="utf-8")
    print(f"{venv.name} is ready ({time.monotonic() - started:.0f} s).", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a virtual environment ready to run camreel.")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where (default: .venv)")
    parser.add_argument("--dev", action="store_true", help="with the tools for development")
    options = parser.parse_args()
    if sys.version_info < LEAST_PYTHON:
        print("camreel needs Python 3.10 or later.", file=sys.stderr)
        return 1
    try:
        prepare(options.venv.absolute(), dev=options.dev)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
