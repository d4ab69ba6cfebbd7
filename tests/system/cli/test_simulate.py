"""`camreel simulate` and `camreel demo`: the main job without a camera."""

from __future__ import annotations

import io
import json
import shlex
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import av
import pytest
from tests.conftest import NOW
from tests.fakes import Camreel, FakeExport, only_run

from camreel.cli.startup import program_command
from camreel.cli.ui import desktop
from camreel_simulator import (
    ClipSpec,
    DeviceClock,
    Recorded,
    SimulatedCamera,
    Throttle,
    read_frame_number,
    running,
)
from camreel_simulator.footage import clips
from camreel_simulator.footage.clips import PaddedClip
from camreel_simulator.footage.mp4_layout import top_boxes
from camreel_simulator.http.message import HttpRequest
from camreel_simulator.scenes import living_camera, trouble

PROGRAM = "import sys; from camreel.cli import main; sys.exit(main(sys.argv[1:]))"


def test_the_demo_leaves_a_video_and_prints_its_path(camreel_: Camreel, tmp_path: Path) -> None:
    """Search, download, merge and report on real sockets; the outcome, and where the video is; what to do next."""
    run = camreel_(["demo"])
    assert run.code == 0, run.err
    known, report, after = run.out.split("\n\n")
    assert known.endswith("\nFound     3 recordings, 1.33 MB")
    outcome, _, where = report.splitlines()[0].partition(" -> ")
    assert outcome == "Complete  1 min 45 s of footage, 1.33 MB"
    assert after == "Next, find your camera and give it a name:\n  camreel setup\n"
    video = Path(where)
    assert video.parent == tmp_path / "camreel-demo"
    assert video.stat().st_size > 100_000
    assert [path.name for path in video.parent.iterdir()] == [video.name]
    assert "Coverage  all that the camera recorded: 1 min 45 s of 2 min" in run.out


def test_the_demo_asks_the_same_way_as_get(
    camreel_: Camreel, exported: FakeExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same request, report and JSON; its own video may be replaced, so that it can be run again. It is opened."""
    opened: list[str] = []
    monkeypatch.setattr(desktop, "open_path", opened.append)
    run = camreel_(["demo", "--json", "--output-dir", "there", "--output-format", "mkv", "--open"])
    assert run.code == 0
    assert opened == [str(exported.request.output.file)]
    assert json.loads(run.out)["status"] == "complete"
    assert exported.request.output.file.parent == tmp_path / "there"
    assert exported.request.output.file.suffix == ".mkv"
    assert exported.request.output.if_exists is not None
    assert exported.request.target.address.host == "127.0.0.1"


def test_the_demo_has_the_exit_code_of_the_export(camreel_: Camreel, exported: FakeExport) -> None:
    """So that a broken installation shows."""
    exported.complete = False
    run = camreel_(["demo"])
    assert (run.code, "Next:" in run.out) == (4, False)


def test_a_camera_with_days_of_footage_has_events_in_each_night(
    camreel_: Camreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between 23:00 and 03:00 by the camera's clock: motion, and a person. The listing makes no clip."""
    monkeypatch.setattr(clips, "_encoded_clip", lambda _spec: pytest.fail("made for a listing"))
    monkeypatch.setenv("AMCREST_PASSWORD", "simulated-1")
    with running(living_camera(2, clock=DeviceClock.fixed(NOW))) as server:
        where = ["list", f"127.0.0.1:{server.port}", "-u", "admin", "--json"]
        night = only_run(camreel_([*where, "-s", "2026-01-16 23:00", "-e", "03:00"]).out)["recordings"]
        monkeypatch.setenv("AMCREST_PASSWORD", "simulated-1")
        later = only_run(camreel_([*where, "-s", "2026-01-17 11:50", "-e", "2026-01-17 12:30"]).out)["recordings"]
    assert len(night) == 48
    assert {event for each in night for event in each["events"]} == {"motion", "person"}
    assert len(later) == 2  # up to now


def test_its_clips_are_as_long_as_they_are_listed() -> None:
    """However well they are compressed; the footage is that of their own time."""
    start = datetime(2026, 1, 16, 23, 45)  # noqa: DTZ001 - by the camera's clock
    clip = PaddedClip(ClipSpec(start, 2, fps=2, audio=None), 100_000)
    assert len(clip.body()) == Recorded(start, start, clip).length() == 100_000
    with av.open(io.BytesIO(clip.body())) as container:
        numbers = [read_frame_number(frame) for frame in container.decode(video=0)]
    assert numbers == list(clip.spec.frame_numbers)
    with pytest.raises(ValueError, match="does not fit"):
        PaddedClip(clip.spec, 1000).body()


@pytest.mark.parametrize("stream", ["Main", "Extra1"])
def test_the_clips_of_days_have_the_length_that_is_listed(stream: str) -> None:
    """In both streams, with room for a clip that compresses worse."""
    camera = living_camera(1, clock=DeviceClock.fixed(NOW))
    each = next(each for each in camera.recordings if each.stream == stream)
    assert isinstance(each.content, PaddedClip)
    data = each.content.body()
    assert len(data) == each.length()
    room = max(size for kind, _, size in top_boxes(data) if kind == b"free")
    assert room > each.length() // 5


def test_simulate_takes_days_a_rate_and_faults(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the camera's; a capture has none of them."""
    served: list[SimulatedCamera] = []
    monkeypatch.setattr(anyio, "run", lambda _serve, camera, *_more: served.append(camera))
    assert camreel_(["simulate", "--days", "2", "--limit-rate", "400k", "--faults"]).code == 0
    (camera,) = served
    assert camera.throttle == Throttle(per_device_bps=400_000)
    assert camera.recordings[-1].start - camera.recordings[0].start > timedelta(days=2)
    targets = [HttpRequest("GET", f"/cgi-bin/RPC_Loadfile{each.path}", {}, 1) for each in camera.recordings]
    assert all(any(fault.matches(target) for target in targets) for fault in trouble())
    assert sum(trouble()[0].matches(target) for target in targets) in {4, 6}  # of both streams, one a day
    for arguments in (["--days", "0"], ["--limit-rate", "fast"], ["--replay", "x.zip", "--faults"]):
        assert camreel_(["simulate", *arguments]).code == 2
    assert len(served) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of POSIX")
def test_the_simulated_camera_says_how_to_try_it(camreel_: Camreel, exported: FakeExport, tmp_path: Path) -> None:
    """The line it prints is a whole command, and Ctrl-C ends it with exit code 0."""
    command = [sys.executable, "-u", "-c", PROGRAM, "simulate", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            lines: list[str] = []
            while not lines or "Ctrl-C" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1], process.stderr.read() if process.stderr else ""
            command = shlex.split(next(line for line in lines if line.startswith("  camreel --host")))
            assert camreel_(command[1:]).code == 0
            address = exported.request.target.address
            socket.create_connection((address.host, address.port), timeout=10).close()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="python3, and paths of POSIX")
def test_the_command_is_the_one_that_started_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """main.py beside us or elsewhere, the module, the console script on PATH or not: what is shown runs."""
    monkeypatch.chdir(tmp_path)
    for folder in ("bin", "my bin"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "camreel").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for python, started, shown in (
        ("python", "main.py", "python main.py"),
        ("python3", "main.py", "python3 main.py"),
        (".venv/bin/python", f"{tmp_path}/main.py", "python3 main.py"),
        ("python3", "/elsewhere/main.py", "python3 /elsewhere/main.py"),
        ("/x y/python", "/x/camreel/__main__.py", "'/x y/python' -m camreel"),
        ("python3", "/x/camreel/__main__.py", "python3 -m camreel"),
        ("python3", f"{tmp_path}/bin/camreel", "camreel"),
        ("python3", "my bin/camreel", "'my bin/camreel'"),
        ("python3", "-c", "camreel"),
        ("python3", "/x/a_program_with_the_library.py", "camreel"),
    ):
        monkeypatch.setattr(sys, "argv", [started])
        monkeypatch.setattr(sys, "orig_argv", [python, started])
        assert program_command() == shown


def test_a_port_in_use_is_a_usage_error(camreel_: Camreel) -> None:
    """Named, with a way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = camreel_(["simulate", "--port", str(taken.getsockname()[1])])
    assert run.code == 2
    assert "cannot listen on 127.0.0.1, port" in run.err
    assert "--port 0" in run.err
