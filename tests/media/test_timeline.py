"""Where clips lie on the camera's clock: pure arithmetic."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.media.job import ClipFile, MergeJob
from camreel.media.timeline import (
    Cut,
    Placed,
    chapters,
    creation_time,
    cut_of,
    how_long,
    overlap_notes,
    stretches,
    wall_at,
)
from camreel.model import OutputFormat, Span, WallTime

EIGHT = WallTime(datetime(2026, 1, 16, 8, 0, 0))  # noqa: DTZ001 - the clock of a camera
TICK = Fraction(1, 90_000)


def at(seconds: float) -> WallTime:
    return EIGHT + timedelta(seconds=seconds)


def placed(*spans: tuple[float, float]) -> list[Placed]:
    """Clips by seconds of the camera's clock, joined in the output."""
    made, end = [], 0.0
    for start, until in spans:
        made.append(Placed(f"{start}", Span(at(start), at(until)), end, end + until - start))
        end = made[-1].end
    return made


def clip(start: float, end: float) -> ClipFile:
    return ClipFile(0, "clip", Span(at(start), at(end)), "clip")


def job(start: float, end: float, *, whole: bool = False) -> MergeJob:
    return MergeJob("film", OutputFormat.MP4, Span(at(start), at(end)), whole)


def test_cut():
    """A cut is in ticks from the clip's first picture; whole clips have none."""
    assert cut_of(clip(10, 20), job(12, 15), TICK) == Cut(180_000, 450_000)
    assert cut_of(clip(10, 20), job(0, 60), TICK) == Cut(0, 50 * 90_000)
    assert cut_of(clip(10, 20), job(0, 5), TICK).end < 0
    assert cut_of(clip(10, 20), job(12, 15, whole=True), TICK).start == 0
    assert cut_of(clip(10, 20), job(0, 10**9), TICK).end == 2 * 86_400 * 90_000


@given(
    st.integers(-(10**9), 10**9), st.sampled_from([TICK, Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 12800)])
)
def test_cut_and_wall_time_agree(micros, tick):
    """The picture at a cut's tick is at or after the moment of the cut, and the one before it is before."""
    moment = EIGHT + timedelta(microseconds=micros)
    end = cut_of(clip(0, 10), MergeJob("film", OutputFormat.MP4, Span(at(-9999), moment)), tick).end
    assert wall_at(clip(0, 10), end, tick) + timedelta(microseconds=1) > moment
    assert wall_at(clip(0, 10), end - 1, tick) < moment


def test_no_gap_below_a_second():
    """What is less than a second apart is one stretch: cameras list whole seconds."""
    parted = stretches(placed((0, 10), (10.9, 20), (19.5, 30), (31, 40)))
    assert [len(each.placed) for each in parted] == [3, 1]


def test_chapters():
    """Each stretch is a chapter with its wall clock, and the gap before it."""
    made = chapters(placed((0, 10), (10, 20), (32, 40), (3700, 3710)))
    assert [(each.start, each.end, each.title) for each in made] == [
        (0, 20, "2026-01-16 08:00:00"),
        (20, 28, "2026-01-16 08:00:32 (after a gap of 12 s)"),
        (28, 38, "2026-01-16 09:01:40 (after a gap of 1 h 1 min 0 s)"),
    ]
    assert made[0].span == Span(at(0), at(20))
    assert chapters([]) == ()


def test_overlaps_are_named():
    """A second or more that two clips hold is named; less is the resolution of the listing."""
    assert overlap_notes(placed((0, 10), (9.5, 20), (18, 30))) == [
        "2026-01-16 08:00:18 to 08:00:20 is in two recordings and is shown twice."
    ]
    # A short clip within a long one does not hide what the long one shares with the next.
    assert len(overlap_notes(placed((0, 100), (10, 20), (90, 110)))) == 2


def test_the_clock_goes_back():
    """At the end of summer time the camera's clock goes back an hour: a new stretch that says so, not an overlap."""
    clips = placed((0, 600), (-3000, -2400), (-2400, -1800))
    assert [each.title for each in chapters(clips)] == [
        "2026-01-16 08:00:00",
        "2026-01-16 07:10:00 (the camera's clock went back)",
    ]
    assert overlap_notes(clips) == []


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 30)), min_size=1, max_size=20))
def test_chapters_cover_the_film(steps):
    """Chapters follow each other without a hole from the start of the film to its end."""
    clock, spans = 0, []
    for step, length in steps:
        clock += step
        spans.append((clock, clock + length))
        clock += length
    clips = placed(*spans)
    made = chapters(clips)
    assert made[0].start == 0
    assert made[-1].end == clips[-1].end
    assert all(before.end == after.start for before, after in pairwise(made))


def test_creation_time():
    """The first picture's moment in UTC."""
    assert creation_time(at(0.5), 2 * 3600) == "2026-01-16T06:00:00.500000Z"
    assert creation_time(at(0), -9 * 3600 - 1800) == "2026-01-16T17:30:00.000000Z"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (12, "12 s"), (75, "1 min 15 s"), (7205, "2 h 0 min 5 s"), (59.6, "1 min 0 s")]
)
def test_how_long(seconds, text):
    """To the second, in words people read."""
    assert how_long(seconds) == text
