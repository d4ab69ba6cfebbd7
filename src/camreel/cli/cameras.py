"""`camreel cameras`: the cameras that the settings have names for."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from camreel.cli import screen
from camreel.cli.chosen import Chosen, settings_of
from camreel.cli.help import Channels, Command, Family, Option
from camreel.cli.importing import import_cameras
from camreel.cli.keeping import into_keyring, keyring_entry
from camreel.cli.options import connection_options, debug_option, json_option
from camreel.cli.password import Given, Passwords
from camreel.cli.testing import test_cameras
from camreel.cli.when import parse_drift
from camreel.clock import parse_camera_zone
from camreel.config import Config, check_name, config_path, load, with_camera, without_camera, write_config
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.errors import UsageError
from camreel.report import json_head
from camreel.text import table

_KEPT = {
    "password": "in the settings",
    "password_file": "in a file",
    "password_command": "from a command",
    "keyring": "in the keyring",
}


def kept_where(chosen: Chosen) -> str:
    """Where the password of a camera comes from, in words."""
    for _section, values in settings_of(chosen):
        for way, words in _KEPT.items():
            if values.get(way):
                return words
    return "asked for"


def text_of(path: Path) -> str:
    """The settings as they stand in the file, checked; empty where there is none."""
    load(path)
    # As bytes: ends of lines stay what they are.
    return path.read_bytes().decode("utf-8") if path.exists() else ""


@click.command("list", cls=Command, usage="cameras list [options]", help="The cameras that have names.")
@json_option
@debug_option
def list_cameras(*, as_json: bool) -> int:
    config = load(config_path())
    rows = [_row(config, name) for name in config.cameras]
    if as_json:
        screen.say_json({**json_head(), "config": str(config.path), "cameras": rows})
    elif rows:
        heads = ("Name", "Where", "User", "Channel", "Password")
        cells = [[row["name"], row["address"], row["username"] or "-", row["channel"], row["password"]] for row in rows]
        screen.say(table(heads, cells, screen.terminal_width(sys.stdout)))
    else:
        screen.tell(f"There are no cameras in {config.path}. camreel setup finds them and names them.")
    return 0


def _row(config: Config, name: str) -> dict[str, Any]:
    chosen = Chosen(config, name, name)
    return {
        "name": name,
        "address": str(_address(chosen)),
        "username": chosen.setting("username"),
        "channel": str(chosen.setting("channel") or 1),
        "password": kept_where(chosen),
    }


def _address(chosen: Chosen) -> Any:
    return parse_address(chosen.setting("host"), usual_port=chosen.setting("port"), https=bool(chosen.setting("https")))


@click.command(
    "add", cls=Command, usage="cameras add NAME --host HOST [options]", help="Give a camera a name in the settings."
)
@click.argument("name")
@connection_options
@click.option("-c", "--channel", cls=Option, section="The camera", type=Channels(), help="Its channel, or channels.")
@click.option("--camera-tz", cls=Option, section="The camera", metavar="ZONE", help="Its zone.")
@click.option("--clock-drift", cls=Option, section="The camera", metavar="SECONDS", help="By how much it is fast.")
@click.option(
    "--password-command", cls=Option, section="The password", metavar="CMD", help="A program that prints it, each time."
)
@click.option("--keyring", cls=Option, section="The password", is_flag=True, help="Keep it in the system's keyring.")
@click.option("--save-password", cls=Option, section="The password", is_flag=True, help="Keep it in the settings.")
@debug_option
def add_camera(
    *,
    name: str,
    host: str | None,
    username: str | None,
    password_file: str | None,
    password_stdin: bool,
    no_input: bool,
    password_command: str | None,
    keyring: bool,
    save_password: bool,
    **settings: Any,
) -> int:
    if host is None:
        raise UsageError("--host is missing.", hint=f"Like this: camreel cameras add {name} --host 192.168.1.100")
    path = config_path()
    before = text_of(path)
    values = {"host": host, **_checked(host, username, settings)}
    values["username"] = username
    if (channels := values["channel"]) is not None:
        values["channel"] = channels[0] if len(channels) == 1 else ",".join(str(channel) for channel in channels)
    ways = [keyring, save_password, password_command is not None]
    if sum(ways) > 1:
        raise UsageError("--keyring, --save-password and --password-command exclude each other.")
    if password_command is not None:
        values["password_command"] = password_command
        if not shlex.split(password_command):
            raise UsageError("--password-command is empty.")
    elif not (keyring or save_password) and password_file is not None:
        values["password_file"] = os.path.abspath(os.path.expanduser(password_file))  # noqa: PTH100, PTH111 - links stay
    values = {key: value for key, value in values.items() if value not in (None, False)}
    with_camera(before, path, name, values)  # whether the name is free, before anybody types a password
    if keyring or save_password:
        if username is None:
            raise UsageError("--username is missing.", hint="A password belongs to a user.")
        password = Passwords(Given(password_file, password_stdin, no_input)).of(username, name)
        if keyring:
            into_keyring(keyring_entry(username, Chosen(load(path), name, name)), password)
        values["keyring" if keyring else "password"] = True if keyring else password
    write_config(path, with_camera(before, path, name, values))
    screen.tell(f"{name} is in {path}.")
    return 0


def _checked(host: str, username: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    parse_address(host, port=settings["port"], https=settings["https"])
    check_tls(insecure=settings["insecure"], ca_file=settings["ca_file"], fingerprint=settings["fingerprint"])
    if username is not None:
        check_username(username)
    if settings["camera_tz"] is not None:
        parse_camera_zone(settings["camera_tz"])
    if settings["clock_drift"] is not None:
        parse_drift(settings["clock_drift"])
    return settings


@click.command(
    "remove",
    cls=Command,
    usage="cameras remove NAME",
    help="Take a camera out of the settings. Comments above it stay, and so do its videos.",
)
@click.argument("name")
@debug_option
def remove_camera(*, name: str) -> int:
    path = config_path()
    write_config(path, without_camera(text_of(path), path, check_name(name)))
    screen.tell(f"{name} is no longer in {path}.")
    return 0


cameras = Family(
    "cameras",
    help="The cameras that have names in the settings.",
    commands=[list_cameras, add_camera, remove_camera, test_cameras, import_cameras],
)

__all__: Sequence[str] = ["cameras", "kept_where", "text_of"]
