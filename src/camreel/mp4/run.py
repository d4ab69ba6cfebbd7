"""Samples of a track that follow each other, as columns of its index: many at once cost little more than one."""

from __future__ import annotations

from array import array
from functools import cached_property
from operator import add, sub

from camreel.mp4.index import Track


class Run:
    """Samples of one track that follow each other, as columns of its index."""

    def __init__(self, track: Track, numbers: range) -> None:
        self._track = track
        self.numbers = numbers
        self._where = slice(numbers.start, numbers.stop)
        self.sizes = track.sizes[self._where]
        self.offsets = track.offsets[self._where]
        self.dts = track.dts[self._where]

    @cached_property
    def weight(self) -> int:
        """Bytes."""
        return sum(self.sizes)

    @cached_property
    def shifts(self) -> array[int] | None:
        """What is added to ``dts`` for showing."""
        return None if self._track.cts is None else self._track.cts[self._where]

    @cached_property
    def shown(self) -> array[int]:
        """When each is shown."""
        return self.dts if self.shifts is None else array("q", map(add, self.dts, self.shifts))

    @cached_property
    def steps(self) -> list[int]:
        """From each to the next."""
        return list(map(sub, self.dts[1:], self.dts))

    @property
    def longest_jump(self) -> int:
        """No picture is shown longer than this after all that came before it."""
        spread = 0 if self.shifts is None else max(self.shifts) - min(self.shifts)
        return max(self.steps, default=0) + spread

    def first(self, count: int) -> Run:
        """The first ``count`` of them."""
        return self if count == len(self.numbers) else Run(self._track, self.numbers[:count])
