"""What is told with `--quiet`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import report

from camreel.cli.options import OutputOptions
from camreel.cli.results import ReportView
from camreel.clock import parse_range
from camreel.model import Address, Output, Query, Request, Span, Target, WallTime
from camreel.planning.account import Account, Hole, LossKind, LostReason

SPAN = Span(WallTime.fromisoformat("2026-01-16T08:45"), WallTime.fromisoformat("2026-01-16T09:00"))
PENDING = Account((), (Hole(SPAN, LostReason(LossKind.TOO_RECENT)),), ())


@pytest.mark.parametrize(
    ("is_open", "since_last", "is_told"),
    [(False, False, False), (True, False, True), (True, True, False)],
    ids=["settled", "the end is open", "the next run looks there"],
)
def test_a_quiet_night_is_told_only_if_it_may_not_have_been_one(is_open, since_last, is_told):
    """All of them are exit code 0."""
    query = Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), ends_now=True, since_last=since_last)
    request = Request(
        Target(Address("cam.example", 80), "admin"),
        query,
        Output(Path("videos"), Path("videos/o.mp4"), allow_empty=True),
    )
    night = replace(report(request), clips=(), outputs=(), account=PENDING if is_open else Account((), (), ()))
    assert (night.status, night.exit_code) == ("empty", 0)
    assert ReportView(OutputOptions(quiet=True)).lacks(night) == is_told
