"""The program in a terminal of a given size: a pty, and an emulator that knows what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyte

from camreel.cli.ui.terminal import cells

PROGRAM = "import sys; from camreel.cli import main; sys.argv[0] = 'camreel'; sys.exit(main(sys.argv[1:]))"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """That of this process without what camreel would heed, in an empty HOME."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AMCREST_", "XDG_", "CAMREEL_", "COLUMNS", "LINES", "NO_COLOR", "TERM"))
    }
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", **more}


class Terminal:
    """One run of the program. ``said`` is all that it wrote, ``screen`` what can be seen of it now."""

    def __init__(
        self, arguments: Sequence[str], home: Path, columns: int, rows: int = 40, environment: Mapping[str, str] = {}
    ) -> None:
        self.said = ""
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self._outer, inner = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=home,
            # pyte does not fold what is too long when it becomes narrower, and neither does xterm.
            env=clean_environment(home, XTERM_VERSION="XTerm(379)", **environment),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)

    def resize(self, columns: int, rows: int) -> None:
        """Pull the window."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def shown(self) -> list[str]:
        """The lines that can be seen, without those that are empty at the end."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def wait_for(self, text: str) -> None:
        """Read until ``text`` can be seen."""
        while not any(text in line for line in self.shown):
            assert self._read(), f"{text!r} never came:\n{self.said}"

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._outer, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        try:
            while self._read():
                pass
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self._outer)

    def _read(self, seconds: float = 60) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([self._outer], [], [], 0.1)[0]:
                try:
                    data = os.read(self._outer, 65536)
                except OSError:  # Linux: the other side is closed
                    return False
                self.said += data.decode("utf-8", "replace")
                self._stream.feed(data)
                return bool(data)
        raise AssertionError(f"nothing came for {seconds} s:\n{self.said}")


def too_wide(said: str, columns: int) -> list[str]:
    """Lines that a terminal of ``columns`` breaks, but for those with one word (a path) that is too long itself."""
    lines = re.split(r"[\r\n]+", _ESCAPE.sub("", said))
    return [
        line for line in lines if cells(line) > columns and max(cells(word) for word in line.split()) < columns - 12
    ]
