"""How far into the file its index reaches. FFmpeg knows; PyAV 16 (which Home Assistant has) does not hand it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camreel.formats.mp4 import BadIndex, read_index
from camreel.formats.mp4.boxes import head_of

_MOST_BOXES = 1_000_000  # Amcrest cameras write one for each picture
_LARGEST = 64 << 20
_ANYWHERE = 1 << 62


def reach_of_index(path: str, video: Any) -> int:
    """Where in the file at ``path`` the last picture ends that is listed for its stream ``video``; 0: nobody knows."""
    entries = getattr(video, "index_entries", None)  # since PyAV 17
    if entries is not None:
        return max((entry.pos + entry.size for entry in entries), default=0)
    try:
        pictures = read_index(_moov_of(path), _ANYWHERE).pictures
    except (BadIndex, OSError):
        return 0
    return max((at + size for at, size in zip(pictures.offsets, pictures.sizes, strict=True)), default=0)


def _moov_of(path: str) -> bytes:
    total = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        at = 0
        for _box in range(_MOST_BOXES):
            file.seek(at)
            head = file.read(16)
            size, kind, _ = head_of(head.ljust(16, b"\0"), 0, 16)
            if head[:4] == b"\0\0\0\0" or size < 8 or at + size > total:
                break
            if kind == b"moov" and size <= _LARGEST:
                file.seek(at)
                return file.read(size)
            at += size
    raise BadIndex("it has no index")
