"""This side of it: how much room there is, and which versions are at work."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from camreel._version import __version__
from camreel.media.ffmpeg import library_versions


@dataclass(frozen=True, slots=True)
class Here:
    """``free`` in bytes, None where the system does not tell; ``versions`` by name."""

    free: int | None
    versions: tuple[tuple[str, str], ...]


def here(folder: Path) -> Here:
    """For videos that go into ``folder``, which may have to be made yet."""
    versions = (
        ("camreel", __version__),
        ("Python", platform.python_version()),
        *library_versions(),
        ("aiohttp", _version("aiohttp")),
        ("system", platform.platform(terse=True)),
    )
    return Here(_free(folder), versions)


def _free(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
