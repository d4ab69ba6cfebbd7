"""RPC_Loadfile: whole files and ranges, byte for byte, at the speed that was asked for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from camreel_simulator import (
    ClipSpec,
    Quirks,
    Recorded,
    SimulatedCamera,
    Throttle,
    make_clip,
    make_still,
    stub_recordings,
)
from camreel_simulator.http.throttle import Bucket

from .conftest import LOADFILE, NOON, Client
from .wire import Wire, authorization

Serve = Callable[..., Client]
BODY = hashlib.shake_256(b"recording").digest(300_001)


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve(SimulatedCamera(stub_recordings(NOON, 2, body=BODY)))


def path_of(client: Client, index: int = 0) -> str:
    return client.camera.recordings[index].path


def test_a_whole_file(client: Client):
    """200, the exact length, octet-stream, the bytes; and the camera knows how many it sent."""
    reply = client.get(LOADFILE + path_of(client))
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-length"] == str(len(BODY))
    assert reply.body == BODY
    assert client.camera.bytes_sent == {path_of(client): len(BODY)}


def test_every_spelling_of_a_path(client: Client):
    """Brackets and ``@`` literal or escaped, one slash or two."""
    path = path_of(client)
    for target in (path, quote(path), quote(path, safe="/@"), quote(path, safe="/[]"), "/" + path):
        with Wire(client.server) as wire:
            assert wire.log_in(LOADFILE + target)[2] == BODY, target


def test_head(client: Client, serve: Serve):
    """HEAD gives the length and no body; some devices refuse it."""
    reply = client.get(LOADFILE + path_of(client), method="HEAD")
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, str(len(BODY)), b"")
    refusing = serve(SimulatedCamera(stub_recordings(NOON, 1), quirks=Quirks(head=False)))
    assert refusing.get(LOADFILE + path_of(refusing), method="HEAD").status == 400


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, 300_001),
        ("bytes=100000-", 100_000, 300_001),
        ("bytes=100-199", 100, 200),
        ("bytes=300000-999999", 300_000, 300_001),
        ("bytes=-7", 299_994, 300_001),
    ],
)
def test_ranges(client: Client, asked: str, start: int, stop: int):
    """206 with Content-Range and just those bytes."""
    reply = client.get(LOADFILE + path_of(client), Range=asked)
    assert reply.status == 206
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/300001"
    assert reply.body == BODY[start:stop]
    assert client.camera.log[-1].range == asked


@pytest.mark.parametrize("asked", ["bytes=300001-", "bytes=9-3", "bytes=-0"])
def test_a_range_of_nothing_is_416(client: Client, asked: str):
    """Where the range holds no byte of the file, 416 names the length."""
    reply = client.get(LOADFILE + path_of(client), Range=asked)
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */300001")


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=1-2,4-5", "frames=1-2"])
def test_a_range_that_is_none_is_ignored(client: Client, asked: str):
    """What it does not understand it does not honour: 200 and everything."""
    assert client.get(LOADFILE + path_of(client), Range=asked).status == 200


def test_ranges_can_be_switched_off(serve: Serve):
    """Such a camera answers 200 and the whole file to a range."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 1, body=BODY), quirks=Quirks(ranges=False)))
    reply = client.get(LOADFILE + path_of(client), Range="bytes=100-")
    assert (reply.status, reply.body) == (200, BODY)
    assert "content-range" not in reply.headers


@pytest.mark.parametrize("path", ["/mnt/sd/none.mp4", "", "/", "/mnt/sd/../../etc/passwd", "/etc/passwd"])
def test_what_is_not_on_the_card_is_404(client: Client, path: str):
    """Only recordings are served, whatever the path says."""
    assert client.get(LOADFILE + path).status == 404


def test_content_may_be_a_file(serve: Serve, tmp_path: Path):
    """A recording can be served from disk, whole and in part."""
    file = tmp_path / "real.mp4"
    file.write_bytes(BODY)
    client = serve(SimulatedCamera([Recorded(NOON, NOON, file)]))
    assert client.get(LOADFILE + path_of(client)).body == BODY
    assert client.get(LOADFILE + path_of(client), Range="bytes=9-19").body == BODY[9:20]
    assert client.search("2026-01-16%2012:00:00", "2026-01-16%2012:00:00")[0]["Length"] == "300001"


def test_footage_and_stills_are_made_on_demand(serve: Serve):
    """A description becomes a clip, or a JPEG where the recording is a snapshot."""
    spec = ClipSpec(NOON, 1)
    client = serve(SimulatedCamera([Recorded(NOON, NOON, spec), Recorded(NOON, NOON, spec, kind="jpg")]))
    assert client.get(LOADFILE + path_of(client)).body == make_clip(spec)
    assert client.get(LOADFILE + path_of(client, 1)).body == make_still(spec)


def test_bodies_come_fast(serve: Serve):
    """25 MB over loopback arrive whole; the server is no bottleneck (it sends several 100 MB/s)."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 1, body=bytes(25_000_000))))
    assert len(client.get(LOADFILE + path_of(client)).body) == 25_000_000


def test_a_throttled_body_is_whole(serve: Serve):
    """Slowed down per connection and per device, the bytes are still the same."""
    throttle = Throttle(per_connection_bps=3_000_000, per_device_bps=4_000_000)
    client = serve(SimulatedCamera(stub_recordings(NOON, 1, body=BODY), throttle=throttle))
    assert client.get(LOADFILE + path_of(client)).body == BODY


def test_a_slow_line_drips():
    """Pieces are a twentieth of a second long, never less than a byte."""
    assert Throttle().piece == 256 * 1024
    assert Throttle(per_connection_bps=2000, per_device_bps=8000).piece == 100
    assert Throttle(per_device_bps=2).piece == 1


@pytest.mark.anyio
async def test_a_bucket_keeps_its_rate(monkeypatch: pytest.MonkeyPatch):
    """What passes adds up to the rate, however it is cut and by however many."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    class Still:
        def time(self) -> float:
            return 100.0

    monkeypatch.setattr("camreel_simulator.http.throttle.asyncio.sleep", note)
    monkeypatch.setattr("camreel_simulator.http.throttle.asyncio.get_running_loop", Still)
    bucket = Bucket(1000)
    for count in (500, 250, 250, 1):
        await bucket.take(count)
    monkeypatch.undo()
    assert waits == pytest.approx([0.5, 0.75, 1.0])
    await Bucket(None).take(10**9)
    assert asyncio.get_running_loop().is_running()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_downloads_at_a_time_are_counted(serve: Serve):
    """The peak of downloads and of connections at a time can be read, to see that a client keeps its limits."""
    camera = SimulatedCamera(stub_recordings(NOON, 2, body=bytes(30_000_000)))
    server = serve(camera).server
    with Wire(server) as one, Wire(server) as two:
        for wire, recorded in zip((one, two), camera.recordings, strict=True):
            target = LOADFILE + recorded.path
            wire.send(target, Authorization=authorization(wire.challenge(target), target))
            assert wire.head()[0] == 200
            assert len(wire.read(1000)) == 1000
    assert camera.ledger.peak_downloads == 2
    assert camera.ledger.peak_connections == 2
