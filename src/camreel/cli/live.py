"""A few lines at the bottom of a terminal that are drawn again and again, and what is said above them."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from camreel.cli import screen

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_TO_END_OF_LINE, _TO_END_OF_SCREEN = "\x1b[K", "\x1b[J"
# They cut long lines when they become narrower; all others (and tmux) fold them, and the folds have to be counted.
_DO_NOT_FOLD = frozenset({"linux", "rxvt", "rxvt-unicode", "rxvt-unicode-256color"})


def is_live(stream: TextIO | None) -> bool:
    """Whether lines can be drawn again on ``stream``: it is a terminal, and no dumb one."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


def painted(text: str, style: str) -> str:
    """``text`` in a style, unless NO_COLOR says otherwise."""
    return text if os.environ.get("NO_COLOR") else screen.styled(text, style)


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


class LiveLines:
    """On stderr, or on ``stream``. Each change is one write, over what was there: nothing flickers.

    A terminal that has gone away is no reason to end: what cannot be written is not.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._folds = "XTERM_VERSION" not in os.environ and os.environ.get("TERM") not in _DO_NOT_FOLD
        self._drawn: list[str] = []
        self._width = self.size[0]
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
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now: the window may have been pulled."""
        return screen.terminal_size(self._stream)

    def draw(self, lines: Sequence[str]) -> None:
        """Show ``lines`` in place of those that are there, each cut at the edge of the terminal."""
        columns, rows = self.size
        shown = [cropped(screen.harmless(line), columns - 1) for line in lines[: max(1, rows - 1)]]
        if self._is_closed or (shown == self._drawn and columns == self._width):
            return
        # In place where the lines are where they were; else all of them away first.
        start = self._to_start() if columns == self._width else self._away()
        body = "\n".join(line + _TO_END_OF_LINE for line in shown)
        # Back to the edge, so that a ^C, which the terminal itself writes, makes no line longer.
        self._write(f"{start}{body}{_TO_END_OF_SCREEN}\r")
        self._drawn, self._width = shown, columns

    def say(self, text: str) -> None:
        """Lines of their own, above the others. ``text`` is written as it is, colours and all."""
        again = "\n".join(line + _TO_END_OF_LINE for line in self._drawn)
        self._write(f"{self._away()}{text}\n{again}\r" if again else f"{text}\n")
        self._width = self.size[0]

    def close(self) -> None:
        """Take the lines away and give the cursor back. May be called twice."""
        if not self._is_closed:
            self._write(self.farewell())
        self._is_closed, self._drawn = True, []

    def farewell(self) -> str:
        """What takes the lines away and gives the cursor back, for whoever has to end at once."""
        return self._away() + _SHOW

    def _to_start(self) -> str:
        # The cursor waits at the beginning of the last line.
        up = sum(self._rows(line) for line in self._drawn[:-1])
        return f"\r\x1b[{up}A" if up else "\r"

    def _away(self) -> str:
        return self._to_start() + _TO_END_OF_SCREEN

    def _rows(self, line: str) -> int:
        """Rows that ``line`` takes now, in a terminal that may have become narrower since it was drawn."""
        return max(1, -(-cells(line) // self.size[0])) if self._folds else 1

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            self._stream.write(text)
            self._stream.flush()
