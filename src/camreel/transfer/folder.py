"""A folder of a store by its descriptor: what is read and removed is in the folder that was checked.

Where others can write, the name of a folder may lead elsewhere a moment later. Where the system has no such calls
(Windows), it is used by its path.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from camreel.diskio import hold_folder, is_own, is_own_folder
from camreel.transfer.notes import STEM

KEPT = "kept"
SCRATCH = "timelapse-"  # folders of a timelapse, for as long as its run has the store
_TORN = r"\.(?:[0-9]{1,10}|[0-9a-f]{8})\.part"
_CLIP = re.compile(rf"{STEM.pattern}(?:\.unusable)?\.(?:mp4|dav|bin)")
_OTHERS = re.compile(
    rf"{STEM.pattern}(?:\.about)?\.part|{STEM.pattern}\.about\.part{_TORN}|[0-9a-f]{{12}}\.job(?:{_TORN})?"
)
_SCRATCH = re.compile(rf"{SCRATCH}[a-z0-9_]{{8}}")
_IN_SCRATCH = re.compile(r"[0-9]{1,9}\.(?:mp4|dav)")
_BY_HANDLE = {os.open, os.stat, os.unlink, os.rmdir} <= os.supports_dir_fd and os.listdir in os.supports_fd
_NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


class Folder:
    """A folder of this user that is open. ``path`` is where it was found."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self.path = path
        self._handle = handle

    def names(self) -> list[str]:
        """Return the names in it, in their order. Raises OSError."""
        return sorted(os.listdir(self.path if self._handle is None else self._handle))  # noqa: PTH208 - pathlib knows no descriptors

    def find(self, name: str) -> os.stat_result | None:
        """Return what has the name; None if nothing has. Links are not followed."""
        try:
            return os.stat(self._place(name), dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file or a link, if it is there. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._place(name), dir_fd=self._handle)

    @contextmanager
    def open(self, name: str) -> Iterator[Folder | None]:
        """Open a folder in it; None if there is none of this user with that name. Raises OSError."""
        with _opened(self.path / name, self._place(name), self._handle) as folder:
            yield folder

    def is_scratch(self, name: str) -> bool:
        """Return whether that is a folder of a timelapse, with nothing but its clips in it. Raises OSError."""
        if not _SCRATCH.fullmatch(name):
            return False
        with self.open(name) as scratch:
            return scratch is not None and all(map(_IN_SCRATCH.fullmatch, scratch.names()))

    def remove_scratch(self, name: str) -> None:
        """Remove a folder of a timelapse, but nothing in it that has another name than its clips. Raises OSError."""
        with self.open(name) as scratch:
            if scratch is None:
                return
            for each in filter(_IN_SCRATCH.fullmatch, scratch.names()):
                scratch.remove(each)
        with suppress(OSError):  # something else is in it
            os.rmdir(self._place(name), dir_fd=self._handle)

    def _place(self, name: str) -> str | Path:
        return self.path / name if self._handle is None else name


@contextmanager
def open_folder(path: Path) -> Iterator[Folder | None]:
    """Open a folder of this user that is no link; None if there is none. Raises OSError."""
    with _opened(path, path, None) as folder:
        yield folder


@contextmanager
def _opened(path: Path, place: str | Path, within: int | None) -> Iterator[Folder | None]:
    if not _BY_HANDLE:
        yield Folder(path, None) if is_own_folder(path) else None
        return
    try:
        found = os.stat(place, dir_fd=within, follow_symlinks=False)
        handle = hold_folder(Path(place), within) if _is_own_folder(found, path) else None
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        handle = None
    if handle is None:
        yield None
        return
    try:
        yield Folder(path, handle) if _is_own_folder(os.fstat(handle), path) else None
    finally:
        os.close(handle)


def _is_own_folder(found: os.stat_result, path: Path) -> bool:
    return stat.S_ISDIR(found.st_mode) and is_own(found, path.parent)


def is_clip(name: str) -> bool:
    """Return whether that is what a store calls a clip."""
    return _CLIP.fullmatch(name) is not None


def is_file_of_ours(name: str) -> bool:
    """Return whether that is what a store calls a clip, a part or a note."""
    return is_clip(name) or _OTHERS.fullmatch(name) is not None
