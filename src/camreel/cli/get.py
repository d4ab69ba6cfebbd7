"""`camreel get`: a camera and a time range in, one video out. From its options to requests, and to their exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from camreel.cli import screen
from camreel.cli.after import parse_command
from camreel.cli.amounts import parse_rate, parse_timelapse
from camreel.cli.checks import check_gaps, choose_places, making_of
from camreel.cli.chosen import cameras_of, chosen_of
from camreel.cli.consent import can_ask
from camreel.cli.job import run_job
from camreel.cli.listing import LAST_DAY, run_dry, run_listing
from camreel.cli.password import Passwords
from camreel.cli.several import run_several
from camreel.cli.side_by_side import Task
from camreel.cli.wanting import manner_of, passwords_of, wanted_of
from camreel.errors import UsageError
from camreel.model import IfExists, OutputFormat, Request


def run_get(ctx: click.Context, /, **_options: Any) -> int:
    """Make the requests of a command line and run them; the exit code."""
    manner = manner_of(ctx)
    passwords = passwords_of(ctx)
    tasks = [task for each in cameras_of(ctx) for task in _tasks(each, passwords)]
    if not manner.quiet and any(task.request.channel == 0 for task in tasks):
        screen.remark("camreel: note: --channel 0 is sent as it is; most cameras count from 1 and refuse it.")
    if ctx.params["list_only"]:
        return run_listing(tasks, manner)
    if len(tasks) > 1 and ctx.params["output_file"] is not None:
        raise UsageError(
            f"--output-file is for one video, and this makes {len(tasks)}.", hint="Give --output-dir in place of it."
        )
    if ctx.params["dry_run"]:
        return run_dry(tasks, manner)
    asks = not ctx.params["yes"] and can_ask(manner, no_input=ctx.params["no_input"])
    if len(tasks) == 1:
        return run_job(tasks[0].request, tasks[0].ask_password, manner, tasks[0].after, asks=asks).exit_code
    return run_several(tasks, manner, asks=asks)


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


def _request(
    ctx: click.Context,
    *,
    channel: int | str,
    output_format: str | None,
    output_dir: str,
    output_file: str | None,
    max_concurrent: int,
    limit_rate: str | None,
    whole_clips: bool,
    exact: bool,
    h264: bool,
    audio: str,
    gaps: str,
    subtitles: bool,
    split: str | None,
    timelapse: str | None,
    faststart: bool,
    follow: bool,
    require_complete: bool,
    if_exists: str | None,
    keep_files: bool,
    **_others: Any,
) -> Request:
    wanted = wanted_of(ctx, channel, usual=LAST_DAY if ctx.params["list_only"] else None)
    check_gaps(wanted.events, gaps)
    folder, output, chosen = choose_places(
        wanted.asked,
        wanted.address,
        channel,
        wanted.stream,
        output_dir=output_dir,
        output_file=output_file,
        output_format=OutputFormat(output_format) if output_format else None,
        events=wanted.events,
        pad=wanted.pad,
        camera=wanted.camera,
        timelapse=None if timelapse is None else parse_timelapse(timelapse),
    )
    return replace(
        wanted,
        output_dir=folder,
        output=output,
        output_format=chosen,
        max_concurrent=max_concurrent,
        whole_clips=whole_clips,
        keep_files=keep_files,
        if_exists=IfExists(if_exists) if if_exists else None,
        require_complete=require_complete,
        follow=follow,
        named_by_range=wanted.asked.is_relative and output_file is None,
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
            timelapse=timelapse,
        ),
        limit_rate=None if limit_rate is None else parse_rate(limit_rate),
    )
