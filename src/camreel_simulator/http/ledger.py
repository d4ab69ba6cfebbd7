"""A ledger of all requests and replies, which tests read while the camera serves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True)
class LoggedRequest:
    """One request and what became of it; written when the answer is decided, before it is sent."""

    number: int
    """From 1, in order of arrival."""
    connection: int
    """From 1, in order of arrival."""
    method: str
    target: str
    """Byte for byte as it came."""
    status: int
    """0 if not even a status line was sent."""
    authorized: bool
    range: str | None = None
    """The ``Range`` header."""
    fault: str | None = None
    """The kind of the fault that struck."""
    refusal: str | None = None
    """Why a login was refused; None if none was tried."""
    authorization: str | None = None
    """The ``Authorization`` header as it came, one character for each byte."""
    at: float = 0.0
    """When it arrived, in seconds by ``time.monotonic``."""

    @property
    def decoded(self) -> str:
        """The target with percent escapes undone."""
        return unquote(self.target)


class Ledger:
    """Counts of one camera. Written by the serving thread only."""

    def __init__(self) -> None:
        self._entries: list[LoggedRequest] = []
        self._bytes: Counter[str] = Counter()
        self._downloads = 0
        self._open = 0
        self.connections = 0
        self.peak_downloads = 0
        self.peak_connections = 0

    @property
    def entries(self) -> tuple[LoggedRequest, ...]:
        """All requests so far."""
        return tuple(self._entries)

    @property
    def bytes_sent(self) -> dict[str, int]:
        """Bytes of body handed to the socket, by path of the recording."""
        return dict(self._bytes)

    @property
    def open_connections(self) -> int:
        """How many connections there are now."""
        return self._open

    def connected(self) -> int:
        """A connection was accepted; returns its number."""
        self.connections += 1
        self._open += 1
        self.peak_connections = max(self.peak_connections, self._open)
        return self.connections

    def disconnected(self) -> None:
        """A connection has ended."""
        self._open -= 1

    def write(self, entry: LoggedRequest) -> None:
        """A request was decided."""
        self._entries.append(entry)

    def download_began(self) -> None:
        """The body of a recording begins to go out."""
        self._downloads += 1
        self.peak_downloads = max(self.peak_downloads, self._downloads)

    def download_ended(self) -> None:
        """It went out, or was cut."""
        self._downloads -= 1

    def sent(self, path: str, count: int) -> None:
        """So many bytes of a recording went out."""
        self._bytes[path] += count
