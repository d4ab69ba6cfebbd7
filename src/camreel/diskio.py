"""Read and write files safely: only regular ones, named when they are complete, with advice in disk errors.

Folders may be shared: what lies there may be a link, a FIFO, a device, or somebody else's file. Open with
:func:`open_regular`, make with :func:`create_new`, write small files with :func:`write_whole`.
:class:`BackgroundFsync` brings a file to the disk while it grows, so that closing gigabytes takes no time.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from camreel.errors import DiskError, reason_of_system, system_advice

# What a file system answers that has no hard links (FAT, exFAT, many network shares); EINVAL is how Windows says it.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into a DiskError with advice."""
    try:
        yield
    except OSError as error:
        hint = system_advice(error) or "Choose another folder with --output-dir."
        raise DiskError(f"Cannot write {path}: {reason_of_system(error)}.", hint=hint) from error


def part_of(final: Path) -> Path:
    """The temporary name of ``final``."""
    return final.with_name(final.name + ".part")


_CLOEXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)  # Windows' link to a folder
_MOST_LINKS = 40  # on the way to a file, as Linux has it


class NotRegular(OSError):
    """What is at a path is a link, a FIFO, a device, a folder, or another user's file."""

    def __init__(self, path: str | Path, what: str) -> None:
        super().__init__(errno.EINVAL, what, str(path))


def user_id() -> int | None:
    """Return the user that files of ours belong to; None on Windows."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def keeps_owners(folder: Path) -> bool:
    """Return whether what this user makes in ``folder`` belongs to this user: not so on many shares. Blocking.

    ``folder`` is this user's, or one that the user has named: a file is made in it, once for each file system.
    True if nothing can be made there.
    """
    try:
        system = folder.stat().st_dev, user_id()
        if system not in _keeping:
            _keeping[system] = _makes_own(folder)
    except OSError:
        return True
    return _keeping[system]


_keeping: dict[tuple[int, int | None], bool] = {}  # by file system and user


def _makes_own(folder: Path) -> bool:
    return user_id() in {None, probe(folder).st_uid}


def probe(folder: Path) -> os.stat_result:
    """Make a file in ``folder``, and return what became of it, which is gone. Raises OSError."""
    part = random_part(folder / ".camreel")
    try:
        handle = create_new(part)
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)
    finally:
        part.unlink(missing_ok=True)


def is_own(found: os.stat_result, within: Path) -> bool:
    """Return whether what was found in the folder ``within`` is this user's, or the file system has no owners."""
    user = user_id()
    if user in {None, found.st_uid}:
        return True
    known = _keeping.get((found.st_dev, user))
    if known is None:
        # What another has mounted there is another's.
        known = keeps_owners(within) or _keeping.get((found.st_dev, user), True)
    return not known


def is_own_folder(folder: Path) -> bool:
    """Return whether a folder of this user is there, which is no link; of anybody if the file system has no owners.

    The folder that it is in is this user's, or one that the user has named.
    """
    try:
        found = folder.lstat()
    except OSError:
        return False
    return is_folder(found) and is_own(found, folder.parent)


def is_folder(found: os.stat_result) -> bool:
    """Return whether a folder was found, and no link to one."""
    return stat.S_ISDIR(found.st_mode) and getattr(found, "st_reparse_tag", 0) != _JUNCTION


def is_own_file(file: Path) -> bool:
    """Return whether a regular file of this user is there, which is no link; of anybody as for a folder."""
    try:
        found = file.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and is_own(found, file.parent)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file it is, whatever its name; ``modified`` in nanoseconds."""

    device: int
    inode: int
    owner: int
    size: int
    modified: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileIdentity:
        """Return that of the file that the system describes so."""
        return cls(found.st_dev, found.st_ino, found.st_uid, found.st_size, found.st_mtime_ns)

    def is_also(self, other: FileIdentity) -> bool:
        """Return whether both are of one file that nobody has made longer or shorter."""
        # A number is given again once its file is removed, and some file systems number a file anew each time.
        numbers = self.has_numbers_of(other)
        return (self.owner, self.size) == (other.owner, other.size) and (numbers or self.modified == other.modified)

    def has_numbers_of(self, other: FileIdentity) -> bool:
        """Return whether both are of one file now, which may have grown."""
        return (self.device, self.inode) == (other.device, other.inode)

    def check(self, path: str | Path) -> FileIdentity:
        """Return the identity of what has the name ``path``. Raises DiskError if that is another file, or none."""
        try:
            found = FileIdentity.of(os.lstat(path))
        except FileNotFoundError:
            found = None
        if found is None or not self.is_also(found):
            raise DiskError(
                f"{Path(path).name} was replaced by another program during the run.",
                hint="Use a folder that only you can write. The downloads are kept.",
            )
        return found


def state_of(found: os.stat_result) -> tuple[int, ...]:
    """Return what changes with any change of a file: nobody can set back the time of its last change."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def open_regular(path: str | Path, flags: int = os.O_RDONLY, *, follow: bool = False, own: bool = False) -> int:
    """Open an existing regular file, and return its descriptor. Never wait, create or truncate.

    ``follow`` lets ``path`` be a link. ``own`` asks that the file is this user's, and has no second name.
    Raises NotRegular for anything else, OSError as :func:`os.open` does.
    """
    if flags & (os.O_CREAT | os.O_TRUNC):
        raise ValueError("open_regular neither creates nor truncates")
    _check_regular(path, Path(path).stat(follow_symlinks=follow), own=own)  # opening a device may do something
    handle = os.open(path, flags | _CLOEXEC | _NO_WAIT | (0 if follow else _NO_FOLLOW))
    try:
        _check_regular(path, os.fstat(handle), own=own)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check_regular(path: str | Path, found: os.stat_result, *, own: bool) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise NotRegular(path, "it is a link")
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(path, "it is not a regular file")
    if own and (user := user_id()) is not None:
        if found.st_uid != user:
            raise NotRegular(path, "it is another user's file")
        if found.st_nlink > 1:
            raise NotRegular(path, "it has a second name")


def open_file(path: str | Path, mode: str = "rb", *, follow: bool = False, own: bool = False) -> BinaryIO:
    """Open an existing regular file as a file object, ``rb`` or ``r+b``; see :func:`open_regular`."""
    handle = open_regular(path, os.O_RDWR if "+" in mode else os.O_RDONLY, follow=follow, own=own)
    return cast("BinaryIO", os.fdopen(handle, mode))


def read_regular(path: str | Path, most: int, *, follow: bool = False, own: bool = False) -> bytes:
    """Return the bytes of a regular file; see :func:`open_regular`. OSError (EFBIG) if it has more than ``most``."""
    with open_file(path, follow=follow, own=own) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most} bytes", str(path))
    return data


def create_new(path: str | Path, mode: int = 0o600, within: int | None = None) -> int:
    """Make a file, and return its descriptor for reading and writing. OSError if anything has its name, also a link.

    ``path`` begins in the open folder ``within``.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _CLOEXEC, mode, dir_fd=within)


def hold_folder(path: Path, within: int | None = None) -> int:
    """Return a descriptor of a folder by its path from the folder ``within``. OSError for anything else, or a link."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW | _CLOEXEC, dir_fd=within)


def random_part(final: Path) -> Path:
    """Return a temporary name of ``final`` that nobody can foretell: ``NAME.<8 hex digits>.part``."""
    return final.with_name(f"{final.name}.{secrets.token_hex(4)}.part")


def write_whole(
    path: Path,
    data: bytes,
    mode: int = 0o600,
    *,
    sync: bool = False,
    within: int | None = None,
    keeps_mode: bool = False,
) -> None:
    """Replace the file ``path`` by one with ``data``. Raises OSError; then nothing has changed and nothing is left.

    A link at ``path`` is replaced, not followed. ``path`` begins in the open folder ``within``. ``keeps_mode``: the new
    file has the mode of the one that it replaces; ``mode`` is that of a file that was not there.
    """
    kept = None
    if keeps_mode:
        with suppress(FileNotFoundError):
            mode = kept = os.stat(path, dir_fd=within, follow_symlinks=False).st_mode & 0o777
    part = random_part(path)
    handle = create_new(part, mode, within)
    try:
        with os.fdopen(handle, "wb") as file:
            if kept is not None and hasattr(os, "fchmod"):  # the umask may have taken some of it
                os.fchmod(file.fileno(), kept)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(part, path, src_dir_fd=within, dst_dir_fd=within)
    except BaseException:
        with suppress(OSError):
            os.unlink(part, dir_fd=within)
        raise


def make_private(folder: Path) -> None:
    """Make ``folder`` for this user alone, and the folders above it that are missing.

    OSError if what has its name is no folder, a link, or another user's.
    """
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
            if each.lstat().st_mode & stat.S_IRWXU != stat.S_IRWXU:  # the umask has taken our own rights
                each.chmod(0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotRegular(folder, "it is not a folder")
    if user_id() not in {None, found.st_uid}:
        raise NotRegular(folder, "it is another user's folder")


def is_private(folder: Path) -> bool:
    """Return whether nobody but this user (and root) can put anything into ``folder``, or another in its place.

    False if the system cannot tell (Windows has other rights), if ``folder`` is not there, or if it or the folder that
    it is in is a link: the downloads of a camera are in two folders of ours, and we make no links. Below a folder of
    this user that nobody else can enter, modes do not count.
    """
    user = user_id()
    if user is None:
        return False
    try:
        if folder.is_symlink() or folder.parent.is_symlink():
            return False
    except OSError:
        return False
    found = _guarded(folder, user)
    return found is not None and found.st_uid == user


def others_can_write(folder: Path) -> bool:
    """Return whether another user (but root) can put anything into ``folder``. False if the system cannot tell."""
    user = user_id()
    return user is not None and _guarded(folder, user) is None


def _guarded(folder: Path, user: int) -> os.stat_result | None:
    """Return what ``folder`` is if only ``user`` and root can put anything into it, or another in its place."""
    closed: dict[Path, bool] = {}  # by folder: whether others cannot get there, whatever its own mode
    at, last = folder, None
    try:
        for place, found in _steps_to(folder):
            if found.st_uid not in {user, 0}:
                return None
            if stat.S_ISLNK(found.st_mode):
                continue
            # What is mounted there, others may reach from elsewhere.
            inherits = closed.get(place.parent, False) and found.st_dev == place.parent.lstat().st_dev
            closed[place] = found.st_uid == user and (inherits or _keeps_others_out(found))
            # With the sticky bit nobody can rename or remove what is another's.
            if not (closed[place] or not _of_others(found) & stat.S_IWOTH or found.st_mode & stat.S_ISVTX):
                return None
            at, last = place, found
    except OSError:
        return None
    if last is None or not stat.S_ISDIR(last.st_mode):
        return None
    return last if closed[at] or not _of_others(last) & stat.S_IWOTH else None


def _keeps_others_out(folder: os.stat_result) -> bool:
    return not _of_others(folder)


def _of_others(folder: os.stat_result) -> int:
    """Return the rights (as in the last digit of a mode) of everybody but this user."""
    group = folder.st_mode >> 3 if folder.st_gid != own_group() else 0
    return (folder.st_mode | group) & stat.S_IRWXO


@cache
def own_group() -> int | None:
    """Return the group that is this user's alone, as many systems give one to each, with a umask of 002; else None.

    It is the user's first group, has the user's name, and no other members. None for root, and on Windows.
    """
    user = user_id()
    if not user:
        return None
    import grp  # noqa: PLC0415 - of POSIX
    import pwd  # noqa: PLC0415 - of POSIX

    try:
        account = pwd.getpwuid(user)
        group = grp.getgrgid(account.pw_gid)
    except KeyError:
        return None
    is_alone = group.gr_name == account.pw_name and set(group.gr_mem) <= {account.pw_name}
    return group.gr_gid if is_alone else None


def _steps_to(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield each folder and link that the system goes through to ``path``, from the root on. Raises OSError."""
    path = path.absolute()
    at, left, links = Path(path.anchor), [*reversed(path.parts[1:])], 0
    yield at, at.lstat()
    while left:
        name = left.pop()
        here = at.parent if name == ".." else at / name
        found = here.lstat()
        yield here, found
        if not stat.S_ISLNK(found.st_mode):
            at = here
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = here.readlink()
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        if target.is_absolute():
            at = Path(target.anchor)
        yield at, at.lstat()  # from there on


def sync_file(path: Path) -> None:
    """Have the system put ``path`` on the disk. Blocking."""
    with disk_errors(path):
        handle = open_regular(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def place(part: Path, final: Path, *, overwrite: bool = False) -> str | None:
    """Give a complete, synced ``part`` its name. DiskError where the name is taken and not ``overwrite``.

    Return a sentence if it has kept its temporary name besides.
    Never overwriting is atomic where the file system has hard links; elsewhere the check comes just before.
    """
    with disk_errors(final):
        note = None
        if overwrite:
            part.replace(final)
        else:
            note = _place_new(part, final)
        sync_folder(final.parent)
        return note


def _place_new(part: Path, final: Path) -> str | None:
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
        try:
            part.unlink()
        except OSError as error:
            return f"{final.name} is complete; its temporary name {part.name} stays: {reason_of_system(error)}."
    if taken:
        raise DiskError(
            f"{final} was created by another program during the export and was not overwritten.",
            hint=f"The new video is complete: {part.name}, beside it.",
        )
    return None


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
            handle = open_regular(self._path, os.O_RDWR)
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
