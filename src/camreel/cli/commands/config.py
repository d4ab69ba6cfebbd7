"""`camreel config`: where the settings are, what each value is and comes from, and how it is changed.

Secrets are never shown, and are no arguments.
"""

from __future__ import annotations

import os
import re
from typing import Any

import click

from camreel.cli.camera_choice import chosen_of, read_settings
from camreel.cli.commands.cameras import kept_where, locked_settings
from camreel.cli.commands.get import get
from camreel.cli.help import Argument, Family, HelpCommand, Option
from camreel.cli.options import KEYS, PING_VARIABLE, debug_option, json_option
from camreel.cli.passwords import FILE_VARIABLE, VARIABLE
from camreel.cli.ui import terminal
from camreel.config import DEFAULT_CAMERA, Config, Key, ValueKind, config_path, nearest, with_value, write_config
from camreel.devices.address import check_username, parse_address
from camreel.errors import UsageError, printable
from camreel.report import json_head
from camreel.text import command_text, table

_EXAMPLES = """
Examples:
  camreel config set front-door.camera_tz Europe/Berlin
  camreel config set default_camera front-door
"""
_PASSWORDS = ("password", "password_file", "password_command", "keyring")
_Source = click.core.ParameterSource


@click.command("path", cls=HelpCommand, usage="config path", help="Print the path of the settings file.")
@debug_option
def show_path() -> int:
    terminal.out(str(config_path()))
    return 0


@click.command(
    "show",
    cls=HelpCommand,
    usage="config show [NAME] [options]",
    help="Show the values for camera NAME, and where each comes from. Default: the camera of a command without a name.",
)
@click.argument("name", cls=Argument, required=False)
@json_option
@debug_option
def show_config(*, name: str | None, as_json: bool) -> int:
    config = read_settings()
    name, rows = _rows(config.name_of(name) if name is not None else None)
    if as_json:
        values = {key: {"value": value, "from": origin} for key, value, origin in rows}
        terminal.say_json({**json_head(), "config": str(config.path), "camera": name, "values": values})
        return 0
    there = "" if config.path.exists() else " (there is no such file yet)"
    terminal.out(f"{config.path}{there}")
    terminal.out(f"Camera: {name}\n" if name is not None else "")
    terminal.out(table(("Setting", "Value", "From"), [(key, _shown(value), origin) for key, value, origin in rows]))
    if len(config.cameras) > (name is not None):
        other = next(each for each in config.cameras if each != name)
        terminal.out()
        see = command_text(("config", "show", other))
        terminal.print_advice(f"Cameras: {', '.join(config.cameras)}. To see another:\n{see}")
    return 0


def _rows(name: str | None) -> tuple[str | None, list[tuple[str, Any, str]]]:
    """Return the camera that `camreel get NAME` means, and each setting that has a value, with where it comes from."""
    ctx = get.make_context("get", [name] if name is not None else [])
    chosen = chosen_of(ctx)
    name = chosen.name
    options = {option.name: option for option in get.params}
    rows: list[tuple[str, Any, str]] = []
    for key in KEYS:
        value = chosen.setting(key)
        if key in _PASSWORDS:
            continue
        if key not in options:  # of the settings alone
            origin = chosen.config.section_of(name, key) or "[defaults]"
            if key == "ping_url" and os.environ.get(PING_VARIABLE):
                value, origin = True, PING_VARIABLE
            rows.append((key, "set, not shown" if value and KEYS[key].is_secret else value, origin))
            continue
        if key in {"host", "port"} and name is not None:  # the environment then means another camera
            rows.append((key, value, f"{chosen.config.section_of(name, key)}"))
            continue
        option, source = options[key], ctx.get_parameter_source(key)
        value = ctx.params[key]
        origin = {_Source.DEFAULT_MAP: f"{chosen.config.section_of(name, key)}"}.get(
            source or _Source.DEFAULT, "default"
        )
        if source is _Source.ENVIRONMENT:
            origin = str(getattr(option, "envvar", ""))
        rows.append((key, value, origin))
    if os.environ.get(VARIABLE) is not None:
        password, origin = "set, not shown", VARIABLE
    elif os.environ.get(FILE_VARIABLE):
        password, origin = "in a file", FILE_VARIABLE
    else:
        password = kept_where(chosen)
        way = next((way for way in _PASSWORDS if chosen.setting(way)), None)
        origin = f"{chosen.config.section_of(name, way)}" if way else "default"
    rows.append(("password", password, origin))
    return name, [row for row in rows if row[1] is not None]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)


@click.command(
    "set",
    cls=HelpCommand,
    usage="config set [NAME.]KEY VALUE",
    help="Set KEY for the camera NAME, or for all cameras. Other lines and comments stay.",
    context_settings={"ignore_unknown_options": True},  # -7 is a value
    examples=_EXAMPLES,
)
@click.argument("key", cls=Argument)
@click.argument("value", cls=Argument)
@debug_option
def set_value(*, key: str, value: str) -> int:
    config = read_settings()
    name, known = _place_of(key, config)
    if known.is_secret:
        raise UsageError(
            f"{known.name} cannot be an argument: everybody on this computer could read it.",
            hint="Change the settings in an editor, or let camreel ask for a password:\ncamreel setup",
        )
    return _change(config, name, known, _checked(known, value, config))


@click.command(
    "unset",
    cls=HelpCommand,
    usage="config unset [NAME.]KEY",
    help="Remove KEY of the camera NAME, or of all cameras, from the settings.",
)
@click.argument("key", cls=Argument)
@debug_option
def unset_value(*, key: str) -> int:
    config = read_settings()
    name, known = _place_of(key, config)
    section, there = ("[defaults]", config.defaults) if name is None else (f"[camera.{name}]", config.cameras[name])
    if known.name not in there:
        raise UsageError(f"{known.name} is not set in {section} of {config.path}.")
    return _change(config, name, known, None)


def _change(config: Config, name: str | None, known: Key, value: Any) -> int:
    path = config.path
    with locked_settings() as (_, text):
        write_config(path, with_value(text, path, name, known.name, value, keys=KEYS), KEYS)
    section = "[defaults]" if name is None else f"[camera.{name}]"
    said = f"= {_shown(value)}" if value is not None else "is no longer set"
    terminal.print_wrapped(f"{known.name} {said} in {section} of {path}.")
    return 0


def _place_of(typed: str, config: Config) -> tuple[str | None, Key]:
    """Return the camera (None: all of them) and the key that ``NAME.KEY`` or ``KEY`` is."""
    camera, dot, word = typed.rpartition(".")
    name = config.name_of(camera) if dot else None
    known = KEYS.get(word.replace("-", "_"))
    if known is None:
        raise UsageError(
            f"There is no setting {printable(word, 64)!r}.{nearest(word, KEYS)}", hint=f"Choose from {', '.join(KEYS)}."
        )
    if known.of_camera and name is None:
        like = next(iter(config.cameras), "front-door")
        raise UsageError(f"{known.name} belongs to one camera.", hint=f"Name it: {like}.{known.name}")
    return name, known


def _checked(known: Key, text: str, config: Config) -> Any:
    """Return the value that was typed, in the type of its key; UsageError if its option would not take it."""
    option = next((each for each in get.params if each.name == known.name), None)
    if known.name == DEFAULT_CAMERA:
        return config.name_of(text)
    if known.kind is ValueKind.YES_NO:
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"{known.name} must be true or false, got {text!r}.")
        return text.lower() == "true"
    if known.name == "host":
        parse_address(text)
    elif known.name == "username":
        check_username(text)
    elif isinstance(option, Option):
        ctx = click.Context(get)
        ctx.params[str(option.name)] = option.type_cast_value(ctx, text)
        option.value_of(ctx)
    is_number = known.kind in {ValueKind.NUMBER, ValueKind.EITHER} and re.fullmatch(r"[+-]?[0-9]{1,9}", text)
    return int(text) if is_number else text


config_commands = Family(
    "config",
    help="Show or change the settings. Alone it shows them.",
    commands=[show_config, show_path, set_value, unset_value],
)
