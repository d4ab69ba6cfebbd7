"""Several cameras and channels in one run, from real sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Bench
from tests.fakes import BASIC, PASSWORD, Camreel, FakeExport

from camreel.errors import most_severe
from camreel.events import Warned
from camreel_simulator import Fault, camera_of

RANGE = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
Serve = Callable[..., Bench]
PROGRAM = "import sys; from camreel.cli import main; sys.exit(main(sys.argv[1:]))"


def settings(path: Path, **cameras: tuple[Bench, str]) -> None:
    text = '[defaults]\nusername = "admin"\n'
    for name, (bench, more) in cameras.items():
        text += f'[camera.{name}]\nhost = "127.0.0.1"\nport = {bench.address.port}\n{more}\n'
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("CAMREEL_CONFIG", str(path))
    return path


def test_one_output_each_and_one_table(camreel_: Camreel, config: Path, bench: Serve, tmp_path: Path) -> None:
    """Three cameras; one that fails stops no other, and the exit code is the worst."""
    recorder, door, gone = bench(camera_of("nvr")), bench(), bench(faults=[Fault("error_page", times=None)])
    settings(config, nvr=(recorder, "channel = 1"), door=(door, ""), gone=(gone, ""))
    run = camreel_(["get", "--all", *RANGE, "--output-dir", "v", "--retry-for", "0"], AMCREST_PASSWORD="simulated-1")
    assert run.code == 6, run.everything
    rows = [line.split() for line in run.out.splitlines()[-4:]]
    assert rows[0] == ["Camera", "Channel", "Result", "Coverage", "Size"]
    assert [row[:3] for row in rows[1:]] == [
        ["nvr", "1", "Complete"],
        ["door", "1", "Complete"],
        ["gone", "1", "camera"],
    ]
    videos = sorted(path.name for path in (tmp_path / "v").glob("*.mp4"))
    assert videos == [f"{name}_ch1_2026-01-16_08.00.00_to_08.00.12.mp4" for name in ("door", "nvr")]
    assert run.out.count("\nComplete  ") == 2
    assert "== gone ch1" in run.out


def test_channels_of_one_device_one_after_the_other(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """As JSON: runs in the order that was asked for; no more downloads at a time than one run has."""
    recorder = bench(camera_of("nvr"))
    settings(config, nvr=(recorder, ""))
    run = camreel_(
        ["get", "nvr", "--channel", "1-2,3", *RANGE, "--json", "--max-concurrent", "2"], AMCREST_PASSWORD="simulated-1"
    )
    assert run.code == 3, run.err
    document = json.loads(run.out)
    assert set(document) == {"schema", "program", "status", "exit_code", "error", "runs"}
    assert (document["schema"], document["status"], document["exit_code"]) == (2, "partial", 3)
    assert [(each["name"], each["channel"], each["exit_code"]) for each in document["runs"]] == [
        ("nvr", 1, 0), ("nvr", 2, 0), ("nvr", 3, 3),
    ]  # fmt: skip
    assert document["runs"][0]["camera"]["channel"] == 1
    assert document["runs"][2]["error"]["kind"] == "NothingRecorded"
    assert recorder.camera.ledger.peak_downloads <= 2


def test_a_refused_login_is_tried_once_for_all_channels(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """The same password again could lock the account; the other camera goes on."""
    recorder, door = bench(camera_of("nvr")), bench()
    settings(
        config, nvr=(recorder, f'channel = "1,2"\npassword = "{PASSWORD}"'), door=(door, 'password = "simulated-1"')
    )
    run = camreel_(["get", "nvr", "door", *RANGE])
    assert run.code == 5
    assert recorder.camera.rejected_logins == 1
    rows = [line.split()[:4] for line in run.out.splitlines()[-4:]]
    assert rows[1] == ["nvr", "1", "login", "refused"]
    assert rows[2] == ["nvr", "2", "login", "refused"]
    assert rows[3][:3] == ["door", "1", "Complete"]
    assert PASSWORD not in run.everything


def test_a_second_run_finds_all_of_it_there(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """And asks nothing of the cameras."""
    door, attic = bench(), bench()
    settings(config, door=(door, 'password = "simulated-1"'), attic=(attic, 'password = "simulated-1"'))
    assert camreel_(["get", "--all", *RANGE, "--quiet"]).code == 0
    before = len(door.camera.log), len(attic.camera.log)
    run = camreel_(["get", "--all", *RANGE])
    assert run.code == 0
    assert run.out.count("Already there") == 4
    assert (len(door.camera.log), len(attic.camera.log)) == before


def test_quiet_says_only_what_is_missing(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """On stderr, with its camera."""
    door, empty = bench(), bench(recordings=())
    settings(config, door=(door, ""), empty=(empty, ""))
    run = camreel_(["get", "--all", *RANGE, "-q"], AMCREST_PASSWORD="simulated-1")
    assert (run.code, run.out) == (3, "")
    assert "== empty ch1" in run.err
    assert "door" not in run.err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of POSIX")
def test_ctrl_c_stops_all(config: Path, bench: Serve, tmp_path: Path) -> None:
    """Within a second, with the table: what was complete before stays so."""
    done = bench()
    stuck = bench(faults=[Fault("stall", target="RPC_Loadfile", times=None)])
    settings(config, done=(done, ""), stuck=(stuck, ""))
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "get",
        "--all",
        *RANGE,
        "--output-dir",
        str(tmp_path / "v"),
        "--progress=json",
    ]
    environment = os.environ | {"AMCREST_PASSWORD": "simulated-1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen: set[str] = set()
        for line in process.stderr:
            event = json.loads(line)
            seen |= {event["name"]} if event["event"] == "verifying" else set()
            seen |= {"stuck"} if event.get("name") == "stuck" and event["event"] == "clip_started" else set()
            if {"done", "stuck"} <= seen:
                break
        while not list((tmp_path / "v").glob("done*.mp4")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    rows = {line.split()[0]: line.split()[2] for line in out.splitlines()[-2:]}
    assert rows["stuck"] == "interrupted"
    assert "Traceback" not in err


def test_the_live_lines_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each that runs, its label cut where there is no room; gone when all is over."""
    import io

    from camreel.cli.ui.reporters import LiveReporter
    from camreel.cli.ui.terminal import LiveLines

    monkeypatch.setenv("COLUMNS", "60")
    shown = io.StringIO()
    reporter = LiveReporter(LiveLines(shown), ["a-camera-with-a-long-name ch1", "door ch2"])
    reporter._drawn_at -= 1
    listeners = [reporter.listener(number) for number in range(2)]
    for listener in listeners:
        listener(Warned("The camera's list ends early, and there is much to be said about that.\x1b[31m"))
    reporter._drawn_at -= 1
    reporter.tick()
    text = re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", shown.getvalue())
    assert "\x1b" not in text
    assert "a-camera-with-a-lon  connecting …" in text
    assert "door ch2             connecting …" in text
    assert "all                  0 of 2 done, 2 running" in text
    assert all(len(line.rpartition("\r")[2]) <= 60 for line in text.splitlines())
    reporter.close()
    assert "\x1b[?25h" in shown.getvalue()


def test_the_doctor_knows_the_names(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """And the login and the connection that the settings have for it."""
    door = bench()
    settings(config, door=(door, 'password = "simulated-1"'))
    run = camreel_(["doctor", "door", "--json"])
    assert run.code == 0, run.err
    assert json.loads(run.out)["status"] == "well"


def test_the_worst_code() -> None:
    """What needs a person before what may pass, and an interruption before all."""
    assert most_severe([]) == 0
    assert most_severe([0, 3]) == 3
    assert most_severe([3, 4, 0]) == 4
    assert most_severe([4, 6, 5, 7]) == 7
    assert most_severe([1, 7, 2]) == 1
    assert most_severe([130, 1]) == 130


@pytest.mark.parametrize(
    ("text", "channels"),
    [("3", [3]), ("1,3-5", [1, 3, 4, 5]), ("2-3", [2, 3]), ("1, 1", [1]), ("Front door", ["Front door"])],
)
def test_lists_of_channels(camreel_: Camreel, exported: FakeExport, text: str, channels: list[int | str]) -> None:
    """Numbers and ranges; a title is one."""
    assert camreel_([*BASIC, "-c", text]).code == 0
    assert [request.query.channel for request, _ in exported.asked] == channels


@pytest.mark.parametrize("text", ["5-3", "1,", "1-99999", "0-300", "1;2-x\x1b"])
def test_what_is_no_list_of_channels(camreel_: Camreel, exported: FakeExport, text: str) -> None:
    """Exit 2."""
    run = camreel_([*BASIC, "-c", text])
    assert run.code == 2
    assert exported.asked == []
    assert "\x1b" not in run.err


def test_each_listing_is_a_line_as_it_is_done(camreel_: Camreel, config: Path, bench: Serve) -> None:
    """What the document of all says of each, on stderr."""
    settings(config, door=(bench(), ""), attic=(bench(), ""))
    run = camreel_(["list", "--all", *RANGE, "--json", "--progress", "json"], AMCREST_PASSWORD="simulated-1")
    assert run.code == 0, run.err
    lines = [json.loads(line) for line in run.err.splitlines()]
    results = {line["run"]: line["result"] for line in lines if line["event"] == "result"}
    assert [results[1], results[2]] == json.loads(run.out)["runs"]
    assert len(results[1]["recordings"]) == 3
