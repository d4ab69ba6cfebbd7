"""Parameter sets and NAL units of H.264 and H.265, length-prefixed as in mp4. Pure.

Each clip has its own parameter sets in its ``avcC`` or ``hvcC``; an output has room for those of one clip. Without
them in the packets, clips of another encoder setting decode to garbage, and no error is raised. So every keyframe
carries the sets of its clip. This also sets up the decoder after a seek backwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_H264_SPS, _H264_AUD, _H264_IDR = 7, 9, 5
_HEVC_SPS, _HEVC_AUD, _HEVC_RASL = 33, 35, (8, 9)
# Keyframes after which no picture refers to one before them: BLA without RASL, and both kinds of IDR.
_HEVC_ANEW = (17, 18, 19, 20)
_START_CODE = b"\0\0\1"


class BadParameters(ValueError):
    """Not an ``avcC`` or ``hvcC``."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The decoder configuration of a clip: ``sets`` are its VPS, SPS and PPS, each with its length in front."""

    hevc: bool
    nal_length_size: int
    sets: bytes

    def place_for_sets(self, keyframe: Any) -> int | None:
        """Where in the keyframe the parameter sets belong; None where it has an SPS of its own."""
        after_aud = 0
        for kind, start, end in self._units(keyframe):
            if kind == (_HEVC_AUD if self.hevc else _H264_AUD) and start == 0:
                after_aud = min(end, keyframe.nbytes)  # an access unit delimiter must stay the first unit
            elif kind == (_HEVC_SPS if self.hevc else _H264_SPS):
                return None
            elif self._is_slice(kind):
                break
        return after_aud

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
        return self.with_start_codes(memoryview(self.sets)) or b""

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

    def _slice_kind(self, packet: Any) -> int | None:
        return next((kind for kind, _, _ in self._units(packet) if self._is_slice(kind)), None)

    def _is_slice(self, kind: int) -> bool:
        return kind < 32 if self.hevc else 1 <= kind <= _H264_IDR

    def _units(self, packet: Any) -> Iterator[tuple[int, int, int]]:
        """Type, start and end of each unit, as far as the lengths make sense."""
        at, size, total = 0, self.nal_length_size, packet.nbytes
        while at + size < total:
            first = packet[at + size]
            end = at + size + int.from_bytes(packet[at : at + size], "big")
            yield (first >> 1) & 0x3F if self.hevc else first & 0x1F, at, end
            at = end


def length_prefixed(data: bytes) -> bytes:
    """A picture with start codes (Annex B of H.264 and H.265) with four bytes of length instead; empty without any.

    Zeros between the units are padding.
    """
    units = []
    at = data.find(_START_CODE)
    while at >= 0:
        begin, at = at + len(_START_CODE), data.find(_START_CODE, at + len(_START_CODE))
        unit = data[begin : at if at >= 0 else len(data)].rstrip(b"\0")
        if unit:
            units += [len(unit).to_bytes(4, "big"), unit]
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
    sets, at = _take_sets(data, 6, data[5] & 0x1F, size)
    more, _ = _take_sets(data, at + 1, data[at], size)
    return Parameters(hevc=False, nal_length_size=size, sets=sets + more)


def _read_hvcc(data: bytes) -> Parameters:
    # ISO/IEC 14496-15, 8.3.3.1: 22 bytes of header, then arrays of units: type, count, units.
    size, sets, at = (data[21] & 3) + 1, b"", 23
    for _ in range(data[22]):
        count = (data[at + 1] << 8) + data[at + 2]
        more, at = _take_sets(data, at + 3, count, size)
        sets += more
    return Parameters(hevc=True, nal_length_size=size, sets=sets)


def _take_sets(data: bytes, at: int, count: int, length_size: int) -> tuple[bytes, int]:
    taken = []
    for _ in range(count):
        length = (data[at] << 8) + data[at + 1]
        unit = data[at + 2 : at + 2 + length]
        if len(unit) < length or length >= 1 << (8 * length_size):
            raise IndexError(at)
        taken.append(length.to_bytes(length_size, "big") + unit)
        at += 2 + length
    return b"".join(taken), at
