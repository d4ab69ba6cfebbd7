"""What `--exec` owes: each complete video gets its command, whatever ends a run and when, and whatever it was about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import Bench, three_clips
from tests.fakes import only_run

from camreel_simulator import Fault

Serve = Callable[..., Bench]
# It notes the name it was given, then does what the file "do" says: ends with a code, or hangs.
RECORDER = """
import pathlib, sys, time
folder = pathlib.Path({folder!r})
with open(folder / "log", "a") as log:
    log.write(pathlib.Path(sys.argv[1]).name + "\\n")
todo = (folder / "do").read_text()
time.sleep(600) if todo == "hang" else sys.exit(int(todo))
"""


@dataclass
class Stand:
    """A folder with settings for some cameras, and a command for their videos."""

    folder: Path

    def settings(self, **cameras: Bench) -> None:
        text = '[defaults]\nusername = "admin"\npassword = "simulated-1"\n'
        for name, bench in cameras.items():
            text += f'[camera.{name}]\nhost = "127.0.0.1"\nport = {bench.address.port}\n'
        (self.folder / "config.toml").write_text(text)
        (self.folder / "config.toml").chmod(0o600)

    def does(self, what: str) -> None:
        (self.folder / "do").write_text(what)

    @property
    def ran(self) -> list[str]:
        """The videos of the runs of the command, in their order, by their cameras."""
        log = self.folder / "log"
        return [line.split("_")[0] for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def videos(self) -> list[Path]:
        return sorted((self.folder / "v").glob("*.mp4"))

    @property
    def owed(self) -> list[Path]:
        return sorted((Path(os.environ["XDG_STATE_HOME"]) / "camreel" / "owed").glob("*.json"))

    def command(self, *arguments: str, exec_: bool = True) -> list[str]:
        times = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
        program = [sys.executable, "-m", "camreel", "get", *times, "--output-dir", str(self.folder / "v")]
        hook = ["--exec", f"'{sys.executable}' '{self.folder / 'recorder.py'}'"] if exec_ else []
        return [*program, *hook, "--if-exists", "skip", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def get(self, *arguments: str, exec_: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, exec_=exec_),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            cwd=self.folder,
        )

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"CAMREEL_CONFIG": str(self.folder / "config.toml")}

    def wait_for(self, what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 60
        while not what():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    (tmp_path / "recorder.py").write_text(RECORDER.format(folder=str(tmp_path)))
    made = Stand(tmp_path)
    made.does("0")
    return made


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_that_is_killed_has_run_the_commands_of_what_was_complete(stand: Stand, bench: Serve) -> None:
    """With a camera that still downloads; the next run runs the others, and not one twice."""
    done = bench()
    stuck = bench(faults=[Fault("stall", target="RPC_Loadfile", times=4)])
    stand.settings(done=done, stuck=stuck)
    process = stand.start("--all")
    stand.wait_for(lambda: stand.ran == ["done"] and not stand.owed, process)
    process.kill()
    process.communicate()
    stuck.camera.clear_faults()
    ended = stand.get("--all")
    assert ended.returncode == 0, ended.stderr
    assert stand.ran == ["done", "stuck"]
    assert stand.owed == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_was_at_work_is_run_again(stand: Stand, bench: Serve, number: signal.Signals) -> None:
    """At least once. After Ctrl-C nothing of it is left, and the message is true."""
    stand.settings(door=bench())
    stand.does("hang")
    process = stand.start("door")
    stand.wait_for(lambda: bool(stand.ran), process)
    process.send_signal(number)
    _out, err = process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "the video is complete; the next run runs its --exec command" in err
    assert len(stand.videos) == 1
    stand.does("0")
    ended = stand.get("door")
    assert ended.returncode == 0, ended.stderr
    assert "Already there" in ended.stdout
    assert stand.ran == ["door", "door"]
    assert stand.get("door").returncode == 0
    assert stand.ran == ["door", "door"]


def test_a_command_that_failed_is_tried_by_the_next_run(stand: Stand, bench: Serve) -> None:
    """Until it ends well; exit code 7 each time. A run without it leaves it owed, and one of another command too, but
    for a video that is its own.
    """
    stand.settings(door=bench())
    stand.does("3")
    for _time in range(2):
        ended = stand.get("door", "--json")
        assert ended.returncode == 7, ended.stderr
        assert only_run(ended.stdout)["warnings"][-1].startswith("The command of --exec failed (exit code 3) for ")
    assert stand.get("door", exec_=False).returncode == 0
    assert stand.ran == ["door", "door"]
    stand.does("0")
    assert stand.get("door").returncode == 0
    assert stand.ran == ["door"] * 3
    assert stand.owed == []


def test_a_video_of_another_range_is_owed_its_command_too(stand: Stand, bench: Serve) -> None:
    """As `--date yesterday` is another day each night. Not by another command."""
    stand.settings(door=bench())
    stand.does("3")
    assert stand.get("door").returncode == 7
    stand.does("0")
    other = ("-s", "2026-01-16 08:00:04")
    another_command = f"'{sys.executable}' -c 'pass'"
    assert stand.get("door", *other, "-o", "x.mp4", "--exec", another_command).returncode == 0
    assert len(stand.ran) == 1
    assert len(stand.owed) == 1
    assert stand.get("door", *other, "-o", "y.mp4").returncode == 0
    assert sorted(stand.ran) == ["door", "door", "y.mp4"]
    assert stand.owed == []


def test_it_is_run_again_also_when_the_camera_is_away(stand: Stand, bench: Serve) -> None:
    """For a video of another range; and that it fails is said."""
    door = bench()
    stand.settings(door=door)
    stand.does("3")
    assert stand.get("door").returncode == 7
    door.camera.add_faults(Fault("error_page", times=None))
    ended = stand.get("door", "-s", "2026-01-16 08:00:04", "--retry-for", "0")
    assert ended.returncode == 6
    assert "The command of --exec failed (exit code 3)" in ended.stderr
    assert stand.ran == ["door", "door"]


def test_what_is_gone_or_another_file_is_owed_nothing(stand: Stand, bench: Serve) -> None:
    """Nothing is run for it. When it is made again, it is run once."""
    stand.settings(door=bench())
    stand.does("3")
    assert stand.get("door").returncode == 7
    stand.does("0")
    (video,) = stand.videos
    video.unlink()
    video.write_bytes(b"of somebody")
    assert stand.get("door").returncode == 0
    assert stand.ran == ["door"]
    video.unlink()
    assert stand.get("door").returncode == 0
    assert stand.ran == ["door", "door"]
    assert stand.owed == []


def test_a_video_that_was_there_without_a_command_is_owed_none(stand: Stand, bench: Serve) -> None:
    stand.settings(door=bench())
    assert stand.get("door", exec_=False).returncode == 0
    assert stand.get("door").returncode == 0
    assert stand.ran == []


def test_a_partial_video_is_owed_none(stand: Stand, bench: Serve) -> None:
    stand.settings(door=bench(faults=[Fault("status", target=three_clips()[1].path, status=404)]))
    assert stand.get("door").returncode == 4
    assert stand.owed == []
    assert stand.get("door").returncode == 0
    assert stand.ran == ["door"]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
def test_a_command_that_hangs_is_ended_and_holds_up_no_other(stand: Stand, bench: Serve) -> None:
    """It is named in the report, and is still owed."""
    stand.settings(one=bench(), two=bench())
    stand.does("hang")
    ended = stand.get("--all", "--exec-timeout", "1s", "--jobs", "1", "--json")
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["exit_code"]) == (7, 7)
    for run in document["runs"]:
        assert "it took longer than 1 s and was ended" in run["warnings"][-1]
    assert sorted(stand.ran) == ["one", "two"]
    assert len(stand.owed) == 2


def test_what_cannot_be_noted_is_said(stand: Stand, bench: Serve) -> None:
    """The command is run all the same."""
    stand.settings(door=bench())
    state = stand.folder / "state"
    state.write_text("a file")
    ended = stand.get("door", XDG_STATE_HOME=str(state))
    assert ended.returncode == 0, ended.stderr
    assert "camreel cannot note what --exec owes" in ended.stdout
    assert stand.ran == ["door"]


def test_results_are_told_as_each_is_done(stand: Stand, bench: Serve) -> None:
    """In words, and as JSON lines: a run that is killed has told of what was done."""
    stand.settings(done=bench(), stuck=bench(faults=[Fault("stall", target="RPC_Loadfile", times=None)]))
    process = stand.start("--all", "--progress", "json")
    assert process.stderr is not None
    lines = (json.loads(line) for line in process.stderr)
    result = next(line for line in lines if line["event"] == "result")
    process.kill()
    out, _err = process.communicate()
    assert (result["run"], result["name"], result["channel"]) == (1, "done", 1)
    assert (result["result"]["name"], result["result"]["status"]) == ("done", "complete")
    assert result["result"]["outputs"][0]["path"] == str(stand.videos[0])
    assert out.startswith("== done ch1\n")
    assert "\nComplete  " in out
    assert "stuck" not in out


def test_good_cameras_behind_silent_ones_are_done_at_once(stand: Stand, bench: Serve) -> None:
    """Of 12 that accept and say nothing none has ended when the one behind them, with one place for all, has."""
    silent = {f"a{number:02}": bench(recordings=(), faults=[Fault("stall", times=None)]) for number in range(12)}
    stand.settings(**silent, good=bench())
    process = stand.start("--all", "--progress", "json", "--jobs", "1")
    assert process.stderr is not None
    events = []
    for line in process.stderr:
        events.append(json.loads(line))
        if events[-1]["event"] == "result":
            break
    process.kill()
    process.communicate()
    assert events[-1]["name"] == "good"
    assert not [event for event in events if event["event"] == "retrying"]
