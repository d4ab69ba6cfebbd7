"""The lock of a folder: the system's, so that the lock of a process that died is free.

Some file systems have none (NFS without its lock service, some shares and FUSE mounts). Then a file in a folder of this
user on this computer is locked in its place, which keeps out all other runs of this user here. Without any locks at all
it is a file that only one process can make.

:class:`HeldFolders` holds on to the folders themselves, whatever is given their names meanwhile.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from camreel.devices.lockout import state_folder
from camreel.diskio import NotRegular, hold_folder, is_own_file, is_own_folder, keeps_owners, make_private, user_id

# What a file system answers that has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def acquire(file: Path) -> BaseFileLock:
    """Return the lock of ``file``, or one in its place, held. Raise filelock.Timeout if another process has it.

    OSError if ``file`` cannot be written.
    """
    try:
        return _by_system(file)
    except NotImplementedError:  # some versions of filelock for ENOSYS
        pass
    except OSError as error:
        if error.errno not in _NO_LOCKS:  # Timeout among them
            raise
    with suppress(OSError):
        file.unlink()
    for place in _stand_ins(file):
        try:
            make_private(place.parent)
            return _by_system(place)
        except Timeout:
            raise
        except (OSError, NotImplementedError):  # no locks there either, or no right to write
            with suppress(OSError):
                place.unlink()
    return _held(SoftFileLock(_marker(file)))


def is_locked(file: Path) -> bool:
    """Return whether another process has it. Nothing is made for that."""
    if not any(os.path.lexists(place) for place in (file, _marker(file), *_stand_ins(file))):
        return False
    try:
        acquire(file).release()
    except Timeout:
        return True
    return False


def _by_system(file: Path) -> BaseFileLock:
    if os.path.lexists(file) and not (is_own_file(file) and file.lstat().st_nlink <= 1):
        file.unlink()  # filelock would open it, and cut it off
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no locks
        lock = _held(FileLock(file))
    if isinstance(lock, SoftFileLock):  # what other versions of filelock make of ENOSYS
        lock.release()
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(file))
    return lock


def _held(lock: BaseFileLock) -> BaseFileLock:
    lock.acquire(timeout=0)
    return lock


def _marker(file: Path) -> Path:
    return file.with_name(f"{file.name}-held")


def _stand_ins(file: Path) -> list[Path]:
    """The files that may be locked in its place: in the user's own folder, and in the system's for what passes."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folders = [Path(tempfile.gettempdir()) / f"camreel-locks-{user}"]
    with suppress(RuntimeError):  # the user has no home folder
        folders.insert(0, state_folder() / "locks")
    key = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:16]
    return [folder / f"{key}.lock" for folder in folders]


_BY_HANDLE = {os.open, os.unlink, os.rmdir, os.rename, os.stat} <= os.supports_dir_fd


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
                self._known[folder] = _identity(self._hold(folder))
        except BaseException:
            self.close()
            raise

    def _hold(self, folder: Path) -> os.stat_result:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotRegular(folder, "it is not a folder")
        if not _BY_HANDLE:
            if not is_own_folder(folder):
                raise NotRegular(folder, "it is another user's folder")
            return found
        place, above = self._within(folder)
        self._handles[folder] = hold_folder(place, above)
        found = os.fstat(self._handles[folder])
        if user_id() != found.st_uid and keeps_owners(next(iter(self._handles)).parent):
            raise NotRegular(folder, "it is another user's folder")
        return found

    def replaced(self) -> Path | None:
        """Return the folder whose name something else has now; None if all are what they were."""
        for folder, known in self._known.items():
            try:
                found = folder.lstat()
            except OSError:
                return folder
            if not stat.S_ISDIR(found.st_mode) or _identity(found) != known:
                return folder
        return None

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


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
