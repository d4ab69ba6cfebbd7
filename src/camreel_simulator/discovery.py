"""Dahua's discovery: who is asked on UDP 37810 says who and where it is. On loopback only.

A question is a header of 32 bytes (0x20, ``DHIP``, the length of what follows at 16 and 24, little endian) and JSON,
``DHDiscover.search``; the answer has the same header and ``client.notifyDevInfo``. Measured by others on a VTO2000A and
a DHI-NVR5464: without the header there is no answer.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from camreel_simulator.server import Server

PORT = 37810
_HEADER = struct.Struct("<I4s8xI4xI4x")


@contextmanager
def discoverable(*servers: Server, port: int = 0, noise: Sequence[bytes] = ()) -> Iterator[int]:
    """Answer for the cameras at ``servers`` until the block is left; gives the port. ``noise`` is sent before each."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    answers = [*noise, *(_answer(server) for server in servers)]
    thread = threading.Thread(target=_live, args=(sock, answers), name="discovery", daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", sock.getsockname())
        thread.join()
        sock.close()


def _live(sock: socket.socket, answers: Sequence[bytes]) -> None:
    while True:
        question, asker = sock.recvfrom(2048)
        if not question:
            return
        if _is_search(question):
            for answer in answers:
                sock.sendto(answer, asker)


def _is_search(question: bytes) -> bool:
    if len(question) < _HEADER.size:
        return False
    size, magic, first, second = _HEADER.unpack_from(question)
    body = question[_HEADER.size :]
    if (size, magic) != (_HEADER.size, b"DHIP") or not first == second == len(body):
        return False
    try:
        return bool(json.loads(body)["method"] == "DHDiscover.search")
    except (ValueError, KeyError, TypeError):
        return False


def _answer(server: Server) -> bytes:
    profile = server.camera.profile
    device = {
        "AlarmInputChannels": 0,
        "DeviceClass": "NVR" if profile.channels > 1 else "IPC",
        "DeviceType": profile.device_type,
        "Find": "BC",
        "HttpPort": server.port,
        "IPv4Address": {"DefaultGateway": "127.0.0.1", "DhcpEnable": True, "IPAddress": server.host},
        "MachineName": profile.machine_name,
        "Port": 37777,
        "SerialNo": profile.serial,
        "Vendor": profile.vendor or "General",
        "Version": profile.software_version,
        "VideoInputChannels": profile.channels,
    }
    text = {"mac": "9c:8e:cd:00:00:01", "method": "client.notifyDevInfo", "params": {"deviceInfo": device}}
    body = json.dumps(text).encode() + b"\n\0"  # as devices end it
    return _HEADER.pack(_HEADER.size, b"DHIP", len(body), len(body)) + body
