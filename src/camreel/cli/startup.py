"""How this program was called, so that what it shows can be copied.

Loading modules: quickly, and so that Ctrl-C is heard. Needs next to nothing itself.
"""

from __future__ import annotations

import gc
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import NoReturn

_PYTHON = "py" if os.name == "nt" else "python3"


def program_command() -> str:
    """Return the program as it was typed, and as it can be typed again in this folder."""
    started = sys.argv[0] if sys.argv else ""
    path = PurePath(started)
    if path.name == "main.py":
        return f"{_python() or _PYTHON} {_shown(started)}"
    if path.name == "__main__.py" and path.parent.name == "camreel":
        return f"{_python() or shlex.quote(sys.orig_argv[0] or sys.executable)} -m camreel"
    if path.stem != "camreel":  # another program, that uses the library
        return "camreel"
    found = shutil.which("camreel")
    # The shell has put the folder in front, where it found the name by itself.
    known = not os.path.exists(started) or (found and os.path.abspath(found) == os.path.abspath(started))  # noqa: PTH100, PTH110
    return "camreel" if known else shlex.quote(started)


def _python() -> str:
    """Return the word that this Python was called by, if it was a word, and no path."""
    word = sys.orig_argv[0] if sys.orig_argv else ""
    return word if re.fullmatch(r"py(thon[0-9.]*)?", word) else ""


def _shown(path: str) -> str:
    below = Path(path).is_absolute() and Path(path).parent == Path.cwd()
    return shlex.quote(Path(path).name if below else path)


def as_typed(command: str) -> str:
    """Return a command that begins with ``camreel`` as it can be typed here."""
    program, space, rest = command.partition(" ")
    return f"{program_command()}{space}{rest}" if program == "camreel" else command


def typable(text: str) -> str:
    """Return ``text`` with the commands in it as they can be typed here: ``camreel`` may not be on the PATH."""
    from camreel.cli.registry import COMMANDS  # noqa: PLC0415 - this module needs next to nothing itself

    names = "|".join((*(command.name for command in COMMANDS), "help", "version", "COMMAND"))
    program = program_command()
    return re.sub(rf"(?<![\w./-])camreel (?=(?:{names})\b|--)", lambda _: f"{program} ", text)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Switch the garbage collector off for imports: modules stay.

    With :func:`loading_aiohttp`'s part it is worth 4 to 8 % of the time and 2 to 10 % of the processor time of a short
    export (8 clips of 10 MB, four rounds of two in turns on a quiet machine with 2 cores).
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if on:
            gc.enable()


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
        with no_collecting():
            yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: object) -> NoReturn:
    # Nothing has begun, so nothing needs tidying.
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), b"camreel: interrupted\n")
    os._exit(130)


@contextmanager
def loading_aiohttp() -> Iterator[None]:
    """The same. aiohttp reads all certificate authorities twice when it is imported, in 0.1 s: that is left out.

    It is for contexts of its own, which stay unused: where a camera speaks https, :mod:`camreel.devices.session` makes
    one. Should they be used after all, they trust nobody, which is the safe side.
    """
    if "aiohttp" in sys.modules:
        with loading():
            yield
        return
    import ssl  # noqa: PLC0415 - 30 ms

    ssl.SSLContext.set_default_verify_paths = _none  # type: ignore[assignment]
    try:
        with loading():
            yield
    finally:
        del ssl.SSLContext.set_default_verify_paths


def _none(_context: object) -> None:
    return
