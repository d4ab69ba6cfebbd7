"""Draw docs/pictures/: what the screen shows in a real run of the program, on the simulated camera.

The program runs in a pty, an emulator of a terminal reads what it writes, and its screen becomes an SVG. A picture is
a function of the terminal's text and styles alone: nothing in it is painted by hand.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

from camreel_simulator import ClipSpec, SimulatedCamera, Throttle, running, scene_schedule

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 100, 24
START = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
COMMAND = 'camreel --host 192.168.1.100 -u admin -s "2026-01-16 08:00" -e "2026-01-16 08:02"'
PASSWORD = "simulated-1"

_WIDE, _HIGH, _EDGE = 8.4, 19, 16  # of a letter, of a line, around them: in pixels, for a font of 14
_COLOURS = {"default": "#d6dbe1", "brown": "#e5c07b", "yellow": "#e5c07b"}  # pyte calls yellow brown
_SHEET, _PROMPT = "#1e2127", "#98c379"


def morning() -> SimulatedCamera:
    """Eight recordings with a gap, sent slowly enough to be watched."""
    spec = ClipSpec(START, 15, size=(640, 360), camera_name="FRONT DOOR")
    recordings = scene_schedule(START, 7, seconds=15, gap=[0, 0, 0, 15], spec=spec)
    camera = SimulatedCamera(recordings, throttle=Throttle(per_device_bps=180_000))
    for recording in camera.recordings:
        recording.length()
    return camera


def screens(folder: Path, port: int) -> Iterator[pyte.Screen]:
    """The terminal after each piece that the program wrote."""
    screen = pyte.Screen(COLUMNS, ROWS)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ {COMMAND}\n".encode())
    outer, inner = pty.openpty()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AMCREST_", "CAMREEL_", "NO_COLOR"))},
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "XTERM_VERSION": "emulated",
        "COLUMNS": str(COLUMNS),
        "LINES": str(ROWS),
        "AMCREST_PASSWORD": PASSWORD,
        # Every name leads to the simulated camera, as in the tests of the README.
        "CAMREEL_TEST_PORT": str(port),
        "PYTHONPATH": str(ROOT / "tests" / "docs" / "redirect"),
    }
    program = [sys.executable, "-c", "from camreel.cli import main; main()", *shlex.split(COMMAND)[1:]]
    with subprocess.Popen(program, cwd=folder, env=environment, stdin=inner, stdout=inner, stderr=inner) as process:
        os.close(inner)
        while select.select([outer], [], [], 60)[0]:
            try:
                data = os.read(outer, 65536)
            except OSError:  # Linux: the other side is closed
                break
            # The folder is a temporary one; shown is what a person would have there.
            stream.feed(data.replace(str(folder).encode(), b"/home/me/videos"))
            yield screen
        process.wait(30)


def drawn(screen: pyte.Screen) -> str:
    """The screen as an SVG, without the empty lines at its end."""
    lines = max(number for number, line in enumerate(screen.display) if line.strip()) + 1
    wide, high = COLUMNS * _WIDE + 2 * _EDGE, lines * _HIGH + 2 * _EDGE
    body = "\n".join(_line(screen, row) for row in range(lines) if screen.display[row].strip())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{_SHEET}"/>\n{body}\n</svg>\n'
    )


def _line(screen: pyte.Screen, row: int) -> str:
    """One line: a piece for each run of letters of one style, each at its own place, whatever the font."""
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    pieces = []
    place = 0
    for (colour, bold), run in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        text = "".join(cell.data for cell in run)
        fill = _PROMPT if text.startswith("$ ") else _COLOURS.get(colour, _COLOURS["default"])
        if text.strip():
            shown = text.rstrip()
            weight = ' font-weight="bold"' if bold else ""
            pieces.append(
                f'<tspan x="{_EDGE + place * _WIDE:.1f}" textLength="{len(shown) * _WIDE:.1f}" fill="{fill}"{weight}>'
                f"{escape(shown)}</tspan>"
            )
        place += len(text)
    return f'<text xml:space="preserve" y="{_EDGE + (row + 1) * _HIGH - 5}">{"".join(pieces)}</text>'


def half_way(screen: pyte.Screen) -> bool:
    """Four downloads run, and some of it is merged."""
    text = "\n".join(screen.display)
    return len(re.findall(r"^  clip +\d", text, re.MULTILINE)) == 4 and "merged up to" in text


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    wanted: dict[str, Callable[[pyte.Screen], bool]] = {"progress": half_way}
    with running(morning()) as server, tempfile.TemporaryDirectory(prefix="v") as folder:
        last = ""
        for screen in screens(Path(folder), server.port):
            last = drawn(screen)
            for name in [name for name, is_it in wanted.items() if is_it(screen)]:
                del wanted[name]
                (PICTURES / f"{name}.svg").write_text(last, "utf-8")
        (PICTURES / "report.svg").write_text(last, "utf-8")
    if wanted:
        raise SystemExit(f"never seen: {', '.join(wanted)}")
    # Beside these: timeline.svg (camreel list) and look.png (camreel look).


if __name__ == "__main__":
    main()
