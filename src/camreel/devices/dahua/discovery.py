"""Dahua's discovery: a few datagrams out, and a moment of listening. Nothing else is sent.

The form comes from what owners and others published of VTO2000A, DHI-NVR5464, DH-IPC-HDW1235C and Lorex W461ASC: a
header of 32 bytes with ``DHIP`` in it, then JSON. Most devices stay silent without the header, or if its letters are
turned around.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from camreel.devices.base import FoundDevice
from camreel.errors import printable

PORT = 37810
MULTICAST = "239.255.255.251"
MOST_BYTES = 8192  # answers have some 800
_HEADER = struct.Struct("<I4s8xI4xI4x")


def question() -> bytes:
    """Return what is sent to all: who is there?"""
    body = b'{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n'
    return _HEADER.pack(_HEADER.size, b"DHIP", len(body), len(body)) + body


def answer(data: bytes, host: str) -> FoundDevice | None:
    """Return the device that sent ``data`` from ``host``; None if that is no answer."""
    if data[4:8] != b"DHIP":
        return None
    try:
        text = json.loads(data[_HEADER.size :].rstrip(b"\0\r\n ").decode("utf-8", "replace"))
        told = text["params"]["deviceInfo"] if text["method"] == "client.notifyDevInfo" else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    port = told.get("HttpPort")
    known = isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= 65535
    return FoundDevice(
        host,
        port if known else 80,  # type: ignore[arg-type]  # a number: see above
        _text(told.get("DeviceType")) or "a camera",
        _text(told.get("MachineName")),
        _text(told.get("SerialNo")),
    )


def _text(value: Any) -> str:
    return printable(value.strip(), 40) if isinstance(value, str) else ""


Place = tuple[str, int]

# This computer too: the simulated camera answers there.
EVERYWHERE: tuple[Place, ...] = ((MULTICAST, PORT), ("255.255.255.255", PORT), ("127.0.0.1", PORT))
_TIMES = 3  # datagrams may be lost
_BETWEEN = 0.4  # seconds between two of them
_LONGEST = 3.0  # seconds of listening
_QUIET = 1.0  # seconds without another answer, after which it is over sooner
_MOST = 256  # devices
_MOST_ANSWERS = 4096


def discover(places: Sequence[Place] = EVERYWHERE) -> list[FoundDevice]:
    """Return the devices that answer at ``places``, by address. OSError without a network."""
    found: dict[tuple[str, int, str], FoundDevice] = {}
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
