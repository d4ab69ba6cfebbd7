"""Show a range at a glance: a page and a contact sheet of pictures, for a fraction of the recordings' bytes.

`choose` selects moments, `fetch` gets their pictures, and `view` puts them into words and places. `command` writes what
a moment or a range is exported by. `page` and `report` present the result, which `model` defines. `job` looks at one
camera, and `output` writes the page of all.
"""

from __future__ import annotations

from camreel.preview.choose import MOST_ASKED
from camreel.preview.command import GetLine
from camreel.preview.job import look, picture_folder
from camreel.preview.model import DownloadQuestion, FailedLook, Look, LookOptions, Way, WrittenPage
from camreel.preview.output import called, look_name, looked_already, page_place, write
from camreel.preview.report import look_json, look_lines, look_text, outputs_json, page_lines

__all__ = [
    "MOST_ASKED",
    "DownloadQuestion",
    "FailedLook",
    "GetLine",
    "Look",
    "LookOptions",
    "Way",
    "WrittenPage",
    "called",
    "look",
    "look_json",
    "look_lines",
    "look_name",
    "look_text",
    "looked_already",
    "outputs_json",
    "page_lines",
    "page_place",
    "picture_folder",
    "write",
]
