"""Open a clip of any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camreel.formats.sniff import Unreadable, Unusable, foreign_of, is_dav, summary_of, what_else
from camreel.media.clips.clip import Clip, open_mp4
from camreel.media.clips.dav_clip import DavClip
from camreel.media.clips.foreign_clip import ForeignClip
from camreel.media.clips.indexed_clip import open_indexed
from camreel.media.ffmpeg import FAST_OPEN

if TYPE_CHECKING:
    from camreel.formats.dhav import DhavSummary


def open_clip(path: str, options: dict[str, str] = FAST_OPEN) -> Clip:
    """Open a clip. Raises :class:`Unusable` with a sentence that says what it is instead."""
    other = what_else(path)
    try:
        if other is None:
            return open_mp4(path, options)
        if (container := foreign_of(path)) is not None:
            return ForeignClip(path, container)
        if is_dav(path):
            return DavClip(path, options)
    except OSError as error:  # another file has its name since
        raise Unreadable(error) from error
    raise Unusable(other)


def open_to_copy(path: str) -> Clip:
    """The same, for a clip whose packets are copied or compared, and not decoded: they may stay where they are."""
    return open_indexed(path) or open_clip(path)


def own_clock(path: str) -> DhavSummary | None:
    """What a clip says of its own times, where it does: a ``.dav``. None for others. Raises :class:`Unusable`."""
    is_other = what_else(path) is not None and foreign_of(path) is None
    return summary_of(path) if is_other and is_dav(path) else None
