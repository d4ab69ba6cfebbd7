"""Find, read and check the settings file.

Each key has the name of its option, with `_` for `-`. A mistake is one sentence that names the file and the place.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from camreel.diskio import open_file
from camreel.errors import UsageError, printable
from camreel.text import decoded


class ValueKind(Enum):
    """The type of a value, in the words of an error message."""

    TEXT = "a text in quotes"
    NUMBER = "a whole number"
    YES_NO = "true or false"
    EITHER = "a whole number, or a text in quotes"
    WORDS = "a text in quotes, or a list of them"

    def holds(self, value: object) -> bool:
        """Return whether `value` is of this type. A boolean of TOML is not a number."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if self is ValueKind.YES_NO:
            return isinstance(value, bool)
        if self is ValueKind.NUMBER:
            return whole
        if self is ValueKind.WORDS and isinstance(value, list):
            return bool(value) and all(isinstance(item, str) for item in value)
        return isinstance(value, str) or (whole and self is ValueKind.EITHER)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the settings. `of_camera`: it is for one camera only. `is_secret`: it is never shown."""

    name: str
    kind: ValueKind
    meaning: str
    of_camera: bool = False
    is_secret: bool = False


Keys = Mapping[str, Key]
_MOST_BYTES = 1024 * 1024  # somebody will point it at a video
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_OTHERS = 0o077  # the rights of everybody else, on POSIX
_WRITERS = 0o022


@dataclass(frozen=True, slots=True)
class Config:
    """The content of the settings file. Values have the types of their keys and are otherwise as written.

    They are not in the `repr`: some may be passwords.
    """

    path: Path
    keys: Keys = field(repr=False)
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False)
    cameras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def camera(self, name: str) -> Mapping[str, Any]:
        """Return the settings of one camera. UsageError, with similar names, if there is no such camera."""
        if name in self.cameras:
            return self.cameras[name]
        near = nearest(name, self.cameras)
        known = (
            f"There are {', '.join(self.cameras)}." if self.cameras else "camreel setup finds cameras and names them."
        )
        raise UsageError(
            f"There is no camera named {printable(name, 64)!r} in {self.path}.{near}",
            hint=f"{known} A host without a dot is given with --host.",
        )

    def section_of(self, name: str | None, key: str) -> str | None:
        """Return the section that sets `key` for camera `name`: `[camera.x]`, `[defaults]`, or None."""
        if name is not None and key in self.cameras.get(name, {}):
            return f"[camera.{name}]"
        return "[defaults]" if key in self.defaults else None

    def values_for(self, name: str | None) -> dict[str, Any]:
        """Return the settings of camera `name`, its own before the defaults. None: the defaults alone."""
        return {**self.defaults, **(self.cameras.get(name, {}) if name is not None else {})}


def load(path: Path, keys: Keys) -> Config:
    """Return the settings in `path`, empty if there is no file. UsageError if it is unreadable or has errors."""
    try:
        raw, mode = _read(path)
    except FileNotFoundError:
        return Config(path, keys)
    config = parse(_decoded_settings(raw, path), path, keys)
    _refuse_readers(config, mode)
    return config


def text_of_settings(path: Path) -> str:
    """Return the settings in `path` as they are written, empty if there is no file. UsageError as :func:`load`."""
    try:
        return _decoded_settings(_read(path)[0], path)  # as bytes: ends of lines stay what they are
    except FileNotFoundError:
        return ""


def _read(path: Path) -> tuple[bytes, int]:
    """Return the bytes and the mode of the file. FileNotFoundError if there is none."""
    if str(path) == os.devnull:  # whoever wants no settings says it like this
        return b"", 0
    try:
        with open_file(path, follow=True) as file:
            raw = file.read(_MOST_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"The settings in {path} cannot be read: {error.strerror}.") from error
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"{path} is too large to be settings of camreel.")
    return raw, mode


def _decoded_settings(raw: bytes, path: Path) -> str:
    """Return the text of the settings in `path`, whatever editor wrote it. UsageError if it is no text."""
    try:
        return re.sub(r"\r(?!\n)", "\n", decoded(raw))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8.", hint="Save it as UTF-8 in your editor.") from None


def parse(text: str, path: Path, keys: Keys) -> Config:
    """Return the settings in `text`. Errors name `path`. UsageError if it has errors."""
    # Here, for the pages of help need no settings and should be quick.
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Only where it is: the line itself may have a password in it.
        where = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        raise UsageError(
            f"{path} is not TOML, {where[1] if where else 'somewhere'}.",
            hint='Texts stand in quotes, like host = "192.168.1.100"; sections are like [camera.front-door].',
        ) from None
    except RecursionError:
        raise UsageError(f"{path} is not TOML that camreel can read.") from None
    _refuse_unknown(tables, ("defaults", "camera"), f"{path}", "section")
    defaults = _table(tables.get("defaults", {}), "[defaults]", path, keys)
    if misplaced := next((key for key in defaults if keys[key].of_camera), None):
        raise UsageError(
            f"{path}, [defaults]: {misplaced} belongs to one camera.", hint="Write it into that camera's own section."
        )
    cameras = tables.get("camera", {})
    if not isinstance(cameras, dict):
        raise UsageError(f"{path}: camera is no section.", hint="Write [camera.front-door], and its settings below.")
    own = {name: _camera(name, values, path, keys) for name, values in cameras.items()}
    return Config(path, keys, defaults, own)


def check_name(name: str) -> str:
    """Return `name` if it may name a camera: letters, digits, `-` and `_`. UsageError if not."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{printable(name, 64)!r} is not a name for a camera.",
            hint="Names have letters, digits, - and _, like front-door.",
        )
    return name


def _camera(name: str, values: object, path: Path, keys: Keys) -> dict[str, Any]:
    where = f"[camera.{printable(name, 64)}]"
    if not isinstance(values, dict) and name in keys:
        raise UsageError(
            f"{path}: {name} stands in no camera's section.", hint="Write [camera.front-door], and its settings below."
        )
    check_name(name)
    table = _table(values, where, path, keys)
    if not table.get("host"):
        raise UsageError(f"{path}, {where}: host is missing.", hint='Like host = "192.168.1.100".')
    return table


def _table(values: object, where: str, path: Path, keys: Keys) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UsageError(f"{path}: {where} is no section.")
    _refuse_unknown(values, keys, f"{path}, {where}", "setting")
    for key, value in values.items():
        if not keys[key].kind.holds(value):
            raise UsageError(f"{path}, {where}: {key} must be {keys[key].kind.value}.")
    return values


def _refuse_unknown(given: Mapping[str, object], known: Iterable[str], where: str, what: str) -> None:
    known = tuple(known)
    unknown = next((key for key in given if key not in known), None)
    if unknown is not None:
        raise UsageError(
            f"{where}: there is no {what} {printable(unknown, 64)!r}.{nearest(unknown, known)}",
            hint=f"There are {', '.join(known)}.",
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean NAME?`, to follow a sentence about `word`; empty if none of `known` is similar."""
    near = difflib.get_close_matches(word.lower().replace("-", "_"), list(known), 1) or difflib.get_close_matches(
        word, list(known), 1
    )
    return f" Did you mean {near[0]}?" if near else ""


def has_secrets(config: Config) -> bool:
    """Return whether a value is secret: a password, or a command that others must not be able to write."""
    return any(config.keys[key].is_secret for table in _tables(config) for key in table)


def _tables(config: Config) -> tuple[Mapping[str, Any], ...]:
    return (config.defaults, *config.cameras.values())


def _refuse_readers(config: Config, mode: int) -> None:
    if os.name == "posix" and mode & _OTHERS and has_secrets(config):
        raise UsageError(
            f"{config.path} holds a password, or a command that gets one, and others may read or change it.",
            hint=f"chmod 600 {config.path} makes it yours alone.",
        )
    if os.name == "posix" and mode & _WRITERS and any("exec" in table for table in _tables(config)):
        raise UsageError(
            f"{config.path} holds a command that is run (exec), and others may change it.",
            hint=f"chmod 600 {config.path} makes it yours alone.",
        )


PATH_VARIABLE = "CAMREEL_CONFIG"


def config_path() -> Path:
    """Return the settings file: `CAMREEL_CONFIG`, or `config.toml` where this system keeps settings. It may not exist.

    UsageError if the user has no home folder.
    """
    from platformdirs import user_config_path  # noqa: PLC0415 - the pages of help need no settings

    given = os.environ.get(PATH_VARIABLE, "")
    try:
        return Path(given).expanduser().absolute() if given else user_config_path("camreel", False) / "config.toml"
    except RuntimeError:
        raise UsageError(
            "cannot find the settings: this user has no home folder.",
            hint=f"Set HOME, or {PATH_VARIABLE}, to an absolute path.",
        ) from None
