"""`camreel cameras`: list, add, rename, remove and test the cameras that the settings have names for.

Testing logs in once and looks around, and so does `camreel setup`: no footage.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import SelectedCamera, camera_address, new_name, read_settings, settings_of
from camreel.cli.help import Argument, Channels, Family, HelpCommand, Option
from camreel.cli.options import KEYS, connection_options, debug_option, json_option, no_input_option
from camreel.cli.passwords import (
    SERVICE,
    Given,
    Passwords,
    drop_from_keyring,
    from_keyring,
    into_keyring,
    keyring_entry,
)
from camreel.cli.startup import loading_aiohttp
from camreel.cli.ui import terminal
from camreel.cli.values import parse_drift
from camreel.clock import parse_camera_zone
from camreel.config import (
    DEFAULT_CAMERA,
    Config,
    config_path,
    normal_name,
    text_of_settings,
    with_camera,
    with_name,
    without_camera,
    write_config,
)
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.errors import (
    AccountLocked,
    CamreelError,
    DiskError,
    LoginError,
    LoginRefused,
    UsageError,
    most_severe,
    printable,
)
from camreel.model import Credentials, Target
from camreel.report import json_head
from camreel.text import command_text, duration_text, table

if TYPE_CHECKING:
    from camreel.jobs.search import CameraSummary

_SETUP = "To find and name one:\ncamreel setup"
_MUCH = 60  # seconds: from here on a clock is called out, as in an export
_PATIENCE = 10  # seconds for another run that changes the settings; it takes some milliseconds


def check_lock(target: Target) -> None:
    """Raise AccountLocked where an earlier run was told so: before anybody types a password that is not sent."""
    from camreel.devices import lockout  # noqa: PLC0415 - the help page does not need it

    lockout.check(target, datetime.now(timezone.utc))


def probe_camera(target: Target, password: str) -> CameraSummary:
    """What the camera says. The errors of an export; a lock of the account is remembered as there."""
    with loading_aiohttp():
        import anyio  # noqa: PLC0415 - as above

        from camreel.devices import lockout  # noqa: PLC0415
        from camreel.jobs.search import CameraSession  # noqa: PLC0415
        from camreel.transfer.runtime import Runtime  # noqa: PLC0415

    inquiry = CameraSession(target, Credentials(target.username, password), lambda _event: None, Runtime())
    with lockout.guard(target, lambda: datetime.now(timezone.utc)):
        return anyio.run(inquiry.greet)


def camera_zone(text: str | None) -> str | None:
    """The zone that was typed or set, in the form that a Target has."""
    return None if text is None else parse_camera_zone(text)


def device_label(greeting: CameraSummary) -> str:
    """Model, and name where it has one."""
    device = greeting.device
    return printable(f"{device.model} “{device.name}”" if device.name else device.model, 200)


def clock_text(greeting: CameraSummary) -> tuple[str, bool]:
    """How its clock is, and whether that deserves a warning."""
    clock = greeting.clock
    if clock is None or clock.seen_drift is None:
        return "it does not tell its time", True
    seconds = clock.seen_drift.total_seconds()
    zone = f"UTC{clock.offset_text}"
    if not seconds:
        return f"right, {zone}", False
    return f"{duration_text(abs(seconds))} {'fast' if seconds > 0 else 'slow'}, {zone}", abs(seconds) >= _MUCH


@click.command(
    "test",
    cls=HelpCommand,
    usage="cameras test [NAME]... [options]",
    help="Log in to each camera once; print its model and clock. Default: all cameras.",
)
@click.argument("names", cls=Argument, nargs=-1)
@no_input_option
@json_option
@debug_option
def test_cameras(*, names: tuple[str, ...], no_input: bool, as_json: bool) -> int:
    config = read_settings()
    chosen = [config.name_of(name) for name in names]
    if not config.cameras:
        raise UsageError(f"There are no cameras in {config.path}.", hint=_SETUP)
    tester = _Tester(config, Passwords(Given(no_input=no_input)))
    results = []
    for name in chosen or config.cameras:
        results.append(tester.test(name))
        if not as_json:
            _tell(results[-1])
    code = most_severe(result["exit_code"] for result in results)
    if as_json:
        terminal.say_json({**json_head(), "exit_code": code, "cameras": results})
    return code


def _tell(result: dict[str, Any]) -> None:
    if result["exit_code"]:
        terminal.print_wrapped(f"{result['name']}: {result['error']['message']}")
        if result["error"]["hint"]:
            terminal.print_indented(result["error"]["hint"])
    else:
        terminal.print_wrapped(f"{result['name']}: {result['model']}; clock: {result['clock']}")


class _Tester:
    """One after the other. A login that was refused is not tried again under another name."""

    def __init__(self, config: Config, passwords: Passwords) -> None:
        self._config, self._passwords = config, passwords
        self._refused: dict[tuple[str, str], LoginError] = {}

    def test(self, name: str) -> dict[str, Any]:
        try:
            return {"name": name, "exit_code": 0, **self._greet(name)}
        except CamreelError as error:
            said = {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
            return {"name": name, "exit_code": error.exit_code, "error": said}

    def _greet(self, name: str) -> dict[str, Any]:
        chosen = SelectedCamera(self._config, name, name)
        get = chosen.setting
        address = camera_address(chosen)
        username = get("username")
        if username is None:
            raise UsageError(f"[camera.{name}] has no username.", hint='Like username = "admin".')
        trust = {name: get(name) for name in ("ca_file", "fingerprint")}
        trust |= {name: bool(get(name)) for name in ("insecure", "legacy_tls")}
        check_tls(**trust)
        target = Target(
            address,
            check_username(username),
            **trust,
            allow_basic=bool(get("allow_basic")),
            camera_tz=camera_zone(get("camera_tz")),
        )
        account = (address.host, username)
        if account in self._refused:
            raise self._refused[account]
        try:
            greeting = probe_camera(target, self._passwords.of(username, str(address), chosen))
        except (LoginRefused, AccountLocked) as error:  # of the others nothing was sent
            self._refused[account] = error
            raise
        clock, _ = clock_text(greeting)
        channels = {str(number): title for number, title in greeting.titles.items()}
        return {"address": str(greeting.address), "model": device_label(greeting), "clock": clock, "channels": channels}


_KEPT = {
    "password": "in the settings",
    "password_file": "in a file",
    "password_command": "from a command",
    "keyring": "in the keyring",
}


def kept_where(chosen: SelectedCamera) -> str:
    """Where the password of a camera comes from, in words."""
    return _KEPT.get(password_way(chosen) or "", "asked for")


def password_way(chosen: SelectedCamera) -> str | None:
    """Return the key of the settings that a camera's password comes by; None if none has it."""
    return next((way for _, values in settings_of(chosen) for way in _KEPT if values.get(way)), None)


@contextmanager
def locked_settings() -> Iterator[tuple[Config, str]]:
    """Yield the settings as they stand now, and their text, to be changed: no other run changes them meanwhile."""
    with _only_run():
        config = read_settings()
        yield config, text_of_settings(config.path)


@contextmanager
def _only_run() -> Iterator[None]:
    """Keep out other runs that change settings. A system that cannot do that is no reason not to change them."""
    from filelock import Timeout  # noqa: PLC0415 - the help page does not need it

    from camreel.devices.lockout import state_folder  # noqa: PLC0415
    from camreel.diskio import make_private  # noqa: PLC0415
    from camreel.transfer import lock  # noqa: PLC0415

    held, until = None, time.monotonic() + _PATIENCE
    while held is None:
        try:
            make_private(state_folder())
            held = lock.acquire(state_folder() / "settings.lock")
        except Timeout:
            if time.monotonic() >= until:
                raise DiskError(
                    "Another camreel is changing the settings.", hint="Try again when it has ended."
                ) from None
            time.sleep(0.02)
        except (OSError, RuntimeError):
            break
    try:
        yield
    finally:
        if held is not None:
            held.release()


def save_camera(name: str, values: Mapping[str, Any], in_keyring: tuple[str, str] | None = None) -> None:
    """Add a camera to the settings as they stand now, and a password to the keyring: (entry, password)."""
    with locked_settings() as (config, text):
        changed = with_camera(text, config.path, name, values, KEYS)  # before a camera of that name loses its password
        if in_keyring is not None:
            into_keyring(*in_keyring)
        write_config(config.path, changed, KEYS)


@click.command("list", cls=HelpCommand, usage="cameras [list] [options]", help="List the named cameras.")
@json_option
@debug_option
def list_cameras(*, as_json: bool) -> int:
    config = read_settings()
    rows = [_row(config, name) for name in config.cameras]
    if as_json:
        usual = {DEFAULT_CAMERA: config.usual_camera}
        terminal.say_json({**json_head(), "config": str(config.path), **usual, "cameras": rows})
    elif rows:
        heads = ("Name", "Where", "User", "Channel", "Password")
        cells = [
            [
                row["name"],
                row["address"].removeprefix("http://"),
                row["username"] or "-",
                row["channel"],
                row["password"],
            ]
            for row in rows
        ]
        terminal.out(table(heads, cells, terminal.terminal_width(sys.stdout)))
        terminal.print_advice(_usual_text(config))
    else:
        terminal.print_advice(f"There are no cameras in {config.path}. {_SETUP}")
    return 0


def _usual_text(config: Config) -> str:
    """Say which camera a command takes if none is named."""
    usual = config.usual_camera
    if usual is None:
        like = next(iter(config.cameras))
        return f"A command needs a name, or a default:\n{command_text(('config', 'set', DEFAULT_CAMERA, like))}"
    why = DEFAULT_CAMERA if DEFAULT_CAMERA in config.defaults else "the only one"
    return f"A command without a name means {usual} ({why}):\ncamreel get --last 1h"


def _row(config: Config, name: str) -> dict[str, Any]:
    chosen = SelectedCamera(config, name, name)
    return {
        "name": name,
        "address": str(camera_address(chosen)),
        "username": chosen.setting("username"),
        "channel": str(chosen.setting("channel") or 1),
        "password": kept_where(chosen),
    }


keyring_option = click.option(
    "--keyring",
    cls=Option,
    usual=True,
    section="Password",
    is_flag=True,
    help="Keep the password in the system's keyring.",
)


@click.command(
    "add",
    cls=HelpCommand,
    usage="cameras add NAME --host HOST --username USER [options]",
    help="Give a camera a name in the settings.",
)
@click.argument("name", cls=Argument)
@connection_options
@click.option(
    "-c",
    "--channel",
    cls=Option,
    usual=True,
    section="The camera",
    type=Channels(),
    help="Set its channel, or channels.",
)
@click.option("--camera-tz", cls=Option, usual=True, section="The camera", metavar="ZONE", help="Set its time zone.")
@click.option(
    "--clock-drift",
    cls=Option,
    usual=True,
    section="The camera",
    metavar="SECONDS",
    help="Set the seconds its clock is ahead.",
)
@click.option(
    "--password-command",
    cls=Option,
    usual=True,
    section="Password",
    metavar="CMD",
    help="Run CMD each time to get the password.",
)
@keyring_option
@click.option(
    "--save-password",
    cls=Option,
    usual=True,
    section="Password",
    is_flag=True,
    help="Keep the password in the settings.",
)
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
    name = new_name(name)
    config = read_settings()
    given = {"--host": host, "--username": username or config.defaults.get("username")}
    if missing := [option for option, value in given.items() if value is None]:
        like = ("cameras", "add", name, "--host", host or "192.168.1.100", "--username", "admin")
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            hint=f"Try:\n{command_text(like)}",
        )
    assert host is not None, "see above"
    path = config_path()
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
    # Whether the name is free, before anybody types a password.
    with_camera(text_of_settings(path), path, name, values, KEYS)
    in_keyring = None
    if keyring or save_password:
        username = username or str(config.defaults["username"])
        password = Passwords(Given(password_file, password_stdin, no_input)).of(username, name)
        if keyring:
            in_keyring = keyring_entry(username, SelectedCamera(config, name, name)), password
        values["keyring" if keyring else "password"] = True if keyring else password
    save_camera(name, values, in_keyring)
    terminal.print_wrapped(f"{name} is in {path}.")
    return 0


def _checked(host: str, username: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    parse_address(host, port=settings["port"], https=settings["https"], fingerprint=settings["fingerprint"])
    check_tls(**{name: settings[name] for name in ("insecure", "ca_file", "fingerprint", "legacy_tls")})
    if username is not None:
        check_username(username)
    if settings["camera_tz"] is not None:
        parse_camera_zone(settings["camera_tz"])
    if settings["clock_drift"] is not None:
        parse_drift(settings["clock_drift"])
    return settings


@click.command(
    "remove",
    cls=HelpCommand,
    usage="cameras remove NAME",
    help="Take a camera out of the settings. Comments above it stay, and so do its videos.",
)
@click.argument("name", cls=Argument)
@debug_option
def remove_camera(*, name: str) -> int:
    with locked_settings() as (config, text):
        name = config.name_of(name)
        write_config(config.path, without_camera(text, config.path, name, KEYS), KEYS)
    if (entry := _entry_of(config, name)) is not None:  # a later camera of that name is another one
        drop_from_keyring(entry)
    terminal.print_wrapped(f"{name} is no longer in {config.path}.")
    return 0


@click.command(
    "rename",
    cls=HelpCommand,
    usage="cameras rename OLD NEW",
    help="Give a camera another name. Its settings, comments and password stay; so do its videos, under the old name.",
)
@click.argument("name", cls=Argument, metavar="OLD")
@click.argument("new", cls=Argument)
@debug_option
def rename_camera(*, name: str, new: str) -> int:
    new = new_name(new)
    with locked_settings() as (config, text):
        old = config.name_of(name)
        changed = with_name(text, config.path, old, new, KEYS)
        old_entry = _copy_password(config, old, new)
        write_config(config.path, changed, KEYS)
    if old_entry is not None:
        drop_from_keyring(old_entry)
    terminal.print_wrapped(f"{old} is {new} now, in {config.path}.")
    return 0


def _copy_password(config: Config, old: str, new: str) -> str | None:
    """Give the keyring's password of a camera its new name, too. Return the entry that is not needed any more.

    A keyring that cannot do that is no reason not to rename a camera: a note says what to do.
    """
    entry = _entry_of(config, old)
    if entry is None or old == new:
        return None
    new_entry = entry.removesuffix(old) + new
    try:
        into_keyring(new_entry, from_keyring(entry, f"keyring in [camera.{old}] of {config.path}"))
    except UsageError as error:
        terminal.err(f"camreel: note: {error} Store the password as {new_entry}: keyring set {SERVICE} {new_entry}")
        return None
    # Some keyrings ignore case: there both are one entry.
    return None if normal_name(entry).casefold() == normal_name(new_entry).casefold() else entry


def _entry_of(config: Config, name: str) -> str | None:
    """Return the name under which the keyring has a camera's password; None if it is kept elsewhere."""
    chosen = SelectedCamera(config, name, name)
    username = chosen.setting("username")
    return keyring_entry(username, chosen) if password_way(chosen) == "keyring" and username is not None else None


@click.command(
    "forget",
    cls=HelpCommand,
    usage="cameras forget NAME|HOST[:PORT]...",
    help="Forget that a camera offered Digest login: it was replaced or reset, and offers only Basic now.",
)
@click.argument("cameras", cls=Argument, nargs=-1, required=True)
@debug_option
def forget_cameras(*, cameras: tuple[str, ...]) -> int:
    config = read_settings()
    for camera in cameras:
        _forget(camera, config)
    return 0


def _forget(camera: str, config: Config) -> None:
    from camreel.devices.downgrade import forget_digest  # noqa: PLC0415 - the help page does not need it

    if (name := config.known_as(camera)) is not None:
        chosen = SelectedCamera(config, name, name)
        host, usual_port = chosen.setting("host"), chosen.setting("port")
    else:
        host, usual_port = camera, None
    address = parse_address(host, usual_port=usual_port or _ANY_PORT)
    try:
        known = forget_digest(address.host, None if address.port == _ANY_PORT else address.port)
    except OSError as error:
        raise DiskError(f"Cannot remove {error.filename}: {error.strerror}.") from error
    terminal.print_wrapped(
        f"Forgot that Digest has worked at {camera}." if known else f"Nothing was remembered of {camera}."
    )


_ANY_PORT = 65536  # what no camera has: none was given


cameras = Family(
    "cameras",
    help="List and change the named cameras in the settings. Alone it lists them.",
    commands=[list_cameras, add_camera, rename_camera, remove_camera, test_cameras, forget_cameras],
)

__all__: Sequence[str] = ["cameras", "kept_where", "locked_settings"]
