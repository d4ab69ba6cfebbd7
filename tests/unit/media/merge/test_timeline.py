"""Where clips lie on the camera's clock: pure arithmetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camreel.formats.containers import OutputFormat
from camreel.media.merge.timeline import (
    Cut,
    Placed,
    by_own_clock,
    chapters,
    creation_time,
    cut_of,
    how_long,
    overlaps,
    sentences,
    stretches,
    together,
    wall_at,
    wanted_parts,
)
from camreel.media.worker.messages import ClipFile, ClipOutcome, MergeJob, OffsetChange
from camreel.model import Span, VideoOptions, WallTime

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
    return MergeJob("film", OutputFormat.MP4, Span(at(start), at(end)), VideoOptions(whole_clips=whole))


def test_own_clock():
    """A clip starts when its pictures say so, unless that is far from what is listed for it."""
    for first in (-120, 8.96, 10, 140):
        found = by_own_clock(clip(0, 20), job(0, 60), [at(first)])
        assert found is not None
        assert found[0].span == Span(at(first), max(at(first), at(20)))
    assert by_own_clock(clip(0, 20), job(0, 60), [at(-121)]) is None
    assert by_own_clock(clip(0, 20), job(0, 60), [at(141)]) is None


def test_own_clock_that_was_set():
    """Of the settings of a clock the first counts that agrees with what is listed."""
    assert by_own_clock(clip(0, 20), job(0, 60), [at(-9999), at(141), at(3), at(4)]) == (clip(3, 20), at(3))


def test_own_clock_after_a_change():
    """The pictures show the clock as it was then; the film's times are straight."""
    change = OffsetChange(at(3600), 3600)
    asked = replace(job(0, 9000), utc_offset=7200, changes=(change,))
    before, after = clip(3000, 3600), clip(3600, 4200)
    assert by_own_clock(before, asked, [at(3000.5)]) == (clip(3000.5, 3600), at(3000.5))
    assert by_own_clock(after, asked, [at(0.5)]) == (clip(3600.5, 4200), at(0.5))
    assert by_own_clock(after, asked, [at(3600.5)]) is None


def cut(job: MergeJob) -> Cut:
    """What a job takes of a clip from second 10 to 20."""
    return cut_of(clip(10, 20), job, job.span, TICK)


def test_cut():
    """A cut is in ticks from the clip's first picture; whole clips have none."""
    assert cut(job(12, 15)) == Cut(180_000, 450_000)
    assert cut(job(0, 60)) == Cut(0, 50 * 90_000)
    assert cut(job(0, 5)).end < 0
    assert cut(job(12, 15, whole=True)).start == 0
    assert cut(job(0, 10**9)).end == 2 * 86_400 * 90_000


@given(
    st.integers(-(10**9), 10**9), st.sampled_from([TICK, Fraction(1, 1000), Fraction(1001, 30000), Fraction(1, 12800)])
)
def test_cut_and_wall_time_agree(micros, tick):
    """The picture at a cut's tick is at or after the moment of the cut, and the one before it is before."""
    moment = EIGHT + timedelta(microseconds=micros)
    span = Span(at(-9999), moment)
    end = cut_of(clip(0, 10), MergeJob("film", OutputFormat.MP4, span), span, tick).end
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


def texts(*placed) -> list[str]:
    return [each.text for each in overlaps(*placed)]


def test_overlaps_are_named():
    """A second or more that two clips hold is named; less is the resolution of the listing."""
    assert texts(placed((0, 10), (9.5, 20), (18, 30))) == [
        "2026-01-16 08:00:18 to 08:00:20 is in two recordings and is shown twice: their pictures differ."
    ]
    # A short clip within a long one does not hide what the long one shares with the next.
    assert len(overlaps(placed((0, 100), (10, 20), (90, 110)))) == 2
    # Nor does it matter in which order the clips were taken.
    assert [each.span for each in overlaps(placed((90, 110), (0, 100)))] == [Span(at(90), at(100))]


def test_a_clock_of_milliseconds_names_less_than_a_second():
    """What is named depends on how far the clocks of both clips may be off."""
    fine = [replace(each, doubt=timedelta(milliseconds=100)) for each in placed((0, 10), (9.5, 20), (19.95, 30))]
    assert [each.span for each in overlaps(fine)] == [Span(at(9.5), at(10))]
    assert overlaps([fine[0], replace(fine[1], doubt=timedelta(seconds=1))]) == ()


def test_of_many_overlaps_the_rest_is_counted():
    """A night of two recorders is no page of sentences."""
    said = sentences(overlaps(placed(*((10 * n, 10 * n + 12) for n in range(20)))))
    assert len(said) == 11
    assert said[-1] == "The same applies to 9 more parts (18 s in all)."


def test_the_clock_goes_back():
    """At the end of summer time the camera's clock goes back an hour: a new stretch that says so, not an overlap."""
    clips = placed((0, 600), (-3000, -2400), (-2400, -1800))
    assert [each.title for each in chapters(clips)] == [
        "2026-01-16 08:00:00",
        "2026-01-16 07:10:00 (the camera's clock went back)",
    ]
    assert overlaps(clips) == ()


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


def berlin(*skipped: Span) -> MergeJob:
    """A job whose camera puts its clock back by an hour at 08:01:00 (straight time)."""
    changes = (OffsetChange(at(60), 3600),)
    return MergeJob("film", OutputFormat.MP4, Span(at(0), at(600)), utc_offset=7200, changes=changes, skipped=skipped)


def test_chapters_show_the_clock_that_was_put_back():
    """Counted straight the film goes on; a chapter begins where the picture shows another offset, and says why."""
    made = chapters(placed((0, 60), (60, 120), (120, 180)), berlin())
    assert [(each.start, each.title) for each in made] == [
        (0, "2026-01-16 08:00:00+02:00"),
        (60, "2026-01-16 07:01:00+01:00 (the camera's clock went back)"),
    ]
    twice = "2026-01-16 07:01:06+01:00 to 2026-01-16 07:01:10+01:00 is in two recordings and is shown twice"
    assert texts(placed((50, 70), (66, 80)), berlin()) == [f"{twice}: their pictures differ."]


def test_parts_that_are_not_wanted_are_neither_there_nor_a_gap():
    """A clip is cut to each part that it may have something of; between two passes there is no gap."""
    job = berlin(Span(at(30), at(90)))
    assert wanted_parts(clip(0, 20), job) == [Span(at(0), at(30))]
    assert wanted_parts(clip(20, 100), job) == [Span(at(0), at(30)), Span(at(90), at(600))]
    assert wanted_parts(clip(40, 50), job) == [Span(at(0), at(30))]
    made = chapters(placed((0, 30), (90, 120)), job)
    assert "the same time again" in made[1].title


def test_the_parts_of_one_clip_are_one_outcome():
    """What two parts have is counted together; a part without pictures does not count."""
    one = ClipOutcome(1, Span(at(0), at(30)), 0.0, 100.0, video_packets=300)
    two = ClipOutcome(1, Span(at(90), at(100)), 30.0, 100.0, video_packets=100, audio_cut_seconds=1.5)
    both = together([one, two])
    assert (both.covered, both.starts_at, both.video_packets) == (Span(at(0), at(100)), 0.0, 400)
    assert both.audio_cut_seconds == 1.5
    assert together([ClipOutcome(1), two]) == two
    assert together([ClipOutcome(1), ClipOutcome(1)]) == ClipOutcome(1)


def test_creation_time():
    """The first picture's moment in UTC, less what the clock is fast."""
    assert creation_time(at(0), 3600, drift=7) == "2026-01-16T06:59:53.000000Z"
    assert creation_time(at(0.5), 2 * 3600) == "2026-01-16T06:00:00.500000Z"
    assert creation_time(at(0), -9 * 3600 - 1800) == "2026-01-16T17:30:00.000000Z"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (12, "12 s"), (75, "1 min 15 s"), (7205, "2 h 0 min 5 s"), (59.6, "1 min 0 s")]
)
def test_how_long(seconds, text):
    """To the second, in words people read."""
    assert how_long(seconds) == text
