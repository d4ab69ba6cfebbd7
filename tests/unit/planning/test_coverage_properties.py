"""What of a range is recorded, for any recordings: every moment once, no gap and no event lost in a row of cells."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import RESOLUTION
from camreel.planning.coverage import CoverageKind, cells, coverage
from camreel.planning.plan import plan_export

START = WallTime(datetime(2025, 6, 1, 10))  # noqa: DTZ001 - by the camera's clock
TENTH = timedelta(milliseconds=100)
NOTHING = timedelta(0)


def at(tenths: int) -> WallTime:
    return START + tenths * TENTH


@st.composite
def recordings(draw: st.DrawFn) -> list[Recording]:
    """Any: overlapping, empty, outside the range, still being written, with and without events."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        start = draw(st.integers(-50, 350))
        length = draw(st.integers(0, 120))
        event = draw(st.sampled_from([(), (), ("VideoMotion",), ("AlarmLocal", "VideoMotion")]))
        writing = draw(st.integers(0, 9)) == 0
        span = Span(at(start), at(start + length))
        found.append(Recording(f"/{number}.mp4", span, events=event, position=number, writing=writing))
    return found


ranges = st.builds(lambda start, length: Span(at(start), at(start + length)), st.integers(0, 50), st.integers(1, 300))
moments = st.none() | st.builds(at, st.integers(-20, 400))
parts = st.lists(
    st.builds(lambda start, length: Span(at(start), at(start + length)), st.integers(0, 350), st.integers(1, 60)),
    max_size=2,
)


@given(recordings(), ranges, moments, parts)
def test_each_moment_is_in_one_stretch(listing, span, unsettled, skipped):
    """From the start of the range to its end, without a hole; two neighbours are never alike."""
    found = coverage(plan_export(listing, span, Stream.MAIN, tuple(skipped)), unsettled)
    assert found[0].span.start == span.start
    assert found[-1].span.end == span.end
    for one, other in pairwise(found):
        assert one.span.end == other.span.start
        assert (one.kind, one.events) != (other.kind, other.events)
    assert all(stretch.length > NOTHING for stretch in found)
    assert sum((stretch.length for stretch in found), NOTHING) == span.end - span.start
    assert all((stretch.kind is CoverageKind.EVENT) == bool(stretch.events) for stretch in found)


@given(recordings(), ranges)
def test_gaps_are_those_of_the_plan(listing, span):
    """What the plan calls a gap is one here, but for what is being written and what a listing rounds."""
    plan = plan_export(listing, span, Stream.MAIN)
    found = coverage(plan)
    gaps = [stretch.span for stretch in found if stretch.kind is CoverageKind.GAP and stretch.length >= RESOLUTION]
    assert all(any(hole.start <= gap.start and gap.end <= hole.end for hole in plan.gaps) for gap in gaps)
    unlisted = [stretch.span for stretch in found if stretch.kind in {CoverageKind.GAP, CoverageKind.PENDING}]
    empty = [recording for recording in plan.recordings if recording.span.seconds < 1]
    for hole in plan.gaps:
        seen = sum(part.seconds for gap in unlisted if (part := hole.overlap(gap)))
        # A recording of no length counts a second, and may leave slivers on both its sides.
        allowed = 3 * len(empty) + sum(1 for recording in plan.writing if hole.overlap(recording.span)) + 1e-6
        assert hole.seconds - seen <= allowed


@given(recordings(), ranges, moments)
def test_no_footage_is_called_a_gap(listing, span, unsettled):
    """Nor the other way round: what is footage was listed, but for less than a second beside it."""
    plan = plan_export(listing, span, Stream.MAIN)
    for stretch in coverage(plan, unsettled):
        listed = [stretch.span.overlap(recording.span) for recording in plan.recordings]
        if stretch.kind.is_footage:
            near = Span(stretch.span.start - RESOLUTION, stretch.span.end + RESOLUTION)
            assert any(
                near.overlap(recording.span) or near.start <= recording.span.start <= near.end
                for recording in plan.recordings
            )
        else:
            # A sliver of a gap between footage and this may belong to it, footage never.
            assert not any(listed)


@given(recordings(), ranges, moments, parts, st.integers(1, 90))
def test_no_gap_and_no_event_vanishes_in_cells(listing, span, unsettled, skipped, count):
    """Each stretch shows in each cell that it touches, and lengths sum up to the range, to the microsecond."""
    found = coverage(plan_export(listing, span, Stream.MAIN, tuple(skipped)), unsettled)
    row = cells(found, span, count)
    assert len(row) == count
    for stretch in found:
        touched = [cell for cell in row if cell.span.overlap(stretch.span)]
        assert touched
        for cell in touched:
            assert not stretch.kind.is_footage or cell.has_footage
            assert stretch.kind is not CoverageKind.GAP or cell.has_gap
            assert set(stretch.events) <= set(cell.events)
    for kind, name in (
        ("gap", CoverageKind.GAP),
        ("pending", CoverageKind.PENDING),
        ("unwanted", CoverageKind.UNWANTED),
    ):
        whole = sum((stretch.length for stretch in found if stretch.kind is name), NOTHING)
        assert sum((getattr(cell, kind) for cell in row), NOTHING) == whole
    footage = sum((stretch.length for stretch in found if stretch.kind.is_footage), NOTHING)
    assert sum((cell.footage for cell in row), NOTHING) == footage


@given(recordings(), ranges, st.integers(1, 90))
def test_a_cell_is_full_only_where_all_of_it_is_recorded(listing, span, count):
    """A share of 1 means no gap, and one of 0 no footage: nothing is rounded away."""
    for cell in cells(coverage(plan_export(listing, span, Stream.MAIN)), span, count):
        share = cell.share
        assert share is not None
        assert 0 <= share <= 1
        assert (share == 1) == (not cell.gap and not cell.pending)
        assert (share == 0) == (not cell.has_footage)
        assert cell.footage + cell.gap + cell.pending + cell.unwanted == cell.span.end - cell.span.start
