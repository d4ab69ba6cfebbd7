"""What is in a range, at a glance: a page and a contact sheet of pictures, for a fraction of the recordings' bytes.

``places`` (which moments), ``fetching`` (their pictures, as cheaply as the camera allows), ``moments`` (as they are
shown), ``command`` (the line that exports one), ``page`` (HTML), ``outputs`` (where it goes), ``as_text`` and
``as_json`` (the report), ``story`` (all of it).
"""

from __future__ import annotations

from camreel.looking.as_json import look_json
from camreel.looking.as_text import look_text
from camreel.looking.command import GetLine
from camreel.looking.outputs import look_name, page_place
from camreel.looking.places import MOST, MOST_ASKED
from camreel.looking.story import look, looked_already
from camreel.looking.value import Look, Looking, Question, Way

__all__ = [
    "MOST",
    "MOST_ASKED",
    "GetLine",
    "Look",
    "Looking",
    "Question",
    "Way",
    "look",
    "look_json",
    "look_name",
    "look_text",
    "looked_already",
    "page_place",
]
