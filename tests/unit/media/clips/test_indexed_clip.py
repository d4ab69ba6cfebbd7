"""A clip read by its own index is the clip that FFmpeg reads: packet by packet."""

from __future__ import annotations

import errno
import os
import struct
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camreel.errors import DiskError
from camreel.formats.containers import OutputFormat
from camreel.formats.mp4.boxes import made
from camreel.media.clips import packets
from camreel.media.clips.clip import open_mp4
from camreel.media.clips.indexed_clip import open_indexed
from camreel.media.clips.open import open_to_copy
from camreel.media.clips.packets import ClipBytes, ClipUnreadable, View, head_of
from camreel.media.merge.merger import Merger
from camreel.media.worker.messages import MergeJob
from camreel.model import Span, WallTime
from camreel_simulator import ClipSpec, make_clip

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera


def told(clip: Any) -> list[tuple[Any, ...]]:
    """All that is asked of a packet, and its bytes."""
    return [
        (
            clip.is_picture(packet),
            packet.pts,
            packet.dts,
            packet.duration if not clip.is_picture(packet) else None,
            packet.is_keyframe,
            packet.size,
            bytes(packet),
        )
        for packet in clip.packets()
    ]


@pytest.mark.parametrize("video", ["h264", "hevc"])
@pytest.mark.parametrize("audio", ["aac", None])
def test_the_same_packets(tmp_path, video, audio):
    """Times, kinds, sizes and bytes, in the same order; and what the clip says of itself."""
    path = str(tmp_path / "clip.mp4")
    with open(path, "wb") as file:  # noqa: PTH123 - a plain name, as the worker has it
        file.write(make_clip(ClipSpec(EIGHT, 3, video=video, audio=audio)))
    with open_mp4(path) as expected:
        clip = open_indexed(path)
        assert clip is not None
        with clip:
            assert told(clip) == told(expected)
            for name in ("kind", "parameters", "time_base", "frame_rate", "listed_packets", "description"):
                assert getattr(clip, name) == getattr(expected, name), name
            assert clip.sound_ticks == expected.sound_ticks
            assert clip.sound_setup == expected.sound_setup
            assert abs(clip.listed_seconds - expected.listed_seconds) < 0.2
            assert clip.is_cut is expected.is_cut is False


@pytest.mark.parametrize("cut", [1, 1000, 20_000])
def test_a_clip_that_is_cut_off_is_left_to_ffmpeg(tmp_path, cut):
    """Its index is gone, or names what is not there."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(make_clip(ClipSpec(EIGHT, 2))[:-cut])
    assert open_indexed(str(path)) is None


def test_an_index_with_edits_is_read_as_ffmpeg_reads_it(clip_with_edits):
    """Frames that are decoded before they are shown, and sound whose beginning is hidden."""
    clip = open_indexed(clip_with_edits)
    assert clip is not None
    with clip, open_mp4(clip_with_edits) as expected:
        assert told(clip) == told(expected)
        assert clip.listed_packets == expected.listed_packets == 20
        assert clip.origin == expected.origin == 0


@pytest.mark.parametrize("entries", [[(500, 0), (500, 90000)], [(1000, 0), (0, -1)]])
def test_several_edits_are_left_to_ffmpeg(clip_with_edits, entries):
    """A list with a hole in it, or with nothing at its end."""
    path = Path(clip_with_edits)
    data = path.read_bytes()
    at = data.index(b"edts") - 4
    old = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    rows = b"".join(struct.pack(">Iii", length, begin, 1 << 16) for length, begin in entries)
    new = made(b"edts", made(b"elst", struct.pack(">II", 0, len(entries)), rows))
    grown = len(new) - len(old)
    whole = bytearray(data.replace(old, new, 1))
    for kind in (b"moov", b"trak"):  # the index is last: no place of a sample moves
        begin = whole.index(kind) - 4
        whole[begin : begin + 4] = (int.from_bytes(whole[begin : begin + 4], "big") + grown).to_bytes(4, "big")
    path.write_bytes(whole)
    assert open_indexed(clip_with_edits) is None
    with open_to_copy(clip_with_edits) as clip:
        assert clip.first_picture() is not None


@pytest.fixture
def clip_with_edits(tmp_path):
    """Made by FFmpeg, with the priming of its AAC encoder hidden by an edit."""
    import av

    path = str(tmp_path / "edits.mp4")
    source = tmp_path / "clip.mp4"
    source.write_bytes(make_clip(ClipSpec(EIGHT, 2, fps=10)))
    with av.open(str(source)) as clip, av.open(path, "w", options={"use_editlist": "1"}) as out:
        tracks = {each.index: out.add_stream_from_template(each, opaque=True) for each in clip.streams}
        for packet in clip.demux():
            if packet.dts is not None:
                if packet.stream.type == "video":
                    packet.dts -= packet.duration or 0  # decoded before it is shown
                packet.stream = tracks[packet.stream_index]
                out.mux(packet)
    return path


def test_only_what_is_looked_at_is_read(tmp_path):
    """A view of a packet answers as its bytes do, wherever it is asked."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(make_clip(ClipSpec(EIGHT, 1, size=(1280, 720), crf=10)))
    clip = open_indexed(str(path))
    assert clip is not None
    with clip:
        packet = next(each for each in clip.packets(sound=False))
        data, view = bytes(packet), View(packet)
        assert len(data) == view.nbytes > 10_000
        for at in (0, 5, 2047, 2048, 5000, len(data) - 1):
            assert view[at] == data[at]
            assert view[at : at + 4] == data[at : at + 4]
        assert head_of(packet) == data[:64]
        packet.insert(3, b"sets")
        assert bytes(packet) == data[:3] + b"sets" + data[3:]
        assert head_of(packet) == bytes(packet)[:64]
        assert packet.size == len(data) + 4


def row(studio, count=3):
    """Clips that follow each other, as the studio has them, and a merge of them."""
    clips = [studio.clip(ClipSpec(EIGHT + timedelta(seconds=2 * n), 2)) for n in range(count)]
    span = Span(WallTime(EIGHT), WallTime(EIGHT + timedelta(seconds=2 * count)))
    return clips, Merger(MergeJob(str(studio.folder / "film.mp4.part"), OutputFormat.MP4, span))


def merged(clips, merger):
    for clip in clips:
        merger.add(clip, lambda *_: None)
    return merger.finish()


def test_a_clip_of_which_no_picture_can_be_stored_costs_only_itself(studio):
    """Its index says that lengths have two bytes, and they have four: not one unit of it makes sense."""
    clips, merger = row(studio)
    path = Path(clips[1].path)
    data = path.read_bytes()
    at = data.index(b"avcC") + 8
    path.write_bytes(data[:at] + bytes([data[at] & 0xFC | 1]) + data[at + 1 :])
    outcomes = [each for clip in clips for each in merger.add(clip, lambda *_: None).outcomes]
    result = merger.finish()
    assert result.films[0].video_packets == 2 * 20
    outcome = {each.number: each for each in (*outcomes, *result.outcomes)}[1]
    assert outcome.damaged + outcome.undecodable_dropped == 20


def test_a_file_that_gives_its_bytes_no_more_is_named(studio, monkeypatch):
    """A bad sector is the clip's, and no fault of the disk that the film is written to."""
    clips, merger = row(studio)
    real = packets._read_at
    broken = ClipBytes(clips[1].path)
    inode = os.fstat(broken.handle).st_ino
    broken.close()

    def read(handle, size, at):
        if os.fstat(handle).st_ino == inode and size <= 2048:  # its index can still be read
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(handle, size, at)

    monkeypatch.setattr(packets, "_read_at", read)
    with pytest.raises(ClipUnreadable, match="cannot be read") as caught:
        merged(clips, merger)
    assert merger.number_of(caught.value.path) == clips[1].number


def test_where_the_system_does_not_copy_we_do(studio, monkeypatch):
    """Whatever it says but that the disk is full, and also where it copies nothing without a word."""
    films = []
    for copying in (None, lambda *_: 0, failing(errno.EXDEV), failing(524)):
        with monkeypatch.context() as patch:
            if copying is not None:
                patch.setattr(os, "copy_file_range", copying, raising=False)
            films.append(Path(merged(*row(studio)).films[0].path).read_bytes())
    assert len(set(films)) == 1
    clips, merger = row(studio)
    monkeypatch.setattr(os, "copy_file_range", failing(errno.ENOSPC), raising=False)
    with pytest.raises(DiskError, match="disk is full"):
        merged(clips, merger)


def failing(code):
    def copy(*_args):
        raise OSError(code, os.strerror(code))

    return copy
