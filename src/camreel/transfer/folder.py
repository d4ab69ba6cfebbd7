"""Folders of a store by their descriptors: what is read, renamed and removed is in the folder that was checked.

Where others can write, the name of a folder may lead elsewhere a moment later. Where the system has no such calls
(Windows), it is used by its path.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from camreel.diskio import NotRegular, create_new, hold_folder, is_folder, is_own, write_whole
from camreel.transfer.notes import STEM, TORN

KEPT = "kept"
SCRATCH = "timelapse-"  # folders of a timelapse, for as long as its run has the store
_CLIP = re.compile(rf"{STEM.pattern}(?:\.unusable)?\.(?:mp4|dav|bin)")
_OTHERS = re.compile(
    rf"{STEM.pattern}(?:\.about)?\.part|{STEM.pattern}\.about\.part{TORN}|[0-9a-f]{{12}}\.job(?:{TORN})?"
)
_SCRATCH = re.compile(rf"{SCRATCH}[a-z0-9_]{{8}}")
_IN_SCRATCH = re.compile(r"[0-9]{1,9}\.(?:mp4|dav)")
_BY_HANDLE = {os.open, os.stat, os.unlink, os.rmdir, os.rename} <= os.supports_dir_fd and os.listdir in os.supports_fd
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

    def _place(self, name: str) -> Path:
        return self.path / name if self._handle is None else Path(name)


@contextmanager
def open_folder(path: Path) -> Iterator[Folder | None]:
    """Open a folder of this user that is no link; None if there is none. Raises OSError."""
    with _opened(path, path, None) as folder:
        yield folder


@contextmanager
def _opened(path: Path, place: Path, within: int | None) -> Iterator[Folder | None]:
    try:
        _, handle = _hold_own(path, place, within)
    except NotRegular:
        yield None
        return
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        yield None
        return
    try:
        yield Folder(path, handle)
    finally:
        if handle is not None:
            os.close(handle)


def _hold_own(path: Path, place: Path, within: int | None) -> tuple[os.stat_result, int | None]:
    """Hold the folder ``path``, which is at ``place`` in the open folder ``within``; return what it is, too.

    No descriptor where the system has no such calls. Raises OSError: NotRegular if it is no folder of this user's.
    """
    found = os.stat(place, dir_fd=within, follow_symlinks=False) if _BY_HANDLE else path.lstat()
    _check_own(path, found)
    if not _BY_HANDLE:
        return found, None
    handle = hold_folder(place, within)
    try:
        found = os.fstat(handle)
        _check_own(path, found)
    except BaseException:
        os.close(handle)
        raise
    return found, handle


def _check_own(path: Path, found: os.stat_result) -> None:
    if not is_folder(found):
        raise NotRegular(path, "it is not a folder")
    if not is_own(found, path.parent):
        raise NotRegular(path, "it is another user's folder")


class HeldFolders:
    """Folders of this user, as they are now: files are removed and renamed in these, whatever gets their names.

    Each is in the one before. Without any, paths mean what they mean to the system, and nothing is looked at.
    """

    def __init__(self, *folders: Path) -> None:
        """Hold ``folders``. Raises OSError: NotRegular if one is a link, no folder, or another user's."""
        self._handles: dict[Path, int] = {}
        self._known: dict[Path, tuple[int, int]] = {}
        try:
            for folder in folders:
                self._hold(folder)
        except BaseException:
            self.close()
            raise

    def _hold(self, folder: Path) -> None:
        place, above = self._within(folder)
        found, handle = _hold_own(folder, place, above)
        self._known[folder] = found.st_dev, found.st_ino
        if handle is not None:
            self._handles[folder] = handle

    def make(self, folder: Path) -> None:
        """Make ``folder`` for this user alone if it is missing, and hold it, too. Raises OSError as for holding."""
        if folder in self._known:
            return
        place, above = self._within(folder)
        with suppress(FileExistsError):
            os.mkdir(place, 0o700, dir_fd=above)
            if os.stat(place, dir_fd=above, follow_symlinks=False).st_mode & 0o700 != 0o700:  # the umask has taken it
                os.chmod(place, 0o700, dir_fd=above)
        self._hold(folder)

    def replaced(self) -> Path | None:
        """Return the folder whose name something else has now; None if all are what they were."""
        for folder, known in self._known.items():
            try:
                found = folder.lstat()
            except OSError:
                return folder
            if not is_folder(found) or (found.st_dev, found.st_ino) != known:
                return folder
        return None

    def create(self, file: Path, mode: int = 0o600) -> int:
        """Make ``file``, and return its descriptor. OSError if anything has its name."""
        name, folder = self._within(file)
        return create_new(name, mode, folder)

    def write(self, file: Path, data: bytes) -> None:
        """Replace ``file`` by one with ``data``. Raises OSError."""
        name, folder = self._within(file)
        write_whole(name, data, within=folder)

    def remove_scratch(self, folder: Path) -> None:
        """Remove a folder of a timelapse, with its clips; hold it no longer. Raises OSError."""
        Folder(folder.parent, self._handles.get(folder.parent)).remove_scratch(folder.name)
        self._forget(folder)

    def remove(self, file: Path) -> None:
        """Remove ``file`` if it is there. Raises OSError."""
        name, folder = self._within(file)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)

    def remove_if_empty(self, folder: Path) -> None:
        """Remove ``folder`` if it is there, and empty."""
        name, above = self._within(folder)
        with suppress(OSError):
            os.rmdir(name, dir_fd=above)
            self._forget(folder)

    def _forget(self, folder: Path) -> None:
        self._known.pop(folder, None)
        if (handle := self._handles.pop(folder, None)) is not None:
            os.close(handle)

    def rename(self, file: Path, new: Path) -> None:
        """Give ``file`` the name ``new``, whatever has it. Raises OSError."""
        (name, folder), (new_name, new_folder) = self._within(file), self._within(new)
        os.replace(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)

    def lstat(self, path: Path) -> os.stat_result:
        """Return what is at ``path``. Raises OSError."""
        name, folder = self._within(path)
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def close(self) -> None:
        """Hold them no longer."""
        while self._handles:
            os.close(self._handles.popitem()[1])

    def _within(self, path: Path) -> tuple[Path, int | None]:
        """Return ``path`` from the innermost held folder that it is in, and the descriptor of that."""
        for folder, handle in reversed(self._handles.items()):
            if folder in path.parents:
                return path.relative_to(folder), handle
        return path, None


def is_clip(name: str) -> bool:
    """Return whether that is what a store calls a clip."""
    return _CLIP.fullmatch(name) is not None


def is_file_of_ours(name: str) -> bool:
    """Return whether that is what a store calls a clip, a part or a note."""
    return is_clip(name) or _OTHERS.fullmatch(name) is not None
