"""Dahua's protocol, as the registry holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from camreel.devices.access import Access
from camreel.devices.address import parse_address
from camreel.devices.base import Device, FoundDevice
from camreel.devices.dahua.client import DahuaClient
from camreel.devices.dahua.discovery import EVERYWHERE, PORT, discover


class DahuaDriver:
    """The HTTP API of Amcrest and Dahua devices. Spoken to every device that no other driver recognizes."""

    name = "dahua"

    async def recognizes(self, access: Access) -> bool:  # noqa: ARG002 - its first question tells, and needs a login
        """Take every device: ``DahuaClient.identify`` raises NotACamera if it is another."""
        return True

    @asynccontextmanager
    async def open(self, access: Access, channel: int | None) -> AsyncIterator[Device]:
        """Connect to the device."""
        async with access.http() as connection:
            yield DahuaClient(access.address, connection, access.utc_now, channel=channel)

    def discover(self, places: Sequence[str]) -> list[FoundDevice]:
        """Ask ``places`` (none: the local network) for devices."""
        asked = [parse_address(place, usual_port=PORT) for place in places]
        return discover([(place.host, place.port) for place in asked] or EVERYWHERE)
