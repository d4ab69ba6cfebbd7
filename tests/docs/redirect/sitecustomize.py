"""Loaded by Python at start-up, for the child processes of the docs tests alone: every address leads to loopback.

So the README's own command lines, with their own host names, run against the simulated camera.
"""

from __future__ import annotations

import os
import socket

_PORT = int(os.environ["CAMREEL_TEST_PORT"])
_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _to_loopback(self, address):
    if self.family in {socket.AF_INET, socket.AF_INET6}:
        address = ("127.0.0.1", _PORT) if self.family == socket.AF_INET else ("::1", _PORT)
    return _connect(self, address)


def _resolve(host, port, *arguments, **options):
    return _getaddrinfo("127.0.0.1", port, *arguments, **options)


socket.socket.connect = _to_loopback  # type: ignore[method-assign]
socket.getaddrinfo = _resolve
