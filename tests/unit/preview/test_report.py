"""The lines of the report of several cameras."""

from __future__ import annotations

from pathlib import Path

from camreel.preview.model import WrittenPage
from camreel.preview.report import page_lines


def test_each_file_has_a_label_and_its_whole_path():
    """Also with the other suffix of a page, and a path longer than the screen."""
    files = [Path(f"/a folder with a long name/{'x' * 80}{suffix}") for suffix in (".html", ".htm", ".HTM", ".png")]
    lines = page_lines(WrittenPage(tuple((file, 1000) for file in files)))
    assert [line.label for line in lines] == ["Page", "Page", "Page", "Sheet"]
    for line, file in zip(lines, files, strict=True):
        shown = ["".join(text for text, _ in pieces) for pieces in line.pieces(80)]
        assert any(str(file) in each for each in shown)
