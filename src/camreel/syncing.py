"""Bring a file to the disk while it is written, so that nobody waits for gigabytes when it is closed."""

from __future__ import annotations

import os
import threading

_EVERY = 32 << 20  # bytes
_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have the one only


class Syncing:
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
