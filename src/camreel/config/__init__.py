"""The settings file: where it is, what may stand in it, and how it is changed without losing a comment."""

from __future__ import annotations

from camreel.config.edit import with_camera, without_camera
from camreel.config.keys import KEYS, Key, Kind
from camreel.config.places import PATH_VARIABLE, config_path
from camreel.config.read import Config, check_name, load, nearest, parse
from camreel.config.write import write_config

__all__ = [
    "KEYS",
    "PATH_VARIABLE",
    "Config",
    "Key",
    "Kind",
    "check_name",
    "config_path",
    "load",
    "nearest",
    "parse",
    "with_camera",
    "without_camera",
    "write_config",
]
