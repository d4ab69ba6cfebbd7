"""`camreel get`: a camera and a time range in, one video out."""

from __future__ import annotations

import click

from camreel.cli import screen
from camreel.cli.address import parse_address
from camreel.cli.amounts import parse_patience, parse_rate
from camreel.cli.checks import check_tls, check_username, choose_places, making_of
from camreel.cli.help import Command
from camreel.cli.job import Manner, run_job
from camreel.cli.options import get_options, manner_options, version_option
from camreel.cli.password import read_password
from camreel.cli.when import When, is_asked_otherwise, parse_drift, read_range
from camreel.clock import parse_camera_zone
from camreel.errors import UsageError
from camreel.model import IfExists, OutputFormat, Request, Stream

_EXAMPLES = """
Examples:
  camreel --host 192.168.1.100 -u admin \\
      -s "2026-01-16 08:00" -e "2026-01-16 18:00"
  camreel --host kitchen.home.net -u me -o a.mkv \\
      -s 2026-01-16T20:00-08:00 -e 2026-01-16T22:00-08:00
  AMCREST_PASSWORD_FILE=~/.pw camreel -u me -q \\
      --host 10.0.0.9 --date yesterday --if-exists skip
"""

_AT_END = """
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

Other commands:
  camreel merge      the same from clips that are on disk already
  camreel demo       export a video from the built-in simulated camera
  camreel doctor     how a camera is, in a report for anybody's eyes
  camreel simulate   run the simulated camera, to try things on
  camreel clean      list the downloads that wait in a folder, or remove them
"""


@click.command(
    "get",
    cls=Command,
    usage="--host HOST --username USER --start TIME --end TIME [options]",
    help="One video of a time range, from an Amcrest or Dahua camera or recorder.",
    after_main=_EXAMPLES,
    at_end=_AT_END,
)
@get_options
@manner_options
@version_option
@click.pass_context
def get(
    ctx: click.Context,
    *,
    host: str | None,
    username: str | None,
    start: str | None,
    end: str | None,
    channel: int | str,
    output_format: str | None,
    output_dir: str,
    output_file: str | None,
    port: int | None,
    https: bool,
    insecure: bool,
    ca_file: str | None,
    fingerprint: str | None,
    camera_tz: str | None,
    clock_drift: str | None,
    last: str | None,
    date: str | None,
    around: str | None,
    minutes: int | None,
    duration: str | None,
    times_in: str | None,
    max_concurrent: int,
    limit_rate: str | None,
    retry_for: str,
    ignore_lock: bool,
    stream: str,
    whole_clips: bool,
    exact: bool,
    h264: bool,
    audio: str,
    gaps: str,
    subtitles: bool,
    split: str | None,
    faststart: bool,
    follow: bool,
    require_complete: bool,
    if_exists: str | None,
    keep_files: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    manner = Manner(as_json=as_json, quiet=quiet, verbose=verbose)
    when = When(last=last, date=date, around=around, minutes=minutes, duration=duration, times_in=times_in)
    needed = {} if is_asked_otherwise(when) else {"start": start, "end": end}
    host, username, *_ = _required(ctx, host=host, username=username, **needed)
    typed_port = ctx.get_parameter_source("port") is click.core.ParameterSource.COMMANDLINE
    address = parse_address(host, port=port if typed_port else None, usual_port=port, https=https)
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    asked = read_range(start, end, when)
    folder, output, chosen = choose_places(
        asked,
        address,
        channel,
        Stream(stream),
        output_dir=output_dir,
        output_file=output_file,
        output_format=OutputFormat(output_format) if output_format else None,
    )
    request = Request(
        address=address,
        username=check_username(username),
        asked=asked,
        output_dir=folder,
        output=output,
        channel=channel,
        stream=Stream(stream),
        output_format=chosen,
        max_concurrent=max_concurrent,
        whole_clips=whole_clips,
        keep_files=keep_files,
        if_exists=IfExists(if_exists) if if_exists else None,
        require_complete=require_complete,
        follow=follow,
        insecure=insecure,
        ca_file=ca_file,
        fingerprint=fingerprint,
        named_by_range=asked.is_relative and output_file is None,
        camera_tz=None if camera_tz is None else parse_camera_zone(camera_tz),
        clock_drift=None if clock_drift is None else parse_drift(clock_drift),
        retry_for=parse_patience(retry_for),
        making=making_of(
            chosen,
            exact=exact,
            whole_clips=whole_clips,
            h264=h264,
            audio=audio,
            gaps=gaps,
            subtitles=subtitles,
            faststart=faststart,
            split=split,
        ),
        limit_rate=None if limit_rate is None else parse_rate(limit_rate),
        ignore_lock=ignore_lock,
    )
    if channel == 0 and not quiet:
        screen.remark("camreel: note: --channel 0 is sent as it is; most cameras count from 1 and refuse it.")
    return run_job(request, lambda: read_password(request.username, str(address)), manner).exit_code


def _required(ctx: click.Context, **given: str | None) -> tuple[str, ...]:
    """All of them, or one sentence that names all that are missing."""
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        named = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise UsageError(
            f"{named} {'is' if len(missing) == 1 else 'are'} missing.",
            hint=f"At least: {ctx.find_root().info_name} --host 192.168.1.100 --username admin "
            '--start "2026-01-16 08:00" --end "2026-01-16 18:00"',
        )
    return tuple(value for value in given.values() if value is not None)
