"""`camreel look`: what it takes, what it says, where it puts it, and the command that it hands on."""

from __future__ import annotations

import json
import re
import shlex
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest
from tests.fakes import Camreel, Said, only_run

from camreel.cli.run import Runner
from camreel.media.worker.messages import StillOrder
from camreel.media.worker.process import StillProcess
from camreel_simulator import ClipSpec, DeviceClock, Quirks, Recorded, SimulatedCamera, running

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - by the camera's clock
RANGE = ["-s", "2026-01-16 08:00", "-e", "2026-01-16 08:01"]


def recording(start: datetime = EIGHT, channel: int = 1) -> Recorded:
    spec = ClipSpec(start, 12, fps=5, gop=10, size=(160, 90), audio=None)
    return Recorded(start, start + timedelta(seconds=12), spec, channel=channel)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A camera with two channels; on the second, nothing was recorded in the range."""
    recordings = [recording(), recording(EIGHT + timedelta(hours=5), channel=2)]
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(datetime(2026, 1, 17, tzinfo=timezone.utc)))
    with running(camera) as server:
        yield server.port


@pytest.fixture
def look(camreel_: Camreel, port: int) -> Camreel:
    """Look at that camera."""

    def run(*arguments: str, **environment: str) -> Said:
        words = ["look", "--host", f"127.0.0.1:{port}", "-u", "admin", *RANGE, *arguments]
        return camreel_(words, AMCREST_PASSWORD="simulated-1", **environment)

    return run


KEYS = {
    "": {
        "name", "channel", "error", "status", "exit_code", "camera", "range", "found", "coverage", "every_seconds",
        "events_every_seconds", "passed_over", "passed_over_seconds", "pictures", "missing", "warnings",
    },
    "found": {"recordings", "bytes", "fetched_bytes", "left_out"},
    "coverage": {"start", "end", "start_offset", "end_offset", "start_utc", "end_utc", "kind", "events"},
    "pictures": {"time", "offset", "utc", "events", "command", "recording", "from"},
    "outputs": {"path", "kind", "size"},
}  # fmt: skip


def test_the_json_is_a_contract(look: Camreel, tmp_path: Path) -> None:
    """Its keys, and that stdout has nothing else."""
    run = look("--json")
    assert run.code == 0
    document = json.loads(run.out)
    assert document["schema"] == 2
    assert set(document) == {"schema", "program", "status", "exit_code", "error", "runs", "outputs", "warnings"}
    report = only_run(run.out)
    assert set(report) == KEYS[""]
    report |= {"outputs": document["outputs"]}
    for key in ("coverage", "pictures", "outputs"):
        assert {name for each in report[key] for name in each} == KEYS[key]
    assert set(report["found"]) == KEYS["found"]
    assert (report["status"], report["missing"]) == ("complete", [])
    assert [each["kind"] for each in report["coverage"]] == ["event", "gap"]
    assert [each["time"] for each in report["pictures"]] == ["2026-01-16T08:00:02.200000", "2026-01-16T08:00:08.200000"]
    assert {each["from"] for each in report["pictures"]} == {"keyframe"}
    assert [Path(each["path"]).parent for each in report["outputs"]] == [tmp_path, tmp_path]


def test_what_it_says(look: Camreel, port: int, tmp_path: Path) -> None:
    """The report on stdout, the progress on stderr, the names by camera, channel and range; no password anywhere."""
    run = look()
    assert run.code == 0, run.err
    name = f"look_127.0.0.1_{port}_ch1_2026-01-16_08.00.00_to_08.01.00"
    assert "\n\nComplete  2 pictures, " in run.out
    assert f"-> {tmp_path}/{name}.html\n" in run.out
    assert f"Sheet     {tmp_path}/{name}.png" in run.out
    assert "Looked    12 s of it in 1 recording" in run.out
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.html", f"{name}.png"]
    assert "simulated-1" not in run.everything + (tmp_path / f"{name}.html").read_text(encoding="utf-8")


def test_nothing_is_overwritten_unless_told(look: Camreel, tmp_path: Path) -> None:
    """The page and the sheet: each of them in the way is an error; skip leaves them, overwrite replaces them."""
    sheet = tmp_path / "evening.png"
    sheet.write_bytes(b"mine")
    run = look("-o", "evening.html")
    assert (run.code, sheet.read_bytes()) == (2, b"mine")
    assert "evening.png already exists" in run.err
    skipped = look("-o", "evening", "--if-exists", "skip")
    assert (skipped.code, sheet.read_bytes()) == (0, b"mine")
    assert "nothing was fetched" in skipped.out
    assert look("-o", "evening", "--if-exists", "overwrite", "-q").everything == ""
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_the_exit_codes(look: Camreel, camreel_: Camreel, tmp_path: Path) -> None:
    """Nothing recorded is 3, with nothing made; of two channels the one that has something, and the worst code."""
    assert look("-c", "2").code == 3
    assert list(tmp_path.iterdir()) == []
    both = look("-c", "1,2", "--json")
    report = json.loads(both.out)
    assert (both.code, report["exit_code"], report["status"]) == (3, 3, "partial")
    assert [(run["channel"], run["status"]) for run in report["runs"]] == [(1, "complete"), (2, "error")]
    assert shlex.split(report["runs"][0]["pictures"][0]["command"])[-6:-4] == ["--channel", "1"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "5"], "--every"),
        (["--every", "20ms"], "--every"),
        (["--most", "0"], "--most"),
        (["-o", "x.png"], "a look is an .html page"),
        (["-o", "there/"], "names no file"),
        (["--all"], "--all, and a camera besides, exclude each other"),
        (["--output-dir", ""], "--output-dir is empty"),
    ],
)
def test_what_cannot_be_is_said(look: Camreel, arguments: list[str], said: str, tmp_path: Path) -> None:
    """Before anything is asked of the camera."""
    run = look(*arguments)
    assert run.code == 2
    assert said in run.err
    assert list(tmp_path.iterdir()) == []


def test_it_needs_a_camera_and_a_user(camreel_: Camreel) -> None:
    """Both are named where they are missing."""
    run = camreel_(["look", "--last", "1h"])
    assert run.code == 2
    assert "--host and --username are missing" in run.err


def test_without_a_terminal_whole_recordings_need_a_yes(camreel_: Camreel, tmp_path: Path) -> None:
    """Then it stops with the size and the advice; with --yes it goes on."""
    camera = SimulatedCamera(
        [recording()],
        quirks=Quirks(ranges=False),
        clock=DeviceClock.fixed(datetime(2026, 1, 17, tzinfo=timezone.utc)),
    )
    with running(camera) as server:
        words = ["look", "--host", f"127.0.0.1:{server.port}", "-u", "admin", *RANGE, "-o", "page"]
        run = camreel_(words, AMCREST_PASSWORD="simulated-1")
        assert run.code == 2
        assert "it takes 1 whole recording" in run.err
        assert "--yes fetches them" in run.err
        assert list(tmp_path.iterdir()) == []
        assert camreel_([*words, "--yes"], AMCREST_PASSWORD="simulated-1").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "page.png"]


SETTINGS = """
[camera.front-door]
host = "127.0.0.1"
port = {port}
username = "admin"
password = "simulated-1"
{more}
"""


@pytest.mark.parametrize(
    ("more", "typed", "words"),
    [
        ("", [], "front-door"),
        ('stream = "main"', ["-c", "1", "--stream", "main"], "front-door --stream main --channel 1"),
        ("", ["--camera-tz", "Europe/Berlin", "--clock-drift", "off"],
         "front-door --camera-tz Europe/Berlin --clock-drift off"),
    ],
)  # fmt: skip
def test_the_command_is_what_was_said(
    camreel_: Camreel, port: int, tmp_path: Path, more: str, typed: list[str], words: str
) -> None:
    """A camera by its name, and besides what was typed; what the settings say of it needs no repeating."""
    file = tmp_path / "config.toml"
    file.write_text(SETTINGS.format(port=port, more=more), encoding="utf-8")
    file.chmod(0o600)
    run = camreel_(["look", "front-door", *RANGE, *typed, "--json"], CAMREEL_CONFIG=str(file))
    assert run.code == 0, run.err
    first = only_run(run.out)["pictures"][0]
    # The whole recording, which has motion, and ten seconds before and after.
    times = '--start "2026-01-16 07:59:50" --end "2026-01-16 08:00:22"'
    assert first["command"] == f"camreel get {words} {times}"
    assert Path(json.loads(run.out)["outputs"][0]["path"]).name.startswith("look_front-door_ch1_")


def test_several_cameras_share_one_page(camreel_: Camreel, port: int, tmp_path: Path) -> None:
    """By name or with --all: a report under each label, one table, one document, a row each on the page.

    One that cannot be reached stops no other; the page says which, and why.
    """
    file = tmp_path / "config.toml"
    gone = '[camera.gone]\nhost = "127.0.0.1"\nport = 1\nusername = "admin"\npassword = "simulated-1"\n'
    file.write_text(SETTINGS.format(port=port, more="") + gone, encoding="utf-8")
    file.chmod(0o600)
    run = camreel_(
        ["look", "front-door", "gone", *RANGE, "--retry-for", "0", "--output-dir", "v"], CAMREEL_CONFIG=str(file)
    )
    assert run.code == 6, run.everything
    assert "== front-door ch1" in run.out
    assert "== gone ch1" in run.out
    lines = run.out.splitlines()
    heads, *rows = [line.split() for line in lines[-6:-3]]
    assert heads == ["Camera", "Channel", "Result", "Pictures", "Fetched"]
    assert rows[0][:4] == ["front-door", "1", "complete", "2"]
    assert rows[1] == ["gone", "1", "camera", "failed", "-", "-"]
    name = "look_front-door+gone_ch1_2026-01-16_08.00.00_to_08.01.00"
    assert sorted(path.name for path in (tmp_path / "v").iterdir()) == [f"{name}.html", f"{name}.png"]
    assert lines[-2].startswith("Page      ")
    assert lines[-2].endswith(f" -> {tmp_path / 'v' / name}.html")
    page = (tmp_path / "v" / f"{name}.html").read_text(encoding="utf-8")
    assert "<h1>2 cameras</h1>" in page
    assert "No pictures: Nothing answers at http://127.0.0.1:1" in page
    run = camreel_(["look", "--all", *RANGE, "--retry-for", "0", "-o", "w", "--json"])
    document = json.loads(run.out)
    assert (run.code, document["exit_code"], document["status"]) == (6, 6, "partial")
    assert [(each["name"], each["channel"], each["status"]) for each in document["runs"]] == [
        ("front-door", 1, "complete"),
        ("gone", 1, "error"),
    ]
    assert document["runs"][0]["pictures"][0]["command"].startswith("camreel get front-door ")
    assert [Path(each["path"]).name for each in document["outputs"]] == ["w.html", "w.png"]


def test_the_same_look_again(look: Camreel, tmp_path: Path) -> None:
    """It is there already, and that is no error; a closer one has its own name; other things stay what they are."""
    first = look("--json")
    (page, _) = [Path(each["path"]) for each in json.loads(first.out)["outputs"]]
    written = page.stat().st_mtime_ns
    again = look()
    assert (again.code, page.stat().st_mtime_ns) == (0, written), again.everything
    assert "nothing was fetched" in again.out
    closer = look("--every", "5s", "--json")
    assert closer.code == 0, closer.err
    assert Path(json.loads(closer.out)["outputs"][0]["path"]).name == f"{page.stem}_every_5s.html"
    assert look("--if-exists", "fail").code == 2
    page.write_text("mine", encoding="utf-8")
    assert (look().code, page.read_text(encoding="utf-8")) == (2, "mine")


def test_a_look_that_lacked_something_is_taken_again(look: Camreel, tmp_path: Path) -> None:
    """Unless it has more pictures than can be had now: those may be gone from the camera."""
    assert look("-o", "page").code == 0
    page = tmp_path / "page.html"
    whole = page.read_text(encoding="utf-8")
    partial = whole.replace('content="complete 2 ', 'content="partial 1 ')
    assert partial != whole
    page.write_text(partial, encoding="utf-8")
    run = look("-o", "page")
    assert run.code == 0, run.everything
    assert 'content="complete 2 ' in page.read_text(encoding="utf-8")
    page.write_text(partial.replace("partial 1 ", "partial 3 "), encoding="utf-8")
    run = look("-o", "page")
    assert run.code == 2
    assert "has more pictures than this look found (3, now 2)" in run.err
    assert 'content="partial 3 ' in page.read_text(encoding="utf-8")


def test_a_page_of_several_that_cannot_be_written_hides_no_report(look: Camreel, tmp_path: Path) -> None:
    """The runs are in the document, with the error beside them."""
    assert look("--channel", "1,2", "-o", "page").code == 3  # nothing of the other channel
    page = tmp_path / "page.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub('content="(complete|partial) [0-9]+ ', 'content="partial 99 ', text), encoding="utf-8")
    run = look("--channel", "1,2", "-o", "page", "--json")
    document = json.loads(run.out)
    assert (len(document["runs"]), document["exit_code"]) == (2, run.code), run.everything
    assert "has more pictures" in run.err


def test_without_pillow_there_is_a_page_alone(look: Camreel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no word of a sheet: nobody asked for one."""
    monkeypatch.setattr("camreel.preview.output.find_spec", lambda _name: None)
    run = look("-o", "page")
    assert run.code == 0
    assert "sheet" not in run.everything.lower()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_host_is_repeated_with_its_user_and_port(look: Camreel, port: int) -> None:
    """With all that it takes to reach it again, but for the password."""
    run = look("--json", "--output-dir", "there")
    line = only_run(run.out)["pictures"][0]["command"]
    assert shlex.split(line)[:6] == ["camreel", "get", "--host", f"127.0.0.1:{port}", "--username", "admin"]


@pytest.mark.parametrize(
    ("channels", "number", "found"),
    [("1", "SIGINT", [(1, 1)]), ("1,2,3", "SIGTERM", [(2, 0), (1, 1), (0, 0)]), ("1,2", "SIGINT", [(0, 0), (0, 0)])],
)
def test_what_was_fetched_before_ctrl_c_is_shown(
    camreel_: Camreel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    channels: str,
    number: str,
    found: list[tuple[int, int]],
) -> None:
    """Of one camera as of several: a page, the moments that it lacks, exit code 130; the same command completes it."""
    clock = DeviceClock.fixed(datetime(2026, 1, 17, tzinfo=timezone.utc))
    made: list[StillOrder] = []
    keep = StillProcess.still

    async def still(self: StillProcess, order: StillOrder) -> object:
        if len(made) == sum(pictures for pictures, _missing in found):
            signal.raise_signal(getattr(signal, number))
            await anyio.sleep_forever()
        made.append(order)
        return await keep(self, order)

    def run(*more: str) -> Said:
        words = ["look", "--host", f"127.0.0.1:{server.port}", "-u", "admin", *RANGE, "-c", channels, "-o", "x"]
        return camreel_([*words, *more], AMCREST_PASSWORD="simulated-1")

    page = tmp_path / "x.html"
    with running(SimulatedCamera([recording(channel=each) for each in (1, 2, 3)], clock=clock)) as server:
        with monkeypatch.context() as patch:
            patch.setattr(StillProcess, "still", still)
            patch.setattr("camreel.preview.output.find_spec", lambda _name: None)  # a sheet takes its time
            patch.setattr(Runner, "_end_if_late", lambda _self: None)  # it would be the end of the tests
            interrupted = run("--json")
        if not made:
            assert (interrupted.code, page.exists()) == (130, False)
            assert "interrupted before the first picture" in interrupted.out
            return
        shown = page.read_text(encoding="utf-8")
        again = run() if len(found) > 1 else None
    document = json.loads(interrupted.out)
    assert (interrupted.code, document["exit_code"], document["status"]) == (130, 130, "partial"), interrupted.err
    runs = document["runs"]
    assert [(len(each.get("pictures", [])), len(each.get("missing", []))) for each in runs] == found
    assert [each["reason"] for one in runs for each in one.get("missing", [])] == [
        "not fetched: the look was interrupted"
    ]
    if again is not None:
        assert (again.code, page.read_text(encoding="utf-8").count("<img width=")) == (0, 6), again.err
    assert shown.count("<img width=") == len(made)
    assert "No picture: not fetched: the look was interrupted" in shown
    assert ("No pictures: interrupted before the first picture" in shown) == ((0, 0) in found)
