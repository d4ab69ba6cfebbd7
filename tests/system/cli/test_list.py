"""`camreel list`, `get --dry-run` and the question before a large download, on a simulated camera."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import START, Bench
from tests.fakes import Camreel, only_run

from camreel_simulator import Recorded, camera_of

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

from tests.ui.terminals import CTRL_C, on_terminal

Serve = Callable[..., Bench]
PASSWORD = {"AMCREST_PASSWORD": "simulated-1"}
HOURS = ["-s", "2026-01-16 08:00", "-e", "2026-01-16 12:00"]
# 10 KB count as much: a question about 10 GB would need a disk for them.
EASILY_MUCH = """
import sys, camreel.cli.ui.questions
from camreel.cli import main
camreel.cli.ui.questions.MUCH = 10_000
sys.exit(main(sys.argv[1:]))
"""


def morning() -> list[Recorded]:
    """Four hours in minutes; from 09:00 to 09:40 nothing, at 10:30:20 ten seconds less, at 11:15 motion."""
    found = []
    for minute in range(240):
        if 60 <= minute < 100:
            continue
        start = START + timedelta(minutes=minute)
        end = start + timedelta(seconds=50 if minute == 150 else 60)
        events = ("VideoMotion",) if minute == 195 else ()
        found.append(Recorded(start, end, b"\0\0\0\x18ftypisom" + bytes(20_000), events=events, flags=()))
    return found


def of(bench: Bench, *more: str) -> list[str]:
    return ["--host", f"127.0.0.1:{bench.address.port}", "-u", "admin", *more]


def test_a_timeline_a_table_and_sums(camreel_: Camreel, bench: Serve, tmp_path: Path) -> None:
    """All that is there, and nothing is downloaded or written."""
    camera = bench(recordings=morning())
    run = camreel_(["list", *of(camera, *HOURS)], **PASSWORD)
    assert run.code == 0, run.err
    lines = run.out.splitlines()
    (row,) = (line for line in lines if line.startswith("ch1 "))
    assert len(row) <= 79
    cells = row[10:]
    # Of 69 columns, each 3 min 29 s: 17 and a bit, then eleven without anything, then the ten seconds, then all.
    assert cells[:17] == "█" * 17
    assert cells[18:28] == "·" * 10
    assert cells.count("▇") == 1
    (motion,) = (line for line in lines if line.startswith("  motion"))
    assert motion.rstrip().endswith("▀")
    assert motion.count("▀") == 1
    assert "│08:00" in run.out
    assert "│09:00" in run.out
    table = [line for line in lines if line.startswith("2026-01-16 ")]
    assert len(table) == 200
    assert table[150].split() == ["2026-01-16", "11:10:00", "11:11:00", "1", "min", "20", "kB"]
    assert [line.split()[-1] for line in table if "11:15:00  11:16:00" in line] == ["motion"]
    assert "Found     200 recordings, 4 MB" in run.out
    assert "Coverage  3 h 19 min 50 s of 4 h (83.2 %), 2 gaps" in run.out
    assert "Gap       2026-01-16 09:00:00 to 09:40:00 (40 min)" in run.out
    assert "          2026-01-16 10:30:50 to 10:31:00 (10 s)" in run.out
    assert run.err == ""
    assert camera.camera.ledger.peak_downloads == 0
    assert list(tmp_path.iterdir()) == []


def test_the_contract_of_the_json(camreel_: Camreel, bench: Serve) -> None:
    """These keys, of each kind of entry."""
    run = camreel_(["list", *of(bench(recordings=morning()), *HOURS, "--json")], **PASSWORD)
    assert run.code == 0, run.err
    assert json.loads(run.out)["schema"] == 2
    document = only_run(run.out)
    assert set(document) == {
        "name", "channel", "status", "exit_code", "asked", "camera", "range", "found", "coverage", "gaps", "pending",
        "search", "timeline", "recordings", "warnings", "error",
    }  # fmt: skip
    span = {"start", "end", "start_offset", "end_offset", "start_utc", "end_utc", "seconds"}
    assert (document["status"], document["exit_code"], document["error"]) == ("listed", 0, None)
    assert set(document["range"]) == span
    assert set(document["found"]) == {"recordings", "bytes", "writing", "left_out"}
    assert set(document["coverage"]) == {"seconds", "percent"}
    assert set(document["gaps"][0]) == span
    assert set(document["timeline"][0]) == span | {"kind", "events"}
    assert set(document["recordings"][0]) == span | {"path", "size", "events", "writing"}
    assert [each["kind"] for each in document["timeline"]] == [
        "recorded", "gap", "recorded", "gap", "recorded", "event", "recorded"
    ]  # fmt: skip
    assert sum(each["seconds"] for each in document["timeline"]) == 4 * 3600
    assert len(document["recordings"]) == 200


def test_several_channels_under_one_timeline(camreel_: Camreel, bench: Serve) -> None:
    """A row each, also for one that has nothing; the exit code is the worst."""
    recorder = bench(camera_of("nvr"))
    range_ = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
    run = camreel_(["list", *of(recorder, *range_, "--channel", "1-3")], **PASSWORD)
    assert run.code == 3
    rows = [line.split(maxsplit=1) for line in run.out.splitlines() if line.startswith("ch")]
    assert [row[0] for row in rows] == ["ch1", "ch2", "ch3"]
    assert set(rows[0][1]) == {"█"}
    assert set(rows[2][1]) == {"·"}
    assert run.out.splitlines()[-4].split() == ["Camera", "Channel", "Recordings", "Size", "Coverage", "Gaps"]
    documents = json.loads(camreel_(["list", *of(recorder, *range_, "--channel", "1-3", "--json")], **PASSWORD).out)
    assert set(documents) == {"schema", "program", "status", "exit_code", "error", "runs"}
    assert [(each["channel"], each["exit_code"], each["status"]) for each in documents["runs"]] == [
        (1, 0, "listed"), (2, 0, "listed"), (3, 3, "nothing recorded"),
    ]  # fmt: skip


def test_nothing_recorded(camreel_: Camreel, bench: Serve) -> None:
    """An empty timeline, exit code 3, and why, on stderr; in JSON as ``error``, with all the keys."""
    camera = bench(recordings=morning())
    run = camreel_(["list", *of(camera, "--date", "2026-01-10")], **PASSWORD)
    assert run.code == 3
    assert "····" in run.out
    assert "Nothing is recorded on channel 1" in run.err
    document = only_run(camreel_(["list", *of(camera, "--date", "2026-01-10", "--json")], **PASSWORD).out)
    assert document["error"]["kind"] == "NothingRecorded"
    assert (document["status"], document["recordings"]) == ("nothing recorded", [])


def test_the_usual_range(camreel_: Camreel, bench: Serve) -> None:
    """Without a range, the last 24 hours, and it is said."""
    run = camreel_(["list", *of(bench(recordings=morning()), "--json")], **PASSWORD)
    assert only_run(run.out)["range"]["seconds"] == 24 * 3600
    run = camreel_(["list", *of(bench(recordings=morning()))], **PASSWORD)
    assert "the last 24 hours: choose another range with --last" in run.out


def test_only_events(camreel_: Camreel, bench: Serve) -> None:
    """What is not wanted is left blank, and is neither a gap nor counted."""
    run = camreel_(["list", *of(bench(recordings=morning()), *HOURS, "--events", "motion")], **PASSWORD)
    assert run.code == 0, run.err
    assert "Coverage  1 min of 1 min (100.0 %), no gap" in run.out
    assert "blank: not asked for" in run.out


def test_list_only_of_amcrest_downloader(camreel_: Camreel, bench: Serve, tmp_path: Path) -> None:
    """Its other options may stand beside it."""
    run = camreel_(
        ["--list-only", *of(bench(recordings=morning()), *HOURS, "--max-concurrent", "2", "--log-level", "warning")],
        **PASSWORD,
    )
    assert run.code == 0, run.err
    assert "Found     200 recordings" in run.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_it_fits_the_terminal(bench: Serve, tmp_path: Path, columns: int) -> None:
    """No line is wider, the timeline is as wide as the screen, and gaps and motion have colours of their own."""
    shown = on_terminal(["list", *of(bench(recordings=morning()), *HOURS)], tmp_path, columns=columns)
    assert shown.code == 0, shown.text
    assert max(len(line) for line in shown.lines) <= columns - 1
    (row,) = (line for line in shown.lines if line.startswith("ch1 "))
    assert len(row) == columns - 1
    marks = ("\x1b[38;5;196m·", "\x1b[38;5;28m█", "\x1b[38;5;136m", "\x1b[38;5;133m")
    missing = [mark for mark in marks if mark not in shown.raw]
    assert missing == []


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour(bench: Serve, tmp_path: Path, environment: dict[str, str]) -> None:
    """Not one escape in the result, and it says the same."""
    shown = on_terminal(
        ["list", *of(bench(recordings=morning()), *HOURS, "--progress", "plain")], tmp_path, environment=environment
    )
    assert "\x1b" not in shown.raw
    assert "▇" in shown.text
    assert "·" in shown.text


def test_a_terminal_without_blocks(bench: Serve, tmp_path: Path) -> None:
    """Signs that every terminal has."""
    shown = on_terminal(
        ["list", *of(bench(recordings=morning()), *HOURS)],
        tmp_path,
        environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    (row,) = (line for line in shown.lines if line.startswith("ch1 "))
    assert set(row[10:]) == {"#", "+", "."}
    assert "# recorded" in shown.text
    assert shown.text.isascii()


def test_a_dry_run(camreel_: Camreel, bench: Serve, tmp_path: Path) -> None:
    """What was understood and found, what it would fetch and into what; nothing is downloaded."""
    camera = bench()
    options = of(camera, "-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12", "--limit-rate", "1k")
    run = camreel_(["get", *options, "-n"], **PASSWORD)
    assert run.code == 0, run.err
    assert "ch1" in run.out
    assert "Found     3 recordings" in run.out
    assert "at --limit-rate" in run.out
    assert "Dry run   nothing was downloaded" in run.out
    assert list(tmp_path.iterdir()) == []
    document = only_run(camreel_(["get", *options, "--dry-run", "--json"], **PASSWORD).out)
    assert document["status"] == "planned"
    assert set(document["plan"]) == {"output", "already_there", "bytes_to_fetch", "least_seconds"}
    size = document["plan"]["bytes_to_fetch"]
    assert size == document["found"]["bytes"]
    assert document["plan"]["least_seconds"] == pytest.approx(size / 1000, abs=0.1)
    output = Path(document["plan"]["output"])
    output.write_bytes(b"somebody's own")
    run = camreel_(["get", *options, "-n"], **PASSWORD)
    assert run.code == 2
    assert "already exists" in run.err
    assert camera.camera.ledger.peak_downloads == 0


def test_a_dry_run_of_what_is_there_already(camreel_: Camreel, bench: Serve) -> None:
    """Nothing would be done, and it says so."""
    options = of(bench(), "-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12")
    assert camreel_(["get", *options], **PASSWORD).code == 0
    run = camreel_(["get", *options, "-n"], **PASSWORD)
    assert run.code == 0
    assert "Already there  there would be nothing to download ->" in run.out
    assert only_run(camreel_(["get", *options, "-n", "--json"], **PASSWORD).out)["plan"]["already_there"] is True


SHORT = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 130), (b"no\n", 130), (b"\x04", 130)])
def test_a_large_download_is_asked_for(bench: Serve, tmp_path: Path, answer: bytes, code: int) -> None:
    """Yes goes on; all else ends it before the first byte."""
    camera = bench()
    shown = on_terminal(["get", *of(camera, *SHORT)], tmp_path, code=EASILY_MUCH, answers={"[y/N]": answer})
    assert shown.code == code, shown.text
    assert "Download about " in shown.text
    assert bool(list(tmp_path.glob("*.mp4"))) == (code == 0)
    assert (camera.camera.ledger.peak_downloads > 0) == (code == 0)
    assert ("nothing was downloaded" in shown.text) == (code != 0)


def test_ctrl_c_at_the_question(bench: Serve, tmp_path: Path) -> None:
    """Ends it as anywhere else."""
    shown = on_terminal(["get", *of(bench(), *SHORT)], tmp_path, code=EASILY_MUCH, answers={"[y/N]": CTRL_C})
    assert shown.code == 130
    assert "interrupted" in shown.text
    assert "Traceback" not in shown.text


@pytest.mark.parametrize("options", [["--yes"], ["--no-input"], ["-q"]])
def test_nobody_is_asked(bench: Serve, tmp_path: Path, options: list[str]) -> None:
    """Where that was said, or where there is nobody."""
    shown = on_terminal(["get", *of(bench(), *SHORT, *options)], tmp_path, code=EASILY_MUCH)
    assert shown.code == 0, shown.text
    assert "[y/N]" not in shown.text


def test_several_are_asked_for_once(bench: Serve, tmp_path: Path) -> None:
    """For the sum of them."""
    recorder = bench(camera_of("nvr"))
    shown = on_terminal(
        ["get", *of(recorder, *SHORT, "--channel", "1,2")], tmp_path, code=EASILY_MUCH, answers={"[y/N]": b"n\n"}
    )
    assert shown.code == 130, shown.text
    assert shown.text.count("[y/N]") == 1
    assert "in all, for 2 videos" in shown.text
    assert recorder.camera.ledger.peak_downloads == 0


def test_a_refused_login_is_tried_once_all_the_same(bench: Serve, tmp_path: Path) -> None:
    """The search before the question is a login, too: the same password again could lock the account."""
    recorder = bench(camera_of("nvr"))
    shown = on_terminal(
        ["get", *of(recorder, *SHORT, "--channel", "1,2")],
        tmp_path,
        code=EASILY_MUCH,
        environment={"AMCREST_PASSWORD": "wrong"},
    )
    assert shown.code == 5, shown.text
    assert recorder.camera.rejected_logins == 1
    assert "[y/N]" not in shown.text


def test_a_dry_run_of_a_timelapse_promises_no_size(camreel_: Camreel, bench: Serve) -> None:
    """It fetches keyframes alone, and how many bytes those are nobody knows beforehand."""
    of_it = [*of(bench(recordings=morning()), *HOURS), "--timelapse", "60x", "--dry-run"]
    run = camreel_(of_it, **PASSWORD)
    assert run.code == 0, run.err
    assert "Download  only keyframes, if the camera sends parts of recordings; else 4 MB" in run.out
    plan = only_run(camreel_([*of_it, "--json"], **PASSWORD).out)["plan"]
    assert (plan["bytes_to_fetch"], plan["least_seconds"]) == (None, None)


def test_an_option_that_is_not_there_is_looked_up_with_the_command(camreel_: Camreel) -> None:
    """A page that lists the options of another command would be of no use."""
    assert "\n    camreel list --help\n" in camreel_(["list", "cam", "-o", "x"]).err


def test_a_second_camera_where_one_is_looked_at_is_no_time_without_quotes(camreel_: Camreel) -> None:
    """The advice of quotes is for times."""
    assert "in quotes" not in camreel_(["look", "10.0.0.8", "10.0.0.9"]).err
    assert "in quotes" in camreel_(["look", "10.0.0.8", "08:00"]).err
