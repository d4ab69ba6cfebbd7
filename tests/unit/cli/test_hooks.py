"""The command of `--exec` gets the path of a video as one argument, whatever is in it."""

from __future__ import annotations

import json
import sys

import pytest
from tests.fakes import report

from camreel.cli.hooks import parse_command, run_after
from camreel.clock import parse_range
from camreel.model import Address, Output, Query, Request, Target

ASKED = parse_range("2026-01-16T08:00", "2026-01-16T09:00")
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
    command = parse_command(f"'{sys.executable}' '{program}'{arguments}")
    assert run_after(report(request), command, quiet=True).exec_failures == ()
    assert json.loads((tmp_path / "log").read_text(encoding="ascii")) == [str(video)]
