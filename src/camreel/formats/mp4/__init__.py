"""The index of an mp4: read what a camera wrote, and write one for a part of it. No I/O.

No index is trusted: one that contradicts itself raises :class:`BadIndex`, and the whole file is fetched.
"""

from __future__ import annotations

from camreel.formats.mp4.boxes import BadIndex, boxes, index_at_end
from camreel.formats.mp4.edits import Edits, edits_in
from camreel.formats.mp4.head import Header, header_for, own_note
from camreel.formats.mp4.index import Movie, Run, Track, read_index
from camreel.formats.mp4.select import SampleChoice, choose, choose_one

__all__ = [
    "BadIndex",
    "Edits",
    "Header",
    "Movie",
    "Run",
    "SampleChoice",
    "Track",
    "boxes",
    "choose",
    "choose_one",
    "edits_in",
    "header_for",
    "index_at_end",
    "own_note",
    "read_index",
]
