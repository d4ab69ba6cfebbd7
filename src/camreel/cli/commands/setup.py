"""`camreel setup`: find a camera, log in once, give it a name."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import SelectedCamera, read_settings
from camreel.cli.commands.cameras import check_lock, clock_text, device_label, probe_camera, text_of
from camreel.cli.help import HelpCommand, Option
from camreel.cli.options import KEYS, debug_option, reached_options
from camreel.cli.passwords import ask, checked_password, into_keyring, keyring_entry
from camreel.cli.startup import loading_aiohttp, program_command
from camreel.cli.ui import terminal
from camreel.config import Config, check_name, config_path, with_camera, write_config
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.errors import BasicNotAllowed, UsageError, printable
from camreel.model import Address, Target
from camreel.text import table

if TYPE_CHECKING:
    from camreel.devices.base import FoundDevice
    from camreel.jobs.search import CameraSummary

_USER = "admin"  # what the factory calls it
_MOST_TITLES = 16

_AT_END = """
What it does:
  It asks the local network for cameras (a small question
  by UDP, port 37810), then asks you three things: which
  one, the user, the password. It logs in once; a login
  that is refused is not tried again, and nothing is saved.
  Nothing is changed on the camera.
"""


@click.command(
    "setup",
    cls=HelpCommand,
    usage="setup [options]",
    help="Find a camera on the local network, log in, and name it, so that camreel get NAME works.",
    at_end=_AT_END,
)
@click.option("--name", cls=Option, section="What", metavar="NAME", help="Call it NAME. Default: its own name.")
@click.option(
    "--ask",
    "places",
    cls=Option,
    section="What",
    metavar="ADDRESS",
    multiple=True,
    help="Ask IP: a camera or a broadcast address. Repeatable.",
)
@click.option("--keyring", cls=Option, section="Password", is_flag=True, help="Keep it in the system's keyring.")
@click.option("--no-save-password", cls=Option, section="Password", is_flag=True, help="Do not keep it: ask each time.")
@reached_options
@debug_option
def setup(
    *,
    name: str | None,
    places: tuple[str, ...],
    keyring: bool,
    no_save_password: bool,
    port: int | None,
    https: bool,
    allow_basic: bool,
    **trust: Any,
) -> int:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            "camreel setup asks questions, and there is no terminal to ask them on.",
            hint="camreel cameras add NAME --host HOST --username USER does the same without questions.",
        )
    if keyring and no_save_password:
        raise UsageError("--keyring and --no-save-password exclude each other.")
    check_tls(**trust)
    path = config_path()
    before, config = text_of(path), read_settings()
    if name is not None and check_name(name) in config.cameras:
        raise UsageError(f"There is a camera named {name} already.", hint=f"camreel cameras remove {name} removes it.")
    address = _which(_found(places), config, port=port, https=https or trust["fingerprint"] is not None)
    username = check_username(_line(f"User [{_USER}]: ") or _USER)
    target = Target(address, username, **trust, allow_basic=allow_basic)
    check_lock(target)
    password = checked_password(ask(f"Password for {username} at {address}: "), "The password")
    greeting, target = _greeted(target, password)
    called = name or _name_for(greeting, config)
    _introduce(greeting)
    values = _values(greeting, target)
    if keyring:
        into_keyring(keyring_entry(username, SelectedCamera(config, called, called)), password)
        values["keyring"] = True
    elif not no_save_password:
        values["password"] = password
    write_config(path, with_camera(before, path, called, values, KEYS), KEYS)
    kept = " with its password, for you alone to read" if "password" in values else ""
    terminal.print_wrapped(f"Saved as {called} in {path}{kept}.")
    terminal.print_wrapped(f"Now this works: {program_command()} get {called} --last 1h")
    return 0


def _greeted(target: Target, password: str) -> tuple[CameraSummary, Target]:
    """Log in. If the camera offers only Basic, ask whether that may be."""
    try:
        return probe_camera(target, password), target
    except BasicNotAllowed as error:
        terminal.print_wrapped(str(error))
        terminal.print_wrapped("Digest, which hides the password, is not offered. If the camera has https, use that.")
        if _line("Send the password all the same, now and each time? [y/N]: ").lower() not in {"y", "yes"}:
            raise
    allowing = replace(target, allow_basic=True)
    return probe_camera(allowing, password), allowing


def _found(places: Sequence[str]) -> list[FoundDevice]:
    for place in places:
        parse_address(place)
    terminal.err("Looking for cameras ...")
    with loading_aiohttp():
        from camreel.devices.registry import discover  # noqa: PLC0415 - the help page does not need it
    try:
        return discover(places)
    except OSError as error:
        terminal.err(f"The network cannot be asked: {error.strerror}.")
        return []


def _which(devices: Sequence[FoundDevice], config: Config, *, port: int | None, https: bool) -> Address:
    known = {(str(values.get("host")), values.get("port", 80)): name for name, values in config.cameras.items()}
    rows = [
        [str(number), _authority(device), device.model, device.name, known.get((device.host, device.port), "")]
        for number, device in enumerate(devices, 1)
    ]
    if rows:
        terminal.out(table(("", "Address", "Model", "Name", "Known as"), rows, terminal.terminal_width(sys.stdout)))
        answer = _line("Which one? A number, or another address [1]: ") or "1"
    else:
        terminal.print_wrapped("No camera answered. (Some do not, and none in another network.)")
        answer = _line("Its address: ")
    if re.fullmatch(r"[0-9]{1,4}", answer):
        if not 1 <= int(answer) <= len(devices):
            raise UsageError(f"There is no number {answer} in the list.", hint="Run it again, or give an address.")
        device = devices[int(answer) - 1]
        return (
            Address(device.host, port or device.port, https) if not https else Address(device.host, port or 443, True)
        )
    return parse_address(answer, port=port, https=https)


def _authority(device: FoundDevice) -> str:
    return Address(device.host, device.port).authority


def _line(question: str) -> str:
    """What is typed to ``question``. UsageError at the end of the input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        terminal.err()
        raise UsageError("Nothing was typed.", hint="Nothing was saved. Run it again.")
    return line.strip()


def _introduce(greeting: CameraSummary) -> None:
    terminal.print_wrapped(f"Camera    {greeting.address}: {device_label(greeting)}")
    titles = list(greeting.titles.items())
    shown = ", ".join(f"{number} {printable(title, 40)}" for number, title in titles[:_MOST_TITLES])
    if shown:
        more = f" and {len(titles) - _MOST_TITLES} more" if len(titles) > _MOST_TITLES else ""
        terminal.print_wrapped(f"Channels  {shown}{more}")
    clock, is_wrong = clock_text(greeting)
    warning = ". It should be set: recordings are found by it, and stamped with it" if is_wrong else ""
    terminal.print_wrapped(f"Clock     {clock}{warning}")


def _name_for(greeting: CameraSummary, config: Config) -> str:
    """By the title of its only channel, its own name, or its model; with a number where that is taken."""
    titles = list(greeting.titles.values())
    own = (titles[0] if len(titles) == 1 else "", greeting.device.name or "", greeting.device.model, "camera")
    plain = next(name for name in (_plain(text) for text in own) if name)
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(config.cameras) + 2))
    return next(name for name in names if name not in config.cameras)


def _plain(text: str) -> str:
    """``Front Door`` -> ``front-door``; nothing where no letter is left, as of a name in Chinese."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return plain if re.search(r"[a-z]", plain) else ""


def _values(greeting: CameraSummary, target: Target) -> dict[str, Any]:
    address = greeting.address
    values: dict[str, Any] = {"host": address.host, "username": target.username}
    if address.port != (443 if address.https else 80):
        values["port"] = address.port
    if address.https:
        values["https"] = True
    trust = {
        name: getattr(target, name) for name in ("insecure", "ca_file", "fingerprint", "legacy_tls", "allow_basic")
    }
    return values | {key: value for key, value in trust.items() if value}
