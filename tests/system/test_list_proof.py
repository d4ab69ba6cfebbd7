"""Cameras whose lists end early: what is found late is in the video, and what is not proven is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.conftest import NOW, START, Bench, at, frame_md5s, three_clips
from tests.fakes import Camreel, only_run

from camreel.errors import CameraError, NothingRecorded
from camreel.events import ClipFetched
from camreel.planning.account import LossKind
from camreel.report import report_json, report_text
from camreel_simulator import AMCREST_SD, DeviceClock, Fault, Quirks, Recorded, SimulatedCamera

Serve = Callable[..., Bench]


def searches(stand: Bench) -> int:
    return sum("action=findFile" in entry.target and entry.authorized for entry in stand.camera.log)


@pytest.mark.parametrize(
    "quirks", [Quirks(list_cap=1), Quirks(list_cap=1, newest_first=True)], ids=["oldest", "newest"]
)
def test_what_is_found_late_is_in_its_place(bench: Serve, quirks: Quirks) -> None:
    """One recording a search: the video has all three, in their order."""
    clips = three_clips()
    stand = bench(recordings=clips, quirks=quirks)
    run = stand.export()
    assert frame_md5s(run.output) == [md5 for clip in clips for md5 in frame_md5s(clip.body())]
    assert (run.ok.exit_code, run.ok.status) == (0, "complete")
    assert report_json(run.ok)["search"] == {"proven": True, "why": None, "searches": 2, "unproven": []}
    assert searches(stand) == 3
    # What was fetched before the rest was found is of this run, and fetched once.
    assert [event.reused for event in run.events if isinstance(event, ClipFetched)][-3:] == [False] * 3
    assert sum("RPC_Loadfile" in entry.target and entry.authorized for entry in stand.camera.log) == 3


def test_what_is_not_proven_is_lost_by_name(bench: Serve) -> None:
    """More searches fail: what was listed is in the video, the rest of the range is no gap, and the exit code is 4."""
    broken = Fault("status", target="action=findFile", status=503, skip=1, times=None)
    stand = bench(faults=[broken])
    run = stand.export(at(-60), at(72))
    assert run.ok.exit_code == 4
    assert [(hole.reason.kind, str(hole.span)[11:19]) for hole in run.ok.account.lost] == [
        (LossKind.UNPROVEN, "07:59:00"), (LossKind.UNPROVEN, "08:00:12"),
    ]  # fmt: skip
    search = report_json(run.ok)["search"]
    assert (search["proven"], len(search["unproven"])) == (False, 2)
    assert "a further search failed" in search["why"]
    assert "There may be more recordings of 2026-01-16 07:59:00" in " ".join(report_text(run.ok).split())
    assert len(frame_md5s(run.output)) == 120


def test_a_refused_search_more_does_not_end_the_run(bench: Serve) -> None:
    """A 401 to it: no further one, and the downloads go on by the login that they have."""
    refusal = Fault("status", target="action=findFile", status=401, skip=1, times=None, text="Error\r\n")
    stand = bench(faults=[refusal])
    run = stand.export(at(-60), at(72))
    assert run.ok.exit_code == 4
    assert len(frame_md5s(run.output)) == 120
    assert stand.camera.rejected_logins == 0


def test_an_item_without_a_path_is_lost_by_name(bench: Serve) -> None:
    """It is listed, nothing is asked of the camera for it, and its seconds are no gap."""
    clips = three_clips()
    profile = replace(AMCREST_SD, item_without=frozenset({"FilePath"}))
    stand = bench(SimulatedCamera(clips, profile, clock=DeviceClock.fixed(NOW)))
    run = stand.export()
    assert isinstance(run.error, CameraError)
    assert "Not one of the 3 recordings" in str(run.error)
    assert "no path" in str(run.error)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("skip", [0, 2], ids=["of the search", "of its proof"])
def test_an_error_in_place_of_a_first_page_is_no_empty_list(bench: Serve, status: int, skip: int) -> None:
    """A search that was taken, and then fails once, is made again: the video has all three clips."""
    once = Fault("status", target="action=findNextFile", status=status, text="Error\r\n", skip=skip, times=1)
    stand = bench(quirks=Quirks(list_cap=1), faults=[once])
    run = stand.export()
    assert (run.ok.exit_code, run.ok.status, len(run.ok.clips)) == (0, "complete", 3)
    assert len(frame_md5s(run.output)) == 120
    assert searches(stand) == 4


def hourly(count: int) -> list[Recorded]:
    """Recordings of an hour each, from midnight on."""
    hour = timedelta(hours=1)
    starts = [START.replace(hour=0) + number * hour for number in range(count)]
    return [Recorded(start, start + hour, b"x") for start in starts]


def test_by_day_is_remembered(camreel_: Camreel, bench: Serve) -> None:
    """A recorder that refuses two days is asked for each of them; the next run does so at once."""
    stand = bench(recordings=hourly(36), quirks=Quirks(longest_search=24.0))
    arguments = ["list", f"127.0.0.1:{stand.address.port}", "--username", "admin", "--json"]
    arguments += ["--start", "2026-01-16 00:00", "--end", "2026-01-17 12:00"]
    first = only_run(camreel_(arguments, AMCREST_PASSWORD="simulated-1").out)
    assert (first["exit_code"], len(first["recordings"]), first["search"]["proven"]) == (0, 36, True)
    assert searches(stand) == 4
    again = only_run(camreel_(arguments, AMCREST_PASSWORD="simulated-1").out)
    assert [each["path"] for each in again["recordings"]] == [each["path"] for each in first["recordings"]]
    assert searches(stand) == 4 + 2


def test_a_list_that_is_not_proven_is_exit_4(camreel_: Camreel, bench: Serve) -> None:
    """In words and in JSON."""
    stand = bench(
        recordings=hourly(3), faults=[Fault("status", target="action=findFile", status=503, skip=1, times=None)]
    )
    arguments = ["list", f"127.0.0.1:{stand.address.port}", "--username", "admin"]
    arguments += ["--start", "2026-01-16 00:00", "--end", "2026-01-16 12:00"]
    run = camreel_([*arguments, "--json"], AMCREST_PASSWORD="simulated-1")
    document = only_run(run.out)
    assert (run.code, document["status"], document["search"]["proven"]) == (4, "not proven", False)


def test_nothing_that_is_not_proven_is_no_empty_range(bench: Serve) -> None:
    """A recorder that refuses a day as well: exit 6, not 3, for two days; an empty card is exit 3 for an hour."""
    stand = bench(recordings=hourly(36), quirks=Quirks(longest_search=12.0))
    run = stand.export("2026-01-14 00:00", "2026-01-16 00:00")
    assert isinstance(run.error, CameraError)
    assert "the camera answers every search alike" in str(run.error)
    assert searches(stand) <= 5
    run = bench(recordings=[]).export("2026-01-16 00:00", "2026-01-16 01:00")
    assert isinstance(run.error, NothingRecorded)
