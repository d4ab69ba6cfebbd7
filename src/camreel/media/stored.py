"""A packet that stays where it is: its place in a clip's file, in place of its bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    from fractions import Fraction

    from av.packet import Packet
    from av.stream import Stream

_HEAD = 2048  # bytes: what tells a picture from others, and where its first slice mostly is
_PIECE = 64

Piece = tuple["ClipBytes", int, int]  # so many bytes of a clip's file, from a place on


class ClipUnreadable(Exception):
    """The file of the clip at ``path`` does not give the bytes that it had; the message says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"its file cannot be read ({why})")
        self.path = path


class ClipBytes:
    """The file of a clip, open for reading at any place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        self.size = os.fstat(self.handle).st_size

    def read(self, at: int, size: int) -> bytes:
        """``size`` bytes from ``at`` on. Raises :class:`ClipUnreadable`: the file was complete when it was opened."""
        data = b""
        try:
            while len(data) < size and (more := _read_at(self.handle, size - len(data), at + len(data))):
                data = data + more if data else more  # network file systems may give less than there is
        except OSError as error:
            raise ClipUnreadable(self._path, error.strerror or str(error)) from error
        if len(data) != size:
            raise ClipUnreadable(self._path, f"it ends {size - len(data)} bytes too early")
        return data

    def close(self) -> None:
        """Once; nothing can be read any more."""
        handle, self.handle = self.handle, -1
        if handle >= 0:
            os.close(handle)


def _read_at(handle: int, size: int, at: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(handle, size, at)
    os.lseek(handle, at, os.SEEK_SET)  # Windows: nobody else reads with this handle
    return os.read(handle, size)


class Stored:
    """One packet of a clip, with the names that PyAV's packets have. Times are ticks of the clip."""

    __slots__ = (
        "_head",
        "_inserted",
        "_inserted_at",
        "at",
        "dts",
        "duration",
        "file",
        "is_keyframe",
        "is_picture",
        "pts",
        "size",
    )

    is_corrupt = False
    is_discard = False

    def __init__(
        self,
        file: ClipBytes,
        at: int,
        size: int,
        *,
        pts: int,
        dts: int,
        duration: int,
        is_keyframe: bool,
        is_picture: bool,
    ) -> None:
        self.file = file
        self.at = at
        self.size = size
        self.pts: int | None = pts
        self.dts: int | None = dts
        self.duration = duration
        self.is_keyframe = is_keyframe
        self.is_picture = is_picture
        self._head = b""
        self._inserted = b""
        self._inserted_at = 0

    def head(self, size: int) -> bytes:
        """Its first bytes as the clip has them, ``size`` of them or all."""
        if len(self._head) < min(size, self.size):
            self._head = self.file.read(self.at, min(max(size, _HEAD), self.size))
        return self._head[:size]

    def insert(self, at: int, data: bytes) -> None:
        """It has ``data`` at ``at`` from now on. Once."""
        self._inserted_at, self._inserted = at, data
        self.size += len(data)

    @property
    def is_changed(self) -> bool:
        """Whether it is not as the clip has it."""
        return bool(self._inserted)

    def pieces(self) -> tuple[Any, ...]:
        """What it is made of: each a :data:`Piece` or bytes; the last is a piece."""
        if not self._inserted:
            return ((self.file, self.at, self.size),)
        before, whole = self._inserted_at, self.size - len(self._inserted)
        rest = (self._inserted, (self.file, self.at + before, whole - before))
        return ((self.file, self.at, before), *rest) if before else rest

    def __bytes__(self) -> bytes:
        return b"".join(part if isinstance(part, bytes) else part[0].read(part[1], part[2]) for part in self.pieces())

    def packet(self, stream: Stream, time_base: Fraction) -> Packet[Any]:
        """As PyAV's own."""
        made: Packet[Any] = av.Packet(bytes(self))
        made.stream, made.time_base = stream, time_base
        made.pts, made.dts, made.duration = self.pts, self.dts, self.duration
        made.is_keyframe = self.is_keyframe
        return made


class View:
    """The bytes of a stored packet as something to look into: only what is looked at is read."""

    __slots__ = ("_head", "_packet", "nbytes")

    def __init__(self, packet: Stored) -> None:
        self._packet = packet
        self._head = packet.head(_HEAD)
        self.nbytes = packet.size

    def __getitem__(self, where: Any) -> Any:
        first, last = (where.start or 0, where.stop) if isinstance(where, slice) else (where, where + 1)
        last = self.nbytes if last is None else min(last, self.nbytes)
        if last <= len(self._head):
            return self._head[where]
        data = self._packet.file.read(self._packet.at + first, max(0, last - first))
        return data if isinstance(where, slice) else data[0]


def view_of(packet: Packet[Any] | Stored) -> Any:
    """The bytes of a packet, to look into: it has ``nbytes``, and single bytes and stretches of them."""
    return View(packet) if type(packet) is Stored else memoryview(packet)  # type: ignore[arg-type]


def head_of(packet: Packet[Any] | Stored) -> bytes:
    """Enough of a packet to know it again: pictures differ in their lengths and first bytes."""
    if type(packet) is not Stored:
        return bytes(memoryview(packet)[:_PIECE])  # type: ignore[arg-type]
    head = b""
    for part in packet.pieces():
        missing = _PIECE - len(head)
        head += part[:missing] if isinstance(part, bytes) else part[0].read(part[1], min(part[2], missing))
        if len(head) == _PIECE:
            break
    return head


def first_bytes(packet: Packet[Any] | Stored, size: int) -> Any:
    """The first ``size`` bytes of a packet of a clip."""
    return packet.head(size) if type(packet) is Stored else memoryview(packet)[:size]  # type: ignore[arg-type]
