"""The way out to stdout and stderr. A reader that went away, or letters it cannot show, never end a run."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TextIO

from camreel.errors import CamreelError, DiskError, Interrupted, printable
from camreel.text import wrapped

_LONGEST = 4000  # characters of one line; only an attacker's is longer
_NARROWEST = 40  # columns that lines are wrapped to


def prepare() -> None:
    """Let stdout and stderr replace what their encoding lacks, rather than raise in the middle of a report."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def harmless(text: str) -> str:
    """``text`` with nothing in it that could steer a terminal; its lines stay lines."""
    return "\n".join(printable(line, _LONGEST) for line in text.split("\n"))


def say(text: str = "") -> None:
    """Results, to stdout. Each line of ``text`` is made harmless."""
    _write(sys.stdout, harmless(text))


def tell(text: str) -> None:
    """Results in words, to stdout: on a terminal, lines are broken between words, under their own text."""
    width = terminal_width(sys.stdout)
    lines = text.split("\n")
    if width is not None:
        lines = [each for line in lines for each in _folded(line, width)]
    say("\n".join(lines))


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    before = line[: len(line) - len(line.lstrip())]
    label = re.match(r"\w+ {2,}", line)
    return wrapped(line.lstrip(), width, before, " " * (len(label[0]) if label else len(before) + 2))


def say_styled(lines: Iterable[Sequence[tuple[str, str]]]) -> None:
    """Lines of pieces with their styles (words of ``_STYLES``), to stdout: in colour on a terminal that may have it."""
    in_colour = _in_colour(sys.stdout)
    for line in lines:
        pieces = [(harmless(text), style) for text, style in line]
        shown = "".join(styled(text, style) for text, style in pieces) if in_colour else "".join(t for t, _ in pieces)
        _write(sys.stdout, shown.rstrip())


def styled(text: str, style: str) -> str:
    """``text`` in a style, for a terminal that understands it."""
    codes = ";".join(_STYLES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}


def _in_colour(stream: TextIO | None) -> bool:
    """Where there is a terminal, unless it cannot, or is not to (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in {"dumb", "unknown"}
    return stream is not None and stream.isatty() and not plain


def remark(text: str = "") -> None:
    """Everything else, to stderr."""
    # Losing a remark is no reason to lose a download.
    with suppress(DiskError):
        _write(sys.stderr, harmless(text))


def prompt(text: str) -> None:
    """A question, to stderr; the answer is typed behind it."""
    with suppress(DiskError):
        _write(sys.stderr, "\n".join(wrapped(harmless(text), terminal_width(sys.stderr) or 1000)) + " ", end="")


def remark_whole(line: str) -> None:
    """One line of JSON, to stderr."""
    with suppress(DiskError):
        _write(sys.stderr, line)


def say_json(document: dict[str, Any]) -> None:
    """One document, to stdout; ASCII, so that any terminal and any encoding bears it."""
    _write(sys.stdout, json.dumps(document, indent=2))


def complain(error: CamreelError, *, debug: bool = False) -> None:
    """``camreel: error: <sentence>`` and the hint below it; before them the traceback, for ``--debug``."""
    if debug:
        remark("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
    label = "camreel:" if isinstance(error, Interrupted) else "camreel: error:"
    remark(_wrapped(f"{label} {error}", ""))
    if error.hint:
        remark(_wrapped(f"  {error.hint}", "  "))


def _wrapped(text: str, indent: str) -> str:
    """Between words, on a terminal; a log keeps its lines whole."""
    width = terminal_width(sys.stderr)
    if width is None:
        return text
    return "\n".join(wrapped(text, width, others=indent))


def terminal_width(stream: TextIO | None) -> int | None:
    """Columns to use where ``stream`` is a terminal; None where it is not, or where it is too narrow to bother."""
    if stream is None or not stream.isatty():
        return None
    columns = terminal_size(stream)[0] - 1
    return columns if columns >= _NARROWEST else None


def terminal_size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of the terminal that ``stream`` is, as they are now."""
    with suppress(OSError, ValueError, AttributeError):
        size = os.get_terminal_size(stream.fileno())
        if size.columns and size.lines:
            return size
    return shutil.get_terminal_size()


def drawing_width() -> int:
    """Columns for what is drawn on stdout: all but the last, where some terminals wrap; 79 where it is none."""
    return shutil.get_terminal_size().columns - 1 if sys.stdout is not None and sys.stdout.isatty() else 79


def _write(stream: TextIO | None, text: str, end: str = "\n") -> None:
    if stream is None:  # started with it closed
        return
    try:
        print(text, file=stream, flush=True, end=end)
    except BrokenPipeError:
        _discard(stream)  # the reader has seen enough: `camreel ... | head`
    except OSError as error:
        _discard(stream)
        raise DiskError(f"The result cannot be written to standard output: {error.strerror}.") from error


def _discard(stream: TextIO) -> None:
    # Python flushes at exit and would complain again: let what is left go nowhere.
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
