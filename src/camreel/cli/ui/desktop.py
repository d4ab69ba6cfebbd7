"""``--open``: show what was made with the program that the desktop has for it. Nothing here fails a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from camreel.cli.options import OutputOptions
from camreel.cli.ui import terminal

_PATIENCE = 2.0  # seconds for an error; a program that goes on after that is what was asked for
_OPENERS = {"darwin": "open", "win32": ""}
_OTHER_OPENER = "xdg-open"
_started: list[subprocess.Popen[bytes]] = []  # kept: they go on when camreel ends


def open_files(paths: Sequence[str], manner: OutputOptions) -> None:
    """Open the file that was made; of several, the folder of the first. Say so if that is not possible."""
    if not paths:
        return
    target = paths[0] if len(set(paths)) == 1 else str(Path(paths[0]).parent)
    problem = open_path(target)
    if problem is not None and manner.progress != "json":  # whose last line is the end
        terminal.err(f"camreel: note: cannot open {target}: {problem}")


def open_path(path: str, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> str | None:
    """Start the desktop's program for an absolute path. Return why that is not possible, or None.

    A file comes from a camera: no shell sees its name, and root's programs do not open it.
    """
    opener = _OPENERS.get(platform, _OTHER_OPENER)
    if opener == _OTHER_OPENER and not ("DISPLAY" in environment or "WAYLAND_DISPLAY" in environment):
        return "there is no desktop here (neither DISPLAY nor WAYLAND_DISPLAY is set)."
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "this is root, whose programs should open no file of a camera."
    try:
        if not opener:
            os.startfile(path)  # type: ignore[attr-defined,unused-ignore]  # noqa: S606 - Windows alone has it
            return None
        program = shutil.which(opener)
        return f"there is no {opener} here." if program is None else _start([program, path])
    except OSError as error:
        return f"{error.strerror or error}."


def _start(command: Sequence[str]) -> str | None:
    """Start it apart from this terminal, and wait a moment for an error."""
    silent = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - a program of this system, and a path
        command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True
    )
    _started.append(process)
    try:
        code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    return f"{Path(command[0]).name} ended with exit code {code}." if code else None
