"""A camera as a whole that fails: it restarts, has too much to do, overwrites what it listed, or locks the account."""

from __future__ import annotations

import json
import os
import stat
import sys
from datetime import timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from tests.conftest import NOW, frame_md5s, tuning
from tests.system.faults.matrix import FAR, long_clips

from camreel import events
from camreel.devices import lockout
from camreel.errors import AccountLocked
from camreel.model import Address
from camreel.planning.account import LossKind, LostReason
from camreel.report import AtATime, hole_text
from camreel.transfer.retry import Backoff
from camreel_simulator import DeviceClock, Fault, Quirks, SimulatedCamera


def all_md5s(recordings) -> list[str]:
    return [md5 for one in recordings for md5 in frame_md5s(one.body())]


@pytest.mark.parametrize("at", [9, 12, 14, 16])
def test_a_restart_in_the_middle_costs_no_clip(bench, at):
    """While it searches or downloads, with one try a clip: one loop waits for the camera, and all goes on."""
    recordings = long_clips()
    camera = SimulatedCamera(recordings, quirks=Quirks(reboot_at=at), clock=DeviceClock.fixed(NOW))
    waits: list[float] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Retrying) and event.what == "the camera":
            waits.append(event.wait)
            if len(waits) == 3:
                camera.finish_reboot()

    tune = tuning(fetching=Backoff(attempts=1), talking=Backoff(attempts=1), away=Backoff())
    run = bench(camera).export(tune=tune, listen=listen)
    assert frame_md5s(run.output) == all_md5s(recordings)
    assert run.ok.exit_code == 0
    assert waits == [1, 2, 4]
    assert camera.rejected_logins == 0


def test_a_camera_that_does_not_come_back_is_given_up_after_its_time(bench):
    """--retry-for: so long, once for all clips; those that were not reached are named as not tried."""
    recordings = long_clips()
    # Everything is reset from the second download on.
    gone = [Fault("reset", target=one.path, times=None) for one in recordings[1:]]
    camera = SimulatedCamera(recordings, faults=gone, clock=DeviceClock.fixed(NOW))
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await anyio.lowlevel.checkpoint()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.ClipFetched):
            camera.add_faults(Fault("reset", times=None, before_login=True))

    run = bench(camera).export(tune=tuning(sleep=sleep, away=Backoff()), listen=listen, max_concurrent=1, retry_for=100)
    assert run.ok.exit_code == 4
    assert 90 < sum(waits) <= 100, "the time that it takes to knock counts, too"
    assert [clip.status for clip in run.ok.clips] == ["merged", "failed", "failed"]
    assert run.ok.clips[2].reason == LostReason(LossKind.NOT_TRIED)


@pytest.mark.parametrize(
    "quirks",
    [Quirks(connection_limit=2), Quirks(connection_limit=2, limit_answers=True), Quirks(connection_limit=1)],
    ids=["reset", "401", "one"],
)
def test_a_camera_that_bears_few_connections_gets_fewer(bench, quirks):
    """With eight allowed and one or two borne: all of it comes, no login is lost, and the report has the figures."""
    recordings = long_clips()
    run = bench(recordings=recordings, quirks=quirks).export(
        max_concurrent=3, tune=tuning(fetching=Backoff(attempts=2))
    )
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == all_md5s(recordings)
    assert run.ok.at_a_time is not None
    assert run.ok.at_a_time.allowed == 3


def test_what_was_settled_on_is_in_the_report(bench):
    """Text and JSON: 503 for all but one at a time."""
    from camreel.report import report_json, report_text

    recordings = long_clips()
    busy = [Fault("status", status=503, target=one.path) for one in recordings[1:]]
    run = bench(recordings=recordings, faults=busy).export(max_concurrent=4)
    assert run.ok.exit_code == 0
    assert run.ok.at_a_time is not None
    lowest, settled = run.ok.at_a_time.lowest, run.ok.at_a_time.settled
    assert lowest == 2
    assert report_json(run.ok)["concurrency"] == {"allowed": 4, "lowest": lowest, "settled": settled}
    assert "the camera was overloaded, and parallel downloads were reduced from 4 to 2. Try: " in report_text(run.ok)


def test_a_limit_that_is_told_with_a_challenge_is_no_refused_login(bench):
    """401 «Exceeded» from a camera that has let us in before: the password is not to blame, and is not tried again."""
    recordings = long_clips()
    told = Fault(
        "status",
        status=401,
        target=recordings[1].path,
        text="Error\r\nExceeded maximum number of connections!\r\n",
        headers=(("WWW-Authenticate", 'Digest realm="x", qop="auth", nonce="1"'),),
        before_login=True,
    )
    stand = bench(recordings=recordings, faults=[told])
    run = stand.export()
    assert run.ok.exit_code == 0
    assert stand.camera.rejected_logins == 0
    assert sum(one.refusal is not None for one in stand.camera.log) == 0


@pytest.mark.parametrize("shape", ["404", "400", "500", "reset"])
def test_what_was_overwritten_meanwhile_is_named_as_gone(bench, shape):
    """The camera's card is a ring: whatever it answers for what it no longer has, the report says that it is gone."""
    recordings = long_clips()
    stand = bench(recordings=recordings, quirks=Quirks(overwritten=shape))
    run = stand.export()
    assert run.ok.exit_code == 4
    assert [clip.status for clip in run.ok.clips] == ["failed", "merged", "merged"]
    assert run.ok.clips[0].reason == LostReason(LossKind.OVERWRITTEN)
    assert "the camera has overwritten or deleted it" in hole_text(run.ok.account.lost[0])
    assert run.ok.at_a_time == AtATime(4, 4, 4), "nor was the camera overloaded"
    assert frame_md5s(run.output) == all_md5s(recordings[1:])
    assert stand.camera.open_finders == 0


def test_one_bad_recording_does_not_hold_up_the_others(bench):
    """One that always breaks is lost by name; the others come at the first try."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("drop", target=recordings[0].path, times=None, at=10)])
    run = stand.export(max_concurrent=1)
    assert [clip.status for clip in run.ok.clips] == ["failed", "merged", "merged"]
    asked = [one for one in stand.camera.log if one.authorized and "RPC_Loadfile" in one.decoded]
    assert sum(recordings[0].path not in one.decoded for one in asked) == 2


def test_our_own_slowness_is_no_stall_of_the_camera(bench):
    """--limit-rate holds a piece back for two seconds where a stall is one: nothing breaks, one try is enough."""
    recordings = long_clips()[:1]
    stand = bench(recordings=recordings)
    run = stand.export(end="2026-01-16 08:00:04", limit_rate=100_000, tune=tuning(sleep=anyio.sleep))
    assert run.ok.exit_code == 0
    assert [event.attempt for event in run.events if isinstance(event, events.ClipStarted)] == [1]


def test_a_part_of_an_earlier_run_is_continued(bench):
    """A clip that was lost half-way lies there as a part: the next run fetches the rest of it."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("drop", target=recordings[0].path, at=FAR, times=1)])
    stand.camera.add_faults(Fault("reset", target=recordings[0].path, times=None))
    first = stand.export()
    assert first.ok.exit_code == 4
    stand.camera.clear_faults()
    second = stand.export()
    assert second.ok.exit_code == 0
    started = [event for event in second.events if isinstance(event, events.ClipStarted)]
    assert [event.have for event in started] == [FAR]
    assert frame_md5s(second.output) == all_md5s(recordings)


@pytest.fixture
def locked(bench):
    """A camera that has locked its account, and a stand in front of it."""
    camera = SimulatedCamera(long_clips(), quirks=Quirks(lock_after=1), clock=DeviceClock.fixed(NOW))
    stand = bench(camera)
    stand.password = "wrong-Passw0rd"
    assert stand.export().error is not None
    stand.password = "simulated-1"
    return stand


def lock_files() -> list[Path]:
    return sorted(lockout.state_folder().rglob("*"))


def test_a_lock_is_remembered_and_nothing_is_sent_within_it(locked):
    """The run that meets the lock notes its end; the next one sends not a byte, and says how long to wait."""
    met = locked.export()
    assert isinstance(met.error, AccountLocked)
    before = len(locked.camera.log)
    again = locked.export(tune=tuning(utc_now=lambda: NOW + timedelta(minutes=12)))
    assert isinstance(again.error, AccountLocked)
    assert again.error.exit_code == 5
    assert again.error.seconds == 18 * 60
    assert "for another 18 min" in str(again.error)
    assert "--ignore-lock" in str(again.error.hint)
    assert len(locked.camera.log) == before


def test_what_is_remembered_is_no_secret(locked):
    """One file, for its owner alone, with the address and the time; its folder too."""
    locked.export()
    folder, file = (path for path in lock_files() if path.name != "locked" or path.is_dir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    said = json.loads(file.read_text())
    assert set(said) == {"camera", "locked_until"}
    assert "admin" not in file.read_text() + file.name
    assert "assw" not in file.read_text()


@pytest.mark.parametrize("how", ["later", "ignored", "another user", "another camera"])
def test_a_lock_holds_only_for_what_it_is_of(locked, how, tmp_path):
    """After its time, with --ignore-lock, for another user: the login is tried; once it has worked all is forgotten."""
    locked.export()
    locked.camera.unlock()
    if how == "another camera":
        lockout.check(locked.request("08:00", "09:00", address=Address("other", 80)).target, NOW)
        return
    if how == "another user":
        lockout.check(locked.request("08:00", "09:00", username="guest").target, NOW)
        return
    later = {"tune": tuning(utc_now=lambda: NOW + timedelta(minutes=31))} if how == "later" else {}
    run = locked.export(ignore_lock=how == "ignored", **later)
    assert run.ok.exit_code == 0
    assert not [path for path in lock_files() if path.is_file() and path.parent.name == "locked"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"locked_until": 7}', '{"locked_until": "soon"}', '{"locked_until": "2026-01-17T12:30:00"}',
     '{"locked_until": "9999-01-01T00:00:00+00:00"}', "[" * 4000],
)  # fmt: skip
def test_a_note_that_says_nothing_locks_nobody_out(locked, text):
    """Torn, without a zone, or for centuries: it is no reason to refuse."""
    locked.export()
    for path in lock_files():
        if path.is_file():
            path.write_text(text)
    lockout.check(locked.request("08:00", "09:00").target, NOW)  # raises nothing


def test_a_folder_that_cannot_be_written_is_no_obstacle(locked, monkeypatch, tmp_path):
    """Then a lock is not remembered, and the run says what it would have said."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert isinstance(locked.export().error, AccountLocked)


@pytest.mark.skipif(os.name == "nt", reason="the home folder of POSIX")
def test_a_user_without_a_home_folder_is_no_obstacle(locked, monkeypatch):
    """No HOME and no entry in the table of users: a lock is not remembered, and nothing else goes wrong."""
    import pwd

    def nobody(_user):
        raise KeyError

    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert isinstance(locked.export().error, AccountLocked)


def test_a_lock_is_remembered_without_platformdirs_too(locked, monkeypatch, tmp_path):
    """The library by itself is installed without it."""
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME")
    assert isinstance(locked.export().error, AccountLocked)
    assert list((tmp_path / ".local" / "state" / "camreel" / "locked").iterdir())
    before = len(locked.camera.log)
    assert isinstance(locked.export().error, AccountLocked)
    assert len(locked.camera.log) == before
