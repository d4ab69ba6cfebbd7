"""The simulated camera answers Dahua's discovery, on loopback, as devices do."""

from __future__ import annotations

import socket
import time

import pytest

from camreel.devices.dahua.discovery import MOST_BYTES, answer, discover, question
from camreel_simulator import SimulatedCamera, camera_of, discovery, running


def asked(port: int, data: bytes) -> bytes | None:
    """What comes back within a fifth of a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        sock.sendto(data, ("127.0.0.1", port))
        try:
            return sock.recv(MOST_BYTES)
        except TimeoutError:
            return None


@pytest.mark.parametrize(
    "data",
    [question()[32:], b"\xff", question().replace(b"DHIP", b"PIHD"), question()[:-1], question()[:32] + b"x" * 73],
)
def test_without_the_right_header_nobody_answers(data: bytes) -> None:
    """Bare JSON, letters turned around, a wrong length."""
    with running(SimulatedCamera([])) as server, discovery.discoverable(server) as port:
        assert asked(port, data) is None
        told = asked(port, question())
        assert told is not None
        device = answer(told, "127.0.0.1")
        assert device is not None
        assert (device.port, device.model, device.name) == (server.port, "IP5M-T1277EB-AI", "SIMULATED")


def test_each_device_once_among_noise() -> None:
    """Asked three times, and answered with garbage in between; in a moment, as nobody else answers."""
    noise = [b"", b"DHIP" * 10, question(), b"\0" * 9000]
    with running(SimulatedCamera([])) as one, running(camera_of("nvr")) as other:
        began = time.monotonic()
        with discovery.discoverable(one, other, noise=noise) as port:
            found = discover([("127.0.0.1", port)])
        assert {(device.host, device.port) for device in found} == {("127.0.0.1", s.port) for s in (one, other)}
        assert time.monotonic() - began < 10


def test_nobody_there() -> None:
    """No device, and no error."""
    with running(SimulatedCamera([])) as server, discovery.discoverable(server) as port:
        pass
    assert discover([("127.0.0.1", port)]) == []
