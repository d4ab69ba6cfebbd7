"""Ask the local network for cameras: a few datagrams out, and a moment of listening. Nothing else is sent."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress

from camreel.camera.dhip import MOST_BYTES, MULTICAST, PORT, Device, answer, question

Place = tuple[str, int]
# This computer too: the simulated camera answers there.
EVERYWHERE: tuple[Place, ...] = ((MULTICAST, PORT), ("255.255.255.255", PORT), ("127.0.0.1", PORT))
_TIMES = 3  # datagrams may be lost
_BETWEEN = 0.4  # seconds between two of them
_LONGEST = 3.0  # seconds of listening
_QUIET = 1.0  # seconds without another answer, after which it is over sooner
_MOST = 256  # devices
_MOST_ANSWERS = 4096


def discover(places: Sequence[Place] = EVERYWHERE) -> list[Device]:
    """The devices that answer at ``places``, in the order of their addresses. OSError where there is no network."""
    found: dict[tuple[str, int, str], Device] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", 0))
        began = heard = time.monotonic()
        asked = answers = 0
        while answers < _MOST_ANSWERS and len(found) < _MOST:
            now = time.monotonic()
            if asked < _TIMES and now - began >= asked * _BETWEEN:
                _ask(sock, places)
                asked += 1
            if now - began >= _LONGEST or (found and asked == _TIMES and now - heard >= _QUIET):
                break
            sock.settimeout(0.1)
            try:
                data, sender = sock.recvfrom(MOST_BYTES)
            except OSError:  # nothing within that time; in Windows also: nobody listens on this computer
                continue
            answers += 1
            device = answer(data, sender[0])
            if device is not None and (device.host, device.port, device.serial) not in found:
                found[device.host, device.port, device.serial] = device
                heard = now
    return sorted(found.values(), key=lambda device: (socket.inet_aton(device.host), device.port))


def _ask(sock: socket.socket, places: Sequence[Place]) -> None:
    for place in places:
        with suppress(OSError):  # no route: another of them may have one
            sock.sendto(question(), place)
