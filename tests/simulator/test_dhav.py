"""The DHAV files are what FFmpeg reads, frame by frame, and their headers hold together."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import av
import pytest

from camreel_simulator import (
    ClipSpec,
    Recorded,
    beep_times,
    dav_frames,
    junk,
    make_clip,
    make_dav,
    read_frame_number,
    seen_frames,
)

START = datetime(2026, 1, 16, 8, 59, 57, 330_000)  # noqa: DTZ001 - the camera's wall clock
SPEC = ClipSpec(START, 6, audio="alaw")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - FFmpeg takes the camera's clock for UTC


@dataclass(frozen=True)
class Header:
    kind: int
    channel: int
    number: int
    moment: datetime
    counter: int
    size: int


def walk(data: bytes) -> list[Header]:
    """All headers of a file that begins with a frame and holds nothing else; checks sums, lengths and ends."""
    headers, at = [], 0
    while at < len(data):
        magic, kind, _, channel, _, number, size, date, counter, extension, check = struct.unpack_from(
            "<4sBBBBIIIHBB", data, at
        )
        assert magic == b"DHAV"
        assert check == sum(data[at : at + 23]) & 255
        assert struct.unpack_from("<4sI", data, at + size - 8) == (b"dhav", size)
        assert extension == {0xFD: 12, 0xFC: 0, 0xF0: 4}[kind]
        moment = datetime(  # noqa: DTZ001 - the camera's wall clock
            2000 + (date >> 26), date >> 22 & 15, date >> 17 & 31, date >> 12 & 31, date >> 6 & 63, date & 63
        )
        headers.append(Header(kind, channel, number, moment, counter, size))
        at += size
    assert at == len(data)
    return headers


@pytest.mark.parametrize("header", [False, True], ids=["bare", "DAHUA"])
@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, video="hevc", audio="aac", audio_rate=16000),
        replace(SPEC, audio="aac", audio_rate=64000, seconds=2),
        replace(SPEC, audio="mulaw", fps=25, seconds=2),
        replace(SPEC, audio=None, size=(160, 90), in_band=False),
    ],
    ids=["h264-alaw", "hevc-aac", "aac-64k", "mulaw-25fps", "silent"],
)
def test_ffmpeg_reads_every_frame(spec: ClipSpec, header: bool):
    """All frame numbers come out, in order, and key frames are where the spec has them."""
    data = make_dav(spec, header=header)
    assert data.startswith(b"DAHUA" if header else b"DHAV\xfd")
    with av.open(BytesIO(data), format="dhav") as container:
        frames = list(container.decode(video=0))
        kinds = [stream.codec_context.name for stream in container.streams]
    assert [read_frame_number(frame) for frame in frames] == list(spec.frame_numbers)
    sound = {"aac": "aac", "alaw": "pcm_alaw", "mulaw": "pcm_mulaw"}
    assert kinds == [spec.video, *([sound[spec.audio]] if spec.audio else [])]
    keys = [h for h in walk(data[0x400 if header else 0 :]) if h.kind == 0xFD]
    assert [h.number for h in keys][:3] == [0, 1, spec.gop + 1][: len(keys)]


def test_ffmpeg_recognizes_it():
    """Without being told the format; its times are the camera's wall clock, re-based at each whole second."""
    seen = seen_frames(make_dav(SPEC))
    assert [number for _, number in seen] == list(SPEC.frame_numbers)
    first = (START.replace(microsecond=0) - EPOCH).total_seconds()
    assert seen[0][0] == first
    assert all(abs(time - first - n / 10) < 0.6 for n, (time, _) in enumerate(seen))


@pytest.mark.parametrize(("audio", "rate"), [("alaw", 8000), ("aac", 16000)])
def test_the_sound_is_right(audio: Any, rate: int):
    """It beeps at each whole second of the wall clock, and goes on longer than the picture."""
    spec = replace(SPEC, audio=audio, audio_rate=rate)
    samples = array("f")
    with av.open(BytesIO(make_dav(spec))) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        for frame in container.decode(audio=0):
            for mono in resampler.resample(frame):
                samples.frombytes(bytes(mono.planes[0])[: 4 * mono.samples])
    assert len(samples) / rate == pytest.approx(7.9, abs=0.07)
    assert beep_times(samples, rate) == pytest.approx([0.67 + n for n in range(8)], abs=0.002)


def test_headers_carry_both_clocks():
    """Date by the second, and a counter of milliseconds that goes on from file to file and wraps at 65536."""
    start = datetime(2026, 12, 31, 23, 59, 58, 500_000)  # noqa: DTZ001 - the camera's wall clock
    spec = ClipSpec(start, 4, audio=None)
    headers = walk(make_dav(spec, phase_ms=65_000, channel=16))
    assert [h.moment for h in headers] == [
        (start + timedelta(milliseconds=100 * n)).replace(microsecond=0) for n in range(40)
    ]
    assert [h.counter for h in headers] == [(65_000 + 100 * n) % 65_536 for n in range(40)]
    assert [h.number for h in headers] == list(range(40))
    assert {h.channel for h in headers} == {15}
    after = replace(SPEC, start=START + timedelta(seconds=6), audio=None)
    before = walk(make_dav(replace(SPEC, audio=None)))
    assert (walk(make_dav(after))[0].counter - before[-1].counter) % 65_536 == 100
    assert (
        before[0].counter
        == (START - START.replace(hour=0, minute=0, second=0, microsecond=0)) // timedelta(milliseconds=1) % 65_536
    )


def test_stale_footage_comes_first():
    """The frames of an older recording, then a jump, then a key frame of the real one."""
    old = replace(SPEC, start=START - timedelta(days=9), seconds=2)
    data = make_dav(SPEC, stale=old)
    assert data == make_dav(old) + make_dav(SPEC)
    assert [number for _, number in seen_frames(data)] == [*old.frame_numbers, *SPEC.frame_numbers]
    moments = [h.moment for h in walk(data)]
    jumps = [after - before for before, after in pairwise(moments)]
    assert sum(jump > timedelta(hours=6) for jump in jumps) == 1


def test_junk_comes_before_everything():
    """It holds no frame, is the same each time, and what follows is the whole file."""
    rubbish = junk(9733)
    assert len(rubbish) == 9733
    assert rubbish == junk(9733) != junk(9733, 1)
    data = make_dav(SPEC, junk=rubbish)
    assert data.find(b"DHAV") == 9733
    assert data[9733:] == make_dav(SPEC)


def test_the_picture_is_that_of_the_mp4():
    """Same spec, same decoded pictures, whatever the box around them."""

    def pictures(data: bytes) -> list[bytes]:
        with av.open(BytesIO(data)) as container:
            return [bytes(frame.planes[0]) for frame in container.decode(video=0)]

    assert pictures(make_dav(SPEC)) == pictures(make_clip(SPEC))


def test_frames_can_be_had_one_by_one():
    """By time, picture before sound, and together they are the file."""
    frames = dav_frames(SPEC)
    assert b"".join(frame.data for frame in frames) == make_dav(SPEC)
    assert [frame.moment for frame in frames] == sorted(frame.moment for frame in frames)
    assert [frame.kind for frame in frames[:3]] == ["key", "sound", "sound"]
    with pytest.raises(ValueError, match="B-frames"):
        dav_frames(replace(SPEC, bframes=2))


def test_a_recording_of_kind_dav_is_one():
    """``Recorded`` makes it, with its channel and its stale footage; unfinished, it ends in the middle of a frame."""
    old = replace(SPEC, start=START - timedelta(days=9), seconds=1)
    recorded = Recorded(START, START + timedelta(seconds=6), SPEC, channel=2, kind="dav", stale=old)
    assert recorded.body() == make_dav(SPEC, stale=old, channel=2)
    assert recorded.listed_type == "dav"
    unfinished = replace(recorded, writing=True).body()
    assert isinstance(unfinished, bytes)
    assert make_dav(SPEC, stale=old, channel=2).startswith(unfinished)
    with pytest.raises((AssertionError, struct.error)):
        walk(unfinished)
