"""A client of raw bytes, for what a well-behaved client cannot say."""

from __future__ import annotations

import hashlib
import re
import socket
from types import TracebackType

from camreel_simulator import Server


class Wire:
    """One connection; answers are read by Content-Length."""

    def __init__(self, server: Server, timeout: float = 10) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=timeout)
        self._file = self._socket.makefile("rb")
        self._host = server.host

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def send(self, target: str, *, method: str = "GET", **headers: str) -> None:
        rows = [f"{method} {target} HTTP/1.1", f"Host: {self._host}", *(f"{k}: {v}" for k, v in headers.items())]
        self._socket.sendall(("\r\n".join(rows) + "\r\n\r\n").encode("latin-1"))

    def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Status and headers of the next answer; 0 if the connection ended."""
        first = self._file.readline()
        if not first:
            return 0, []
        rows = list(iter(lambda: self._file.readline().strip().decode("latin-1"), ""))
        pairs = [(name.lower(), value.strip()) for name, _, value in (row.partition(":") for row in rows)]
        return int(first.split()[1]), pairs

    def body(self, headers: list[tuple[str, str]]) -> bytes:
        """As much of the body as comes; all of Content-Length unless the connection ends."""
        return self._file.read(int(dict(headers)["content-length"]))

    def read(self, count: int) -> bytes:
        return self._file.read(count)

    def is_quiet(self) -> bool:
        """True if nothing comes and the connection is still open; takes a moment. The connection is of no use after."""
        self._socket.settimeout(0.2)
        try:
            return self._file.read(1) is None
        except TimeoutError:
            return True

    def ask(self, target: str, *, method: str = "GET", **headers: str) -> tuple[int, list[tuple[str, str]], bytes]:
        self.send(target, method=method, **headers)
        status, answered = self.head()
        return status, answered, self.body(answered) if status and method != "HEAD" else b""

    def challenge(self, target: str = "/cgi-bin/magicBox.cgi?action=getVendor") -> str:
        """The digest challenge of a fresh 401."""
        status, headers, _ = self.ask(target)
        assert status == 401
        return digest_of(headers)

    def log_in(self, target: str, **changes: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """One challenge and its answer."""
        return self.ask(target, Authorization=authorization(self.challenge(target), target, **changes))

    def ask_for(self, target: str) -> int:
        """Log in and read the headers of the answer; the body is left to :meth:`read`."""
        self.send(target, Authorization=authorization(self.challenge(target), target))
        return self.head()[0]


def digest_of(headers: list[tuple[str, str]]) -> str:
    return next(value for name, value in headers if name == "www-authenticate" and value.startswith("Digest"))


def param(challenge: str, name: str) -> str | None:
    match = re.search(rf'{name}="?([^",]*)', challenge)
    return match and match[1]


def authorization(challenge: str, target: str, **changes: str) -> str:
    """An answer to a challenge, by the book (RFC 7616); ``changes`` spoil it.

    ``secret`` and ``username`` change the account, ``signed`` what is hashed for the target, the rest fields as sent.
    """
    name = "sha256" if "SHA-256" in challenge else "md5"
    username, realm, nonce = changes.get("username", "admin"), param(challenge, "realm"), param(challenge, "nonce")
    nc, cnonce = changes.get("nc", "00000001"), changes.get("cnonce", "0a4f113b")

    def digest(value: str) -> str:
        return hashlib.new(name, value.encode()).hexdigest()

    ha1 = digest(f"{username}:{realm}:{changes.get('secret', 'simulated-1')}")
    ha2 = digest(f"{changes.get('method', 'GET')}:{changes.get('signed', target)}")
    response = digest(f"{ha1}:{nonce}:{nc.strip(chr(34))}:{cnonce}:auth:{ha2}")
    fields = {
        "username": f'"{username}"',
        "realm": f'"{realm}"',
        "nonce": f'"{nonce}"',
        "uri": f'"{changes.get("uri", target)}"',
        "response": f'"{changes.get("response", response)}"',
        "opaque": changes.get("opaque", f'"{param(challenge, "opaque")}"'),
        "qop": changes.get("qop", "auth"),
        "nc": nc,
        "cnonce": f'"{cnonce}"',
    }
    if "SHA-256" in challenge:
        fields["algorithm"] = "SHA-256"
    return "Digest " + ", ".join(f"{key}={value}" for key, value in fields.items() if key != changes.get("without"))
