"""`camreel doctor`: how is this camera? A report that can be shown to anybody, and a capture that can be replayed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camreel.cli import screen
from camreel.cli.address import parse_address
from camreel.cli.checks import check_tls, check_username
from camreel.cli.help import Command, Option, Whole
from camreel.cli.loading import ending_at_once
from camreel.cli.options import connection_options, debug_option, json_option
from camreel.cli.password import read_password
from camreel.cli.program import program_name
from camreel.errors import UsageError
from camreel.model import Address, Credentials

if TYPE_CHECKING:
    from camreel.doctor import Checkup, Patient, Visit

_AT_END = """
What it does:
  It asks the camera once for each thing (some 25 short questions), changes
  nothing, and downloads no footage. A refused login ends it at once.

What is shown:
  Addresses, names, titles, serial numbers and the login are replaced in the
  report and in the capture, the same value by the same word (serial-1). Look
  into the capture all the same before you send it: it is a zip of texts.

Exit codes:
  0 well   2 usage   3 no recordings   5 login refused or account locked
  6 unreachable, or it does not search   7 the capture cannot be written
"""


@click.command(
    "doctor",
    cls=Command,
    usage="doctor [CAMERA] --username USER [options]",
    help="How a camera is: what it says of itself, and in what it is peculiar. Fit to be shown to anybody.",
    at_end=_AT_END,
)
@click.argument("camera", required=False)
@connection_options
@click.option(
    "-c",
    "--channel",
    cls=Option,
    type=Whole(0),
    default=1,
    envvar="AMCREST_CHANNEL",
    help="Whose recordings. Default: 1.",
)
@click.option("--capture", cls=Option, metavar="FILE", help="Keep the answers, redacted, in FILE (a zip).")
@click.option("--output-dir", cls=Option, metavar="FOLDER", default=".", help="Where the room is measured.")
@json_option
@debug_option
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    camera: str | None,
    host: str | None,
    username: str | None,
    port: int | None,
    https: bool,
    insecure: bool,
    ca_file: str | None,
    fingerprint: str | None,
    channel: int,
    capture: str | None,
    output_dir: str,
    as_json: bool,
) -> int:
    typed = click.core.ParameterSource.COMMANDLINE
    address = _address(
        camera,
        host,
        host_typed=ctx.get_parameter_source("host") is typed,
        port=port,
        port_typed=ctx.get_parameter_source("port") is typed,
        https=https,
    )
    if username is None:
        raise UsageError(
            "--username is missing.", hint=f"At least: {program_name()} doctor 192.168.1.100 --username admin"
        )
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    with ending_at_once():
        from camreel.doctor import Patient, refuse_existing  # noqa: PLC0415 - brings aiohttp and PyAV

    place = None if capture is None else Path(capture).expanduser().absolute()
    if place is not None:
        refuse_existing(place)
    patient = Patient(address, insecure, ca_file, fingerprint, channel)
    credentials = Credentials(check_username(username), read_password(username, str(address)))
    visit, checkup = _examine(patient, credentials, Path(output_dir).expanduser().absolute())
    _show(checkup, as_json=as_json)
    if place is not None:
        _keep(place, visit, checkup)
    return checkup.exit_code


def _address(
    camera: str | None, host: str | None, *, host_typed: bool, port: int | None, port_typed: bool, https: bool
) -> Address:
    if camera is not None and host is not None and host_typed:
        raise UsageError("The camera is given twice: by itself, and with --host.", hint="Give one of them.")
    where = camera if camera is not None else host
    if where is None:
        raise UsageError(
            "No camera is given.", hint=f"At least: {program_name()} doctor 192.168.1.100 --username admin"
        )
    return parse_address(where, port=port if port_typed else None, usual_port=port, https=https)


def _examine(patient: Patient, credentials: Credentials, folder: Path) -> tuple[Visit, Checkup]:
    """The visit and what it says, both redacted."""
    import anyio  # noqa: PLC0415 - the help page does not need it

    from camreel.doctor import diagnose, here, redacted, visit  # noqa: PLC0415 - see above

    if sys.stderr is not None and sys.stderr.isatty():
        screen.remark("Asking the camera some 25 short questions ...")
    seen = redacted(anyio.run(visit, patient, credentials), credentials)
    return seen, diagnose(seen, here(folder))


def _show(checkup: Checkup, *, as_json: bool) -> None:
    from camreel.cli.notes import wrap_report  # noqa: PLC0415 - see above
    from camreel.doctor import checkup_json, checkup_text  # noqa: PLC0415 - see above

    if as_json:
        screen.say_json(checkup_json(checkup))
    else:
        screen.say(wrap_report(checkup_text(checkup), screen.terminal_width(sys.stdout)))


def _keep(place: Path, visit: Visit, checkup: Checkup) -> None:
    from camreel.doctor import write_capture  # noqa: PLC0415 - see above

    if not visit.asked:
        screen.remark("No capture was written: there is no answer to be kept.")
        return
    count = write_capture(place, visit, checkup)
    screen.remark(f"The capture has {count} answers, redacted: {place}")
    screen.remark(f"  {program_name()} simulate --replay {place.name} is that camera. Look into it before you send it.")
