"""The command of `--exec`: its arguments, its end, and the notes of what is owed."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest
from tests.fakes import report

from camreel.cli.hooks import Debt, HookCommand, HookRunner, OwedCommands, parse_command, run_command
from camreel.cli.ui.reporters import Reporter
from camreel.clock import parse_range
from camreel.model import Address, Output, Query, Request, Span, Target, WallTime
from camreel.planning.account import Hole, LossKind, LostReason

ASKED = parse_range("2026-01-16T08:00", "2026-01-16T09:00")
RECENT = LostReason(LossKind.TOO_RECENT, "09:15")


@dataclass(frozen=True)
class Task:
    label: str
    after: HookCommand | None


PATHS = ["an evening/at home.mp4", "two  blanks\tand a tab.mp4", 'it\'s "quoted" \\ $(no shell).mp4', "new\nline.mp4"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_place_the_path_is_one_argument_and_the_last(path):
    assert parse_command("true -a").of(path) == ["true", "-a", path]
    assert parse_command("true").of(path) == ["true", path]


@pytest.mark.parametrize("path", PATHS)
def test_with_a_place_the_path_is_there_alone(path):
    assert parse_command("true {} x --of={}").of(path) == ["true", path, "x", f"--of={path}"]


@pytest.mark.parametrize("arguments", ["", " {}"], ids=["without a place", "with a place"])
def test_a_program_is_given_it_unbroken(tmp_path, arguments):
    """With blanks in every folder; nothing of the path is the name of an option either."""
    folder = tmp_path / "a folder -v"
    folder.mkdir()
    program = folder / "note.py"
    program.write_text(f"import json, sys\nopen({str(tmp_path / 'log')!r}, 'w').write(json.dumps(sys.argv[1:]))\n")
    video = folder / "an evening  at home.mp4"
    request = Request(Target(Address("cam.example", 80), "admin"), Query(ASKED), Output(folder, video))
    task = Task("x", parse_command(f"'{sys.executable}' '{program}'{arguments}"))
    runner = HookRunner([task], 1, quiet=True)
    assert anyio.run(runner.run, task, report(request), Reporter()).exec_failures == ()
    assert json.loads((tmp_path / "log").read_text(encoding="ascii")) == [str(video)]


@pytest.mark.parametrize("status", ["complete", "complete_so_far", "partial"])
def test_a_program_is_told_whether_the_end_may_still_grow(tmp_path, status):
    """In its environment, by the status of the report."""
    log = tmp_path / "log"
    code = f"import os; open({str(log)!r}, 'w').write(os.environ['CAMREEL_STATUS'])"
    query = Query(ASKED, ends_now=True)
    made = report(Request(Target(Address("cam.example", 80), "admin"), query, Output(tmp_path, tmp_path / "o.mp4")))
    if status == "partial":
        made = replace(made, overwritten=made.span)
    elif status != "complete":
        hole = Hole(
            Span(WallTime.fromisoformat("2026-01-16T08:45"), WallTime.fromisoformat("2026-01-16T09:00")), RECENT
        )
        made = replace(made, account=replace(made.account, pending=(hole,)))
    assert made.status == status
    task = Task("x", parse_command(f"'{sys.executable}' -c \"{code}\""))
    runner = HookRunner([task], 1, quiet=True)
    assert anyio.run(runner.run, task, made, Reporter()).exec_failures == ()
    assert log.read_text(encoding="ascii") == status


def everything(_debt: Debt) -> bool:
    return True


def folder() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "camreel" / "owed"


DEBTS = [Debt(f"/videos/{name}.mp4", "r" * 32, "c" * 16) for name in ("a", "b\udcff\n")]


def test_what_a_run_owes_is_taken_over_once_by_one_that_comes_after_it():
    """Not while it is at work; by one run only, and then it is gone from the first."""
    first, second, third = OwedCommands(), OwedCommands(), OwedCommands()
    for debt in DEBTS:
        first.write(debt)
    assert second.take(everything) == []
    first.close()
    assert sorted(second.take(everything), key=str) == sorted(DEBTS, key=str)
    assert third.take(everything) == []
    second.settle(DEBTS[0])
    second.close()
    assert third.take(everything) == [DEBTS[1]]
    third.settle(DEBTS[1])
    third.close()
    assert list(folder().iterdir()) == []


def test_only_what_is_wanted_is_taken_over():
    first, second = OwedCommands(), OwedCommands()
    for debt in DEBTS:
        first.write(debt)
    first.close()
    assert second.take(lambda debt: debt.video == "/videos/a.mp4") == [DEBTS[0]]
    second.close()
    assert len(OwedCommands().take(everything)) == 2


def test_a_video_that_is_made_again_is_owed_one_command():
    """The note of the run before is replaced."""
    first, second = OwedCommands(), OwedCommands()
    first.write(DEBTS[0])
    first.close()
    second.write(DEBTS[0])
    second.close()
    assert OwedCommands().take(everything) == [DEBTS[0]]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"video": 1, "request": "r", "command": "c"}', "[" * 30000])
def test_a_note_that_is_none_is_dropped(text):
    first = OwedCommands()
    first.write(DEBTS[0])
    first.close()
    (note,) = folder().glob("*.json")
    note.write_text(text, encoding="ascii")
    assert OwedCommands().take(everything) == []
    assert not note.exists()


def test_a_note_is_of_the_video_that_its_name_says():
    """One that was written for another is dropped."""
    first = OwedCommands()
    first.write(DEBTS[0])
    first.close()
    (note,) = folder().glob("*.json")
    note.write_text(json.dumps({"video": "/etc/shadow", "request": "r" * 32, "command": "c" * 16}), encoding="ascii")
    assert OwedCommands().take(everything) == []


def test_after_a_month_nothing_is_owed():
    first = OwedCommands()
    first.write(DEBTS[0])
    first.close()
    (note,) = folder().glob("*.json")
    old = time.time() - 31 * 86400
    os.utime(note, (old, old))
    assert OwedCommands().take(everything) == []
    assert not note.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="it is not said of whom a file is")
def test_the_notes_are_the_users_alone():
    owed = OwedCommands()
    owed.write(DEBTS[0])
    assert folder().stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder().glob("*.json"))
    owed.close()


def test_a_link_in_place_of_a_note_is_not_read(tmp_path):
    first = OwedCommands()
    first.write(DEBTS[0])
    first.close()
    (note,) = folder().glob("*.json")
    note.rename(tmp_path / "elsewhere")
    note.symlink_to(tmp_path / "elsewhere")
    assert OwedCommands().take(everything) == []
    assert (tmp_path / "elsewhere").exists()


def command(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_what_a_command_prints_is_told_line_by_line():
    """Of both its outputs, and what has no end of line, however long."""
    told: list[str] = []
    program = "import sys; print('one\\rtwo', flush=True); sys.stderr.write('three\\n' + 'x' * 200000); sys.exit(3)"
    assert anyio.run(run_command, command(program), 60, told.append) == "exit code 3"
    assert told[:3] == ["one", "two", "three"]
    assert "".join(told[3:]) == "x" * 200000


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "], ids=["polite", "deaf to SIGTERM"])
def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(deaf, monkeypatch):
    monkeypatch.setattr("camreel.cli.hooks._GRACE", 0.3)
    told: list[str] = []
    words = ["sh", "-c", f"{deaf}sleep 600 & echo $!; sleep 600; sleep 600"]
    assert anyio.run(run_command, words, 0.5, told.append) == "it took longer than 0.5 s and was ended"
    wait_for_the_end_of(int(told[0]))


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
def test_a_command_ends_when_the_run_is_interrupted():
    told: list[str] = []

    async def run() -> None:
        async with anyio.create_task_group() as group:

            def tell(line: str) -> None:
                told.append(line)
                group.cancel_scope.cancel()

            await run_command(["sh", "-c", "trap '' TERM; echo $$; sleep 600; sleep 600"], 60, tell)

    began = time.monotonic()
    anyio.run(run)
    assert time.monotonic() - began < 20
    wait_for_the_end_of(int(told[0]))


def test_what_a_command_leaves_running_is_not_waited_for():
    """Though it holds the output open."""
    child = "import time; time.sleep(600)"
    program = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid)"
    told: list[str] = []
    assert anyio.run(run_command, command(program), 60, told.append) is None
    os.kill(int(told[0]), 9)


def wait_for_the_end_of(process: int) -> None:
    """Fail if it does not end; one that has ended and is not fetched yet by its parent has."""
    for _try in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        stat = Path(f"/proc/{process}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"{process} still runs")
