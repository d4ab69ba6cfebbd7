"""A film goes to the disk while it is written, and what the disk says then is not lost."""

from __future__ import annotations

import errno
import threading

import pytest

from camreel import diskio
from camreel.diskio import BackgroundFsync


def test_it_is_synced_as_it_grows_and_not_for_little(tmp_path, monkeypatch):
    path = tmp_path / "film"
    path.write_bytes(b"film")
    synced = threading.Semaphore(0)
    monkeypatch.setattr(diskio, "_sync", lambda _handle: synced.release())
    work = BackgroundFsync(str(path))
    work.written(diskio._EVERY - 1)
    assert not synced.acquire(blocking=False)
    for times in (1, 2):
        work.written(times * diskio._EVERY)
        assert synced.acquire(timeout=30)
    work.end()


def test_an_error_of_the_disk_is_raised_at_the_end(tmp_path, monkeypatch):
    path = tmp_path / "film"
    path.write_bytes(b"film")

    def fail(_handle):
        raise OSError(errno.EIO, "the disk reports an error")

    monkeypatch.setattr(diskio, "_sync", fail)
    work = BackgroundFsync(str(path))
    work.written(diskio._EVERY)
    assert work._thread is not None
    work._thread.join(30)
    with pytest.raises(OSError, match="reports an error"):
        work.end()
