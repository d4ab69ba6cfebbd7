"""The index of an mp4: read what a camera wrote, and write one for a part of it. No I/O.

No index is trusted: one that contradicts itself raises :class:`BadIndex`, and the whole file is fetched.
"""

from __future__ import annotations

from camreel.formats.mp4.boxes import BadIndex, boxes, index_at_end
from camreel.formats.mp4.edits import Edits, edits_in
from camreel.formats.mp4.fragments import read_fragments
from camreel.formats.mp4.head import Header, header_for, own_note
from camreel.formats.mp4.index import Movie, Outline, Run, Track, TrackOutline, read_index, read_outline, read_tracks
from camreel.formats.mp4.layout import fragments_of, index_of
from camreel.formats.mp4.presentation import presented
from camreel.formats.mp4.select import SampleChoice, choose, choose_one

__all__ = [
    "BadIndex",
    "Edits",
    "Header",
    "Movie",
    "Outline",
    "Run",
    "SampleChoice",
    "Track",
    "TrackOutline",
    "boxes",
    "choose",
    "choose_one",
    "edits_in",
    "fragments_of",
    "header_for",
    "index_at_end",
    "index_of",
    "own_note",
    "presented",
    "read_fragments",
    "read_index",
    "read_outline",
    "read_tracks",
]
