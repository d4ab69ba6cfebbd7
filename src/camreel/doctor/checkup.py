"""A check-up: what a camera said of itself, and this side of it. Everything in it is redacted already."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from camreel._version import __version__
from camreel.devices.facts import DeviceFacts
from camreel.devices.registry import driver_named
from camreel.doctor.visit import CheckSession, Trouble
from camreel.media.ffmpeg import library_versions


@dataclass(frozen=True, slots=True)
class Here:
    """This side of it: ``free`` in bytes, None if the system does not tell; ``versions`` by name."""

    free: int | None
    versions: tuple[tuple[str, str], ...]


def here(folder: Path) -> Here:
    """Return the facts of this side, for videos in ``folder``, which may have to be made yet."""
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


@dataclass(frozen=True, slots=True)
class Checkup:
    """One check-up. ``trouble`` is what ended it early; ``seconds`` how long the first answer took."""

    address: str
    reached: bool
    seconds: float | None
    redirected: bool
    login: str
    trouble: Trouble | None
    facts: DeviceFacts
    warnings: tuple[str, ...]
    questions: int
    here: Here

    @property
    def exit_code(self) -> int:
        """0; that of the error that ended it; 6 if the camera does not search; 3 if it has no recordings."""
        if self.trouble is not None:
            return self.trouble.exit_code
        if self.facts.is_empty:
            return 3
        return 0 if self.facts.footage.value is not None else 6

    @property
    def status(self) -> str:
        """``well``, ``no recordings``, ``no search`` or ``error``."""
        if self.trouble is not None:
            return "error"
        return {0: "well", 3: "no recordings"}.get(self.exit_code, "no search")


def diagnose(session: CheckSession, here: Here) -> Checkup:
    """Return what the answers of ``session`` say. It has to be redacted: what it says is shown."""
    sheet = session.sheet
    return Checkup(
        address=str(session.address),
        reached=bool(sheet.heard),
        seconds=sheet.heard[0].seconds if sheet.heard else None,
        redirected=sheet.redirected,
        login=session.login,
        trouble=session.trouble,
        facts=driver_named(session.protocol).facts_of(sheet),
        warnings=session.warnings,
        questions=len(sheet.asked),
        here=here,
    )
