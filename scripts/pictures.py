"""Draw docs/pictures/: what real runs of the program show, on the simulated camera.

The program runs in a pty, an emulator of a terminal reads what it writes, and its screen becomes an SVG. A picture is
a function of the terminal's text and styles alone: nothing in it is painted by hand. The contact sheet is the one that
``camreel look`` writes.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

from camreel_simulator import ClipSpec, Recorded, SimulatedCamera, Throttle, running, scene_schedule

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 100, 40
START = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
CAMERA = "--host 192.168.1.100 -u admin"
GET = f'camreel {CAMERA} -s "2026-01-16 08:00" -e "2026-01-16 08:02"'
LIST = f"camreel list {CAMERA} --date 2026-01-16"
LOOK = f"camreel look {CAMERA} --date 2026-01-16 --most 12 -o look.html"
PASSWORD = "simulated-1"

_WIDE, _HIGH, _EDGE = 8.4, 19, 16  # of a letter, of a line, around them: in pixels, for a font of 14
_COLOURS = {
    "default": "#d6dbe1",
    "brown": "#e5c07b",  # pyte's word for yellow
    "red": "#e06c75",
    "green": "#98c379",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    # The same of the 256 colours, as camreel uses them.
    "af8700": "#e5c07b",
    "ff0000": "#e06c75",
    "008700": "#98c379",
    "af5faf": "#c678dd",
    "0087af": "#56b6c2",
}
_SHEET, _PROMPT = "#1e2127", "#98c379"


def morning() -> SimulatedCamera:
    """Short recordings, with a gap of 15 s at 08:01:15 as in the demo, sent slowly enough to be watched."""
    spec = ClipSpec(START, 5, size=(640, 360), camera_name="FRONT DOOR")
    recordings = scene_schedule(START, 21, seconds=5, gap=[0] * 14 + [15], spec=spec)
    camera = SimulatedCamera(recordings, throttle=Throttle(per_device_bps=180_000))
    for recording in camera.recordings:
        recording.length()
    return camera


def day() -> SimulatedCamera:
    """A day by motion and alarm, in recordings of up to an hour; nobody watches them here, so they hold no video."""
    stretches = {
        "06:52:10": (38, "VideoMotion"),
        "07:30:10": (26, ""),
        "08:14:00": (46, "VideoMotion"),
        "09:00:00": (60, ""),
        "10:00:00": (60, "VideoMotion"),
        "11:00:00": (41, ""),
        "12:20:00": (40, "VideoMotion"),
        "13:00:00": (60, ""),
        "14:00:00": (60, "AlarmLocal"),
        "15:00:00": (60, "VideoMotion"),
        "16:12:30": (11, "VideoMotion"),
        "17:40:00": (95, "VideoMotion"),
        "22:03:00": (4, "AlarmLocal"),
    }
    body = b"\0\0\0\x18ftypisom" + bytes(40_000_000)
    recordings = []
    for clock, (minutes, event) in stretches.items():
        start = datetime.fromisoformat(f"2026-01-16 {clock}")
        end = start + timedelta(minutes=minutes)
        events = (event,) if event else ()
        recordings.append(Recorded(start, end, body[: 610_000 * minutes], events=events, flags=()))
    return SimulatedCamera(recordings)


def scenes() -> SimulatedCamera:
    """A minute of each second hour of a day, to be looked at."""
    spec = ClipSpec(START, 60, size=(640, 360), camera_name="FRONT DOOR", fps=2, gop=4, audio=None)
    return SimulatedCamera(scene_schedule(START - timedelta(hours=4), 12, seconds=60, gap=59 * 60, spec=spec))


def screens(command: str, folder: Path, port: int) -> Iterator[pyte.Screen]:
    """The terminal after each piece that the program wrote."""
    screen = pyte.Screen(COLUMNS, ROWS)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ {command}\n".encode())
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
    program = [sys.executable, "-c", "from camreel.cli import main; main()", *shlex.split(command)[1:]]
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
    draw_get()
    draw_list()
    draw_look()


def draw_get() -> None:
    """progress.svg and report.svg."""
    wanted: dict[str, Callable[[pyte.Screen], bool]] = {"progress": half_way}
    with running(morning()) as server, tempfile.TemporaryDirectory(prefix="v") as folder:
        last = ""
        for screen in screens(GET, Path(folder), server.port):
            last = drawn(screen)
            for name in [name for name, is_it in wanted.items() if is_it(screen)]:
                del wanted[name]
                (PICTURES / f"{name}.svg").write_text(last, "utf-8")
        (PICTURES / "report.svg").write_text(last, "utf-8")
    if wanted:
        raise SystemExit(f"never seen: {', '.join(wanted)}")


def draw_list() -> None:
    """timeline.svg."""
    with running(day()) as server, tempfile.TemporaryDirectory(prefix="v") as folder:
        for screen in screens(LIST, Path(folder), server.port):
            last = drawn(screen)
    (PICTURES / "timeline.svg").write_text(last, "utf-8")


def draw_look() -> None:
    """look.png."""
    with running(scenes()) as server, tempfile.TemporaryDirectory(prefix="v") as folder:
        for _screen in screens(LOOK, Path(folder), server.port):
            pass
        shutil.copyfile(Path(folder) / "look.png", PICTURES / "look.png")


if __name__ == "__main__":
    main()
