"""Where contenders run: a camera that serves some footage, and a folder for what they make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.camera import PASSWORD, USERNAME
from benchmarks.footage import CACHE, Footage, write_listing

ROOT = Path(__file__).parents[1]
_SETTINGS = "camreel.toml"


@dataclass(frozen=True)
class Scene:
    """``port`` of the camera, ``folder`` to work in (empty before each run)."""

    footage: Footage
    folder: Path
    port: int
    clips: tuple[Path, ...]
    is_cold: bool = False
    """Whether the clips are to be read from the disk, and not from memory."""

    @property
    def urls(self) -> list[str]:
        """Where the camera has each clip."""
        base = f"http://127.0.0.1:{self.port}/cgi-bin/RPC_Loadfile"
        items = json.loads((CACHE / "listing.json").read_text())["items"]
        return [base + item["path"].replace("[", "%5B").replace("]", "%5D") for item in items]

    def log(self) -> dict[str, Any]:
        """What the camera did since :meth:`clear`: ``first_byte``, ``last_byte``, ``in_a_row``, ``talking``."""
        return self._log("")

    def _log(self, query: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/log{query}") as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def clear(self) -> None:
        """An empty folder, a camera that was asked nothing yet, and a disk that has nothing left to write."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._log("?fresh")
        os.sync()
        if self.is_cold:
            for clip in self.clips:
                _forget(clip)


@dataclass(frozen=True)
class Pace:
    """How slow the camera is: ``bytes_a_second``, ``answer_after`` seconds; whether a nonce serves once, or always."""

    bytes_a_second: float | None = None
    answer_after: float = 0.0
    nonce_serves_once: bool = False

    @property
    def options(self) -> list[str]:
        """For the program of the camera."""
        rate = [] if self.bytes_a_second is None else ["--bytes-a-second", str(self.bytes_a_second)]
        once = ["--nonce-serves-once"] if self.nonce_serves_once else []
        return [*rate, "--answer-after", str(self.answer_after), *once]


@contextmanager
def scene(
    footage: Footage, *, listing: Path | None = None, pace: Pace | None = None, is_cold: bool = False
) -> Iterator[Scene]:
    """A camera with ``footage``, or with what ``listing`` names, until the end of the context."""
    clips: tuple[Path, ...] = ()
    CACHE.mkdir(exist_ok=True)
    if listing is None:
        clips, listing = tuple(footage.paths()), CACHE / "listing.json"
        write_listing(footage, listing)
        _warm(clips)
    with _camera(listing, pace or Pace()) as port:
        place = Scene(footage, CACHE / "work", port, clips, is_cold)
        shutil.rmtree(CACHE / "home", ignore_errors=True)
        try:
            place.clear()
            yield place
        finally:
            shutil.rmtree(place.folder, ignore_errors=True)


@contextmanager
def _camera(listing: Path, pace: Pace) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.camera", str(listing), *pace.options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as camera:
        assert camera.stdout is not None
        try:
            yield int(camera.stdout.readline())
        finally:
            camera.kill()


@contextmanager
def several(footage: Footage, count: int) -> Iterator[Scene]:
    """``count`` cameras with the same footage, named in settings. The scene is that of the first."""
    with scene(footage) as place, ExitStack() as stack:
        more = [stack.enter_context(_camera(CACHE / "listing.json", Pace())) for _ in range(count - 1)]
        settings = [
            f'[camera.c{number}]\nhost = "127.0.0.1"\nport = {port}\nusername = "{USERNAME}"\n'
            for number, port in enumerate([place.port, *more])
        ]
        (CACHE / "home").mkdir(exist_ok=True)
        (CACHE / "home" / _SETTINGS).write_text("\n".join(settings))
        yield place


def _forget(clip: Path) -> None:
    """Take it out of the system's memory."""
    handle = os.open(clip, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _warm(clips: Iterable[Path]) -> None:
    """Have the clips in memory: whoever comes first is not to read them from the disk for all the others."""
    for clip in clips:
        with clip.open("rb") as file:
            while file.read(1 << 20):
                pass


def environment() -> dict[str, str]:
    """What a contender finds: a home of its own; and Python may keep what it compiles, as in any installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AMCREST", "CAMREEL"))}
    home = CACHE / "home"
    homes = {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("state", "cache", "config")}
    return kept | homes | {"CAMREEL_CONFIG": str(home / _SETTINGS), "AMCREST_PASSWORD": PASSWORD}
