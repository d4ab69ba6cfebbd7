"""Which moments get a picture: by the clock's own steps, and something of everything that was recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
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


def test_one_every_so_often_by_the_clock():
    """Eight hours of clips a minute make 96 pictures, one every five minutes, each of the clip that holds it."""
    clips = recorded(*((60 * n, 60 * n + 60) for n in range(480)))
    choice = chosen(clips)
    assert choice.step == timedelta(minutes=5)
    assert minutes_of(choice) == [5.0 * n for n in range(96)]
    assert all(place.recording.span.start == place.wall for place in choice.places)


@pytest.mark.parametrize(
    ("hours", "step", "count"), [(0.02, 10, 8), (1, 60, 60), (2, 120, 60), (12, 600, 72), (24, 900, 96)]
)
def test_the_step_is_one_of_a_clocks(hours, step, count):
    """Between half of the most and the most, wherever there are enough keyframes."""
    choice = chosen(recorded((0, hours * 3600)))
    assert (choice.step.total_seconds(), len(choice.places)) == (step, count)


def test_each_stretch_has_a_picture():
    """Also a short one between two steps, in its middle; and what has an event is a stretch of its own."""
    clips = [*recorded((0, 3000), (3601, 3620)), *recorded((3020, 3040), events=("VideoMotion",))]
    choice = chosen(clips, every=timedelta(minutes=30))
    assert minutes_of(choice) == [0, 30, 50.5, pytest.approx(60.175)]
    assert choice.passed_over == 0


def test_more_stretches_than_pictures():
    """One every so often all the same, then those with an event, then the others, evenly; the rest is counted."""
    clips = recorded(*((120 * n, 120 * n + 20) for n in range(480)))
    events = recorded(*((120 * n + 60, 120 * n + 80) for n in range(0, 480, 24)), events=("VideoMotion",))
    choice = chosen([*clips, *events])
    assert len(choice.places) == MOST
    assert choice.step == timedelta(minutes=15)
    assert {30.0 * n for n in range(32)} <= set(minutes_of(choice))
    assert {place.recording for place in choice.places} >= set(events)
    assert choice.passed_over == 500 - MOST
    assert max(b - a for a, b in zip(minutes_of(choice), minutes_of(choice)[1:], strict=False)) <= 22


def test_as_often_as_asked():
    """Where that is too often for the range, it is said with the number that it makes."""
    hour = recorded((0, 3600))
    assert len(chosen(hour, every=timedelta(seconds=7, milliseconds=500)).places) == 480
    assert len(chosen(hour, most=5).places) == 4
    with pytest.raises(UsageError, match=r"--every 1 s makes 3,600 pictures .* 500 are the most"):
        chosen(hour, every=timedelta(seconds=1))


def test_only_what_lies_in_the_range():
    """A recording that reaches beyond it is looked at inside of it; what is being written is apart."""
    span = Span(EIGHT + timedelta(seconds=100), EIGHT + timedelta(seconds=200))
    choice = chosen([*recorded((0, 150)), *recorded((150, 300), writing=True)], span)
    assert [(place.wall - EIGHT).total_seconds() for place in choice.places] == [100, 110, 120, 130, 140]
    assert chosen(recorded((0, 50)), span).places == ()


def test_where_recordings_overlap():
    """A moment is looked for in one that has not ended."""
    long, short = recorded((0, 600), (60, 70))
    choice = chosen([long, short], every=timedelta(minutes=1))
    assert [place.recording for place in choice.places] == [long, short, *[long] * 8]
