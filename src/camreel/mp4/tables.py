"""The samples of a track that is being written, as tables that grow: some 15 bytes a sample."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from camreel.mp4.boxes import box_head, made
from camreel.mp4.run import Run

_MOST_U32 = (1 << 32) - 1


@dataclass(slots=True)
class Runs:
    """Values with how often each comes in a row, as ``stts`` and ``ctts`` have them."""

    table: array[int] = field(default_factory=lambda: array("I"))
    value: int | None = None
    count: int = 0

    def add(self, value: int, times: int = 1) -> None:
        """One more, or so many. OverflowError where it is more than the table can hold."""
        if value == self.value:
            self.count += times
        else:
            if not 0 <= value <= _MOST_U32:
                raise OverflowError(value)
            self._end_run()
            self.value, self.count = value, times

    def extend(self, values: Sequence[int]) -> None:
        """All of them, one after the other."""
        if values and values.count(values[0]) == len(values):
            self.add(values[0], len(values))
        else:
            for value in values:
                self.add(value)

    def _end_run(self) -> None:
        if self.value is not None:
            self.table.extend((self.count, self.value))

    @property
    def are_all_zero(self) -> bool:
        """Whether there is nothing to be said."""
        return not self.table and not self.value

    def box(self, kind: bytes) -> bytes:
        """The whole box. To be asked once, at the end."""
        self._end_run()
        return made(kind, struct.pack(">II", 0, len(self.table) // 2), big_endian(self.table))


@dataclass(slots=True)
class Samples:
    """What is known of the samples of one track; ``offsets`` are set when their bytes have got their place.

    ``weight`` is all their bytes. Times are ticks of the track. ``first`` and ``last`` are the decode times of the
    first and the last sample, ``shown_first`` and ``shown_end`` when the first is shown and the latest has been.
    """

    offsets: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    keys: array[int] = field(default_factory=lambda: array("I"))
    steps: Runs = field(default_factory=Runs)
    shifts: Runs = field(default_factory=Runs)
    weight: int = 0
    first: int | None = None
    last: int = 0
    shown_first: int = 0
    shown_end: int = 0
    duration: int = 0

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.sizes)

    def add(self, size: int, pts: int, dts: int, duration: int, *, key: bool) -> int:
        """One more, decoded after all others. Its number, for its place in ``offsets``.

        Raises OverflowError where a step of time, or a size, is more than the tables can hold.
        """
        number = len(self.sizes)
        self.sizes.append(size)
        self.offsets.append(0)
        if self.first is None:
            self.first, self.shown_first = dts, pts
        else:
            self.steps.add(dts - self.last)
        self.shifts.add(pts - dts)
        self.last, self.duration = dts, duration
        self.shown_first = min(self.shown_first, pts)
        self.shown_end = max(self.shown_end, pts + duration)
        self.weight += size
        if key:
            self.keys.append(number + 1)
        return number

    def extend(self, more: Run, start: int, duration: int) -> int:
        """``more`` samples, none of them a keyframe, the first decoded at ``start``. The number of that one."""
        number = len(self.sizes)
        self.sizes.extend(more.sizes)
        self.offsets.extend(array("Q", bytes(8 * len(more.sizes))))
        moved = start - more.dts[0]
        if self.first is None:
            self.first, self.shown_first = start, more.shown[0] + moved
        else:
            self.steps.add(start - self.last)
        self.steps.extend(more.steps)
        if more.shifts is None:
            self.shifts.add(0, len(more.sizes))
        else:
            self.shifts.extend(more.shifts)
        self.last, self.duration = more.dts[-1] + moved, duration
        self.shown_first = min(self.shown_first, min(more.shown) + moved)
        self.shown_end = max(self.shown_end, max(more.shown) + moved + duration)
        self.weight += more.weight
        return number

    @property
    def length(self) -> int:
        """From the first to the end of the last, in ticks, as they are decoded."""
        return 0 if self.first is None else self.last - self.first + self.duration

    def boxes(self, *, all_keys: bool) -> Iterator[bytes]:
        """What a ``stbl`` holds besides the description, in pieces. To be asked once, at the end."""
        if self.first is not None:
            self.steps.add(self.duration)
        yield self.steps.box(b"stts")
        if not self.shifts.are_all_zero:
            yield self.shifts.box(b"ctts")
        if not all_keys and len(self.keys) < self.count:
            yield made(b"stss", struct.pack(">II", 0, len(self.keys)), big_endian(self.keys))
        yield made(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1) if self.count else struct.pack(">II", 0, 0))
        yield box_head(b"stsz", 12 + 4 * self.count) + struct.pack(">III", 0, 0, self.count)
        yield big_endian(self.sizes)
        wide = self.count > 0 and max(self.offsets) > _MOST_U32
        places = self.offsets if wide else array("I", self.offsets)
        yield box_head(b"co64" if wide else b"stco", 8 + places.itemsize * self.count)
        yield struct.pack(">II", 0, self.count)
        yield big_endian(places)


def big_endian(numbers: array[int]) -> bytes:
    """The numbers as mp4 has them. In place: they are of no use afterwards where the machine is little-endian."""
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()
