"""Show a range at a glance: a page and a contact sheet of pictures, for a fraction of the recordings' bytes.

`choose` selects moments, `fetch` gets their pictures, and `view` puts them into words and places. `page` and `report`
present the result, which `model` defines. `job` runs it all.
"""

from __future__ import annotations

from camreel.preview.choose import MOST, MOST_ASKED
from camreel.preview.command import GetLine
from camreel.preview.job import look, look_name, looked_already, page_place
from camreel.preview.model import DownloadQuestion, Look, LookOptions, Way
from camreel.preview.report import look_json, look_text

__all__ = [
    "MOST",
    "MOST_ASKED",
    "DownloadQuestion",
    "GetLine",
    "Look",
    "LookOptions",
    "Way",
    "look",
    "look_json",
    "look_name",
    "look_text",
    "looked_already",
    "page_place",
]
