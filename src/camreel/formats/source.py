"""The one place where clips and videos are opened to be read: regular files alone, and nothing is waited for.

Whoever merges files on disk may name links, and files of anybody; what was found in a folder that others can write is
the file that was found. Clips that camreel downloaded are no links. In a
folder of several people they are this user's own, and what was downloaded by their hash: the process that merges them
is told so.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

from camreel.diskio import FileIdentity, NotRegular, open_regular, state_of


class ClipTrust(str, Enum):
    """Which files may be clips: any that a link leads to, those with the name, or of these those of this user."""

    ANYBODY = "anybody"
    NO_LINKS = "no links"
    OWN = "own"


@dataclass(slots=True)
class _Expected:
    """The SHA-256 of a clip, and the state of the file that had it."""

    digest: str
    state: tuple[int, ...] | None = None


@dataclass(slots=True)
class _Process:
    trust: ClipTrust = ClipTrust.ANYBODY
    expected: dict[str, _Expected] = field(default_factory=dict)
    found: dict[str, FileIdentity] = field(default_factory=dict)


_process = _Process()


def trust_clips(trust: ClipTrust) -> None:
    """From now on this process opens only such files."""
    _process.trust = trust


def expect_clip(path: str, digest: str | None) -> None:
    """From now on open ``path`` only if it has this SHA-256; None: whatever it is."""
    if digest is None:
        _process.expected.pop(path, None)
    else:
        _process.expected[path] = _Expected(digest)


def expect_file(path: str, found: FileIdentity | None) -> None:
    """From now on open as ``path`` only the file that was found there; None: whatever has the name."""
    if found is None:
        _process.found.pop(path, None)
    else:
        _process.found[path] = found


def found_file(path: str) -> FileIdentity | None:
    """Return the file that alone is opened as ``path``; None if any is."""
    return _process.found.get(path)


def changed_clip() -> str | None:
    """Return the path of an expected clip that was read and is not what it was; None if there is none."""
    for path in [path for path, expected in _process.expected.items() if expected.state is not None]:
        try:
            os.close(source_handle(path))
        except OSError:
            return path
    return None


def source_handle(path: str | Path, trust: ClipTrust | None = None) -> int:
    """Open a clip and return its descriptor. Raises OSError if it is not a file that may be read, or was changed."""
    trust = trust or _process.trust
    handle = open_regular(path, follow=trust is ClipTrust.ANYBODY, own=trust is ClipTrust.OWN)
    try:
        if (found := found_file(str(path))) is not None:
            _check_same(path, handle, found)
        if (expected := _process.expected.get(str(path))) is not None:
            _check(path, handle, expected)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check_same(path: str | Path, handle: int, found: FileIdentity) -> None:
    now = FileIdentity.of(os.fstat(handle))
    if not (found.has_numbers_of(now) or found.is_also(now)):
        raise NotRegular(path, "another program has replaced it")


_BLOCK = 1 << 20


def _check(path: str | Path, handle: int, expected: _Expected) -> None:
    """Raise NotRegular if the open clip is another than expected. It is read once, and again if its state changed."""
    state = state_of(os.fstat(handle))
    if state == expected.state:
        return
    sha = hashlib.sha256()
    while block := os.read(handle, _BLOCK):
        sha.update(block)
    if sha.hexdigest() != expected.digest:
        raise NotRegular(path, "another program has changed it")
    os.lseek(handle, 0, os.SEEK_SET)
    expected.state = state


def open_source(path: str | Path) -> BinaryIO:
    """Open a clip as a file object; see :func:`source_handle`."""
    return cast("BinaryIO", os.fdopen(source_handle(path), "rb"))


_HANDLES = Path("/proc/self/fd")


def path_of(handle: int, path: str) -> str:
    """Return a path under which a library opens the file behind ``handle`` again, whatever ``path`` is meanwhile.

    Linux with /proc alone. Elsewhere it is ``path`` itself, which was checked when it was opened.
    """
    return str(_HANDLES / str(handle)) if sys.platform == "linux" and _HANDLES.is_dir() else path
