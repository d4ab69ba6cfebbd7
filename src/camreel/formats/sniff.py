"""Tell what a file is by its first bytes, and summarize a ``.dav``."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from camreel.errors import printable
from camreel.formats import dhav
from camreel.formats.signatures import HEAD, OtherContainer, other_container
from camreel.formats.source import open_source

if TYPE_CHECKING:
    from camreel.formats.dhav import DhavSummary

_MOST_HOLES = 4 << 30  # bytes; recorders allot space beforehand, an hour at most
_MOST_EXTENTS = 1000
_MP4_STARTS = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})


class Unusable(Exception):
    """Nothing of a clip can be used; the message is the sentence for the report."""


class Unreadable(Unusable):
    """A clip cannot be opened: it is gone, is no regular file, or may not be read."""

    def __init__(self, error: OSError) -> None:
        self.why = error.strerror or str(error)
        super().__init__(f"it cannot be read ({self.why})")


def what_else(path: str) -> str | None:
    """What a file is that is no mp4 by its first bytes, as a sentence; None for an mp4. Raises :class:`Unusable`."""
    try:
        with open_source(path) as file:
            head = file.read(HEAD)
            if _is_hollow(file.fileno()):
                raise Unusable("most of it is not stored (it is a file with holes)")
    except OSError as error:
        raise Unreadable(error) from error
    if len(head) >= 8 and head[4:8] in _MP4_STARTS:
        return None
    return _what_it_is_instead(head)


def _is_hollow(handle: int) -> bool:
    """Whether the file has gigabytes that are not on the disk: reading through them would take hours."""
    state = os.fstat(handle)
    if state.st_size - 512 * getattr(state, "st_blocks", state.st_size) < _MOST_HOLES or not hasattr(os, "SEEK_DATA"):
        return False
    # Some network file systems do not count what is stored; they do not tell of holes either.
    holes = at = 0
    with suppress(OSError):
        for _ in range(_MOST_EXTENTS):
            hole = os.lseek(handle, at, os.SEEK_HOLE)
            at = _stored_from(handle, hole, state.st_size)
            holes += at - hole
            if at >= state.st_size:
                break
    return holes >= _MOST_HOLES


def _stored_from(handle: int, at: int, size: int) -> int:
    try:
        return os.lseek(handle, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing is stored from there on
            return size
        raise


def _what_it_is_instead(head: bytes) -> str:
    if not head:
        return "the file is empty"
    if not head.strip(b"\0"):
        return "the file holds zeros instead of video"
    if head.startswith((b"DHAV", b"DAHUA")):
        return "it is a .dav recording without a complete frame"
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return "the camera sent a web page instead of video"
    if text.startswith(b"error"):
        said = printable(head.strip().splitlines()[0].decode("ascii", "replace"), 60)
        return f"the camera sent an error message instead of video ({said})"
    found = other_container(head)
    return f"it is {found.name}" if found else "its first bytes are not those of a recording"


def foreign_of(path: str) -> OtherContainer | None:
    """The container of a clip that is read through FFmpeg by its first bytes; None for mp4, ``.dav``, and all else."""
    try:
        with open_source(path) as file:
            found = other_container(file.read(HEAD))
    except OSError:
        return None
    return found if found is not None and found.demuxer is not None else None


def summary_of(path: str) -> DhavSummary:
    """What the file holds. Raises :class:`Unusable`."""
    try:
        state = Path(path).stat()
        return _summary_of(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Unreadable(error) from error
    except dhav.NotDhav as error:
        raise Unusable(f"the .dav recording {error}") from error


@lru_cache(maxsize=2)
def _summary_of(path: str, size: int, changed: int) -> DhavSummary:  # noqa: ARG001 - they tell files apart
    return dhav.summary(Path(path))


def is_dav(path: str) -> bool:
    """Whether a stream of DHAV begins in the file, behind whatever."""
    try:
        with open_source(path) as file:
            return dhav.find_stream(file, dhav.WITHIN) is not None
    except OSError:
        return False
