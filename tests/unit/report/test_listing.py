"""What a listing says of what the camera may still be writing, and of what its table would take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes import CLOCK, DEVICE, SPAN

from camreel.clock import parse_range
from camreel.model import Address, Output, Query, Recording, Span, Stream, Target
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.planning.plan import plan_export
from camreel.report import Tone, plain_text
from camreel.report.listing import Listing, head, planned, summary_row, table_rows, totals

QUARTERS = [
    Span(SPAN.start + n * timedelta(minutes=15), SPAN.start + (n + 1) * timedelta(minutes=15)) for n in range(4)
]
KINDS = (CoverageKind.GAP, CoverageKind.PENDING, CoverageKind.RECORDED, CoverageKind.PENDING)


def a_listing(**changes: object) -> Listing:
    """A quarter of an hour that was recorded, between two that may still be written; one gap."""
    stretches = tuple(CoverageSpan(span, kind) for span, kind in zip(QUARTERS, KINDS, strict=True))
    recordings = [Recording("/1.mp4", QUARTERS[2], 1000), Recording("/1.jpg", QUARTERS[2], 10)]
    return Listing(
        Target(Address("cam", 80), "admin"),
        Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")),
        DEVICE,
        CLOCK,
        plan_export(recordings, SPAN, Stream.MAIN),
        stretches,
        **changes,  # type: ignore[arg-type]
    )


def test_what_may_still_be_written_is_one_line() -> None:
    """However many parts it has; and the sums are before the gaps."""
    assert plain_text(totals(a_listing(), hides_table=True)).splitlines() == [
        "Coverage  15 min of 1 h (25.0 %), 1 gap, 30 min pending",
        "Found     1 recording, 1 kB (--table shows each)",
        "Gap       2026-01-16 08:00:00 to 08:15:00 (15 min)",
        "Pending   2026-01-16 08:15:00 to 09:00:00 (30 min in 2 parts): the camera may still be writing it",
    ]


def test_nothing_is_said_as_people_say_it() -> None:
    """No zeros."""
    listing = replace(a_listing_of_nothing(), stretches=(CoverageSpan(SPAN, CoverageKind.GAP),))
    said = plain_text(totals(listing)).splitlines()
    assert said[:2] == ["Coverage  nothing of 1 h (0.0 %), 1 gap", "Found     no recordings"]


def test_what_is_pending_is_no_gap_and_not_called_none() -> None:
    """The camera may still list recordings there: nobody can say that there is no gap."""
    stretches = tuple(CoverageSpan(span, kind) for span, kind in zip(QUARTERS[1:3], KINDS[1:3], strict=True))
    listing = replace(a_listing(), stretches=stretches)
    assert plain_text(totals(listing)).splitlines()[0] == "Coverage  15 min of 30 min (50.0 %), 15 min pending"
    assert summary_row(listing)[-1] == "none so far"
    whole = replace(listing, stretches=stretches[1:])
    assert plain_text(totals(whole)).splitlines()[0] == "Coverage  15 min of 15 min (100.0 %), no gap"


@pytest.mark.parametrize("whole", [False, True])
def test_details_of_a_listing_are_for_verbose(whole: bool) -> None:
    """Which camera, where its zone is known from, and what is not used."""
    said = plain_text([*head(a_listing(), whole=whole), *totals(a_listing(), whole=whole)])
    for detail in ("Camera", "measured now", "not used: 1 snapshot"):
        assert (detail in said) == whole
    assert "42 s fast" in said


def test_a_table_has_a_line_for_each_recording_and_one_for_the_heads() -> None:
    """Or none at all."""
    listing = a_listing()
    assert table_rows(listing) == 2
    assert table_rows(a_listing_of_nothing()) == 0


def a_listing_of_nothing() -> Listing:
    listing = a_listing()
    return Listing(listing.target, listing.query, DEVICE, CLOCK, plan_export([], SPAN, Stream.MAIN), ())


def test_a_dry_run_ends_with_what_was_done() -> None:
    """Nothing; or there would be nothing to do."""
    output = Output(Path("videos"), Path("videos/x.mp4"))
    *_, last = planned(a_listing(output=output, bytes_to_come=1000))
    assert (plain_text([last]), last.tone) == ("Dry run   nothing was downloaded", Tone.GOOD)
    (there,) = planned(a_listing(output=output, already_there=True))
    assert plain_text([there]) == "Already there  there would be nothing to download -> videos/x.mp4"
