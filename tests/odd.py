"""What others may leave in a folder in place of a file: nothing of it may be waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

needs_odd = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is at most 100 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def _link_to_a_fifo(path: Path) -> None:
    os.mkfifo(f"{path}.pipe")
    path.symlink_to(f"{path}.pipe")


ODD: dict[str, Callable[[Path], None]] = {
    "fifo": fifo,
    "socket": _socket,
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "link loop": lambda path: path.symlink_to(path),
    "link to nowhere": lambda path: path.symlink_to("nowhere.mp4"),
    "link to a fifo": _link_to_a_fifo,
}
