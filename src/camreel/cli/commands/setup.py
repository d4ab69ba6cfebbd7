"""`camreel setup`: find a camera, log in once, give it a name."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from camreel.cli.camera_choice import SelectedCamera, camera_address, new_name, read_settings
from camreel.cli.commands.cameras import (
    check_lock,
    clock_text,
    device_label,
    keyring_option,
    probe_camera,
    save_camera,
)
from camreel.cli.help import HelpCommand, Option
from camreel.cli.options import debug_option, reached_options
from camreel.cli.passwords import ask, checked_password, keyring_entry
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.config import Config, normal_name, refuse_taken
from camreel.devices.address import check_tls, check_username, parse_address, place_of
from camreel.errors import BasicNotAllowed, CameraError, CamreelError, LoginRefused, UsageError, printable
from camreel.model import Address, Target
from camreel.text import command_text, table

if TYPE_CHECKING:
    from camreel.devices.base import FoundDevice
    from camreel.jobs.search import CameraSummary

_USER = "admin"  # what the factory calls it
_MOST_TITLES = 16
_MOST_ANSWERS = 5  # to one question
_MOST_CAMERAS = 3  # that are tried: an address may be mistyped
# Passwords that one camera gets: some lock an account after five wrong ones, some after three.
_MOST_PASSWORDS = 2
_LOCK = "Most cameras lock the account for half an hour after three to five wrong passwords."

_AT_END = """
Steps:
  It asks the local network for cameras (by UDP, port 37810). Then it asks you
  four things: which camera, the user, the password, and a name. You can
  correct a slip. It never sends a refused password again, and tries at most
  one other. It changes nothing on the camera.
"""


@click.command(
    "setup",
    cls=HelpCommand,
    usage="setup [options]",
    help="Find a camera on the local network, log in, and name it, so that camreel get NAME works.",
    at_end=_AT_END,
)
@click.option(
    "--name", cls=Option, usual=True, section="What", metavar="NAME", help="Call it NAME. Default: ask for a name."
)
@click.option(
    "--ask",
    "places",
    cls=Option,
    usual=True,
    section="What",
    metavar="ADDRESS",
    multiple=True,
    help="Ask only ADDRESS: a camera's, or a broadcast address. Repeatable.",
)
@keyring_option
@click.option(
    "--no-save-password",
    cls=Option,
    usual=True,
    section="Password",
    is_flag=True,
    help="Do not keep the password: ask each time.",
)
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
            hint="Without questions, with your camera's address and user:\n"
            "camreel cameras add front-door --host 192.168.1.100 --username admin",
        )
    if keyring and no_save_password:
        raise UsageError("--keyring and --no-save-password exclude each other.")
    check_tls(**trust)
    config = read_settings()
    if name is not None:
        name = _free_name(name)
    devices = _found(places)
    login = _Login(port, https or trust["fingerprint"] is not None, {**trust, "allow_basic": allow_basic})
    greeting, target, password = login.at_one_of(devices, config)
    _introduce(greeting)
    suggested = _name_for(greeting, read_settings())
    called = name or _answer(f"Name [{suggested}]: ", lambda typed: _free_name(typed or suggested))
    values, in_keyring = _values(greeting, target), None
    if keyring:
        in_keyring = keyring_entry(target.username, SelectedCamera(config, called, called)), password
        values["keyring"] = True
    elif not no_save_password:
        values["password"] = password
    save_camera(called, values, in_keyring)
    kept = ""
    if "password" in values:
        kept = " It has the password, and only your account can read it (--no-save-password leaves that out)."
    terminal.print_wrapped(f"Saved as {called} in {config.path}.{kept}")
    works = (("get", called, "--last", "1h"), ("look", called, "--start", "23:00", "--end", "03:00"))
    terminal.print_advice("\n".join(("Now these work:", *map(command_text, works))))
    return 0


def _free_name(typed: str) -> str:
    """Return a name that was typed, if a new camera may have it; UsageError if not."""
    name = new_name(typed)
    refuse_taken(read_settings(), name)  # as they are now: others may have been added meanwhile
    return name


_Value = TypeVar("_Value")


def _answer(question: str, read: Callable[[str], _Value]) -> _Value:
    """Return what ``read`` makes of the answer to a question. What it refuses is said, and asked again."""
    for _ in range(_MOST_ANSWERS - 1):
        try:
            return read(_line(question))
        except _NothingTyped:
            raise
        except UsageError as error:
            _complain(error)
    return read(_line(question))


def _complain(error: CamreelError) -> None:
    terminal.print_wrapped(str(error))
    if error.hint:
        terminal.print_indented(error.hint)


class _NothingTyped(UsageError):
    """The input has ended."""


@dataclass(frozen=True, slots=True)
class _Login:
    """How a camera is reached, and the questions that lead to it. ``trust`` are fields of Target."""

    port: int | None
    https: bool
    trust: Mapping[str, Any]

    def at_one_of(self, devices: Sequence[FoundDevice], config: Config) -> tuple[CameraSummary, Target, str]:
        """Ask which camera, and log in. If it is not there, ask again."""
        _show_found(devices, config)
        for _ in range(_MOST_CAMERAS - 1):
            address = _which(devices, port=self.port, https=self.https)
            try:
                return self._at(address)
            except CameraError as error:
                _complain(error)
        return self._at(_which(devices, port=self.port, https=self.https))

    def _at(self, address: Address) -> tuple[CameraSummary, Target, str]:
        """Ask for the login of one camera. After a refusal, ask once more."""
        username, refused = _USER, ""
        for left in reversed(range(_MOST_PASSWORDS)):
            username = _answer(f"User [{username}]: ", lambda typed, usual=username: check_username(typed or usual))  # type: ignore[misc]
            target = Target(address, username, **self.trust)
            check_lock(target)
            password = _other_password(f"Password for {username} at {address}: ", f"{username}\n", refused)
            try:
                return (*_greeted(target, password), password)
            except LoginRefused as error:
                if not left:
                    raise
                refused = f"{username}\n{password}"
                terminal.print_wrapped(f"{error} {_LOCK}")
                if not _is_yes("Try once more, with another user or password? [y/N]: "):
                    raise
        raise AssertionError("unreachable: the last refusal was raised")


def _other_password(question: str, user: str, refused: str) -> str:
    """Return the password that is typed. A login that was refused is not taken again."""
    for _ in range(_MOST_ANSWERS):
        password = ask(question)
        if user + password != refused:
            return checked_password(password, "The password")
        terminal.print_wrapped("That login was refused. It is not sent again.")
    raise UsageError("That login was refused, and no other was typed.", hint="Nothing was saved.")


def _is_yes(question: str) -> bool:
    return _line(question).lower() in {"y", "yes"}


def _greeted(target: Target, password: str) -> tuple[CameraSummary, Target]:
    """Log in. If the camera offers only Basic, ask whether that may be."""
    try:
        return probe_camera(target, password), target
    except BasicNotAllowed as error:
        terminal.print_wrapped(str(error))
        terminal.print_wrapped("Digest, which hides the password, is not offered. If the camera has https, use that.")
        if not _is_yes("Send the password anyway, now and each time? [y/N]: "):
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


def _show_found(devices: Sequence[FoundDevice], config: Config) -> None:
    rows = [
        [str(number), _authority(device), device.model, device.name, _known_as(device, config)]
        for number, device in enumerate(devices, 1)
    ]
    if rows:
        terminal.out(table(("", "Address", "Model", "Name", "Known as"), rows, terminal.terminal_width(sys.stdout)))
    else:
        terminal.print_wrapped("No camera answered. Some cameras never answer, and none on another network can.")


def _known_as(device: FoundDevice, config: Config) -> str:
    """Return what the settings call a device. It tells its port for http: one that is set for https may be any."""
    place = place_of(Address(device.host, device.port))
    names = []
    for name in config.cameras:
        with suppress(UsageError):  # a host that is none
            address = camera_address(SelectedCamera(config, name, name))
            host, port = place_of(address)
            if host == place[0] and (address.https or port == place[1]):
                names.append(name)
    return ", ".join(names)


def _which(devices: Sequence[FoundDevice], *, port: int | None, https: bool) -> Address:
    """Return the address that is chosen from the list, or typed."""

    def read(answer: str) -> Address:
        answer = answer or ("1" if devices else "")
        if not answer:
            raise UsageError("An address is needed, like 192.168.1.100.")
        if not re.fullmatch(r"[0-9]{1,4}", answer):
            return parse_address(answer, port=port, https=https)
        if not 1 <= int(answer) <= len(devices):
            known = (
                f"has numbers 1 to {len(devices)}" if len(devices) > 1 else "has number 1" if devices else "is empty"
            )
            raise UsageError(f"There is no number {answer}: the list {known}.")
        device = devices[int(answer) - 1]
        return Address(device.host, port or (443 if https else device.port), https)

    return _answer("Which one? A number, or another address [1]: " if devices else "Its address: ", read)


def _authority(device: FoundDevice) -> str:
    return Address(device.host, device.port).authority


def _line(question: str) -> str:
    """What is typed to ``question``. UsageError at the end of the input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        terminal.err()
        raise _NothingTyped("Nothing was typed.", hint="Nothing was saved. Run it again.")
    return line.strip()


def _introduce(greeting: CameraSummary) -> None:
    terminal.print_wrapped(f"Camera    {greeting.address}: {device_label(greeting)}")
    titles = list(greeting.titles.items())
    shown = ", ".join(f"{number} {printable(title, 40)}" for number, title in titles[:_MOST_TITLES])
    if shown:
        more = f" and {len(titles) - _MOST_TITLES} more" if len(titles) > _MOST_TITLES else ""
        terminal.print_wrapped(f"Channels  {shown}{more}")
    clock, is_wrong = clock_text(greeting)
    warning = ". Set it: recordings are found and stamped by this clock." if is_wrong else ""
    terminal.print_wrapped(f"Clock     {clock}{warning}")


def _name_for(greeting: CameraSummary, config: Config) -> str:
    """By the title of its only channel, its own name, or its model; with a number where that is taken."""
    titles = list(greeting.titles.values())
    own = (titles[0] if len(titles) == 1 else "", greeting.device.name or "", greeting.device.model, "camera")
    plain = next(name for name in (_plain(text) for text in own) if name)
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(config.cameras) + 2))
    return next(name for name in names if config.known_as(name) is None)


def _plain(text: str) -> str:
    """``Front Door`` -> ``front-door``, ``Haustür`` -> ``haustür``; nothing where no letter is left."""
    letters = "".join(each if each.isalnum() else "-" for each in normal_name(text.casefold()))
    plain = re.sub(r"-+", "-", letters).strip("-").encode()[:40].decode("utf-8", "ignore").strip("-")
    try:
        return new_name(plain) if re.search(r"[^\W\d_]", plain) else ""
    except UsageError:
        return ""


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
