"""Clips in other containers: each frame is shown once and when it is to be, alone and among ordinary clips.

Varied: the container, H.264 and H.265, B-frames, the form of the sound, a clock that wraps, a file without an index.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import pytest

from camreel.formats.signatures import other_container
from camreel_simulator import make_clip

from .clips import Cut
from .originals import PICTURES
from .product import merge_files
from .test_edits import merged, shown

pytestmark = pytest.mark.slow(reason="runs the product on each container")

PROGRAM_STREAM = "vob"  # FFmpeg's is for H.264 and H.265 without sound of these forms
MUXERS = {
    "mkv": "matroska",
    "flv": "flv",
    "ts": "mpegts",
    "m2ts": "mpegts",
    "avi": "avi",
    "h264": "h264",
    "h265": "hevc",
}
LINES = ("plain", "reordered", "h265", "h265 reordered")
_SETS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


def packed(cut: Cut, suffix: str, *, shift: int = 0, options: dict[str, str] | None = None) -> bytes:
    """The clip in another container, its packets as they are."""
    if suffix == "avi":
        return _as_avi(cut)
    made = BytesIO()
    settings = {"mpegts_m2ts_mode": "1"} if suffix == "m2ts" else {}
    with (
        av.open(BytesIO(cut.body)) as source,
        av.open(made, "w", format=MUXERS.get(suffix, PROGRAM_STREAM), options=settings | (options or {})) as out,
    ):
        video: Any = source.streams.video[0]
        bare = suffix in {"h264", "h265", "mpg"}
        filtered: Any = av.BitStreamFilterContext(_SETS[video.codec_context.name], video) if _codes(suffix) else None
        tracks: dict[int, Any] = {0: out.add_stream_from_template(video, opaque=True)}
        if source.streams.audio and not bare:
            tracks[source.streams.audio[0].index] = out.add_stream_from_template(source.streams.audio[0], opaque=True)
        for packet in source.demux():
            if packet.dts is None or packet.stream_index not in tracks:
                continue
            for each in filtered.filter(packet) if filtered and packet.stream_index == 0 else [packet]:
                number = packet.stream_index
                for name in ("pts", "dts"):
                    setattr(each, name, getattr(each, name) + round(shift / packet.stream.time_base))
                each.stream = tracks[number]
                out.mux(each)
    return made.getvalue()


def _as_avi(cut: Cut) -> bytes:
    """Frames with start codes, a tick each, in the order in which they are decoded."""
    made = BytesIO()
    with (
        av.open(BytesIO(packed(cut, "h264")), format="h264") as bare,
        av.open(BytesIO(cut.body)) as source,
        av.open(made, "w", format="avi") as out,
    ):
        video: Any = out.add_stream_from_template(bare.streams.video[0], opaque=True)
        sound: Any = out.add_stream_from_template(source.streams.audio[0], opaque=True)
        video.time_base = cut.period
        frames = [packet for packet in bare.demux() if packet.size]
        for number, packet in enumerate(frames):
            packet.pts = packet.dts = number
            packet.time_base, packet.stream = cut.period, video
            out.mux(packet)
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = sound
                out.mux(packet)
    return made.getvalue()


def _codes(suffix: str) -> bool:
    """Whether the container holds start codes, which its muxer does not make by itself."""
    return suffix in {"h264", "h265", "mpg"}


def holds(suffix: str, line: str) -> bool:
    is_h265 = line.startswith("h265")
    return not (suffix in {"flv", "avi", "h264"} and is_h265) and not (suffix == "h265" and not is_h265)


def cut_of(line: str) -> Cut:
    first = {"plain": 49, "reordered": 44, "h265": 48, "h265 reordered": 44}[line]
    return Cut(line, first, 44, "aac")


def of(cut: Cut) -> list[str]:
    return [cut.md5(index) for index in range(cut.count)]


KINDS = [(suffix, line) for suffix in MUXERS for line in LINES if holds(suffix, line)]


@pytest.mark.parametrize(("suffix", "line"), KINDS)
def test_alone_and_in_a_mix(tmp_path, suffix, line):
    """The frames are those of the clip, at its rate; of a bare stream a note says what is taken for that."""
    cut, name = cut_of(line), f"2026-01-16_08-00-10.{suffix}"
    body = packed(cut, suffix)
    alone = merged(tmp_path, [(name, body)])
    assert (alone.code, shown(alone)) == (0, of(cut)), alone
    times = [each.time for each in alone.parts[0].shown]
    late = [abs(time - index * cut.period) for index, time in enumerate(times)]
    assert max(late) <= Fraction(1, 500), times
    assert alone.says("has no times") == (suffix in {"h264", "h265"}), alone
    mate = "h265" if line.startswith("h265") else "plain"
    before, after = Cut(mate, 0, 14, "aac"), Cut(mate, {"plain": 140, "h265": 144}[mate], 14, "aac")
    files = [("2026-01-16_08-00-00.mp4", before.body), (name, body), ("2026-01-16_08-00-20.mp4", after.body)]
    told = merged(tmp_path, files)
    assert (told.code, shown(told)) == (0, [*of(before), *of(cut), *of(after)]), told


@pytest.mark.parametrize("line", LINES)
def test_frames_that_share_one_time(tmp_path, line):
    """A program stream tells one time for several small frames: the others are shown between their neighbors."""
    cut = replace(cut_of(line), sound=None)
    body = packed(cut, "mpg")
    with av.open(BytesIO(body), format="mpeg") as stream:
        told = [packet.pts for packet in stream.demux(video=0) if packet.size]
    assert None in told, "not as it is meant"
    made = merged(tmp_path, [("2026-01-16_08-00-10.mpg", body)])
    assert (made.code, shown(made)) == (0, of(cut)), made
    times = [each.time for each in made.parts[0].shown]
    late = [abs(time - index * cut.period) for index, time in enumerate(times)]
    assert max(late) <= Fraction(1, 500), times


@pytest.mark.parametrize("suffix", ["mkv", "flv", "ts", "avi"])
def test_its_sound(tmp_path, suffix):
    """It is there, as long as the frames."""
    cut = cut_of("plain")
    told = merged(tmp_path, [(f"2026-01-16_08-00-10.{suffix}", packed(cut, suffix))])
    with av.open(str(told.parts[0].path)) as video:
        sound = video.streams.audio[0]
        assert sound.duration is not None
        assert abs(sound.duration * sound.time_base - cut.count * cut.period) < Fraction(1, 5)
    assert told.code == 0


@pytest.mark.parametrize("seconds", [95_440, 95_443])
def test_a_clock_of_33_bits_wraps(tmp_path, seconds):
    """A transport stream counts to 26.5 hours, and begins anew."""
    cut = cut_of("plain")
    told = merged(tmp_path, [("2026-01-16_08-00-10.ts", packed(cut, "ts", shift=seconds))])
    assert (told.code, shown(told)) == (0, of(cut)), told
    times = [each.time for each in told.parts[0].shown]
    assert times[-1] - times[0] == (cut.count - 1) * cut.period


def test_a_stream_that_was_never_closed(tmp_path):
    """An mkv without an index or a length, cut off within a frame: what is whole is shown."""
    cut = cut_of("plain")
    body = packed(cut, "mkv", options={"live": "1"})
    told = merged(tmp_path, [("2026-01-16_08-00-10.mkv", body[: len(body) * 2 // 3])])
    found = shown(told)
    assert len(found) > 20
    assert found[:-1] == of(cut)[: len(found) - 1]


@pytest.mark.parametrize("more", [("--h264",), ("--exact",), ("--in-order",), ("--gaps", "hold")])
def test_by_each_way_through(tmp_path, more):
    """All frames, in whatever way the video is made."""
    cut = cut_of("reordered")
    told = merged(tmp_path, [("2026-01-16_08-00-10.mkv", packed(cut, "mkv"))], *more)
    assert (told.code, len(shown(told))) == (0, cut.count), told


def test_in_a_folder(tmp_path):
    """They are recognized."""
    cut = cut_of("plain")
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "2026-01-16_08-00-10.avi").write_bytes(packed(cut, "avi"))
    told = merge_files([tmp_path / "card"], tmp_path / "video.mp4")
    assert (told.code, shown(told)) == (0, of(cut)), told


NAMED = {
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "an ASF file",
    b"OggS": "an Ogg file",
    b"\0\0\1\xb3": "MPEG-1",
    b"#EXTM3U\nhttp://127.0.0.1/x.ts": "a playlist",
    b"\x89PNG": "a still picture",
    b"IMKH": "Hikvision",
}


@pytest.mark.parametrize("magic", NAMED)
def test_what_is_not_read_is_named(tmp_path, magic):
    """By its container, and it costs the others nothing."""
    before = Cut("plain", 7, 14, "aac")
    files = [("2026-01-16_08-00-00.mp4", before.body), ("2026-01-16_08-00-10.mkv", magic + bytes(4000))]
    told = merged(tmp_path, files)
    assert (told.code, shown(told)) == (4, of(before)), told
    assert NAMED[magic] in told.report["clips"][1]["reason"]


def test_another_codec_is_named(tmp_path):
    """With the container that it is in."""
    made = BytesIO()
    with av.open(made, "w", format="webm") as out:
        stream: Any = out.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame(160, 96, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    before = Cut("plain", 7, 14, "aac")
    told = merged(tmp_path, [("2026-01-16_08-00-00.mp4", before.body), ("2026-01-16_08-00-10.mkv", made.getvalue())])
    assert told.code == 4
    assert "it is a WebM file, and its pictures are" in told.report["clips"][1]["reason"]


def test_first_bytes_decide():
    """Not names, and nothing but the first bytes: an mp4 and a .dav are none of these."""
    for suffix, line in KINDS:
        found = other_container(packed(cut_of(line), suffix)[:2048])
        assert found is not None, (suffix, line)
        assert found.demuxer == MUXERS[suffix]
    assert other_container(make_clip(PICTURES["plain"])[:2048]) is None
    assert other_container(b"") is None
    assert other_container(b"DHAV" + bytes(100)) is None
