"""A camera that costs next to nothing: ``sendfile`` does the sending, so that the server is not what is measured.

Digest, the few questions that a search takes, and files; one thread a connection. It knows nothing of camreel. It
says its port on stdout, and ``GET /log`` tells what it did: when the first and the last byte of a recording went, how
many answers came one after the other before that, and what it asked of this computer. ``GET /log?fresh`` begins anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import secrets
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_plus

USERNAME, PASSWORD, REALM = "admin", "simulated-1", "Login to benchmark"
_PAGE = 100
_CHUNK = 256 << 10  # of what is sent at a throttled rate
_FACTS = {
    "getSystemInfo": "deviceType=BENCHMARK\r\nserialNumber=B0\r\n",
    "getDeviceType": "type=BENCHMARK\r\n",
    "getMachineName": "name=bench\r\n",
    "getSoftwareVersion": "version=1.0\r\n",
    "NTP": "table.NTP.TimeZone=0\r\n",
    "Locales": "table.Locales.DSTEnable=false\r\n",
}


@dataclass
class Camera:
    """What is served, and what was asked."""

    items: list[dict[str, str]]
    pages: list[bytes]
    bytes_a_second: float | None = None
    answer_after: float = 0.0
    """Seconds that each answer takes."""
    nonce_serves_once: bool = False
    nonces: dict[str, int] = field(default_factory=dict)
    """How often each has served."""
    requests: int = 0
    sent: int = 0  # bytes of files
    first_byte: float = 0.0
    last_byte: float = 0.0
    talking: float = 0.0
    answered: list[tuple[float, float]] = field(default_factory=list)
    """When each request came before the first byte of a file, and when its answer went."""
    at: dict[str, int] = field(default_factory=dict)
    free_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, target: str) -> bytes:
        """The text for a question."""
        path, _, query = target.partition("?")
        asked = dict(pair.partition("=")[::2] for pair in query.split("&"))
        action = asked.get("action", "")
        if path == "/log":
            return self._log(forget=query == "fresh")
        if action == "getCurrentTime":
            return b"result=" + time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()).encode() + b"\r\n"
        if path.endswith("mediaFileFind.cgi"):
            return self._finder(action, asked.get("object", ""))
        return _FACTS.get(asked.get("name", action), "Error\r\n").encode()

    def _log(self, *, forget: bool) -> bytes:
        used = resource.getrusage(resource.RUSAGE_SELF)
        body = {
            "requests": self.requests,
            "sent": self.sent,
            "first_byte": self.first_byte,
            "last_byte": self.last_byte,
            "in_a_row": in_a_row(self.answered),
            "talking": self.talking,
            "cpu": used.ru_utime + used.ru_stime,
        }
        if forget:
            self.requests = self.sent = 0
            self.first_byte = self.last_byte = self.talking = 0.0
            self.answered.clear()
        return json.dumps(body).encode()

    def is_let_in(self, authorization: str, method: str) -> bool:
        """Whether this is a right login, by a nonce that may serve."""
        found = dict(re.findall(r'(\w+)="?([^",]*)"?', authorization))
        nonce = found.get("nonce", "")
        first = hashlib.md5(f"{USERNAME}:{REALM}:{PASSWORD}".encode()).hexdigest()
        second = hashlib.md5(f"{method}:{found.get('uri', '')}".encode()).hexdigest()
        middle = ":".join((nonce, found.get("nc", ""), found.get("cnonce", ""), "auth"))
        if hashlib.md5(f"{first}:{middle}:{second}".encode()).hexdigest() != found.get("response"):
            return False
        with self.lock:
            served = self.nonces.get(nonce)
            if served is None or (served and self.nonce_serves_once):
                return False
            self.nonces[nonce] = served + 1
        return True

    def challenge(self) -> str:
        """The header of a 401."""
        nonce = secrets.token_hex(8)
        with self.lock:
            self.nonces[nonce] = 0
        return f'WWW-Authenticate: Digest realm="{REALM}", qop="auth", nonce="{nonce}", opaque="0"\r\n'

    def note_answer(self, begun: float) -> None:
        """An answer without a file went just now, to a request that came at ``begun``."""
        now = time.monotonic()
        with self.lock:
            self.talking += now - begun
            if not self.first_byte:
                self.answered.append((begun, now))

    def _finder(self, action: str, finder: str) -> bytes:
        if action == "factory.create":
            with self.lock:
                name = str(len(self.at) + 1)
                self.at[name] = 0
            return f"result={name}\r\n".encode()
        if action != "findNextFile":
            return b"OK\r\n"
        page, self.at[finder] = self.at[finder], self.at[finder] + 1
        return self.pages[page] if page < len(self.pages) else b"found=0\r\n"

    def pause(self, count: int) -> None:
        """Wait until so many bytes may go."""
        if self.bytes_a_second is None:
            return
        with self.lock:
            now = time.monotonic()
            self.free_at = max(now, self.free_at) + count / self.bytes_a_second
            wait = self.free_at - now
        time.sleep(wait)


def page_of(items: list[dict[str, str]]) -> bytes:
    """A page of the listing."""
    lines = [f"found={len(items)}"]
    for number, item in enumerate(items):
        values = {
            "Channel": "0",
            "StartTime": item["start"],
            "EndTime": item["end"],
            "FilePath": item["path"],
            "Length": item["size"],
            "Type": item["path"].rpartition(".")[2],
            "VideoStream": "Main",
            "UTCOffset": "0",
        }
        lines += [f"items[{number}].{key}={value}" for key, value in values.items()]
    return ("\r\n".join(lines) + "\r\n").encode()


def in_a_row(answered: list[tuple[float, float]]) -> int:
    """The most answers of which each was asked for after the one before had gone: what side by side saves is off."""
    count, free = 0, 0.0
    for begun, ended in sorted(answered, key=lambda each: each[1]):
        if begun >= free:
            count, free = count + 1, ended
    return count


def _serve(camera: Camera, connection: socket.socket) -> None:
    """All requests of one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as lines, suppress(ConnectionError):
        while line := lines.readline(8192):
            method, target, _version = line.decode("latin-1").split()
            authorization = part = ""
            while (header := lines.readline(8192)) not in {b"\r\n", b""}:
                name, _, value = header.decode("latin-1").partition(":")
                if name.lower() == "authorization":
                    authorization = value
                elif name.lower() == "range":
                    part = value.strip()
            if target.startswith("/log"):
                body = camera.answer(target)
                connection.sendall(_head(200, len(body)) + body)
                continue
            _answer(camera, connection, (method, target, authorization, part))


def _answer(camera: Camera, connection: socket.socket, request: tuple[str, str, str, str]) -> None:
    method, target, authorization, part = request
    begun = time.monotonic()
    camera.requests += 1
    if camera.answer_after:
        time.sleep(camera.answer_after)
    if not camera.is_let_in(authorization, method):
        answer = _head(401, 0, camera.challenge())
    elif target.startswith("/cgi-bin/RPC_Loadfile/"):
        _send_file(camera, connection, unquote(target.removeprefix("/cgi-bin/RPC_Loadfile")), part)
        return
    else:
        body = camera.answer(unquote_plus(target))
        answer = _head(200, len(body)) + body
    camera.note_answer(begun)
    connection.sendall(answer)


def _head(status: int, length: int, more: str = "") -> bytes:
    kind = "text/plain" if length < 1 << 20 else "application/octet-stream"
    return f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def _send_file(camera: Camera, connection: socket.socket, path: str, part: str) -> None:
    """The file, or the ``part`` of it that was asked for."""
    item = next((each for each in camera.items if each["path"] == path), None)
    if item is None:
        connection.sendall(_head(404, 0))
        return
    with Path(item["file"]).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at, end = _asked(part, size)
        told = f"Content-Range: bytes {at}-{end - 1}/{size}\r\n" if part else ""
        connection.sendall(_head(206 if part else 200, end - at, told))
        with camera.lock:
            camera.first_byte = camera.first_byte or time.time()
        while at < end:
            count = end - at if camera.bytes_a_second is None else min(_CHUNK, end - at)
            camera.pause(count)
            sent = os.sendfile(connection.fileno(), file.fileno(), at, count)
            at += sent
            with camera.lock:
                camera.sent += sent
    camera.last_byte = time.time()


def _asked(part: str, size: int) -> tuple[int, int]:
    """From where to where: ``bytes=5-9``, ``bytes=5-``, or ``bytes=-5`` for the last ones."""
    first, _, last = part.removeprefix("bytes=").partition("-")
    if not part:
        return 0, size
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("listing", type=Path)
    parser.add_argument("--bytes-a-second", type=float)
    parser.add_argument("--answer-after", type=float, default=0.0)
    parser.add_argument("--nonce-serves-once", action="store_true")
    options = parser.parse_args()
    items = json.loads(options.listing.read_text())["items"]
    pages = [page_of(items[at : at + _PAGE]) for at in range(0, len(items), _PAGE)]
    camera = Camera(items, pages, options.bytes_a_second, options.answer_after, options.nonce_serves_once)
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=_ends_with_stdin, daemon=True).start()
    while True:
        connection, _address = server.accept()
        threading.Thread(target=_serve, args=(camera, connection), daemon=True).start()


def _ends_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
