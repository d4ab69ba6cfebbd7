"""The finished video is decoded, by sample or all of it; only what decodes in the clip and not in the video counts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camreel.formats.nal import Parameters
from camreel.media.mux import playback as playback_module
from camreel.model import Verify
from camreel_simulator import ClipSpec, make_clip

pytestmark = pytest.mark.slow(reason="merges and decodes dozens of videos")

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
KINDS: dict[str, Any] = {
    "plain": {},
    "another setting": {"crf": 44, "gop": 7, "in_band": False},
    "another size": {"size": (640, 360), "in_band": False},
    "B-frames": {"bframes": 2, "gop": 11, "in_band": False},
}


def several(studio, video: Any, names=tuple(KINDS)):
    """Clips that follow each other, each of another encoder setting."""
    return [
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=2 * at), 2, video=video, audio=None, **KINDS[name]))
        for at, name in enumerate(names)
    ]


@pytest.mark.parametrize("video", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "mov"])
def test_one_group_is_decoded_of_each_setting(studio, container, video):
    """However often a setting comes, one sample of it is enough; none fails in a video that is well."""
    names = ("plain", "plain", "another setting", "another size", "plain", "B-frames")
    playback = studio.merge_all(container, several(studio, video, names)).playback
    assert (playback.verify, playback.groups, playback.groups_of) == (Verify.SAMPLE, 4, 4)
    assert playback.failures == ()
    assert playback.frames >= 4


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_all_of_it_is_decoded_on_request(studio, container):
    """Each frame is counted, over several files, with frames that are stored out of order, encoded or copied."""
    clips = several(studio, "h264")
    assert studio.merge_all(container, clips, verify=Verify.FULL).playback.frames == 80
    exact = studio.merge_all(
        container, clips, (0.5, 7.5), verify=Verify.FULL, exact=True, output=str(studio.folder / "exact.part")
    )
    assert exact.playback.frames == sum(outcome.video_packets for outcome in exact.outcomes)
    both = [*several(studio, "h264", ["plain"]), *several(studio, "hevc", ["plain"])]
    films = studio.merge_all(container, both, verify=Verify.FULL, output=str(studio.folder / "both.part"))
    assert (len(films.results), films.playback.frames) == (2, 40)


@pytest.mark.parametrize("verify", [Verify.SAMPLE, Verify.FULL])
@pytest.mark.parametrize("name", ["another setting", "another size", "B-frames"])
def test_frames_that_meet_wrong_parameter_sets_are_found(studio, monkeypatch, name, verify):
    """Packets are all there, and the decoder makes garbage of them, or nothing: the clip is named."""
    monkeypatch.setattr(Parameters, "place_for_sets", lambda *_args, **_more: None)
    studio.may_fail = True
    clips = several(studio, "h264", ["plain", name])
    playback = studio.merge_all("mp4", clips, verify=verify).playback
    assert clips[1].number in [failure.number for failure in playback.failures]
    assert all("in the video" in failure.said for failure in playback.failures)


@pytest.mark.parametrize("verify", [Verify.SAMPLE, Verify.FULL])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_damaged_in_the_clip_is_no_failure_of_the_video(studio, seed, verify):
    """Bytes that the camera wrote wrong are copied as they are; the decoder complains of both alike."""
    chance = random.Random(seed)
    body = bytearray(make_clip(ClipSpec(EIGHT + timedelta(seconds=2), 3, audio=None)))
    for _ in range(40):
        body[chance.randrange(2000, body.rindex(b"moov") - 4)] = chance.randrange(256)
    first, last = (
        studio.clip(ClipSpec(EIGHT, 2, audio=None)),
        studio.clip(ClipSpec(EIGHT + timedelta(seconds=5), 2, audio=None)),
    )
    studio.merge_all("mp4", [first, studio.file(bytes(body), EIGHT + timedelta(seconds=2), 3), last], verify=verify)


def test_samples_have_a_budget_of_time(studio, monkeypatch):
    """A slow machine checks less, and says so; the video does not wait."""
    sampled = playback_module.play_samples
    monkeypatch.setattr(
        "camreel.media.merge.merger.play_samples", lambda points, container, tell: sampled(points, container, tell, 0)
    )
    playback = studio.merge_all("mp4", several(studio, "h264")).playback
    assert (playback.groups, playback.groups_of, playback.failures) == (0, 4, ())


def test_nothing_is_decoded_on_request(studio):
    playback = studio.merge_all("mp4", several(studio, "h264"), verify=Verify.NONE).playback
    assert (playback.verify, playback.groups, playback.frames) == (Verify.NONE, 0, 0)


def test_a_clip_that_is_gone_is_no_failure(studio, monkeypatch):
    """It cannot be compared with; what was written is decoded all the same."""
    clips = several(studio, "h264", ["plain"])
    sampled = playback_module.play_samples

    def without_clip(*args):
        Path(clips[0].path).unlink()
        return sampled(*args)

    monkeypatch.setattr("camreel.media.merge.merger.play_samples", without_clip)
    playback = studio.merge_all("mp4", clips).playback
    assert (playback.groups, playback.failures) == (1, ())
