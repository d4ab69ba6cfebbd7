"""The way out to stdout and stderr. A reader that went away, or letters it cannot show, never end a run.

A few lines at the bottom of a terminal that are drawn again and again, and what is said above them.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import sys
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from camreel.cli.startup import as_typed, typable
from camreel.errors import CamreelError, DiskError, Interrupted, printable
from camreel.text import wrapped

_LONGEST = 4000  # characters of one line; only an attacker's is longer
_NARROWEST = 40  # columns of a terminal whose lines are broken between words
_AT_ONCE = 500  # lines that are written together

Piece = tuple[str, str]
"""Text and its style: words of ``_STYLES``, ``path`` for an absolute path, which becomes a link, and ``command``."""
Line = tuple[Piece, ...]


def prepare() -> None:
    """Let stdout and stderr replace what their encoding lacks, rather than raise in the middle of a report."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def sanitize(text: str) -> str:
    """``text`` with nothing in it that could steer a terminal; its lines stay lines."""
    return "\n".join(printable(line, _LONGEST) for line in text.split("\n"))


def out(text: str = "") -> None:
    """Results, to stdout. Each line of ``text`` is made harmless."""
    _write(sys.stdout, sanitize(text))


def out_lines(lines: Iterable[str]) -> None:
    """Results, to stdout, as they are made: there may be 100,000 lines."""
    for some in _grouped(lines):
        out("\n".join(some))


def _grouped(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def print_wrapped(text: str) -> None:
    """Results in words, to stdout: on a terminal, lines are broken between words, under their own text."""
    width = terminal_width(sys.stdout)
    lines = text.split("\n")
    if width is not None:
        lines = [each for line in lines for each in _folded(line, width)]
    out("\n".join(lines))


def print_advice(text: str) -> None:
    """What to try, to stdout: as :func:`advice_lines` has it, at the margin."""
    for line in advice_lines(text, terminal_width(sys.stdout), ""):
        out(line)


def remark_advice(text: str) -> None:
    """The same, to stderr."""
    for line in advice_lines(text, terminal_width(sys.stderr), ""):
        err(line)


def print_indented(text: str) -> None:
    """The same to stdout, below what it belongs to."""
    for line in advice_lines(text, terminal_width(sys.stdout)):
        out(line)


def advice_lines(text: str, width: int | None, indent: str = "  ") -> list[str]:
    """Return what to try: its first line in lines of at most ``width`` columns; the others are commands, and whole."""
    first, *commands = typable(text).split("\n")
    lines = [indent + first] if width is None else wrapped(first, width, indent, indent)
    return [*lines, *(f"{indent}  {command}" for command in commands)]


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    before = line[: len(line) - len(line.lstrip())]
    label = re.match(r"\w+ {2,}", line)
    return wrapped(line.lstrip(), width, before, " " * (len(label[0]) if label else len(before) + 2))


def say_styled(lines: Iterable[Line]) -> None:
    """Lines, to stdout: in colour on a terminal that may have it."""
    for some in _grouped(_drawn(lines, sys.stdout)):
        _write(sys.stdout, "\n".join(some))


def err_styled(lines: Iterable[Line]) -> None:
    """The same to stderr."""
    with suppress(DiskError):
        for line in _drawn(lines, sys.stderr):
            _write(sys.stderr, line)


def _drawn(lines: Iterable[Line], stream: TextIO | None) -> Iterator[str]:
    """Yield lines as ``stream`` can show them: with colours, with links, or as text alone."""
    in_colour, has_links = _in_colour(stream), knows_links(stream)
    for line in lines:
        pieces = [(sanitize(text), style) for text, style in line]
        if pieces:
            pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
        shown = ""
        for text, style in pieces:
            text = as_typed(text) if _COMMAND in style.split() else text  # noqa: PLW2901 - what is shown of it
            drawn = styled(text, style) if in_colour and text else text
            shown += linked(drawn, text) if has_links and _PATH in style.split() else drawn
        yield shown if in_colour or has_links else shown.rstrip()


def styled(text: str, style: str) -> str:
    """``text`` in a style, for a terminal that understands it."""
    styles = _STYLES | (_MANY_COLOURS if _has_many_colours() else {})
    codes = ";".join(styles[word] for word in style.split() if word not in {_PATH, _COMMAND})
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


_PATH, _COMMAND = "path", "command"
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}
# Of the 256 colours, which no theme changes: tones that can be read on white and on black. Yellow of the first 16 is
# bright on many terminals, and vanishes on white.
_MANY_COLOURS = {"red": "38;5;196", "green": "38;5;28", "yellow": "38;5;136", "magenta": "38;5;133", "cyan": "38;5;31"}


def _has_many_colours() -> bool:
    return "256color" in os.environ.get("TERM", "") or os.environ.get("COLORTERM", "") in {"truecolor", "24bit"}


def _in_colour(stream: TextIO | None) -> bool:
    """Where there is a terminal, unless it cannot, or is not to (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in {"dumb", "unknown"}
    return stream is not None and stream.isatty() and not plain


LINKS_VARIABLE = "FORCE_HYPERLINK"
"""``0`` turns links off, anything else on. Other programs know it, too."""

_OLD_TERMINALS = re.compile(r"|dumb|unknown|linux|ansi|cons25.*|vt\d+.*|eterm.*|sun.*|screen.*", re.IGNORECASE)
_FIRST_VTE = 5000  # 0.50: before it, GNOME's terminal shows rubbish


def knows_links(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ``stream`` is a terminal that shows links, or at least no rubbish in their place."""
    if stream is None or not stream.isatty() or environment.get("TERM") in {"dumb", "unknown"}:
        return False
    if wish := environment.get(LINKS_VARIABLE):
        return wish.lower() not in {"0", "false", "no"}
    if "TMUX" not in environment and _OLD_TERMINALS.fullmatch(environment.get("TERM", "")):
        return os.name == "nt" and bool({"WT_SESSION", "TERM_PROGRAM"}.intersection(environment))
    version = environment.get("VTE_VERSION", str(_FIRST_VTE))
    is_older = version.isdecimal() and int(version) < _FIRST_VTE
    return not is_older and "INSIDE_EMACS" not in environment and environment.get("TERM_PROGRAM") != "Apple_Terminal"


def file_url(path: str) -> str:
    """Return the URL of an absolute path: percent-encoded, with the name of this computer, for there may be an ssh."""
    import socket  # noqa: PLC0415 - the help page does not need it

    url = Path(path).as_uri()
    host = socket.gethostname()
    if os.name == "nt" or not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host):
        return url
    return url.replace("file://", f"file://{host}", 1)


def linked(shown: str, path: str) -> str:
    """Return ``shown`` as a link to an absolute ``path``; as it is if there is no such file."""
    with suppress(OSError, ValueError):  # a name that no file can have
        if Path(path).is_absolute() and Path(path).exists():
            return f"\x1b]8;;{file_url(path)}\x1b\\{shown}\x1b]8;;\x1b\\"
    return shown


def err(text: str = "") -> None:
    """Everything else, to stderr."""
    # Losing a remark is no reason to lose a download.
    with suppress(DiskError):
        _write(sys.stderr, sanitize(text))


def prompt(text: str) -> None:
    """A question, to stderr; the answer is typed behind it."""
    with suppress(DiskError):
        _write(sys.stderr, "\n".join(wrapped(sanitize(text), terminal_width(sys.stderr) or 1000)) + " ", end="")


def remark_whole(line: str) -> None:
    """One line of JSON, to stderr."""
    with suppress(DiskError):
        _write(sys.stderr, line)


def say_json(document: dict[str, Any]) -> None:
    """One document, to stdout; ASCII, so that any terminal and any encoding bears it."""
    for some in _grouped(_json_pieces(document, "\n")):
        _write(sys.stdout, "".join(some), end="")
    _write(sys.stdout, "")


def _json_pieces(value: object, line: str) -> Iterator[str]:
    """Yield what ``json.dumps`` makes of ``value`` with an indent of 2. Of long lists one item is held at a time.

    ``line`` begins each line: a line break and the indent.
    """
    deeper = f"{line}  "
    if isinstance(value, dict) and value:
        first, last = "{}"
        items = ((f"{json.dumps(str(key))}: ", each) for key, each in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        first, last = "[]"
        items = (("", each) for each in value)
    else:
        yield json.dumps(value)
        return
    before = first
    for label, each in items:
        if isinstance(value, dict | list | tuple):
            yield f"{before}{deeper}{label}"
            yield from _json_pieces(each, deeper)
        else:
            yield before + deeper + json.dumps(each, indent=2).replace("\n", deeper)
        before = ","
    yield f"{line}{last}" if before != first else f"{first}{last}"


def print_error(error: CamreelError, *, debug: bool = False) -> None:
    """``camreel: error: <sentence>`` and the hint below it; before them the traceback, for ``--debug``."""
    if debug:
        err("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
    label = "camreel:" if isinstance(error, Interrupted) else "camreel: error:"
    first, *others = _wrapped(f"{label} {error}", "").split("\n")
    if first.startswith(_ERROR):
        err_styled([(("camreel: ", ""), ("error:", "bold red"), (first.removeprefix(_ERROR), ""))])
    else:
        err(first)
    for line in others:
        err(line)
    if error.hint:
        for line in advice_lines(error.hint, terminal_width(sys.stderr)):
            err(line)


_ERROR = "camreel: error:"


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
    columns = terminal_size(stream)[0]
    return columns - 1 if columns >= _NARROWEST else None


def terminal_size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of the terminal that ``stream`` is, as they are now."""
    with suppress(OSError, ValueError, AttributeError):
        size = os.get_terminal_size(stream.fileno())
        if size.columns and size.lines:
            return size
    return shutil.get_terminal_size()


def is_one_screen() -> bool:
    """Whether stdout and stderr are both terminals: then what the one says, nobody has to read on the other."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))


def is_elsewhere() -> bool:
    """Whether a person looks at stderr, and stdout goes into a file. Behind a pipe there may be the same terminal."""
    with suppress(OSError, ValueError, AttributeError):
        return sys.stderr.isatty() and stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    return False


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


_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_TO_END_OF_LINE, _TO_END_OF_SCREEN = "\x1b[K", "\x1b[J"

_SETTLED_AFTER = 0.3  # seconds of one width; tmux tells of a new one at most every 0.25

# They cut long lines when they become narrower; all others (and tmux) fold them, and the folds have to be counted.
_DO_NOT_FOLD = frozenset({"linux", "rxvt", "rxvt-unicode", "rxvt-unicode-256color"})


def is_live(stream: TextIO | None) -> bool:
    """Whether lines can be drawn again on ``stream``: it is a terminal, and no dumb one."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


def painted(text: str, style: str) -> str:
    """``text`` in a style, unless NO_COLOR says otherwise."""
    return text if os.environ.get("NO_COLOR") else styled(text, style)


def cells(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)


def cropped(text: str, width: int) -> str:
    """As much of ``text`` as ``width`` columns hold."""
    while cells(text) > width:
        text = text[: width - cells(text)]
    return text


def bare(line: Line) -> str:
    """Return the text of a line, without its styles."""
    return "".join(text for text, _ in line)


def _cropped_line(line: Line, width: int) -> Line:
    """Return as much of ``line`` as ``width`` columns hold, with nothing in it that could steer a terminal."""
    pieces: list[Piece] = []
    for text, style in line:
        pieces.append((cropped(sanitize(text), width), style))
        width -= cells(pieces[-1][0])
    return tuple(pieces)


class LiveLines:
    """On stderr, or on ``stream``. Each change is one write, over what was there: nothing flickers.

    A terminal that has gone away is no reason to end: what cannot be written is not. While a window is pulled, nothing
    is written: tmux folds its lines at once and tells of it a quarter of a second later, and so the way back to the
    first line would be unknown.
    """

    def __init__(self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._now = sys.stderr if stream is None else stream, now
        self._folds = "XTERM_VERSION" not in os.environ and os.environ.get("TERM") not in _DO_NOT_FOLD
        self._drawn: list[Line] = []
        self._held: list[str] = []  # said while the window is pulled
        self._width = self._seen = self.size[0]
        self._seen_at = float("-inf")
        if os.name == "nt":  # its console has to be told that we speak to it in this way; click brings colorama there
            with suppress(ImportError):
                import colorama  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415

                colorama.just_fix_windows_console()
        self.open()

    def open(self) -> None:
        """Begin, or go on after :meth:`close`."""
        self._is_closed = False
        self._write(_HIDE)

    @property
    def encoding(self) -> str | None:
        """What its letters are encoded in, if that is known."""
        return getattr(self._stream, "encoding", None)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now: the window may have been pulled."""
        return terminal_size(self._stream)

    def draw(self, lines: Sequence[Line]) -> None:
        """Show ``lines`` in place of those that are there, each cut at the edge of the terminal."""
        columns, rows = self.size
        if self._is_closed or not self._is_settled(columns):
            return
        self._say_held()
        shown = [_cropped_line(line, columns - 1) for line in lines[: max(1, rows - 1)]]
        if shown == self._drawn and columns == self._width:
            return
        # In place where the lines are where they were; else all of them away first.
        start = self._to_start() if columns == self._width else self._away()
        # Back to the edge, so that a ^C, which the terminal itself writes, makes no line longer.
        self._write(f"{start}{_joined(shown)}{_TO_END_OF_SCREEN}\r")
        self._drawn, self._width = shown, columns

    def say(self, text: str) -> None:
        """Lines of their own, above the others. ``text`` is written as it is, colours and all."""
        self._held.append(text)
        if not self._drawn or self._is_settled(self.size[0]):
            self._say_held()

    def close(self) -> None:
        """Take the lines away and give the cursor back. May be called twice."""
        self._say_held()
        if not self._is_closed:
            self._write(self.farewell())
        self._is_closed, self._drawn = True, []

    def farewell(self) -> str:
        """What takes the lines away and gives the cursor back, for whoever has to end at once."""
        return self._away() + _SHOW

    def _is_settled(self, columns: int) -> bool:
        """Whether the width has been the same for long enough to go by it."""
        if columns != self._seen:
            self._seen, self._seen_at = columns, self._now()
        return self._now() - self._seen_at >= _SETTLED_AFTER

    def _say_held(self) -> None:
        if not self._held:
            return
        text, self._held, away = "\n".join(self._held), [], self._away()
        self._width = self.size[0]
        self._drawn = [_cropped_line(line, self._width - 1) for line in self._drawn]
        again = _joined(self._drawn)
        self._write(f"{away}{text}\n{again}\r" if again else f"{text}\n")

    def _to_start(self) -> str:
        # The cursor waits at the beginning of the last line.
        up = sum(self._rows(line) for line in self._drawn[:-1])
        return f"\r\x1b[{up}A" if up else "\r"

    def _away(self) -> str:
        return self._to_start() + _TO_END_OF_SCREEN

    def _rows(self, line: Line) -> int:
        """Rows that ``line`` takes now, in a terminal that may have become narrower since it was drawn."""
        return max(1, -(-cells(bare(line)) // self.size[0])) if self._folds else 1

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self._stream.write(text)
            self._stream.flush()


def _joined(lines: Sequence[Line]) -> str:
    return "\n".join("".join(painted(*piece) for piece in line) + _TO_END_OF_LINE for line in lines)
