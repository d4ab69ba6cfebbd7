"""Write files safely: a file gets its name when it is complete, and disk errors come with advice.

:class:`BackgroundFsync` brings a file to the disk while it grows, so that closing gigabytes takes no time.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camreel.errors import DiskError

# What a file system answers that has no hard links (FAT, exFAT, many network shares); EINVAL is how Windows says it.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into a DiskError with advice."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = {
            errno.ENOSPC: "Free some space and run the same command again: what was downloaded is kept.",
            errno.EDQUOT: "Free some space and run the same command again: what was downloaded is kept.",
            errno.EFBIG: "This file system cannot hold a file that large (FAT32 ends at 4 GiB): choose another disk.",
            errno.EACCES: "Choose another folder with --output-dir, or change its permissions.",
            errno.EPERM: "Choose another folder with --output-dir, or change its permissions.",
            errno.EROFS: "The disk is read-only: choose another folder with --output-dir.",
        }.get(error.errno or 0, "Choose another folder with --output-dir.")
        raise DiskError(f"Cannot write {path}: {reason[:1].lower()}{reason[1:]}.", hint=hint) from error


def part_of(final: Path) -> Path:
    """The temporary name of ``final``."""
    return final.with_name(final.name + ".part")


def sync_file(path: Path) -> None:
    """Have the system put ``path`` on the disk. Blocking."""
    with disk_errors(path):
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def place(part: Path, final: Path, *, overwrite: bool = False) -> None:
    """Give a complete, synced ``part`` its name. DiskError where the name is taken and not ``overwrite``.

    Never overwriting is atomic where the file system has hard links; elsewhere the check comes just before.
    """
    with disk_errors(final):
        if overwrite:
            part.replace(final)
        else:
            _place_new(part, final)
        sync_folder(final.parent)


def _place_new(part: Path, final: Path) -> None:
    try:
        os.link(part, final)
    except FileExistsError:
        taken = True
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        taken = final.exists()
        if not taken:
            part.rename(final)
    else:
        taken = False
        part.unlink()
    if taken:
        raise DiskError(
            f"{final} came into being while this was at work; it was left alone.",
            hint=f"The new video is complete and is called {part.name}, beside it.",
        )


def sync_folder(folder: Path) -> None:
    """Have the names in ``folder`` on the disk, where the system can do that (Windows cannot)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems have no fsync for folders
    finally:
        os.close(handle)


_EVERY = 32 << 20  # bytes
_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have the one only


class BackgroundFsync:
    """A thread of its own does it: writing goes on meanwhile, and is not waited for. ``done``: bytes that are there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._begun_at = 0
        self.done = 0
        self._wanted = threading.Event()
        self._over = False
        self._error: OSError | None = None
        self._thread: threading.Thread | None = None

    def written(self, size: int) -> None:
        """So many bytes of it are written. Takes no time."""
        if size - self._begun_at < _EVERY:
            return
        self._begun_at = size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._wanted.set()

    def end(self) -> None:
        """Leave the rest to the last sync. Raises what the disk said meanwhile: the system tells it only once."""
        self._over = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            handle = os.open(self._path, os.O_RDWR)
            try:
                while self._wanted.wait() and not self._over:
                    self._wanted.clear()
                    size = self._begun_at
                    _sync(handle)
                    self.done = size
            finally:
                os.close(handle)
        except OSError as error:
            self._error = error
