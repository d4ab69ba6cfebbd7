"""The settings file: where it is, what it may contain, and how a camera is added or removed.

`settings` reads and checks it, `edit` changes it.
"""

from __future__ import annotations

from camreel.config.edit import with_camera, without_camera, write_config
from camreel.config.settings import (
    PATH_VARIABLE,
    Config,
    Key,
    Keys,
    ValueKind,
    check_name,
    config_path,
    load,
    nearest,
    parse,
    text_of_settings,
)

__all__ = [
    "PATH_VARIABLE",
    "Config",
    "Key",
    "Keys",
    "ValueKind",
    "check_name",
    "config_path",
    "load",
    "nearest",
    "parse",
    "text_of_settings",
    "with_camera",
    "without_camera",
    "write_config",
]
