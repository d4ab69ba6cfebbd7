"""Dahua's protocol, as the registry holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from camreel.devices.access import Access
from camreel.devices.address import parse_address
from camreel.devices.base import Device, FoundDevice
from camreel.devices.dahua.checkup import PRIVACY, examine
from camreel.devices.dahua.client import DahuaClient
from camreel.devices.dahua.discovery import EVERYWHERE, PORT, discover
from camreel.devices.dahua.findings import facts_of
from camreel.devices.facts import DeviceFacts
from camreel.devices.interview import AnswerSheet, Interview


class DahuaDriver:
    """The HTTP API of Amcrest and Dahua devices. Spoken to every device that no other driver recognizes."""

    name = "dahua"
    privacy = PRIVACY

    async def recognizes(self, access: Access) -> bool:  # noqa: ARG002 - its first question tells, and needs a login
        """Take every device: ``DahuaClient.identify`` raises NotACamera if it is another."""
        return True

    @asynccontextmanager
    async def open(self, access: Access, channel: int | None) -> AsyncIterator[Device]:
        """Connect to the device."""
        async with access.http() as connection:
            client = DahuaClient(access.address, connection, access.utc_now, channel=channel)
            try:
                yield client
            finally:
                await client.close()

    def discover(self, places: Sequence[str]) -> list[FoundDevice]:
        """Ask ``places`` (none: the local network) for devices."""
        asked = [parse_address(place, usual_port=PORT) for place in places]
        return discover([(place.host, place.port) for place in asked] or EVERYWHERE)

    async def examine(self, access: Access, interview: Interview) -> None:
        """Ask a check-up's questions."""
        await examine(access, interview)

    def facts_of(self, sheet: AnswerSheet) -> DeviceFacts:
        """Return what the answers say."""
        return facts_of(sheet)
