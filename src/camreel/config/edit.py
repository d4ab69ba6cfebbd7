"""Changes to the text of the settings: lines are added or taken out, and all others stay as they were. Pure.

What comes out is read again and compared with what was meant, so nothing that these rules do not foresee (a header
within a long text, a camera written in another way) can be damaged: it is refused.

The settings file onto the disk: whole or not at all, and no more readable than what it holds may be.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from camreel.config.settings import Config, check_name, has_secrets, parse
from camreel.errors import DiskError, UsageError

_ANY_HEADER = re.compile(r"\s*\[")
_NOT_A_VALUE = re.compile(r"\s*(#.*)?")


def with_camera(text: str, path: Path, name: str, values: Mapping[str, Any]) -> str:
    """``text`` with a section for camera ``name`` at its end. UsageError where there is one already."""
    before = parse(text, path)
    if check_name(name) in before.cameras:
        raise UsageError(
            f"There is a camera named {name} in {path} already.",
            hint=f"Give another name, or remove it first: camreel cameras remove {name}",
        )
    lines = [f"[camera.{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    lead = text if not text or text.endswith("\n") else f"{text}\n"
    changed = f"{lead}\n" if lead.strip() else lead
    changed += "\n".join(lines) + "\n"
    return _as_meant(changed, Config(path, before.defaults, {**before.cameras, name: dict(values)}))


def without_camera(text: str, path: Path, name: str) -> str:
    """``text`` without the section of camera ``name``: its header and settings, and the comments between them.

    Comments above the header, and those below its last setting, stay.
    """
    before = parse(text, path)
    before.camera(name)
    lines = text.splitlines(keepends=True)
    header = re.compile(rf"\s*\[\s*camera\s*\.\s*(?:{name}|\"{name}\"|'{name}')\s*\]\s*(?:#.*)?")
    first = next((number for number, line in enumerate(lines) if header.fullmatch(line.rstrip("\r\n"))), None)
    if first is None:
        raise _by_hand(path)
    after = next((n for n in range(first + 1, len(lines)) if _ANY_HEADER.match(lines[n])), len(lines))
    while after > first + 1 and _NOT_A_VALUE.fullmatch(lines[after - 1].rstrip("\r\n")):
        after -= 1
    while after < len(lines) and not lines[after].strip() and not (first and lines[first - 1].strip()):
        after += 1  # of two empty lines that meet, one goes
    cameras = {key: value for key, value in before.cameras.items() if key != name}
    return _as_meant("".join(lines[:first] + lines[after:]), Config(path, before.defaults, cameras))


def _as_meant(text: str, meant: Config) -> str:
    try:
        changed = parse(text, meant.path)
    except UsageError:
        raise _by_hand(meant.path) from None
    if changed != meant:
        raise _by_hand(meant.path)
    return text


def _by_hand(path: Path) -> UsageError:
    return UsageError(
        f"{path} is written in a way that camreel cannot change without harm. Nothing was changed.",
        hint="Change it in an editor; camreel config path says where it is.",
    )


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    # JSON's texts are TOML's, but for one control character that JSON leaves as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


_OWN = 0o600


def write_config(path: Path, text: str) -> None:
    """Put ``text`` in the place of the settings in ``path``. DiskError where that cannot be done; then nothing changed.

    A new file, and one with a secret in it, is its owner's alone; another keeps its rights. A link stays a link.
    """
    secret = has_secrets(parse(text, path))
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = _OWN
        if not secret:
            with suppress(FileNotFoundError):
                mode = target.stat().st_mode & 0o777
        with suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.chmod(mode)
            new.replace(target)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise DiskError(f"The settings cannot be written to {path}: {error.strerror}.") from error
