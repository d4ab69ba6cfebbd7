"""Parameter sets and NAL units, byte by byte."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.formats.nal import BadParameters, Parameters, read_parameters

SPS, PPS, VPS = b"\x67spss", b"\x68p", b"\x40\x01v"
HEVC_SPS, HEVC_PPS = b"\x42\x01" + b"\x01" * 13 + b"\x80", b"\x44\x01p"
AVCC = b"\x01\x64\x00\x1e\xff\xe1\x00\x05" + SPS + b"\x01\x00\x02" + PPS
HVCC = b"".join(
    [
        bytes([1, *range(20), 0xFF, 3]),
        *(bytes([kind, 0, 1, 0, len(each)]) + each for kind, each in ((32, VPS), (33, HEVC_SPS), (34, HEVC_PPS))),
    ]
)


def unit(body: bytes, size: int = 4) -> bytes:
    return len(body).to_bytes(size, "big") + body


def packet(*bodies: bytes, size: int = 4) -> memoryview:
    return memoryview(b"".join(unit(body, size) for body in bodies))


H264 = Parameters(hevc=False, nal_length_size=4, units=(SPS, PPS))
HEVC = Parameters(hevc=True, nal_length_size=4, units=(VPS, HEVC_SPS, HEVC_PPS))
IDR, SLICE, AUD, SEI = b"\x65i", b"\x41s", b"\x09\x10", b"\x06" + bytes(300)


def test_reads_what_mp4_holds():
    """avcC and hvcC give the sets with lengths in front, in the length size that the clip uses."""
    assert read_parameters("h264", AVCC) == H264
    assert read_parameters("hevc", HVCC) == HEVC
    short = AVCC[:4] + b"\xfd" + AVCC[5:]
    assert read_parameters("h264", short) == Parameters(hevc=False, nal_length_size=2, units=(SPS, PPS))
    assert read_parameters("h264", short).sets == unit(SPS, 2) + unit(PPS, 2)


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        *((codec, data) for codec in ("h264", "hevc") for data in (None, b"", b"\0\0\0\1\x67", b"\x01")),
        *(("h264", AVCC[:length]) for length in (4, 9, len(AVCC) - 1)),
        *(("hevc", HVCC[:length]) for length in (22, 30, len(HVCC) - 1)),
    ],
)
def test_refuses_what_is_none(codec, data):
    """Annex B, nothing, or a cut-off configuration is named."""
    with pytest.raises(BadParameters):
        read_parameters(codec, data)


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=60))
def test_hostile_configurations(codec, data):
    """Any bytes give parameters or BadParameters."""
    with suppress(BadParameters):
        assert len(read_parameters(codec, b"\x01" + data).sets) <= 40 * 60


def test_messages_can_be_left_out():
    """SEI units (H.265: in front of the picture and behind it) go, the rest stays as it is."""
    assert H264.without_messages(packet(AUD, SEI, IDR, SEI)) == bytes(packet(AUD, IDR))
    assert HEVC.without_messages(packet(b"\x4e\x01s", b"\x26\x01i", b"\x50\x01s")) == bytes(packet(b"\x26\x01i"))


def test_sets_go_into_keyframes_that_have_none():
    """In front, but behind an access unit delimiter; a keyframe with all of its own is left alone."""

    def into_keyframe(parameters, keyframe):
        return parameters.with_sets(bytes(keyframe), parameters.place_for_sets(keyframe))

    assert into_keyframe(H264, packet(IDR)) == H264.sets + bytes(packet(IDR))
    assert into_keyframe(H264, packet(AUD, IDR)) == unit(AUD) + H264.sets + unit(IDR)
    assert H264.place_for_sets(packet(SEI, SPS, PPS, IDR)) is None
    assert into_keyframe(H264, packet(IDR, SPS)) == H264.sets + bytes(packet(IDR, SPS))
    assert into_keyframe(HEVC, packet(b"\x26\x01")) == HEVC.sets + unit(b"\x26\x01")
    assert HEVC.place_for_sets(packet(VPS, HEVC_SPS, HEVC_PPS, b"\x26\x01")) is None
    assert HEVC.place_for_sets(packet(HEVC_SPS, b"\x26\x01")) == 0


def test_leading_pictures():
    """What is shown before the keyframe it follows is lost only where it refers to pictures before that keyframe."""
    assert H264.refreshes(packet(SEI, IDR))
    assert not H264.refreshes(packet(SLICE))
    assert H264.leads(packet(SLICE))
    assert HEVC.leads(packet(b"\x10\x01"))  # RASL
    assert not HEVC.leads(packet(b"\x0c\x01"))  # RADL


@given(st.binary(max_size=200))
def test_hostile_packets(data):
    """Any bytes are a packet that can be asked."""
    view = memoryview(data)
    for parameters in (H264, HEVC):
        at = parameters.place_for_sets(view)
        assert at is None or 0 <= at <= len(data)
        parameters.leads(view)
        parameters.refreshes(view)
