"""`--exec`: run for each complete video and for no other, with the path unbroken, no shell, and no password."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import START, three_clips
from tests.fakes import only_run

from camreel.cli.hooks import parse_command
from camreel.errors import UsageError
from camreel_simulator import ClipSpec, Fault, Recorded, SimulatedCamera, running, scene_schedule

SECRET = "simulated-1"
# What it was given, one JSON document a line; its exit code is that in the environment.
RECORDER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    secrets = [name for name, value in os.environ.items() if {secret!r} in value]
    log.write(json.dumps([sys.argv[1:], sys.stdin.read(), secrets]) + "\\n")
print("the recorder speaks")
sys.exit(int(os.environ.get("RECORDER_CODE", "0")))
"""


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A program that notes what it was given."""
    program = tmp_path / "it's a recorder.py"
    log = str(tmp_path / "log")
    program.write_text(RECORDER.format(python=sys.executable, log=log, secret=SECRET), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def given(folder: Path) -> list[list[str]]:
    """The arguments of each run of the recorder, which had no input and saw no secret."""
    log = folder / "log"
    runs = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    assert all(run[1:] == ["", []] for run in runs), runs
    return [run[0] for run in runs]


def get(
    folder: Path,
    *arguments: str,
    faults: tuple[Fault, ...] = (),
    recordings: list[Recorded] | None = None,
    **environment: str,
):
    """Run `camreel get` on three clips of 4 s from 08:00:00, as cron would."""
    with running(SimulatedCamera(recordings or three_clips(), faults=faults)) as server:
        command = [sys.executable, "-m", "camreel", "get", "--host", f"127.0.0.1:{server.port}", "-u", "admin"]
        times = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12", "--output-dir", str(folder / "videos")]
        return subprocess.run(
            [*command, *times, *arguments],
            env={**os.environ, "AMCREST_PASSWORD": SECRET, **environment},
            input=b"what is typed is not for the command",
            capture_output=True,
            timeout=60,
            check=False,
            cwd=folder,
        )


def test_it_is_run_once_for_each_video_in_their_order(recorder, tmp_path):
    """Quotes, spaces, a newline and what a shell would expand pass as they are, also within a word."""
    folder = tmp_path / 'it\'s "the" $(evening);\n of'
    across = scene_schedule(START - timedelta(seconds=4), 2, seconds=4, spec=ClipSpec(START, 4, size=(160, 90)))
    command = f'"{recorder}" --file={{}} x'
    ended = get(
        tmp_path, "-s", "2026-01-16 07:59:56", "--output-dir", str(folder), "-o", "a.mp4", "--split", "hour",
        "--json", "--exec", command, recordings=across,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert given(tmp_path) == [[f"--file={folder / name}", "x"] for name in ("a-1of2.mp4", "a-2of2.mp4")]
    assert json.loads(ended.stdout)["exit_code"] == 0  # and nothing else is there
    assert b"the recorder speaks" in ended.stderr


def test_the_path_is_the_last_argument_where_it_has_no_place():
    """And never an option, for it is whole."""
    assert parse_command("true -a {} nas:'a b'").of("-x\n y") == ["true", "-a", "-x\n y", "nas:a b"]
    assert parse_command("true -a").of("-x") == ["true", "-a", "-x"]


def test_its_failure_is_told_and_is_exit_code_7(recorder, tmp_path):
    """The video is there and complete; the report says so, and that the command failed and how."""
    ended = get(tmp_path, "--json", "-o", "out.mp4", "--exec", f'"{recorder}"', RECORDER_CODE="3")
    report = only_run(ended.stdout)
    assert (ended.returncode, report["exit_code"], report["status"]) == (7, 7, "complete")
    assert report["warnings"][-1] == f"The command of --exec failed (exit code 3) for {tmp_path}/videos/out.mp4"


def test_what_is_partial_is_left_alone(recorder, tmp_path):
    """The same command again may complete it; only then is it run."""
    broken = Fault("status", target=three_clips()[1].path, status=404, times=None)
    arguments = ("-q", "-o", "out.mp4", "--exec", f'"{recorder}"')
    assert get(tmp_path, *arguments, faults=(broken,)).returncode == 4
    assert given(tmp_path) == []


def test_each_of_several_exports_has_its_own(recorder, tmp_path):
    """Of two channels the one that has recordings; a failure is in the worst exit code."""
    ended = get(tmp_path, "--json", "-c", "1,2", "--exec", f'"{recorder}"', RECORDER_CODE="1")
    document = json.loads(ended.stdout)
    assert len(given(tmp_path)) == 1
    assert sorted(run["exit_code"] for run in document["runs"]) == sorted([7, document["runs"][1]["exit_code"]])
    assert ended.returncode == document["exit_code"]


def test_a_command_that_cannot_be_run_is_said_before_anything_is_done(tmp_path):
    for wrong, message in (("nosuchprogram {}", "there is no program"), ("'x", "is no command"), (" ", "is empty")):
        with pytest.raises(UsageError, match=message):
            parse_command(wrong)
    ended = get(tmp_path, "--exec", "nosuchprogram {}")
    assert ended.returncode == 2
    assert not (tmp_path / "videos").exists()


def test_it_may_be_in_the_settings_where_nobody_else_can_write_them(recorder, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_text(f"[defaults]\nexec = '''\"{recorder}\" {{}}'''\n", encoding="utf-8")
    settings.chmod(0o664)
    refused = get(tmp_path, "-o", "out.mp4", CAMREEL_CONFIG=str(settings))
    assert refused.returncode == 2
    assert b"others may change it" in refused.stderr
    settings.chmod(0o644)
    assert get(tmp_path, "-o", "out.mp4", CAMREEL_CONFIG=str(settings)).returncode == 0
    assert len(given(tmp_path)) == 1
