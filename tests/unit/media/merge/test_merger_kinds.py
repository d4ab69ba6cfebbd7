"""Every kind of clip in every container that can hold it: bit-exact pictures, sound in step."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import av
import pytest
from tests.conftest import by_turns

from camreel.errors import MergeError
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

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
    with pytest.raises(MergeError, match=r"H\.265 cannot be stored in avi; use mp4, mkv or mov"):
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


@pytest.mark.parametrize(
    ("fps", "bframes", "container"), by_turns([1, 2, 10], [0, 2], ["mp4", "mkv", "mov", "avi"], of=2)
)
def test_a_last_frame_may_stay_for_a_second(studio, source_hashes, container, bframes, fps):
    """However few frames a second, alone, behind a faster clip, or cut within B-frames: the video is right."""
    if container == "avi" and bframes:
        pytest.skip("avi stores no time at which a frame is shown")
    slow = studio.clip(ClipSpec(EIGHT + timedelta(seconds=3), 12, fps=fps, gop=6, bframes=bframes, audio=None))
    assert studio.merge(container, [slow]).hashes() == source_hashes([slow])
    cut = studio.merge(container, [slow], (3, 11))
    asked = source_hashes([slow])[: 8 * fps]
    assert cut.hashes()[: len(asked)] == asked
    if container == "avi":  # its rate is that of the first clip
        return
    fast = studio.row(1, fps=25, audio=None)
    both = studio.merge(container, [*fast, slow])
    assert both.hashes() == source_hashes([*fast, slow])
    assert both.result.seconds == pytest.approx(15)


@pytest.mark.parametrize("container", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("lead", [1, 2, 4])
def test_frames_may_be_decoded_seconds_before_they_are_shown(studio, source_hashes, container, lead):
    """An encoder of 1 frame a second that could have B-frames: the last decode time is no measure of the length."""
    made = BytesIO()
    spec = ClipSpec(EIGHT + timedelta(seconds=10), 6, fps=1, gop=3, audio=None)
    with av.open(BytesIO(make_clip(spec))) as source, av.open(made, "w", format="mp4") as out:
        video = source.streams.video[0]
        copied = out.add_stream_from_template(video, opaque=True)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.dts -= round(lead / video.time_base)
                packet.stream = copied
                out.mux(packet)
    slow = studio.file(made.getvalue(), spec.start, 6)
    clips = [*studio.row(1, seconds=9, audio=None), slow]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)


def test_avi_needs_a_constant_rate(studio, source_hashes):
    """avi has no time stamps: more pictures a second than it was made for are refused by name, fewer leave places."""
    clips = [*studio.row(1, seconds=2), *studio.row(1, seconds=2, begin=2, fps=5)]
    film = studio.merge("avi", clips)
    assert film.result.seconds == pytest.approx(4, abs=0.1)
    assert list(dict.fromkeys(film.hashes())) == list(dict.fromkeys(source_hashes(clips)))
    clips = [*studio.row(1, seconds=2), *studio.row(1, seconds=2, begin=2, fps=20)]
    with pytest.raises(MergeError, match=r"08\.00\.02\.mp4 does not have the constant rate .* use mp4, mkv or mov"):
        studio.merge("avi", clips)


def test_avi_holds_one_size(studio, source_hashes):
    """Another size goes into another avi."""
    clips = [*studio.row(1, seconds=1), *studio.row(2, seconds=1, begin=1, size=(640, 360))]
    films = studio.merge_all("avi", clips)
    assert [(film.width, film.height) for film in films.results] == [(320, 180), (640, 360)]
    assert films.hashes() == [source_hashes(clips[:1]), source_hashes(clips[1:])]


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_rates_may_differ(studio, source_hashes, container):
    """Clips of another rate, or of another unit of time, keep their own pace."""
    clips = [*studio.row(1, seconds=2), *studio.row(1, seconds=2, begin=2, fps=25), *studio.row(1, begin=4, fps=3)]
    film = studio.merge(container, clips)
    assert film.hashes() == source_hashes(clips)
    assert film.result.seconds == pytest.approx(7)
    assert [outcome.starts_at for outcome in film.outcomes] == pytest.approx([0, 2, 4])
