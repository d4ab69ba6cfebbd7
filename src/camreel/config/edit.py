"""Change the settings file: a camera, or one key. Comments, order and everything else stay.

The changed text is read again and compared with what was meant. A file that would lose something is refused. It is
written whole or not at all, and no more readable than its secrets allow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camreel.config.settings import DEFAULT_CAMERA, Config, Keys, check_name, has_secrets, normal_name, parse
from camreel.diskio import create_new, random_part
from camreel.errors import DiskError, UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Item, Key

_CUT = "\0"  # which no TOML text holds


def with_camera(text: str, path: Path, name: str, values: Mapping[str, Any], keys: Keys) -> str:
    """Return `text` with a section for camera `name` at its end. UsageError if there is one already."""
    import tomlkit  # noqa: PLC0415 - loaded only to write

    before, name = parse(text, path, keys), check_name(name)
    refuse_taken(before, name)
    lead = text if not text or text.endswith("\n") else f"{text}\n"
    gap = "\n" if lead.strip() else ""
    changed = lead + gap + tomlkit.dumps({"camera": {name: values}})
    return _as_meant(changed, Config(path, keys, before.defaults, {**before.cameras, name: dict(values)}))


def refuse_taken(config: Config, name: str) -> None:
    """Raise UsageError if a camera has that name already."""
    if (taken := config.known_as(name)) is not None:
        raise UsageError(
            f"There is a camera named {taken} in {config.path} already.",
            hint=f"Give another name, or change that one:\ncamreel cameras rename {taken} NEW",
        )


def without_camera(text: str, path: Path, name: str, keys: Keys) -> str:
    """Return `text` without the section of camera `name`: its header, its settings and the comments between them.

    Comments above the header and below the last setting stay. If it is the default camera, there is none any more.
    UsageError if there is no such camera.
    """
    before = parse(text, path, keys)
    name = before.name_of(name)
    head, tail = _around_camera(text, path, name)
    if not head or head.endswith(("\n\n", "\n\r\n")):
        tail = tail.lstrip("\r\n")  # of two empty lines that meet, one goes
    cameras = {key: value for key, value in before.cameras.items() if key != name}
    changed, defaults = head + tail, before.defaults
    if _is_default(before, name):
        document = _document(changed, path)
        _section(document, "defaults", path).remove(DEFAULT_CAMERA)
        changed = document.as_string()
        defaults = {key: value for key, value in defaults.items() if key != DEFAULT_CAMERA}
    return _as_meant(changed, Config(path, keys, defaults, cameras))


def with_name(text: str, path: Path, name: str, new: str, keys: Keys) -> str:
    """Return `text` with camera `name` called `new`, in its section and as the default camera.

    UsageError if there is no such camera, or another one has that name.
    """
    from tomlkit.items import SingleKey, Table  # noqa: PLC0415 - loaded only to write

    before, new = parse(text, path, keys), check_name(new)
    name = before.name_of(name)
    if before.known_as(new) not in {None, name}:
        refuse_taken(before, new)
    document = _document(text, path)
    for group, number in _places_of(document, name):
        key, camera = group[number]
        fresh = SingleKey(new)
        fresh.sep = key.sep if key else ""
        if isinstance(camera, Table):
            camera.display_name = None  # the header as it was written
        group[number] = (fresh, camera)
    defaults = before.defaults
    if _is_default(before, name):
        _section(document, "defaults", path)[DEFAULT_CAMERA] = new
        defaults = {**defaults, DEFAULT_CAMERA: new}
    cameras = {new if key == name else key: values for key, values in before.cameras.items()}
    return _as_meant(document.as_string(), Config(path, keys, defaults, cameras))


def with_value(text: str, path: Path, name: str | None, key: str, value: Any, *, keys: Keys) -> str:
    """Return `text` with `key` set to `value` for camera `name`; None: for all cameras. A comment behind it stays.

    `value` None takes the key out. UsageError if there is no such camera, or the settings cannot be like that.
    """
    before = parse(text, path, keys)
    name = None if name is None else before.name_of(name)
    old = before.defaults if name is None else before.cameras[name]
    new = {**old, key: value} if value is not None else {each: old[each] for each in old if each != key}
    defaults = new if name is None else before.defaults
    cameras = before.cameras if name is None else {**before.cameras, name: new}
    meant = Config(path, keys, defaults, cameras)
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    document = _document(ended, path)
    places = list(_places_of(document, name)) if name is not None else []
    table = document.get("defaults") if name is None else places[0][0][places[0][1]][1] if len(places) == 1 else None
    if name is None and table is None:
        gap = "\n" if ended.strip() else ""
        return _as_meant(ended if value is None else ended + gap + _line(key, value, table="defaults"), meant)
    _change(table, key, value, path, "\r\n" if "\r\n" in text else "\n")
    changed = document.as_string()
    parse(changed, path, keys)  # what is wrong with the value is said by itself
    return _as_meant(changed, meant)


def _change(table: object, key: str, value: Any, path: Path, end: str) -> None:
    """Change one key of a section, above the comments that belong to what follows."""
    from tomlkit.items import Table, Whitespace  # noqa: PLC0415 - loaded only to write

    if not isinstance(table, Table):
        raise _by_hand(path)
    if value is None:
        table.pop(key, None)
    elif key in table:
        table[key] = value
    else:
        body = table.value.body
        last = max((number for number, (each, _) in enumerate(body) if each is not None), default=-1)
        body.insert(last + 1, (None, Whitespace(_line(key, value).replace("\n", end))))


def _line(key: str, value: Any, table: str = "") -> str:
    import tomlkit  # noqa: PLC0415 - loaded only to write

    return tomlkit.dumps({table: {key: value}} if table else {key: value})


def _is_default(config: Config, name: str) -> bool:
    return DEFAULT_CAMERA in config.defaults and config.usual_camera == name


def _document(text: str, path: Path) -> TOMLDocument:
    """Return `text` as it can be changed and written again."""
    import tomlkit  # noqa: PLC0415 - loaded only to write
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(text)
    except TOMLKitError:
        raise _by_hand(path) from None


def _section(document: TOMLDocument, name: str, path: Path) -> Any:
    """Return the section `name`, to change its keys. UsageError if it stands in several places."""
    from tomlkit.items import Table  # noqa: PLC0415 - loaded only to write

    section = document.get(name)
    if not isinstance(section, Table):
        raise _by_hand(path)
    return section


def _places_of(document: TOMLDocument, name: str) -> Iterator[tuple[list[tuple[Key | None, Item]], int]]:
    """Yield where the settings of camera `name` stand: a body, and the place in it."""
    from tomlkit.items import Table  # noqa: PLC0415 - loaded only to write

    # The section of all cameras stands in the body once for each group of cameras between other sections.
    groups = [item.value.body for key, item in document.body if key and key.key == "camera" and isinstance(item, Table)]
    for group in groups:
        for number, (key, _) in enumerate(group):
            if key and normal_name(key.key) == name:
                yield group, number


def _around_camera(text: str, path: Path, name: str) -> tuple[str, str]:
    """Return what stands before the header of camera `name` and what stands below its last setting."""
    from tomlkit.items import Table, Whitespace  # noqa: PLC0415 - loaded only to write

    document = _document(text, path)
    for group, number in _places_of(document, name):
        camera = group[number][1]
        if isinstance(camera, Table):
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
        hint="Change it in an editor.",
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
