"""A finished video that is not what was written is an error, and one that is gets to the disk first."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import av
import pytest

from camreel.errors import DiskError, MergeError
from camreel.formats.containers import OutputFormat
from camreel.media.mux.verify import verify

WITH_INDEX = ["mp4", "mov"]
ALL = ["mp4", "mov", "mkv", "avi"]


def check(film, container: str, *, ends: tuple[bytes, bytes] | None = None, stays: float = 0.1, **claimed) -> None:
    """Verify ``film`` as if ``claimed`` had been written."""
    written = replace(film.result, **claimed)
    verify(str(film.path), OutputFormat(container).container, written, ends or film.ends, stays)


@pytest.fixture(params=ALL)
def made(request, studio):
    """A film of two clips with sound, in each container."""
    return request.param, studio.merge(request.param, studio.row(2))


def test_what_was_written_is_right(made):
    container, film = made
    check(film, container)


@pytest.mark.parametrize("wrong", [-1, 1, 20])
@pytest.mark.parametrize("container", WITH_INDEX)
def test_each_frame_counts(studio, container, wrong):
    """An index lists every packet: one less or more is another video."""
    film = studio.merge(container, studio.row(2))
    said = rf"lists {film.result.video_packets} pictures; {film.result.video_packets + wrong} were written"
    with pytest.raises(MergeError, match=said):
        check(film, container, video_packets=film.result.video_packets + wrong)


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize("container", WITH_INDEX)
def test_each_packet_of_sound_counts(studio, container, wrong):
    film = studio.merge(container, studio.row(2))
    assert film.result.audio_codec == "aac"
    with pytest.raises(MergeError, match="packets of sound"):
        check(film, container, audio_packets=film.result.audio_packets + wrong)


@pytest.mark.parametrize("wrong", [-0.6, 0.6, -4, 60])
def test_the_length_counts(made, wrong):
    container, film = made
    with pytest.raises(MergeError, match=r"seconds|s long|places for pictures"):
        check(film, container, seconds=film.result.seconds + wrong)


def test_half_a_second_is_rounding(made):
    """Nothing but whole clips is shorter than that."""
    container, film = made
    if container != "avi":  # it counts the places of its frames
        check(film, container, seconds=film.result.seconds + 0.4)
        check(film, container, seconds=film.result.seconds - 0.4)


@pytest.mark.parametrize("end", [0, 1], ids=["first", "last"])
def test_the_first_and_the_last_frame_are_looked_at(made, end):
    container, film = made
    ends = list(film.ends)
    ends[end] = bytes(len(ends[end]))
    with pytest.raises(MergeError, match="does not hold the pictures"):
        check(film, container, ends=(ends[0], ends[1]))


def test_sound_that_is_not_there_is_missed(made, studio):
    container, film = made
    with pytest.raises(MergeError, match="does not have the tracks"):
        check(film, container, audio_packets=0, audio_codec=None)
    silent = studio.merge(container, studio.row(1, audio=None), output=str(studio.folder / "silent.part"))
    check(silent, container)
    with pytest.raises(MergeError, match="does not have the tracks"):
        check(silent, container, audio_packets=7, audio_codec="aac")


def test_what_cannot_be_opened_is_no_video(studio):
    film = studio.merge("mp4", studio.row(1))
    film.path.write_bytes(film.path.read_bytes()[:100])
    with pytest.raises(MergeError, match="cannot be opened again"):
        verify(str(film.path), OutputFormat.MP4.container, film.result, (b"", b""), 0.1)


def test_a_video_whose_end_is_cut_off_is_found(made):
    """Behind whole heads and lists, the packets themselves are not there."""
    container, film = made
    ends, data = film.ends, film.path.read_bytes()
    with av.open(str(film.path)) as opened:
        places = [packet.pos for packet in opened.demux(video=0) if packet.size]
    assert places[-1]
    cut = data[: places[-1] - 20]
    film.path.write_bytes(cut if container in {"mkv", "avi"} else data.replace(ends[1], bytes(len(ends[1]))))
    with pytest.raises(MergeError):
        check(film, container, ends=ends)


def test_it_is_on_the_disk_before_anything_is_said(made, monkeypatch):
    """The very file, with all of its bytes, after it was compared."""
    container, film = made
    synced, real = [], os.fsync

    def fsync(handle: int) -> None:
        there = os.fstat(handle)
        synced.append((there.st_ino, there.st_size))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    check(film, container)
    found = film.path.stat()
    assert synced == [(found.st_ino, found.st_size)]


def test_a_merge_ends_with_the_video_on_the_disk(studio, monkeypatch):
    """What is told as finished is named at once: it has to be there after a power cut."""
    synced, real = {}, os.fsync

    def fsync(handle: int) -> None:
        there = os.fstat(handle)
        synced[there.st_ino] = there.st_size
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    film = studio.merge("mp4", studio.row(2))
    found = film.path.stat()
    assert synced.get(found.st_ino) == found.st_size == film.result.size


def test_a_disk_that_fails_to_keep_it_is_an_error(made, monkeypatch):
    container, film = made

    def refuse(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DiskError, match="disk is full"):
        check(film, container)
