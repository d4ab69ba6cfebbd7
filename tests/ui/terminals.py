"""The program on a terminal of a given size, as a process of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "import sys; from camreel.cli import main; sys.exit(main(sys.argv[1:]))"
CTRL_C = b"\x03"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


@dataclass(frozen=True)
class Shown:
    """What came, as it came, and the exit code."""

    raw: str
    code: int

    @property
    def lines(self) -> list[str]:
        """Without colours, and without what was there for a moment only."""
        text = _ESCAPE.sub("", self.raw.replace("\r\n", "\n"))
        return [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def on_terminal(
    arguments: Sequence[str],
    folder: Path,
    *,
    columns: int = 80,
    code: str = PROGRAM,
    answers: Mapping[str, bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Shown:
    """Run it to its end; when a key of ``answers`` is shown, its value is typed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    given = {"TERM": "xterm-256color", "AMCREST_PASSWORD": "simulated-1", "PYTHONUTF8": "1", **(environment or {})}
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=kept | given, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen, waiting = b"", dict(answers or {})
    try:
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux, when the other side is closed
                break
            if not piece:
                break
            seen += piece
            for prompt in [each for each in waiting if each.encode() in seen]:
                typed = waiting.pop(prompt)
                if typed == CTRL_C:  # nobody's controlling terminal: it would be a letter
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, typed)
        return Shown(seen.decode(errors="replace"), process.wait(30))
    finally:
        process.kill()
        process.wait()
        os.close(ours)
