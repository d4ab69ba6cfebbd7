"""`camreel look`: what `--open` opens."""

from __future__ import annotations

from pathlib import Path

from camreel.cli.commands.look import _LookView
from camreel.cli.options import OutputOptions
from camreel.preview import WrittenPage


def test_the_page_is_opened_and_not_its_folder() -> None:
    """The sheet is in it. Where nothing was written, nothing is opened."""
    view = _LookView(OutputOptions())
    assert view.files_to_open([]) == []
    page, sheet = Path("look.html").absolute(), Path("look.jpg").absolute()
    view._page = WrittenPage(((page, 1), (sheet, 2)))
    assert view.files_to_open([]) == [str(page)]
