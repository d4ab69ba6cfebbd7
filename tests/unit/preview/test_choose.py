"""Which moments get a picture: events first, the rest evenly, and something of everything that was recorded."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import START

from camreel.errors import UsageError
from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.coverage import coverage
from camreel.planning.plan import plan_export
from camreel.preview.choose import MOST, MomentChoice, choose

EIGHT = WallTime(START)
DAY = Span(EIGHT, EIGHT + timedelta(hours=24))


def recorded(*pieces: tuple[float, float], events: tuple[str, ...] = (), writing: bool = False) -> list[Recording]:
    """Recordings by their first and last second after eight."""
    return [
        Recording(f"/{first}", Span(EIGHT + timedelta(seconds=first), EIGHT + timedelta(seconds=last)), 1,
                  events=events, writing=writing)
        for first, last in pieces
    ]  # fmt: skip


def chosen(recordings: list[Recording], span: Span = DAY, **wish) -> MomentChoice:
    plan = plan_export(recordings, span, Stream.MAIN)
    return choose(coverage(plan), plan.recordings, **wish)


def minutes_of(choice: MomentChoice) -> list[float]:
    return [(place.wall - EIGHT).total_seconds() / 60 for place in choice.places]


def test_the_budget_is_used():
    """Eight hours of clips a minute make 120 pictures, one every four minutes, each of the clip that holds it."""
    clips = recorded(*((60 * n, 60 * n + 60) for n in range(480)))
    choice = chosen(clips)
    assert (choice.step, choice.event_step) == (timedelta(minutes=4), None)
    assert minutes_of(choice) == [4.0 * n + 2 for n in range(120)]
    assert all(each.recording.span.start <= each.wall < each.recording.span.end for each in choice.places)


@pytest.mark.parametrize(
    ("hours", "step", "count"), [(0.02, 10, 8), (1, 30, 120), (4, 120, 120), (7, 210, 120), (24, 720, 120)]
)
def test_the_step_is_as_short_as_the_budget_allows(hours, step, count):
    """But not below ten seconds: the next keyframe may show the same."""
    choice = chosen(recorded((0, hours * 3600)))
    assert choice.step is not None
    assert (choice.step.total_seconds(), len(choice.places)) == (step, count)


def test_a_burglar_takes_forty_seconds():
    """In a night of clips, a picture each ten seconds of the one with motion; the rest in between."""
    clips = recorded(*((300 * n, 300 * n + 300) for n in range(48) if n != 9))
    motion = recorded((2700, 3000), events=("VideoMotion",))
    choice = chosen([*clips[:9], *motion, *clips[9:]])
    within = [place.wall for place in choice.places if place.recording in motion]
    assert [(wall - EIGHT).total_seconds() for wall in within] == [2705.0 + 10 * n for n in range(30)]
    assert (choice.event_step, choice.is_short_of_events) == (timedelta(seconds=10), False)
    assert 85 <= len(choice.places) - 30 <= 90
    assert {place.every for place in choice.places} == {choice.event_step, choice.step}


def test_events_alone_are_more_than_the_budget():
    """They share three quarters of it; the rest has its own quarter; what has none is counted, with its length."""
    short = recorded(*((600 * n, 600 * n + 10) for n in range(100)), events=("VideoMotion",))
    long = recorded((600 * 100, 600 * 100 + 3000), events=("VideoMotion",))
    quiet = recorded(*((600 * n + 100, 600 * n + 110) for n in range(100)))
    choice = chosen(sorted([*short, *long, *quiet], key=lambda each: each.span.start))
    assert sum(bool(place.recording.events) for place in choice.places) == MOST * 3 // 4
    assert len(choice.places) == MOST
    assert choice.is_short_of_events
    assert (choice.passed_over, choice.passed_length) == (11 + 70, timedelta(seconds=10 * 81))
    assert choice.may_have_more


def test_a_busy_day_leaves_some_pictures_to_the_rest():
    """Events that could use all of them would leave one for a day; what the rest does not need goes to the events."""
    busy = recorded(*((300 * n, 300 * n + 100) for n in range(24)), events=("VideoMotion",))
    quiet = recorded((7200, 86400))
    choice = chosen([*busy, *quiet])
    assert sum(place.recording in quiet for place in choice.places) >= MOST // 4
    assert choice.step is not None
    assert choice.step <= timedelta(minutes=44)
    assert sum(place.recording in busy for place in chosen([*busy, *recorded((7200, 7215))]).places) > MOST * 3 // 4


def test_what_allows_more_pictures():
    """`--most`, unless all cameras together have as many as a page can have; then the real limit is named."""
    hour = recorded((0, 3600))
    assert chosen(hour, ceiling=250).may_have_more
    assert not chosen(hour, most=400, ceiling=250).may_have_more
    assert (chosen(hour).is_thinned, chosen(recorded((0, 50))).is_thinned) == (True, False)

    def hint(**wish: Any) -> str:
        with pytest.raises(UsageError) as caught:
            chosen(hour, every=timedelta(seconds=5), **wish)
        return caught.value.hint or ""

    assert hint() == "Make it longer, or the range shorter."
    assert hint(most=100, ceiling=250).endswith("--most allows up to 250.")
    assert hint(ceiling=250).endswith("A page has 500 for all cameras: 250 each.")


def test_what_is_too_often_is_counted_and_not_made(monkeypatch):
    """Two weeks by the second are 1.2 million moments."""
    monkeypatch.setattr("camreel.preview.choose._on_the_clock", lambda *_: pytest.fail("made before it was counted"))
    with pytest.raises(UsageError, match="makes 86,400 pictures"):
        chosen(recorded((0, 86400)), every=timedelta(seconds=1))


def test_events_without_a_break_are_seen_one_by_one():
    """A camera that cuts motion into clips lists them end to end: each clip is an event."""
    clips = recorded(*((60 * n, 60 * n + 60) for n in range(100)), events=("VideoMotion",))
    assert {place.recording for place in chosen(clips, most=100).places} == set(clips)
    few = chosen(clips, most=10)
    assert [clips.index(place.recording) for place in few.places] == [10 * n + 5 for n in range(10)]
    assert few.passed_over == 90


@st.composite
def nights(draw) -> list[Recording]:
    """Recordings in order, some with an event, some overlapping."""
    found, at = [], 0
    for _ in range(draw(st.integers(1, 40))):
        at = max(0, at + draw(st.integers(-20, 900)))
        length = draw(st.sampled_from([1, 7, 30, 60, 300, 3600]))
        found += recorded((at, at + length), events=draw(st.sampled_from([(), (), ("VideoMotion",), ("AlarmLocal",)])))
        at += length if draw(st.booleans()) else 0
    return sorted(found, key=lambda each: each.span.start)


@given(nights(), st.integers(1, 150), st.integers(1, 150))
@settings(deadline=None, max_examples=25)
def test_whatever_was_recorded(recordings, most, ceiling):
    """Never above the budget; each event has its picture if three quarters are enough; the rest is even."""
    choice = chosen(recordings, most=most, ceiling=ceiling)
    budget = min(most, ceiling)
    assert 1 <= len(choice.places) <= budget
    walls = [place.wall for place in choice.places]
    assert walls == sorted(set(walls))
    plan = plan_export(recordings, DAY, Stream.MAIN)
    stretches = [stretch for stretch in coverage(plan) if stretch.kind.is_footage]
    assert all(any(each.span.start <= wall < each.span.end for each in stretches) for wall in walls)
    eventful = [each for each in plan.recordings if each.events]
    parts = len({each.span.start for each in eventful} | {each.span.start for each in stretches if each.events})
    if parts <= budget - budget // 4:
        for event in eventful:
            if any(one is not event and one.span.overlap(event.span) == event.span for one in eventful):
                continue  # it lies in another one, of which there is a picture
            assert any(event.span.start <= wall < event.span.end for wall in walls), event
    for stretch in stretches:
        inside = [place.wall for place in choice.places if stretch.span.start <= place.wall < stretch.span.end]
        steps = [second - first for first, second in pairwise(inside)]
        if not stretch.events and steps:
            assert max(steps) - min(steps) < timedelta(milliseconds=1)
            assert choice.step is not None
            assert max(steps) <= choice.step + timedelta(milliseconds=1)


@given(st.integers(1, 86400), st.integers(1, 500))
@settings(deadline=None, max_examples=60)
def test_one_recording_uses_the_budget(seconds, most):
    """Wherever another picture would be more than ten seconds from the next: a second less a step were too many."""
    choice = chosen(recorded((0, seconds)), most=most)
    assert choice.step is not None
    shorter = choice.step - timedelta(seconds=1)
    assert shorter < timedelta(seconds=10) or -(-timedelta(seconds=seconds) // shorter) > most


def test_each_stretch_has_a_picture():
    """Also a short one between two steps, in its middle; and what has an event is a stretch of its own."""
    clips = [*recorded((0, 3000), (3601, 3620)), *recorded((3020, 3040), events=("VideoMotion",))]
    choice = chosen(clips, every=timedelta(minutes=30))
    assert minutes_of(choice) == [0, 30, 50.5, pytest.approx(60.175)]
    assert choice.passed_over == 0


def test_more_stretches_than_pictures():
    """What has an event goes first; the others share what is left, evenly; those without are counted."""
    clips = recorded(*((120 * n, 120 * n + 20) for n in range(480)))
    events = recorded(*((120 * n + 60, 120 * n + 80) for n in range(0, 480, 24)), events=("VideoMotion",))
    choice = chosen(sorted([*clips, *events], key=lambda each: each.span.start))
    assert len(choice.places) == MOST
    assert {place.recording for place in choice.places} >= set(events)
    assert choice.passed_over == 500 - (MOST - len(events))
    quiet = [place.wall for place in choice.places if not place.recording.events]
    steps = [second - first for first, second in pairwise(quiet)]
    assert max(steps) <= timedelta(minutes=14)
    long, slivers = recorded((0, 36000)), recorded(*((36001 + 2 * n, 36002 + 2 * n) for n in range(200)))
    assert sum(place.recording in long for place in chosen([*long, *slivers], most=60).places) >= 59


def test_with_a_step_of_ones_own_short_events_go_first():
    """Those between two steps, as far as there are pictures."""
    clips = recorded(*((120 * n + 1, 120 * n + 21) for n in range(480)))
    events = recorded(*((120 * n + 61, 120 * n + 81) for n in range(0, 480, 24)), events=("VideoMotion",))
    choice = chosen(sorted([*clips, *events], key=lambda each: each.span.start), every=timedelta(minutes=15), most=52)
    assert {place.recording for place in choice.places} >= set(events)
    assert choice.passed_over == 500 - 52


def test_as_often_as_asked():
    """Where that is too often for the range, it is said with the number that it makes."""
    hour = recorded((0, 3600))
    assert len(chosen(hour, every=timedelta(seconds=7, milliseconds=500)).places) == 480
    assert len(chosen(hour, most=5).places) == 5
    with pytest.raises(UsageError, match=r"--every 1 s makes 3,600 pictures .* 500 are the most"):
        chosen(hour, every=timedelta(seconds=1))
    with pytest.raises(UsageError, match="and 100 are the most"):
        chosen(hour, every=timedelta(seconds=30), ceiling=100)


def test_only_what_lies_in_the_range():
    """A recording that reaches beyond it is looked at inside of it; what is being written is apart."""
    span = Span(EIGHT + timedelta(seconds=100), EIGHT + timedelta(seconds=200))
    choice = chosen([*recorded((0, 150)), *recorded((150, 300), writing=True)], span)
    assert [(place.wall - EIGHT).total_seconds() for place in choice.places] == [105, 115, 125, 135, 145]
    assert chosen(recorded((0, 50)), span).places == ()


def test_where_recordings_overlap():
    """A moment is looked for in one that has not ended."""
    long, short = recorded((0, 600), (60, 70))
    choice = chosen([long, short], every=timedelta(minutes=1))
    assert [place.recording for place in choice.places] == [long, short, *[long] * 8]
