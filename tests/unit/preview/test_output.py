"""Names of a page, and by what a later look knows it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import START

from camreel.model import Address, AskedRange, Output, Query, Request, Target, WallTime
from camreel.preview.command import GetLine
from camreel.preview.model import LookOptions
from camreel.preview.output import key_of

ASKED = AskedRange(WallTime(START), WallTime(START.replace(hour=18)))
TARGET = Target(Address("10.0.0.1", 80), "admin")
LOOKING = LookOptions(GetLine("camreel", ()), lambda _question: False)


def key(*, looking: dict[str, Any] | None = None, query: dict[str, Any] | None = None, **target: Any) -> str:
    request = Request(replace(TARGET, **target), Query(ASKED, **(query or {})), Output(Path(), Path("look.html")))
    return key_of(request, replace(LOOKING, **(looking or {})))


@pytest.mark.parametrize(
    "wish",
    [
        {"camera_tz": "Europe/Berlin"},
        {"clock_drift": timedelta(seconds=5)},
        {"query": {"channel": 2}},
        {"query": {"events": ("VideoMotion",)}},
        {"looking": {"every": timedelta(seconds=5)}},
        {"looking": {"most": 7}},
        {"looking": {"ceiling": 250}},
        {"looking": {"line": GetLine("camreel", (), in_real_time=True)}},
    ],
)
def test_what_makes_another_page(wish):
    """Each changes which pictures there are, their times or their commands: the page there is not that of this look."""
    assert key(**wish) != key()
    assert key(**wish) == key(**wish)


def test_how_a_camera_is_reached_makes_no_other_page():
    assert key(username="other", max_concurrent=1) == key()
