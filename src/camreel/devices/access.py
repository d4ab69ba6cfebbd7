"""How one camera is reached: what all connections to it share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import anyio.to_thread

from camreel.devices.address import https_instead, place_of
from camreel.devices.http import Connection, Timeouts, Witness
from camreel.devices.http_errors import changed_while_away
from camreel.devices.patience import Patience
from camreel.devices.session import FirstCertificate, FirstCertificates, Login, Trust, trust_in
from camreel.errors import CameraRefused, UsageError
from camreel.model import Address, Credentials, Target

if TYPE_CHECKING:
    from aiohttp import ClientSession


@dataclass
class Access:
    """One camera as this run reaches it. Not a connection: each task makes its own.

    ``warn`` gets sentences for the person. ``session`` lends its connector. ``witness`` notes all answers.
    ``protocol`` names the driver, None until it is known. ``patience`` bounds the time without progress.
    ``certificates`` are those that devices showed first in this run, if nobody checks them.
    """

    target: Target
    credentials: Credentials
    warn: Callable[[str], None]
    utc_now: Callable[[], datetime]
    timeouts: Timeouts = field(default_factory=Timeouts)
    login: Login = field(default_factory=Login)
    session: ClientSession | None = None
    witness: Witness | None = None
    protocol: str | None = None
    patience: Patience = field(default_factory=Patience)
    certificates: FirstCertificates = field(default_factory=dict)
    _trust: Trust | None = field(default=None, init=False)

    @property
    def address(self) -> Address:
        """Where the camera is: after a redirect, where that leads."""
        return self.target.address

    @asynccontextmanager
    async def http(self) -> AsyncIterator[Connection]:
        """Open an HTTP connection. UsageError if the target's ``ca_file`` or ``fingerprint`` cannot be used."""
        target = self.target
        if target.fingerprint is not None and not self.address.https:
            raise UsageError(f"{self.address} shows no certificate that --fingerprint could be compared with.")
        if self.address.https and self._trust is None:
            first = self.certificates.setdefault(place_of(self.address), FirstCertificate())
            self._trust = await anyio.to_thread.run_sync(trust_in, target, first)
        connection = Connection(
            self.address,
            self.credentials,
            self.login,
            self.warn,
            trust=self._trust,
            timeouts=self.timeouts.within(self.patience.limit),
            witness=self.witness,
            session=self.session,
            slowly=target.limit_rate is not None,
            allow_basic=target.allow_basic,
            patience=self.patience,
        )
        async with connection:
            yield connection

    def with_login(self, login: Login) -> Access:
        """Return the same way to the camera by another ``login``."""
        other = copy(self)  # replace() would read the certificates of the system once more
        other.login = login
        return other

    def expect_new_certificate(self) -> None:
        """Take any certificate on the next connection, if nobody checks them: the camera was away.

        Only of a camera that has logged us in by Digest: whoever stands there now gets no password.
        """
        first = self._first_certificate
        if first is not None and self.login.by_digest:
            first.expect_another()

    def warn_of_new_certificate(self) -> None:
        """Tell the person if the certificate has changed while the camera was away."""
        first = self._first_certificate
        change = None if first is None else first.take_change()
        if change is not None:
            self.warn(changed_while_away(self.address, *change))

    @property
    def _first_certificate(self) -> FirstCertificate | None:
        return None if self._trust is None else self._trust.first

    def follow(self, refusal: CameraRefused) -> bool:
        """Go on over https if ``refusal`` redirects to that on the same camera; return whether it does.

        The protocol is asked for anew: what redirects need not be the device itself.
        """
        secure = https_instead(self.address, refusal.location)
        if secure is not None:
            self.login.redirected_from = self.address
            self.target = replace(self.target, address=secure)
            self.protocol = None
        return secure is not None
