"""How one camera is reached: what all connections to it share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import anyio.to_thread

from camreel.devices.address import https_instead
from camreel.devices.http import Connection, Timeouts, Witness
from camreel.devices.session import Login, Trust, trust_in
from camreel.errors import CameraRefused
from camreel.model import Address, Credentials

if TYPE_CHECKING:
    from aiohttp import ClientSession


@dataclass
class Access:
    """One camera as this run reaches it. Not a connection: each task makes its own.

    ``warn`` gets sentences for the person. ``session`` lends its connector. ``witness`` notes all answers.
    ``slowly``: recordings are taken at a limited rate. ``protocol`` names the driver, None until it is known.
    """

    address: Address
    credentials: Credentials
    warn: Callable[[str], None]
    utc_now: Callable[[], datetime]
    insecure: bool = False
    ca_file: str | None = None
    fingerprint: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    login: Login = field(default_factory=Login)
    session: ClientSession | None = None
    witness: Witness | None = None
    slowly: bool = False
    protocol: str | None = None
    _trust: Trust | None = field(default=None, init=False)

    @asynccontextmanager
    async def http(self) -> AsyncIterator[Connection]:
        """Open an HTTP connection. UsageError if ``ca_file`` cannot be used."""
        if self.address.https and self._trust is None:
            self._trust = await anyio.to_thread.run_sync(trust_in, self.insecure, self.ca_file, self.fingerprint)
        connection = Connection(
            self.address,
            self.credentials,
            self.login,
            self.warn,
            trust=self._trust,
            timeouts=self.timeouts,
            witness=self.witness,
            session=self.session,
            slowly=self.slowly,
        )
        async with connection:
            yield connection

    def follow(self, refusal: CameraRefused) -> bool:
        """Go on over https if ``refusal`` redirects to that on the same camera; return whether it does."""
        secure = https_instead(self.address, refusal.location)
        if secure is not None:
            self.address = secure
        return secure is not None
