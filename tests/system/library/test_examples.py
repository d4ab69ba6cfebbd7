"""The examples run as they stand there, against a simulated camera."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.conftest import START, frame_md5s, three_clips

from camreel_simulator import ClipSpec, SimulatedCamera, running, scene_schedule

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


def run(name: str, camera: SimulatedCamera, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with running(camera) as server:
        return subprocess.run(
            [sys.executable, str(EXAMPLES / name), f"127.0.0.1:{server.port}", "admin", *arguments],
            cwd=folder, env=os.environ | {"AMCREST_PASSWORD": "simulated-1"}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip


def test_the_last_hour(tmp_path):
    """A video of what was recorded half an hour ago; of its end nobody can be certain yet, which is said."""
    recorded = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0) - timedelta(minutes=30)
    clips = scene_schedule(recorded, 2, seconds=4, spec=ClipSpec(recorded, 4, size=(160, 90)))
    ended = run("last_hour.py", SimulatedCamera(clips), tmp_path, "hour.mp4")
    assert ended.returncode == 0, ended.stderr
    assert "complete up to" in ended.stdout
    assert frame_md5s(tmp_path / "hour.mp4") == [md5 for clip in clips for md5 in frame_md5s(clip.body())]


def test_the_last_hour_has_fifteen_lines_of_code():
    text = (EXAMPLES / "last_hour.py").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines()[1:] if line]) <= 15


def test_motion_of_a_day(tmp_path):
    clips = three_clips()
    ended = run("motion_of_a_day.py", SimulatedCamera(clips), tmp_path, f"{START:%Y-%m-%d}", "films")
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.read_bytes() for path in (tmp_path / "films").iterdir()) == sorted(c.body() for c in clips)
    wrong = run("motion_of_a_day.py", SimulatedCamera(clips, password="another-1"), tmp_path, "today", "films")
    assert wrong.returncode == 1
    assert "refused the login" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize("name", ["last_hour.py", "motion_of_a_day.py"])
def test_an_example_without_its_arguments_says_how_it_is_used(name):
    """Or without a password; no traceback."""
    for words, password in (
        ([], "x"),
        (["127.0.0.1:1", "admin", "a", "b", "c"], "x"),
        (["127.0.0.1:1", "a", "b"], None),
    ):
        known = {key: value for key, value in os.environ.items() if key != "AMCREST_PASSWORD"}
        known |= {"AMCREST_PASSWORD": password} if password else {}
        command = [sys.executable, str(EXAMPLES / name), *words]
        ended = subprocess.run(command, env=known, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert f"python {name} HOST USER" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_the_library_page_shows_what_runs():
    """The example in docs/library.md is the file; the calls in its blocks of code are there."""
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert (EXAMPLES / "last_hour.py").read_text(encoding="utf-8").split("\n\n", 1)[1].strip() in page
    import camreel

    blocks = re.findall(r"```python\n(.*?)```", page.partition("<!--")[0], re.DOTALL)
    named = set(re.findall(r"\bcamreel\.([a-zA-Z_]+)", "".join(blocks)))
    assert {"connect", "request", "export"} <= named
    assert named <= set(camreel.__all__)
