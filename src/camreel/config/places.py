"""Where the settings are, in the folder that each system has for such things."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PATH_VARIABLE = "CAMREEL_CONFIG"


def config_path() -> Path:
    """The settings file: what ``CAMREEL_CONFIG`` names, else ``config.toml`` in this system's folder. Not made."""
    given = os.environ.get(PATH_VARIABLE, "")
    if given:
        return Path(given).expanduser().absolute()
    return _folder() / "config.toml"


def _folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "camreel"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "camreel"
    given = os.environ.get("XDG_CONFIG_HOME", "")
    # A relative one is to be ignored, says the XDG Base Directory Specification.
    return (Path(given) if given.startswith("/") else Path.home() / ".config") / "camreel"
