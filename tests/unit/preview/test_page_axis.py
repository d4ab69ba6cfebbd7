"""One axis for all rows of a page if their clocks agree; else each has its own, and its zone is named."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.conftest import START

from camreel.clock import CameraClock
from camreel.model import Address, AskedRange, Output, Query, Recording, Request, Span, Target, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.preview.choose import MomentChoice
from camreel.preview.command import GetLine
from camreel.preview.model import Look, Shot, Way
from camreel.preview.page import page
from camreel.preview.view import event_spans

EIGHT = WallTime(START)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def looked(name: str, offset: int = 0, start: WallTime = EIGHT) -> Look:
    """Four hours, with a picture in the first and the last."""
    span = Span(start, start + 4 * HOUR)
    request = Request(
        Target(Address("10.0.0.1", 80), "admin", name=name),
        Query(AskedRange(span.start, span.end)),
        Output(Path(), Path("x.html")),
    )
    plan = SimpleNamespace(recordings=(), listed_bytes=0)
    found: Any = SimpleNamespace(
        span=span, clock=CameraClock.fixed(offset * HOUR), plan=plan, device=SimpleNamespace(name="")
    )
    recording = Recording("/x", span, 1)
    shots = tuple(Shot(span.start + at * HOUR, recording, Way.KEYFRAME, Path(), 8, 8) for at in (0.5, 3.5))
    stretches = (CoverageSpan(span, CoverageKind.RECORDED),)
    return Look(request, found, GetLine("camreel", ()), stretches, MomentChoice((), HOUR), shots)


def with_events(*minutes: tuple[float, float]) -> Look:
    """A look whose recordings with motion are these, in minutes after 08:00."""
    look = looked("garage")
    spans = (Span(EIGHT + start * MINUTE, EIGHT + end * MINUTE) for start, end in minutes)
    recordings = tuple(Recording(f"/{span.start}", span, 1, events=("motion",)) for span in spans)
    found: Any = look.found
    found.plan = SimpleNamespace(recordings=recordings, listed_bytes=0)
    return look


@pytest.mark.parametrize(
    ("recorded", "events"),
    [
        pytest.param([(0, 5), (5, 10), (12, 13)], [(0, 10), (12, 13)], id="one behind the other"),
        pytest.param([(0, 10), (2, 4), (10, 11)], [(0, 11)], id="one inside of another"),
        pytest.param([(0, 50), (50, 60), (60, 70)], [(0, 60), (60, 70)], id="all day"),
    ],
)
def test_recordings_that_follow_each_other_are_one_event(recorded, events):
    """Whoever clicks a picture of it gets all of it, as `list` draws it; but not a day of a tree in the wind."""
    found = event_spans(with_events(*recorded))
    assert [((each.start - EIGHT) / MINUTE, (each.end - EIGHT) / MINUTE) for each in found] == events


def drawn(*looks: Look) -> str:
    return page(looks, (), lambda _shot: b"", "complete 0")


def titles(text: str) -> list[str]:
    return re.findall(r"<h2[^>]*>(.*?)</h2>", text)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=19)])
def test_clocks_that_agree_have_one_axis(late):
    """Also if one range begins some seconds later: that is a pixel."""
    text = drawn(looked("front"), looked("yard", start=EIGHT + late))
    assert text.count('class="ticks"') == 1
    assert "(UTC" not in text
    assert len(titles(text)) == 2


def test_clocks_that_differ_have_an_axis_and_headings_each():
    """As for `--last`: the same four hours, two hours apart on the clocks."""
    text = drawn(looked("front"), looked("yard", 2, EIGHT + 2 * HOUR))
    assert text.count('class="ticks"') == 2
    assert re.findall(r'id="ticks(\d)"', text) == ["0", "1"]
    assert "#ticks1 span:nth-child(1)" in text
    assert 'class="label">yard, channel 1 (UTC+02:00)</p>' in text
    assert len(titles(text)) == 4
    assert all(
        title.startswith(("front, channel 1 (UTC+00:00), ", "yard, channel 1 (UTC+02:00), ")) for title in titles(text)
    )


def test_the_same_times_of_other_zones_share_the_axis():
    """The labels are right for both; the zone says that the moments are not the same."""
    text = drawn(looked("front"), looked("yard", 2))
    assert text.count('class="ticks"') == 1
    assert "yard, channel 1 (UTC+02:00)" in text
