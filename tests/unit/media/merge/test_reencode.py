"""A film that begins between two keyframes: its first pictures encoded again, the rest copied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import av
import pytest
from tests.unit.media.reencoding import film_of, frames_of, luma, md5, open_gops, psnr

from camreel.media.clips.open import open_clip
from camreel.media.merge.reencode import edge, plan_edge
from camreel_simulator import ClipSpec, make_clip, make_dav, read_frame_number

pytestmark = pytest.mark.slow(reason="re-encodes video")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
# Pictures come every 9000 ticks; keyframes are the pictures 0, 1, 21 and 41 of 50.
STEP, COUNT = 9000, 50
KINDS: list[tuple[Any, int]] = [("h264", 0), ("h264", 3), ("hevc", 0), ("hevc", 3)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[tuple[str, int], Path]:
    """A clip of each kind."""
    folder, made = tmp_path_factory.mktemp("clips"), {}
    for codec, bframes in KINDS:
        made[codec, bframes] = path = folder / f"{codec} {bframes}.mp4"
        path.write_bytes(make_clip(ClipSpec(EIGHT, COUNT / 10, video=codec, bframes=bframes, audio=None)))
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "resume"), [(0, 0), (1, 1), (2, 21), (20, 21), (21, 21), (22, 41), (40, 41), (42, None), (49, None)]
)
def test_reaches_from_the_picture_to_the_next_keyframe(clips, kind, first, resume):
    """Each picture up to the seam once, at its own time; on a keyframe there is nothing to encode."""
    made = edge(str(clips[kind]), first * STEP + STEP // 3)
    packets = list(made.packets)
    assert made.resume_at == (None if resume is None else resume * STEP)
    assert [packet.pts for packet in packets] == [n * STEP for n in range(first, COUNT if resume is None else resume)]
    assert all(packet.dts == packet.pts for packet in packets)
    assert [packet.is_keyframe for packet in packets] == [True] * bool(packets) + [False] * (len(packets) - 1)
    assert (made.parameters is None) == (not packets)
    assert made.encoder is None or (made.encoder.failed, made.encoder.damaged) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_seam(clips, kind, container, tmp_path):
    """The film starts with the picture asked for, its encoded part is like the source, and the rest is the source's."""
    source = frames_of(clips[kind])
    film = film_of(clips[kind], edge(str(clips[kind]), 13 * STEP), tmp_path / f"film.{container}")
    shown = frames_of(film)
    assert [read_frame_number(each) for each in shown] == [read_frame_number(each) for each in source[13:]]
    assert [md5(each) for each in shown[8:]] == [md5(each) for each in source[21:]]
    assert min(psnr(one, other) for one, other in zip(shown[:8:3], source[13:21:3], strict=True)) > 35


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_seeking_across_the_seam(clips, kind, container, tmp_path):
    """After a seek to either side, forth and back, the same pictures come as in one go."""
    film = film_of(clips[kind], edge(str(clips[kind]), 13 * STEP), tmp_path / f"film.{container}")
    in_one_go = [md5(each) for each in frames_of(film)]
    with av.open(str(film)) as container_:
        video = container_.streams.video[0]
        first = next(container_.decode(video)).pts
        step = round(0.1 / video.time_base)
        for target in (30, 2, 10, 0, 36, 7, 8):
            container_.seek(first + target * step, stream=video)  # a time in between is compared with decode times
            video.codec_context.flush_buffers()
            frame = next(each for each in container_.decode(video) if each.pts > first + (target - 0.5) * step)
            assert md5(frame) == in_one_go[target], target


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_keyframes_with_pictures_in_front_of_them(codec, tmp_path):
    """What leads the keyframe of the seam refers to before it: it is in the edge. H.264 resumes at no such keyframe."""
    path = open_gops(tmp_path / "open.mp4", codec)
    with open_clip(str(path)) as clip:
        shown: list[tuple[Any, bool]] = [(packet.pts, packet.is_keyframe) for packet in clip.packets(sound=False)]
    times, keys = sorted(pts for pts, _ in shown), [pts for pts, key in shown if key]
    assert len(times) == 45
    assert len(keys) == 3
    made = edge(str(path), times[5])
    packets = list(made.packets)
    assert made.resume_at == (keys[1] if codec == "hevc" else None)
    assert [each.pts for each in packets] == [each for each in times[5:] if each < (made.resume_at or 1 << 60)]
    assert made.encoder is not None
    assert made.encoder.failed == 0
    source = frames_of(path)
    film = frames_of(film_of(path, edge(str(path), times[5]), tmp_path / "film.mp4"))
    assert len(film) == len(source) - 5
    assert [luma(each) for each in film[len(packets) :]] == [luma(each) for each in source[5 + len(packets) :]]
    assert min(psnr(one, other) for one, other in zip(film, source[5:], strict=True)) > 35


@pytest.mark.parametrize("kind", KINDS)
def test_ends_where_it_is_told_to(clips, kind):
    """A range that ends before the next keyframe is all edge."""
    made = edge(str(clips[kind]), 24 * STEP, until=30 * STEP)
    assert made.resume_at is None
    assert [(packet.pts or 0) // STEP for packet in made.packets] == list(range(24, 30))


def test_an_open_clip_stays_as_it_is(clips):
    """The clip is looked at through its path, and what is not asked for is not made."""
    with open_clip(str(clips["h264", 0])) as clip:
        packets = clip.packets(sound=False)
        first = next(packets)
        made = edge(clip, 5 * STEP)
        assert next(made.packets).pts == 5 * STEP
        assert (first.pts, next(packets).pts) == (0, STEP)
        assert made.encoder is not None
        assert made.encoder.pictures < 16


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_of_a_dav(codec, tmp_path):
    """A .dav recording has edges too."""
    path = tmp_path / "clip.dav"
    path.write_bytes(make_dav(ClipSpec(EIGHT, 5, video=codec)))
    made = edge(str(path), 13 * STEP)
    assert [(packet.pts or 0) // STEP for packet in made.packets] == list(range(13, 21))
    assert made.resume_at == 21 * STEP


def test_a_clip_that_begins_within_a_gop(clips, tmp_path):
    """Before the first keyframe nothing can be decoded: the edge is empty and the keyframe is named."""
    path = tmp_path / "late.mp4"
    with open_clip(str(clips["h264", 0])) as clip, av.open(str(path), "w") as film:
        track = film.add_stream_from_template(clip.video, opaque=True)
        for packet in [*clip.packets(sound=False)][15:]:
            packet.stream = track
            film.mux_one(packet)
    with open_clip(str(path)) as clip:
        key = next(packet.pts for packet in clip.packets(sound=False) if packet.is_keyframe)
    plan = plan_edge(str(path), 0)
    assert (plan.decode_from, plan.resume_at) == (None, key)
