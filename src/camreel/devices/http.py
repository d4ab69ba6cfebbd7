"""One HTTP connection to one camera: login, deadlines, and our own errors.

A library's digest does not serve: a device whose nonce is bound to its connection refuses an answer that a pool sends
on another one. Here each :class:`Connection` is one TCP connection, the body of a 401 is read before it is answered
so that the connection serves again, and a nonce is used again only as ``digest`` allows (a second use is a failed
login on some NVRs).
``session`` makes the connection; this module, that and ``http_errors`` alone know aiohttp.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol

import aiohttp
import anyio
import anyio.to_thread
from anyio.streams.tls import TLSAttribute
from multidict import CIMultiDictProxy
from yarl import URL

from camreel.devices.address import place_of
from camreel.devices.digest import Challenge, Nonce, answer, can_serve_again, choose, parse_challenges, unknown_digest
from camreel.devices.downgrade import DigestMemory, digest_memory, remember_digest
from camreel.devices.http_errors import (
    basic_problem,
    fingerprint_text,
    from_client_error,
    from_status,
    login_problem,
    not_looked_up,
    not_remembered,
    unknown_login,
)
from camreel.devices.memory import nonces_serve_once, remember_nonces_serve_once
from camreel.devices.patience import Patience, was_away
from camreel.devices.session import (
    Login,
    ReadCoalescer,
    Trust,
    Wire,
    hang_up,
    has_closed,
    only_over,
    open_wire,
    peer_of,
    tls_context,
    transport_of,
)
from camreel.errors import (
    CameraBusy,
    CameraError,
    CameraUnreachable,
    LoginError,
    LoginRefused,
    NotACamera,
    printable,
    shortage,
)
from camreel.model import Address, Credentials
from camreel.text import duration_text

log = logging.getLogger("camreel.http")

_MAX_TEXT = 1 << 20
_MAX_401 = 64 << 10


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. There is no total for a transfer: recordings of 2 GB take as long as they take."""

    connect: float = 10
    headers: float = 30  # a first search over years took 5 s on a DH-NVR608H
    text: float = 30
    refusal: float = 5
    closing: float = 0.1  # so long is waited, once a run, for a camera to close a connection after its 401
    stall: float = 30
    least_bytes_per_stall: int = 16 << 10  # a server that drips is stalled too
    whole: float = 120  # for all of a short answer, or up to the first bytes of a long one: logins included

    def within(self, patience: float) -> Timeouts:
        """Return the same, but with no wait longer than ``patience`` seconds."""
        half, stall = patience / 2, min(self.stall, patience)
        return Timeouts(
            connect=min(self.connect, half),
            headers=min(self.headers, half),
            text=min(self.text, patience),
            refusal=min(self.refusal, half),
            closing=self.closing,
            stall=stall,
            least_bytes_per_stall=max(1, int(self.least_bytes_per_stall * stall / self.stall)),
            whole=min(self.whole, patience),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A text answer: its status and its body."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Bytes from ``first`` up to, but not including, ``end``, of ``total``: what a 206 says that it is.

    All None if that cannot be read.
    """

    first: int | None = None
    end: int | None = None
    total: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return self.first == 0 and self.end == self.total


_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class HttpBody:
    """A body on its way. ``length`` is what Content-Length says, in bytes, or None.

    ``part`` says for a 206 which part of the whole it is; None for the whole.
    """

    length: int | None
    chunks: AsyncIterator[bytes]
    part: ContentRange | None = None


class Witness(Protocol):
    """Notes all answers over a connection, the refusals too."""

    def met(self, target: str, status: int, headers: tuple[tuple[str, str], ...], *, signed: bool) -> None:
        """Note that an answer has begun."""

    def read(self, body: bytes) -> None:
        """Note the whole body of that answer."""


class Connection:
    """One connection to the camera, used for one request at a time. Close it with ``async with``.

    ``slowly``: bodies are taken at a limited rate, so that little of them is let gather. ``allow_basic``: the password
    itself may be sent if nothing but Basic is offered, and Digest has never worked there.
    """

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        login: Login,
        warn: Callable[[str], None],
        *,
        trust: Trust | None = None,
        timeouts: Timeouts | None = None,
        witness: Witness | None = None,
        session: aiohttp.ClientSession | None = None,
        slowly: bool = False,
        allow_basic: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._login = login
        self._warn = warn
        self._trust = trust or Trust()
        self._timeouts = timeouts or Timeouts()
        self._witness = witness
        self._shared = session
        self._slowly = slowly
        self._allow_basic = allow_basic
        self._patience = patience or Patience()
        self._until = math.inf  # when this request is given up, if nothing of use came; by the clock of the loop
        self._wire: Wire | None = None
        self._asked = 0.0
        self._is_used = False
        self._peer: str | None = None
        self._nonce: Nonce | None = None  # of this connection

    async def __aenter__(self) -> Connection:
        timeouts, https = self._timeouts, self._address.https
        self._wire = await open_wire(self._trust, timeouts.connect, https, self._shared, slowly=self._slowly)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._wire is not None:
            with anyio.move_on_after(0.5, shield=True):
                await self._wire.close()
            self._wire = None

    async def text(self, target: str) -> Answer:
        """GET a short answer. A status that means trouble whatever was asked is raised; 200, 400 and the like are not.

        Raises LoginError, CameraUnreachable, CameraBusy, CameraRefused (403, 3xx, 204) or NotACamera.
        """
        async with self._request(target) as response:
            with self._counted_silence():
                body = await self._read(response, _MAX_TEXT, self._timeouts.text)
            if response.status == 200 and (refusal := login_problem(self._address, 200, body, proven=False)):
                raise self._login.refuse(refusal)
            return Answer(response.status, body.decode("utf-8", "replace"))

    @asynccontextmanager
    async def body(self, target: str, *, first: int = 0, end: int | None = None) -> AsyncIterator[HttpBody]:
        """GET something large, from byte ``first`` up to ``end`` if the camera can do that (see ``HttpBody.part``).

        A negative ``first`` asks for so many of the last bytes.

        Raises as :meth:`text` does, and CameraRefused for any status but 200, and 206 if a part was asked for.
        """
        asked = _range(first, end)
        async with self._request(target, asked) as response:
            if response.status not in {200, 206}:
                raise from_status(self._address, response.status, await self._beginning(response))
            said = response.headers.get("Content-Range", "")
            part = _content_range(said) if response.status == 206 else None
            if response.status == 200 and said and not _content_range(said).is_whole:
                if not asked:
                    raise from_status(self._address, 206, b"", known=True)
                part = ContentRange()  # a part that says that it is the whole
            yield HttpBody(response.content_length, self._chunks(response), part)

    async def knock(self, target: str) -> None:
        """Ask for ``target`` without a login, which no camera counts as a failed one.

        Any answer below 500 will do. CameraUnreachable or CameraBusy if there is none.
        """
        with self._counted_silence(anew=True):
            response = await self._unsigned(target)
        response.close()
        if response.status >= 500:
            raise from_status(self._address, response.status, b"")

    @asynccontextmanager
    async def _request(self, target: str, part: str = "") -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request, logged in."""
        with self._counted_silence(anew=True):
            response = await self._logged_in(target, {"Range": part} if part else {})
        try:
            yield response
        finally:
            # A body that was read to its end has released the connection by itself; any other is cut off.
            response.close()

    @contextmanager
    def _counted_silence(self, *, anew: bool = False) -> Iterator[None]:
        """Count how long nothing came if this fails, since the request was made. ``anew``: that is now."""
        if anew:
            self._asked = anyio.current_time()
            self._until = self._asked + min(self._timeouts.whole, self._patience.left)
        try:
            yield
        except CameraUnreachable as error:
            self._note_silence(error, self._asked, self._until)
            raise

    def _note_silence(self, error: CameraUnreachable, since: float, until: float) -> None:
        """Count the time from ``since``, in which nothing came. It was to end at ``until``: if not, we were away."""
        now = anyio.current_time()
        seconds = 0.0 if was_away(until, now) else now - since
        error.silent_for = seconds
        self._patience.silent(seconds)

    def _seconds(self, most: float) -> float:
        """Return ``most`` seconds, or less if the request is given up before."""
        return max(0.0, min(most, self._until - anyio.current_time()))

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """Turn what aiohttp and the system raise into our errors. Only ever around our own calls, never a yield."""
        try:
            yield
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if (short := shortage(getattr(error, "os_error", error))) is not None:  # no fault of the camera
                raise short from error
            ours = from_client_error(self._address, error, known=self._login.accepted)
            raise (self._login.refuse(ours) if isinstance(ours, LoginError) else ours) from error

    async def _logged_in(self, target: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        part = "Range" in headers
        await self._login.check()
        if (response := await self._by_known_nonce(target, headers)) is not None:
            return response
        response = await self._unsigned(target)
        if response.status != 401:
            return await self._accepted(response, None, part=part)
        given_on, given = transport_of(response), anyio.current_time()
        challenge = await self._acceptable(await self._offers(response))
        await self._look_for_a_close(response)
        await self._login.check()
        proven = self._login.accepted
        response = await self._answer(target, challenge, headers)
        if response.status != 401:
            self._note_nonce(response, Nonce(challenge, given_on, given))
            return await self._accepted(response, challenge, part=part)
        given_on, given = transport_of(response), anyio.current_time()
        offers = await self._offers(response)
        # The same password goes out again only where it cannot be wrong: it has worked, or only the nonce is old.
        if proven or any(offer.is_digest and offer.stale for offer in offers):
            response, challenge = await self._answer_anew(target, offers, headers)
            self._note_nonce(response, Nonce(challenge, given_on, given))
            return await self._accepted(response, challenge, part=part)
        raise self._login.refuse(self._refused())

    async def _answer_anew(
        self, target: str, offers: list[Challenge], headers: Mapping[str, str]
    ) -> tuple[aiohttp.ClientResponse, Challenge]:
        """Answer a second 401 with what it offers. Raise LoginRefused if a third one comes.

        Only one connection at a time: were the password wrong after all, each would count as a failed login.
        """
        async with self._login.doubt:
            self._login.check_refusal()
            challenge = await self._acceptable(offers)
            response = await self._answer(target, challenge, headers)
            if response.status != 401:
                return response, challenge
            await self._offers(response)
            raise self._login.refuse(self._refused())

    async def _by_known_nonce(self, target: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse | None:
        """Send the request with a nonce that has served before; None if it has to be sent without one.

        A 401 is answered once: where a login has worked, it is one of the nonce. So is a 403 to the first such try.
        """
        nonces, part = self._login.nonces, "Range" in headers
        # What a check-up notes is how the camera answers whoever comes anew.
        is_allowed = self._login.accepted and self._login.by_digest and self._witness is None
        nonce = nonces.take(self._nonce, anyio.current_time()) if is_allowed else None
        if nonce is None:
            return None
        try:
            response = await self._answer(target, nonce.challenge, headers, nonce)
        except CameraUnreachable as error:
            nonces.unanswered(nonce)
            if not (_is_closed(error) or (self._is_used and error.is_strain)):
                raise
            return None
        except BaseException:
            nonces.unanswered(nonce)
            raise
        if response.status == 403 and nonces.serves_again is None:
            text = await self._beginning(response)
            if refusal := login_problem(self._address, response.status, text, proven=True):
                raise self._login.refuse(refusal)
            await self._note_refused_nonce(nonce)
            return None
        if response.status != 401:
            nonces.worked(nonce)
            self._note_nonce(response, nonce)
            return await self._accepted(response, nonce.challenge, part=part)
        given_on, given = transport_of(response), anyio.current_time()
        try:
            offers = await self._offers(response)
            response, challenge = await self._answer_anew(target, offers, headers)
        except CameraError:
            nonces.unanswered(nonce)
            raise
        await self._note_refused_nonce(nonce, stale=any(offer.is_digest and offer.stale for offer in offers))
        self._note_nonce(response, Nonce(challenge, given_on, given))
        return await self._accepted(response, challenge, part=part)

    def _note_nonce(self, response: aiohttp.ClientResponse, nonce: Nonce) -> None:
        """Keep ``nonce``, which ``response`` has taken, for the next request."""
        if not (can_serve_again(nonce.challenge) and _proves_the_login(response)):
            return
        nonces, came_by = self._login.nonces, transport_of(response)
        if came_by is None or nonce.transport is None:
            return
        nonces.is_unbound = nonces.is_unbound or came_by is not nonce.transport
        nonce.transport = came_by
        if nonces.is_unbound:
            nonces.give(nonce)
        else:
            self._nonce = nonce

    async def _note_refused_nonce(self, nonce: Nonce, *, stale: bool = False) -> None:
        self._nonce = None
        if self._login.nonces.failed(nonce, stale=stale):
            await anyio.to_thread.run_sync(remember_nonces_serve_once, *self._places)

    def _refused(self) -> LoginRefused:
        return LoginRefused(
            f"The camera at {self._address} refused the login of {printable(self._credentials.username)!r}.",
            hint="Check the user name and the password. camreel tried only once: more failed logins could "
            "lock the account.",
        )

    async def _answer(
        self, target: str, challenge: Challenge, headers: Mapping[str, str], known: Nonce | None = None
    ) -> aiohttp.ClientResponse:
        """Send the password. A first one that gets no clear answer is not sent again: it may count as failed.

        ``known`` has the count of a nonce that is used again, and the connection that it must go over.
        """
        count = 1 if known is None else known.uses
        authorization = answer(challenge, self._credentials, "GET", target, secrets.token_hex(8), count=count)
        over = None if known is None or self._login.nonces.is_unbound else known.transport
        token = only_over.set(over)
        try:
            return await self._get(target, {**headers, "Authorization": authorization})
        except CameraError as error:
            self._unproven(error)
            raise
        finally:
            only_over.reset(token)

    async def _look_for_a_close(self, response: aiohttp.ClientResponse) -> None:
        """Before the first password goes out: find out whether the camera closes after its 401 without a word.

        On such a connection nobody would read it; once it is sent, nobody can tell whether it was read.
        """
        if not (self._login.accepted or self._login.closes_refused):
            self._login.closes_refused = await has_closed(response, self._timeouts.closing)

    def _unproven(self, error: CameraError) -> CameraError:
        if not self._login.accepted and error.worth_retrying:
            error.worth_retrying = False
            error.hint = "It happened during the login, which camreel tries only once. Run it again in a minute or two."
        return error

    async def _unsigned(self, target: str) -> aiohttp.ClientResponse:
        """Send a request without a login. If a kept connection was closed meanwhile, once more on a new one."""
        is_kept = self._is_used
        try:
            return await self._get(target, {})
        except CameraUnreachable as error:
            if not (_is_closed(error) or (is_kept and error.is_strain)):
                raise
            return await self._get(target, {})

    async def _accepted(
        self, response: aiohttp.ClientResponse, challenge: Challenge | None, *, part: bool = False
    ) -> aiohttp.ClientResponse:
        """Return an answer of a kind that was asked for, or a clear no; 206 is one if a ``part`` was asked for.

        ``challenge`` is what its request answered, None for nothing. An odd answer to the first login is not asked
        again: nobody can tell whether the camera took the password.
        """
        known, signed = self._login.accepted, challenge is not None
        if challenge is not None and _proves_the_login(response):
            self._login.accepted = True
            if challenge.is_digest and not self._login.by_digest:
                self._login.by_digest = True
                if await anyio.to_thread.run_sync(nonces_serve_once, *self._places):
                    self._login.nonces.serves_again = False
                problem = await anyio.to_thread.run_sync(remember_digest, *self._places)
                if problem is not None and self._allow_basic:
                    self._warn(not_remembered(self._address, problem))
        if response.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}:
            response.close()
            raise NotACamera(f"{self._address} sent a compressed answer although none was asked for.", once_more=known)
        if response.status in {200, 400, 404, 501} or (response.status == 206 and part):
            return response
        text = await self._beginning(response)
        proven = self._login.accepted
        if refusal := login_problem(self._address, response.status, text, proven=proven or not signed):
            raise self._login.refuse(refusal)
        location = response.headers.get("Location")
        error = from_status(self._address, response.status, text, location=location, known=known)
        raise self._unproven(error) if signed else error

    async def _offers(self, response: aiohttp.ClientResponse) -> list[Challenge]:
        """Return the ways to log in that a 401 offers. CameraBusy if it says that there are too many connections."""
        headers: CIMultiDictProxy[str] = response.headers
        # Reading the body frees the connection for the answer. Some devices send it late, never, or in part and hang
        # up: then a new one.
        text = b""
        with suppress(aiohttp.ClientError, OSError), anyio.move_on_after(self._seconds(self._timeouts.refusal)):
            while len(text) < _MAX_401 and (chunk := await response.content.read(_MAX_401 - len(text))):
                text += chunk
        is_whole = response.content.at_eof() and response.content.exception() is None
        if self._login.closes_refused:
            hang_up(response)
        response.release() if is_whole else response.close()
        offers = parse_challenges(headers.getall("WWW-Authenticate", []))
        is_busy = not offers or b"exceeded" in text[:1000].lower()
        if is_busy and self._login.accepted and not (self._login.by_digest and _falls_to_basic(offers)):
            # From a camera that let us in before: «Exceeded maximum number of connections» (PF8-PV), with or without
            # a challenge. The password has nothing to do with it.
            raise CameraBusy(f"{self._address} accepts no more connections at the moment.")
        return offers

    async def _acceptable(self, offers: list[Challenge]) -> Challenge:
        """Return the offer to answer. Raise if there is none, or none that is safe: then nothing is sent."""
        challenge = choose(offers)
        if _falls_to_basic(offers):
            memory = await anyio.to_thread.run_sync(digest_memory, *self._places)
            if self._login.by_digest:
                memory = DigestMemory(memory.places or (self._address,))
            if memory.places or (challenge is not None and not self._allow_basic):
                raise self._login.refuse(basic_problem(self._address, memory))
            if memory.problem is not None and challenge is not None:
                self._warn(not_looked_up(self._address, memory.problem))
        if challenge is None:
            raise unknown_login(self._address, unknown_digest(offers))
        if challenge.scheme == "basic" and not self._address.https:
            self._warn("The camera offers only Basic authentication: the password crosses the network in clear.")
        return challenge

    async def _get(self, target: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        wire = self._wire
        assert wire is not None, "use async with"
        url = URL(f"{'https' if self._address.https else 'http'}://{self._host}{target}", encoded=True)
        try:
            seconds = self._seconds(self._timeouts.connect + self._timeouts.headers)
            with self._in_our_words(), anyio.fail_after(seconds):
                response = await wire.session.get(url, headers=headers, allow_redirects=False, ssl=wire.ssl)
        except CameraError as error:
            cause = error.__cause__
            if not isinstance(cause, aiohttp.ClientConnectorCertificateError):
                raise
            shown = await self._certificate()
            raise from_client_error(self._address, cause, certificate=shown) from cause
        self._is_used = True
        wire.came(response)
        self._peer = peer_of(response, self._address.port)
        log.debug("GET %s -> %d", printable(target), response.status)
        if self._witness is not None:
            answered = tuple(response.headers.items())
            self._witness.met(target, response.status, answered, signed="Authorization" in headers)
        return response

    async def _certificate(self) -> str | None:
        """Return the SHA-256 of the certificate that the camera presents, to be pinned; None without one."""
        nobody_checked = tls_context(insecure=True, ca_file=None)
        try:
            with anyio.fail_after(self._seconds(self._timeouts.connect)):
                stream = await anyio.connect_tcp(
                    self._address.host, self._address.port, ssl_context=nobody_checked, tls_standard_compatible=False
                )
        except (OSError, TimeoutError):
            return None
        shown = stream.extra(TLSAttribute.peer_certificate_binary, None)  # noqa: S610 - anyio's, not Django's
        await anyio.aclose_forcefully(stream)
        return fingerprint_text(hashlib.sha256(shown).digest()) if shown else None

    @property
    def _places(self) -> tuple[Address, ...]:
        """Where the device was asked, by name and IP: who stands in between may redirect, or leave out a redirect."""
        first, peer = self._login.redirected_from, self._peer
        named = (self._address,) if first is None else (self._address, first)
        by_ip = () if peer is None else tuple(replace(each, host=peer) for each in named)
        return tuple({place_of(each): each for each in (*named, *by_ip)}.values())

    @property
    def _host(self) -> str:
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        return f"{host}:{self._address.port}"

    async def _read(self, response: aiohttp.ClientResponse, limit: int, seconds: float) -> bytes:
        """Return the whole body, at most ``limit`` bytes within ``seconds``."""
        parts: list[bytes] = []
        total = 0
        with self._in_our_words(), anyio.fail_after(self._seconds(seconds)):
            async for chunk in response.content.iter_any():
                total += len(chunk)
                if total > limit:
                    raise NotACamera(
                        f"{self._address} sent more than {limit >> 10} KiB instead of a short answer.",
                        once_more=self._login.accepted,
                    )
                parts.append(chunk)
        body = b"".join(parts)
        if self._witness is not None:
            self._witness.read(body)
        return body

    async def _beginning(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the first bytes of a body that only explains a status, as far as they come; hang up."""
        text = b""
        with suppress(aiohttp.ClientError, OSError), anyio.move_on_after(self._seconds(self._timeouts.text)):
            while len(text) < _MAX_401 and (chunk := await response.content.read(_MAX_401 - len(text))):
                text += chunk
        response.close()
        if self._witness is not None:
            self._witness.read(text)
        return text

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield the body as it comes; CameraUnreachable if it stalls or drips."""
        timeouts, received, mark = self._timeouts, 0, anyio.current_time()
        silent_since = self._asked
        content, gathering = response.content, ReadCoalescer(mark)
        while True:
            asked, until = anyio.current_time(), min(mark + timeouts.stall, self._until)
            with anyio.CancelScope(deadline=until) as scope:
                try:
                    with self._in_our_words():
                        if gathering.pause and not self._slowly:
                            with anyio.move_on_after(gathering.pause):
                                await content.wait_eof()
                        chunk = await content.readany()
                except CameraUnreachable as error:
                    self._note_silence(error, silent_since, until)
                    raise
            if scope.cancelled_caught and was_away(until, anyio.current_time()):
                away = anyio.current_time() - asked
                mark, silent_since, self._until = mark + away, silent_since + away, self._until + away
                continue
            if scope.cancelled_caught:
                least = timeouts.least_bytes_per_stall
                size = f"{least >> 10} KiB" if least >= 1024 else f"{least} bytes"
                stalled = CameraUnreachable(
                    f"{self._address} stopped sending: fewer than {size} in {duration_text(timeouts.stall)}."
                )
                self._note_silence(stalled, silent_since, until)
                raise stalled
            if not chunk:
                return
            received += len(chunk)
            if received >= timeouts.least_bytes_per_stall:
                received, mark = 0, anyio.current_time()
                silent_since, self._until = mark, mark + self._patience.left
            given = anyio.current_time()
            gathering.took(len(chunk), given)
            yield chunk
            ours = anyio.current_time() - given  # what our side takes its time for is no stall of the camera's
            mark, silent_since, self._until = mark + ours, silent_since + ours, self._until + ours


def _is_closed(error: CameraUnreachable) -> bool:
    """Return whether the camera closed the connection without an answer: it may have done so long ago."""
    return isinstance(error.__cause__, aiohttp.ServerDisconnectedError)


def _proves_the_login(response: aiohttp.ClientResponse) -> bool:
    """Return whether a device answers like that only to whom it has let in: it hands out something.

    A 404 or an empty answer may come before anybody looks at the password.
    """
    return response.status == 206 or (response.status == 200 and response.content_length != 0)


def _falls_to_basic(offers: list[Challenge]) -> bool:
    """Return whether Basic is offered, and no Digest that can be answered."""
    challenge = choose(offers)
    return any(offer.scheme == "basic" for offer in offers) and (challenge is None or not challenge.is_digest)


def _range(first: int, end: int | None) -> str:
    """Return the range to ask for, from ``first`` up to ``end``; empty for the whole."""
    if end is not None:
        return f"bytes={first}-{end - 1}"
    return f"bytes={first}" if first < 0 else f"bytes={first}-" if first else ""


def _content_range(text: str) -> ContentRange:
    found = _CONTENT_RANGE.fullmatch(text.strip())
    if found is None:
        return ContentRange()
    first, last, total = (int(number) for number in found.groups())
    return ContentRange(first, last + 1, total)
