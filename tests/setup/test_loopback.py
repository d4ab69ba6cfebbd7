"""Tests do not leave loopback, whatever goes wrong in what they run."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from tests.loopback.sitecustomize import is_local


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "", "0.0.0.0", "::ffff:127.0.0.1", None]
)
def test_this_computer_is_there(host: str | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.168.1.100", "255.255.255.255", "239.255.255.251", "fe80::1", "camera.lan"])
def test_no_other_computer_is(host: str) -> None:
    """No datagram, no connection, and no question for a name."""
    assert not is_local(host)
    assert not is_local(f"{host}%eth0")
    if host == "camera.lan":
        for look_up in (socket.gethostbyname, socket.gethostbyaddr, lambda name: socket.getaddrinfo(name, 80)):
            with pytest.raises(socket.gaierror, match="look up no names"):
                look_up(host)
        return
    for name in (lambda: socket.gethostbyaddr(host), lambda: socket.getnameinfo((host, 80), 0)):
        with pytest.raises(socket.gaierror, match="look up no names"):
            name()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = (host, 9, 0, 1) if ":" in host else (host, 9)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        with pytest.raises(RuntimeError, match="do not leave loopback"):
            sock.sendto(b"", place)
        with pytest.raises(RuntimeError, match="do not leave loopback"):
            sock.connect(place)


def test_nor_is_it_for_a_program_that_a_test_starts() -> None:
    """A look for cameras on the local network ends there, before the first datagram."""
    code = "from camreel.devices.dahua.discovery import discover; discover()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1
    assert "LeavesLoopbackError: socket.sendto to 239.255.255.251" in run.stderr
