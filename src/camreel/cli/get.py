"""`camreel get`: a camera and a time range in, one video out. From its options to requests, and to their exit code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from camreel.cli import screen
from camreel.cli.after import parse_command
from camreel.cli.amounts import parse_pad, parse_patience, parse_rate
from camreel.cli.checks import check_events, check_tls, check_username, choose_places, making_of
from camreel.cli.chosen import address_of, cameras_of, chosen_of
from camreel.cli.job import Manner, run_job
from camreel.cli.password import Given, Passwords
from camreel.cli.several import Task, run_several
from camreel.cli.when import When, is_asked_otherwise, parse_drift, read_range
from camreel.clock import parse_camera_zone
from camreel.errors import UsageError
from camreel.model import IfExists, OutputFormat, Request, Stream
from camreel.naming import parse_events


def run_get(ctx: click.Context, /, *, as_json: bool, quiet: bool, verbose: bool, progress: str, **_options: Any) -> int:
    """Make the requests of a command line and run them; the exit code."""
    level = ctx.params["log_level"]
    manner = Manner(
        as_json=as_json,
        quiet=quiet or level in {"error", "critical"},
        verbose=verbose or level in {"debug", "info"},
        progress=progress,
        log_file=ctx.params["log_file"],
    )
    passwords = passwords_of(ctx)
    tasks = [task for each in cameras_of(ctx) for task in _tasks(each, passwords)]
    if not quiet and any(task.request.channel == 0 for task in tasks):
        screen.remark("camreel: note: --channel 0 is sent as it is; most cameras count from 1 and refuse it.")
    if len(tasks) == 1:
        return run_job(tasks[0].request, tasks[0].ask_password, manner, tasks[0].after).exit_code
    if ctx.params["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one video, and this makes {len(tasks)}.", hint="Give --output-dir in place of it."
        )
    return run_several(tasks, manner)


def _tasks(ctx: click.Context, passwords: Passwords) -> list[Task]:
    """An export for each channel of one camera."""
    chosen = chosen_of(ctx)
    after = None if ctx.params["exec"] is None else parse_command(ctx.params["exec"])
    requests = [_request(ctx, **{**ctx.params, "channel": channel}) for channel in ctx.params["channel"]]
    return [
        Task(
            request,
            chosen.name or request.address.authority,
            lambda user=request.username, where=str(request.address): passwords.of(user, where, chosen),  # type: ignore[misc]
            after,
        )
        for request in requests
    ]


def passwords_of(ctx: click.Context) -> Passwords:
    """The passwords of a command with connection options."""
    given = ctx.params
    return Passwords(Given(given["password_file"], given["password_stdin"], given["no_input"]))


def _request(
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
    events: str | None,
    pad: str | None,
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
    user: str | None,
    ssl: bool,
    no_verify_ssl: bool,
    **_others: Any,
) -> Request:
    username, https, insecure = username or user, https or ssl, insecure or no_verify_ssl
    when = When(last=last, date=date, around=around, minutes=minutes, duration=duration, times_in=times_in)
    needed = {} if is_asked_otherwise(when) else {"start": start, "end": end}
    address = address_of(ctx, host=host, port=port, https=https)
    username, *_ = _required(ctx, host=str(address) if address else None, username=username, **needed)[1:]
    assert address is not None, "required"
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    asked = read_range(start, end, when)
    wanted = () if events is None else parse_events(events)
    check_events(wanted, pad, gaps)
    around_events = parse_pad(pad) if pad is not None else timedelta(0)
    folder, output, chosen = choose_places(
        asked,
        address,
        channel,
        Stream(stream),
        output_dir=output_dir,
        output_file=output_file,
        output_format=OutputFormat(output_format) if output_format else None,
        events=wanted,
        pad=around_events,
        camera=chosen_of(ctx).name,
    )
    return Request(
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
        events=wanted,
        pad=around_events,
        camera=chosen_of(ctx).name,
    )


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
