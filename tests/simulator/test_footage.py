"""The footage is what a real Amcrest camera writes, and a test can read time and sound from it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import av
import pytest

from camreel_simulator import ClipSpec, heard_beeps, make_clip, make_still, read_frame_number, seen_frames
from camreel_simulator.footage.clips import SceneEvent
from camreel_simulator.footage.frames import draw_chroma, draw_luma, render, text_width
from camreel_simulator.footage.mp4_layout import BoxTree, parse_boxes, top_boxes

START = datetime(2026, 1, 16, 8, 59, 57)  # noqa: DTZ001 - the camera's wall clock
H264 = ClipSpec(START, 6)
HEVC = replace(H264, video="hevc")


def test_boxes_lie_as_in_a_real_recording():
    """ftyp free mdat mdat ... moov: one mdat per sample, moov last, nothing else."""
    clip = make_clip(H264)
    boxes = list(top_boxes(clip))
    with av.open(BytesIO(clip)) as container:
        packets = sorted((p.pos, p.size) for p in container.demux() if p.size)
    assert [kind for kind, _, _ in boxes] == [b"ftyp", b"free", *[b"mdat"] * len(packets), b"moov"]
    assert [(at + 8, size - 8) for kind, at, size in boxes if kind == b"mdat"] == packets
    assert sum(size for _, _, size in boxes) == len(clip)
    assert boxes[0][2] == 32
    assert boxes[1][2] == 8


@pytest.mark.parametrize("spec", [H264, HEVC, replace(H264, bframes=2), replace(H264, audio="alaw")])
def test_no_edit_list_and_the_timescales_of_a_camera(spec: ClipSpec):
    """There is no edit list, whatever the codec; the picture counts in 1/90000 s, the sound in samples."""
    moov = BoxTree(b"moov", children=[box for box in parse_boxes(make_clip(spec)) if box.kind == b"moov"]).one(b"moov")
    traks = [box for box in moov.children or () if box.kind == b"trak"]
    assert [trak.has(b"edts") for trak in traks] == [False, False]
    scales = [int.from_bytes(trak.one(b"mdia", b"mdhd").payload[12:16], "big") for trak in traks]
    assert scales == [90000, 8000]
    tables = {box.kind for box in traks[0].one(b"mdia", b"minf", b"stbl").children or ()}
    assert tables - {b"ctts"} == {b"stsd", b"stts", b"stss", b"stsc", b"stsz", b"stco"}


@pytest.mark.parametrize(
    "spec",
    [
        H264,
        HEVC,
        replace(H264, bframes=2),
        replace(HEVC, bframes=2),
        replace(H264, size=(160, 90), crf=38),
        replace(H264, size=(640, 360), fps=25, seconds=2),
        replace(H264, fps=15, bitrate=40_000),
        replace(H264, size=(322, 182)),
    ],
    ids=["h264", "hevc", "h264-b", "hevc-b", "small", "25fps", "coarse", "odd-size"],
)
def test_every_frame_number_is_read_at_its_time(spec: ClipSpec):
    """Frame i carries whole frames since midnight and is shown at i/fps, in both codecs, also small and coarse."""
    seen = seen_frames(make_clip(spec))
    assert [number for _, number in seen] == list(spec.frame_numbers)
    assert [time for time, _ in seen] == pytest.approx([n / spec.fps for n in range(spec.frames)], abs=1e-4)


def test_frame_numbers_go_on_across_clips_that_abut():
    """The first number of a clip follows the last of the clip before."""
    after = replace(H264, start=START + timedelta(seconds=6))
    assert H264.frame_numbers[-1] + 1 == after.frame_numbers[0] == (9 * 3600 + 3) * 10


def test_the_frame_number_of_something_else_is_refused():
    """A picture without blocks, grey or black, is a ValueError, never a number."""
    for luma in (16, 126, 235):
        picture = av.VideoFrame(320, 180, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([luma]) * plane.buffer_size)
        with pytest.raises(ValueError, match="no frame number"):
            read_frame_number(picture)


def test_frame_numbers_survive_other_pixel_formats():
    """A decoder may hand out other formats than the camera coded."""
    with av.open(BytesIO(make_clip(H264))) as container:
        picture = next(container.decode(video=0))
    for name in ("rgb24", "yuvj420p", "yuv444p", "gray", "yuv420p10le"):
        assert read_frame_number(picture.reformat(format=name)) == H264.first_frame_number


@pytest.mark.parametrize("two", [True, False])
def test_the_first_two_frames_are_key_frames(two: bool):
    """As in real Amcrest files, frames 0 and 1 are both key frames, then one per GOP."""
    spec = replace(H264, two_keyframes=two)
    with av.open(BytesIO(make_clip(spec))) as container:
        keys = [
            index for index, packet in enumerate(p for p in container.demux(video=0) if p.size) if packet.is_keyframe
        ]
    assert keys == ([0, 1, 21, 41] if two else [0, 20, 40])


@pytest.mark.parametrize("in_band", [True, False])
def test_parameter_sets_are_repeated_in_band(in_band: bool):
    """Each key frame carries SPS and PPS, unless the spec says otherwise."""
    with av.open(BytesIO(make_clip(replace(H264, in_band=in_band)))) as container:
        for packet in container.demux(video=0):
            if packet.is_keyframe and packet.size:
                assert ({7, 8} <= _nal_types(bytes(packet))) is in_band


def _nal_types(sample: bytes) -> set[int]:
    types, at = set(), 0
    while at < len(sample):
        types.add(sample[at + 4] & 31)
        at += 4 + int.from_bytes(sample[at : at + 4], "big")
    return types


@pytest.mark.parametrize(
    "spec",
    [
        H264,
        replace(H264, start=START + timedelta(milliseconds=330)),
        replace(H264, audio_rate=16000, bframes=2),
        replace(H264, audio="alaw"),
        replace(HEVC, audio="mulaw"),
    ],
    ids=["aac", "off-second", "aac-16k-b", "alaw", "mulaw"],
)
def test_it_beeps_at_each_whole_second(spec: ClipSpec):
    """A beep starts with each whole second of the wall clock, right to 2 ms after the first AAC frame."""
    beeps = heard_beeps(make_clip(spec))
    late = spec.start.microsecond / 1_000_000
    wanted = [second - late for second in range(9) if 0 <= second - late < 7.9]
    assert len(beeps) == len(wanted)
    assert beeps[1:] == pytest.approx(wanted[1:], abs=0.002)


def test_the_first_aac_frame_fades_in_at_most():
    """A beep inside the first 1024 samples may be heard up to a frame late; G.711 has no such thing."""
    assert 0 <= heard_beeps(make_clip(H264))[0] < 0.128
    assert heard_beeps(make_clip(replace(H264, audio="alaw")))[0] == pytest.approx(0, abs=0.0005)


@pytest.mark.parametrize(
    ("audio", "extra", "codec"),
    [("aac", 1.9, "aac"), ("aac", -1.0, "aac"), ("alaw", 1.9, "pcm_alaw"), ("mulaw", 0.0, "pcm_mulaw")],
)
def test_the_sound_is_longer_or_shorter_than_the_picture(audio, extra, codec):
    """Real clips have 1.9 s more of sound than of picture; mono, and from 0 on."""
    with av.open(BytesIO(make_clip(replace(H264, audio=audio, audio_extra=extra)))) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == (codec, 8000, "mono")
        assert (video.start_time, sound.start_time) == (0, 0)
        assert sound.duration is not None
        assert sound.duration / 8000 == pytest.approx(6 + extra, abs=0.065)
        assert video.duration == 6 * 90000


def test_a_clip_may_be_silent():
    """``audio=None``: no sound track at all."""
    with av.open(BytesIO(make_clip(replace(H264, audio=None)))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_equal_specs_make_equal_bytes_in_every_process():
    """A test may compare with a clip that another process made."""
    program = (
        "import hashlib; from datetime import datetime; from camreel_simulator import *;"
        "print([hashlib.md5(make_clip(ClipSpec(datetime(2026, 1, 16, 8, 59, 57), 6, video=v))).hexdigest()"
        " for v in ('h264', 'hevc')])"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str([hashlib.md5(make_clip(spec)).hexdigest() for spec in (H264, HEVC)])


def test_a_still_is_a_jpeg_of_the_first_frame():
    """Snapshots are JPEG and show the same picture."""
    still = make_still(H264)
    assert still[:2] == b"\xff\xd8"
    assert still[-2:] == b"\xff\xd9"
    with av.open(BytesIO(still), format="jpeg_pipe") as container:
        assert read_frame_number(next(container.decode(video=0))) == H264.first_frame_number


def test_importing_the_package_does_not_import_pyav():
    """A camera that serves ready bytes starts without the 0.4 s that PyAV takes."""
    program = "import sys, camreel_simulator as s; s.demo_camera(); assert 'av' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_it_imports_nothing_of_camreel():
    """The simulated camera is a device, not a mirror of the program it tests."""
    program = "import sys, camreel_simulator; assert 'camreel' not in {m.split('.')[0] for m in sys.modules}"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_clock_on_the_picture_can_be_read():
    """Pixels of the wall clock follow the font: the digits of 08:59:57 are where they belong."""
    plane = draw_luma((320, 180), "FRONT DOOR", START, 1)
    scale = 6
    left, top = (320 - text_width("08:59:57", scale)) // 2, 180 * 32 // 100
    for row, line in enumerate(render("08:59:57", scale, 235, 60)):
        at = (top + row * scale) * 320 + left
        assert plane[at : at + len(line)] == line
    assert render("0", 1, 1, 0) == tuple(
        bytes(map(int, row)) for row in ("01110", "10001", "10011", "10101", "11001", "10001", "01110")
    )


def test_a_still_picture_stays_as_it_is():
    """With ``still`` every picture shows the first number, whenever it is taken."""
    assert {number for _, number in seen_frames(make_clip(replace(H264, still=True)))} == {H264.first_frame_number}


def test_silence_has_no_beeps():
    """Sound without a beep in it has none, whatever little noise coding makes of silence."""
    quiet = ClipSpec(START + timedelta(milliseconds=200), 0.7, audio="alaw", audio_extra=0)
    assert heard_beeps(make_clip(quiet)) == []


EVENT = SceneEvent(datetime(2026, 1, 16, 8, 0, 2), 2, "PERSON")  # noqa: DTZ001 - the camera's wall clock


def bright_columns(data: bytes, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Of each picture, from where to where it is brightest in the feet of what crosses it, as parts of its width."""
    found = []
    with av.open(BytesIO(data)) as clip:
        for frame in clip.decode(video=0):
            plane, (width, height) = frame.planes[0], size
            row = bytes(plane)[(height * 77 // 100) * plane.line_size :][:width]
            bright = [column for column, luma in enumerate(row) if luma > 190]
            found.append((bright[0] / width, bright[-1] / width) if bright else (0.0, 0.0))
    return found


def test_an_event_is_seen_in_both_streams_and_in_stills():
    """Something bright moves to the right while it lasts, at the same place in each; the number can be read."""
    start = EVENT.start - timedelta(seconds=2)
    spec = ClipSpec(start, 6, fps=5, gop=5, size=(640, 360), audio=None, event=EVENT)
    small = replace(spec, size=(160, 90))
    places = bright_columns(make_clip(spec), spec.size)
    assert [place != (0.0, 0.0) for place in places] == [10 <= number < 20 for number in range(30)]
    seen = places[10:20]
    assert seen == sorted(seen)
    assert (seen[0][0] < 0.05, seen[-1][1] > 0.85) == (True, True)
    for one, other in zip(seen, bright_columns(make_clip(small), small.size)[10:20], strict=True):
        assert other == pytest.approx(one, abs=0.03)
    still = make_still(replace(spec, start=EVENT.start + timedelta(seconds=1), seconds=1))
    assert bright_columns(still, spec.size)[0] == pytest.approx(seen[5], abs=0.03)
    assert [number for _, number in seen_frames(make_clip(spec))] == list(spec.frame_numbers)


def test_nothing_changes_in_a_picture_without_an_event():
    """Before it, after it, and where there is none: to the bit."""
    size, tint = (160, 90), (110, 146)
    for seconds in (-1, 2):
        moment = EVENT.start + timedelta(seconds=seconds)
        assert draw_luma(size, "X", moment, 7, EVENT) == draw_luma(size, "X", moment, 7)
        assert draw_chroma(size, tint, moment, EVENT) == (bytes([110]) * 3600, bytes([146]) * 3600)
    assert draw_luma(size, "X", EVENT.start, 7, EVENT) != draw_luma(size, "X", EVENT.start, 7)
