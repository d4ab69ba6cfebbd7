"""The aiohttp session of one :class:`~camreel.devices.http.Connection`: its login, certificate and reads.

Cameras bind a login to the connection that asked for it. An answer on another connection is refused, and counts as a
failed login. A connector of our own is limited to one connection. The connector of a shared session (Home Assistant
has one for all) hands out any free connection to the camera, but never one made with another ``ssl=`` object. So each
of our connections gives an object of its own, and has a pool of its own within the shared one. Nothing else of the
shared session is used: its cookies, headers, unpacking and repeated requests would be wrong here.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
import secrets
import ssl
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import anyio
import anyio.to_thread
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler

from camreel.devices.digest import NonceReuse
from camreel.devices.http_head import HeadRepair
from camreel.diskio import read_regular
from camreel.errors import LoginError, UsageError
from camreel.model import Address, Target
from camreel.text import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.connector import Connection as Pooled


class Login:
    """The state of one login: untried, accepted once, or refused for good.

    A wrong password tried again and again locks the account, often for half an hour and for everybody, so the first
    refusal ends the run: whoever asks afterwards gets the same error without a byte being sent. While one connection
    finds out whether a refusal was the nonce's or the password's (``doubt``), the others wait.

    ``closes_refused``: the camera closes a connection after its 401, without a word of it. ``by_digest``: Digest has
    worked in this run. ``redirected_from``: where the device was asked first, if that redirected. ``nonces``: whether
    they serve for several requests.
    """

    def __init__(self) -> None:
        self.accepted = False
        self.by_digest = False
        self.redirected_from: Address | None = None
        self.closes_refused = False
        self.doubt = anyio.Lock()
        self.nonces = NonceReuse()
        self._refusal: LoginError | None = None

    def proven(self) -> Login:
        """Return a login of its own that knows the same of the device: what is refused to it is its own affair."""
        other = Login()
        other.accepted, other.by_digest = self.accepted, self.by_digest
        other.redirected_from, other.closes_refused = self.redirected_from, self.closes_refused
        other.nonces = self.nonces
        return other

    async def check(self) -> None:
        """Raise the refusal, if there was one; wait while that is being found out."""
        if self.doubt.locked():
            async with self.doubt:
                pass
        self.check_refusal()

    def check_refusal(self) -> None:
        """Raise the refusal, if there was one."""
        if self._refusal is not None:
            raise self._refusal

    def refuse(self, error: LoginError) -> LoginError:
        """Remember ``error`` (the first one stays) and return it."""
        self._refusal = self._refusal or error
        return self._refusal


_AT_ONCE = 768 << 10  # bytes; a buffer holds up to twice of what it is made for
LARGE_BUFFER = 1 << 20

# Where a rate is kept to, our side reads slowly: what is not read from the network for long, cameras break off.
SMALL_BUFFER = 64 << 10
_LONGEST = 0.3  # seconds
_AT_FIRST = 1 << 20  # bytes: what has gathered when a connection breaks is lost, so that the first come one by one


class ReadCoalescer:
    """Decides how long to let a body gather: each read costs the same, whether it is large or small. Pure.

    Four recordings at once come in thousands of small pieces a second. Taken one by one they cost several times what
    a third of a second of them costs together. ``now`` counts seconds. ``pause``: wait so long before the next read.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._total = 0
        self.pause = 0.0

    def took(self, count: int, now: float) -> None:
        """Note that ``count`` bytes were there at ``now``."""
        elapsed, self._now = now - self._now, now
        self._total += count
        if self._total >= _AT_FIRST:
            self.pause = min(_LONGEST, _AT_ONCE * elapsed / count) if elapsed > 0 else 0.0


class AnotherCertificate(ssl.SSLError):
    """The device shows a certificate with this SHA-256, and showed one with that ``before``."""

    def __init__(self, digest: bytes, before: bytes) -> None:
        super().__init__(ssl.SSL_ERROR_SSL, "another certificate than before")
        self.digest = digest
        self.before = before


class FirstCertificate:
    """The certificate that a device showed first in a run. Without a check, all its connections must show the same."""

    def __init__(self) -> None:
        self._digest: bytes | None = None
        self._may_change = False
        self._before: bytes | None = None

    def compare(self, certificate: bytes | None) -> None:
        """Remember the first ``certificate`` (DER). Raise AnotherCertificate for another one."""
        digest, first = hashlib.sha256(certificate or b"").digest(), self._digest
        if first is not None and digest != first:
            if not self._may_change:
                raise AnotherCertificate(digest, first)
            self._before = self._before or first
        self._digest, self._may_change = digest, False

    def expect_another(self) -> None:
        """Let the next one be another: the device was away, and may have made itself a new one."""
        self._may_change = True

    def take_change(self) -> tuple[bytes, bytes] | None:
        """Return, once, the SHA-256 from before the device was away and that of now; None if they are the same."""
        before, self._before = self._before, None
        return None if before is None or self._digest is None or before == self._digest else (before, self._digest)

    def watch(self, context: ssl.SSLContext) -> None:
        """Compare the certificate of each connection of ``context`` in its handshake, before anything is sent."""
        compare = self.compare

        class WatchedHandshake(ssl.SSLObject):
            def do_handshake(self) -> None:
                super().do_handshake()
                compare(self.getpeercert(binary_form=True))

        context.sslobject_class = WatchedHandshake


# Those of a run, by place (``address.place_of``): channels of a recorder are asked one after the other, by logins of
# their own.
FirstCertificates = dict[tuple[str, int], FirstCertificate]


@dataclass(frozen=True, slots=True)
class Trust:
    """Which certificate to accept on https: the system's authorities', ``ca_file``'s, any, or the one ``pinned``.

    ``pinned`` is its SHA-256, 32 bytes. ``legacy``: outdated TLS will do. ``context`` stands for the others, made
    once, for connectors of our own. ``first`` watches those that nobody checks.
    """

    context: ssl.SSLContext | None = None
    pinned: bytes | None = None
    insecure: bool = False
    ca_file: str | None = None
    legacy: bool = False
    first: FirstCertificate | None = None

    def another_context(self) -> ssl.SSLContext:
        """Return the same as ``context``, for one connection alone. Blocking."""
        context = tls_context(insecure=self.insecure, ca_file=self.ca_file, legacy=self.legacy)
        if self.first is not None:
            self.first.watch(context)
        return context


def tls_context(*, insecure: bool, ca_file: str | None, legacy: bool = False) -> ssl.SSLContext:
    """Return what to trust: the system's authorities, ``ca_file`` instead, or anything (``insecure``).

    ``legacy``: with TLS from 1.0 on, any key exchange, any length of a key, and renegotiation as it once was.

    Blocking (it reads files). OSError or ssl.SSLError if ``ca_file`` cannot be used.
    """
    context = ssl.create_default_context(cadata=None if ca_file is None else _certificates(ca_file))
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if legacy:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:!aNULL:@SECLEVEL=0")
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # Python 3.12 has the name
    return context


_MOST_CERTIFICATES = 16 << 20  # bytes; those of a system are some 300 KB


def _certificates(ca_file: str) -> str | bytes:
    """Return what is in ``ca_file``: texts with certificates, whatever editor wrote them, or one in DER."""
    data = read_regular(ca_file, _MOST_CERTIFICATES, follow=True)
    try:
        text = decoded(data)
    except UnicodeDecodeError:
        return data
    if "-----BEGIN" not in text:
        raise ssl.SSLError("no certificate is in it")
    return re.sub(r"[^\x00-\x7f]", "?", text)  # beside certificates, anything may stand


class LenientHandler(ResponseHandler):
    """The protocol of a connection, which reads the odd heads of some firmware."""

    _repair: HeadRepair | None = None

    def set_response_params(self, **params: Any) -> None:
        """Begin to wait for an answer."""
        self._repair = HeadRepair()
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take what came, the head of the answer in the form that aiohttp reads."""
        repaired = data if self._repair is None else self._repair.feed(data)
        if repaired or not data:
            super().data_received(repaired)


def _own_connector() -> aiohttp.TCPConnector:
    connector = aiohttp.TCPConnector(limit=1)
    # There is no public way to another protocol, nor to a parser that is less strict; a fault test holds it.
    handler: type[ResponseHandler] = LenientHandler
    connector._factory = functools.partial(handler, loop=asyncio.get_running_loop())  # noqa: SLF001
    return connector


class Response(aiohttp.ClientResponse):
    """A response that knows by which transport it came, also when the connector has that back."""

    transport: asyncio.BaseTransport | None = None
    peer: object = None

    async def start(self, connection: Pooled) -> Response:
        """Begin to read it."""
        self.transport = connection.transport
        if self.transport is not None:
            with suppress(AttributeError):  # what asyncio raises over TLS if the connection is lost already
                self.peer = self.transport.get_extra_info("peername")
        await super().start(connection)
        return self


# The connection that the next request must go over, since its nonce is of that one. None: any will do.
only_over: ContextVar[asyncio.BaseTransport | None] = ContextVar("only_over", default=None)


class SignedRequest(aiohttp.ClientRequest):
    """A request whose ``Authorization`` may hold any bytes, as surrogate escapes: a realm is sent back as it came.

    aiohttp writes headers in UTF-8, and drops such bytes without a word.
    """

    async def send(self, conn: Pooled) -> aiohttp.ClientResponse:
        """Write the request. ServerDisconnectedError if it must go over a connection that is closed by now."""
        only = only_over.get()
        if only is not None and conn.transport is not only:
            raise aiohttp.ServerDisconnectedError
        value = self.headers.get(hdrs.AUTHORIZATION, "")
        raw = value.encode("utf-8", "surrogateescape")
        protocol = conn.protocol
        if protocol is None or protocol.transport is None or raw == value.encode("utf-8", "ignore"):
            return await super().send(conn)
        stand_in = secrets.token_hex(16)
        self.headers[hdrs.AUTHORIZATION] = stand_in
        transport = protocol.transport
        protocol.transport = cast("asyncio.Transport", RewritingTransport(transport, stand_in.encode("ascii"), raw))
        try:
            return await super().send(conn)
        finally:
            protocol.transport = transport


class RewritingTransport:
    """A transport that writes ``new`` in place of ``old``, which is in one piece of what it is given."""

    def __init__(self, transport: asyncio.Transport, old: bytes, new: bytes) -> None:
        self._transport = transport
        self._old, self._new = old, new

    def write(self, data: bytes) -> None:
        """Write one piece."""
        self._transport.write(bytes(data).replace(self._old, self._new))

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write some pieces."""
        self.write(b"".join(pieces))

    def is_closing(self) -> bool:
        """Return whether the connection is being closed."""
        return self._transport.is_closing()


def hang_up(response: aiohttp.ClientResponse) -> None:
    """Close the connection of ``response``, though its body was read and the connector may have it back."""
    transport = transport_of(response)
    if transport is not None:
        transport.close()


def transport_of(response: aiohttp.ClientResponse) -> asyncio.BaseTransport | None:
    """Return the connection that ``response`` came by; None if that is not known."""
    return response.transport if isinstance(response, Response) else None


def peer_of(response: aiohttp.ClientResponse, port: int) -> str | None:
    """Return the IP address that ``response`` came from; None if it is not at ``port``: a proxy of a shared session."""
    name = response.peer if isinstance(response, Response) else None
    return str(name[0]) if isinstance(name, tuple) and len(name) > 1 and name[1] == port else None


async def has_closed(response: aiohttp.ClientResponse, seconds: float) -> bool:
    """Return whether the device closes the connection of ``response`` within ``seconds``."""
    transport = transport_of(response)
    with anyio.move_on_after(seconds):
        while transport is not None and not transport.is_closing():  # noqa: ASYNC110 - it has no event for that
            await anyio.sleep(0.01)
    return transport is not None and transport.is_closing()


Ssl = ssl.SSLContext | aiohttp.Fingerprint | bool


class Wire:
    """A session, and the ``ssl`` that each of its requests has to be given."""

    def __init__(self, session: aiohttp.ClientSession, given_ssl: Ssl, *, shared: bool) -> None:
        self.session = session
        self.ssl = given_ssl
        self._shared = shared
        self._transports: set[asyncio.BaseTransport] = set()

    def came(self, response: aiohttp.ClientResponse) -> None:
        """Remember by which connection ``response`` came."""
        if self._shared and isinstance(response, Response) and response.transport is not None:
            self._transports = {each for each in self._transports if not each.is_closing()} | {response.transport}

    async def close(self) -> None:
        """Hang up. A shared connector would keep our connection, of which a camera has ten, for another while."""
        for transport in self._transports:
            transport.close()
        await self.session.close()


async def open_wire(
    trust: Trust, connect: float, https: bool, shared: aiohttp.ClientSession | None = None, *, slowly: bool = False
) -> Wire:
    """Open a session for one connection, which may take ``connect`` seconds. UsageError if ``shared`` is closed.

    ``slowly``: what comes is taken at a limited rate.
    """
    connector: aiohttp.BaseConnector
    if shared is None:
        given, connector = _own_ssl(trust), _own_connector()
    elif shared.closed or shared.connector is None:
        raise UsageError(
            "The aiohttp session that camreel was given is closed.", hint="Give a session that stays open."
        )
    else:
        given, connector = await _ssl_of_nobody_else(trust, https=https), shared.connector
    session = aiohttp.ClientSession(
        connector=connector,
        connector_owner=shared is None,
        request_class=SignedRequest,
        response_class=Response,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
        # Compressed bodies are refused, not unpacked: 300 KB of gzip can be 300 MB.
        headers={"Accept-Encoding": "identity", "User-Agent": "camreel"},
        auto_decompress=False,
        trust_env=False,
        read_bufsize=SMALL_BUFFER if slowly else LARGE_BUFFER,
    )
    # aiohttp would send a request again, signature and all, when a kept connection turns out to be closed: the
    # nonce would be used twice, on another connection, and count as a failed login. There is no public switch
    # (aiohttp's own test client sets this one too); a fault test holds it.
    session._retry_connection = False  # noqa: SLF001
    return Wire(session, given, shared=shared is not None)


def _own_ssl(trust: Trust) -> Ssl:
    if trust.pinned is not None:
        return aiohttp.Fingerprint(trust.pinned)
    return trust.context if trust.context is not None else True


async def _ssl_of_nobody_else(trust: Trust, *, https: bool) -> Ssl:
    """Return an object that is in no other request: aiohttp looks at it on https only, and tells pools apart by it."""
    if trust.pinned is not None or not https:
        return aiohttp.Fingerprint(trust.pinned or bytes(32))
    return await anyio.to_thread.run_sync(trust.another_context)


def trust_in(target: Target, first: FirstCertificate | None = None) -> Trust:
    """Return which certificates to accept on https; if nobody checks them, those that are as ``first``.

    Blocking. UsageError if the ``ca_file`` cannot be used.
    """
    insecure, ca_file, legacy = target.insecure, target.ca_file, target.legacy_tls
    if target.fingerprint is not None:
        return Trust(pinned=bytes.fromhex(target.fingerprint.replace(":", "")))
    trust = Trust(insecure=insecure, ca_file=ca_file, legacy=legacy, first=first if insecure else None)
    try:
        return replace(trust, context=trust.another_context())
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise UsageError(f"--ca-file {ca_file}: {reason}.") from None
