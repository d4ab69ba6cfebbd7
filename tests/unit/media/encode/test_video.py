"""Pictures encoded again: which come out, when, and what of the source they keep."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.media.reencoding import frames_from, frames_of, luma, psnr

from camreel.errors import MergeError
from camreel.media.clips.open import open_clip
from camreel.media.encode import video
from camreel.media.encode.video import COPY, Quality, Reencoder, fit
from camreel_simulator import ClipSpec, make_clip, read_frame_number

pytestmark = pytest.mark.slow(reason="re-encodes video")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
STEP, COUNT = 9000, 30
CODECS: list[Any] = ["h264", "hevc"]


def again(clip: Any, *, packets: list[Any] | None = None, **how: Any) -> tuple[Reencoder, list[Any]]:
    """All of the clip, or these packets, encoded again."""
    encoder = Reencoder(clip, how.pop("first", -(1 << 60)), how.pop("until", None), **how)
    made = []
    for packet in clip.packets(sound=False) if packets is None else packets:
        made += encoder.add(packet)
    return encoder, made + encoder.finish()


@pytest.fixture(scope="module", params=CODECS)
def clip_path(request, tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("clip") / f"{request.param}.mp4"
    path.write_bytes(make_clip(ClipSpec(EIGHT, COUNT / 10, video=request.param, bframes=2)))
    return path


@pytest.mark.parametrize("codec", CODECS)
def test_into_either_codec(clip_path, codec):
    """Each picture once, at its own time, in mp4's form, decodable with what the track says, of a common profile."""
    with open_clip(str(clip_path)) as clip:
        encoder, packets = again(clip, codec=codec, quality=COPY)
    assert [(packet.pts, packet.dts, packet.time_base) for packet in packets] == [
        (n * STEP, n * STEP, Fraction(1, 90_000)) for n in range(COUNT)
    ]
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == [0, 20]
    assert (encoder.pictures, encoder.failed, encoder.damaged) == (COUNT, 0, 0)
    source, shown = frames_of(clip_path), frames_from(codec, encoder.extradata, packets)
    assert [read_frame_number(each) for each in shown] == [read_frame_number(each) for each in source]
    assert psnr(shown[11], source[11]) > 35
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.extradata = encoder.extradata
    decoder.decode(packets[0])
    assert (decoder.profile, decoder.pix_fmt) == ({"h264": "High", "hevc": "Main"}[codec], "yuv420p")
    assert encoder.parameters.nal_length_size == 4
    assert all(encoder.parameters.refreshes(memoryview(each)) for each in packets if each.is_keyframe)


@pytest.mark.parametrize("codec", CODECS)
def test_says_nothing_of_the_machine(clip_path, codec):
    """No unit of what the encoder tells of itself (x265: the system and the processor) gets into the film."""
    with open_clip(str(clip_path)) as clip:
        encoder, packets = again(clip, codec=codec)
    whole = encoder.extradata + b"".join(map(bytes, packets))
    assert not any(word in whole for word in (b"x264", b"x265", b"Linux", b"cpuid=", b"options:", b"threads="))
    for packet in packets:
        assert encoder.parameters.without_messages(memoryview(packet)) == bytes(packet)


def test_a_stretch(clip_path):
    """``first`` is within, ``until`` is not."""
    with open_clip(str(clip_path)) as clip:
        _, packets = again(clip, first=7 * STEP, until=12 * STEP)
    assert [packet.pts // STEP for packet in packets] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize(("size", "bars"), [((200, 200), "above"), ((400, 90), "beside"), ((640, 360), None)])
def test_fitted_into_a_size(clip_path, size, bars):
    """The picture keeps its shape; bars are black, and what is within is the picture."""
    with open_clip(str(clip_path)) as clip:
        encoder, packets = again(clip, until=3 * STEP, size=size)
    shown = frames_from(encoder.codec, encoder.extradata, packets)
    assert {(each.width, each.height) for each in shown} == {size}
    light = luma(shown[1])
    corner, middle = light[2 * size[0] + 2], light[size[1] // 2 * size[0] + size[0] // 2 :][:1][0]
    assert (corner < 25) == (bars is not None)
    assert middle > 40
    width, height = fit(Fraction(320), Fraction(180), *size)
    left, top = (size[0] - width) // 4 * 2, (size[1] - height) // 4 * 2
    within = av.VideoFrame(width, height, "gray")
    rows = [light[row * size[0] + left : row * size[0] + left + width] for row in range(top, top + height)]
    stride = within.planes[0].line_size
    within.planes[0].update(b"".join(row.ljust(stride, b"\0") for row in rows))
    assert read_frame_number(within) == read_frame_number(frames_of(clip_path)[1])


@given(*[st.integers(1, 5000)] * 2, *[st.integers(1, 2000)] * 2)
def test_fits_any_shape_into_any_size(wide, high, half_width, half_height):
    """Even, within the size, filling one side of it."""
    width, height = fit(Fraction(wide), Fraction(high), 2 * half_width, 2 * half_height)
    assert width % 2 == height % 2 == 0
    assert 2 <= width <= 2 * half_width
    assert 2 <= height <= 2 * half_height
    assert width == 2 * half_width or height == 2 * half_height


def _film(path: Path, encoder: str, pix_fmt: str, size: tuple[int, int] = (160, 96), **properties: Any) -> Path:
    options = {"x265-params": "log-level=none:pools=none"} if encoder == "libx265" else {}
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(encoder, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        for name, value in properties.items():
            setattr(stream.codec_context, name, value)
        for number in range(6):
            picture = av.VideoFrame(*size, "yuv420p" if pix_fmt.endswith("le") else pix_fmt)
            for plane in picture.planes:
                plane.update(bytes((number * 9 + at // 5) % 256 for at in range(plane.buffer_size)))
            picture.pts, picture.time_base = number, Fraction(1, 10)
            out.mux(stream.encode(picture.reformat(format=pix_fmt)))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("encoder", "given_format", "kept", "properties"),
    [
        ("libx264", "yuvj420p", "yuvj420p", {"color_range": 2, "colorspace": 1}),
        ("libx264", "yuv420p", "yuv420p", {"color_range": 1, "colorspace": 5, "color_primaries": 5, "color_trc": 6}),
        ("libx264", "yuv420p", "yuv420p", {"sample_aspect_ratio": Fraction(4, 3)}),
        ("libx265", "yuvj420p", "yuvj420p", {"color_range": 2, "colorspace": 1}),
        ("libx265", "yuv420p10le", "yuv420p10le", {"color_range": 1, "colorspace": 9}),
        ("libx264", "yuv422p", "yuv420p", {}),
    ],
)
def test_keeps_what_the_source_is(encoder, given_format, kept, properties, tmp_path):
    """Range, matrix and the shape of a pixel stay; formats that few players know become the ordinary one."""
    path = _film(tmp_path / "source.mp4", encoder, given_format, **properties)
    with open_clip(str(path)) as clip:
        made, packets = again(clip)
    decoder: Any = av.CodecContext.create(made.codec, "r")
    decoder.extradata = made.extradata
    shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    assert len(shown) == 6
    assert {each.format.name for each in shown} == {kept}
    assert {name: getattr(decoder, name) for name in properties} == properties
    if kept == given_format:
        eight = kept.removesuffix("10le")
        shown = [each.reformat(format=eight) for each in shown]
        source = [each.reformat(format=eight) for each in frames_of(path)]
        assert min(psnr(one, other) for one, other in zip(shown, source, strict=True)) > 35


def test_pixels_that_are_not_square(tmp_path):
    """Fitted into a size, a picture has the shape that players showed it in."""
    path = _film(tmp_path / "source.mp4", "libx264", "yuv420p", (160, 120), sample_aspect_ratio=Fraction(2))
    with open_clip(str(path)) as clip:
        made, packets = again(clip, size=(160, 160))
    light = luma(frames_from("h264", made.extradata, packets)[3])
    black = [row for row in range(160) if max(light[row * 160 : row * 160 + 160]) < 30]
    assert len(black) == pytest.approx(100, abs=6)  # 320 by 120 in 160: 60 rows


def test_broken_times(clip_path):
    """Times that stand still or go back are moved on by a tick; uneven ones stay as they are."""
    with open_clip(str(clip_path)) as clip:
        packets: list[Any] = [*clip.packets(sound=False)]
        shown = sorted(each.pts for each in packets)
        odd = [0, 100, 100, 90, 50_000, 50_001, 40_000, *(60_000 + 7 * n * n for n in range(23))]
        for packet in packets:
            packet.pts = odd[shown.index(packet.pts)]
        encoder, made = again(clip, packets=packets)
    times = [each.pts for each in made]
    assert len(times) == COUNT
    assert all(one < other for one, other in pairwise(times))
    assert times[:7] == [0, 100, 101, 102, 50_000, 50_001, 50_002]
    assert times[7:] == odd[7:]
    assert encoder.failed == 0


def test_pictures_that_cannot_be_decoded(clip_path):
    """Damage is counted and stops nothing; what came out is what is counted as pictures."""
    with open_clip(str(clip_path)) as clip:
        packets: list[Any] = [*clip.packets(sound=False)]
        for number in (6, 7, 15):
            broken = av.Packet(b"\0\0\0\x05\xff\xff\xff\xff\xff")
            broken.pts, broken.dts = packets[number].pts, packets[number].dts
            packets[number] = broken
        encoder, made = again(clip, packets=packets)
    assert encoder.failed >= 3
    assert encoder.pictures + encoder.failed == COUNT
    assert len(made) == encoder.pictures > 10


def test_a_change_of_size_within(clip_path, tmp_path):
    """A clip that changes its size goes on in the size that it began with."""
    other = tmp_path / "other.mp4"
    codec: Any = clip_path.stem
    other.write_bytes(make_clip(ClipSpec(EIGHT, 1, video=codec, size=(160, 160))))
    with open_clip(str(clip_path)) as clip, open_clip(str(other)) as small:
        first: list[Any] = [*clip.packets(sound=False)]
        second: list[Any] = []
        for packet in small.packets(sound=False):
            at = small.parameters.place_for_sets(memoryview(packet)) if packet.is_keyframe else None
            second.append(av.Packet(small.parameters.with_sets(bytes(packet), at)))
            second[-1].pts = second[-1].dts = (packet.pts or 0) + COUNT * STEP
        encoder, made = again(clip, packets=first + second)
    shown = frames_from(codec, encoder.extradata, made)
    assert len(shown) == COUNT + 10
    assert {(each.width, each.height) for each in shown} == {(320, 180)}
    assert luma(shown[-1])[90 * 320 + 3] < 25
    assert luma(shown[5])[90 * 320 + 3] > 40


def test_nothing_in_the_stretch(clip_path):
    """No picture, no packet, and no encoder is started."""
    with open_clip(str(clip_path)) as clip:
        encoder, made = again(clip, first=1 << 50)
    assert made == []
    assert (encoder.pictures, encoder.failed) == (0, 0)


@pytest.mark.parametrize("codec", CODECS)
def test_no_such_encoder(clip_path, codec, monkeypatch):
    """A build of FFmpeg without the encoder, and one that refuses, are told in a sentence."""
    with open_clip(str(clip_path)) as clip:
        with pytest.raises(MergeError, match="cannot do it") as refused:
            again(clip, codec=codec, quality=Quality(17, "no such preset", None))
        assert "PyPI" in str(refused.value.hint)
        monkeypatch.setitem(video._ENCODERS, codec, "libx26none")
        with pytest.raises(MergeError, match="libx26none"):
            Reencoder(clip, 0, codec=codec)
