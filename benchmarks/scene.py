"""Where contenders run: a camera that serves some footage, and a folder for what they make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.camera import PASSWORD
from benchmarks.footage import CACHE, Footage, write_listing

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Scene:
    """``port`` of the camera, ``folder`` to work in (empty before each run)."""

    footage: Footage
    folder: Path
    port: int
    clips: tuple[Path, ...]

    @property
    def urls(self) -> list[str]:
        """Where the camera has each clip."""
        base = f"http://127.0.0.1:{self.port}/cgi-bin/RPC_Loadfile"
        items = json.loads((CACHE / "listing.json").read_text())["items"]
        return [base + item["path"].replace("[", "%5B").replace("]", "%5D") for item in items]

    def log(self) -> dict[str, Any]:
        """What the camera did: ``requests``, ``last_byte``, ``talking``, ``cpu``."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/log") as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def clear(self) -> None:
        """An empty folder, and a disk that has nothing left to write."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        os.sync()


@contextmanager
def scene(footage: Footage, *, listing: Path | None = None, bytes_a_second: float | None = None) -> Iterator[Scene]:
    """A camera with ``footage``, or with what ``listing`` names, until the end of the context."""
    clips: tuple[Path, ...] = ()
    CACHE.mkdir(exist_ok=True)
    if listing is None:
        clips, listing = tuple(footage.paths()), CACHE / "listing.json"
        write_listing(footage, listing)
        _warm(clips)
    rate = [] if bytes_a_second is None else ["--bytes-a-second", str(bytes_a_second)]
    command = [sys.executable, "-m", "benchmarks.camera", str(listing), *rate]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as camera:
        assert camera.stdout is not None
        port = int(camera.stdout.readline())
        folder = CACHE / "work"
        place = Scene(footage, folder, port, clips)
        try:
            place.clear()
            yield place
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            camera.kill()


def _warm(clips: Iterable[Path]) -> None:
    """Have the clips in memory: whoever comes first is not to read them from the disk for all the others."""
    for clip in clips:
        with clip.open("rb") as file:
            while file.read(1 << 20):
                pass


def environment() -> dict[str, str]:
    """What a contender finds: Python may keep what it compiles, as in any installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AMCREST"))}
    return kept | {"AMCREST_PASSWORD": PASSWORD}
