"""Which files are clips, and that what was checked is what is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.odd import ODD, needs_odd

from camreel.diskio import NotRegular
from camreel.formats.source import (
    ClipTrust,
    changed_clip,
    expect_clip,
    open_source,
    path_of,
    source_handle,
    trust_clips,
)

pytestmark = needs_odd
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def _as_before():
    yield
    trust_clips(ClipTrust.ANYBODY)


def read(path: Path, trust: ClipTrust) -> bytes:
    trust_clips(trust)
    with open_source(path) as file:
        return file.read(100)


@pytest.mark.parametrize("trust", ClipTrust)
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.timeout(10)
def test_only_regular_files(tmp_path: Path, kind: str, trust: ClipTrust) -> None:
    """At once."""
    ODD[kind](tmp_path / "x.mp4")
    with pytest.raises(OSError):
        read(tmp_path / "x.mp4", trust)


def test_links_are_for_those_who_name_them(tmp_path: Path) -> None:
    """Not for a store."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    (tmp_path / "link.mp4").symlink_to("clip.mp4")
    assert read(tmp_path / "link.mp4", ClipTrust.ANYBODY) == b"clip"
    for trust in (ClipTrust.NO_LINKS, ClipTrust.OWN):
        assert read(tmp_path / "clip.mp4", trust) == b"clip"
        with pytest.raises(OSError):
            read(tmp_path / "link.mp4", trust)


def test_a_second_name_is_not_for_a_shared_folder(tmp_path: Path) -> None:
    """It may be another file of its owner."""
    (tmp_path / "private.mp4").write_bytes(b"clip")
    os.link(tmp_path / "private.mp4", tmp_path / "clip.mp4")
    assert read(tmp_path / "clip.mp4", ClipTrust.NO_LINKS) == b"clip"
    with pytest.raises(NotRegular, match="second name"):
        read(tmp_path / "clip.mp4", ClipTrust.OWN)


@pytest.mark.skipif(not is_root, reason="only root can give files away")
def test_whose_it_is(tmp_path: Path) -> None:
    """Matters where somebody else may have put it there."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    os.chown(tmp_path / "clip.mp4", 12345, 12345)
    assert read(tmp_path / "clip.mp4", ClipTrust.NO_LINKS) == b"clip"
    with pytest.raises(NotRegular, match="another user's"):
        read(tmp_path / "clip.mp4", ClipTrust.OWN)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system has no /proc")
def test_what_was_checked_is_what_is_read(tmp_path: Path) -> None:
    """A library opens by name: it gets the file that was checked, from its start, whatever has the name meanwhile."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    handle = source_handle(tmp_path / "clip.mp4")
    os.read(handle, 2)
    (tmp_path / "clip.mp4").unlink()
    os.mkfifo(tmp_path / "clip.mp4")
    assert Path(path_of(handle, str(tmp_path / "clip.mp4"))).read_bytes() == b"clip"
    os.close(handle)


def _of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def expected(tmp_path: Path) -> Iterator[Path]:
    """A clip of a folder that others can write, with the hash of what was downloaded."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"downloaded")
    expect_clip(str(clip), _of(b"downloaded"))
    yield clip
    expect_clip(str(clip), None)


def _replaced(clip: Path) -> None:
    (clip.parent / "other").write_bytes(b"planted 10")
    (clip.parent / "other").rename(clip)


def _edited(clip: Path) -> None:
    times = clip.stat()
    clip.write_bytes(b"planted 10")
    os.utime(clip, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("change", [_replaced, _edited])
@pytest.mark.parametrize("when", ["before it is opened", "between two openings"])
def test_a_clip_is_what_was_downloaded(expected: Path, change: Callable[[Path], None], when: str) -> None:
    """Whoever its owner is, and however large and old it looks."""
    if when == "between two openings":
        assert read(expected, ClipTrust.NO_LINKS) == b"downloaded"
        assert changed_clip() is None
    change(expected)
    with pytest.raises(NotRegular, match="another program has changed it"):
        read(expected, ClipTrust.NO_LINKS)
    # What was never read as a clip is in no video.
    assert changed_clip() == (str(expected) if when == "between two openings" else None)


def test_a_clip_that_only_looks_changed_is_read_again(expected: Path) -> None:
    """Some shares tell other times, or another number, at each look."""
    assert read(expected, ClipTrust.NO_LINKS) == b"downloaded"
    os.utime(expected, ns=(1, 1))
    assert read(expected, ClipTrust.NO_LINKS) == b"downloaded"
    assert changed_clip() is None


def test_a_clip_that_nobody_expects_is_read_as_it_is(expected: Path) -> None:
    """In a private folder nothing is hashed."""
    expect_clip(str(expected), None)
    _replaced(expected)
    assert read(expected, ClipTrust.NO_LINKS) == b"planted 10"
