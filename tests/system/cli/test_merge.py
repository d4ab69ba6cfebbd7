"""`camreel merge`, from the command line to the exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes import Camreel, only_run

from camreel.cli.ui import desktop
from camreel_simulator import ClipSpec, Recorded

START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - by the camera's clock


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Two clips of two seconds with a gap of two between them, as on an SD card."""
    for seconds in (0, 4):
        start = START + timedelta(seconds=seconds)
        recorded = Recorded(start, start + timedelta(seconds=2), ClipSpec(start, 2, size=(160, 90)))
        path = tmp_path / "card" / recorded.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        body = recorded.body()
        assert isinstance(body, bytes)
        path.write_bytes(body)
    return tmp_path / "card"


def test_the_usual_way(camreel_: Camreel, card: Path) -> None:
    """A folder and a name: the video is in the current folder, the report on stdout, where things stand on stderr."""
    run = camreel_(["merge", "card", "-o", "all.mp4"])
    assert run.code == 0, run.err
    assert Path("all.mp4").is_file()
    said = run.out.splitlines()
    assert "Range     all of 2 files: 2026-01-16 08:00:00 to 08:00:06 by the camera's clock (6 s)" in said
    assert "Times     of the clips: by their names and folders" in said
    assert "Gap       2026-01-16 08:00:02 to 08:00:04 (2 s): none of the clips has it" in said
    outcome = said[said.index("") + 1]
    assert outcome.startswith("Complete  4 s of footage, ")
    assert outcome.endswith(f" -> {Path.cwd() / 'all.mp4'}")
    assert "the camera has" not in run.everything


def test_as_json_and_quiet(camreel_: Camreel, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One document on stdout; nothing else, where nothing is missing. The video is opened."""
    opened: list[str] = []
    monkeypatch.setattr(desktop, "open_path", opened.append)
    run = camreel_(["merge", "card", "-o", "all.mkv", "--json", "-q", "--open"])
    document = only_run(run.out)
    assert (run.code, document["exit_code"], document["camera"], run.err) == (0, 0, None, "")
    assert document["outputs"][0]["path"].endswith("all.mkv")
    assert opened == [document["outputs"][0]["path"]]


def test_a_loss_is_told_even_quietly(camreel_: Camreel, card: Path) -> None:
    """Exit code 4, and which clip."""
    broken = next(card.rglob("08.00.04*"))
    broken.write_bytes(b"<html>")
    run = camreel_(["merge", "card", "-o", "all.mp4", "--quiet"])
    assert (run.code, run.out) == (4, "")
    assert "Lost      2026-01-16 08:00:04 to 08:00:06 (2 s): clip 2: the camera sent a web page" in run.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "FILE and -o are missing"),
        (["card"], "-o is missing"),
        (["-o", "x.mp4"], "FILE is missing"),
        (["nowhere", "-o", "x.mp4"], "nowhere: no such file or directory"),
        (["card", "-o", "x.mts"], "camreel does not write .mts"),
        (["card", "-o", "card/"], "names a folder"),
        (["card", "-o", "x.mp4", "-s", "2026-01-16 08:00"], "--end is missing"),
        (["card", "-o", "x.mp4", "-s", "2026-01-16 08:00", "-e", "2026-01-16 07:00"], "is not before --end"),
        (["card", "-o", "x.mp4", "-s", "yesterday", "-e", "today"], "uses another clock"),
        (["card", "-o", "x.mp4", "--in-order", "--camera-tz", "UTC"], "--camera-tz and --in-order exclude each other"),
        (["card", "-o", "x.mp4", "--camera-tz", "Berlin"], "not a time zone"),
        (["card", "-o", "x.mp4", "-q", "-v"], "exclude each other"),
    ],
)
def test_what_cannot_be_meant(camreel_: Camreel, card: Path, arguments: list[str], complaint: str) -> None:
    """One sentence, exit code 2, nothing written."""
    run = camreel_(["merge", *arguments])
    assert run.code == 2
    assert complaint in run.err
    assert [path.name for path in Path.cwd().iterdir()] == ["card"]


def test_a_folder_without_recordings(camreel_: Camreel, tmp_path: Path) -> None:
    """Exit code 3, and what was looked for."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"jpg")
    run = camreel_(["merge", "photos", "-o", "x.mp4"])
    assert run.code == 3
    assert "There is no recording in photos." in run.err
    assert ".mp4, .dav, .mov, .m4v" in run.err
    assert "a.jpg" in run.err


def test_names_cannot_steer_the_terminal(camreel_: Camreel, card: Path) -> None:
    """Whoever wrote the card chose the names."""
    (card / "evil\x1b[2J\n.mp4").write_bytes(b"<html>")
    run = camreel_(["merge", "card", "-o", "x.mp4"])
    assert run.code == 2
    assert "cannot be dated" in run.err
    assert "\x1b" not in run.everything


def test_its_help_fits(camreel_: Camreel, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns; and at 60 no example is broken where a shell would not go on."""
    page = camreel_(["merge", "--help"]).out.splitlines()
    assert page[0] == "Usage: camreel merge FILE... -o OUT [options]"
    assert all(len(line) <= 80 for line in page)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    narrow = camreel_(["merge", "--help-all"], COLUMNS="60").out.splitlines()
    examples = narrow[narrow.index("Examples:") + 1 :]
    assert all(len(line) <= 58 for line in examples[: examples.index("")])


def test_verbose_says_what_became_of_each_clip(camreel_: Camreel, card: Path) -> None:
    """Which clip is placed where, and what of it is in the video."""
    run = camreel_(["merge", "card", "-o", "all.mp4", "-v"])
    assert "clip 2 is 2026-01-16 08:00:04 to 08:00:06: " in run.err
    assert "clip 2 gave 20 pictures" in run.err


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("columns", [80, 60])
def test_on_a_terminal(card: Path, columns: int) -> None:
    """Nothing is wider than the terminal but the path of the video, and nothing is said twice."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    command = [sys.executable, "-m", "camreel", "merge", "card", "-o", "all.mp4"]
    process = subprocess.Popen(
        command, cwd=card.parent, env=environment | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # how Linux tells that nobody has it open any more
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    lines = [
        line.rsplit("\r", 1)[-1]
        for line in re.sub(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\]8;[^\x1b]*\x1b\\)", "", shown.decode()).split("\r\n")
    ]
    assert [line for line in lines if len(line) > columns and not line.endswith("all.mp4")] == []
    assert sum(line.startswith("Found") for line in lines) == sum(line.startswith("Times") for line in lines) == 1
    assert sum("all of 2 files" in line for line in lines) == 1
