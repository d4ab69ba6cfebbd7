"""What the finished file says of itself: wall clock, chapters, title, comment; and that it is checked."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from camreel.diskio import FileIdentity
from camreel.errors import DiskError, MergeError
from camreel.formats.containers import OutputFormat
from camreel.media.comment import read_comment, replace_in_place
from camreel.media.merge import film as film_module
from camreel.media.merge.merger import Merger
from camreel.media.mux import direct, muxer
from camreel.media.mux.base import create_part
from camreel.media.mux.verify import verify
from camreel.model import WallTime
from camreel_simulator import ClipSpec

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
COMMENT = "camreel request=0123456789abcdef0123456789abcdef complete"
STAYS = 0.1  # seconds, the last frame
FORMATS = ["mp4", "mkv", "avi"]


def chapters_of(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as film:
        return [
            (round(each["start"] * float(each["time_base"]), 3), round(each["end"] * float(each["time_base"]), 3),
             each["metadata"]["title"])
            for each in film.chapters()
        ]  # fmt: skip


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_wall_clock(studio, container):
    """The file carries the moment of its first picture in UTC, and a chapter with the wall clock for each stretch."""
    clips = studio.row(2, seconds=2, audio=None) + studio.row(1, seconds=2, begin=16, audio=None)
    film = studio.merge(container, clips, utc_offset=-5 * 3600, title="Front door, 16 January — é")
    with av.open(str(film.path)) as opened:
        metadata = {key.lower(): text for key, text in opened.metadata.items()}
    assert metadata["creation_time"] == "2026-01-16T13:00:00.000000Z"
    assert metadata["title"] == "Front door, 16 January — é"
    assert chapters_of(film.path) == [
        (0, 4, "2026-01-16 08:00:00-05:00"),
        (4, 6, "2026-01-16 08:00:16-05:00 (after a gap of 12 s)"),
    ]
    assert [(each.start, each.end, each.title) for each in film.result.chapters] == chapters_of(film.path)


def test_no_creation_time_without_the_cameras_zone(studio):
    """Where nobody knows the camera's offset from UTC the file does not claim a moment."""
    film = studio.merge("mp4", studio.row(1))
    with av.open(str(film.path)) as opened:
        assert "creation_time" not in opened.metadata


@pytest.mark.parametrize(("container", "listed"), [("mp4", 255), ("mkv", 260)])
def test_many_stretches(studio, container, listed):
    """An mp4 names 255 stretches and the result says so; mkv and the result have all of them."""
    clip = studio.clip(ClipSpec(EIGHT, 0.2, audio=None))
    step = timedelta(seconds=10)
    clips = [replace(clip, number=n, span=replace_span(clip.span, n * step)) for n in range(260)]
    film = studio.merge(container, clips)
    assert len(chapters_of(film.path)) == listed
    assert len(film.result.chapters) == 260
    assert [bool("255" in note) for note in film.notes] == ([True] if container == "mp4" else [])


def replace_span(span, by):
    return type(span)(span.start + by, span.end + by)


@pytest.mark.parametrize("container", FORMATS)
def test_comment_reads_back_and_changes_in_place(studio, source_hashes, container):
    """The comment of a closed film can be changed to another of its length; the film stays whole."""
    clips = studio.row(2)
    film = studio.merge(container, clips, comment=COMMENT)
    path = str(film.path)
    assert read_comment(path) == COMMENT
    assert replace_in_place(path, COMMENT.encode(), COMMENT.replace("complete", "partial ").encode()) >= 1
    assert read_comment(path) == COMMENT.replace("complete", "partial ")
    assert COMMENT.encode() not in film.path.read_bytes()
    assert film.hashes() == source_hashes(clips)
    verify(path, OutputFormat(container).container, film.result, film.ends, STAYS)


@pytest.mark.parametrize(
    "body", [b"", b"ftyp", b"\0\0\0\x18ftypisom" + bytes(99), b"RIFF" + bytes(99), b"\x1a\x45\xdf\xa3"]
)
def test_comment_of_what_is_no_film(tmp_path, body):
    """Junk has no comment, and is no error."""
    path = tmp_path / "junk"
    path.write_bytes(body)
    assert read_comment(str(path)) is None
    assert read_comment(str(tmp_path / "nothing here")) is None
    assert read_comment(str(tmp_path)) is None


def test_change_in_place_keeps_the_length(tmp_path):
    """A comment of another length would break the film and is refused."""
    with pytest.raises(ValueError, match="length"):
        replace_in_place(str(tmp_path / "film"), b"long", b"longer")


@pytest.mark.parametrize("container", FORMATS)
def test_a_film_that_is_not_what_was_written(studio, container):
    """A file that lost something on its way to the disk is an error, whatever lost it."""
    film = studio.merge(container, studio.row(3))
    path = str(film.path)
    ends = film.ends
    more = replace(film.result, video_packets=film.result.video_packets + 30, seconds=film.result.seconds + 3)
    with pytest.raises(MergeError, match="finished video"):
        verify(path, OutputFormat(container).container, more, ends, STAYS)
    with pytest.raises(MergeError, match="tracks"):
        verify(path, OutputFormat(container).container, replace(film.result, audio_packets=0), ends, STAYS)
    for wrong in [(ends[0], ends[0]), (ends[1], ends[1])]:
        with pytest.raises(MergeError, match="does not hold the pictures"):
            verify(path, OutputFormat(container).container, film.result, wrong, STAYS)
    film.path.write_bytes(film.path.read_bytes()[: film.result.size // 2])
    with pytest.raises(MergeError, match="finished video"):
        verify(path, OutputFormat(container).container, film.result, ends, STAYS)


@pytest.mark.parametrize("name", ["a:b.part", "-o.part", "Tür 門 'x'.part", "100%d.part", "a b|c?.part", "\udcff.part"])
def test_odd_names(studio, name):
    """Any file name that the system allows will do, for clips and for the film."""
    try:
        clip = studio.clip(ClipSpec(EIGHT, 1, audio=None), name=f"clip {name}")
    except (OSError, UnicodeError):
        pytest.skip("this file system does not allow the name")
    film = studio.merge("mp4", [clip], output=str(studio.folder / name))
    assert len(film.hashes()) == 10


def test_same_clips_same_film(studio):
    """The merge depends on nothing but its clips and its job."""
    clips = studio.row(2)
    films = [studio.merge("mp4", clips, output=str(studio.folder / name)).path.read_bytes() for name in ("a", "b")]
    assert films[0] == films[1]


@pytest.mark.parametrize("container", FORMATS)
def test_disk_full(studio, container, monkeypatch):
    """A full disk is a DiskError with advice."""
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")
    for module in (direct, muxer):
        monkeypatch.setattr(module, "create_part", lambda _path: os.open("/dev/full", os.O_RDWR))
    with pytest.raises(DiskError, match="The disk is full") as full:
        studio.merge(container, studio.row(3))
    assert "Free some space" in (full.value.hint or "")


def test_file_too_large(studio):
    """A file system that ends at some size is a DiskError with advice."""
    resource = pytest.importorskip("resource")
    clips = studio.row(3)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DiskError, match="larger than this file system allows") as large:
            studio.merge("mp4", clips)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "FAT32" in (large.value.hint or "")


def test_no_such_folder(studio):
    """An output that cannot be made is a DiskError."""
    with pytest.raises(DiskError, match="folder"):
        studio.merge("mp4", studio.row(1), output=str(studio.folder / "gone" / "film.part"))


def test_progress_tells_the_wall_clock(studio, monkeypatch):
    """While a clip is merged its wall time is told, in rising order, within the clip."""
    monkeypatch.setattr("camreel.media.merge.clip_copy.EVERY", 0)
    clip = studio.row(1, seconds=3)[0]
    told: list[WallTime] = []
    merger = Merger(studio.job("mp4"))
    merger.add(clip, lambda _, wall: told.append(wall))
    assert told == sorted(told)
    assert len(set(told)) >= 3
    assert (told[0], str(told[-1])[:19]) == (clip.span.start, "2026-01-16 08:00:02")
    merger.finish()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="FFmpeg opens by name where the system has no /proc")
@pytest.mark.parametrize("options", [{}, {"faststart": True}], ids=["", "faststart"])
@pytest.mark.parametrize("container", FORMATS)
def test_nobody_can_put_a_link_in_the_place_of_the_output(studio, container, options, monkeypatch):
    """Between the moment it is made and the one at which FFmpeg opens it by name: nothing is written through it."""
    victim = studio.folder / "victim"
    victim.write_bytes(b"private")
    real = create_part

    def create(path: str) -> int:
        handle = real(path)
        Path(path).rename(f"{path}.ours")
        Path(path).symlink_to(victim)
        return handle

    for module in (direct, muxer):
        monkeypatch.setattr(module, "create_part", create)
    with pytest.raises(DiskError, match="was replaced by another program"):
        studio.merge(container, studio.row(2), **options)
    assert victim.read_bytes() == b"private"


@pytest.mark.parametrize(("container", "options"), [("mp4", {}), ("mp4", {"subtitles": True}), ("mkv", {})])
@pytest.mark.parametrize("when", ["before it is closed", "after it was checked"])
def test_the_file_that_was_written_is_the_one_that_is_told(studio, container, options, when, monkeypatch):
    """Another of the same length takes its name: it is not the video, whatever it holds."""

    def swapped(path: str) -> None:
        own = Path(path)
        body = own.read_bytes()
        own.rename(own.with_name("ours"))
        own.write_bytes(body)
        os.utime(own, ns=(1, 1))

    if when == "after it was checked":

        def checked(path: str, *more: Any) -> None:
            verify(path, *more)
            swapped(path)

        monkeypatch.setattr(film_module, "verify", checked)
    merger = Merger(studio.job(container, **options))
    for clip in studio.row(2):
        merger.add(clip, lambda number, wall: None)
    if when == "before it is closed":
        swapped(merger._job.output)
    with pytest.raises(DiskError, match="was replaced by another program"):
        merger.finish()


def test_what_is_told_of_a_file_is_the_file(studio):
    made = studio.merge("mkv", studio.row(1))
    assert made.result.file == FileIdentity.of(made.path.lstat())
