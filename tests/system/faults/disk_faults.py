"""A disk that fails: the n-th system call below a folder gets an error of the system, once or from then on."""

from __future__ import annotations

import builtins
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# Each is called with the path, or the descriptor, first.
CALLS = ("open", "write", "fsync", "fdatasync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "statvfs")
_Real = Callable[..., Any]


@dataclass
class FailingDisk:
    """Count the calls that change or open something below ``folder``; fail the one that is ``chosen``.

    ``chosen`` is a kind of call and its number from 1, ``number`` the error. ``lasting``: so fail all after it.
    """

    folder: Path
    chosen: tuple[str, int] = ("", 0)
    number: int = 0
    lasting: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Stand between this process and the system."""
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                if hasattr(os, name):
                    patch.setattr(os, name, self._failing(name, getattr(os, name)))
            real = io.open
            for module in (io, builtins):
                patch.setattr(module, "open", lambda *given, **more: self._opened(real, *given, **more))
            patch.setattr(tempfile, "_io", io, raising=False)
            yield

    def check(self, kind: str, where: object) -> None:
        """Raise the error if it is this call's turn."""
        if not self._is_below(where):
            return
        self.counts[kind] = self.counts.get(kind, 0) + 1
        chosen, turn = self.chosen
        if kind == chosen and (self.counts[kind] == turn or (self.lasting and self.counts[kind] > turn)):
            raise OSError(self.number, os.strerror(self.number), str(where))

    def _failing(self, name: str, real: _Real) -> _Real:
        kind = {"fdatasync": "fsync", "replace": "rename"}.get(name, name)

        def call(where: Any, *rest: Any, **more: Any) -> Any:
            if name != "open" or (rest and rest[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                self.check(kind, where)
            return real(where, *rest, **more)

        return call

    def _opened(self, real: _Real, file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        is_written = any(letter in mode for letter in "wax+")
        if is_written and not isinstance(file, int):
            self.check("open", file)
        opened = real(file, mode, *rest, **more)
        if is_written and self._is_below(file):
            raw = opened
            while (inner := getattr(raw, "buffer", None) or getattr(raw, "raw", None)) is not None:
                raw = inner
            return _Written(opened, lambda: self.check("write", file))
        return opened

    def _is_below(self, where: object) -> bool:
        if isinstance(where, int):
            try:
                where = Path(f"/proc/self/fd/{where}").readlink()
            except OSError:
                return False
        if not isinstance(where, str | bytes | os.PathLike):
            return False
        path = Path(os.fsdecode(where))
        return self.folder in path.parents or path == self.folder


class _Written:
    """A file whose writes are asked for first. A buffer is taken for none: what fails, fails at once."""

    def __init__(self, opened: Any, check: Callable[[], None]) -> None:
        self._opened, self._check = opened, check

    def write(self, data: Any) -> Any:
        self._check()
        return self._opened.write(data)

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_error: object) -> None:
        self._opened.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)
