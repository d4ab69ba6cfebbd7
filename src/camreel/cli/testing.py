"""`camreel cameras test`: whether the cameras of the settings answer, and take the login."""

from __future__ import annotations

from typing import Any

import click

from camreel.cli import screen
from camreel.cli.chosen import Chosen
from camreel.cli.greeting import camera_zone, clock_text, greet, visit_request, who
from camreel.cli.help import Command
from camreel.cli.options import debug_option, json_option, no_input_option
from camreel.cli.password import Given, Passwords
from camreel.cli.worst import worst
from camreel.config import Config, config_path, load
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.errors import CamreelError, LoginError, UsageError
from camreel.report import json_head


@click.command(
    "test",
    cls=Command,
    usage="cameras test [NAME]... [options]",
    help="Log in to each once, and tell who it is and how its clock is. Default: all.",
)
@click.argument("names", nargs=-1)
@no_input_option
@json_option
@debug_option
def test_cameras(*, names: tuple[str, ...], no_input: bool, as_json: bool) -> int:
    config = load(config_path())
    for name in names:
        config.camera(name)
    if not config.cameras:
        raise UsageError(f"There are no cameras in {config.path}.", hint="camreel setup finds them and names them.")
    tester = _Tester(config, Passwords(Given(no_input=no_input)))
    results = []
    for name in names or config.cameras:
        results.append(tester.test(name))
        if not as_json:
            _tell(results[-1])
    code = worst(result["exit_code"] for result in results)
    if as_json:
        screen.say_json({**json_head(), "exit_code": code, "cameras": results})
    return code


def _tell(result: dict[str, Any]) -> None:
    if result["exit_code"]:
        screen.tell(f"{result['name']}: {result['error']['message']}")
        if result["error"]["hint"]:
            screen.tell(f"  {result['error']['hint']}")
    else:
        screen.tell(f"{result['name']}: {result['model']}; clock: {result['clock']}")


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
        chosen = Chosen(self._config, name, name)
        get = chosen.setting
        address = parse_address(get("host"), usual_port=get("port"), https=bool(get("https")))
        username = get("username")
        if username is None:
            raise UsageError(f"[camera.{name}] has no username.", hint='Like username = "admin".')
        check_tls(insecure=bool(get("insecure")), ca_file=get("ca_file"), fingerprint=get("fingerprint"))
        request = visit_request(
            address,
            check_username(username),
            insecure=bool(get("insecure")),
            ca_file=get("ca_file"),
            fingerprint=get("fingerprint"),
            camera_tz=camera_zone(get("camera_tz")),
        )
        account = (address.host, username)
        if account in self._refused:
            raise self._refused[account]
        try:
            greeting = greet(request, self._passwords.of(username, str(address), chosen))
        except LoginError as error:
            self._refused[account] = error
            raise
        clock, _ = clock_text(greeting)
        channels = {str(number): title for number, title in greeting.titles.items()}
        return {"address": str(greeting.address), "model": who(greeting), "clock": clock, "channels": channels}
