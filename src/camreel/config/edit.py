"""Change the settings file: add or remove a camera, and keep comments, order and everything else as they are.

The changed text is read again and compared with what was meant. A file that would lose something is refused. It is
written whole or not at all, and no more readable than its secrets allow.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from camreel.config.settings import Config, Keys, check_name, has_secrets, parse
from camreel.diskio import create_new, random_part
from camreel.errors import DiskError, UsageError

_CUT = "\0"  # which no TOML text holds


def with_camera(text: str, path: Path, name: str, values: Mapping[str, Any], keys: Keys) -> str:
    """Return `text` with a section for camera `name` at its end. UsageError if there is one already."""
    import tomlkit  # noqa: PLC0415 - loaded only to write

    before = parse(text, path, keys)
    if check_name(name) in before.cameras:
        raise UsageError(
            f"There is a camera named {name} in {path} already.",
            hint=f"Give another name, or remove it first: camreel cameras remove {name}",
        )
    lead = text if not text or text.endswith("\n") else f"{text}\n"
    gap = "\n" if lead.strip() else ""
    changed = lead + gap + tomlkit.dumps({"camera": {name: values}})
    return _as_meant(changed, Config(path, keys, before.defaults, {**before.cameras, name: dict(values)}))


def without_camera(text: str, path: Path, name: str, keys: Keys) -> str:
    """Return `text` without the section of camera `name`: its header, its settings and the comments between them.

    Comments above the header and below the last setting stay. UsageError if there is no such camera.
    """
    before = parse(text, path, keys)
    before.camera(name)
    head, tail = _around_camera(text, path, name)
    if not head or head.endswith(("\n\n", "\n\r\n")):
        tail = tail.lstrip("\r\n")  # of two empty lines that meet, one goes
    cameras = {key: value for key, value in before.cameras.items() if key != name}
    return _as_meant(head + tail, Config(path, keys, before.defaults, cameras))


def _around_camera(text: str, path: Path, name: str) -> tuple[str, str]:
    """Return what stands before the header of camera `name` and what stands below its last setting."""
    import tomlkit  # noqa: PLC0415 - loaded only to write
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415
    from tomlkit.items import Table, Whitespace  # noqa: PLC0415

    try:
        document = tomlkit.parse(text)
    except TOMLKitError:
        raise _by_hand(path) from None
    # The section of all cameras stands in the body once for each group of cameras between other sections.
    groups = [item.value.body for key, item in document.body if key and key.key == "camera" and isinstance(item, Table)]
    for group in groups:
        for number, (key, camera) in enumerate(group):
            if key and key.key == name and isinstance(camera, Table):
                below = takewhile(lambda entry: entry[0] is None, reversed(camera.value.body))
                kept = "".join(reversed([item.as_string() for _, item in below]))
                group[number] = (None, Whitespace(_CUT + kept))
    head, cut, tail = document.as_string().partition(_CUT)
    if not cut or not (text.startswith(head) and text.endswith(tail)):
        raise _by_hand(path)
    return head, tail


def _as_meant(text: str, meant: Config) -> str:
    """Return `text` if it says what was meant; UsageError if not."""
    try:
        if parse(text, meant.path, meant.keys) == meant:
            return text
    except UsageError:
        pass
    raise _by_hand(meant.path)


def _by_hand(path: Path) -> UsageError:
    return UsageError(
        f"{path} is written in a way that camreel cannot change without harm. Nothing was changed.",
        hint="Change it in an editor; camreel config path says where it is.",
    )


_OWN = 0o600


def write_config(path: Path, text: str, keys: Keys) -> None:
    """Replace the settings in `path` by `text`. DiskError if that fails; then nothing has changed.

    A new file, and one with a secret, gets mode 0600; others keep their mode. A link stays a link.
    """
    secret = has_secrets(parse(text, path, keys))
    target = Path(os.path.realpath(path))
    new = random_part(target.with_name(f".{target.name}"))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = _OWN
        if not secret:
            with suppress(FileNotFoundError):
                mode = target.stat().st_mode & 0o777
        handle = create_new(new, _OWN)
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
