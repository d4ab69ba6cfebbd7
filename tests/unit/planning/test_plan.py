"""From a listing to what is fetched, and to what nobody has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import Hole, LossKind, LostReason, account_for, uncovered
from camreel.planning.plan import in_parts, plan_export


def wall(text: str) -> WallTime:
    return WallTime.fromisoformat(f"2026-01-16T{text}")


def span(start: str, end: str) -> Span:
    return Span(wall(start), wall(end))


def recording(start: str, end: str, path: str = "", **more) -> Recording:
    return Recording(path or f"/mnt/sd/{start}-{end}.mp4", span(start, end), **more)


ASKED = span("08:00:00", "09:00:00")
BROKEN, GONE, WRITING = map(LostReason, (LossKind.UNUSABLE, LossKind.OVERWRITTEN, LossKind.STILL_WRITING))


def no_gap(gap: Span) -> tuple[LostReason, None]:
    return LostReason(LossKind.NOT_RECORDED, str(gap.start)), None


def test_recordings_come_in_order_of_time_whatever_the_listing_says():
    """Start, then end, then place in the listing: the order in which they are merged."""
    late = recording("08:40:00", "08:50:00")
    long = recording("08:10:00", "08:30:00")
    short = recording("08:10:00", "08:20:00")
    twin = recording("08:10:00", "08:20:00", "/other", position=7)
    plan = plan_export([late, twin, long, short], ASKED, Stream.MAIN)
    assert plan.recordings == (short, twin, long, late)


def test_what_overlaps_the_range_is_taken_whole():
    """The search matches by overlap: the first and last clip stick out, and touching the range is not enough."""
    before = recording("07:50:00", "08:00:00")
    first = recording("07:55:00", "08:05:00")
    last = recording("08:55:00", "09:05:00")
    after = recording("09:00:00", "09:10:00")
    plan = plan_export([before, first, last, after], ASKED, Stream.MAIN)
    assert plan.recordings == (first, last)
    assert plan.left_out == (("outside the range", 2),)


@pytest.mark.parametrize("following", ["08:00:05", "08:00:00", "07:59:50", None])
@pytest.mark.parametrize("to_the_frame", [True, False])
def test_one_that_ends_as_the_range_begins_may_have_its_first_second(following, to_the_frame):
    """Listed times are cut to seconds: for a video it is fetched, also if the next is listed from there on."""
    before = recording("07:50:00", "08:00:00")
    others = [recording("07:40:00", "07:50:00"), recording("07:50:00", "08:00:00", "/a.jpg")]
    others += [recording("07:50:00", "08:00:00", "/sub.mp4", stream=Stream.SUB)]
    others += [recording(following, "08:30:00")] if following else []
    plan = plan_export([*others, before], ASKED, Stream.MAIN, to_the_frame=to_the_frame)
    assert (before in plan.recordings) == to_the_frame
    assert [one for one in plan.recordings if one is not before] == others[3:]


@pytest.mark.parametrize("is_later_first", [False, True])
def test_one_that_is_also_listed_to_end_within_the_range_counts_so(is_later_first):
    """The camera listed it while it grew: the range is not taken for a gap, nor only its first second fetched."""
    grown, before = recording("07:50:00", "08:20:00", "/a.mp4"), recording("07:50:00", "08:00:00", "/a.mp4")
    listing = [grown, before] if is_later_first else [before, grown]
    plan = plan_export(listing, ASKED, Stream.MAIN, to_the_frame=True)
    assert plan.recordings == (grown,)
    assert plan.gaps == (span("08:20:00", "09:00:00"),)
    assert plan.left_out == (("listed twice", 1),)


def test_what_is_left_out_is_counted_by_reason():
    """Snapshots, the other stream, strangers and repeats are named, with their number."""
    kept = recording("08:00:00", "08:10:00")
    listing = [
        kept,
        recording("08:00:00", "08:00:00", "/a.JPG"),
        recording("08:01:00", "08:01:00", "/b.jpeg"),
        recording("08:00:00", "08:10:00", "/sub.mp4", stream=Stream.SUB),
        recording("10:00:00", "10:10:00", "/later.mp4"),
        kept,
    ]
    plan = plan_export(listing, ASKED, Stream.MAIN)
    assert plan.recordings == (kept,)
    assert dict(plan.left_out) == {
        "snapshots": 2,
        "of the sub stream": 1,
        "outside the range": 1,
        "listed twice": 1,
    }


def test_the_sub_stream_is_had_by_asking_for_it():
    """--stream sub takes Extra1 and leaves the main stream out."""
    main, sub = recording("08:00:00", "08:10:00"), recording("08:00:00", "08:10:00", "/s.mp4", stream=Stream.SUB)
    plan = plan_export([main, sub], ASKED, Stream.SUB)
    assert plan.recordings == (sub,)
    assert plan.left_out == (("of the main stream", 1),)


def test_a_recording_of_zero_seconds_is_fetched():
    """Some cameras list start = end for a clip that has pictures: it is not dropped unseen."""
    zero = recording("08:30:00", "08:30:00")
    plan = plan_export([zero], ASKED, Stream.MAIN)
    assert plan.recordings == (zero,)
    assert plan.gaps == (ASKED,), "zero seconds are no cover, and do not cut a gap in two"


def test_an_open_recording_is_named_and_not_fetched():
    """A file that the camera still writes has no index: it is pending, and no cover either."""
    open_file = recording("08:30:00", "08:30:00", "/x.mp4_", writing=True)
    plan = plan_export([recording("08:00:00", "08:30:00"), open_file], ASKED, Stream.MAIN)
    assert plan.writing == (open_file,)
    assert len(plan.recordings) == 1
    assert plan.gaps == (span("08:30:00", "09:00:00"),)


def test_a_path_on_another_server_is_not_dropped_in_silence():
    """What cannot be downloaded stays in the plan, so that it is named as lost afterwards."""
    elsewhere = recording("08:00:00", "09:00:00", "ftp://nas/x.mp4")
    assert plan_export([elsewhere], ASKED, Stream.MAIN).recordings == (elsewhere,)


def test_listed_bytes_counts_what_is_fetched():
    """Sizes that the camera does not tell count nothing."""
    listing = [recording("08:00:00", "08:10:00", size=700), recording("08:10:00", "08:20:00")]
    assert plan_export(listing, ASKED, Stream.MAIN).listed_bytes == 700


def test_an_empty_listing_is_one_gap():
    """Nothing listed: the whole range is the gap."""
    plan = plan_export([], ASKED, Stream.MAIN)
    assert (plan.recordings, plan.gaps, plan.listed_bytes) == ((), (ASKED,), 0)


@pytest.mark.parametrize(
    ("covered", "holes"),
    [
        ([("08:00:00", "09:00:00")], []),
        ([("07:00:00", "10:00:00")], []),
        ([("08:10:00", "08:20:00")], [("08:00:00", "08:10:00"), ("08:20:00", "09:00:00")]),
        ([("08:00:00", "08:30:00"), ("08:30:00", "09:00:00")], []),
        ([("08:00:00", "08:40:00"), ("08:10:00", "08:20:00")], [("08:40:00", "09:00:00")]),
        ([("08:00:00", "08:30:00"), ("08:30:00.900000", "09:00:00")], []),
        ([("08:00:00", "08:30:00"), ("08:30:01", "09:00:00")], [("08:30:00", "08:30:01")]),
        ([("07:00:00", "07:30:00")], [("08:00:00", "09:00:00")]),
        ([("09:30:00", "09:40:00")], [("08:00:00", "09:00:00")]),
        ([("08:00:00", "08:59:59.500000"), ("09:30:00", "09:40:00")], []),
        ([("08:50:00", "08:20:00"), ("08:55:00", "08:56:00")], [("08:00:00", "08:55:00"), ("08:56:00", "09:00:00")]),
    ],
    ids=["all", "more than all", "middle", "joint", "one within", "rounding", "one second", "before", "after",
         "rounding at the end", "backwards"],
)  # fmt: skip
def test_uncovered(covered, holes):
    """Holes from one second up, in order, within the range, whatever covers it and in whatever order."""
    expected = tuple(span(*hole) for hole in holes)
    assert uncovered(ASKED, [span(*part) for part in covered]) == expected
    assert uncovered(ASKED, [span(*part) for part in reversed(covered)]) == expected


def test_uncovered_resolution_is_the_callers():
    """A finer eye sees finer holes."""
    covered = [span("08:00:00", "08:30:00"), span("08:30:00.250000", "09:00:00")]
    assert uncovered(ASKED, covered, timedelta(milliseconds=100)) == (span("08:30:00", "08:30:00.250000"),)


def test_missing_seconds_are_named_once_lost_before_pending_before_gap():
    """Claims overlap; each second counts under the first that has a right to it."""
    account = account_for(
        ASKED,
        covered=[span("08:00:00", "08:10:00")],
        lost=[Hole(span("08:05:00", "08:20:00"), BROKEN, 2), Hole(span("08:15:00", "08:25:00"), GONE, 3)],
        pending=[Hole(span("08:20:00", "08:40:00"), WRITING)],
        explain=lambda gap: (LostReason(LossKind.NOT_RECORDED, str(gap.start)), 7),
    )
    assert account.lost == (
        Hole(span("08:10:00", "08:20:00"), BROKEN, 2),
        Hole(span("08:20:00", "08:25:00"), GONE, 3),
    )
    assert account.pending == (Hole(span("08:25:00", "08:40:00"), WRITING),)
    assert account.gaps == (
        Hole(span("08:40:00", "09:00:00"), LostReason(LossKind.NOT_RECORDED, "2026-01-16 08:40:00"), 7),
    )


def test_a_claim_on_what_is_there_is_void():
    """A lost clip whose time another clip covers is no loss of time."""
    account = account_for(ASKED, [ASKED], [Hole(ASKED, GONE, 1)], [Hole(ASKED, WRITING)], no_gap)
    assert (account.lost, account.pending, account.gaps) == ((), (), ())


def test_a_claim_in_the_middle_leaves_both_sides():
    """One hole can end up as gap, loss and gap."""
    account = account_for(ASKED, [], [Hole(span("08:20:00", "08:40:00"), GONE, 1)], [], no_gap)
    assert [hole.span for hole in account.gaps] == [span("08:00:00", "08:20:00"), span("08:40:00", "09:00:00")]


def test_a_backward_claim_claims_nothing():
    """A claim that ends before it starts (an open clip listed after the range) takes no second from anybody."""
    account = account_for(ASKED, [], [], [Hole(span("09:30:00", "09:00:00"), WRITING)], no_gap)
    assert (account.pending, [hole.span for hole in account.gaps]) == ((), [ASKED])


LONG = 100 << 20  # bytes


@pytest.mark.parametrize(
    ("start", "end", "size", "part"),
    [
        ("07:30:00", "09:30:00", LONG, ("07:59:58", "09:00:02")),
        ("07:30:00", "08:30:00", LONG, ("07:59:58", "08:30:00")),
        ("08:30:00", "09:30:00", LONG, ("08:30:00", "09:00:02")),
        # ten seconds beyond the range with the margin of two, and nine
        ("08:59:00", "09:00:10", LONG, ("08:59:00", "09:00:02")),
        ("08:59:00", "09:00:09", LONG, None),
        ("07:59:50", "08:01:00", LONG, ("07:59:58", "08:01:00")),
        ("07:59:51", "08:01:00", LONG, None),
        # a tenth of it, and two megabytes, or a minute of what has no size
        ("08:30:00", "09:03:22", LONG, None),
        ("08:30:00", "09:03:23", LONG, ("08:30:00", "09:00:02")),
        ("08:30:00", "09:30:02", 4 << 20, None),
        ("08:30:00", "09:30:06", 4 << 20, ("08:30:00", "09:00:02")),
        ("08:58:00", "09:01:01", None, None),
        ("08:58:00", "09:01:02", None, ("08:58:00", "09:00:02")),
        ("08:00:00", "09:00:00", LONG, None),
    ],
)
def test_a_part_is_wanted_where_it_pays(start, end, size, part):
    """What reaches beyond the range is left out if that saves enough, with a margin of two seconds."""
    (planned,) = in_parts(plan_export([recording(start, end, size=size)], ASKED, Stream.MAIN)).recordings
    assert planned.part == (span(*part) if part else None)


def test_a_recording_that_another_overlaps_is_wanted_whole():
    """Their pictures are compared. A second is how exact listed times are, and no overlap."""
    first, beside = recording("07:30:00", "08:30:00", size=LONG), recording("08:29:59", "09:30:00", size=LONG)
    parts = [one.part for one in in_parts(plan_export([first, beside], ASKED, Stream.MAIN)).recordings]
    assert parts == [span("07:59:58", "08:30:00"), span("08:29:59", "09:00:02")]
    over, inside = recording("08:29:58", "09:30:00", size=LONG), recording("08:10:00", "08:20:00", size=LONG)
    assert [one.part for one in in_parts(plan_export([first, over], ASKED, Stream.MAIN)).recordings] == [None, None]
    # and the long one reaches over one that comes later in the list
    third = in_parts(plan_export([first, inside, over], ASKED, Stream.MAIN)).recordings[2]
    assert third.part is None


@pytest.mark.parametrize("change", [{"is_dated_by_end": True}, {"backwards_end": wall("09:30:00")}])
def test_a_recording_whose_times_are_not_its_own_is_wanted_whole(change):
    """A part is found by the time in the list."""
    one = recording("07:30:00", "09:30:00", size=LONG, **change)
    assert in_parts(plan_export([one], ASKED, Stream.MAIN)).recordings[0].part is None


def test_holes_below_the_resolution_are_slivers():
    """They are no gaps, and each of them is counted."""
    whole, half = timedelta(seconds=1), timedelta(milliseconds=500)
    covered = [Span(ASKED.start, wall("08:30:00")), Span(wall("08:30:00") + half, wall("08:40:00"))]
    covered += [Span(wall("08:40:00") + whole, ASKED.end)]
    account = account_for(ASKED, covered, [], [], no_gap)
    assert account.slivers == (Span(wall("08:30:00"), wall("08:30:00") + half),)
    assert [hole.span for hole in account.gaps] == [Span(wall("08:40:00"), wall("08:40:00") + whole)]
    assert account.missing_seconds == 1.5
