"""Just enough HTTP/1.1 of our own: the bytes of the request line as they came, and answers that may be wrong.

A web framework decodes the target, corrects lengths and joins connections; a device with faults needs none of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

_HEAD_LIMIT = 64 * 1024
_CHUNK = 256 * 1024


class BadRequestError(Exception):
    """What came is not HTTP, or more than this server takes."""


@dataclass(frozen=True)
class HttpRequest:
    """One request as it came over the wire."""

    method: str
    target: str
    """Byte for byte what stood in the request line (latin-1)."""
    headers: Mapping[str, str]
    """By lower-case name; of several with one name the last."""
    connection: int
    """Which connection it came over; counted from 1."""
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The target before the first ``?``, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target after the first ``?``, not decoded."""
        return self.target.partition("?")[2]

    @property
    def decoded(self) -> str:
        """The whole target with percent escapes undone."""
        return unquote(self.target)


@dataclass(frozen=True)
class AnswerBody:
    """Some or all of the bytes of a file or a string, streamed."""

    source: bytes | Path
    start: int
    stop: int

    @classmethod
    def of(cls, source: bytes | Path) -> AnswerBody:
        """All of ``source``."""
        return cls(source, 0, source.stat().st_size if isinstance(source, Path) else len(source))

    def __len__(self) -> int:
        return self.stop - self.start

    def cut(self, start: int, stop: int) -> AnswerBody:
        """Part of it, in its own coordinates."""
        return AnswerBody(self.source, self.start + start, min(self.stop, self.start + stop))

    def chunks(self, size: int = _CHUNK) -> Iterator[bytes | memoryview]:
        """The bytes in pieces of at most ``size``."""
        if isinstance(self.source, bytes):
            view = memoryview(self.source)[self.start : self.stop]
            for at in range(0, len(view), size):
                yield view[at : at + size]
            return
        with self.source.open("rb") as file:
            file.seek(self.start)
            left = len(self)
            while left > 0 and (piece := file.read(min(size, left))):
                left -= len(piece)
                yield piece


@dataclass(frozen=True)
class DeviceAnswer:
    """What the camera answers, and what it then does to the connection."""

    status: int
    body: AnswerBody
    content_type: str = "text/plain;charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    declared: int | None = None
    """Content-Length, if it is not to be the length of the body."""
    after: Literal["go on", "close", "stall"] = "go on"
    """After the body: serve on, close the connection, or keep it and send nothing more."""
    withheld: bool = False
    """Send nothing at all, not even the status line; ``after`` says what happens instead."""
    download: str | None = None
    """The path of the recording that this is (part of)."""
    lengthless: bool = False
    """Send no Content-Length; the end of the connection is the end of the body."""
    body_delay: float = 0.0
    """Seconds between the headers and the body; infinity: the body never comes."""
    version: str = "HTTP/1.1"
    """HTTP/1.0 has no header that says what becomes of the connection. Another word, and it is no HTTP."""

    def head(self, *, close: bool) -> bytes:
        """Status line and headers. Real devices shout some header names."""
        length = len(self.body) if self.declared is None else self.declared
        lines = [f"{self.version} {self.status} {_phrase(self.status)}", f"Content-type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.version != "HTTP/1.0":
            lines.append(f"CONNECTION: {'close' if close or self.lengthless else 'keep-alive'}")
        lines += [] if self.lengthless else [f"CONTENT-LENGTH: {length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def text(body: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> DeviceAnswer:
    """A text answer; lines are ended by CR LF by whoever writes them."""
    return DeviceAnswer(status, AnswerBody.of(body.encode()), headers=headers)


def lines(*rows: str) -> DeviceAnswer:
    """A text answer of several lines, each ended by CR LF."""
    return text("".join(f"{row}\r\n" for row in rows))


BAD_REQUEST = text("Error\r\nBad Request!\r\n", 400)
"""The answer to everything it does not like: byte for byte the same for an empty window and for a wrong question."""

NOT_IMPLEMENTED = text("Error\r\nNot Implemented!\r\n", 501)
"""What firmware of 2024 answers to what it does not know."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


async def read_request(reader: asyncio.StreamReader, connection: int) -> HttpRequest | None:
    """The next request, its body thrown away; None at the end of the connection.

    Raises :class:`BadRequestError` where the client breaks HTTP, for instance by a space in the target.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("headers too long") from error
    first, *rest = head.decode("latin-1").split("\r\n")[:-2]
    parts = first.split(" ")
    if len(parts) != 3 or not parts[1].startswith("/") or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(f"request line {first!r}")
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(f"header {line!r}")
        headers[name.strip().lower()] = value.strip()
    await _discard_body(reader, headers)
    asked = headers.get("connection", "").lower()
    keep = asked == "keep-alive" if parts[2] == "HTTP/1.0" else asked != "close"
    return HttpRequest(parts[0], parts[1], headers, connection, keep)


async def _discard_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _HEAD_LIMIT:
        raise BadRequestError(f"Content-Length {length!r}")
    await reader.readexactly(int(length))
