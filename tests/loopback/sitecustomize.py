"""Refuse to leave loopback, in the tests and in each Python that they start. Python loads it at start-up.

A look for cameras, or a camera's address that is wrong, would else reach whoever is on the network of the tests.
Programs that are no Python (Chromium, curl, the shell's tools) and a Python that reads no PYTHONPATH (`python -I`, `-E`
and `-S`) have no guard: what a test tells them must be on loopback.
"""

from __future__ import annotations

import ipaddress
import socket
import sys

_SENDING = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))
_RESOLVING = frozenset(("socket.getaddrinfo", "socket.gethostbyname"))
_NAMING = frozenset(("socket.gethostbyaddr", "socket.getnameinfo"))  # these ask for the name of an address


class LeavesLoopbackError(RuntimeError):
    """A test, or what it runs, would have sent something to another computer. No OSError: nobody passes over it."""


def is_local(host: object) -> bool:
    """Return whether nothing that is sent to ``host`` leaves this computer. What is no text is no host."""
    if not isinstance(host, (str, bytes)):
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name.lower().rstrip(".") in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback or mapped.is_unspecified


def refuse_elsewhere(event: str, arguments: tuple[object, ...]) -> None:
    """Raise LeavesLoopbackError for what would go to another computer; no name is looked up there."""
    if event in _SENDING:
        address = arguments[1]
        if isinstance(address, tuple) and not is_local(address[0]):
            raise LeavesLoopbackError(f"{event} to {address[0]}: tests do not leave loopback")
    elif event in _RESOLVING and not is_local(arguments[0]) and not _is_address(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, "tests look up no names")
    elif event in _NAMING:
        place = arguments[0]
        if not is_local(place[0] if isinstance(place, tuple) else place):
            raise socket.gaierror(socket.EAI_NONAME, "tests look up no names")


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


_INSTALLED = "tests_stay_on_loopback"
if not hasattr(sys, _INSTALLED):  # a worker of xdist loads it at its start, and conftest.py again
    sys.addaudithook(refuse_elsewhere)
    setattr(sys, _INSTALLED, True)
