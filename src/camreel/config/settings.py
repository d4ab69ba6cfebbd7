"""Find, read and check the settings file.

Each key has the name of its option, with `_` for `-`. A mistake is one sentence that names the file and the place.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import unicodedata
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
    """One key of the settings. `of_camera`: it is for one camera only. `of_all`: it is for `[defaults]` only.

    `is_secret`: it is never shown.
    """

    name: str
    kind: ValueKind
    meaning: str
    of_camera: bool = False
    is_secret: bool = False
    of_all: bool = False


Keys = Mapping[str, Key]
DEFAULT_CAMERA = "default_camera"  # the key for the camera that is meant if none is named
_MOST_BYTES = 1024 * 1024  # somebody will point it at a video
_LONGEST_NAME = 64  # bytes: it is a part of the names of files
# Letters and marks that no screen shows: two names would look the same.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
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

    def known_as(self, name: str) -> str | None:
        """Return the name of the camera `name` as it stands in the settings; None if there is none.

        The case of letters does not matter, nor how their accents are coded.
        """
        if name in self.cameras:
            return name
        wanted = _folded(name)
        return next((known for known in self.cameras if _folded(known) == wanted), None)

    @property
    def usual_camera(self) -> str | None:
        """The camera that is meant if none is named: `default_camera`, or the only one; None if there are several."""
        if (default := self.defaults.get(DEFAULT_CAMERA)) is not None:
            return self.known_as(default)
        return next(iter(self.cameras)) if len(self.cameras) == 1 else None

    def name_of(self, name: str, other: Iterable[str] = ()) -> str:
        """Return :meth:`known_as`. UsageError, with similar names and ``other`` words, if there is no such camera."""
        if (known_name := self.known_as(name)) is not None:
            return known_name
        near = nearest(name, [*self.cameras, *other])
        known = f"{_listed(self.cameras)} " if self.cameras else ""
        setup = "" if self.cameras else " To find and name a camera:\ncamreel setup"
        raise UsageError(
            f"There is no camera named {printable(name, 64)!r} in {self.path}.{near}",
            hint=f"{known}For an address without a dot use --host.{setup}",
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
    config = Config(path, keys, defaults, _named_cameras(cameras, path, keys))
    if (default := defaults.get(DEFAULT_CAMERA)) is not None and config.known_as(default) is None:
        raise UsageError(
            f"{path}, [defaults]: {DEFAULT_CAMERA} is {printable(default, 64)!r}, and no camera has that name."
            f"{nearest(default, config.cameras)}",
            hint=_listed(config.cameras) if config.cameras else "Remove that line.",
        )
    return config


def _named_cameras(cameras: Mapping[str, object], path: Path, keys: Keys) -> dict[str, Mapping[str, Any]]:
    """Return the settings of each camera, by its checked name."""
    own: dict[str, Mapping[str, Any]] = {}
    folded: dict[str, str] = {}
    for written, values in cameras.items():
        table = _camera(written, values, path, keys)
        name = check_name(written)
        if (other := folded.setdefault(_folded(name), name)) != name or name in own:
            raise UsageError(
                f"{path}: [camera.{other}] and [camera.{name}] have the same name: case does not matter.",
                hint="Give one of them another name.",
            )
        own[name] = table
    return own


def check_name(name: str) -> str:
    """Return `name`, composed (NFC), if it may name a camera. UsageError if not.

    It may have letters and digits of any script, `-` and `_`, and begins with a letter or a digit.
    """
    composed = normal_name(name)
    letters = [*composed]
    if not letters or not _is_letter(letters[0]) or not all(_is_letter(each, within=True) for each in letters):
        raise UsageError(
            f"{printable(name, 64)!r} is not a name for a camera.",
            hint="Names have letters, digits, - and _, like front-door.",
        )
    if len(composed.encode()) > _LONGEST_NAME:
        raise UsageError(
            f"{printable(name, 64)!r} is too long for the name of a camera.",
            hint=f"It may have {_LONGEST_NAME} letters, or fewer of other scripts than Latin.",
        )
    return composed


def _is_letter(character: str, *, within: bool = False) -> bool:
    """Return whether a name may begin with `character`; `within`: have it after its beginning."""
    if _INVISIBLE.match(character):
        return False
    if character.isalpha() or character.isdecimal():
        return True
    # Marks are vowels in many scripts, and accents where Unicode has no letter with them.
    return within and (character in "-_" or unicodedata.category(character)[0] == "M")


def normal_name(name: str) -> str:
    """Return `name` with its accents composed (NFC), as keyboards type it and unlike some file systems write it."""
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    """Return `name` as names are compared."""
    return normal_name(normal_name(name).casefold())


def _camera(name: str, values: object, path: Path, keys: Keys) -> dict[str, Any]:
    where = f"[camera.{printable(name, 64)}]"
    if not isinstance(values, dict) and name in keys:
        raise UsageError(
            f"{path}: {name} stands in no camera's section.", hint="Write [camera.front-door], and its settings below."
        )
    check_name(name)
    table = _table(values, where, path, keys)
    if misplaced := next((key for key in table if keys[key].of_all), None):
        raise UsageError(f"{path}, {where}: {misplaced} belongs to no camera.", hint="Write it into [defaults].")
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
            hint=_listed(known),
        )


def _listed(known: Iterable[str]) -> str:
    names = list(known)
    return f"The only one is {names[0]}." if len(names) == 1 else f"Choose from {', '.join(names)}."


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
            f"{config.path} holds a secret, or a command that gets one, and others may read or change it.",
            hint=f"chmod 600 {config.path} makes it yours alone.",
        )
    if (
        os.name == "posix"
        and mode & _WRITERS
        and any({"exec", "on_failure"}.intersection(table) for table in _tables(config))
    ):
        raise UsageError(
            f"{config.path} holds a command that is run (exec, on_failure), and others may change it.",
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
