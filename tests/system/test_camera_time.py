"""The right hour, on every camera, on every day of the year: frame numbers tell exactly which seconds came."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import by_turns
from tests.system.clocks import (
    CLIP,
    DAYS,
    EUROPE,
    KINDS,
    SILENT,
    SUMMER,
    TELLS_OFFSETS,
    Kind,
    film,
    footage,
    frames,
    now_is,
    ntp,
    numbers,
    rule,
    seen,
)

from camreel import events
from camreel.clock import parse_around, parse_date, parse_from, parse_last
from camreel.clock.parse import parse_range
from camreel.errors import NothingRecorded, UsageError
from camreel.model import AskedRange
from camreel.report import report_text
from camreel_simulator import AMCREST_SD, DeviceClock, Fault, Recorded, SimulatedCamera

_DRIFTS = {"right": 0, "7 s fast": 7, "2 h slow": -7200}


@pytest.mark.parametrize(("name", "day", "is_off"), by_turns(KINDS, DAYS, _DRIFTS, of=9))
def test_real_time_gives_exactly_the_right_seconds(bench, name, day, is_off):
    """Whatever the zone, its source, the season of the footage and the drift: the asked seconds, no other."""
    kind, first, drift = KINDS[name], DAYS[day], _DRIFTS[is_off]
    recordings = footage(kind, first, drift)
    today = footage(kind, SUMMER - timedelta(minutes=30), drift, count=1)
    stand = bench(kind.camera([*recordings, *today], drift=drift))
    start, end = first + timedelta(seconds=CLIP), first + timedelta(seconds=CLIP + 6)
    run = stand.export(start.isoformat(), end.isoformat(), tune=now_is(SUMMER))
    assert seen(run) == numbers(recordings)[10 * CLIP : 10 * CLIP + 60]
    clock = run.ok.clock
    assert clock is not None and kind.source in clock.source
    assert [clock.to_utc(wall) for wall in (run.ok.span.start, run.ok.span.end)] == [start, end]
    if drift == 7:
        assert clock.drift == timedelta(seconds=7)


@pytest.mark.parametrize(("name", "drift"), by_turns(KINDS, _DRIFTS.values(), of=3))
def test_times_without_an_offset_are_what_the_picture_shows(bench, name, drift):
    """No drift, zone or season shifts them; only the report says what they were in UTC."""
    kind, first = KINDS[name], DAYS["winter"]
    today = footage(kind, SUMMER - timedelta(minutes=30), drift, count=1)
    stand = bench(kind.camera([*footage(kind, first, drift), *today], drift=drift))
    start = kind.wall(first + timedelta(seconds=CLIP), drift)
    run = stand.export(start.isoformat(), (start + timedelta(seconds=6)).isoformat(), tune=now_is(SUMMER))
    assert seen(run) == frames(start, 6)
    assert run.ok.clock is not None and run.ok.span is not None
    assert run.ok.clock.shown(run.ok.span.start).naive == start
    assert run.ok.clock.to_utc(run.ok.span.start) == first + timedelta(seconds=CLIP)


# The night of 25 October 2026 in Berlin: 02:00 to 03:00 happens at 00:00 UTC (+02:00) and at 01:00 UTC (+01:00).
AUTUMN = datetime(2026, 10, 30, 12, tzinfo=timezone.utc)
FIRST_PASS = datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc)
SECOND_PASS = FIRST_PASS + timedelta(hours=1)
BERLIN = {
    "by name": Kind(ZoneInfo("Europe/Berlin"), {"NTP": ntp(1, "Europe/Berlin")}),
    "rule": Kind(ZoneInfo("Europe/Berlin"), {"NTP": ntp(1), "Locales": rule(*EUROPE)}),
    "told": Kind(ZoneInfo("Europe/Berlin"), SILENT, TELLS_OFFSETS),
}


def marked(recordings: list[Recorded], hours: int) -> list[Recorded]:
    """The same, their pictures numbered as if it were ``hours`` later: so the passes can be told in the video."""
    shift = timedelta(hours=hours)
    return [replace(each, content=replace(film(each), start=film(each).start + shift)) for each in recordings]


def both_passes(kind: Kind) -> list[Recorded]:
    """Twelve seconds from 02:30:00, twice; those of the second pass carry the numbers of 12:30:00."""
    return footage(kind, FIRST_PASS) + marked(footage(kind, SECOND_PASS), 10)


HALF_PAST = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - shown twice
OF_FIRST, OF_SECOND = HALF_PAST, HALF_PAST + timedelta(hours=10)


@pytest.mark.parametrize("name", BERLIN)
@pytest.mark.parametrize(("offset", "marks"), [("+02:00", OF_FIRST), ("+01:00", OF_SECOND)])
def test_an_offset_chooses_the_pass(bench, name, offset, marks):
    """02:30+02:00 and 02:30+01:00 are an hour apart, with listed times that are the same."""
    kind = BERLIN[name]
    stand = bench(kind.camera(both_passes(kind), now=AUTUMN))
    run = stand.export(
        f"2026-10-25T02:30:00{offset}",
        f"2026-10-25T02:30:12{offset}",
        tune=now_is(AUTUMN),
        file=stand.folder / "x.mp4",
    )
    assert seen(run) == frames(marks, 12)
    assert run.ok.outputs[0].chapters[0][1] == f"2026-10-25 02:30:00{offset} (motion)"
    assert run.ok.account.gaps == ()


@pytest.mark.parametrize("name", BERLIN)
def test_without_an_offset_both_passes_come_and_are_named(bench, name):
    """Both, one after the other, each with its offset; what lies between is neither there nor missing."""
    kind = BERLIN[name]
    stand = bench(kind.camera(both_passes(kind), now=AUTUMN))
    run = stand.export("2026-10-25 02:30:02", "2026-10-25 02:30:08", tune=now_is(AUTUMN))
    assert seen(run) == frames(OF_FIRST, 8)[20:] + frames(OF_SECOND, 8)[20:]
    assert [title[:25] for _start, title in run.ok.outputs[0].chapters] == [
        "2026-10-25 02:30:02+02:00",
        "2026-10-25 02:30:02+01:00",
    ]
    assert any("both passes" in warning for warning in run.ok.warnings)
    assert run.ok.covered_seconds == run.ok.asked_seconds == 12
    assert run.ok.exit_code == 0


def test_a_range_over_the_whole_change_is_one_video(bench):
    """01:59:56 to 03:00:04 by the clock is two hours and eight seconds, and all of it is accounted for."""
    kind = BERLIN["by name"]
    change = datetime(2026, 10, 25, 1, tzinfo=timezone.utc)
    recordings = footage(kind, change - timedelta(seconds=8), count=4)
    stand = bench(kind.camera(recordings, now=AUTUMN))
    run = stand.export("2026-10-25 01:59:56", "2026-10-25 03:00:04", tune=now_is(AUTUMN))
    assert run.ok.asked_seconds == 7208
    assert seen(run) == numbers(recordings)
    assert [title for _start, title in run.ok.outputs[0].chapters] == [
        "2026-10-25 02:59:52+02:00 (motion)",
        "2026-10-25 02:00:00+01:00 (the camera's clock went back; motion)",
    ]
    assert run.ok.covered_seconds == 16


def test_a_recording_across_the_change_is_of_both_passes(bench):
    """Listed from 02:59:58 to 02:00:02: it ends before it starts, and its last seconds are in the second pass."""
    kind = BERLIN["by name"]
    change = datetime(2026, 10, 25, 1, tzinfo=timezone.utc)
    recordings = footage(kind, change - timedelta(seconds=2), count=2)
    stand = bench(kind.camera(recordings, now=AUTUMN))
    run = stand.export("2026-10-25T02:00:00+01:00", "2026-10-25T02:00:06+01:00", tune=now_is(AUTUMN))
    assert seen(run) == numbers(recordings)[20:]
    assert run.ok.exit_code == 0


def test_the_hour_that_does_not_exist_is_an_error_with_its_neighbours(bench):
    """02:30 on the last Sunday in March: exit 2, and the times before and after; with an offset it exists."""
    kind = BERLIN["by name"]
    first = datetime(2026, 3, 29, 0, 59, 56, tzinfo=timezone.utc)
    recordings = footage(kind, first, count=2)
    stand = bench(kind.camera(recordings))
    refused = stand.export("2026-03-29 02:30", "2026-03-29 04:00", tune=now_is(SUMMER))
    assert isinstance(refused.error, UsageError)
    assert "01:59:59" in str(refused.error) and "03:00:00" in str(refused.error)
    run = stand.export("2026-03-29 01:59:56", "2026-03-29 03:00:04", tune=now_is(SUMMER))
    assert run.ok.covered_seconds == run.ok.asked_seconds == 8
    assert [each.span.seconds for each in run.ok.clips] == [4, 4]
    assert [title for _s, title in run.ok.outputs[0].chapters][1].startswith("2026-03-29 03:00:00+02:00")


def asked_windows(camera: SimulatedCamera) -> list[str]:
    return [entry.target for entry in camera.log if "findFile" in entry.target]


def test_08_00_in_california_is_17_00_in_berlin_and_the_screen_says_so_first(bench, tmp_path):
    """As a new user would try it: the camera is asked for 17:00, and the screen says both before the download."""
    kind = BERLIN["rule"]
    first = datetime(2026, 1, 16, 16, tzinfo=timezone.utc)
    profile = replace(AMCREST_SD, configs={**AMCREST_SD.configs, **kind.configs})
    stand = bench(SimulatedCamera(footage(kind, first), profile, clock=DeviceClock(zone=kind.zone)))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AMCREST_")}
    ended = subprocess.run(
        [sys.executable, "-m", "camreel", "--host", f"127.0.0.1:{stand.address.port}", "--username", "admin",
         "--start", "2026-01-16T08:00:00-08:00", "--end", "2026-01-16T08:00:12-08:00", "--verbose", "--json"],
        cwd=tmp_path, env=environment | {"AMCREST_PASSWORD": "simulated-1"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert "StartTime=2026-01-16%2017:00:00" in asked_windows(stand.camera)[0]
    screen = ended.stderr.splitlines()
    said = next(number for number, line in enumerate(screen) if "2026-01-16 17:00:00 to 17:00:12" in line)
    fetched = next(number for number, line in enumerate(screen) if "RPC_Loadfile" in line)
    assert said < fetched
    assert "by the camera's clock, UTC+01:00" in screen[said]
    assert "2026-01-16 08:00:00-08:00 to 2026-01-16 08:00:12-08:00" in ended.stderr
    assert "16:00:00 to 16:00:12 UTC" in ended.stderr


def test_a_clock_that_is_hours_off_is_called_out_before_the_download(bench):
    """Two hours slow: said as a warning, with what the clock shows, before anything is fetched."""
    kind, first = BERLIN["by name"], DAYS["winter"]
    stand = bench(kind.camera(footage(kind, first, -7200), drift=-7200))
    run = stand.export(first.isoformat(), (first + timedelta(seconds=12)).isoformat(), tune=now_is(SUMMER))
    warned = next(n for n, event in enumerate(run.events) if isinstance(event, events.Warned) and "2 h" in event.text)
    fetched = next(n for n, event in enumerate(run.events) if isinstance(event, events.ClipStarted))
    assert warned < fetched
    assert any("2 h slow" in warning and "12:00:00" in warning for warning in run.ok.warnings)


def test_the_drift_can_be_overridden(bench):
    """--clock-drift off takes the clock as it is; a number is taken instead of what was measured."""
    kind, first = BERLIN["by name"], DAYS["winter"]
    stand = bench(kind.camera(footage(kind, first, 2), drift=6))
    ends = first.isoformat(), (first + timedelta(seconds=12)).isoformat()
    two = stand.export(*ends, tune=now_is(SUMMER), clock_drift=timedelta(seconds=2), file=stand.folder / "two.mp4")
    assert len(seen(two)) == 120
    off = stand.export(*ends, tune=now_is(SUMMER), clock_drift=timedelta(0), file=stand.folder / "off.mp4")
    assert [hole.span.seconds for hole in off.ok.account.gaps] == [2]


def test_the_zone_can_be_named_and_contradictions_are_told(bench):
    """--camera-tz goes before all else, and what the camera says otherwise is in the report, with both values."""
    kind, first = BERLIN["rule"], DAYS["winter"]
    stand = bench(kind.camera(footage(kind, first)))
    ends = first.isoformat(), (first + timedelta(seconds=12)).isoformat()
    agreed = stand.export(*ends, tune=now_is(SUMMER), camera_tz="Europe/Paris", file=stand.folder / "paris.mp4")
    assert len(seen(agreed)) == 120
    assert agreed.ok.clock is not None and "Europe/Paris, from --camera-tz" in agreed.ok.clock.source
    assert not any("Two sources disagree" in warning for warning in agreed.ok.warnings)
    other = stand.export(*ends, tune=now_is(SUMMER), camera_tz="Europe/Athens", file=stand.folder / "athens.mp4")
    told = next(warning for warning in other.ok.warnings if "Two sources disagree" in warning)
    assert "UTC+02:00" in told and "UTC+01:00" in told
    assert len(seen(other)) == 120, "the clock as measured today is one hour slow there, and stays so"


def test_the_settings_are_asked_for_once(bench):
    """NTP and Locales, once each, and no other name; and the clock is never set."""
    kind, first = BERLIN["rule"], DAYS["winter"]
    stand = bench(kind.camera(footage(kind, first)))
    run = stand.export(first.isoformat(), (first + timedelta(seconds=12)).isoformat(), tune=now_is(SUMMER))
    assert run.ok.exit_code == 0
    targets = [entry.target for entry in stand.camera.log if entry.status == 200]
    assert [target.partition("name=")[2] for target in targets if "getConfig" in target] == ["NTP", "Locales"]
    assert not any("setCurrentTime" in entry.target for entry in stand.camera.log)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 501])
def test_settings_that_may_not_be_read_do_not_end_the_job(bench, status):
    """A user with the right to play back and no other: the offset is measured then, and nothing is asked twice."""
    kind, first = BERLIN["rule"], DAYS["summer"]
    camera = kind.camera(footage(kind, first))
    camera.add_faults(Fault("status", target="getConfig", status=status, times=None))
    stand = bench(camera)
    run = stand.export(first.isoformat(), (first + timedelta(seconds=12)).isoformat(), tune=now_is(SUMMER))
    assert len(seen(run)) == 120
    assert run.ok.clock is not None and "measured" in run.ok.clock.source
    assert sum("getConfig" in entry.target and entry.status == status for entry in camera.log) == 2


def test_a_range_an_hour_away_is_found_by_what_recordings_tell(bench):
    """The settings say nothing and today is summer: the winter's recordings tell their own offset, and it is used."""
    kind, first = BERLIN["told"], DAYS["winter"]
    stand = bench(kind.camera(footage(kind, first)))
    run = stand.export(first.isoformat(), (first + timedelta(seconds=12)).isoformat(), tune=now_is(SUMMER))
    assert len(seen(run)) == 120
    understood = [event for event in run.events if isinstance(event, events.RangeKnown)]
    assert [event.span.start.naive.hour for event in understood] == [18, 17]


def relative(stand, asked, now, **changes):
    return stand.export(tune=now_is(now), asked=asked, **changes)


def test_relative_ranges(bench):
    """--last, --around now, today and --date, by the camera's own day; each run of --last is another request."""
    kind = BERLIN["by name"]
    now = datetime(2026, 7, 20, 22, 30, tzinfo=timezone.utc)  # 00:30 on the 21st, by the camera
    first = now - timedelta(hours=1)
    times = [now]
    profile = replace(AMCREST_SD, configs={**AMCREST_SD.configs, **kind.configs})
    clock = DeviceClock(utc=lambda: times[0], zone=kind.zone)
    stand = bench(SimulatedCamera(footage(kind, first), profile, clock=clock))
    last = relative(stand, parse_last("1h"), now, file=stand.folder / "x.mp4", named_by_range=True)
    assert len(seen(last)) == 120
    assert last.output.name == f"127.0.0.1_{stand.address.port}_ch1_2026-07-20_23.30.00_to_2026-07-21_00.30.00+0200.mp4"
    said = report_text(last.ok)
    told = re.search(
        r"complete up to 2026-07-21 00:15:00.* run this after .*:\n *camreel get .* --start (\S+) --end (\S+)\n",
        said,
        re.DOTALL,
    )
    assert told is not None, said
    assert (last.ok.status, last.ok.exit_code) == ("complete_so_far", 0)
    same = stand.export(tune=now_is(now), asked=parse_range(*told.groups()), file=last.output)
    assert same.output == last.output and (same.ok.status, same.ok.exit_code) == ("complete_so_far", 4)
    times[0] = now + timedelta(seconds=4)
    later = relative(stand, parse_last("1h"), times[0], file=stand.folder / "x.mp4", named_by_range=True)
    assert len(seen(later)) == 80 and later.output != last.output
    yesterday = relative(stand, parse_date("yesterday"), now, file=stand.folder / "day.mp4")
    assert str(yesterday.ok.span) == "2026-07-20 00:00:00 to 2026-07-21 00:00:00"
    again = relative(stand, parse_date("2026-07-20"), now, file=stand.folder / "day.mp4")
    assert again.ok.already_there
    around = relative(stand, parse_around("2026-07-20 23:30", 10), now, file=stand.folder / "around.mp4")
    assert len(seen(around)) == 120
    duration = relative(stand, parse_from("yesterday 23:30:04", "4s"), now, file=stand.folder / "dur.mp4")
    assert seen(duration) == frames(datetime(2026, 7, 20, 23, 30, 4), 4)  # noqa: DTZ001


def test_times_in_another_zone(bench):
    """--times-in says whose clock the bare times are of: 08:00 in New York is 14:00 in Berlin."""
    kind = BERLIN["by name"]
    first = datetime(2026, 1, 16, 13, tzinfo=timezone.utc)
    stand = bench(kind.camera(footage(kind, first)))
    asked = stand.request("2026-01-16 08:00:00", "2026-01-16 08:00:12").asked
    assert isinstance(asked, AskedRange)
    run = stand.export(asked=replace(asked, times_in="America/New_York"), tune=now_is(SUMMER))
    assert seen(run) == frames(datetime(2026, 1, 16, 14), 12)  # noqa: DTZ001
    assert "America/New_York" in str(run.ok.request.asked)


def test_a_day_without_a_midnight(bench):
    """In Cairo, 24 April 2026 begins at 01:00: --date takes the day as it was, 23 hours."""
    kind = Kind(ZoneInfo("Africa/Cairo"), {"NTP": ntp(2, "Africa/Cairo")})
    first = datetime(2026, 4, 23, 22, tzinfo=timezone.utc)
    stand = bench(kind.camera(footage(kind, first)))
    run = relative(stand, parse_date("2026-04-24"), SUMMER)
    assert run.ok.asked_seconds == 23 * 3600
    assert seen(run) == frames(datetime(2026, 4, 24, 1), 12)  # noqa: DTZ001


def test_an_empty_range_says_where_it_was_looked_for(bench):
    """Nothing recorded: exit 3, with the time by the camera's clock."""
    kind = BERLIN["by name"]
    stand = bench(kind.camera(footage(kind, DAYS["winter"])))
    run = stand.export("2026-01-16T20:00:00Z", "2026-01-16T21:00:00Z", tune=now_is(SUMMER))
    assert isinstance(run.error, NothingRecorded)
    assert "2026-01-16 21:00:00 to 22:00:00" in str(run.error)
