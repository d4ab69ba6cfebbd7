"""--open: the desktop's program gets one argument, the path; whatever goes wrong is one line and no error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.fakes import Camreel, FakeExport

from camreel.cli.options import OutputOptions
from camreel.cli.ui import desktop
from camreel.cli.ui.desktop import open_files, open_path

if sys.platform == "win32":
    pytest.skip("programs of POSIX", allow_module_level=True)

DESKTOP = {"DISPLAY": ":0"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is the only one, and a user who is not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return folder


def program(folder: Path, name: str, line: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("platform", "opener"), [("linux", "xdg-open"), ("darwin", "open")])
def test_it_gets_the_path_and_no_shell(programs: Path, tmp_path: Path, platform: str, opener: str) -> None:
    """Whatever the name is."""
    out = tmp_path / "said"
    program(programs, opener, f'for each in "$@"; do echo "[$each]"; done >"{out}"')
    name = "/videos/$(touch x) 'a' & b.mp4"
    assert open_path(name, platform, DESKTOP) is None
    assert out.read_text() == f"[{name}]\n"


@pytest.mark.parametrize(
    ("line", "environment", "said"),
    [
        (None, DESKTOP, "there is no xdg-open here."),
        ("exit 3", DESKTOP, "xdg-open ended with exit code 3."),
        ("exit 0", {}, "there is no desktop here (neither DISPLAY nor WAYLAND_DISPLAY is set)."),
        ("exit 0", {"WAYLAND_DISPLAY": "wayland-0"}, None),
    ],
)
def test_what_is_in_its_way_is_said(
    programs: Path, line: str | None, environment: dict[str, str], said: str | None
) -> None:
    """No program, one that fails, and no desktop: then it is not even started."""
    if line is not None:
        program(programs, "xdg-open", line)
    assert open_path("/videos/a.mp4", "linux", environment) == said


def test_a_program_that_goes_on_is_left_alone(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player is what was asked for, and nobody waits for its end."""
    monkeypatch.setattr(desktop, "_PATIENCE", 0.05)
    program(programs, "xdg-open", "exec /bin/sleep 30")
    try:
        assert open_path("/videos/a.mp4", "linux", DESKTOP) is None
        assert desktop._started[-1].poll() is None
    finally:
        desktop._started[-1].kill()
        desktop._started.pop().wait()


def test_root_opens_nothing(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player with all rights, for a file that a camera has written, is a surprise."""
    out = tmp_path / "said"
    program(programs, "xdg-open", f'echo x >"{out}"')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    problem = open_path("/videos/a.mp4", "linux", DESKTOP)
    assert problem is not None
    assert "root" in problem
    assert not out.exists()


@pytest.mark.parametrize(
    ("paths", "opened"),
    [
        ([], None),
        (["/v/a.mp4"], "/v/a.mp4"),
        (["/v/a.mp4", "/v/a.mp4"], "/v/a.mp4"),
        (["/v/a.mp4", "/v/b.mp4"], "/v"),
    ],
)
def test_of_several_the_folder_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], paths: list[str], opened: str | None
) -> None:
    """Sixteen players are not what anybody wants. A failure is a note; in JSON lines there is no place for one."""
    tried: list[str] = []

    def failing(path: str) -> str:
        tried.append(path)
        return "it is \x1b[2J."

    monkeypatch.setattr(desktop, "open_path", failing)
    open_files(paths, OutputOptions(progress="json"))
    assert capsys.readouterr().err == ""
    open_files(paths, OutputOptions(quiet=True))
    said = capsys.readouterr().err
    assert tried == ([opened] * 2 if opened else [])
    assert said == (f"camreel: note: cannot open {opened}: it is \N{REPLACEMENT CHARACTER}[2J.\n" if opened else "")


@pytest.mark.parametrize(
    ("complete", "options", "code"),
    [(True, ["--open"], 0), (False, ["--open"], 4), (True, ["--open", "--json"], 0), (True, [], 0)],
)
def test_what_was_made_is_opened(
    camreel_: Camreel,
    exported: FakeExport,
    monkeypatch: pytest.MonkeyPatch,
    complete: bool,
    options: list[str],
    code: int,
) -> None:
    """Also a partial video, which the report calls that; a failure to open changes no exit code."""
    tried: list[str] = []

    def failing(path: str) -> str:
        tried.append(path)
        return "no."

    monkeypatch.setattr(desktop, "open_path", failing)
    exported.complete = complete
    run = camreel_(["--host", "x", "-u", "me", "-s", "2026-01-16 08:00", "-e", "2026-01-16 09:00", *options])
    assert run.code == code, run.err
    assert tried == ([str(exported.request.output.file)] if options else [])
    assert ("note: cannot open" in run.err) == bool(options)
