"""Parameter sets in force, and NAL units of H.264 and H.265, length-prefixed as in mp4. Pure.

A frame is decoded with the sets that are in force at it: those of its sample description (``avcC``, ``hvcC``), and
whatever came in band since. An output has room for those of one description, and without its own sets a frame decodes
to garbage, often without an error. So every keyframe carries the sets that are in force at it. This also sets up the
decoder after a seek backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from camreel.formats.parameter_sets import (
    H264_PPS,
    H264_SPS,
    HEVC_PPS,
    HEVC_SPS,
    is_set,
    key_of,
    kind_of,
    picture_id_of,
    sequence_id_of,
)

_H264_AUD, _H264_IDR = 9, 5
_HEVC_AUD, _HEVC_RASL = 35, (8, 9)
_AHEAD = 64  # bytes read at once of units in front of a slice
_SLICE_HEAD = 24  # bytes: more than it takes to find which parameter sets a slice refers to
# Keyframes after which no picture refers to one before them: BLA without RASL, and both kinds of IDR.
_HEVC_ANEW = (17, 18, 19, 20)
_START_CODE = b"\0\0\1"


class BadParameters(ValueError):
    """Not an ``avcC`` or ``hvcC``."""


@dataclass(frozen=True)
class Parameters:
    """The parameter sets in force at a frame: ``units`` are VPS, SPS and PPS, in this order, without their lengths.

    ``others`` are further units of the decoder configuration, such as SEI.
    """

    hevc: bool
    nal_length_size: int
    units: tuple[bytes, ...]
    others: tuple[bytes, ...] = ()

    @cached_property
    def sets(self) -> bytes:
        """All units, each with its length in front."""
        return self._prefixed((*self.units, *self.others))

    @cached_property
    def _known(self) -> frozenset[bytes]:
        return frozenset(self.units)

    @cached_property
    def _by_key(self) -> dict[tuple[int, int, int] | None, bytes]:
        return {key_of(unit, hevc=self.hevc): unit for unit in self.units}

    @property
    def sequences(self) -> tuple[bytes, ...]:
        """The sequence parameter sets."""
        wanted = HEVC_SPS if self.hevc else H264_SPS
        return tuple(unit for unit in self.units if kind_of(unit, hevc=self.hevc) == wanted)

    def after(self, packet: Any) -> Parameters:
        """Return the sets in force at ``packet``, which has these in force before it. The same object if none came."""
        carried = self._carried(packet)
        if self._known.issuperset(carried):
            return self
        keyed = dict(self._by_key)
        keyed.update((key, unit) for unit in carried if (key := key_of(unit, hevc=self.hevc)) is not None)
        units = _sorted(keyed)
        return self if units == self.units else replace(self, units=units)

    @cached_property
    def slice_starts(self) -> bytes:
        """All bytes with which a slice may begin."""
        return bytes(first for first in range(256) if self._is_slice(self._kind(first)))

    @cached_property
    def _set_starts(self) -> bytes:
        return bytes(first for first in range(256) if is_set(self._kind(first), hevc=self.hevc))

    def carries_sets(self, read: Callable[[int, int], bytes], at: int, end: int) -> bool:
        """Whether parameter sets are in front of the first slice of the packet from ``at`` to ``end``.

        ``read`` takes a size and a place and gives the bytes there. Where it gives too few, nothing says that there are
        none. It is asked of every picture: it reads what it needs, which mostly is the first unit's type.
        """
        size, slices, sets = self.nal_length_size, self.slice_starts, self._set_starts
        head, begins = b"", at
        while at + size < end:
            unit = at - begins
            if unit + size >= len(head):
                head, begins, unit = read(_AHEAD, at), at, 0
                if len(head) <= size:
                    return True
            first = head[unit + size]
            if first in slices:
                return False
            if first in sets:
                return True
            at += size + int.from_bytes(head[unit : unit + size], "big")
        return False

    def replaced_by(self, described: Parameters) -> Parameters:
        """Return the sets in force where another sample description begins, which has ``described``."""
        return described if described.units else replace(described, units=self.units)

    def sequence_for(self, packet: Any) -> bytes | None:
        """Return the SPS that the first slice of ``packet`` needs; None if it, or its PPS, is not in force."""
        found = self._first_slice(packet)
        if found is None:
            return None
        place = found[1] + self.nal_length_size
        unit = bytes(packet[place : place + _SLICE_HEAD])
        layer = (unit[0] & 1) << 5 | unit[1] >> 3 if self.hevc and len(unit) > 1 else 0
        picture_kind, sequence_kind = (HEVC_PPS, HEVC_SPS) if self.hevc else (H264_PPS, H264_SPS)
        number = picture_id_of(unit, hevc=self.hevc)
        picture = None if number is None else self._by_key.get((picture_kind, layer, number))
        number = None if picture is None else sequence_id_of(picture, hevc=self.hevc)
        return None if number is None else self._by_key.get((sequence_kind, layer, number))

    def decodes(self, packet: Any) -> bool:
        """Whether the sets that a keyframe needs are in force, as far as it can be read."""
        return self.sequence_for(packet) is not None or not self.has_slice(packet)

    def place_for_sets(self, packet: Any, known: Collection[bytes] = ()) -> int | None:
        """Return where in the packet the sets belong; None if it has all of them, but for the ``known`` ones."""
        after_aud = 0
        needed = self._known.difference(known)
        carried = []
        for kind, start, end in self._units(packet):
            if kind == (_HEVC_AUD if self.hevc else _H264_AUD) and start == 0:
                after_aud = min(end, packet.nbytes)  # an access unit delimiter must stay the first unit
            elif self._is_slice(kind):
                break
            elif is_set(kind, hevc=self.hevc):
                carried.append(bytes(packet[start + self.nal_length_size : end]))
        return None if needed.issubset(carried) else after_aud

    def with_sets(self, packet: bytes, at: int | None) -> bytes:
        """The packet with the parameter sets at their place; as it is where that is None."""
        return packet if at is None else b"".join((packet[:at], self.sets, packet[at:]))

    def begins_anew(self, packet: Any) -> bool:
        """Whether a film can begin with this keyframe and lack nothing of what follows it."""
        kind = self._slice_kind(packet)
        return kind in _HEVC_ANEW if self.hevc else kind == _H264_IDR

    def widened(self, packet: memoryview) -> bytes | None:
        """The packet with lengths of four bytes; None where its units do not fill it."""
        units = self._whole_units(packet)
        if units is None:
            return None
        return b"".join(part for unit in units for part in (unit.nbytes.to_bytes(4, "big"), unit))

    def start_coded(self) -> bytes:
        """The parameter sets with start codes."""
        return b"".join(b"\0\0\0\1" + unit for unit in (*self.units, *self.others))

    def with_start_codes(self, packet: memoryview) -> bytes | None:
        """The packet with start codes instead of lengths (Annex B); None where its units do not fill it."""
        units = self._whole_units(packet)
        return None if units is None else b"".join(part for unit in units for part in (b"\0\0\0\1", unit))

    def _whole_units(self, packet: memoryview) -> list[memoryview] | None:
        units, until = [], 0
        for _, start, end in self._units(packet):
            units.append(packet[start + self.nal_length_size : end])
            until = end
        return units if until == packet.nbytes and all(unit.nbytes for unit in units) else None

    def is_start_coded(self, packet: Any) -> bool:
        """Whether the units of a packet have start codes (Annex B) in place of lengths."""
        begins = bytes(packet[:4])
        if not begins.startswith((_START_CODE, b"\0" + _START_CODE)):
            return False  # a length may look like one
        reached = max((end for _, _, end in self._units(packet)), default=0)
        return bool(reached != packet.nbytes)

    def fill(self, packet: Any) -> bool:
        """Whether units with lengths fill a packet, and one of them is a slice."""
        units = list(self._units(packet))
        return bool(units) and units[-1][2] == packet.nbytes and any(self._is_slice(kind) for kind, _, _ in units)

    def refreshes(self, packet: Any) -> bool:
        """Whether nothing after this keyframe refers to what came before it (H.264: an IDR picture)."""
        return self.hevc or self._slice_kind(packet) == _H264_IDR

    def leads(self, packet: Any) -> bool:
        """Whether a picture shown before the keyframe it follows needs pictures from before that keyframe.

        To be asked in H.264 only where the keyframe does not refresh (an open GOP): all its leading pictures do.
        """
        return self._slice_kind(packet) in _HEVC_RASL if self.hevc else True

    def without_messages(self, packet: memoryview) -> bytes:
        """The picture without its SEI units: what an encoder has to say beside the picture."""
        messages = (39, 40) if self.hevc else (6,)
        return b"".join(packet[start:end] for kind, start, end in self._units(packet) if kind not in messages)

    def before_slices(self, head: Any) -> int:
        """How many bytes of units (delimiter, parameter sets, messages) come before the first slice of a picture.

        ``head`` is how the picture begins. If it has no slice, that is up to the end of its last unit, which may lie
        behind it.
        """
        before = 0
        for kind, start, end in self._units(head):
            if self._is_slice(kind):
                return start
            before = end
        return before

    def _carried(self, packet: Any) -> list[bytes]:
        """Return the parameter sets in front of the first slice of a packet."""
        size = self.nal_length_size
        if packet.nbytes <= size or packet[size] in self.slice_starts:
            return []  # as nearly all are
        carried = []
        for kind, start, end in self._units(packet):
            if self._is_slice(kind):
                break
            if is_set(kind, hevc=self.hevc):  # messages can be long, and are not read
                carried.append(bytes(packet[start + size : end]))
        return carried

    def _prefixed(self, units: Collection[bytes]) -> bytes:
        size = self.nal_length_size
        fitting = (unit for unit in units if len(unit) < 1 << (8 * size))
        return b"".join(part for unit in fitting for part in (len(unit).to_bytes(size, "big"), unit))

    def has_slice(self, packet: Any) -> bool:
        """Whether a slice can be found: some makers put start codes into a unit, which only decoders look for."""
        return self._slice_kind(packet) is not None

    def _slice_kind(self, packet: Any) -> int | None:
        found = self._first_slice(packet)
        return None if found is None else found[0]

    def _first_slice(self, packet: Any) -> tuple[int, int] | None:
        """Its type, and where its length is."""
        return next(((kind, start) for kind, start, _ in self._units(packet) if self._is_slice(kind)), None)

    def _is_slice(self, kind: int) -> bool:
        return kind < 32 if self.hevc else 1 <= kind <= _H264_IDR

    def _units(self, packet: Any) -> Iterator[tuple[int, int, int]]:
        """Type, start and end of each unit, as far as the lengths make sense."""
        at, size, total = 0, self.nal_length_size, packet.nbytes
        while at + size < total:
            head = bytes(packet[at : at + size + 1])  # together: each look behind the first bytes of a packet is read
            end = at + size + int.from_bytes(head[:size], "big")
            yield self._kind(head[size]), at, end
            at = end

    def _kind(self, first: int) -> int:
        return (first >> 1) & 0x3F if self.hevc else first & 0x1F


def _sorted(keyed: dict[tuple[int, int, int] | None, bytes]) -> tuple[bytes, ...]:
    return tuple(keyed[key] for key in sorted(key for key in keyed if key is not None))


def length_prefixed(data: bytes, size: int = 4) -> bytes:
    """A picture with start codes (Annex B of H.264 and H.265) with lengths instead; empty without any.

    Zeros between the units are padding.
    """
    units = []
    at = data.find(_START_CODE)
    while at >= 0:
        begin, at = at + len(_START_CODE), data.find(_START_CODE, at + len(_START_CODE))
        unit = data[begin : at if at >= 0 else len(data)].rstrip(b"\0")
        if unit and len(unit) < 1 << (8 * size):
            units += [len(unit).to_bytes(size, "big"), unit]
    return b"".join(units)


def widened_configuration(codec: str, extradata: bytes) -> bytes:
    """An ``avcC`` or ``hvcC`` that says that lengths have four bytes."""
    at = 21 if codec == "hevc" else 4
    return extradata[:at] + bytes([extradata[at] | 3]) + extradata[at + 1 :]


def read_parameters(codec: str, extradata: bytes | None) -> Parameters:
    """``codec`` is ``h264`` or ``hevc``. Raises :class:`BadParameters`."""
    if not extradata or extradata[0] != 1:
        raise BadParameters("no decoder configuration")
    try:
        return _read_hvcc(extradata) if codec == "hevc" else _read_avcc(extradata)
    except IndexError as error:
        raise BadParameters("a decoder configuration that is cut short") from error


def _read_avcc(data: bytes) -> Parameters:
    # ISO/IEC 14496-15, 5.3.3.1: version, profile, compatibility, level, length size, then SPS and PPS with counts.
    size = (data[4] & 3) + 1
    units, at = _take_sets(data, 6, data[5] & 0x1F, size)
    more, _ = _take_sets(data, at + 1, data[at], size)
    return _parameters_of(units + more, size, hevc=False)


def _read_hvcc(data: bytes) -> Parameters:
    # ISO/IEC 14496-15, 8.3.3.1: 22 bytes of header, then arrays of units: type, count, units.
    size, at = (data[21] & 3) + 1, 23
    units: list[bytes] = []
    for _ in range(data[22]):
        count = (data[at + 1] << 8) + data[at + 2]
        more, at = _take_sets(data, at + 3, count, size)
        units += more
    return _parameters_of(units, size, hevc=True)


def _parameters_of(units: list[bytes], size: int, *, hevc: bool) -> Parameters:
    keyed = {key_of(unit, hevc=hevc): unit for unit in units if unit}
    others = [unit for unit in units if unit and not is_set(kind_of(unit, hevc=hevc), hevc=hevc)]
    return Parameters(hevc, size, _sorted(keyed), tuple(others))


def _take_sets(data: bytes, at: int, count: int, length_size: int) -> tuple[list[bytes], int]:
    taken = []
    for _ in range(count):
        length = (data[at] << 8) + data[at + 1]
        unit = data[at + 2 : at + 2 + length]
        if len(unit) < length or length >= 1 << (8 * length_size):
            raise IndexError(at)
        taken.append(unit)
        at += 2 + length
    return taken, at
