"""Every kind of clip in every container that can hold it: bit-exact pictures, sound in step."""

from __future__ import annotations

from datetime import datetime, timedelta

import av
import pytest

from camreel.errors import MergeError
from camreel_simulator import ClipSpec

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
SOUNDS = [None, "aac", "alaw", "mulaw"]
WRITTEN_AS = {
    "mp4": {"aac": "aac", "alaw": "aac", "mulaw": "aac"},
    "mkv": {"aac": "aac", "alaw": "pcm_s16le", "mulaw": "pcm_s16le"},
    "avi": {"aac": "aac", "alaw": "pcm_alaw", "mulaw": "pcm_mulaw"},
}


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize(
    ("container", "video"), [("mp4", "h264"), ("mp4", "hevc"), ("mkv", "h264"), ("mkv", "hevc"), ("avi", "h264")]
)
def test_pictures_are_bit_exact_and_sound_is_in_step(studio, source_hashes, container, video, sound):
    """Every decoded picture of every clip is in the film once, in order; each beep is within 64 ms of its second."""
    clips = studio.row(3, video=video, audio=sound)
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    assert film.result.video_packets == 90
    assert film.result.seconds == pytest.approx(9)
    assert film.result.video_codec == video
    if sound is None:
        assert (film.result.audio_codec, film.result.audio_from, film.result.audio_packets) == (None, None, 0)
        return
    late = film.lateness()
    assert len(late) >= 6
    assert max(map(abs, late)) <= 0.065
    written = WRITTEN_AS[container][sound]
    assert film.result.audio_codec == written
    assert film.result.audio_from == (None if written.endswith(sound) else f"pcm_{sound}")


def test_h265_plays_on_apple_systems(studio):
    """H.265 in mp4 is tagged hvc1."""
    film = studio.merge("mp4", studio.row(1, video="hevc"))
    with av.open(str(film.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_h265_in_avi_is_refused(studio):
    """H.265 cannot be in avi; the message names what can hold it."""
    with pytest.raises(MergeError, match=r"H\.265 cannot be stored in avi; use mkv or mp4"):
        studio.merge("avi", studio.row(1, video="hevc"))
    assert list(studio.folder.glob("film*")) == []


@pytest.mark.parametrize("video", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_parameter_sets_of_each_clip(studio, source_hashes, container, video):
    """Clips of other settings or another size decode to their own pictures, also where the set is in no packet."""
    clips = [
        studio.clip(ClipSpec(EIGHT, 2, video=video, in_band=False)),
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=2), 2, video=video, in_band=False, size=(640, 360))),
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=4), 2, video=video, in_band=False, bframes=2, gop=7)),
    ]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_b_frames(studio, source_hashes, container):
    """Pictures that are stored out of order are all there, and the first is at 0."""
    clips = studio.row(3, bframes=3, gop=20)
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    if container != "avi":  # which stores no time at which a picture is shown
        assert film.result.seconds == pytest.approx(9)
        late = film.lateness()
        assert len(late) >= 6
        assert max(map(abs, late)) <= 0.065
