"""When a search has shown that nothing was recorded: each doubt speaks against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from camreel.clock import CameraRange, parse_range
from camreel.devices.base import EmptySearch
from camreel.jobs.search import SearchResult
from camreel.model import DeviceInfo, Query, Recording, Span, Stream, WallTime
from camreel.planning.plan import plan_export
from camreel.planning.proof import UNASKED, SearchProof

START = WallTime(datetime(2026, 1, 16, 23))  # noqa: DTZ001 - by the camera's clock
NIGHT = Span(START, START + timedelta(hours=4))
INSIDE = Span(START + timedelta(minutes=1), START + timedelta(minutes=2))
QUERY = Query(parse_range("2026-01-16 23:00", "2026-01-17 03:00"))
PROVEN = SearchProof(is_asked=True)


def found(*listing: Recording, query: Query = QUERY, **changes: object) -> SearchResult:
    wanted = None if not query.events else lambda one: bool(set(query.events).intersection(one.events))
    plan = plan_export(listing, NIGHT, query.stream, to_the_frame=True, is_wanted=wanted)
    result = SearchResult(DeviceInfo("IP8M"), CameraRange(query.asked, (NIGHT,), None), plan, listing, PROVEN)
    return replace(result, **changes)  # type: ignore[arg-type]


def clip(span: Span = INSIDE, *, tag: str = "R", **more: object) -> Recording:
    return Recording(f"/mnt/sd/08.00.00-08.01.00[{tag}][0@0][0].mp4", span, 1_000, **more)  # type: ignore[arg-type]


EVENTS = replace(QUERY, events=("motion",))


@pytest.mark.parametrize(
    ("result", "query"),
    [
        pytest.param(found(), QUERY, id="nothing at all"),
        pytest.param(found(empty=EmptySearch("It has others.", is_proven=True)), QUERY, id="and the rest of the card"),
        pytest.param(found(clip(Span(START - timedelta(minutes=1), START))), QUERY, id="one that ends where it begins"),
        pytest.param(found(replace(clip(), path="/mnt/sd/1.jpg")), QUERY, id="a snapshot"),
        pytest.param(found(clip(), query=EVENTS), EVENTS, id="the schedule's, without an event"),
    ],
)
def test_it_is_certain(result, query):
    """A quiet night."""
    assert result.is_certainly_empty(query)


PEOPLE = replace(QUERY, events=("person",))


@pytest.mark.parametrize(
    ("result", "query"),
    [
        pytest.param(found(proof=UNASKED), QUERY, id="no proof was tried"),
        pytest.param(found(proof=SearchProof(True, 1, (NIGHT,), "it says so")), QUERY, id="the proof failed"),
        pytest.param(found(empty=EmptySearch("Nothing at any time.", is_proven=False)), QUERY, id="a broken card"),
        pytest.param(found(clip(writing=True)), QUERY, id="one is being written"),
        pytest.param(found(clip()), QUERY, id="a recording without frames"),
        pytest.param(found(clip(stream=Stream.SUB)), QUERY, id="only the other stream"),
        pytest.param(found(replace(clip(), path="/mnt/sd/1.mp4"), query=EVENTS), EVENTS, id="it tells no events"),
        pytest.param(found(clip(), query=PEOPLE), PEOPLE, id="it never tells people"),
    ],
)
def test_it_is_not(result, query):
    """Footage may be missing."""
    assert not result.is_certainly_empty(query)
