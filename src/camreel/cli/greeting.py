"""Log in to a camera and look around, for the commands that set up and test: one login, and no footage."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camreel.cli.loading import loading_aiohttp
from camreel.clock import parse_camera_zone
from camreel.errors import printable
from camreel.model import Address, AskedAround, Credentials, Now, Request
from camreel.text import duration_text

if TYPE_CHECKING:
    from camreel.jobs.search import Greeting

_MUCH = 60  # seconds: from here on a clock is called out, as in an export


def visit_request(address: Address, username: str, **settings: Any) -> Request:
    """A request for nothing but the login. ``settings`` are those of the connection, as a Request has them."""
    return Request(address, username, AskedAround(Now()), Path(), Path(), **settings)


def check_lock(request: Request) -> None:
    """Raise AccountLocked where an earlier run was told so: before anybody types a password that is not sent."""
    from camreel.devices import lockout  # noqa: PLC0415 - the help page does not need it

    lockout.check(request, datetime.now(timezone.utc))


def greet(request: Request, password: str) -> Greeting:
    """What the camera says. The errors of an export; a lock of the account is remembered as there."""
    with loading_aiohttp():
        import anyio  # noqa: PLC0415 - as above

        from camreel.devices import lockout  # noqa: PLC0415
        from camreel.jobs.search import Inquiry  # noqa: PLC0415
        from camreel.transfer.runtime import Tuning  # noqa: PLC0415

    inquiry = Inquiry(request, Credentials(request.username, password), lambda _event: None, Tuning())
    with lockout.heeded(request, lambda: datetime.now(timezone.utc)):
        return anyio.run(inquiry.greet)


def camera_zone(text: str | None) -> str | None:
    """The zone that was typed or set, in the form that a Request has."""
    return None if text is None else parse_camera_zone(text)


def who(greeting: Greeting) -> str:
    """Model, and name where it has one."""
    device = greeting.device
    return printable(f"{device.model} “{device.name}”" if device.name else device.model, 200)


def clock_text(greeting: Greeting) -> tuple[str, bool]:
    """How its clock is, and whether that deserves a warning."""
    clock = greeting.clock
    if clock is None or clock.seen_drift is None:
        return "it does not tell its time", True
    seconds = clock.seen_drift.total_seconds()
    zone = f"UTC{clock.offset_text}"
    if not seconds:
        return f"right, {zone}", False
    return f"{duration_text(abs(seconds))} {'fast' if seconds > 0 else 'slow'}, {zone}", abs(seconds) >= _MUCH
