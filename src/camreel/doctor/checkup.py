"""This side of it: how much room there is, and which versions are at work.

What a check-up found: one frozen value. Everything in it is redacted already.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Generic, TypeVar

from camreel._version import __version__
from camreel.doctor.visit import Trouble
from camreel.media.ffmpeg import library_versions
from camreel.model import WallTime


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


Value = TypeVar("Value")


@dataclass(frozen=True)
class Fact(Generic[Value]):
    """An answer; or None, and in ``why`` the reason: ``not told (HTTP 501)``."""

    value: Value | None = None
    why: str = "not asked"


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk or card as the device lists it; bytes, None where it does not say."""

    name: str
    state: str
    total: int | None = None
    used: int | None = None
    has_error: bool = False


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What its clock shows, and how far it is off in its zone; the zone and where that is known from."""

    shown: WallTime
    drift: timedelta
    offset: str
    zone: str
    source: str
    weakness: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedFootage:
    """The oldest and the newest recording of one channel. ``exact``: the list was seen to its end."""

    channel: int
    oldest: WallTime
    newest: WallTime
    exact: bool = True


@dataclass(frozen=True)
class Checkup:
    """One check-up. ``trouble`` is what ended it early; ``seconds`` how long the first answer took."""

    address: str
    reached: bool
    seconds: float | None
    redirected: bool
    login: str
    login_how: str
    trouble: Trouble | None
    model: Fact[str]
    firmware: Fact[str]
    serial: Fact[str]
    name: Fact[str]
    clock: Fact[ClockFacts]
    channels: Fact[tuple[tuple[int, str], ...]]
    storage: Fact[tuple[Disk, ...]]
    recording: Fact[tuple[tuple[int, str], ...]]
    footage: Fact[RecordedFootage]
    nothing_recorded: bool
    quirks: tuple[str, ...]
    warnings: tuple[str, ...]
    questions: int
    here: Here

    @property
    def exit_code(self) -> int:
        """0; that of the error that ended it; 6 where the camera does not search; 3 where it has no recordings."""
        if self.trouble is not None:
            return self.trouble.exit_code
        if self.nothing_recorded:
            return 3
        return 0 if self.footage.value is not None else 6

    @property
    def status(self) -> str:
        """``well``, ``no recordings``, ``no search`` or ``error``."""
        if self.trouble is not None:
            return "error"
        return {0: "well", 3: "no recordings"}.get(self.exit_code, "no search")
