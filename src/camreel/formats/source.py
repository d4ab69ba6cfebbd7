"""The one place where clips and videos are opened to be read: regular files alone, and nothing is waited for.

Who merges files on disk may name links, and files of anybody. Clips of a store are this user's own and no links:
:func:`only_own` says so once, in the process that merges them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from camreel.diskio import open_file, open_regular


@dataclass(slots=True)
class _Trust:
    own: bool = False


_trust = _Trust()


def only_own(own: bool = True) -> None:
    """From now on this process opens only files of its user, and follows no link."""
    _trust.own = own


def source_handle(path: str | Path) -> int:
    """Open a clip and return its descriptor. Raises OSError if it is not a file that may be read."""
    return open_regular(path, follow=not _trust.own, own=_trust.own)


def open_source(path: str | Path) -> BinaryIO:
    """Open a clip as a file object; see :func:`source_handle`."""
    return open_file(path, follow=not _trust.own, own=_trust.own)


_HANDLES = Path("/proc/self/fd")


def path_of(handle: int, path: str) -> str:
    """Return a path under which a library opens the file behind ``handle`` again, whatever ``path`` is meanwhile.

    Linux with /proc alone. Elsewhere it is ``path`` itself, which was checked when it was opened.
    """
    return os.path.join(_HANDLES, str(handle)) if _has_handles() else path  # noqa: PTH118 - for each clip


def _has_handles() -> bool:
    return sys.platform == "linux" and _HANDLES.is_dir()
