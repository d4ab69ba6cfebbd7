"""Our own errors for what goes wrong over HTTP: from statuses, bodies and aiohttp's exceptions."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
from typing import Any

import aiohttp

from camreel.devices.downgrade import DigestMemory
from camreel.devices.session import AnotherCertificate
from camreel.errors import (
    AccountLocked,
    BasicNotAllowed,
    CameraBusy,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    CertificateChanged,
    LoginDowngraded,
    LoginError,
    LoginRefused,
    NotACamera,
    printable,
)
from camreel.model import Address
from camreel.text import duration_text

_TIMEOUTS = (TimeoutError, asyncio.TimeoutError)  # two classes until Python 3.11
_LOCKED = 268632081  # DH-NVR608H: {"ErrorCode":268632081,"Result":false,"RmLock":1800,"RmLogin":0}

# What OpenSSL calls an answer that is no TLS at all.
_NOT_TLS = frozenset(
    ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
)

_IS_IT_THERE = "Is the camera on? Are the address and the port right (--port, --https)?"
_BETWEEN = "somebody may be intercepting the connection"
_OLD_TLS = "Old cameras know only outdated TLS. --insecure --legacy-tls allows it; others can then listen."


def from_client_error(
    address: Address, error: Exception, *, known: bool = False, certificate: str | None = None
) -> CameraError | CertificateChanged:
    """Return the error a person can act on, for anything that aiohttp or the system raises. It never holds a header.

    ``known``: a camera has answered there before, so an answer that does not parse is one that was garbled.
    ``certificate``: the SHA-256 of the one it showed.
    """
    told = _from_client_error(address, error, known=known, certificate=certificate)
    is_other = isinstance(told, CameraUnreachable | NotACamera) and not known
    if is_other and (protocol := _OTHER_PORTS.get(address.port)):
        told.hint = (
            f"Port {address.port} is that of {protocol}. Use the port of the web page: 80 (https: 443) as a rule."
        )
    return told


# Those of a camera that people take for the one that is wanted.
_OTHER_PORTS = {37777: "Dahua's own protocol", 37778: "Dahua's own protocol", 554: "live pictures (RTSP)"}


def _from_client_error(
    address: Address, error: Exception, *, known: bool, certificate: str | None
) -> CameraError | CertificateChanged:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return CertificateChanged(
            f"{address} presents another certificate than the one pinned, {fingerprint_text(error.got)}: {_BETWEEN}.",
            hint="Nothing was sent. If the camera was reset or replaced, pin its new certificate with --fingerprint.",
        )
    if isinstance(
        error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | aiohttp.ClientSSLError
    ):
        return _tls_error(address, error, certificate)
    if isinstance(error, aiohttp.ClientConnectorDNSError | aiohttp.InvalidURL) or isinstance(
        error.__cause__, socket.gaierror
    ):
        return _name_error(address, known=known)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return _connect_error(address, error)
    if isinstance(error, aiohttp.ClientResponseError):
        # aiohttp raises this for answers that it cannot parse; a status that was received never comes this way.
        if known:
            return CameraUnreachable(f"{address} sent an answer that is not HTTP.")
        return NotACamera(
            f"{address} does not answer like a camera: what it sent is not HTTP.",
            hint="Check --host and --port: camreel needs the HTTP port, not RTSP (554) or 37777.",
        )
    if isinstance(error, _TIMEOUTS):
        return CameraUnreachable(f"{address} accepted the connection and then did not answer in time.")
    if isinstance(error, aiohttp.ClientPayloadError):
        return CameraUnreachable(f"{address} broke off in the middle of an answer.")
    if isinstance(error, aiohttp.ServerDisconnectedError):  # its text would be all that came, headers and cookies too
        return _reset(f"The connection to {address} was closed before the answer was whole.")
    return _reset(f"The connection to {address} broke: {_system_reason(error)}.")


def _connect_error(address: Address, error: Exception) -> CameraUnreachable:
    cause = getattr(error, "os_error", None)
    if address.https and isinstance(cause, ConnectionError) and not isinstance(cause, ConnectionRefusedError):
        broken = _reset(f"{address} closed the connection during the TLS handshake.")
        broken.hint = f"Is that its HTTPS port? {_OLD_TLS}"
        return broken
    if address.https and isinstance(error, _TIMEOUTS):
        return CameraUnreachable(
            f"No TLS connection to {address} in time: nothing answers there, or it does not support TLS.",
            hint=f"{_IS_IT_THERE} If it uses plain http, leave out --https.",
        )
    reason = "the connection timed out" if isinstance(error, _TIMEOUTS) else _system_reason(error)
    return CameraUnreachable(
        f"Nothing answers at {address}: {reason}.",
        hint=_IS_IT_THERE,
    )


def _reset(message: str) -> CameraUnreachable:
    """Return the error for a reset: some devices reset what is beyond their limit of connections."""
    error = CameraUnreachable(message)
    error.is_strain = True
    return error


def _name_error(address: Address, *, known: bool) -> CameraError:
    if known:
        return CameraUnreachable(f"The name {printable(address.host)!r} could not be resolved at the moment.")
    return CameraError(
        f"There is no host called {printable(address.host)!r}.",
        hint="Check --host: a name that this network knows, or the camera's IP address.",
    )


def _tls_error(address: Address, error: Exception, certificate: str | None) -> CameraError | CertificateChanged:
    if isinstance(cause := getattr(error, "os_error", error), AnotherCertificate):
        return CertificateChanged(
            f"{address} presents another certificate than before in this run, {fingerprint_text(cause.digest)}: "
            f"{_BETWEEN}.",
            hint="Nothing was sent there. If the camera has just restarted, run the same command again. "
            f"--fingerprint {fingerprint_text(cause.before)} trusts only the earlier certificate.",
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        pin = f"--fingerprint {certificate} trusts only this certificate; " if certificate else ""
        return CameraError(
            f"{address} presents an untrusted certificate.",
            hint=f"Cameras make their own. {pin}--ca-file FILE trusts those in FILE; --insecure checks nothing.",
        )
    reason = getattr(cause, "reason", None)
    if not reason or reason in _NOT_TLS:
        return CameraError(
            f"{address} does not support TLS on this port.",
            hint="Give the camera's HTTPS port with --port (443 unless it was changed), or leave out --https and "
            "--fingerprint.",
        )
    words = printable(reason.lower().replace("_", " "), 80)
    return CameraError(
        f"No TLS connection to {address} comes about ({words}).",
        hint=_OLD_TLS,
    )


def changed_while_away(address: Address, before: bytes, now: bytes) -> str:
    """Return the warning of a certificate that nobody checks, from ``before`` the camera was away (SHA-256)."""
    return (
        f"The certificate of {address} changed while the camera was away: {fingerprint_text(before)} before, "
        f"{fingerprint_text(now)} since. If the camera makes none at its start, {_BETWEEN}."
    )


def fingerprint_text(digest: bytes) -> str:
    """Return a certificate's SHA-256 as people compare it: ``AB:CD:…``."""
    return digest.hex(":").upper()


def _system_reason(error: Exception) -> str:
    """Return the system's words for it: «connection refused», not asyncio's."""
    inner = getattr(error, "os_error", error)
    number = getattr(inner, "errno", None)
    if isinstance(inner, ssl.SSLError | socket.gaierror):  # their numbers are not the system's
        number = None
    text = os.strerror(number) if number else getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return printable(text[0].lower() + text[1:], 120)


def login_problem(address: Address, status: int, text: bytes, *, proven: bool) -> LoginError | None:
    """Return what an answer to a signed request says about the login, if anything.

    ``proven``: the login has worked in this run, so a 403 or a 500 is about something else. A lock is told as 403 with
    a JSON body (DH-NVR608H) or as a bare 500; a missing right as 403, or as 200 with ``Authorization Failed``.
    """
    if status == 403 and (lock := _lock(address, text)):
        return lock
    if status == 500 and not proven:
        return AccountLocked(
            f"The camera at {address} answered the login with error 500: some do that when an account is locked.",
            hint="Wait half an hour or restart the camera first: each attempt can restart the lock time.",
        )
    denied = status == 200 and text.lstrip()[:5].lower() == b"error" and b"authorization" in text[:200].lower()
    if denied or (status == 403 and not proven):
        return LoginRefused(
            f"The camera at {address} accepts this user, but refuses every request.",
            hint="The account needs the right to «Playback» on this channel.",
        )
    return None


def basic_problem(address: Address, memory: DigestMemory) -> LoginError:
    """Return why the password is not sent as it is. ``memory`` says where the device has taken Digest before."""
    if memory.places and memory.problem is not None:
        return LoginDowngraded(
            f"{address} asks for Basic authentication. camreel cannot check if Digest has worked there before: "
            f"{memory.problem}.",
            hint="The password was not sent. Make that folder readable, or use --https with --fingerprint.",
        )
    if memory.places:
        places = " ".join(each.authority for each in memory.places)
        return LoginDowngraded(
            f"{address} asks for Basic authentication, although Digest has worked there before: {_BETWEEN}.",
            hint="The password was not sent. Use --https with --fingerprint. If the camera was replaced or reset:\n"
            f"camreel cameras forget {places}",
        )
    crosses = "the device at the other end learns" if address.https else "everybody on the network can read"
    return BasicNotAllowed(
        f"{address} offers only Basic authentication, which sends the password so that {crosses} it.",
        hint="The password was not sent. If the camera has https, use --https with --fingerprint. "
        "--allow-basic sends the password anyway.",
    )


def not_remembered(address: Address, problem: str) -> str:
    """Return the warning that later runs will not know of a login by Digest."""
    return (
        f"camreel cannot note that Digest has worked at {address}: {problem}. If a man in the middle asks for Basic, a "
        "later run with --allow-basic sends the password."
    )


def not_looked_up(address: Address, problem: str) -> str:
    """Return the warning that nobody knows whether Digest has worked in an earlier run."""
    return (
        f"camreel cannot check if Digest has worked at {address} before: {problem}. Basic is allowed, so "
        "camreel sends the password by it."
    )


def unknown_login(address: Address, digest: str | None) -> NotACamera:
    """Return the error for a 401 that cannot be answered. ``digest``: what of a Digest is not known, None without."""
    if digest is not None:
        return NotACamera(
            f"{address} asks for a Digest login with {digest}, which camreel does not know.",
            hint="The password was not sent, nor is Basic used instead. Is it the camera's address and port?",
        )
    return NotACamera(
        f"{address} asks for a login method that camreel does not support.",
        hint="Is it the camera's address and port? On some firmware, «Compatibility Mode» has to be chosen for the "
        "private protocol's authentication.",
    )


def _lock(address: Address, text: bytes) -> AccountLocked | None:
    answer = _parse_json(text)
    if not isinstance(answer, dict) or not (answer.get("ErrorCode") == _LOCKED or "RmLock" in answer):
        return None
    left = answer.get("RmLock")
    seconds = left if isinstance(left, int) and 0 <= left <= 7 * 86400 else None
    wait = f"for another {duration_text(seconds)}" if seconds else "for a while (half an hour is usual)"
    return AccountLocked(
        f"The camera at {address} has locked this account {wait}: too many failed logins.",
        seconds=seconds,
        hint="Wait until then; each attempt can restart the lock time. Restarting the camera also unlocks it.",
    )


# What devices answer when they mean no. Any other status beside 5xx is odd: the next request may be answered well.
_CLEAR = frozenset({400, 401, 403, 404, 405, 410, 416, 501})
_ODD = {
    204: "answered that it has nothing to send (204)",
    205: "answered that it has nothing to send (205)",
    206: "sent a part, though all of it was asked for (206)",
}


def is_odd(status: int) -> bool:
    """Return whether an answer with ``status`` belongs nowhere: neither what was asked for, nor a clear no."""
    return status != 200 and status < 500 and status not in _CLEAR


def from_status(
    address: Address, status: int, text: bytes, *, location: str | None = None, known: bool = False
) -> CameraError:
    """Return the error for an answer that is not what was asked for.

    ``known``: a camera has answered there before, so that an odd answer is asked again, once.
    """
    once_more = known and is_odd(status)
    if status < 300:
        words = _ODD.get(status, f"sent an unexpected answer ({status})")
        return CameraRefused(f"{address} {words}.", status=status, once_more=once_more)
    if 300 <= status < 400:
        where = printable(location or "nowhere", 100)
        return CameraRefused(
            f"{address} sends us elsewhere ({where}), and camreel does not send a password there.",
            status=status,
            hint="If that is the same camera, give its address with --https, --port, or the whole URL as --host.",
            location=location,
            once_more=once_more,
        )
    if status == 403:
        return CameraRefused(
            f"The camera at {address} refuses this to the user (403).",
            status=status,
            hint="The account needs the right to «Playback» on this channel.",
        )
    if status >= 500 and status != 501:
        return CameraBusy(f"The camera at {address} is overloaded or restarting ({status}).")
    what = printable(" ".join(text[:200].decode("utf-8", "replace").split()), 80)
    said = f" ({what})" if what else ""
    return CameraRefused(f"The camera at {address} answered {status}{said}.", status=status, once_more=once_more)


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
