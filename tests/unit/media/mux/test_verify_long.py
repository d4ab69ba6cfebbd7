"""A film whose index is too long for FFmpeg is compared and played all the same, and takes no memory for it."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest

from camreel.errors import MergeError
from camreel.formats.containers import OutputFormat
from camreel.formats.mp4 import long_index
from camreel.media.mux import playback, verify
from camreel.media.mux.playback import PlaybackPoint, play_samples

MP4 = OutputFormat.MP4.container


def refuse(*_arguments: object) -> None:
    raise AssertionError("FFmpeg would hold all of the index")


@pytest.fixture
def film(studio, monkeypatch):
    """Three clips with sound, merged and taken for a long film."""
    monkeypatch.setattr(long_index, "LONG", 0)
    monkeypatch.setattr(long_index, "_AT_A_TIME", 16)
    monkeypatch.setattr(verify, "reopen_as", refuse)
    monkeypatch.setattr(playback, "reopen_as", refuse)
    return studio.merge("mp4", studio.row(3))


def check(film, ends: tuple[bytes, bytes] | None = None, **claimed: object) -> None:
    verify.verify(str(film.path), MP4, replace(film.result, **claimed), ends or film.ends, 0.1)


def test_what_was_written_is_right(film):
    check(film)


def test_it_is_on_the_disk_before_anything_is_said(film, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    check(film)
    assert synced == [film.path.stat().st_ino]


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize("what", ["video_packets", "audio_packets"])
def test_each_sample_counts(film, what, wrong):
    with pytest.raises(MergeError, match=r"lists \d+ p"):
        check(film, **{what: getattr(film.result, what) + wrong})


@pytest.mark.parametrize("claimed", [{"audio_packets": 0, "audio_codec": None}, {"seconds": 1.0}, {"seconds": 60.0}])
def test_tracks_and_length_count(film, claimed):
    with pytest.raises(MergeError, match=r"tracks|s long"):
        check(film, **claimed)


@pytest.mark.parametrize("end", [0, 1], ids=["first", "last"])
def test_the_first_and_the_last_frame_are_looked_at(film, end):
    ends = list(film.ends)
    ends[end] = bytes(len(ends[end]))
    with pytest.raises(MergeError, match="does not hold the pictures"):
        check(film, (ends[0], ends[1]))


def test_a_place_outside_of_the_data_is_found(film):
    """FFmpeg is then asked after all: that it refuses here shows that the file was not believed."""
    data, ends = bytearray(film.path.read_bytes()), film.ends
    at = data.rindex(b"stco")
    data[at + 16 : at + 20] = b"\x7f\xff\xff\xff"
    film.path.write_bytes(data)
    with pytest.raises(AssertionError, match="FFmpeg"):
        check(film, ends)


def test_it_is_played_like_others(film, studio):
    """A group of frames, compared with the clip; frames that are damaged are told of."""
    point = PlaybackPoint(str(film.path), 0.0, b"its sets", 1, studio.clips[0].path, 0)
    done = play_samples([point], MP4, lambda _number, _frames: None, math.inf)
    assert (done.groups, done.frames, done.failures) == (1, 8, ())
    behind = play_samples([replace(point, before=10)], MP4, lambda _number, _frames: None, math.inf)
    assert [failure.number for failure in behind.failures] == [1]  # another frame than that of the clip
    data, (first, _) = film.path.read_bytes(), film.ends
    at = data.index(first) + 600  # behind what the encoder says of itself
    film.path.write_bytes(data[:at] + bytes(400) + data[at + 400 :])
    done = play_samples([point], MP4, lambda _number, _frames: None, math.inf)
    assert [failure.number for failure in done.failures] == [1]
