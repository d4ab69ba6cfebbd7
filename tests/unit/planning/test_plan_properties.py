"""The account of a range, for any recordings: nothing is forgotten and nothing is counted twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import RESOLUTION, Hole, LossKind, LostReason, account_for, uncovered
from camreel.planning.plan import plan_export

START = WallTime(datetime(2025, 6, 1, 10))  # noqa: DTZ001
TENTH = timedelta(milliseconds=100)


def at(tenths: int) -> WallTime:
    return START + tenths * TENTH


def between(low: int, high: int) -> st.SearchStrategy[Span]:
    """Spans in tenths of a second; also empty and backward ones."""
    return st.builds(lambda start, end: Span(at(start), at(end)), st.integers(low, high), st.integers(low, high))


ranges = st.builds(lambda start, length: Span(at(start), at(start + length)), st.integers(0, 50), st.integers(1, 300))
spans = st.lists(between(-50, 400), max_size=8)
holes = st.lists(st.builds(Hole, between(-50, 400), st.builds(LostReason, st.sampled_from(LossKind))), max_size=5)


def instants(span: Span, parts: list[Span]) -> list[set[int]]:
    """For each tenth of a second of ``span``, which of ``parts`` hold it."""
    count = round(span.seconds * 10)
    return [
        {number for number, part in enumerate(parts) if part.start <= span.start + tenth * TENTH < part.end}
        for tenth in range(count)
    ]


def assert_only_crumbs_are_left(span: Span, named: list[Span]) -> None:
    """What no part holds of ``span`` comes in pieces shorter than the resolution."""
    run = 0
    for holders in instants(span, named):
        run = 0 if holders else run + 1
        assert run * TENTH < RESOLUTION


def assert_in_order(span: Span, parts: list[Span]) -> None:
    assert all(span.start <= part.start < part.end <= span.end for part in parts)
    assert all(one.end <= other.start for one, other in pairwise(parts))


@given(ranges, spans)
def test_holes_are_what_nobody_covers(span, covered):
    """Disjoint, in order, within the range, from a second up; with the cover they make up all of it but crumbs."""
    found = list(uncovered(span, covered))
    assert_in_order(span, found)
    assert all(hole.end - hole.start >= RESOLUTION for hole in found)
    assert not any(hole.overlap(part) for hole in found for part in covered)
    assert_only_crumbs_are_left(span, [*covered, *found])


@given(ranges, spans, st.randoms(use_true_random=False))
def test_the_order_of_the_cover_means_nothing(span, covered, random):
    """However the clips are listed, the holes are the same."""
    shuffled = list(covered)
    random.shuffle(shuffled)
    assert uncovered(span, shuffled) == uncovered(span, covered)


@given(ranges, spans)
def test_covering_the_holes_leaves_none(span, covered):
    """Filling what was missing completes the range."""
    assert uncovered(span, [*covered, *uncovered(span, covered)]) == ()


@given(ranges, spans, holes, holes)
def test_every_instant_is_accounted_for_once(span, covered, lost, pending):
    """Covered, lost, pending or a gap: each instant is one of these and only one, but for crumbs below a second."""
    account = account_for(span, covered, lost, pending, lambda _gap: (LostReason(LossKind.NOT_RECORDED), None))
    named = [hole.span for hole in (*account.lost, *account.pending, *account.gaps)]
    assert_in_order(span, sorted(named))
    for holders in instants(span, named):
        assert len(holders) <= 1
    assert not any(part.overlap(hole) for part in covered for hole in named)
    assert_only_crumbs_are_left(span, [*covered, *named])


@given(ranges, spans, holes, holes)
def test_each_reason_is_that_of_a_claim_that_reaches_there(span, covered, lost, pending):
    """No second is blamed on a clip that is not listed for it; loss goes before waiting, waiting before a gap."""
    account = account_for(span, covered, lost, pending, lambda _gap: (LostReason(LossKind.NOT_RECORDED), None))
    for found, claims in ((account.lost, lost), (account.pending, pending)):
        for hole in found:
            assert any(claim.reason == hole.reason and claim.span.overlap(hole.span) == hole.span for claim in claims)
    for hole in (*account.pending, *account.gaps):
        assert not any(hole.span.overlap(claim.span) for claim in lost)
    for hole in account.gaps:
        assert not any(hole.span.overlap(claim.span) for claim in pending)


recordings = st.builds(
    lambda path, start, length, stream, position, writing: Recording(
        path, Span(at(start), at(start + length)), stream=stream, position=position, writing=writing
    ),
    st.integers(0, 12).flatmap(lambda n: st.sampled_from([f"/{n}.mp4", f"/{n}.dav", f"/{n}.jpg", f"ftp://x/{n}"])),
    st.integers(-100, 400),
    st.integers(0, 100),
    st.sampled_from(Stream),
    st.integers(0, 20),
    st.booleans(),
)


@given(st.lists(recordings, max_size=15), ranges, st.sampled_from(Stream))
def test_every_listed_item_is_planned_or_counted(listing, span, stream):
    """Fetched, still being written, or left out under a reason: the numbers add up."""
    plan = plan_export(listing, span, stream)
    chosen = [*plan.recordings, *plan.writing]
    assert len(chosen) + sum(count for _reason, count in plan.left_out) == len(listing)
    assert len({recording.path for recording in chosen}) == len(chosen)
    assert all(recording in listing and recording.stream is stream for recording in chosen)
    starts = [recording.span.start for recording in plan.recordings]
    assert starts == sorted(starts)
    assert plan.gaps == uncovered(span, [recording.span for recording in plan.recordings])
