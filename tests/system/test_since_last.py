"""`--since-last`: from where the last complete export ended. Nothing is skipped, whatever happens between two runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.conftest import START, Bench, Ran, frame_md5s, tuning

from camreel.cli.options import OutputOptions
from camreel.cli.results import ReportView
from camreel.errors import NothingRecorded
from camreel.model import NO_RANGE, AskedAround, Now
from camreel_simulator import ClipSpec, DeviceClock, Fault, Recorded, scene_schedule

LAST_HOUR = AskedAround(Now(), before=timedelta(hours=1))
LAG = timedelta(minutes=15)
SPEC = ClipSpec(start=START, seconds=4, size=(160, 90))


def utc(seconds: float) -> datetime:
    return START.replace(tzinfo=timezone.utc) + timedelta(seconds=seconds)


def footage(first: float, count: int) -> list[Recorded]:
    return scene_schedule(START + timedelta(seconds=first), count, seconds=4, spec=SPEC)


class Series:
    """Runs of `--since-last` into one folder; `insert` puts another card into the camera, at a new address."""

    def __init__(self, bench: Callable[..., Bench]) -> None:
        self._bench = bench
        self._shows = utc(0)
        self.insert(footage(0, 6))

    def insert(self, recordings: list[Recorded]) -> None:
        """Serve a camera with the same serial number and another card, elsewhere."""
        self.here = self._bench(recordings=recordings, clock=DeviceClock(lambda: self._shows))

    def __call__(self, settled: float, *, ahead: float = 0.0, **changes: object) -> Ran:
        """Run when the camera has listed all up to so many seconds after 08:00, by its clock's true time."""
        now = utc(settled) + LAG
        self._shows = now + timedelta(seconds=ahead)
        wish: dict[str, Any] = {"asked": LAST_HOUR, "since_last": True, "named_by_range": True, **changes}
        return self.here.export(tune=tuning(utc_now=lambda: now), **wish)


@pytest.fixture
def series(bench: Callable[..., Bench]) -> Series:
    return Series(bench)


def bytes_of(recorded: Recorded) -> bytes:
    body = recorded.body()
    return body if isinstance(body, bytes) else body.read_bytes()


def span_of(ran: Ran) -> tuple[float, float]:
    """The range of a run, in seconds after 08:00."""
    assert ran.ok.span is not None
    return (ran.ok.span.start.naive - START).total_seconds(), (ran.ok.span.end.naive - START).total_seconds()


def test_each_run_begins_where_the_one_before_it_ended(series):
    """The first range has its start of --last; all frames are in the videos; nothing stays behind."""
    first, second = series(10), series(24, asked=NO_RANGE)
    assert isinstance(series(24).error, NothingRecorded)
    assert series(24, allow_empty=True).ok.status == "empty"
    assert series(600, allow_empty=True).ok.status == "empty"  # a quiet night moves the mark, as it is certain
    assert span_of(series(700, allow_empty=True)) == (600, 700)
    assert span_of(first) == (10 - 2700, 10)
    assert span_of(second) == (10, 24)
    assert [ran.ok.status for ran in (first, second)] == ["complete", "complete"]
    seen = set(frame_md5s(first.output)) | set(frame_md5s(second.output))
    assert seen == {md5 for each in series.here.camera.recordings for md5 in frame_md5s(bytes_of(each))}
    assert list(series.here.folder.glob(".amcrest_download")) == []


def test_a_partial_run_does_not_move_the_mark(series):
    """What it lost is fetched by the next run."""
    series(4)
    camera = series.here.camera
    camera.add_faults(Fault("status", "/08.00.04-", times=None, status=404))
    lost = series(12)
    assert lost.ok.status == "partial"
    camera.clear_faults()
    assert span_of(series(16)) == (4, 16)


def test_a_recording_that_is_being_written_is_for_the_next_run(series):
    """The range ends where it begins."""
    series(4)
    *closed, last = footage(0, 3)
    series.insert([*closed, replace(last, writing=True)])
    ran = series(12)
    assert (span_of(ran), ran.ok.status) == ((4, 8), "complete")
    assert ran.output.name.endswith("08.00.04_to_08.00.08Z.mp4")
    series.insert(footage(0, 4))
    assert span_of(series(16)) == (8, 16)


def test_a_card_that_has_overwritten_what_is_missing(series):
    """It is said; a card that still has the recording before it has lost nothing."""
    series(8)
    series.insert([*footage(0, 2), *footage(200, 2)])
    assert series(208).ok.overwritten is None
    series.insert(footage(400, 2))
    ran = series(408)
    assert ran.ok.overwritten is not None
    assert span_of(ran) == (208, 408)
    assert any("has overwritten what it recorded before" in warning for warning in ran.ok.warnings)
    assert ReportView(OutputOptions(quiet=True)).lacks(ran.ok)
