"""Each command as a person sees it: on terminals of 40 to 200 columns, without colours, and without any."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK

from camreel_simulator import ClipSpec, SimulatedCamera, Throttle, discovery, running, scene_schedule
from camreel_simulator.server import Server

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

from tests.ui.terminal import PROGRAM, Terminal, clean_environment, too_wide

PASSWORD = "simulated-1"
START = datetime(2026, 1, 16, 8)  # noqa: DTZ001 - by the camera's clock
RANGE = ["-s", "2026-01-16 08:00", "-e", "2026-01-16 08:00:20"]
ALL_WIDTHS = [40, 60, 80, 120, 200]


def _widths(command: str) -> list[int]:
    return ALL_WIDTHS if command == "get" or IS_SOAK else {"list": [40, 120], "look": [80]}.get(command, [60])


def a_camera(**settings: object) -> SimulatedCamera:
    """Three recordings of 4 s with a gap behind the second."""
    spec = ClipSpec(START, 4, size=(160, 90))
    camera = SimulatedCamera(scene_schedule(START, 3, seconds=4, gap=[0, 6], spec=spec), **settings)  # type: ignore[arg-type]
    for recording in camera.recordings:
        recording.length()
    return camera


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(a_camera()) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, server: Server) -> Path:
    """An own HOME with two cameras that have names, clips on disk, and downloads that wait."""
    folder = tmp_path / "config" / "camreel"
    folder.mkdir(parents=True)
    path = folder / "config.toml"
    path.touch(mode=0o600)
    sections = (
        f'[camera.{name}]\nhost = "127.0.0.1:{server.port}"\nusername = "admin"\npassword = "{PASSWORD}"\n'
        for name in ("front-door", "the-camera-above-the-garage")
    )
    path.write_text("\n".join(sections))
    clips = tmp_path / "clips" / "2026-01-16"
    clips.mkdir(parents=True)
    for recording in a_camera().recordings:
        name = f"{recording.start:%H.%M.%S}-{recording.end:%H.%M.%S}[R][0@0][0].mp4"
        (clips / name).write_bytes(recording.body())  # type: ignore[arg-type]  # footage is bytes
    waiting = tmp_path / ".amcrest_download" / "192.168.1.100_80_admin_ch1"
    waiting.mkdir(parents=True)
    (waiting / "2026-01-16_08.00.00_08.00.04_0123456789ab.mp4").write_bytes(b"x" * 1000)
    return tmp_path


def settings_of(home: Path) -> dict[str, str]:
    return {"CAMREEL_CONFIG": str(home / "config" / "camreel" / "config.toml")}


COMMANDS = {
    "get": (["get", "front-door", *RANGE], "Coverage"),
    "list": (["list", "front-door", *RANGE], "nothing recorded"),
    "several": (["get", "--all", *RANGE], "Coverage"),
    "cameras": (["cameras", "test"], "clock: "),
    "config": (["config", "show", "front-door"], "camera.front-door"),
    "doctor": (["doctor", "front-door"], "firmware"),
    "clean": (["clean"], "1 clip, 1 kB"),
    "merge": (["merge", "clips", "-o", "all.mp4"], "Coverage"),
    "look": (["look", "front-door", *RANGE], "pictures"),
}


@pytest.mark.parametrize(
    ("command", "columns"),
    [(command, columns) for command in sorted(COMMANDS) for columns in _widths(command)],
)
def test_it_fits_the_terminal(home: Path, command: str, columns: int) -> None:
    """No line is broken by the terminal, nothing is left of the live lines, and the cursor is there."""
    arguments, said = COMMANDS[command]
    terminal = Terminal(arguments, home, columns, environment=settings_of(home))
    code = terminal.end()
    assert code in {0, 1} if command == "doctor" else code == 0, terminal.said
    assert said.lower() in terminal.said.lower()
    assert not too_wide(terminal.said, columns)
    assert "Traceback" not in terminal.said
    if command in {"get", "merge", "look"}:  # its file can be clicked, however narrow it is
        assert re.search(r"\x1b\]8;;file://[^\x1b]+\.(mp4|html)\x1b\\", terminal.said)
    assert PASSWORD not in terminal.said
    assert not terminal.screen.cursor.hidden
    assert not re.search(r" left  |running|…\s*$", "\n".join(terminal.shown))


@pytest.mark.parametrize("columns", ALL_WIDTHS if IS_SOAK else [60])
def test_setup_fits_the_terminal(tmp_path: Path, server: Server, columns: int) -> None:
    """Its questions and its answers."""
    with discovery.discoverable(server) as port:
        terminal = Terminal(["setup", "--ask", f"127.0.0.1:{port}", "--name", "door"], tmp_path, columns)
        for question, answer in (("Which one?", "1"), ("User [admin]:", ""), ("Password for admin", PASSWORD)):
            terminal.wait_for(question)
            terminal.type(f"{answer}\n")
        assert terminal.end() == 0, terminal.said
    assert "camreel get door --last 1h" in terminal.said
    assert not too_wide(terminal.said, columns)
    assert PASSWORD not in terminal.said


PLAIN = {"no colour": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}


@pytest.mark.parametrize(("command", "kind"), [("get", "no colour"), ("get", "dumb"), ("several", "dumb")])
def test_what_a_terminal_cannot_show_is_not_sent(home: Path, command: str, kind: str) -> None:
    """NO_COLOR: no colours, though the lines are drawn again. TERM=dumb: no escape at all."""
    arguments, _ = COMMANDS[command]
    terminal = Terminal([*arguments, "-v"], home, 80, environment=settings_of(home) | PLAIN[kind])
    assert terminal.end() == 0, terminal.said
    assert not re.search(r"\x1b\[[0-9;]*m", terminal.said)
    assert ("\x1b" in terminal.said) == (kind == "no colour")


@pytest.mark.parametrize(
    "command", sorted(COMMANDS.keys() - {"get"}) if IS_SOAK else ["doctor", "list", "look", "several"]
)
def test_where_there_is_no_terminal_nothing_steers_one(home: Path, command: str) -> None:
    """Pipes: no escape, no carriage return; stdout has the result, and stderr all else."""
    arguments, said = COMMANDS[command]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=home,
        env=clean_environment(home, **settings_of(home)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode in {0, 1} if command == "doctor" else run.returncode == 0, run.stderr
    assert said.lower() in run.stdout.lower()
    assert not re.search(r"[\x1b\r]", run.stdout + run.stderr)


@pytest.fixture
def slowly(tmp_path: Path) -> Iterator[list[str]]:
    """The arguments that export from a camera which sends slowly."""
    spec = ClipSpec(START, 4, size=(160, 90))
    camera = SimulatedCamera(scene_schedule(START, 6, seconds=4, spec=spec), throttle=Throttle(per_device_bps=27_000))
    for recording in camera.recordings:
        recording.length()
    with running(camera) as served:
        yield [
            "--host",
            f"127.0.0.1:{served.port}",
            "-u",
            "admin",
            "-s",
            "2026-01-16 08:00",
            "-e",
            "2026-01-16 08:00:24",
        ]


def test_the_whole_and_each_download_have_their_lines(slowly: list[str], tmp_path: Path) -> None:
    """While it works, and while the window is pulled: one line for all, one for each of four, and nothing twice."""
    terminal = Terminal(slowly, tmp_path, 100, environment={"AMCREST_PASSWORD": PASSWORD})
    terminal.wait_for("clip 4  08:00:12")
    assert sum(bool(re.match(r"  clip \d  ", line)) for line in terminal.shown) == 4
    whole = next(line for line in terminal.shown if " left" in line)
    assert re.search(r"\d+ %  +[\d.]+ of [\d.]+ [kM]B .*left .*/6 clips", whole)
    for columns in (60, 40, 120):
        terminal.resize(columns, 40)
        while not any(re.match(r"[━╸─].* %", line) and len(line) == columns - 1 for line in terminal.shown):
            assert terminal._read(), terminal.said
        lines = [line for line in terminal.shown if re.search(r"^  clip \d  |^[━╸─]", line)]
        assert sum(bool(re.match(r"[━╸─].*  +\d+ %", line)) for line in lines) == 1, lines
        assert len(lines) <= 5, lines
        assert all(len(line) < columns for line in lines), lines
    assert terminal.end() == 0, terminal.said
    assert "Complete" in terminal.said, terminal.said
    assert not any("clip 4  08:00:12" in line for line in terminal.shown)


def test_a_log_gets_lines_while_it_works(slowly: list[str], tmp_path: Path) -> None:
    """Not a terminal: the whole in a line every few seconds."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *slowly],
        cwd=tmp_path,
        env=clean_environment(tmp_path, AMCREST_PASSWORD=PASSWORD),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    whole = r"\d+ %, [\d.]+ of [\d.]+ \wB, .* left, .*clips"
    assert any(re.fullmatch(whole, line) for line in run.stderr.splitlines()), run.stderr
