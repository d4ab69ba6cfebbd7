"""How this program was called, so that what it shows can be copied; and imports during which Ctrl-C is heard.

Needs next to nothing itself.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import NoReturn

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


@contextmanager
def loading() -> Iterator[None]:
    """For imports. Ctrl-C ends the program here and now: an exception in the middle of an import may be swallowed."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # as it is wanted
    try:
        for number in heard:
            signal.signal(number, _end)
    except ValueError:  # not in the main thread: there it is not heard anyway
        heard = {}
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: object) -> NoReturn:
    # Nothing has begun, so nothing needs tidying.
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), b"camreel: interrupted\n")
    os._exit(130)
