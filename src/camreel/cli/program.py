"""How this program was called, so that what it shows can be copied."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path, PurePath

_PYTHON = "py" if os.name == "nt" else "python3"


def program_name() -> str:
    """For the help page and the hints: short."""
    started = PurePath(sys.argv[0]).name if sys.argv else ""
    return {"main.py": f"{_PYTHON} main.py", "__main__.py": f"{_PYTHON} -m camreel"}.get(started, "camreel")


def program_command() -> str:
    """As it can be typed into another terminal, in this folder."""
    started = sys.argv[0] if sys.argv else ""
    name = PurePath(started).name
    if name == "main.py":
        return f"{_PYTHON} {_shown(started)}"
    if name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m camreel"
    found = shutil.which("camreel")
    # The shell has put the folder in front, where it found the name by itself.
    known = not os.path.exists(started) or (found and os.path.abspath(found) == os.path.abspath(started))  # noqa: PTH100, PTH110
    return "camreel" if known else shlex.quote(started)


def _shown(path: str) -> str:
    # main.py hands over to another Python by its whole path.
    below = Path(path).is_absolute() and Path(path).parent == Path.cwd()
    return shlex.quote(Path(path).name if below else path)
