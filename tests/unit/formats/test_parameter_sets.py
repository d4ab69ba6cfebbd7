"""What a sequence parameter set says is what FFmpeg decodes; any bytes make an answer."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.formats.nal import read_parameters
from camreel.formats.parameter_sets import (
    Colors,
    configuration_of,
    key_of,
    picture_id_of,
    sequence_id_of,
    sequence_of,
)

CASES = [
    ("h264", "", (160, 90), "yuv420p"),
    ("h264", "sar=16/11:fullrange=on:colorprim=bt709:transfer=bt709:colormatrix=bt709", (162, 98), "yuv420p"),
    ("h264", "cqm=jvt:bframes=3:ref=4", (64, 48), "yuv422p"),
    ("h264", "interlaced=1", (64, 80), "yuv444p"),
    ("hevc", "", (160, 90), "yuv420p"),
    ("hevc", "bframes=3:ref=4:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", (200, 104), "yuv420p10le"),
    ("hevc", "temporal-layers=1", (72, 56), "yuv422p"),
]


@pytest.mark.parametrize(("codec", "parameters", "size", "layout"), CASES)
def test_a_sequence_as_ffmpeg_decodes_it(codec, parameters, size, layout):
    """Size, shape of a pixel, colors; and the decoder configuration made of the sets decodes the same."""
    extradata, packets = _encoded(codec, parameters, size, layout)
    found = read_parameters(codec, extradata)
    sequence = sequence_of(found.sequences[0], hevc=found.hevc)
    assert sequence is not None
    made = configuration_of(found.units, sequence, hevc=found.hevc)
    assert read_parameters(codec, made).units == found.units
    decoder = av.CodecContext.create(codec, "r")
    decoder.extradata = made
    frames = [frame for packet in [*map(av.Packet, packets), None] for frame in decoder.decode(packet)]
    assert {(frame.width, frame.height) for frame in frames} == {(sequence.width, sequence.height)} == {size}
    assert len(frames) == len(packets)
    colors = sequence.colors or Colors()
    assert colors.is_full_range is (frames[0].color_range == 2)
    assert (colors.primaries, colors.transfer) == (frames[0].color_primaries, frames[0].color_trc)
    assert sequence.aspect == (Fraction(16, 11) if "sar" in parameters else sequence.aspect)


def _encoded(codec: str, parameters: str, size: tuple[int, int], layout: str) -> tuple[bytes, list[bytes]]:
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        private = "x264-params" if codec == "h264" else "x265-params"
        more = f"{parameters}:" if parameters else ""
        name = "libx264" if codec == "h264" else "libx265"
        quiet = "log-level=none" if codec == "hevc" else "keyint=4"
        stream = out.add_stream(name, rate=10, options={"preset": "ultrafast", private: f"{more}{quiet}"})
        stream.width, stream.height = size
        stream.pix_fmt = layout
        for number in range(6):
            frame = av.VideoFrame(*size, layout)
            for plane in frame.planes:
                plane.update(bytes([20 + 3 * number]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with av.open(BytesIO(buffer.getvalue())) as source:
        video = source.streams.video[0]
        return video.codec_context.extradata or b"", [bytes(each) for each in source.demux(video) if each.size]


@given(st.booleans(), st.binary(min_size=1, max_size=80))
def test_hostile_sets(hevc, unit):
    """Any bytes are a set, or none."""
    for sps in (unit, (b"\x42\x01" if hevc else b"\x67") + unit):
        found = sequence_of(sps, hevc=hevc)
        assert found is None or (found.width > 0 and found.height > 0)
        assert key_of(sps, hevc=hevc) is None or len(key_of(sps, hevc=hevc) or ()) == 3
        sequence_id_of(sps, hevc=hevc)
        picture_id_of(sps, hevc=hevc)
        if found is not None:
            assert configuration_of([sps], found, hevc=hevc)[0] == 1
