"""`camreel look`: what `--open` opens, and how a look that was interrupted is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.preview.test_page_axis import looked

from camreel.cli.commands.look import _LookView
from camreel.cli.options import OutputOptions
from camreel.model import IfExists
from camreel.preview import WrittenPage
from camreel.preview.model import Miss


def test_the_page_is_opened_and_not_its_folder() -> None:
    """The sheet is in it. Where nothing was written, nothing is opened."""
    view = _LookView(OutputOptions())
    assert view.files_to_open([]) == []
    page, sheet = Path("look.html").absolute(), Path("look.jpg").absolute()
    view._page = WrittenPage(((page, 1), (sheet, 2)))
    assert view.files_to_open([]) == [str(page)]


@pytest.mark.parametrize("if_exists", [None, IfExists.FAIL])
def test_a_look_that_was_interrupted_is_told_as_such(if_exists: IfExists | None) -> None:
    """In the first line and in the table; no step between its pictures, and another run is offered if it may write."""
    whole = looked("front")
    request = replace(whole.request, output=replace(whole.request.output, if_exists=if_exists))
    miss = Miss(whole.shots[1].wall, whole.shots[1].recording, "not fetched")
    look = replace(whole, request=request, shots=whole.shots[:1], misses=(miss,), is_interrupted=True)
    view = _LookView(OutputOptions())
    lines = [(line.label, line.text) for line in view.lines(look)]
    assert lines[0] == ("Interrupted", "1 picture, 1 missing")
    assert any(label == "Looked" and "; 1 of 2 pictures; " in text for label, text in lines)
    assert (("Next", "run the same command again for a complete page") in lines) == (if_exists is None)
    assert (look.exit_code, view.cells(look)[0]) == (130, "interrupted")
    assert view.cells(whole)[0] == "complete"
