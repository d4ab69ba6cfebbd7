"""Marks: what tells one stored frame from another. Two clips that share footage are recognized by them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from camreel.media.clips.packets import ClipBytes, ClipUnreadable, first_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from av.packet import Packet

    from camreel.formats.mp4 import Track
    from camreel.formats.nal import Parameters

# Seconds between the decoding and the showing of a frame that B-frames can explain.
_MOST_REORDER = 10
# As many bytes of a frame's slices as it takes to tell it from others: their size does the rest.
TELLING = 2048
# What mostly comes before the slices, read along with them; and the most that is believed to.
_MOSTLY_BEFORE = 512
_MOST_BEFORE = 16 << 10
_MOST_READS = 16


class Mark(NamedTuple):
    """A picture as it is stored: when it is shown (microseconds from the clip's first), and how to know it again.

    ``size`` and ``checksum`` are of its slices. Delimiters, parameter sets and messages before them come and go when a
    clip is copied into another file.
    """

    at: int
    size: int
    checksum: int
    key: bool

    def same(self, other: Mark) -> bool:
        """Whether both are the same bytes, as far as can be told."""
        return self.size == other.size and self.checksum == other.checksum


class Marks(Sequence[Mark]):
    """Pictures by the index of the clip at ``path``. How a picture begins is read when its checksum is asked for.

    ``unneeded`` are those that are neither shown nor needed by one that is. ``origin`` is the tick from which times
    count; None: of the first.

    :meth:`latest`, :meth:`until`, and mostly :meth:`has` need the index only. Raises
    :class:`ClipUnreadable` where the file does not give what it had.
    """

    def __init__(
        self,
        path: str,
        track: Track,
        time_base: Fraction,
        parameters: Parameters,
        *,
        origin: int | None = None,
        unneeded: frozenset[int] = frozenset(),
    ) -> None:
        numbers: Sequence[int] = range(track.count)
        if unneeded or 0 in track.sizes:
            numbers = [each for each in numbers if track.sizes[each] and each not in unneeded]
        self._path = path
        self._track = track
        self._parameters = parameters
        self._numbers = numbers
        self._time_base = time_base
        self._origin = origin if origin is not None else track.shown(numbers[0]) if numbers else 0
        self._keys = None if track.keys is None else frozenset(track.keys)

    def first(self, count: int) -> Marks:
        """The first ``count`` of them."""
        if count >= len(self):
            return self
        fewer = copy(self)
        fewer._numbers = self._numbers[:count]  # noqa: SLF001 - our own
        return fewer

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, where: int) -> Mark: ...
    @overload
    def __getitem__(self, where: slice) -> list[Mark]: ...
    def __getitem__(self, where: Any) -> Any:
        if isinstance(where, slice):
            return list(self._marks(self._numbers[where]))
        return next(self._marks([self._numbers[where]]))

    def __iter__(self) -> Iterator[Mark]:
        return self._marks(self._numbers)

    def latest(self) -> int:
        """When the latest is shown: microseconds after the first."""
        return self._at(max(self._track.shown(number) for number in self._numbers))

    def until(self, end: int) -> int:
        """How many come before the first that is shown at ``end`` (microseconds after the first) or later."""
        shown, numbers = self._track.shown, self._numbers
        return next((n for n, number in enumerate(numbers) if self._at(shown(number)) >= end), len(numbers))

    def has(self, other: Mark, first: int, last: int) -> bool:
        """Whether ``other`` is one of those that are shown from ``first`` to ``last`` (microseconds)."""
        sizes, shown = self._track.sizes, self._track.shown
        fitting = (each for each in self._numbers if other.size < sizes[each] <= other.size + _MOST_BEFORE)
        near = [each for each in fitting if first <= self._at(shown(each)) <= last]
        return any(mark.same(other) for mark in self._marks(near))

    def _at(self, shown: int) -> int:
        return microseconds(shown - self._origin, self._time_base)

    def _marks(self, numbers: Sequence[int]) -> Iterator[Mark]:
        if not numbers:
            return
        track, keys, parameters = self._track, self._keys, self._parameters
        try:
            file = ClipBytes(self._path)
        except OSError as error:
            raise ClipUnreadable(self._path, error.strerror or str(error)) from error
        try:
            for number in numbers:
                begins, stored = track.offsets[number], track.sizes[number]
                size, checksum = _of_slices(parameters, stored, lambda at, size: file.read(begins + at, size))  # noqa: B023 - called at once
                yield Mark(self._at(track.shown(number)), size, checksum, keys is None or number in keys)
        finally:
            file.close()


def mark_of(packet: Packet[Any], at: int, parameters: Parameters) -> Mark:
    """``packet``, which is shown ``at`` microseconds after the clip's first, as it is compared with others."""
    size, checksum = _of_slices(
        parameters, packet.size, lambda begin, size: first_bytes(packet, begin + size)[begin : begin + size]
    )
    return Mark(at, size, checksum, packet.is_keyframe)


def _of_slices(parameters: Parameters, stored: int, read: Callable[[int, int], Any]) -> tuple[int, int]:
    """Size and checksum of the slices of a picture that is ``stored`` in so many bytes; of all of it if it has none.

    ``read`` gives bytes of it: from where on, and how many.
    """
    begin = 0
    for _ in range(_MOST_READS):
        head = memoryview(read(begin, min(stored - begin, TELLING + _MOSTLY_BEFORE)))
        before = parameters.before_slices(head)
        if before <= _MOSTLY_BEFORE:
            at = before + parameters.nal_length_size  # which may differ for the same slices
            return stored - begin - at, zlib.crc32(head[at : at + TELLING])
        begin += before
        if begin >= min(stored, _MOST_BEFORE):
            break
    return stored, zlib.crc32(read(0, min(stored, TELLING)))


def shown_at(packet: Packet[Any], ticks: Fraction) -> int:
    """When a picture is shown. Far from its decode time (a hostile index) it is that time."""
    pts, dts = packet.pts, packet.dts
    assert dts is not None
    if pts is None or pts == dts:
        return dts
    # For each frame: whole numbers, because arithmetic with a Fraction takes longer than the copying.
    return pts if abs(pts - dts) * ticks.numerator <= _MOST_REORDER * ticks.denominator else dts


def microseconds(ticks: int, time_base: Fraction) -> int:
    """``ticks`` of a clip, in whole microseconds."""
    return ticks * 1_000_000 * time_base.numerator // time_base.denominator
