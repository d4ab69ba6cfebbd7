"""The file of an output is new, whatever had its name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import av.error
import pytest
from tests.odd import ODD, needs_odd

from camreel.errors import DiskError, MergeError, system_advice
from camreel.media.mux import base
from camreel.media.mux.base import as_camreel_error, create_part

LINKS = sorted(set(ODD) - {"fifo", "socket"})


def made(path: Path) -> None:
    handle = create_part(str(path))
    os.write(handle, b"video")
    os.close(handle)
    assert path.read_bytes() == b"video"
    assert not path.is_symlink()


def test_what_an_earlier_try_left_is_removed(tmp_path: Path) -> None:
    """Also under a second name: that one stays as it is."""
    path, other = tmp_path / "o.mp4.part", tmp_path / "other"
    path.write_bytes(b"half a video, longer than the new one")
    os.link(path, other)
    made(path)
    assert other.read_bytes().startswith(b"half")


@needs_odd
@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.timeout(10)
def test_nothing_is_written_through_a_link(tmp_path: Path, kind: str) -> None:
    """Wherever it leads."""
    ODD[kind](tmp_path / "o.mp4.part")
    made(tmp_path / "o.mp4.part")


@needs_odd
@pytest.mark.parametrize("kind", ["fifo", "socket"])
@pytest.mark.timeout(10)
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    """A device, for one: there is no video then."""
    ODD[kind](tmp_path / "o.mp4.part")
    with pytest.raises(FileExistsError):
        create_part(str(tmp_path / "o.mp4.part"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_its_mode_is_that_of_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    """Videos are for whom the user's files are for."""
    before = os.umask(umask)
    try:
        made(tmp_path / "o.mp4.part")
    finally:
        os.umask(before)
    assert (tmp_path / "o.mp4.part").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("number", base._DISK_WORDS, ids=errno.errorcode.get)
@pytest.mark.parametrize("kind", [OSError, av.error.FFmpegError], ids=["system", "FFmpeg"])
def test_an_error_of_the_disk_says_what_happened_and_what_to_try(number: int, kind: type[Exception]) -> None:
    """In the same words, whoever met it; what to try is that of any error of the disk."""
    told = as_camreel_error(kind(number, os.strerror(number)))
    assert isinstance(told, DiskError)
    assert str(told) == f"{base._DISK_WORDS[number]}: the video could not be written."
    assert told.hint == system_advice(OSError(number, ""))
    assert told.hint


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOTCONN, DiskError), (errno.EDOM, MergeError)])
def test_other_errors_are_in_the_systems_words(number: int, kind: type[Exception]) -> None:
    """They are of the disk if something is known to try."""
    told = as_camreel_error(OSError(number, os.strerror(number)))
    assert isinstance(told, kind)
    assert os.strerror(number)[1:] in str(told)
