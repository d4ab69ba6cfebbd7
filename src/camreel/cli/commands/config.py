"""`camreel config`: where the settings are, and what each value is and comes from. Secrets are never shown."""

from __future__ import annotations

import os
from typing import Any

import click

from camreel.cli.camera_choice import chosen_of, read_settings
from camreel.cli.commands.cameras import kept_where
from camreel.cli.commands.get import get
from camreel.cli.help import Argument, Family, HelpCommand
from camreel.cli.options import KEYS, PING_VARIABLE, debug_option, json_option
from camreel.cli.passwords import FILE_VARIABLE, VARIABLE
from camreel.cli.ui import terminal
from camreel.config import config_path
from camreel.report import json_head
from camreel.text import table

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
    help="Show the values for camera NAME (default: for any camera), and where each comes from.",
)
@click.argument("name", cls=Argument, required=False)
@json_option
@debug_option
def show_config(*, name: str | None, as_json: bool) -> int:
    config = read_settings()
    if name is not None:
        name = config.name_of(name)
    rows = _rows(name)
    if as_json:
        values = {key: {"value": value, "from": origin} for key, value, origin in rows}
        terminal.say_json({**json_head(), "config": str(config.path), "camera": name, "values": values})
        return 0
    there = "" if config.path.exists() else " (there is no such file yet)"
    terminal.out(f"{config.path}{there}\n")
    terminal.out(table(("Setting", "Value", "From"), [(key, _shown(value), origin) for key, value, origin in rows]))
    if name is None and config.cameras:
        terminal.print_wrapped(f"\nCameras: {', '.join(config.cameras)}. camreel config show NAME shows one of them.")
    return 0


def _rows(name: str | None) -> list[tuple[str, Any, str]]:
    """Each setting that has a value, with where it comes from, as `camreel get` itself would read them."""
    ctx = get.make_context("get", [name] if name is not None else [])
    chosen = chosen_of(ctx)
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
    return [row for row in rows if row[1] is not None]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)


config_commands = Family(
    "config", help="Show the settings and the path of their file.", commands=[show_config, show_path]
)
