"""What the camera has of a range, by example."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.coverage import Cell, CoverageKind, CoverageSpan, cells, coverage, listed_span, ticks
from camreel.planning.plan import ExportPlan, plan_export

EIGHT = WallTime(datetime(2026, 1, 16, 8, 0, 0))  # noqa: DTZ001 - by the camera's clock


def at(seconds: float) -> WallTime:
    return EIGHT + timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


ASKED = span(0, 100)


def plan(*recordings: tuple[float, float], events: tuple[str, ...] = ()) -> ExportPlan:
    listed = [Recording(f"/mnt/sd/{start}.mp4", span(start, end), 1, events=events) for start, end in recordings]
    return plan_export(listed, ASKED, Stream.MAIN)


def shown(plan: ExportPlan, unsettled_from: WallTime | None = None) -> list[tuple[str, float, float]]:
    """Each stretch: its kind, and from which to which second."""
    return [
        (each.kind.value, (each.span.start - EIGHT).total_seconds(), (each.span.end - EIGHT).total_seconds())
        for each in coverage(plan, unsettled_from)
    ]


def test_what_is_recorded_and_what_is_not():
    assert shown(plan((10, 20), (20, 30), (50, 200))) == [
        ("gap", 0, 10), ("recorded", 10, 30), ("gap", 30, 50), ("recorded", 50, 100),
    ]  # fmt: skip


def test_nothing_is_one_gap():
    assert shown(plan()) == [("gap", 0, 100)]


def test_a_gap_below_a_second_is_rounding():
    assert shown(plan((0, 50), (50.9, 100))) == [("recorded", 0, 100)]
    assert shown(plan((0, 50), (51, 100))) == [("recorded", 0, 50), ("gap", 50, 51), ("recorded", 51, 100)]


def test_a_recording_of_zero_seconds_is_one_of_a_second():
    assert listed_span(Recording("/x.mp4", span(10, 10))) == span(10, 11)
    assert listed_span(Recording("/x.mp4", span(10, 12))) == span(10, 12)


def test_events_are_told_where_they_are():
    both = plan((0, 40), events=("motion",))
    extra = Recording("/mnt/sd/b.mp4", span(20, 60), 1, events=("person",))
    found = coverage(replace(both, recordings=(*both.recordings, extra)))
    assert [(each.kind, each.events) for each in found] == [
        (CoverageKind.EVENT, ("motion",)),
        (CoverageKind.EVENT, ("motion", "person")),
        (CoverageKind.EVENT, ("person",)),
        (CoverageKind.GAP, ()),
    ]


def test_what_is_written_or_too_recent_is_pending_and_what_is_recorded_is_not():
    one = replace(plan((0, 50)), writing=(Recording("/w.mp4", span(40, 45)),))
    assert shown(one) == [("recorded", 0, 50), ("pending", 50, 100)]
    assert shown(plan((0, 50)), at(70)) == [("recorded", 0, 50), ("gap", 50, 70), ("pending", 70, 100)]


def test_what_was_not_asked_for_is_no_gap_and_a_cut_goes_before_footage():
    one = replace(plan((0, 50)), unwanted=(span(30, 80),), skipped=(span(10, 20),))
    assert shown(one) == [
        ("recorded", 0, 10), ("unwanted", 10, 20), ("recorded", 20, 50), ("unwanted", 50, 80), ("gap", 80, 100),
    ]  # fmt: skip
    assert shown(replace(one, recordings=()), at(60)) == [
        ("gap", 0, 10), ("unwanted", 10, 20), ("gap", 20, 30), ("unwanted", 30, 80), ("pending", 80, 100),
    ]  # fmt: skip


def test_footage_is_of_two_kinds():
    assert [kind.value for kind in CoverageKind if kind.is_footage] == ["recorded", "event"]


def test_cells_hold_what_lies_in_them():
    stretches = [
        CoverageSpan(span(0, 25), CoverageKind.RECORDED),
        CoverageSpan(span(25, 30), CoverageKind.EVENT, ("motion",)),
        CoverageSpan(span(30, 60), CoverageKind.GAP),
        CoverageSpan(span(60, 80), CoverageKind.UNWANTED),
        CoverageSpan(span(80, 100), CoverageKind.PENDING),
    ]
    first, second, third, fourth = cells(stretches, ASKED, 4)
    seconds = lambda count: timedelta(seconds=count)  # noqa: E731 - a unit
    assert first == Cell(span(0, 25), seconds(25))
    assert second == Cell(span(25, 50), seconds(5), seconds(20), events=("motion",))
    assert third == Cell(span(50, 75), gap=seconds(10), unwanted=seconds(15))
    assert fourth == Cell(span(75, 100), pending=seconds(20), unwanted=seconds(5))
    assert [each.has_footage for each in (first, second, third, fourth)] == [True, True, False, False]
    assert [each.has_gap for each in (first, second, third, fourth)] == [False, True, True, False]
    assert [each.has_event for each in (first, second, third, fourth)] == [False, True, False, False]
    assert [each.share for each in (first, second, third, fourth)] == [1, 0.2, 0, 0]
    assert Cell(span(0, 1), unwanted=seconds(1)).share is None
    assert Cell(span(0, 4), seconds(1), pending=seconds(3)).share == 0.25


MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = [
    *(1, 2, 5, 10, 15, 30),
    *(each * MINUTE for each in (1, 2, 5, 10, 15, 30)),
    *(each * HOUR for each in (1, 2, 3, 6, 12)),
    *(each * DAY for each in (1, 2, 7, 14, 28, 56, 112, 224)),
]


@pytest.mark.parametrize("step", STEPS)
def test_ticks_stand_at_each_step_that_people_divide_time_by(step):
    """Ten of a step fit; a little more, and the next step is taken."""
    start = WallTime(datetime(2026, 1, 1))  # noqa: DTZ001
    found = ticks(Span(start, start + timedelta(seconds=10 * step)), None, 10)
    assert {later.at - tick.at for tick, later in itertools.pairwise(found)} == {timedelta(seconds=step)}
    assert len(found) in {9, 10}
    longer = ticks(Span(start, start + timedelta(seconds=10 * step, milliseconds=1)), None, 10)
    between = {later.at - tick.at for tick, later in itertools.pairwise(longer)}
    assert between == {timedelta(seconds=STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)])}


@pytest.mark.parametrize(
    ("seconds", "most", "labels"),
    [
        (10, 5, ["16 Jan", "00:00:02", "00:00:04", "00:00:06", "00:00:08"]),
        (120, 2, ["16 Jan", "00:01"]),
        (2 * DAY, 2, ["16 Jan", "17 Jan"]),
        (3 * HOUR, 0, ["16 Jan"]),
    ],
)
def test_a_tick_says_the_time_or_at_midnight_the_date(seconds, most, labels):
    start = WallTime(datetime(2026, 1, 16))  # noqa: DTZ001
    assert [tick.label for tick in ticks(Span(start, start + timedelta(seconds=seconds)), None, most)] == labels


@pytest.mark.parametrize("month", range(1, 13))
def test_months_have_their_names(month):
    start = WallTime(datetime(2026, month, 3))  # noqa: DTZ001
    name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"[4 * (month - 1) :][:3]
    assert ticks(Span(start, start + timedelta(days=1)), None, 1)[0].label == f"3 {name}"


def test_ticks_stay_where_they_are_when_the_range_is_moved():
    week = timedelta(days=7)
    start = WallTime(datetime(2026, 1, 16, 5))  # noqa: DTZ001
    first, moved = (ticks(Span(begin, begin + 8 * week), None, 8) for begin in (start, start + week))
    assert {tick.at for tick in first[1:]} <= {tick.at for tick in moved}
