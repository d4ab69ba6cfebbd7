"""Read and replace the comment in a video's metadata: it marks a video as an earlier output of camreel."""

from __future__ import annotations

import os

from camreel.diskio import open_file
from camreel.formats.containers import OutputFormat
from camreel.formats.source import open_source

# Where the muxers put it: mkv and avi in the head, mp4 at the end, behind the index (and in the head a copy from
# before the file was closed, which nothing reads any more).
_WINDOW = 1 << 20


def read_comment(path: str) -> str | None:
    """The comment of the film at ``path``; None where there is none, or no film. Never raises for what it holds."""
    demuxer = _demuxer_of(path)
    if demuxer is None:
        return None
    # A sixth of a second, for which an export does not wait where there is no film yet.
    import av.error  # noqa: PLC0415

    from camreel.media.ffmpeg import open_as  # noqa: PLC0415

    try:
        with open_as(path, demuxer) as film:
            found = {key.lower(): text for key, text in film.metadata.items()}
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    return found.get("comment")


def _demuxer_of(path: str) -> str | None:
    try:
        with open_source(path) as file:
            head = file.read(12)
    except OSError:
        return None
    return next((each.container.demuxer for each in OutputFormat if each.container.begins(head)), None)


def replace_in_place(path: str, old: bytes, new: bytes) -> int:
    """Replace ``old`` by ``new``, of the same length, near the start and the end of a closed film; how often.

    The film stays as it is otherwise, and the change is on the disk when this returns. Raises :class:`OSError`.
    """
    if len(old) != len(new) or not old:
        raise ValueError("a change in place keeps the length")
    with open_file(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        places: set[int] = set()
        for start in {0, max(0, size - _WINDOW)}:
            file.seek(start)
            places.update(start + at for at in _find_all(file.read(_WINDOW), old))
        for place in places:
            file.seek(place)
            file.write(new)
        file.flush()
        os.fsync(file.fileno())
    return len(places)


def _find_all(data: bytes, wanted: bytes) -> list[int]:
    found, at = [], data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + len(wanted))
    return found
