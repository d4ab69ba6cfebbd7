"""The lock of a folder: the system's, so that the lock of a process that died is free.

Some file systems have none (NFS without its lock service, some shares and FUSE mounts). Then a file in a folder of this
user on this computer is locked in its place, which keeps out all other runs of this user here. Without any locks at all
it is a file that only one process can make.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from camreel.devices.lockout import state_folder
from camreel.diskio import is_own_file, make_private

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
    marker = _marker(file)
    _remove_others(marker)
    return _held(SoftFileLock(marker))


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
    _remove_others(file)  # filelock would open it, and cut it off
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no locks
        lock = _held(FileLock(file, mode=0o600))  # who can read it can lock it
    if isinstance(lock, SoftFileLock):  # what other versions of filelock make of ENOSYS
        lock.release()
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(file))
    return lock


def _remove_others(file: Path) -> None:
    """Remove what is no file of this user's, or has a second name. Raises OSError."""
    if os.path.lexists(file) and not (is_own_file(file) and file.lstat().st_nlink <= 1):
        file.unlink()


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
