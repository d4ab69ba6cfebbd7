"""`--since-last`: from where the last complete export ended. Nothing is skipped, whatever happens between two runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.conftest import START, Bench, Ran, frame_md5s, tuning

from camreel.cli.options import OutputOptions
from camreel.cli.results import ReportView
from camreel.errors import Interrupted, NothingRecorded
from camreel.jobs.continuation import _files
from camreel.model import NO_RANGE, Asked, AskedAround, Now
from camreel_simulator import ClipSpec, DeviceClock, Fault, Recorded, scene_schedule

LAST_HOUR = AskedAround(Now(), before=timedelta(hours=1))
LAG = timedelta(minutes=15)
MOST_SLEEPS = 30  # each of at most a minute
SPEC = ClipSpec(start=START, seconds=4, size=(160, 90))


def utc(seconds: float) -> datetime:
    return START.replace(tzinfo=timezone.utc) + timedelta(seconds=seconds)


def footage(first: float, count: int) -> list[Recorded]:
    return scene_schedule(START + timedelta(seconds=first), count, seconds=4, spec=SPEC)


class Series:
    """Runs of `--since-last` into one folder; `insert` puts another card into the camera, at a new address."""

    def __init__(self, bench: Callable[..., Bench]) -> None:
        self._bench = bench
        self.now = utc(0)
        self._ahead = timedelta(0)
        self._first: Asked = LAST_HOUR
        self.slept: list[float] = []
        self.insert(footage(0, 6))

    def insert(self, recordings: list[Recorded]) -> None:
        """Serve a camera with the same serial number and another card, elsewhere."""
        self.here = self._bench(recordings=recordings, clock=DeviceClock(lambda: self.now + self._ahead))

    def __call__(self, settled: float, *, ahead: float = 0.0, **changes: object) -> Ran:
        """Run when the camera has listed all up to so many seconds after 08:00, by its clock's true time."""
        self.now, self._ahead = utc(settled) + LAG, timedelta(seconds=ahead)
        asked, self._first = self._first, NO_RANGE
        for old in sorted(_files(), key=lambda file: str(json.loads(file.read_text())["at"]))[:-1]:
            old.unlink()  # it is one camera: where it was before the last time is forgotten
        wish: dict[str, Any] = {"asked": asked, "since_last": True, "named_by_range": True, **changes}
        return self.here.export(tune=tuning(utc_now=lambda: self.now, sleep=self._sleep), **wish)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        if len(self.slept) > MOST_SLEEPS:
            raise Interrupted("that is enough")


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
    first, second = series(10), series(24)
    assert isinstance(series(24).error, NothingRecorded)
    assert series(24, allow_empty=True).ok.status == "empty"
    assert series(600, allow_empty=True).ok.status == "empty"
    assert span_of(series(700, allow_empty=True)) == (24, 700)  # it may list a recording late
    assert span_of(series(60_000, allow_empty=True)) == (24, 60_000)
    assert span_of(series(60_100, allow_empty=True)) == (60_000 - 6 * 3600, 60_100)
    assert span_of(first) == (10 - 2700, 10)
    assert span_of(second) == (10, 24)
    assert [ran.ok.status for ran in (first, second)] == ["complete", "complete"]
    wanted = Counter(md5 for each in series.here.camera.recordings for md5 in frame_md5s(bytes_of(each)))
    seen = Counter(frame_md5s(first.output)) + Counter(frame_md5s(second.output))
    assert wanted - seen == Counter()
    assert (seen - wanted).total() <= 20, "up to the keyframe before the mark they are in both"
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
    assert (ran.ok.status, ran.ok.exit_code, ran.ok.video_code) == ("partial", 4, 0)
    assert any("overwrote older footage before this run" in warning for warning in ran.ok.warnings)
    assert ReportView(OutputOptions(quiet=True)).lacks(ran.ok)


def test_the_other_stream_does_not_tell_what_was_overwritten(series):
    """Nor does a snapshot."""
    series(8)
    others = [replace(each, stream="Extra1", path=each.path.replace(".mp4", "_s.mp4")) for each in footage(0, 2)]
    series.insert([*others, *footage(400, 2)])
    assert series(408).ok.overwritten is not None


def test_recordings_that_are_listed_late(series):
    """They are in the next video."""
    series.insert(footage(0, 1))
    series(4)
    assert series(16, allow_empty=True).ok.status == "empty"
    series.insert(footage(0, 6))
    assert span_of(series(24)) == (4, 24)


@pytest.mark.parametrize("late", ["", "writing", "not listed"])
@pytest.mark.parametrize(("event", "runs", "shown"), [(5, (18, 40), (14, 30)), (3, (12, 34), (6, 22))])
def test_time_before_and_after_an_event_at_a_mark(series, event, runs, shown, late):
    """--pad reaches over the mark in both directions, also if the event is known later."""
    clips = [
        replace(each, events=("VideoMotion",) if at in {0, event, 11} else ("Timing",))
        for at, each in enumerate(footage(0, 12))
    ]
    if late:
        series.insert([*clips[:event], *([replace(clips[event], writing=True)] if late == "writing" else [])])
    else:
        series.insert(clips)
    seen: set[str] = set()
    for run in runs:
        if run == runs[1]:
            series.insert(clips)
        ran = series(run, events=("motion",), pad=timedelta(seconds=6))
        assert ran.ok.exit_code == 0
        seen |= set(frame_md5s(ran.output))
    wanted = [md5 for each in clips for md5 in frame_md5s(bytes_of(each))][shown[0] * 10 : shown[1] * 10]
    assert set(wanted) <= seen


def test_a_first_range_that_is_too_young(series):
    """--last 10m: nothing is listed for certain yet. The second run has it."""
    series.insert(footage(400, 6))
    ten = AskedAround(Now(), before=timedelta(minutes=10))
    young = series(0, asked=ten)
    assert "where the first export begins" in str(young.error)
    assert span_of(series(610, asked=ten))[0] == 300


def test_a_recording_that_is_never_closed(series):
    """The camera lost power, and has recorded since: that is a loss, not an end that grows."""
    clips = footage(0, 6)
    series.insert([replace(each, writing=at == 2) for at, each in enumerate(clips)])
    ran = series(20)
    assert (ran.ok.status, ran.ok.exit_code) == ("partial", 4)


def test_only_what_is_being_written_is_new(series):
    """That is no error of the next run."""
    series.insert([*footage(0, 2), replace(footage(8, 1)[0], writing=True)])
    series(10)
    assert series(12, allow_empty=True).ok.status == "empty"
    assert isinstance(series(13).error, NothingRecorded)


def test_a_recording_that_grows_is_asked_for_once_a_minute(bench):
    """--follow waits for it to be closed, and is gentle meanwhile."""
    clips = footage(0, 4)
    now = [utc(16) + LAG + timedelta(seconds=5)]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)
        if len(slept) == 3:
            raise Interrupted("that is enough")

    stand = bench(recordings=[*clips[:3], replace(clips[3], writing=True)], clock=DeviceClock(lambda: now[0]))
    tune = tuning(utc_now=lambda: now[0], sleep=sleep)
    ran = stand.export("2026-01-16 08:00:00", "2026-01-16 08:00:16", follow=True, tune=tune)
    assert isinstance(ran.error, Interrupted)
    assert slept == [60.0] * 3


def test_only_what_is_being_written_is_new_and_is_waited_for(series):
    """With --follow that is no reason to end."""
    series.insert([*footage(0, 2), replace(footage(8, 1)[0], writing=True)])
    series(8)
    assert isinstance(series(12, follow=True).error, Interrupted)
    assert series.slept[-5:] == [60.0] * 5


def test_what_was_overwritten_after_a_first_run_that_lost_something(series):
    """The first recording that was listed tells."""
    series.here.camera.add_faults(Fault("status", "/08.00.00-", times=None, status=404))
    assert series(12).ok.exit_code == 4
    series.insert(footage(400, 2))
    assert series(408).ok.overwritten is not None
