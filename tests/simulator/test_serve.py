"""Serving: in a loop or a thread, with TLS, and an end that never waits for a client."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme

from camreel_simulator import (
    DeviceClock,
    Fault,
    Quirks,
    Server,
    SimulatedCamera,
    demo_camera,
    living_camera,
    running,
    serving,
    stub_recordings,
)

from .conftest import LOADFILE, NOON, Client, client_of
from .wire import Wire, authorization

Serve = Callable[..., Client]
VENDOR = "/cgi-bin/magicBox.cgi?action=getVendor"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def ask_and_stall(wire: Wire, target: str) -> None:
    wire.send(target, Authorization=authorization(wire.challenge(target), target))
    assert wire.head()[0] == 200


def test_it_listens_on_loopback_on_a_free_port():
    """Two cameras at a time, each at an address of its own; nothing listens any more afterwards."""
    with running(SimulatedCamera()) as one, running(SimulatedCamera()) as two:
        assert one.host == two.host == "127.0.0.1"
        assert one.port != two.port
        assert one.url == f"http://127.0.0.1:{one.port}"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((one.host, one.port), timeout=5)


def test_a_port_that_is_taken_is_an_error():
    """The error comes out of ``running``, in the caller's thread."""
    with ExitStack() as stack:
        server = stack.enter_context(running(SimulatedCamera()))
        with pytest.raises(OSError):
            stack.enter_context(running(SimulatedCamera(), port=server.port))


@pytest.mark.parametrize("kind", ["stall", "silent", "throttled"])
def test_it_ends_at_once_whatever_a_client_does(kind: str):
    """Neither a stalled transfer nor one that nobody reads holds up the end; no thread is left behind."""
    before = threading.active_count()
    camera = SimulatedCamera(stub_recordings(NOON, 1, body=bytes(40_000_000)))
    target = LOADFILE + camera.recordings[0].path
    with running(camera) as server:
        wire = Wire(server)
        if kind == "silent":
            camera.add_faults(Fault("silent"))
            wire.send(target, Authorization=authorization(wire.challenge(target), target))
        else:
            if kind == "stall":
                camera.add_faults(Fault("stall", at=1000))
            ask_and_stall(wire, target)
        began = time.monotonic()
    assert time.monotonic() - began < 0.5
    assert threading.active_count() == before
    with wire:
        pass


def test_a_failing_block_still_ends_the_camera():
    """An error inside the block is the caller's, and the port is free again."""
    with pytest.raises(ZeroDivisionError), running(SimulatedCamera()) as server:
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)


def test_a_fault_of_its_own_is_one_line_and_breaks_one_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Without a traceback; the next client is served."""

    async def fail(_self: object, _request: object) -> None:
        raise ValueError("too\nlarge")

    client = serve(SimulatedCamera())
    with monkeypatch.context() as patched:
        patched.setattr(SimulatedCamera, "answer", fail)
        with Wire(client.server) as wire, contextlib.suppress(ConnectionError):
            wire.send(VENDOR)
            assert wire.read(1) == b""
    assert is_answered(client.server)
    (record,) = caplog.records
    assert record.exc_info is None
    assert record.getMessage() == r"The simulated camera broke a connection. ValueError('too\nlarge')"


def test_a_camera_can_be_served_again():
    """As after a reboot: what it counted stays, the address is new."""
    camera = SimulatedCamera()
    for _ in range(2):
        with running(camera) as server:
            assert client_of(server, camera.password).get(VENDOR).status == 200
    assert len(camera.log) == 4


def test_tls():
    """With an SSL context it speaks https."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    camera = SimulatedCamera(stub_recordings(NOON, 1, body=bytes(1_000_000)))
    with running(camera, ssl_context=context) as server:
        assert server.url.startswith("https://127.0.0.1:")
        client = client_of(server, camera.password, trusting)
        assert len(client.get(LOADFILE + camera.recordings[0].path).body) == 1_000_000


@pytest.mark.anyio
async def test_serving_in_the_callers_loop():
    """``serving`` answers aiohttp's client and its own digest, and ends with the block."""
    camera = SimulatedCamera()
    async with serving(camera) as server:
        digest = aiohttp.DigestAuthMiddleware(camera.username, camera.password)
        async with aiohttp.ClientSession(middlewares=(digest,)) as session, session.get(server.url + VENDOR) as reply:
            assert (reply.status, await reply.text()) == (200, "vendor=Amcrest\r\n")
    with pytest.raises(OSError):
        await asyncio.open_connection(server.host, server.port)


@pytest.mark.anyio
async def test_cancelling_ends_it_at_once():
    """A cancelled task group does not wait for a stalled client."""
    camera = SimulatedCamera(faults=[Fault("silent", before_login=True)])
    async with serving(camera) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(f"GET {VENDOR} HTTP/1.1\r\n\r\n".encode())
        while not camera.log:  # noqa: ASYNC110 - the log is read from outside, as a test does; it takes a few turns
            await asyncio.sleep(0)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


def test_pipelined_requests_are_answered_in_turn(serve: Serve):
    """Two requests in one write, two answers in order."""
    with Wire(serve(SimulatedCamera()).server) as wire:
        wire.send(VENDOR)
        wire.send(VENDOR)
        for _ in range(2):
            status, headers = wire.head()
            assert status == 401
            assert wire.body(headers).startswith(b"Error")


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"GET x HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=["hello", "no-slash", "no-colon", "no-length", "too-long"],
)
def test_what_is_not_http_is_400(serve: Serve, raw: bytes):
    """It is answered, logged, and the connection ends; the camera lives on."""
    camera = SimulatedCamera()
    server = serve(camera).server
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(raw)
        with client.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 400 Bad Request\r\n"
    assert (camera.log[0].method, camera.log[0].status) == ("?", 400)
    with Wire(server) as wire:
        assert wire.log_in(VENDOR)[0] == 200


def test_a_client_may_ask_for_the_end_of_the_connection(serve: Serve):
    """``Connection: close`` is honoured."""
    with Wire(serve(SimulatedCamera()).server) as wire:
        wire.ask(VENDOR, Connection="close")
        assert wire.read(1) == b""


def test_connection_limit(serve: Serve):
    """One connection too many is reset; when another has gone there is room again."""
    camera = SimulatedCamera(quirks=Quirks(connection_limit=2))
    server = serve(camera).server
    with Wire(server) as one, Wire(server) as two:
        assert one.ask(VENDOR)[0] == two.ask(VENDOR)[0] == 401
        with Wire(server) as three, contextlib.suppress(ConnectionError):
            three.send(VENDOR)
            assert three.head()[0] == 0
    assert any(is_answered(server) for _ in range(1000))  # as soon as the camera has noticed that they hung up


def is_answered(server: Server) -> bool:
    with Wire(server) as wire, contextlib.suppress(ConnectionError):
        return wire.ask(VENDOR)[0] == 401
    return False


def test_the_demo(serve: Serve):
    """Two minutes of a morning in three clips, two streams and snapshots, with a gap of 15 s."""
    client = serve(demo_camera())
    items = client.search("2026-01-16%2008:00:00", "2026-01-16%2008:02:00")
    main = [item for item in items if item["Type"] == "dav" and item["VideoStream"] == "Main"]
    assert [(item["StartTime"][11:], item["EndTime"][11:]) for item in main] == [
        ("08:00:00", "08:00:40"),
        ("08:00:40", "08:01:15"),
        ("08:01:30", "08:02:00"),
    ]
    assert len(items) == 9
    assert {item["Type"] for item in items} == {"dav", "jpg"}
    for item in items:
        assert len(client.get(LOADFILE + item["FilePath"]).body) == int(item["Length"])
    assert urlsplit(client.server.url).hostname == "127.0.0.1"


def test_the_camera_to_try_things_on_goes_on_recording(serve: Serve):
    """It has the morning of the demo, and of the last hour what has ended; more as its clock goes on."""
    times = [datetime(2026, 3, 1, 0, minute, tzinfo=timezone.utc) for minute in (14, 16)]
    camera = living_camera(clock=DeviceClock(lambda: times[0]))
    client = serve(camera)
    hour = ("2026-02-28%2023:20:00", "2026-03-01%2000:20:00")
    main = [item["StartTime"] for item in client.search(*hour) if item["VideoStream"] == "Main"]
    assert main == [f"2026-02-28 23:{at}" for at in ("28:00", "40:15", "52:10")] + ["2026-03-01 00:04:05"]
    del times[0]
    assert len(client.search(*hour)) == 2 * (len(main) + 2)
    assert len(client.search("2026-01-16%2008:00:00", "2026-01-16%2008:02:00")) == 9
