"""The program as a process of its own, on a simulated camera."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import Bench, at

PASSWORD = "simulated-1"


def arguments(stand: Bench, seconds: float, *more: str) -> list[str]:
    """An export of so many seconds from 08:00:00 on, into the stand's folder."""
    return [
        "--host", stand.address.authority, "--username", "admin", "--start", at(0), "--end", at(seconds),
        "--output-dir", str(stand.folder), "--output-file", "out.mp4", *more,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    return {**os.environ, "AMCREST_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}


@contextmanager
def started(stand: Bench, seconds: float, *more: str) -> Iterator[subprocess.Popen[str]]:
    """It runs until the block is left, or until it ends."""
    command = [sys.executable, "-m", "camreel", *arguments(stand, seconds, *more)]
    process = subprocess.Popen(
        command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ran(stand: Bench, seconds: float, *more: str) -> subprocess.CompletedProcess[str]:
    """It, to its end."""
    with started(stand, seconds, *more) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, out, err)


def store_of(folder: Path) -> Path:
    """The one store in a folder."""
    (store,) = (path for path in (folder / ".amcrest_download").iterdir() if path.is_dir())
    return store
