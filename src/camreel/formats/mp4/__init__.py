"""The index of an mp4 without FFmpeg: read from what a camera wrote, and written for a part of it. No I/O.

Nothing in an index is believed: what does not fit together is :class:`BadIndex`, and then the whole file is fetched.
"""

from __future__ import annotations

from camreel.formats.mp4.boxes import BadIndex, boxes, index_at_end
from camreel.formats.mp4.head import Header, header_for, own_note
from camreel.formats.mp4.index import Movie, Run, Track, read_index
from camreel.formats.mp4.select import SampleChoice, choose, choose_one

__all__ = [
    "BadIndex",
    "Header",
    "Movie",
    "Run",
    "SampleChoice",
    "Track",
    "boxes",
    "choose",
    "choose_one",
    "header_for",
    "index_at_end",
    "own_note",
    "read_index",
]
