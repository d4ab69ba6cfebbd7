"""The command lines that the documents show are the ones that work: they are run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from camreel.cli.help import Option
from camreel.cli.registry import every_command
from camreel_simulator import ClipSpec, DeviceClock, Recorded, SimulatedCamera, running, scene_schedule, seen_frames

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = "\n".join(page.read_text("utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OPTIONS = (ROOT / "docs" / "reference" / "options.md").read_text(encoding="utf-8")

EXAMPLES = [
    'python main.py --host 192.168.1.100 --username admin --start "2026-01-16T08:00:00" --end "2026-01-16T18:00:00"',
    (
        "python main.py --host kitchen.cameras.home.com --username admin "
        '--start "2026-01-16T08:00:00-08:00" --end "2026-01-16T18:00:00-08:00"'
    ),
    (
        "python main.py --host 192.168.1.100 --username admin "
        '--start "2026-01-16T20:00:00" --end "2026-01-16T22:00:00" '
        "--output-format mkv --output-file my_recording.mkv --max-concurrent 8 --keep-files"
    ),
]


def footage_of_a_day() -> list[Recorded]:
    """Two clips of two seconds in each asked range, and one outside of all."""
    hours = (3, 9, 12, 20, 21)
    day = datetime(2026, 1, 16)  # noqa: DTZ001 - by the camera's clock
    starts = [day + timedelta(hours=hour) for hour in hours]
    return [
        recording
        for start in starts
        for recording in scene_schedule(start, 2, seconds=2, spec=ClipSpec(start=start, seconds=2, size=(160, 90)))
    ]


def run_as_typed(line: str, folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Run ``line`` in ``folder`` with this Python for ``python`` and main.py where it is."""
    words = shlex.split(line)
    assert words[:2] == ["python", "main.py"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AMCREST_")}
    environment |= {
        "AMCREST_PASSWORD": "simulated-1",
        "CAMREEL_TEST_PORT": str(port),
        "PYTHONPATH": str(Path(__file__).parent / "redirect"),
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *words[2:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("line", EXAMPLES, ids=["plain", "offset", "mkv"])
def test_the_examples_run_verbatim(line, tmp_path):
    """Each of these, typed as it stands in the README or a document, leaves the video it promises."""
    assert " ".join(shlex.split(line)) in " ".join(DOCUMENTS.replace("\\\n", " ").replace('"', "").split())
    camera = SimulatedCamera(footage_of_a_day(), clock=DeviceClock(zone=DeviceClock.hours_east(-8).zone))
    with running(camera) as server:
        ended = run_as_typed(line, tmp_path, server.port)
    assert ended.returncode == 0, ended.stderr
    videos = [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(videos) == 1, ended.stdout
    assert "--output-file" not in line or videos[0].name == "my_recording.mkv"
    assert len(seen_frames(videos[0])) == 80
    kept = sorted(tmp_path.glob(".amcrest_download/**/*.mp4"))
    assert len(kept) == (4 if "--keep-files" in line else 0)
    assert "simulated-1" not in ended.stdout + ended.stderr


def test_every_option_is_explained_at_length():
    """No option is there that options.md (or the README) does not explain, and none is explained that is not there."""
    shown = [option for _, command in every_command() for option in command.params if isinstance(option, Option)]
    options = {name for option in shown if not option.hidden for name in option.opts if name.startswith("--")}
    options |= {"--help", "--help-all"}
    explained = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", README + OPTIONS))
    assert options - explained == set()
    assert explained - options == set()


def test_the_settings_at_length_are_settings(tmp_path):
    """The example is read as it stands there."""
    from camreel.cli.options import KEYS
    from camreel.config import parse

    (text,) = re.findall(r"```toml\n(.*?)```", OPTIONS, re.DOTALL)
    config = parse(text, tmp_path, KEYS)
    assert set(config.cameras) == {"front-door", "garage"}


def test_every_event_word_is_explained():
    """And none besides."""
    from camreel.planning.event_filter import parse_events

    words = re.findall(r"Words are (.*?);", OPTIONS, re.DOTALL)[0]
    assert len(parse_events(words.replace("`", ""))) == 12
