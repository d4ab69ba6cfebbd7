"""Tables of numbers that grow with a film: compact in memory, and in a file of their own where they become long."""

from __future__ import annotations

import errno
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

MOST_HELD = 1 << 20  # numbers of a table; a day at 12 frames a second has as many
_AT_A_TIME = 1 << 16  # numbers that are converted at once
_MOST_U32 = (1 << 32) - 1


@dataclass(slots=True)
class TableFile:
    """A file for parts of tables. ``make`` opens it when the first table is long: it is empty, and nobody else's."""

    make: Callable[[], IO[bytes]]
    _file: IO[bytes] | None = None
    _end: int = 0

    def put(self, data: bytes) -> int:
        """Write ``data`` behind all others; return where it begins."""
        if self._file is None:
            self._file = self.make()
        begin, self._end = self._end, self._end + len(data)
        self._file.seek(begin)
        self._file.write(data)
        return begin

    def read(self, begin: int, size: int) -> bytes:
        """Return bytes that were put. OSError if they are not there any more."""
        assert self._file is not None, "nothing was put"
        self._file.seek(begin)
        data = self._file.read(size)
        if len(data) < size:
            raise OSError(errno.EIO, "the tables of the index were cut")
        return data

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()


@dataclass(slots=True)
class NumberTable:
    """Numbers of ``bits`` (32 or 64) without a sign, in their order. ``highest`` is the highest of them.

    Those that are settled may lie in ``file``, and cannot be changed any more.
    """

    bits: int = 32
    file: TableFile | None = None
    highest: int = 0
    _held: array[int] = field(init=False)
    _parts: list[tuple[int, int]] = field(default_factory=list)  # where in the file, and how many
    _settled: int = 0

    def __post_init__(self) -> None:
        self._held = self._empty()

    def _empty(self) -> array[int]:
        return array("Q" if self.bits == 64 else "I")

    def __len__(self) -> int:
        return self._settled + len(self._held)

    def append(self, number: int) -> None:
        """One more. OverflowError if it has more bits."""
        self._held.append(number)
        self.highest = max(self.highest, number)

    def extend(self, numbers: Iterable[int]) -> None:
        """So many more."""
        first = len(self._held)
        self._held.extend(numbers)
        self.highest = max(self.highest, max(self._held[first:], default=0))

    def reserve(self, count: int) -> None:
        """So many more, which are set later."""
        self._held.frombytes(bytes(self._held.itemsize * count))

    def set(self, first: int, numbers: Iterable[int]) -> None:
        """Set those from ``first`` on, which are not settled."""
        placed = self._empty()
        placed.extend(numbers)
        begin = first - self._settled
        assert begin >= 0, "a settled number"
        self._held[begin : begin + len(placed)] = placed
        self.highest = max(self.highest, max(placed, default=0))

    def settle(self) -> None:
        """All of them stay as they are from now on: if they are many, put them into the file."""
        if self.file is not None and len(self._held) >= MOST_HELD:
            self._parts.append((self.file.put(self._held.tobytes()), len(self._held)))
            self._settled += len(self._held)
            self._held = self._empty()

    @property
    def is_wide(self) -> bool:
        """Return whether one of them has more than 32 bits."""
        return self.highest > _MOST_U32

    @property
    def size(self) -> int:
        """Return how many bytes they have in an mp4, where each has 32 bits unless one is wide."""
        return len(self) * (8 if self.is_wide else 4)

    def pieces(self) -> Iterator[bytes]:
        """Yield them as an mp4 has them."""
        for begin, count in self._parts:
            assert self.file is not None
            for first in range(0, count, _AT_A_TIME):
                some = self._empty()
                size = min(_AT_A_TIME, count - first) * some.itemsize
                some.frombytes(self.file.read(begin + first * some.itemsize, size))
                yield self._coded(some)
        for first in range(0, len(self._held), _AT_A_TIME):
            yield self._coded(self._held[first : first + _AT_A_TIME])

    def _coded(self, numbers: array[int]) -> bytes:
        coded = array("Q" if self.is_wide else "I", numbers)
        if sys.byteorder == "little":
            coded.byteswap()
        return coded.tobytes()
