"""Read parameter sets of H.264 and H.265: their ids, and the size and look that a sequence has. Pure.

ITU-T H.264 (7.3.2, E.1.1) and H.265 (7.3.2, E.2.1). A set is one NAL unit without a length or start code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

H264_SPS, H264_PPS = 7, 8
HEVC_VPS, HEVC_SPS, HEVC_PPS = 32, 33, 34
_MOST = 4096  # bytes of a set that are read
_LONGEST_SET = 0xFFFF  # bytes
_MOST_ENTRIES = 65  # of any list in a sequence parameter set
_LONGEST_CODE = 32  # bits
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_IRAP = range(16, 24)
# H.264, table E-1, and the same in H.265: the shape of a pixel by its number.
_ASPECTS = (
    (0, 0), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip
_EXTENDED_ASPECT = 255


@dataclass(frozen=True, slots=True)
class Colors:
    """Colors as H.273 numbers them (2: unspecified), and whether brightness uses the full range."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    is_full_range: bool = False


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """What a sequence parameter set says. ``aspect`` and ``colors`` are None if it says nothing of them.

    ``profile`` is what a decoder configuration repeats of it: 3 bytes in H.264, 12 in H.265.
    """

    width: int
    height: int
    aspect: Fraction | None
    colors: Colors | None
    profile: bytes
    chroma: int
    depths: tuple[int, int]
    layers: int
    is_nested: bool = False


class _Bits:
    """Read bits and Exp-Golomb codes of a unit. IndexError at its end."""

    def __init__(self, unit: bytes, skip: int) -> None:
        data = unit[:_MOST].replace(b"\0\0\3", b"\0\0")[skip:]
        self._bits = bin(int.from_bytes(b"\1" + data, "big"))[3:]
        self._at = 0

    def take(self, count: int) -> int:
        at, self._at = self._at, self._at + count
        if self._at > len(self._bits):
            raise IndexError(at)
        return int(self._bits[at : self._at] or "0", 2)

    def flag(self) -> bool:
        return self.take(1) == 1

    def code(self) -> int:
        """Return an unsigned Exp-Golomb code."""
        one = self._bits.find("1", self._at)
        zeros = one - self._at
        if one < 0 or zeros > _LONGEST_CODE:
            raise IndexError(self._at)
        self._at = one
        return self.take(zeros + 1) - 1

    def signed(self) -> int:
        code = self.code()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def count(self) -> int:
        """Return the length of a list."""
        length = self.code()
        if length > _MOST_ENTRIES * 4:
            raise IndexError(self._at)
        return length


def is_set(kind: int, *, hevc: bool) -> bool:
    """Whether NAL units of this type are parameter sets that slices refer to."""
    return HEVC_VPS <= kind <= HEVC_PPS if hevc else kind in {H264_SPS, H264_PPS}


def kind_of(unit: bytes, *, hevc: bool) -> int:
    """Return the type of a NAL unit."""
    return (unit[0] >> 1) & 0x3F if hevc else unit[0] & 0x1F


def key_of(unit: bytes, *, hevc: bool) -> tuple[int, int, int] | None:
    """Return what a set is known by: its type, its layer and its id. A set replaces the one of the same key.

    None for other units, and for a set that is cut off or longer than any decoder configuration can hold.
    """
    if len(unit) > _LONGEST_SET:
        return None
    try:
        kind = kind_of(unit, hevc=hevc)
        if not is_set(kind, hevc=hevc):
            return None
        if not hevc:
            return kind, 0, _Bits(unit[:64], 4 if kind == H264_SPS else 1).code()
        layer = (unit[0] & 1) << 5 | unit[1] >> 3
        if kind == HEVC_VPS:
            return kind, layer, _Bits(unit[:8], 2).take(4)
        bits = _Bits(unit[:256], 2)
        if kind == HEVC_SPS:
            _hevc_profile(bits)
        return kind, layer, bits.code()
    except IndexError:
        return None


def sequence_id_of(unit: bytes, *, hevc: bool) -> int | None:
    """Return the id of the sequence parameter set that a picture parameter set refers to."""
    try:
        bits = _Bits(unit[:64], 2 if hevc else 1)
        bits.code()
        return bits.code()
    except IndexError:
        return None


def picture_id_of(slice_head: bytes, *, hevc: bool) -> int | None:
    """Return the id of the picture parameter set that a slice refers to, by its first bytes."""
    try:
        bits = _Bits(slice_head, 2 if hevc else 1)
        if hevc:
            bits.take(2 if kind_of(slice_head, hevc=True) in _IRAP else 1)
        else:
            bits.code()
            bits.code()
        return bits.code()
    except IndexError:
        return None


def sequence_of(unit: bytes, *, hevc: bool) -> SequenceSet | None:
    """Return what a sequence parameter set says; None if it makes no sense."""
    try:
        found = _hevc_sequence(unit) if hevc else _h264_sequence(unit)
    except IndexError:
        return None
    return found if found.width > 0 and found.height > 0 else None


def configuration_of(sets: Sequence[bytes], sequence: SequenceSet, *, hevc: bool) -> bytes:
    """Return the ``avcC`` or ``hvcC`` for these sets, with lengths of four bytes (ISO/IEC 14496-15)."""
    by_kind: dict[int, list[bytes]] = {}
    for unit in sets:
        by_kind.setdefault(kind_of(unit, hevc=hevc), []).append(len(unit).to_bytes(2, "big") + unit)
    chroma, luma_depth, chroma_depth = sequence.chroma, *(depth - 8 for depth in sequence.depths)
    if not hevc:
        sequences, pictures = by_kind.get(H264_SPS, [])[:31], by_kind.get(H264_PPS, [])[:255]
        head = bytes([1, *sequence.profile, 0xFF, 0xE0 | len(sequences)])
        more = bytes([0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0])
        tail = more if sequence.profile[0] in _WITH_CHROMA else b""
        return b"".join([head, *sequences, bytes([len(pictures)]), *pictures, tail])
    times = (sequence.layers & 7) << 3 | sequence.is_nested << 2 | 3
    shape = bytes([0xF0, 0, 0xFC, 0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0, 0, times])
    arrays = [
        bytes([0x80 | kind]) + len(units).to_bytes(2, "big") + b"".join(units)
        for kind, units in sorted(by_kind.items())
    ]
    return b"".join([b"\1", sequence.profile, shape, bytes([len(arrays)]), *arrays])


def _h264_sequence(unit: bytes) -> SequenceSet:
    bits = _Bits(unit, 1)
    profile = bytes(bits.take(8) for _ in range(3))
    bits.code()
    chroma, depths, is_split = 1, (8, 8), False
    if profile[0] in _WITH_CHROMA:
        chroma = bits.count()
        is_split = chroma == 3 and bits.flag()
        depths = 8 + bits.count(), 8 + bits.count()
        bits.flag()
        if bits.flag():
            for number in range(12 if chroma == 3 else 8):
                if bits.flag():
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
    bits.code()
    _skip_order(bits)
    bits.code()
    bits.flag()
    wide, high = bits.code() + 1, bits.code() + 1
    fields = 1
    if not bits.flag():
        fields = 2
        bits.flag()
    bits.flag()
    cropped = [bits.code() for _ in range(4)] if bits.flag() else [0, 0, 0, 0]
    across, down = (1, 1) if is_split else _chroma_steps(chroma)
    width = 16 * wide - across * (cropped[0] + cropped[1])
    height = 16 * high * fields - down * fields * (cropped[2] + cropped[3])
    aspect, colors = _usability(bits) if bits.flag() else (None, None)
    return SequenceSet(width, height, aspect, colors, profile, chroma & 3, (depths[0] & 15, depths[1] & 15), 1)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    """Skip how the order of frames is coded."""
    how = bits.code()
    if how == 0:
        bits.code()
    elif how == 1:
        bits.flag()
        bits.code()
        bits.code()
        for _ in range(bits.count()):
            bits.code()


def _chroma_steps(chroma: int) -> tuple[int, int]:
    """Return in how many samples cropping counts, across and down."""
    return {1: (2, 2), 2: (2, 1)}.get(chroma, (1, 1))


def _usability(bits: _Bits) -> tuple[Fraction | None, Colors | None]:
    """Read the beginning of the video usability information: the shape of a pixel, and colors."""
    aspect = colors = None
    if bits.flag():
        number = bits.take(8)
        wide, high = (0, 0)
        if number == _EXTENDED_ASPECT:
            wide, high = bits.take(16), bits.take(16)
        elif number < len(_ASPECTS):
            wide, high = _ASPECTS[number]
        aspect = Fraction(wide, high) if wide and high else None
    if bits.flag():
        bits.flag()
    if bits.flag():
        bits.take(3)
        is_full = bits.flag()
        colors = Colors(is_full_range=is_full)
        if bits.flag():
            colors = Colors(bits.take(8), bits.take(8), bits.take(8), is_full)
    return aspect, colors


def _hevc_profile(bits: _Bits) -> tuple[bytes, int, bool]:
    """Read up to the id: the general profile and level, the number of temporal layers, and whether they nest."""
    bits.take(4)
    below = bits.take(3)
    is_nested = bits.flag()
    profile = bytes(bits.take(8) for _ in range(12))
    present = [(bits.flag(), bits.flag()) for _ in range(below)]
    if below:
        bits.take(2 * (8 - below))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)
    return profile, below + 1, is_nested


def _hevc_sequence(unit: bytes) -> SequenceSet:
    bits = _Bits(unit, 2)
    profile, layers, is_nested = _hevc_profile(bits)
    bits.code()
    chroma = bits.count()
    is_split = chroma == 3 and bits.flag()
    width, height = bits.code(), bits.code()
    if bits.flag():
        cropped = [bits.code() for _ in range(4)]
        across, down = (1, 1) if is_split else _chroma_steps(chroma)
        width -= across * (cropped[0] + cropped[1])
        height -= down * (cropped[2] + cropped[3])
    depths = 8 + bits.count(), 8 + bits.count()
    order_bits = bits.count() + 4
    for _ in range(layers if bits.flag() else 1):
        for _ in range(3):
            bits.code()
    for _ in range(6):
        bits.code()
    if bits.flag() and bits.flag():
        _skip_scaling_lists(bits)
    bits.take(2)
    if bits.flag():
        bits.take(8)
        bits.code()
        bits.code()
        bits.flag()
    _skip_references(bits, order_bits)
    bits.take(2)
    aspect, colors = _usability(bits) if bits.flag() else (None, None)
    depths = depths[0] & 15, depths[1] & 15
    return SequenceSet(width, height, aspect, colors, profile, chroma & 3, depths, layers, is_nested)


def _skip_scaling_lists(bits: _Bits) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():
                bits.code()
                continue
            if size > 1:
                bits.signed()
            for _ in range(min(64, 16 << 2 * size)):
                bits.signed()


def _skip_references(bits: _Bits, order_bits: int) -> None:
    """Skip the short-term and the long-term reference picture sets."""
    count = 0
    for number in range(bits.count()):
        if number and bits.flag():
            bits.flag()
            bits.code()
            used = [bits.flag() or bits.flag() for _ in range(count + 1)]
            count = sum(used)
        else:
            count = bits.count() + bits.count()
            for _ in range(count):
                bits.code()
                bits.flag()
    if bits.flag():
        for _ in range(bits.count()):
            bits.take(order_bits + 1)
