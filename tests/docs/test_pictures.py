"""The pictures of the README are drawn from what a terminal shows, and are the size of what they show."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pyte
import pytest
from pictures import COLUMNS, PICTURES, drawn, half_way

TEXT = "{http://www.w3.org/2000/svg}text"


def shown(picture: str) -> list[str]:
    """Its lines."""
    return ["".join(line.itertext()) for line in ET.fromstring(picture).iter(TEXT)]  # our own, made here


def test_a_screen_is_drawn_as_it_is() -> None:
    """Each line in its place, bold where it is bold, and nothing of it is markup."""
    screen = pyte.Screen(COLUMNS, 10)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[1mCamera\x1b[0m    <b> & “x”\r\n\r\n\x1b[33mNote\x1b[0m")
    picture = drawn(screen)
    assert shown(picture) == ["Camera    <b> & “x”", "Note"]
    assert 'font-weight="bold">Camera<' in picture
    assert re.search(r'fill="#e5c07b">Note<', picture)
    assert not half_way(screen)


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_the_pictures_are_those_of_a_run(path: Path) -> None:
    """Whole, with a command and what came of it, and with nothing of the computer that they were made on."""
    picture = path.read_text("utf-8")
    lines = shown(picture)
    assert lines[0].startswith("$ camreel ")
    assert len(lines) > 5
    assert "/tmp" not in picture
    assert "127.0.0.1" not in picture
