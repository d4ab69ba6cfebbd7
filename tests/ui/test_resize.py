"""The live lines in tmux, which folds what is too long when its window becomes narrower, and unfolds it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ui.terminal import clean_environment

TMUX = shutil.which("tmux")
if TMUX is None:
    pytest.skip("there is no tmux here", allow_module_level=True)

DRAWS = """
import time
from camreel.cli.ui.terminal import LiveLines
lines = LiveLines()
for number in range(8):
    lines.say(f"above {number} " + "abc " * 20)
while True:
    width = lines.size[0] - 1
    rows = [f"row {number} of {width} ".ljust(45 if number else width, "=") for number in range(5)]
    lines.draw([((row, ""),) for row in rows])
    time.sleep(0.01)
"""


class Tmux:
    """A window of 120 columns with live lines, the first of which fills it, and eight lines above them."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "s"
        self._environment = clean_environment(folder, LC_ALL="C.UTF-8")
        self._environment.pop("XTERM_VERSION", None)
        script = folder / "draws.py"
        script.write_text(DRAWS)
        self.run("-f", os.devnull, "new-session", "-d", "-x", "120", "-y", "24", sys.executable, str(script))
        self.run("set", "-g", "window-size", "manual")

    def run(self, *words: str) -> str:
        assert TMUX is not None
        command = [TMUX, "-u", "-S", str(self._socket), *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True).stdout

    def pull(self, columns: int) -> None:
        self.run("resize-window", "-x", str(columns), "-y", "24")

    def shown(self) -> list[str]:
        """What can be seen, and what has gone out at the top."""
        return [line.rstrip() for line in self.run("capture-pane", "-p", "-S", "-50").split("\n") if line.strip()]

    def wait_for(self, width: int) -> list[str]:
        """The screen when the last row was drawn in so many columns."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            lines = self.shown()
            if lines and lines[-1].startswith(f"row 4 of {width} "):
                return lines
        raise AssertionError("\n".join(self.shown()))


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    with tempfile.TemporaryDirectory(prefix="t") as folder:  # a short path: that of a socket is
        window = Tmux(Path(folder))
        try:
            window.wait_for(119)
            yield window
        finally:
            window.run("kill-server")


ABOVE = [f"above {number} {'abc ' * 20}".rstrip() for number in range(8)]


def rows(width: int) -> list[str]:
    return [f"row {number} of {width} ".ljust(45 if number else width, "=") for number in range(5)]


def test_no_row_is_left_behind_and_no_line_is_eaten(tmux: Tmux) -> None:
    """120, 60 and 120 columns."""
    tmux.pull(60)
    assert tmux.wait_for(59)[-5:] == rows(59)
    tmux.pull(120)
    assert tmux.wait_for(119) == [*ABOVE, *rows(119)]
