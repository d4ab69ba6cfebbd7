"""Where decoding can begin. Pure.

The keyframe flag of a container does not tell: with intra refresh it is on frames that need others, and a whole picture
builds up over many of them.

ISO/IEC 14496-10, 7.3.3 (slice headers) and D.1.8 (recovery points); ISO/IEC 23008-2, 7.4.2.2 and D.2.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_H264_SLICES, _H264_IDR, _H264_SEI = (1, 2), 5, 6
_H264_INTRA = (2, 4)  # kinds of slices, modulo 5
_HEVC_CRA, _HEVC_BLA, _HEVC_SEI = 21, 16, 39
_HEVC_RANDOM_ACCESS = range(16, 22)
_RECOVERY_POINT = 6
_MOST = 64 << 10  # bytes of a message that are looked at
_LONGEST_CODE = 31


def recovery(packet: Any, *, hevc: bool, length_size: int) -> int | None:
    """Return after how many frames all is right if decoding begins with ``packet``, which has a keyframe's flag.

    0: at once, also of a packet in which no slice can be found: then the flag is all there is. None: never.
    """
    promised = None
    for kind, start, end in _units(packet, hevc, length_size):
        if kind == (_HEVC_SEI if hevc else _H264_SEI):
            message = bytes(packet[start + (2 if hevc else 1) : min(end, start + _MOST)])
            promised = _recovery_point(message, hevc) if promised is None else promised
        elif (hevc and kind in _HEVC_RANDOM_ACCESS) or (not hevc and kind == _H264_IDR):
            return 0
        elif hevc and kind < _HEVC_BLA:
            return promised
        elif not hevc and kind in _H264_SLICES:
            if _is_intra(bytes(packet[start + 1 : min(end, start + 16)])):
                return promised or 0
            return promised or None
    return 0


def as_broken_link(packet: bytes, *, length_size: int) -> bytes:
    """Return a keyframe of H.265 as one behind which no frame refers to what is before it: a CRA becomes a BLA.

    What splices streams has to say so, else a decoder counts on from the frames of the other stream.
    """
    changed = bytearray(packet)
    for kind, start, _ in _units(memoryview(packet), True, length_size):
        if kind == _HEVC_CRA:
            changed[start] = changed[start] & 0x81 | _HEVC_BLA << 1
    return bytes(changed)


def _units(packet: Any, hevc: bool, length_size: int) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of each unit without its length, as far as the lengths make sense."""
    at, total = 0, packet.nbytes
    while at + length_size < total:
        start = at + length_size
        at = start + int.from_bytes(packet[at:start], "big")
        first = packet[start]
        yield (first >> 1) & 0x3F if hevc else first & 0x1F, start, min(at, total)


def _recovery_point(message: bytes, hevc: bool) -> int | None:
    """Return the number of frames in a recovery point; None if the messages hold none."""
    data, at = message.replace(b"\0\0\3", b"\0\0"), 0
    while at + 2 < len(data):
        kind, at = _ff_coded(data, at)
        size, at = _ff_coded(data, at)
        if kind == _RECOVERY_POINT:
            code = _exp_golomb(data[at : at + size])
            # H.265 counts pictures in order of showing, with a sign.
            return None if code is None else (code + 1) // 2 if hevc else code
        at += size
    return None


def _ff_coded(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(data) and data[at] == 0xFF:
        value, at = value + 0xFF, at + 1
    return value + (data[at] if at < len(data) else 0), at + 1


def _is_intra(header: bytes) -> bool:
    """Whether a slice of H.264 needs no other frame: ``header`` is how it begins."""
    _, rest = _coded_and_rest(_bits(header))
    kind, _ = _coded_and_rest(rest)
    return kind is not None and kind % 5 in _H264_INTRA


def _exp_golomb(data: bytes) -> int | None:
    return _coded_and_rest(_bits(data))[0]


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data[:16])


def _coded_and_rest(bits: str) -> tuple[int | None, str]:
    zeros = len(bits) - len(bits.lstrip("0"))
    if zeros > _LONGEST_CODE or len(bits) < 2 * zeros + 1:
        return None, ""
    return int(bits[zeros : 2 * zeros + 1], 2) - 1, bits[2 * zeros + 1 :]
