"""The lock of a folder, also where the file system has none."""

from __future__ import annotations

import errno
import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest
from filelock import Timeout

from camreel.errors import DiskError
from camreel.model import Address
from camreel.transfer.lock import acquire, is_locked
from camreel.transfer.store import Store

fcntl = pytest.importorskip("fcntl", reason="the system's locks are others there")
_REAL = fcntl.flock
LACKS = {errno.ENOLCK: "ENOLCK", errno.EOPNOTSUPP: "EOPNOTSUPP", errno.ENOSYS: "ENOSYS", errno.EINVAL: "EINVAL"}


@pytest.fixture
def without_locks(monkeypatch, tmp_path):
    """Make a file system without locks of a folder; of all folders without one. Temporary files are in tmp_path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make(number: int, *folders: Path) -> None:
        def flock(handle: int, how: int) -> None:
            path = Path(f"/proc/self/fd/{handle}").readlink()
            if not folders or any(folder in path.parents for folder in folders):
                raise OSError(number, os.strerror(number))
            _REAL(handle, how)

        monkeypatch.setattr(fcntl, "flock", flock)

    return make


def _leave_locked(file: Path) -> None:
    acquire(file)
    os._exit(9)  # as kill -9 ends it


@pytest.mark.parametrize("number", LACKS, ids=LACKS.get)
@pytest.mark.parametrize("where", ["the output", "the output and the state", "everywhere"])
def test_without_locks_of_the_file_system_it_works_all_the_same(without_locks, tmp_path, number, where):
    """One run has the folder, another is refused, and afterwards it is free; nothing is left in the folder."""
    folders = [tmp_path / "videos"] + ([tmp_path / "state"] if where == "the output and the state" else [])
    without_locks(number, *(folders if where != "everywhere" else []))
    first, second = (Store(tmp_path / "videos", Address("10.0.0.9", 80)) for _ in range(2))
    for _again in range(2):
        with first.locked():
            assert second.who_has_it() is not None
            with pytest.raises(DiskError, match="Another run"), second.locked():
                pytest.fail("two have it")
        assert second.who_has_it() is None
    assert not [*(tmp_path / "videos").rglob("*")]


def test_the_lock_in_its_place_is_free_when_its_process_died(without_locks, tmp_path):
    """The system frees it, too; other folders have others."""
    file = tmp_path / "videos" / "a.lock"
    file.parent.mkdir()
    without_locks(errno.ENOLCK, file.parent)
    child = multiprocessing.get_context("fork").Process(target=_leave_locked, args=(file,))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert not is_locked(file)
    with acquire(file), acquire(file.with_name("b.lock")), pytest.raises(Timeout):
        acquire(file)


def test_a_folder_of_another_user_is_not_trusted(without_locks, tmp_path, monkeypatch):
    """Whoever plants a folder under the name of ours does not decide what is locked."""
    planted = tmp_path / f"camreel-locks-{os.getuid()}"
    planted.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    file = tmp_path / "videos" / "a.lock"
    file.parent.mkdir()
    without_locks(errno.ENOLCK, file.parent)
    with acquire(file):
        assert not list((tmp_path / "elsewhere").iterdir())
        assert is_locked(file)


def test_other_troubles_are_not_taken_for_it(without_locks, tmp_path):
    """A disk that reports an error has locks: the error is told."""
    without_locks(errno.EIO, tmp_path)
    with pytest.raises(OSError, match="error") as caught:
        acquire(tmp_path / "a.lock")
    assert caught.value.errno == errno.EIO


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("number", LACKS, ids=LACKS.get)
def test_a_marker_of_another_user_locks_nothing(without_locks, tmp_path, number):
    """Where there are no locks, a file is the lock: whoever puts one there cannot make it ours."""
    without_locks(number)
    marker = tmp_path / "a.lock-held"
    marker.touch()
    os.chown(marker, 54321, 54321)
    lock = acquire(tmp_path / "a.lock")
    assert marker.stat().st_uid == 0
    with pytest.raises(Timeout):
        acquire(tmp_path / "a.lock")
    lock.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_lock_of_another_user_locks_nothing(tmp_path):
    """Whoever holds it, holds another file than ours."""
    file = tmp_path / "a.lock"
    file.touch()
    os.chown(file, 54321, 54321)
    with file.open("rb") as planted:
        fcntl.flock(planted, fcntl.LOCK_EX)
        acquire(file).release()
    assert file.stat().st_uid == 0
