"""Where decoding can begin, told by the frame itself and not by a flag."""

from __future__ import annotations

import pytest

from camreel.formats.entry_point import as_broken_link, recovery

IDR, SPS, PPS, AUD = b"\x65\x88\x84", b"\x67\x42", b"\x68\xce", b"\x09\xf0"
# Slices: first macroblock 0, then the kind: 0 and 5 are P, 1 and 6 are B, 2 and 7 are I.
P, P_5, B = b"\x41\xc0", b"\x41\x98", b"\x01\xa0"
INTRA, INTRA_7 = b"\x41\xb0", b"\x41\x88"


def sei(code: str, *, hevc: bool = False, before: bytes = b"") -> bytes:
    """A recovery point with its number coded in bits, behind other messages."""
    payload = int(code.ljust(16, "1"), 2).to_bytes(2, "big")
    head = b"\x4e\x01" if hevc else b"\x06"
    return head + before + bytes([6, len(payload)]) + payload + b"\x80"


def frame(*units: bytes, size: int = 4) -> memoryview:
    return memoryview(b"".join(len(unit).to_bytes(size, "big") + unit for unit in units))


@pytest.mark.parametrize(
    ("units", "after"),
    [
        ((IDR,), 0),
        ((AUD, SPS, PPS, IDR), 0),
        ((INTRA,), 0),
        ((INTRA_7,), 0),
        ((SPS, PPS, sei("1"), INTRA), 0),  # an open group
        ((sei("0001001"), P), 8),  # intra refresh
        ((sei("0001001"), P_5), 8),
        ((SPS, PPS, sei("0001001", before=b"\x05\x03abc"), P), 8),
        ((sei("0001001", before=b"\x05\xff\x2d" + bytes(range(1, 151)) * 2), P), 8),
        ((sei("0001001"), INTRA), 8),
        ((P,), None),
        ((P_5,), None),
        ((B,), None),
        ((sei("1"), P), None),  # it promises what a P-frame cannot keep
        ((b"\x06\x05\x02ab\x80", P), None),
        ((b"\x06\x06",), 0),  # nothing to tell it by
        ((SPS, PPS), 0),
        ((), 0),
    ],
)
@pytest.mark.parametrize("size", [2, 4])
def test_h264(units, after, size):
    assert recovery(frame(*units, size=size), hevc=False, length_size=size) == after


@pytest.mark.parametrize(
    ("units", "after"),
    [
        *(((bytes([kind << 1, 1, 0x80]),), 0) for kind in range(16, 22)),
        ((b"\x40\x01", b"\x42\x01", b"\x44\x01", b"\x26\x01\xaf"), 0),
        ((bytes([1 << 1, 1, 0x80]),), None),
        ((sei("00101", hevc=True), bytes([1 << 1, 1, 0x80])), 2),
        ((sei("1", hevc=True), bytes([1 << 1, 1, 0x80])), 0),
        ((), 0),
    ],
)
def test_h265(units, after):
    assert recovery(frame(*units), hevc=True, length_size=4) == after


def test_lengths_that_lie_are_no_entry():
    """Whatever the bytes are, it is an answer."""
    for data in (b"", b"\0", b"\xff" * 9, b"\0\0\0\0" * 5, bytes(range(64))):
        for hevc in (False, True):
            assert recovery(memoryview(data), hevc=hevc, length_size=4) in {None, 0}


def test_a_splice_is_told_to_the_decoder():
    """Each slice of a CRA becomes one of a BLA; all else stays as it is, byte for byte."""
    message, first, second = b"\x4e\x01\x81", b"\x2a\x01\xaf\x10", b"\x2a\x01\x2f\x11"
    changed = as_broken_link(bytes(frame(message, first, second)), length_size=4)
    assert changed == bytes(frame(message, b"\x20" + first[1:], b"\x20" + second[1:]))
    assert as_broken_link(bytes(frame(b"\x26\x01\xaf")), length_size=4) == bytes(frame(b"\x26\x01\xaf"))
