"""Export one video of a range from a program, and read the times that a program gives.

An aware ``datetime`` is real time, wherever the camera is. :class:`~camreel.model.WallTime` is what the camera's own
clock shows. A naive ``datetime`` could be either and is refused. A text is read as on the command line.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from camreel.clock import parse_camera_zone, parse_date, parse_length, parse_point, range_of
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.errors import UsageError
from camreel.events import Event, Listener
from camreel.jobs import export as export_job
from camreel.model import (
    Asked,
    AskedAround,
    AskedRange,
    Credentials,
    IfExists,
    Now,
    Output,
    Point,
    Query,
    Request,
    SharedFolder,
    Stream,
    Target,
    VideoOptions,
    WallTime,
)
from camreel.output.naming import output_place
from camreel.planning.event_filter import parse_events
from camreel.report import Report

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from typing_extensions import Unpack

Time = datetime | WallTime | str


def last(length: timedelta | str) -> AskedAround:
    """The range that ends now, by the camera: ``last("1h30m")``, ``last(timedelta(hours=1))``.

    UsageError for what is no length, or is not between a second and a year.
    """
    if isinstance(length, str):
        return AskedAround(Now(), before=parse_length(length, "last"))
    if not timedelta(seconds=1) <= length <= timedelta(days=366):
        raise UsageError(f"last: {length} is not between a second and a year.")
    return AskedAround(Now(), before=length)


def day(which: date | str) -> AskedRange:
    """A whole day by the camera's clock: ``day("yesterday")``, ``day("2026-01-16")``, ``day(date(2026, 1, 16))``.

    A ``datetime`` is refused (UsageError), aware or not: the day it is may be another one at the camera.
    """
    if isinstance(which, datetime):
        raise UsageError(
            "day must be a date or a text, not a datetime.",
            hint="Give a date, or its text, as the camera's clock has it.",
        )
    return parse_date(which if isinstance(which, str) else which.isoformat())


def asked_for(start: Time | Asked, end: Time | None = None) -> Asked:
    """The range from ``start`` up to, not including, ``end``; or ``start`` alone, where that is a range.

    UsageError for a naive ``datetime``, for one real time beside one of the camera's clock, and for a range that does
    not go forward.
    """
    if isinstance(start, (AskedRange, AskedAround)):
        if end is not None:
            raise UsageError("A range has its end in it: none can be given beside it.")
        return start
    if end is None:
        raise UsageError("The end of the range is missing.", hint='Give one, or a range: camreel.last("1h").')
    return range_of(_point(start, "start"), _point(end, "end", is_end=True))


def _point(time: Time, what: str, *, is_end: bool = False) -> Point:
    if isinstance(time, str):
        return parse_point(time, what, is_end=is_end)
    if isinstance(time, datetime) and time.tzinfo is None:
        raise UsageError(
            f"{what}: {time} does not say whether it is real time or what the camera's clock shows.",
            hint="Give a datetime with a zone for real time, or camreel.WallTime(...) for the camera's clock.",
        )
    return time


class TargetOptions(TypedDict, total=False):
    """How to reach a camera, besides its host and user: keyword arguments of :func:`connect` and :func:`request`.

    Which certificate to accept on https: give at most one of ``insecure``, ``ca_file`` and ``fingerprint``.
    """

    port: int | None
    https: bool
    insecure: bool
    """Accept any certificate, but the same one on all connections of a ``Camera`` or an export."""
    ca_file: str | None
    """Trust the certificates in this file."""
    fingerprint: str | None
    """Accept only this certificate: its SHA-256 in hex. Implies ``https``."""
    legacy_tls: bool
    """Allow outdated TLS (1.0, RSA key exchange, short keys). Only with ``insecure``."""
    allow_basic: bool
    """Log in by Basic authentication if nothing else is offered: on http, the password crosses in clear."""
    camera_tz: str | None
    """The camera's time zone (``Europe/Berlin``, ``+01:00``), whatever the camera says of it."""
    max_concurrent: int
    """Parallel connections at most, from 1. Default: 4."""
    retry_for: float
    """Seconds to wait for a camera that went away, or says nothing. Default: 120."""
    ignore_lock: bool
    """Log in although an earlier run learned that the account is locked."""


def target_for(host: str, username: str, options: TargetOptions) -> Target:
    """Return the target, checked. UsageError for what it cannot be."""
    if unknown := sorted(set(options) - TargetOptions.__annotations__.keys()):
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}")
    values: dict[str, Any] = dict(options)
    port, https = values.pop("port", None), values.pop("https", False)
    address = parse_address(host, port=port, https=https, fingerprint=values.get("fingerprint"))
    target = Target(address, check_username(username), **values)
    check_tls(
        insecure=target.insecure,
        ca_file=target.ca_file,
        fingerprint=target.fingerprint,
        legacy_tls=target.legacy_tls,
    )
    if target.max_concurrent < 1:
        raise UsageError(f"max_concurrent: {target.max_concurrent} must be at least 1.")
    return target if target.camera_tz is None else replace(target, camera_tz=parse_camera_zone(target.camera_tz))


def query_for(start: Time | Asked, end: Time | None, *, events: Sequence[str] = (), **others: Any) -> Query:
    """Return the query, checked. ``others`` are fields of it. UsageError for what it cannot be."""
    return Query(asked_for(start, end), events=parse_events(",".join(events)) if events else (), **others)


def request(
    host: str,
    username: str,
    start: Time | Asked,
    end: Time | None = None,
    *,
    output: str | os.PathLike[str],
    channel: int | str = 1,
    stream: Stream = Stream.MAIN,
    events: Sequence[str] = (),
    pad: timedelta = timedelta(0),
    video: VideoOptions | None = None,
    if_exists: IfExists | None = None,
    shared_folder: SharedFolder = SharedFolder.SAFE,
    **reached: Unpack[TargetOptions],
) -> Request:
    """Return what :func:`export` is to make: checked, and without asking anybody. The password is not part of it.

    ``start`` and ``end`` as for :meth:`Camera.recordings`. ``output`` is the video; its suffix (of an
    :class:`OutputFormat`) says the format, and downloads wait beside it in ``.amcrest_download``. ``pad`` is so much
    before and after each recording with one of ``events``. ``video`` is how the video is made. ``if_exists``: None is
    good where this same request made the file that is there, else an error. ``shared_folder`` is what to do if others
    can write the folder. The others, like ``https=True``, are
    :class:`TargetOptions`.
    The other fields of a Request's parts are set with ``dataclasses.replace``.

    Raises UsageError.
    """
    target = target_for(host, username, reached)
    file, form = output_place(str(Path(output)), Path(output).parent, None)
    query = query_for(start, end, channel=channel, stream=stream, events=events, pad=pad)
    folder = Path(output).parent
    wish = Output(folder, file, form, if_exists=if_exists, shared_folder=shared_folder, video=video or VideoOptions())
    return Request(target, query, wish)


async def export(
    request: Request,
    password: str,
    *,
    on_event: Listener | None = None,
    session: ClientSession | None = None,
    tuning: export_job.Runtime | None = None,
) -> Report:
    """Make the one video that ``request`` asks for, and say in the report where every second of the range went.

    ``on_event`` gets each :data:`Event`, in the event loop: it must not take long. ``session`` as in
    :func:`connect`. Look at ``report.exit_code``: 0 is complete, 4 that something is missing, which
    ``report.account`` names. Frames are copied, never re-encoded, unless ``request.output.video`` says so.

    Needs PyAV, an asyncio event loop, and to be allowed to start a process: clips are merged in one of their own.

    Raises, if there is no video: UsageError, NothingRecorded, LoginError (tried once), CameraError, DiskError,
    MergeError; never a group of errors, and never with the password in it. Cancelling is safe at any time: what was
    downloaded is used by the next run.
    """
    credentials = Credentials(request.target.username, password)
    return await export_job.export(request, credentials, on_event or _unheard, tuning, session=session)


def _unheard(_event: Event) -> None: ...
