"""`--allow-empty`: a night in which nothing was recorded is no failure, if that is certain; anything else still is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.conftest import NOW, three_clips

from camreel.errors import NothingRecorded
from camreel.model import AskedRange, Now
from camreel_simulator import DeviceClock, SimulatedCamera, running

QUIET = ("2026-01-16 10:00:00", "2026-01-16 10:10:00")


def test_a_quiet_range_is_a_result_without_a_video(bench):
    """Its account names the gap, and nothing stays on the disk."""
    here = bench()
    report = here.export(*QUIET, allow_empty=True).ok
    assert (report.status, report.exit_code, report.outputs) == ("empty", 0, ())
    assert [hole.span.seconds for hole in report.account.gaps] == [600]
    assert report.search is not None
    assert report.search.is_proven
    assert not here.folder.exists()


def test_clips_that_only_touch_the_range_leave_it_empty(bench):
    """One is listed to end where the range begins: it is looked at for frames, and removed again."""
    here = bench()
    report = here.export("2026-01-16 08:00:12", "2026-01-16 08:05:00", allow_empty=True).ok
    assert (report.status, report.outputs) == ("empty", ())
    assert [path.name for path in here.folder.rglob("*")] == []


@pytest.mark.parametrize(
    ("start", "end", "changes"),
    [
        pytest.param(*QUIET, {"allow_empty": False}, id="nobody allowed it"),
        pytest.param(*QUIET, {"require_complete": True}, id="gaps are to be told"),
        pytest.param("2026-01-18 10:00", "2026-01-18 11:00", {}, id="the range is still to come"),
    ],
)
def test_it_stays_an_error(bench, start, end, changes):
    """What else is no quiet night is in tests/unit/jobs/test_search.py."""
    assert isinstance(bench().export(start, end, **{"allow_empty": True, **changes}).error, NothingRecorded)


def test_an_end_that_may_still_grow(bench):
    """Up to now nothing is recorded, as far as the camera lists it: more there cannot be. Another range stays 3."""
    here = bench()
    ends_now = AskedRange(NOW - timedelta(hours=1), Now())
    ran = here.export(asked=ends_now, allow_empty=True).ok
    assert (ran.status, ran.exit_code, ran.is_complete_so_far) == ("empty", 0, True)
    assert isinstance(here.export(asked=ends_now, allow_empty=True, require_settled=True).error, NothingRecorded)
    fixed = AskedRange(NOW - timedelta(hours=1), NOW)
    assert isinstance(here.export(asked=fixed, allow_empty=True).error, NothingRecorded)


@pytest.mark.parametrize("cameras", [1, 2])
def test_cron_hears_nothing(camreel_, tmp_path, cameras):
    """Of one camera and of many, with the setting in [defaults]; the command of --exec is not run."""
    with running(SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW))) as server:
        own = f'host = "127.0.0.1:{server.port}"\nusername = "admin"\n'
        names = ["front", "garage"][:cameras]
        texts = ["[defaults]\nallow_empty = true\n", *(f"[camera.{name}]\n{own}" for name in names)]
        (tmp_path / "config.toml").write_text("".join(texts))
        typed = ["get", *names, "-s", QUIET[0], "-e", QUIET[1], "--exec", "false"]
        known = {"AMCREST_PASSWORD": "simulated-1", "CAMREEL_CONFIG": str(tmp_path / "config.toml")}
        quiet = camreel_([*typed, "--quiet"], **known)
        told = camreel_([*typed, "--json"], **known)
    assert (quiet.code, quiet.everything) == (0, "")
    document = json.loads(told.out)
    runs = document["runs"]
    assert [(run["status"], run["exit_code"], run["outputs"]) for run in runs] == [("empty", 0, [])] * cameras
    assert (told.code, document["exit_code"]) == (0, 0)
