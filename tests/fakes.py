"""An export that only remembers what it was asked for, and what tests of the command line share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from camreel.clock import CameraClock
from camreel.events import Connected, Event, Listener, MergedUpTo, Planned, RangeKnown, Verifying, Warned
from camreel.model import Credentials, DeviceInfo, Recording, Request, Span, Stream, WallTime
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.planning.plan import plan_export
from camreel.report import OutputReport, Report

START = WallTime(datetime(2026, 1, 16, 8, 0, 0))  # noqa: DTZ001 - by the camera's clock
SPAN = Span(START, START + timedelta(hours=1))
CLOCK = CameraClock.fixed(timedelta(hours=-8), timedelta(seconds=42), "measured now")
DEVICE = DeviceInfo("IP8M\x1b[2J", name="Kitchen\x07")  # what it says of itself must not reach the terminal as it is
BASIC = ["--host", "192.168.1.100", "-u", "admin", "-s", "2026-01-16T08:00:00", "-e", "2026-01-16T09:00:00"]
PASSWORD = "s3cret-Password!"


def events(request: Request) -> list[Event]:
    """What a short run tells."""
    recordings = [Recording("/mnt/sd/1.mp4", SPAN, 1_000_000), Recording("/mnt/sd/1.jpg", SPAN, 1_000)]
    return [
        Connected(request.target.address, DEVICE),
        RangeKnown(request.asked, SPAN, CLOCK),
        Planned(plan_export(recordings, SPAN, Stream.MAIN)),
        Warned("The camera's list ends early\x1b[31m."),
        MergedUpTo(1, SPAN.end),
        Verifying(),
    ]


def report(request: Request, *, complete: bool = True) -> Report:
    """What a short run reports."""
    lost = () if complete else (Hole(SPAN, LostReason(LossKind.NOT_DOWNLOADED, "the camera answers 404"), 1),)
    output = OutputReport(str(request.output.file), 1_000_000, 3600.0, "H.264 640x360", None)
    return Report(request, SPAN, CLOCK, DEVICE, (), (), Account((), (), lost), (output,))


class FakeKeyring:
    """What the package keyring does, without a system behind it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, entry: str) -> str | None:
        return self.kept.get((service, entry))

    def set_password(self, service: str, entry: str, password: str) -> None:
        self.kept[service, entry] = password

    def delete_password(self, service: str, entry: str) -> None:
        del self.kept[service, entry]


@dataclass
class FakeExport:
    """Stands in for camreel.jobs.export: ``asked`` is what came, ``error`` or ``outcome`` what goes back."""

    asked: list[tuple[Request, Credentials]] = field(default_factory=list)
    error: BaseException | None = None
    complete: bool = True
    there: Report | None = None

    async def export(
        self, request: Request, credentials: Credentials, on_event: Listener, *_more: object, **_named: object
    ) -> Report:
        self.asked.append((request, credentials))
        if self.error is not None:
            raise self.error
        for event in events(request):
            on_event(event)
        return report(request, complete=self.complete)

    def already_there(self, request: Request) -> Report | None:
        return self.there

    @property
    def request(self) -> Request:
        """The one request that came."""
        ((request, _),) = self.asked
        return request

    @property
    def password(self) -> str:
        """The one password that came."""
        ((_, credentials),) = self.asked
        return credentials.password


def only_run(said: str | bytes) -> dict[str, Any]:
    """The one run of a document of `--json`."""
    (run,) = json.loads(said)["runs"]
    return dict(run)


@dataclass(frozen=True)
class Said:
    """One run of the program."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err


Camreel = Callable[..., Said]
