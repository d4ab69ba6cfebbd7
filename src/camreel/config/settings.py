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

from camreel.errors import UsageError, printable


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


_ALL = (
    Key("host", ValueKind.TEXT, "where the camera is; every camera has it", of_camera=True),
    Key("port", ValueKind.NUMBER, "its port, where that is not the usual one", of_camera=True),
    Key("username", ValueKind.TEXT, "the login"),
    Key("password", ValueKind.TEXT, "the password itself, in clear", is_secret=True),
    Key("password_file", ValueKind.TEXT, "a file whose first line is the password"),
    Key("password_command", ValueKind.WORDS, "a program that prints the password; no shell is between", is_secret=True),
    Key("keyring", ValueKind.YES_NO, "the password is in the keyring of the system"),
    Key("https", ValueKind.YES_NO, "speak https"),
    Key("insecure", ValueKind.YES_NO, "https with any certificate"),
    Key("ca_file", ValueKind.TEXT, "https with certificates that this file vouches for"),
    Key("fingerprint", ValueKind.TEXT, "https with just this certificate", of_camera=True),
    Key("channel", ValueKind.EITHER, 'the channel, or channels: 2, "1,3-5", "Front door"'),
    Key("stream", ValueKind.TEXT, "main or sub"),
    Key("camera_tz", ValueKind.TEXT, "the camera's zone"),
    Key("clock_drift", ValueKind.EITHER, 'by how many seconds its clock is fast, or "off"'),
    Key("times_in", ValueKind.TEXT, "whose clock times without an offset are of"),
    Key("events", ValueKind.WORDS, "only recordings that have one of these"),
    Key("pad", ValueKind.TEXT, "so much before and after them"),
    Key("max_concurrent", ValueKind.NUMBER, "downloads at a time"),
    Key("limit_rate", ValueKind.EITHER, "bytes a second for all of them"),
    Key("retry_for", ValueKind.TEXT, "how long a camera that went away is waited for"),
    Key("output_dir", ValueKind.TEXT, "where videos go"),
    Key("output_format", ValueKind.TEXT, "mp4, mkv, mov or avi"),
    Key("if_exists", ValueKind.TEXT, "fail, skip or overwrite"),
    Key("keep_files", ValueKind.YES_NO, "keep the downloaded clips"),
    Key("whole_clips", ValueKind.YES_NO, "do not cut at the ends of the range"),
    Key("exact", ValueKind.YES_NO, "begin with just the asked picture"),
    Key("h264", ValueKind.YES_NO, "encode all of it again"),
    Key("audio", ValueKind.TEXT, "auto, copy, aac, pcm or none"),
    Key("gaps", ValueKind.TEXT, "jump or hold"),
    Key("subtitles", ValueKind.YES_NO, "a track with the camera's clock"),
    Key("split", ValueKind.TEXT, "a new file each day, hour, or so many bytes"),
    Key("faststart", ValueKind.YES_NO, "the index in front"),
    Key("exec", ValueKind.TEXT, "a command for each complete video; no shell is between"),
    Key("follow", ValueKind.YES_NO, "wait for what is not recorded yet"),
    Key("require_complete", ValueKind.YES_NO, "a gap gives exit code 4"),
)

KEYS = {key.name: key for key in _ALL}
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


def load(path: Path) -> Config:
    """Return the settings in `path`, empty if there is no file. UsageError if it is unreadable or has errors."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        return Config(path)
    except OSError as error:
        raise UsageError(f"The settings in {path} cannot be read: {error.strerror}.") from error
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"{path} is too large to be settings of camreel.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8.") from None
    config = parse(text, path)
    _refuse_readers(config, mode)
    return config


def parse(text: str, path: Path) -> Config:
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
    defaults = _table(tables.get("defaults", {}), "[defaults]", path)
    if misplaced := next((key for key in defaults if KEYS[key].of_camera), None):
        raise UsageError(
            f"{path}, [defaults]: {misplaced} belongs to one camera.", hint="Write it into that camera's own section."
        )
    cameras = tables.get("camera", {})
    if not isinstance(cameras, dict):
        raise UsageError(f"{path}: camera is no section.", hint="Write [camera.front-door], and its settings below.")
    return Config(path, defaults, {name: _camera(name, values, path) for name, values in cameras.items()})


def check_name(name: str) -> str:
    """Return `name` if it may name a camera: letters, digits, `-` and `_`. UsageError if not."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{printable(name, 64)!r} is not a name for a camera.",
            hint="Names have letters, digits, - and _, like front-door.",
        )
    return name


def _camera(name: str, values: object, path: Path) -> dict[str, Any]:
    where = f"[camera.{printable(name, 64)}]"
    if not isinstance(values, dict) and name in KEYS:
        raise UsageError(
            f"{path}: {name} stands in no camera's section.", hint="Write [camera.front-door], and its settings below."
        )
    check_name(name)
    table = _table(values, where, path)
    if not table.get("host"):
        raise UsageError(f"{path}, {where}: host is missing.", hint='Like host = "192.168.1.100".')
    return table


def _table(values: object, where: str, path: Path) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UsageError(f"{path}: {where} is no section.")
    _refuse_unknown(values, KEYS, f"{path}, {where}", "setting")
    for key, value in values.items():
        if not KEYS[key].kind.holds(value):
            raise UsageError(f"{path}, {where}: {key} must be {KEYS[key].kind.value}.")
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
    return any(KEYS[key].is_secret for table in _tables(config) for key in table)


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
