"""The settings file: where it is, what it may contain, and how a camera is added, renamed or removed.

`settings` reads and checks it, `edit` changes it.
"""

from __future__ import annotations

from camreel.config.edit import refuse_taken, with_camera, with_name, with_value, without_camera, write_config
from camreel.config.settings import (
    DEFAULT_CAMERA,
    PATH_VARIABLE,
    Config,
    Key,
    Keys,
    ValueKind,
    check_name,
    config_path,
    load,
    nearest,
    normal_name,
    parse,
    text_of_settings,
)

__all__ = [
    "DEFAULT_CAMERA",
    "PATH_VARIABLE",
    "Config",
    "Key",
    "Keys",
    "ValueKind",
    "check_name",
    "config_path",
    "load",
    "nearest",
    "normal_name",
    "parse",
    "refuse_taken",
    "text_of_settings",
    "with_camera",
    "with_name",
    "with_value",
    "without_camera",
    "write_config",
]
