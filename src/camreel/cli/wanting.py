"""Which camera and which range: what all commands that ask a camera for recordings have in common."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from camreel.cli.amounts import parse_pad, parse_patience
from camreel.cli.checks import check_events
from camreel.cli.chosen import address_of, chosen_of
from camreel.cli.job import Manner
from camreel.cli.password import Given, Passwords
from camreel.cli.when import When, is_asked_otherwise, parse_drift, read_range
from camreel.clock import parse_camera_zone
from camreel.devices.address import check_tls, check_username
from camreel.errors import UsageError
from camreel.model import Asked, Request, Stream
from camreel.output.naming import parse_events


def passwords_of(ctx: click.Context) -> Passwords:
    """The passwords of a command with connection options."""
    given = ctx.params
    return Passwords(Given(given["password_file"], given["password_stdin"], given["no_input"]))


def manner_of(ctx: click.Context) -> Manner:
    """How much is to be said: by our options, and by those of amcrest-downloader."""
    given = ctx.params
    level = given["log_level"]
    return Manner(
        as_json=given["as_json"],
        quiet=given["quiet"] or level in {"error", "critical"},
        verbose=given["verbose"] or level in {"debug", "info"},
        progress=given["progress"],
        log_file=given["log_file"],
    )


def wanted_of(ctx: click.Context, channel: int | str, *, usual: Asked | None = None) -> Request:
    """The request that the options make, as far as they say where the camera is and what of it is wanted.

    ``usual`` is the range where none is given; without it, it has to be. Where to the video goes is not in it.
    """
    return _wanted(ctx, usual, **{**ctx.params, "channel": channel})


def _wanted(
    ctx: click.Context,
    usual: Asked | None,
    *,
    host: str | None,
    username: str | None,
    start: str | None,
    end: str | None,
    channel: int | str,
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
    retry_for: str,
    ignore_lock: bool,
    stream: str,
    user: str | None = None,
    ssl: bool = False,
    no_verify_ssl: bool = False,
    **_others: Any,
) -> Request:
    username, https, insecure = username or user, https or ssl, insecure or no_verify_ssl
    needs_range = usual is None
    when = When(last=last, date=date, around=around, minutes=minutes, duration=duration, times_in=times_in)
    if start is not None or end is not None or is_asked_otherwise(when) or minutes is not None:
        usual = None
    needed = {} if is_asked_otherwise(when) or usual is not None else {"start": start, "end": end}
    address = address_of(ctx, host=host, port=port, https=https)
    given = _required(ctx, needs_range=needs_range, host=str(address) if address else None, username=username, **needed)
    username = given[1]
    assert address is not None, "required"
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    asked = usual or read_range(start, end, when)
    wanted = () if events is None else parse_events(events)
    check_events(wanted, pad)
    return Request(
        address=address,
        username=check_username(username),
        asked=asked,
        output_dir=Path(),
        output=Path(),
        channel=channel,
        stream=Stream(stream),
        insecure=insecure,
        ca_file=ca_file,
        fingerprint=fingerprint,
        camera_tz=None if camera_tz is None else parse_camera_zone(camera_tz),
        clock_drift=None if clock_drift is None else parse_drift(clock_drift),
        retry_for=parse_patience(retry_for),
        ignore_lock=ignore_lock,
        events=wanted,
        pad=parse_pad(pad) if pad is not None else timedelta(0),
        camera=chosen_of(ctx).name,
    )


def _required(ctx: click.Context, *, needs_range: bool, **given: str | None) -> tuple[str, ...]:
    """All of them, or one sentence that names all that are missing."""
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        named = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        raise UsageError(
            f"{named} {'is' if len(missing) == 1 else 'are'} missing.",
            hint=f"At least: {_least(ctx, needs_range=needs_range, has_camera='--host' not in missing)}",
        )
    return tuple(value for value in given.values() if value is not None)


def _least(ctx: click.Context, *, needs_range: bool, has_camera: bool) -> str:
    """A command line that would do, with the camera that was named, or one that could be."""
    program, command = ctx.find_root().info_name, ctx.info_name
    chosen = chosen_of(ctx)
    known = chosen.name or (None if has_camera else next(iter(chosen.config.cameras), None))
    if known is not None:
        return f"{program} {command} {known} --last 1h"
    if needs_range:
        return f'{program} --host 192.168.1.100 --username admin --start "2026-01-16 08:00" --end "2026-01-16 18:00"'
    return f"{program} {command} 192.168.1.100 --username admin"
