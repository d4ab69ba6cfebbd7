"""`camreel get`, as it is declared: its options and its pages. What it does is in `camreel.cli.batch`, loaded then."""

from __future__ import annotations

from typing import Any

import click

from camreel.cli.camera_choice import CameraCommand
from camreel.cli.help import Argument
from camreel.cli.options import foreign_options, get_options, manner_options, version_option
from camreel.cli.registry import all_of_them, the_usual

_EXAMPLES = """
Examples:
  camreel --host 192.168.1.100 -u admin \\
      -s "2026-01-16 08:00" -e "2026-01-16 18:00"
  camreel get front-door --last 1h
  camreel --all -q --date yesterday --if-exists skip
"""

_AT_END = f"""
The password is asked for. For unattended runs there are AMCREST_PASSWORD and
--password-file. Times are by the camera's own clock, or with an offset.

Other commands (camreel COMMAND --help tells more):
{the_usual()}
"""

_AT_END_OF_ALL = f"""
Cameras by name:
  camreel setup finds a camera and names it. Then this is all it takes:
  camreel get front-door --last 1h. Several names, and --all, make one
  video for each. What can be an option can be in the settings;
  camreel config show says where each value comes from.

The password:
  You are asked for it. For unattended runs set AMCREST_PASSWORD, or set
  AMCREST_PASSWORD_FILE to a file whose first line it is. AMCREST_HOST,
  AMCREST_PORT, AMCREST_USERNAME and AMCREST_CHANNEL stand in for the options.

Times:
  Without an offset they are what the clock in the camera's picture shows; with
  one (-08:00, Z) they are real time, and the report shows both. 08:00, today,
  yesterday 08:00 and now are understood, by the camera's clock.

Exit codes:
  0 complete   2 usage   3 nothing recorded   4 partial   5 login refused
  6 camera unreachable   7 disk or merge   130 interrupted   1 a bug

Other commands (camreel COMMAND --help tells more):
{all_of_them()}
"""


@click.command(
    "get",
    cls=CameraCommand,
    usage="--host HOST --username USER --start TIME --end TIME [options]",
    usage_too="get CAMERA... --last LENGTH [options]",
    help="One video of a time range, from an Amcrest or Dahua camera or recorder.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
    at_end_of_all=_AT_END_OF_ALL,
)
@click.argument("cameras", cls=Argument, nargs=-1, metavar="[CAMERA]...")
@get_options
@manner_options
@foreign_options
@version_option
@click.pass_context
def get(ctx: click.Context, /, **options: Any) -> int:
    from camreel.cli.batch import run_get  # noqa: PLC0415 - a tenth of a second, which the help page need not wait for

    return run_get(ctx, **options)
