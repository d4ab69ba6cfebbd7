"""What a clip has besides its pictures and its sound is never mixed into the video, and never left out without a word.

Varied: what it is, alone or among ordinary clips, the container, copied or encoded, which track is the one that players
show, one index or fragments.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from . import boxes
from .clips import Cut, Feature, _tracks
from .product import merge_files
from .test_edits import merged, shown

pytestmark = pytest.mark.slow(reason="runs the product on each kind of track")

PLAIN = Cut("plain", 49, 28, "aac")
LOST = {Feature.SECOND_VIDEO: "second video track", Feature.SECOND_SOUND: "second sound track"}
NOTED = {Feature.SUBTITLES: "track of subtitles", Feature.TELEMETRY: "track of data"}
NAME, BEFORE, AFTER = "2026-01-16_08-00-10.mp4", "2026-01-16_08-00-00.mp4", "2026-01-16_08-00-20.mp4"
MATES = Cut("plain", 7, 14, "aac"), Cut("plain", 98, 14, "aac")


def of(cut: Cut) -> list[str]:
    return [cut.md5(index) for index in range(cut.count)]


@pytest.mark.parametrize("in_fragments", [False, True])
@pytest.mark.parametrize("feature", [*LOST, *NOTED])
def test_another_track(tmp_path, feature, in_fragments):
    """Footage is lost by name, with exit code 4; all else is noted. The frames are those of the first track."""
    odd = {feature, Feature.FRAGMENTED} if in_fragments else {feature}
    clip = replace(PLAIN, odd=frozenset(odd))
    mates = list(zip((BEFORE, AFTER), MATES, strict=True))
    for others in ([], mates):
        files = sorted([(NAME, clip.body), *((name, mate.body) for name, mate in others)])
        told = merged(tmp_path, files)
        assert shown(told) == ([*of(MATES[0]), *of(clip), *of(MATES[1])] if others else of(clip))
        assert told.says((LOST | NOTED)[feature]), told
        assert told.code == (4 if feature in LOST else 0), told
        kinds = [each["kind"] for each in told.report["clips"] if each["path"].endswith(NAME)]
        assert kinds == ["other_track" if feature in LOST else None]
        assert not told.report["lost"]
        assert not any(each["kind"] for each in told.report["clips"] if not each["path"].endswith(NAME))


@pytest.mark.parametrize("more", [("--h264",), ("--exact",), ("--subtitles",), ("--gaps", "hold")])
def test_by_each_way_through(tmp_path, more):
    """Whatever is made of the frames."""
    clip = replace(PLAIN, odd=frozenset({Feature.SECOND_VIDEO}))
    told = merged(tmp_path, [(NAME, clip.body)], *more)
    assert (told.code, told.says("second video track")) == (4, True), told
    assert len(shown(told)) == clip.count


@pytest.mark.parametrize("container", ["mkv", "mov"])
def test_in_each_container(tmp_path, container):
    """The account is the same."""
    clip = replace(PLAIN, odd=frozenset({Feature.SECOND_VIDEO, Feature.SUBTITLES}))
    (tmp_path / NAME).write_bytes(clip.body)
    told = merge_files([tmp_path / NAME], tmp_path / f"video.{container}")
    assert (told.code, told.says("second video track"), told.says("subtitles")) == (4, True, True), told
    assert shown(told) == of(clip)


def test_many_clips_are_one_note(tmp_path):
    """A track that each clip has is named once."""
    cuts = [replace(cut, odd=frozenset({Feature.TELEMETRY})) for cut in (MATES[0], PLAIN, MATES[1])]
    told = merged(tmp_path, [(name, cut.body) for name, cut in zip((BEFORE, NAME, AFTER), cuts, strict=True)])
    notes = [each for each in told.report["warnings"] if "track of data" in each]
    assert len(notes) == 1, told
    assert "and 2 more clips" in notes[0]
    assert told.code == 0


@pytest.mark.parametrize("enabled", [0, 1])
def test_the_track_that_players_show(tmp_path, enabled):
    """Of two tracks of pictures the one that is enabled, whichever comes first."""
    main, other = _tracks(PLAIN)[0], _tracks(Cut("slow", 40, 8, None))[0]
    tracks = [main, other] if enabled == 0 else [other, main]
    body = bytearray(boxes.write(tracks))
    at = -1
    for number in range(2):
        at = body.index(b"tkhd", at + 1)
        (flags,) = struct.unpack_from(">I", body, at + 4)
        struct.pack_into(">I", body, at + 4, flags | 1 if number == enabled else flags & ~1)
    told = merged(tmp_path, [(NAME, bytes(body))])
    assert shown(told) == of(PLAIN)
    assert (told.code, told.says("second video track (")) == (4, True)


def test_auxiliary_tracks(tmp_path):
    """Android puts tracks that belong to those of the file into a box behind them."""
    told = merged(tmp_path, [(NAME, PLAIN.body + boxes.box(b"axte", Cut("slow", 40, 8).body))])
    assert shown(told) == of(PLAIN)
    assert (told.code, told.says("an auxiliary video track was left out")) == (4, True), told


def test_an_empty_track_is_nothing(tmp_path):
    """It is declared, and never filled."""
    told = merged(tmp_path, [(NAME, boxes.write([*_tracks(PLAIN), replace(_tracks(PLAIN)[1], samples=())]))])
    assert (told.code, told.report["warnings"]) == (0, []), told


@pytest.mark.parametrize("is_alone", [True, False])
def test_channels_of_a_recorder(tmp_path, is_alone):
    """Frames of two cameras lie in one .dav in turns: those of the first are shown, the others lost by name."""
    clip = replace(PLAIN, dav=True, odd=frozenset({Feature.TWO_CHANNELS}))
    before = replace(MATES[0], dav=True)
    files = [("2026-01-16_08-00-04.dav", clip.body)]
    if not is_alone:
        files.insert(0, ("2026-01-16_08-00-00.dav", before.body))
    told = merged(tmp_path, files)
    assert shown(told) == [*([] if is_alone else of(before)), *of(clip)]
    assert told.code == 4
    assert told.report["clips"][-1]["kind"] == "other_track"
    assert "channel 2 (" in told.report["clips"][-1]["reason"]
