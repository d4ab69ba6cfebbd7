"""A camera of which every byte is the test's: a bare socket that answers well, but for what a test puts in its place.

The simulated camera is a device that may be broken; this one is what a taken-over device could send: headers without
an end, bodies without a length, answers that are no HTTP.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

from camreel.model import Address

CHALLENGE = 'Digest realm="Login to X", qop="auth", nonce="n1", opaque="o1"'


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        """What is asked for: the action of a CGI call, with the table's name for a setting; or RPC_Loadfile."""
        path, _, query = self.target.partition("?")
        if path.startswith("/cgi-bin/RPC_Loadfile"):
            return "RPC_Loadfile"
        fields = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
        return fields.get("name") or fields.get("action", path)


Reply = bytes | Iterable[bytes]
Say = Reply | Callable[[Asked], Reply]


def http(
    body: bytes | str = b"", status: int = 200, headers: Sequence[tuple[str, str]] = (), length: int | str | None = -1
) -> bytes:
    """A whole answer. ``length`` -1: the right one; None: none, the end is where the connection ends."""
    data = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", "Connection: close", *(f"{name}: {value}" for name, value in headers)]
    if length is not None:
        lines.append(f"Content-Length: {len(data) if length == -1 else length}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + data


def item(number: int, path: str, **fields: object) -> str:
    """One recording of a listing, of four seconds from 08:00:00 on; other fields by name (``None`` leaves one out)."""
    start = 4 * number
    usual: dict[str, object] = {
        "Channel": 0,
        "StartTime": f"2026-01-16 08:{start // 60:02}:{start % 60:02}",
        "EndTime": f"2026-01-16 08:{(start + 4) // 60:02}:{(start + 4) % 60:02}",
        "FilePath": path,
        "Type": "dav",
    }
    told = {key: value for key, value in (usual | fields).items() if value is not None}
    return "".join(f"items[{number}].{key}={value}\r\n" for key, value in told.items())


def listing(*items: str, found: object = None) -> str:
    """A page of them."""
    return f"found={len(items) if found is None else found}\r\n" + "".join(items)


@dataclass
class HostileCamera:
    """``says`` goes before what a good camera would answer, by endpoint (``*``: whatever is asked).

    ``page`` is what it lists, ``clips`` what it has, by path. With ``login`` every request needs a digest answer,
    and any is right.
    """

    page: str = "found=0\r\n"
    clips: dict[str, bytes] = field(default_factory=dict)
    says: dict[str, Say] = field(default_factory=dict)
    login: bool = False
    log: list[Asked] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)

    def reply(self, asked: Asked) -> Reply:
        """What goes over the wire for one request."""
        if self.login and "authorization" not in asked.headers:
            return http(b"Error", 401, [("WWW-Authenticate", CHALLENGE)])
        say = self.says.get(asked.endpoint, self.says.get("*"))
        if say is not None:
            return say(asked) if callable(say) else say
        return self._well(asked)

    def _well(self, asked: Asked) -> bytes:
        finder = asked.target.partition("object=")[2].partition("&")[0]
        if asked.endpoint == "RPC_Loadfile":
            clip = self.clips.get(unquote(asked.target.removeprefix("/cgi-bin/RPC_Loadfile")))
            return http("Error\r\nBad Request!\r\n", 404) if clip is None else http(clip)
        if asked.endpoint == "findNextFile":
            first = finder not in self.listed
            self.listed.add(finder)
            return http(self.page if first else "found=0\r\n")
        if asked.endpoint == "factory.create":
            return http(f"result={len(self.log)}\r\n")
        return http(
            {
                "getSystemInfo": "deviceType=IP Camera\r\nserialNumber=AMC1\r\n",
                "getCurrentTime": "result=2026-01-17 12:00:00\r\n",
                "getSerialNo": "sn=AMC1\r\n",
                "getMachineName": "name=Porch\r\n",
                "getSoftwareVersion": "version=2.8\r\n",
                "findFile": "OK\r\n",
            }.get(asked.endpoint, "OK\r\n")
        )


class _Server:
    def __init__(self, camera: HostileCamera) -> None:
        self._camera = camera
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            # One request a connection: each answer ends it, as many of these devices do.
            method, target, _ = lines.readline(1 << 16).decode("latin-1").split(" ")
            headers: dict[str, str] = {}
            while (line := lines.readline(1 << 16).strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            asked = Asked(method, target, headers)
            self._camera.log.append(asked)
            reply = self._camera.reply(asked)
            for piece in (reply,) if isinstance(reply, bytes) else reply:
                connection.sendall(piece)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(camera: HostileCamera) -> Iterator[Address]:
    """Serve ``camera`` on a port of this computer."""
    server = _Server(camera)
    try:
        yield Address("127.0.0.1", server.port)
    finally:
        server.close()
