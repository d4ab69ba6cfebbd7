"""The one place where clips and videos are opened to be read: regular files alone, and nothing is waited for.

Whoever merges files on disk may name links, and files of anybody. Clips that camreel downloaded are no links, and in a
folder of several people they are this user's own: the process that merges them is told so once.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

from camreel.diskio import open_regular


class ClipTrust(str, Enum):
    """Which files may be clips: any that a link leads to, those with the name, or of these those of this user."""

    ANYBODY = "anybody"
    NO_LINKS = "no links"
    OWN = "own"


@dataclass(slots=True)
class _Process:
    trust: ClipTrust = ClipTrust.ANYBODY


_process = _Process()


def trust_clips(trust: ClipTrust) -> None:
    """From now on this process opens only such files."""
    _process.trust = trust


def source_handle(path: str | Path, trust: ClipTrust | None = None) -> int:
    """Open a clip and return its descriptor. Raises OSError if it is not a file that may be read."""
    trust = trust or _process.trust
    return open_regular(path, follow=trust is ClipTrust.ANYBODY, own=trust is ClipTrust.OWN)


def open_source(path: str | Path) -> BinaryIO:
    """Open a clip as a file object; see :func:`source_handle`."""
    return cast("BinaryIO", os.fdopen(source_handle(path), "rb"))


_HANDLES = Path("/proc/self/fd")


def path_of(handle: int, path: str) -> str:
    """Return a path under which a library opens the file behind ``handle`` again, whatever ``path`` is meanwhile.

    Linux with /proc alone. Elsewhere it is ``path`` itself, which was checked when it was opened.
    """
    return str(_HANDLES / str(handle)) if sys.platform == "linux" and _HANDLES.is_dir() else path
