"""Check what people type of a camera: its address, its certificate, the user. Nothing is sent."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from camreel.errors import UsageError
from camreel.model import Address

_HOW_TO_WRITE_HOSTS = "Write it like 192.168.1.100, kitchen.home.net:8080, [fe80::1]:8080 or https://kitchen.home.net."
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})?", re.ASCII)
_NUMBERS = re.compile(r"(?:0[Xx][0-9A-Fa-f]+|[0-9]+)(?:\.(?:0[Xx][0-9A-Fa-f]+|[0-9]+))*", re.ASCII)


def place_of(address: Address) -> tuple[str, int]:
    """Return host and port of ``address``, equal for all spellings of the same. Nobody is asked."""
    name = address.host.lower().rstrip(".")
    try:
        ip = ipaddress.ip_address(name)
    except ValueError:
        if _NUMBERS.fullmatch(name):  # 127.1 is 127.0.0.1 to the system
            with suppress(OSError):
                name = socket.inet_ntoa(socket.inet_aton(name))
        return name, address.port
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip), address.port


def parse_address(
    text: str,
    *,
    port: int | None = None,
    usual_port: int | None = None,
    https: bool = False,
    fingerprint: str | None = None,
) -> Address:
    """Return the address that ``--host text`` names.

    ``port`` was given by name and must not contradict the host's own; ``usual_port`` (from the environment) only
    is used if nothing else says. A ``fingerprint`` implies https: on http it would be for nothing. UsageError never
    repeats what may be a password.
    """
    text = text.strip()
    _refuse_what_no_host_has(text)
    found = _SCHEME.fullmatch(text)
    scheme, rest = (found["scheme"].lower(), found["rest"]) if found else (None, text)
    if scheme not in {None, "http", "https"}:
        raise UsageError("--host must be a host or a URL of http or https.", hint=_HOW_TO_WRITE_HOSTS)
    if scheme == "http" and https:
        raise UsageError("--host says http, and --https says https.", hint="Give only one of the two.")
    if scheme == "http" and fingerprint is not None:
        raise UsageError("--host says http, and --fingerprint needs https.", hint="Give only one of the two.")
    authority, _, path = rest.partition("/")
    if path:
        raise UsageError(f"{_named(text)} has a path in it.", hint="Give only the host, without a path.")
    host, own_port = _split(authority, text)
    if port is not None and own_port is not None and port != own_port:
        raise UsageError(f"--host says another port than --port {port}.", hint="Give only one of the two.")
    secure = https or scheme == "https" or fingerprint is not None
    # Port 0 was never allowed, so "or" finds the first that was given.
    return Address(_checked(host, text), own_port or port or usual_port or (443 if secure else 80), secure)


def _named(text: str) -> str:
    """Return ``text`` as it may be repeated: behind a colon there may be a password (``admin:secret``)."""
    return "--host" if ":" in text else f"--host {text!r}"


def _refuse_what_no_host_has(text: str) -> None:
    if "@" in text:
        raise UsageError(
            "--host must not contain a user name or a password.",
            hint="Give the user with --username; camreel asks for the password, or takes it from AMCREST_PASSWORD.",
        )
    if "?" in text or "#" in text:
        raise UsageError("--host must contain only a host.", hint=_HOW_TO_WRITE_HOSTS)  # not shown: may hold secrets
    if not text:
        raise UsageError("--host is empty.", hint=_HOW_TO_WRITE_HOSTS)
    if not text.isprintable() or any(c.isspace() for c in text):
        raise UsageError(f"{_named(text)} has a space or a control character in it.", hint=_HOW_TO_WRITE_HOSTS)


def _split(authority: str, text: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, closed, behind = authority[1:].partition("]")
        if not closed or (behind and not behind.startswith(":")) or not _is_v6(host):
            raise UsageError(f"{_named(text)} is not an IPv6 address in brackets.", hint=_HOW_TO_WRITE_HOSTS)
        return host, _port(behind[1:]) if behind else None
    if authority.count(":") > 1:
        if not _is_v6(authority):
            raise UsageError(f"{_named(text)} is not an IPv6 address.", hint=_HOW_TO_WRITE_HOSTS)
        return authority, None
    host, colon, port = authority.partition(":")
    return host, _port(port) if colon else None


def _is_v4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_v6(host: str) -> bool:
    address, _, scope = host.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not scope or re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", scope) is not None


def _port(digits: str) -> int:
    port = int(digits) if re.fullmatch(r"[0-9]{1,5}", digits) else 0
    if not 1 <= port <= 65535:
        raise UsageError(
            "--host has something behind the colon that is not a port (1 to 65535).",
            hint=f"{_HOW_TO_WRITE_HOSTS} A password does not belong there: camreel asks for it.",
        )
    return port


def _checked(host: str, text: str) -> str:
    if ":" in host:
        return host
    if _NUMBERS.fullmatch(host.rstrip(".")) and not _is_v4(host):
        raise UsageError(
            f"{_named(text)} is not an IPv4 address.",
            hint="Write all four numbers, without zeros in front, like 192.168.1.100.",
        )
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        ascii_host = ""
    if not _NAME.fullmatch(ascii_host) or ".." in ascii_host:
        raise UsageError(f"{_named(text)} is not a host name or an address.", hint=_HOW_TO_WRITE_HOSTS)
    return ascii_host


def check_tls(*, insecure: bool, ca_file: str | None, fingerprint: str | None, legacy_tls: bool = False) -> None:
    """Raise UsageError for more than one way to trust a certificate. Those of http wait for a redirect."""
    if legacy_tls and not insecure:
        raise UsageError(
            "--legacy-tls needs --insecure.",
            hint="Outdated TLS protects nothing, so the certificate cannot be trusted either.",
        )
    given = [
        option
        for option, value in (("--insecure", insecure), ("--ca-file", ca_file), ("--fingerprint", fingerprint))
        if value
    ]
    if len(given) > 1:
        raise UsageError(
            f"{' and '.join(given)} are different ways to trust a certificate.", hint="Give only one of them."
        )
    if ca_file and not Path(ca_file).is_file():
        raise UsageError(f"--ca-file {ca_file!r} is not a file.")
    digits = fingerprint.replace(":", "") if fingerprint is not None else "0" * 64
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise UsageError(
            f"--fingerprint {fingerprint!r} is not the SHA-256 of a certificate.",
            hint="It has 64 hex digits, with or without colons; camreel prints it for an untrusted certificate.",
        )


def check_username(username: str) -> str:
    """Return ``username`` if it can be sent: digest login has no place for a colon. Else UsageError."""
    if ":" in username:  # not repeated: it may be admin:secret
        raise UsageError(
            "--username must not contain a colon.",
            hint="Give the user alone; camreel asks for the password, or takes it from AMCREST_PASSWORD.",
        )
    if not username.isprintable() or not username.strip():
        raise UsageError(
            f"--username {username!r} is not a user name.", hint="Give the user that logs in to the camera."
        )
    return username


def https_instead(address: Address, location: str | None) -> Address | None:
    """Return where a redirect leads, if that is the same camera over https; None for any other."""
    try:
        parts = urlsplit(location or "")
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        return None
    if address.https or parts.scheme.lower() != "https" or (host or "").lower() != address.host.lower():
        return None
    return replace(address, port=port, https=True)
