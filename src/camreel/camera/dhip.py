"""Dahua's discovery, as it is on the wire: a question, and what an answer says. Pure.

From what owners and others published of VTO2000A, DHI-NVR5464, DH-IPC-HDW1235C and Lorex W461ASC: a header of 32 bytes
with ``DHIP`` in it, then JSON. Without the header, or with its letters turned around, most devices stay silent.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from camreel.errors import printable

PORT = 37810
MULTICAST = "239.255.255.251"
MOST_BYTES = 8192  # answers have some 800
_HEADER = struct.Struct("<I4s8xI4xI4x")


@dataclass(frozen=True, slots=True)
class Device:
    """A device that answered. ``host`` is where its answer came from, whatever it says of itself."""

    host: str
    port: int
    model: str
    name: str
    serial: str


def question() -> bytes:
    """What is sent to all: who is there?"""
    body = b'{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n'
    return _HEADER.pack(_HEADER.size, b"DHIP", len(body), len(body)) + body


def answer(data: bytes, host: str) -> Device | None:
    """The device that sent ``data`` from ``host``; None where that is no answer."""
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
    return Device(
        host,
        port if known else 80,  # type: ignore[arg-type]  # a number: see above
        _text(told.get("DeviceType")) or "a camera",
        _text(told.get("MachineName")),
        _text(told.get("SerialNo")),
    )


def _text(value: Any) -> str:
    return printable(value.strip(), 40) if isinstance(value, str) else ""
