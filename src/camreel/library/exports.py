"""One correct video of a range: what :func:`camreel.jobs.export.export` does, as a program asks for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from camreel.clock import parse_camera_zone
from camreel.devices.address import check_tls, check_username, parse_address
from camreel.events import Event, Listener
from camreel.jobs import export as export_job
from camreel.library.times import Time, asked_for
from camreel.model import Asked, Credentials, IfExists, Making, Request, Stream
from camreel.output.naming import output_place, parse_events
from camreel.report import Report

if TYPE_CHECKING:
    from aiohttp import ClientSession


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
    making: Making | None = None,
    if_exists: IfExists | None = None,
    port: int | None = None,
    https: bool = False,
    insecure: bool = False,
    ca_file: str | None = None,
    fingerprint: str | None = None,
    camera_tz: str | None = None,
    max_concurrent: int = 4,
) -> Request:
    """What :func:`export` is to make: checked, and without asking anybody. The password is not part of it.

    ``start`` and ``end`` as for :meth:`Camera.recordings`. ``output`` is the video; its suffix (mp4, mkv, mov, avi)
    says the format, and downloads wait beside it in ``.amcrest_download``. ``pad`` is so much before and after each
    recording with one of ``events``. ``making`` is how the video is made. ``if_exists``: None is good where this same
    request made the file that is there, else an error. The other fields of a Request are set with
    ``dataclasses.replace``.

    Raises UsageError.
    """
    check_tls(insecure=insecure, ca_file=ca_file, fingerprint=fingerprint)
    place = Path(output)
    path, form = output_place(str(place), place.parent, None)
    return Request(
        address=parse_address(host, port=port, https=https),
        username=check_username(username),
        asked=asked_for(start, end),
        output_dir=place.parent,
        output=path,
        channel=channel,
        stream=stream,
        output_format=form,
        events=parse_events(",".join(events)) if events else (),
        pad=pad,
        making=making or Making(),
        if_exists=if_exists,
        insecure=insecure,
        ca_file=ca_file,
        fingerprint=fingerprint,
        camera_tz=None if camera_tz is None else parse_camera_zone(camera_tz),
        max_concurrent=max_concurrent,
    )


async def export(
    request: Request,
    password: str,
    *,
    on_event: Listener | None = None,
    session: ClientSession | None = None,
    tuning: export_job.Tuning | None = None,
) -> Report:
    """Make the one video that ``request`` asks for, and say in the report where every second of the range went.

    ``on_event`` is told what happens (see :data:`Event`), in the event loop: it must not take long. ``session`` as in
    :func:`connect`. Look at ``report.exit_code``: 0 is complete, 4 that something is missing, which
    ``report.account`` names. Pictures are copied, never encoded again, unless ``request.making`` says so.

    Needs PyAV, an asyncio event loop, and to be allowed to start a process: clips are merged in one of their own.

    Raises, where there is no video: UsageError, NothingRecorded, LoginError (tried once), CameraError, DiskError,
    MergeError; never a group of errors, and never with the password in it. Cancelling is safe at any time: what was
    downloaded is used by the next run.
    """
    credentials = Credentials(request.username, password)
    return await export_job.export(request, credentials, on_event or _unheard, tuning, session=session)


def _unheard(_event: Event) -> None: ...
