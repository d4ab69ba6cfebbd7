"""`camreel doctor`: how is this camera? A report that can be shown to anybody, and a capture that can be replayed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camreel.cli.camera_choice import CameraCommand, address_of, chosen_of
from camreel.cli.help import Argument, Option, Whole
from camreel.cli.options import connection_options, debug_option, json_option
from camreel.cli.passwords import Given, Passwords
from camreel.cli.request import absolute
from camreel.cli.startup import as_typed, loading_aiohttp
from camreel.cli.ui import terminal
from camreel.devices.address import check_tls, check_username
from camreel.errors import UsageError
from camreel.model import Credentials, Target
from camreel.text import command_text

if TYPE_CHECKING:
    from camreel.doctor import CheckSession, Checkup

_LEAST = "Try:\ncamreel doctor 192.168.1.100 --username admin"

_AT_END = """
Requests:
  It asks some 25 short questions, each once. It changes nothing and downloads
  no footage. A refused login ends it.

Privacy:
  The report and the capture replace addresses, names, titles, serial numbers
  and the login, the same value by the same word (serial-1). Read the capture
  before you send it: it is a zip of texts.

Exit codes:
  0 well   2 usage   3 no recordings   5 login refused or account locked
  6 unreachable, or it does not search   7 the capture cannot be written
"""


@click.command(
    "doctor",
    cls=CameraCommand,
    usage="doctor [CAMERA] --username USER [options]",
    help="Diagnose a camera: identity, clock, storage, quirks. Private data is removed.",
    at_end=_AT_END,
)
@click.argument("camera", cls=Argument, required=False)
@connection_options
@click.option(
    "-c",
    "--channel",
    cls=Option,
    usual=True,
    type=Whole(0),
    default=1,
    envvar="AMCREST_CHANNEL",
    help="Check this channel. Default: 1.",
)
@click.option("--capture", cls=Option, usual=True, metavar="FILE", help="Save the redacted answers in FILE (a zip).")
@click.option(
    "--output-dir", cls=Option, usual=True, metavar="FOLDER", default=".", help="Measure the free space of FOLDER."
)
@json_option
@debug_option
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    camera: str | None,  # noqa: ARG001 - CameraCommand has looked at it
    host: str | None,
    username: str | None,
    port: int | None,
    https: bool,
    insecure: bool,
    ca_file: str | None,
    fingerprint: str | None,
    legacy_tls: bool,
    allow_basic: bool,
    channel: int,
    capture: str | None,
    output_dir: str,
    as_json: bool,
    password_file: str | None,
    password_stdin: bool,
    no_input: bool,
) -> int:
    passwords = Passwords(Given(password_file, password_stdin, no_input))
    address = address_of(ctx, host=host, port=port, https=https, fingerprint=fingerprint)
    if address is None:
        raise UsageError("No camera is given.", hint=_LEAST)
    if username is None:
        raise UsageError("--username is missing.", hint=_LEAST)
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint, legacy_tls=legacy_tls)
    with loading_aiohttp():
        from camreel.doctor import refuse_existing  # noqa: PLC0415 - brings aiohttp and PyAV

    place = None if capture is None else absolute(capture)
    if place is not None:
        refuse_existing(place)
    target = Target(address, check_username(username), insecure, ca_file, fingerprint, legacy_tls, allow_basic)
    credentials = Credentials(username, passwords.of(username, str(address), chosen_of(ctx)))
    visit, checkup = _examine(target, channel, credentials, absolute(output_dir))
    _show(checkup, as_json=as_json)
    if place is not None:
        _keep(place, visit, checkup)
    return checkup.exit_code


def _examine(target: Target, channel: int, credentials: Credentials, folder: Path) -> tuple[CheckSession, Checkup]:
    """Return the visit and what it says, both redacted."""
    import anyio  # noqa: PLC0415 - the help page does not need it

    from camreel.doctor import diagnose, here, redacted, visit  # noqa: PLC0415 - see above

    if sys.stderr is not None and sys.stderr.isatty():
        terminal.err("Asking the camera some 25 short questions ...")
    seen = redacted(anyio.run(visit, target, channel, credentials), credentials)
    return seen, diagnose(seen, here(folder))


def _show(checkup: Checkup, *, as_json: bool) -> None:
    from camreel.cli.ui.notes import labelled  # noqa: PLC0415 - see above
    from camreel.doctor import checkup_json, checkup_text  # noqa: PLC0415 - see above
    from camreel.report import pieces_of  # noqa: PLC0415 - see above

    if as_json:
        terminal.say_json(checkup_json(checkup))
    else:
        terminal.say_styled(pieces_of(labelled(checkup_text(checkup)), terminal.terminal_width(sys.stdout)))


def _keep(place: Path, visit: CheckSession, checkup: Checkup) -> None:
    from camreel.doctor import write_capture  # noqa: PLC0415 - see above

    if not visit.sheet.asked:
        terminal.err("No capture was written: the camera gave no answer.")
        return
    count = write_capture(place, visit, checkup)
    terminal.err(f"The capture has {count} answers, redacted: {place}")
    terminal.err("  Look into it before you send it. To play that camera:")
    terminal.err(f"    {as_typed(command_text(('simulate', '--replay', str(place))))}")
