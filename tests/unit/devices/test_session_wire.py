"""What a session writes to the network, and which of its connections it closes."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio
import pytest

from camreel.devices.session import (
    AnotherCertificate,
    FirstCertificate,
    LenientHandler,
    Response,
    RewritingTransport,
    Trust,
    Wire,
    hang_up,
    has_closed,
    only_over,
    open_wire,
)
from camreel_simulator import SimulatedCamera, running


class Line:
    """A connection that remembers what was written to it. ``closing``: whether it is being closed, look by look."""

    def __init__(self, *closing: bool) -> None:
        self.written: list[bytes] = []
        self.closed = 0
        self._closing = list(closing)

    def write(self, data: bytes) -> None:
        self.written.append(bytes(data))

    def writelines(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def is_closing(self) -> bool:
        return self._closing.pop(0) if len(self._closing) > 1 else [*self._closing, bool(self.closed)][0]

    def close(self) -> None:
        self.closed += 1


def by(line: Line | None) -> Any:
    """A response that came by ``line``."""
    response = object.__new__(Response)
    response.transport = line  # type: ignore[assignment]
    return response


def wire(*, shared: bool) -> tuple[Wire, list[str]]:
    done: list[str] = []

    async def close() -> None:
        done.append("session")

    return Wire(SimpleNamespace(close=close), True, shared=shared), done  # type: ignore[arg-type]


# --- what is written -------------------------------------------------------------------------------------------------


def test_in_what_is_written_one_piece_stands_for_another():
    """In each write, however it is made; all else passes as it is."""
    line = Line()
    transport: Any = RewritingTransport(line, b"stand-in", b"\xff\xfe")  # type: ignore[arg-type]
    transport.write(memoryview(b"a: stand-in\r\n"))
    transport.writelines([b"b: stand", b"-in\r\n", b"\r\n"])
    transport.write(b"body")
    assert line.written == [b"a: \xff\xfe\r\n", b"b: \xff\xfe\r\n\r\n", b"body"]


@pytest.mark.parametrize("closing", [True, False])
def test_whether_it_is_being_closed_is_asked_of_the_connection(closing):
    assert RewritingTransport(Line(closing), b"a", b"b").is_closing() is closing  # type: ignore[arg-type]


@pytest.mark.anyio
@pytest.mark.parametrize("shared", [False, True], ids=["our own", "shared"])
async def test_a_login_is_sent_byte_for_byte(shared):
    """Bytes that are no UTF-8 too, and each on the same connection; the answer knows by which it came."""
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                came.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    values = ["Digest plain", "Digest t\u00fcr", "Digest \udcff\udc80x", "Digest plain again"]
    async with server, aiohttp.ClientSession() as other:
        ours = await open_wire(Trust(), 7, https=False, shared=other if shared else None)
        lines = []
        for value in values:
            async with ours.session.get(url, headers={"Authorization": value}, ssl=ours.ssl) as response:
                assert await response.read() == b"ok"
                assert isinstance(response, Response)
                lines.append(response.transport)
        await ours.close()
    for sent, value in zip(came, values, strict=True):
        assert b"\r\nAuthorization: " + value.encode("utf-8", "surrogateescape") + b"\r\n" in sent
        assert sent.startswith(b"GET /x HTTP/1.1\r\n")
        assert sent.isascii() == value.isascii()
    assert len({*lines}) == 1
    assert None not in lines


# --- which connections are closed ------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_shared_session_is_left_without_our_connections():
    """Those that are open; the others are forgotten meanwhile."""
    ours, done = wire(shared=True)
    gone, first, second = Line(True), Line(False), Line(False)
    for line in (gone, first, second, first):
        ours.came(by(line))
    ours.came(by(None))
    ours.came(SimpleNamespace(transport=first))  # type: ignore[arg-type]
    assert set(map(id, ours._transports)) == {id(first), id(second)}
    await ours.close()
    assert [line.closed for line in (gone, first, second)] == [0, 1, 1]
    assert done == ["session"]


@pytest.mark.anyio
async def test_a_session_of_our_own_closes_what_it_has():
    """Nothing has to be remembered for it."""
    ours, done = wire(shared=False)
    line = Line(False)
    ours.came(by(line))
    ours.came(SimpleNamespace())  # type: ignore[arg-type]
    assert ours._transports == set()
    await ours.close()
    assert (line.closed, done) == (0, ["session"])


@pytest.mark.anyio
async def test_which_session_is_shared_is_known_to_its_wire():
    async with aiohttp.ClientSession() as shared:
        for given in (None, shared):
            made = await open_wire(Trust(), 7, https=False, shared=given)
            line = Line(False)
            made.came(by(line))
            await made.close()
            assert line.closed == (given is not None)


def test_to_hang_up_closes_the_connection_of_the_response():
    line = Line()
    hang_up(by(line))
    assert line.closed == 1
    hang_up(by(None))
    hang_up(SimpleNamespace(transport=line))  # type: ignore[arg-type]
    assert line.closed == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("line", "closes"),
    [(Line(True), True), (Line(False, False, True), True), (Line(False), False), (None, False)],
    ids=["at once", "soon", "never", "none"],
)
async def test_a_device_that_closes_is_waited_for(line, closes):
    with anyio.fail_after(5):
        assert await has_closed(by(line), 0.05) is closes
    assert await has_closed(SimpleNamespace(transport=Line(True)), 0.05) is False  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_response_knows_how_it_came():
    """From the moment on at which it is read."""
    line, response = Line(), by(None)
    seen: list[Any] = []

    async def start(self: Any, connection: Any) -> Any:
        seen.append((connection.transport, self.transport))
        return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.ClientResponse, "start", start)
        assert await response.start(SimpleNamespace(transport=line)) is response
    assert seen == [(line, line)]


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_odd_heads_reach_the_parser_repaired():
    """Once an answer is waited for; a piece that is held back is not told as the end."""
    fed: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiohttp.client_proto.ResponseHandler.data_received", lambda _self, data: fed.append(data))
        handler = LenientHandler(asyncio.get_running_loop())
        handler.data_received(b"early\n")
        handler.set_response_params()
        handler.data_received(b"HTTP/1.1 200 OK\n")
        assert fed == [b"early\n"]
        handler.data_received(b"Content-Length: 2\n\nab")
        handler.data_received(b"cd")
        handler.data_received(b"")
    assert b"".join(fed[1:]) == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd"
    assert fed[-1] == b""


# --- certificates ----------------------------------------------------------------------------------------------------


def test_another_certificate_is_an_error_of_tls_that_tells_both():
    first = FirstCertificate()
    first.compare(b"one")
    with pytest.raises(AnotherCertificate, match="another certificate than before") as caught:
        first.compare(b"two")
    assert isinstance(caught.value, ssl.SSLError)
    assert caught.value.errno == ssl.SSL_ERROR_SSL
    assert len({caught.value.digest, caught.value.before}) == 2
    assert first.take_change() is None


def test_no_certificate_is_one_of_its_own():
    first = FirstCertificate()
    first.compare(None)
    first.compare(b"")
    with pytest.raises(AnotherCertificate):
        first.compare(b"one")


def test_each_handshake_is_compared():
    """Before anything is sent; only of a context that is watched, and only where all that is trusted is the first."""
    compared: list[bytes | None] = []
    first = FirstCertificate()
    first.compare = compared.append  # type: ignore[method-assign,assignment]
    context = Trust(insecure=True, first=first).another_context()
    assert Trust(insecure=True).another_context().sslobject_class is ssl.SSLObject
    assert issubclass(context.sslobject_class, ssl.SSLObject)
    asked: list[Any] = []

    def shaken(self: Any) -> None:
        asked.append("handshake")

    def shown(self: Any, *, binary_form: bool = False) -> Any:
        asked.append(binary_form)
        return b"der" if binary_form else {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLObject, "do_handshake", shaken)
        patch.setattr(ssl.SSLObject, "getpeercert", shown)
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).do_handshake()
    assert (asked, compared) == (["handshake", True], [b"der"])


async def ask(place: str, over: Any) -> tuple[str, Any]:
    """Ask for something signed, over one connection alone if it is given: what came of it, and its connection."""
    wire = await open_wire(Trust(), 5, https=False)
    try:
        async with wire.session.get(place, ssl=wire.ssl) as first:
            await first.read()
            transport = first.transport  # type: ignore[attr-defined]
        token = only_over.set(transport if over is None else over)
        try:
            async with wire.session.get(place, headers={"Authorization": "Digest x"}, ssl=wire.ssl) as second:
                return str(second.status), second.transport is transport  # type: ignore[attr-defined]
        except aiohttp.ServerDisconnectedError:
            return "not sent", None
        finally:
            only_over.reset(token)
    finally:
        await wire.close()


def test_what_is_of_one_connection_goes_over_no_other():
    """A nonce that is bound to a connection which is closed by now would count as a failed login on another."""
    camera = SimulatedCamera()
    with running(camera) as server:
        assert asyncio.run(ask(server.url, None)) == ("401", True)
        assert camera.rejected_logins == 1
        assert asyncio.run(ask(server.url, Line())) == ("not sent", None)
        assert camera.rejected_logins == 1
