"""Run camreel: `python main.py ...` is `camreel ...`.

A Python that cannot run camreel hands over to the one in `.venv` beside this file. Python 3.6 to 3.9 must be able to
read this file, too, to say that 3.10 is needed: hence no `from __future__ import annotations`.
"""

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

MAIN = Path(__file__).resolve()
HANDED_OVER = "CAMREEL_MAIN_HANDED_OVER"
NEEDED = ("camreel", "aiohttp", "anyio", "av", "click", "filelock", "jinja2", "platformdirs", "tomlkit", "tzdata")


def missing() -> str:
    """Say what keeps this Python from running camreel; return nothing if it can."""
    if sys.version_info < (3, 10):
        return f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and it needs 3.10 or later"
    absent = next((name for name in NEEDED if find_spec(name) is None), None)
    return f"this Python has no module named {absent}" if absent else ""


def hand_over(python: Path) -> None:
    """Run the same command line with another Python. Returns only by an OSError."""
    # That Python is the last to be tried: a second hand-over would go round for ever. The value is what was typed.
    os.environ[HANDED_OVER] = getattr(sys, "orig_argv", ["python3"])[0]
    command = [str(python), *(sys.argv or [str(MAIN)])]
    sys.stdout.flush()
    if sys.platform == "win32":
        # execv would return to the shell at once. Ctrl-C is for the one that works.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(subprocess.call(command))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # a Python that starts up would show a traceback
    try:
        os.execv(python, command)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def run() -> None:
    """Run camreel here, or in `.venv`, or say how to set it up."""
    handed_over = os.environ.pop(HANDED_OVER, None)
    if handed_over and sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    reason = missing()
    if not reason:
        if handed_over:
            sys.orig_argv[0] = handed_over
        from camreel.cli import program

        program()
    windows = os.name == "nt"
    python = MAIN.parent / ".venv" / ("Scripts/python.exe" if windows else "bin/python")
    if not handed_over and python.exists():
        try:
            hand_over(python)
        except OSError as error:  # made on another machine, or half removed
            reason = f"{python}: {error.strerror}"
    command = "py scripts\\environment.py" if windows else "make demo"
    sys.stderr.write(f"camreel is not set up yet ({reason}): run `{command}` in {MAIN.parent} once, then this again.\n")
    sys.exit(2)


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.stderr.write("camreel: interrupted\n")
        sys.exit(130)
