"""A camera that accepts and says nothing, in each of the ways: ``--retry-for`` bounds the time without progress."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import anyio
import pytest
from tests.conftest import NOW, Bench, Ran, by_turns, frame_md5s
from tests.system.faults.matrix import FAR, long_clips

from camreel.devices.http import Connection
from camreel.devices.patience import Patience
from camreel.devices.session import Login
from camreel.errors import CameraUnreachable, CamreelError
from camreel.model import Address, Credentials
from camreel.transfer.runtime import Runtime
from camreel_simulator import DeviceClock, Fault, Quirks, SimulatedCamera
from camreel_simulator.http.throttle import Throttle

PATIENCE = 2.0
# Beside twice the patience there is what a busy computer takes for its part. Without the bound it is 80 s and more.
MOST = 2 * PATIENCE + 30
DOWNLOADS = "RPC_Loadfile"
EVERYTHING = re.compile("")


def spent(stand: Bench, **changes: object) -> tuple[Ran, float]:
    """Run an export with all usual time-outs; return what came of it and how long it took."""
    began = time.monotonic()
    run = stand.export(tune=Runtime(utc_now=lambda: NOW), retry_for=PATIENCE, **changes)  # type: ignore[arg-type]
    return run, time.monotonic() - began


def silent_from(target: str) -> Fault:
    """No answer to any request from the first one for ``target`` on: the connection is taken, and that is all."""
    return Fault("silent", target=target, times=None)


@pytest.mark.parametrize(
    ("target", "dies"),
    by_turns(
        ["getSystemInfo", "getCurrentTime", "NTP", "factory.create", "action=findFile", "findNextFile"],
        [False, True],
        of=2,
    ),
)
def test_silence_while_asking_ends_in_time(bench, target, dies, monkeypatch):
    """A question that is never answered, by a camera that answers all others, or none any more."""
    stand = bench(recordings=long_clips(), faults=[silent_from(target)])
    if dies:
        _dies_at(stand, target, monkeypatch)
    run, took = spent(stand)
    assert took < MOST
    if target == "NTP" and not dies:
        assert run.ok.exit_code == 0, "it is not needed"
    else:
        assert run.error is not None
        assert isinstance(run.error, CamreelError)
        assert run.error.exit_code == 6


def _dies_at(stand: Bench, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = stand.camera.answer

    async def watched(request):
        if target in request.decoded:
            stand.camera.add_faults(Fault("silent", target=EVERYTHING, times=None, before_login=True))
        return await answer(request)

    monkeypatch.setattr(stand.camera, "answer", watched)


_STOPS = {
    "silent": Fault("silent"),
    "head": Fault("stall", at=0),
    "bytes": Fault("stall", at=10),
    "much": Fault("stall", at=FAR),
}


@pytest.mark.parametrize(("at", "ranges", "at_a_time"), by_turns(_STOPS, [True, False], [1, 4], of=2))
def test_downloads_that_stay_silent_end_in_time(bench, at, ranges, at_a_time):
    """The camera is there, and each download stops: no more time goes by than for one that is away."""
    fault = _STOPS[at]
    stopped = Fault(fault.kind, target=DOWNLOADS, times=None, at=fault.at)
    stand = bench(recordings=long_clips(), faults=[stopped], quirks=Quirks(ranges=ranges))
    run, took = spent(stand, max_concurrent=at_a_time)
    assert run.error is not None
    assert isinstance(run.error, CamreelError)
    assert run.error.exit_code == 6
    assert took < MOST


def test_a_drip_of_bytes_ends_in_time(bench):
    """Below the rate that counts as sending."""
    camera = SimulatedCamera(long_clips(), throttle=Throttle(per_connection_bps=300), clock=DeviceClock.fixed(NOW))
    _run, took = spent(bench(camera))
    assert took < MOST


def test_one_silent_recording_does_not_hold_up_the_others(bench):
    """With one download at a time: it is lost by name, and the others come."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("silent", target=recordings[0].path, times=None)])
    run, took = spent(stand, max_concurrent=1)
    assert run.ok.exit_code == 4
    assert [clip.status for clip in run.ok.clips] == ["failed", "merged", "merged"]
    assert frame_md5s(run.output) == [md5 for one in recordings[1:] for md5 in frame_md5s(one.body())]
    assert took < MOST


Sends = Callable[[], Iterator[bytes]]
FOREVER = threading.Event()  # never set


def _slowly(data: bytes) -> Iterator[bytes]:
    for byte in data:
        yield bytes([byte])
        FOREVER.wait(0.1)


WAYS: dict[str, Sends] = {
    "nothing": lambda: iter(()),
    "a byte": lambda: iter([b"H"]),
    "half a head": lambda: iter([b"HTTP/1.1 401 Unauthorized\r\nWWW-Auth"]),
    "a head by bytes": lambda: _slowly(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000),
    "intermediate answers": lambda: (each for each in itertools.cycle([b"HTTP/1.1 100 Continue\r\n\r\n"])),
    "a body by bytes": lambda: _slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"a" * 5000),
    "half a page": lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<html>"]),
}


@pytest.fixture
def holding() -> Iterator[Callable[[Sends], int]]:
    """Take each connection, send what a test says, and hold it."""
    held: list[socket.socket] = []

    def serve(sends: Sends) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        held.append(server)

        def talk(connection: socket.socket) -> None:
            with suppress(OSError):
                for data in sends():
                    connection.sendall(data)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])
                    threading.Thread(target=talk, args=(held[-1],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(server.getsockname()[1])

    yield serve
    for each in held:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@pytest.mark.parametrize(("https", "way"), by_turns([False, True], WAYS, of=2))
def test_a_first_answer_that_never_comes_ends_in_time(holding, tmp_path, way, https):
    """Connected, and no answer to anything; over https there is no TLS in it either."""
    port = holding(WAYS[way])
    stand = Bench(None, Address("127.0.0.1", port, https=https), tmp_path)  # type: ignore[arg-type]  # no camera
    run, took = spent(stand, insecure=https)
    assert run.error is not None
    assert isinstance(run.error, CamreelError)
    assert run.error.exit_code == 6
    assert took < MOST


@pytest.mark.anyio
@pytest.mark.parametrize("ask", ["text", "knock", "body"])
async def test_what_a_silent_connection_took_is_counted(holding, ask):
    """By the error, and by the patience that all connections share; the next one gets what is left of it."""
    address, patience = Address("127.0.0.1", holding(WAYS["nothing"])), Patience(1.0)
    connection = Connection(address, Credentials("admin", "x"), Login(), lambda _text: None, patience=patience)

    async def asked() -> None:
        with anyio.fail_after(30):
            if ask == "body":
                async with connection.body("/x"):
                    """Never."""
            else:
                await getattr(connection, ask)("/x")

    async with connection:
        for _time in range(2):
            with pytest.raises(CameraUnreachable) as caught:
                await asked()
            assert patience.is_over, "no time-out of its own is shorter than what may be spent"
    assert caught.value.silent_for < 1.5, "nothing was left for the second"
