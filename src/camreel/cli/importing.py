"""`camreel cameras import`: the cameras of the `amcrest` tools (amcrest-cli, amcrest-tui)."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import click

from camreel.cli import screen
from camreel.cli.help import Command, Option
from camreel.cli.options import debug_option
from camreel.config import config_path, load, with_camera, write_config
from camreel.devices.address import check_username, parse_address
from camreel.errors import UsageError, printable

_FILE = "~/.config/amcrest.conf"
_MOST_BYTES = 1024 * 1024


@click.command(
    "import",
    cls=Command,
    usage="cameras import [FILE] [options]",
    help=f"Take over the cameras of the amcrest tools. Default: {_FILE}. Names that are there already stay.",
)
@click.argument("file", default=_FILE)
@click.option("--no-passwords", cls=Option, section="What", is_flag=True, help="Leave the passwords where they are.")
@debug_option
def import_cameras(*, file: str, no_passwords: bool) -> int:
    source = Path(file).expanduser()
    path = config_path()
    config = load(path)
    text = path.read_bytes().decode("utf-8") if path.exists() else ""
    taken: list[str] = []
    for section, values in _cameras_in(source):
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", section).strip("-_")[:64] or "camera"
        if name in config.cameras or name in taken:
            screen.remark(f"camreel: note: {name} is in {path} already, and stays as it is.")
            continue
        if no_passwords:
            values.pop("password", None)
        text = with_camera(text, path, name, values)
        taken.append(name)
    if taken:
        write_config(path, text)
    screen.tell(f"Taken over into {path}: {', '.join(taken)}." if taken else "There was nothing to take over.")
    return 0


def _cameras_in(source: Path) -> list[tuple[str, dict[str, Any]]]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with source.open("rb") as stream:
            parser.read_string(stream.read(_MOST_BYTES).decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from None
    except (configparser.Error, UnicodeDecodeError):  # its text is not repeated: there are passwords in it
        raise UsageError(f"{source} is not written like {_FILE}.") from None
    return [(name, _values(source, name, parser[name])) for name in parser.sections()]


def _values(source: Path, name: str, section: configparser.SectionProxy) -> dict[str, Any]:
    where = f"{source}, [{printable(name, 64)}]"
    host = section.get("hostname", "").strip()
    if not host:
        raise UsageError(f"{where}: hostname is missing. Nothing was taken over.")
    port = section.get("port", "").strip()
    if port and not re.fullmatch(r"[0-9]{1,5}", port):
        raise UsageError(f"{where}: port is not a number. Nothing was taken over.")
    values: dict[str, Any] = {"host": host}
    try:
        parse_address(host, port=int(port) if port else None)
        if user := section.get("username", "").strip():
            values["username"] = check_username(user)
    except UsageError as error:
        raise UsageError(f"{where}: {error} Nothing was taken over.", hint=error.hint) from None
    if port and port != "80":
        values["port"] = int(port)
    if password := section.get("password", ""):
        values["password"] = password
    return values
