"""camreel.export and camreel.request, as a program uses them, and the twin of the library for scripts."""

from __future__ import annotations

import inspect
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import aiohttp
import anyio
import pytest
from tests.conftest import NOW, START, at, frame_md5s, three_clips, tuning

import camreel
from camreel import WallTime, sync
from camreel.events import Planned
from camreel.model import AskedAround, Now
from camreel_simulator import Fault, Quirks

WALL = WallTime(START)
SECONDS = timedelta(seconds=1)


def test_one_video_and_its_report(bench, tmp_path):
    clips = three_clips()
    stand = bench(recordings=clips, quirks=Quirks(nonce_bound_to_connection=True, lock_after=1))
    request = camreel.request(
        str(stand.address), "admin", WALL, WALL + 12 * SECONDS, output=tmp_path / "out.mp4", max_concurrent=2
    )
    told: list[camreel.Event] = []

    async def run() -> camreel.Report:
        async with aiohttp.ClientSession() as session:
            report = await camreel.export(
                request, "simulated-1", on_event=told.append, session=session, tuning=tuning()
            )
            assert not session.closed
            return report

    report = anyio.run(run)
    assert (report.exit_code, report.status) == (0, "complete")
    assert frame_md5s(tmp_path / "out.mp4") == [md5 for clip in clips for md5 in frame_md5s(clip.body())]
    assert any(isinstance(event, Planned) for event in told)
    assert camreel.report_json(report)["coverage"]["percent"] == 100.0
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_the_errors_of_an_export_are_plain(bench, tmp_path):
    """Workers that fail side by side are one error."""
    faults = [Fault("error_page", target=clip.path, times=None) for clip in three_clips()]
    stand = bench(faults=faults)
    request = camreel.request(str(stand.address), "admin", at(0), at(12), output=tmp_path / "out.mp4")
    with pytest.raises(camreel.CameraError, match="Not one of the 3 recordings"):
        sync.export(request, "simulated-1", tuning=tuning())
    with pytest.raises(camreel.LoginRefused) as refused:
        sync.export(request, "wrong-password", tuning=tuning())
    assert "wrong-password" not in str(refused.value)


def test_a_request_is_checked_before_anybody_is_asked(tmp_path):
    wrong: list[tuple[dict[str, object], str]] = [
        ({"start": "08:00", "end": "07:00Z"}, "is not a time"),
        ({"start": WALL, "end": WALL}, "start and end are the same"),
        ({"start": START, "end": START + SECONDS}, "real time or what the camera's clock shows"),
        ({"start": WALL}, "end of the range is missing"),
        ({"start": camreel.last("1h"), "end": WALL}, "its end in it"),
        ({"output": tmp_path / "x.webm"}, "does not write .webm"),
        ({"fingerprint": "00"}, "is not the SHA-256"),
        ({"username": "admin:secret"}, "colon"),
        ({"host": "admin:secret@camera"}, "must not contain a user name or a password"),
        ({"events": ["motoin"]}, "Did you mean motion"),
    ]
    for changes, message in wrong:
        given: dict[str, object] = {
            "host": "camera",
            "username": "admin",
            "start": camreel.last("1h"),
            "output": tmp_path / "x.mp4",
        }
        with pytest.raises(camreel.UsageError, match=message) as refused:
            camreel.request(**(given | changes))  # type: ignore[arg-type]
        assert "secret" not in str(refused.value)


def test_ranges_in_words():
    assert camreel.last("1h30m") == camreel.last(timedelta(minutes=90)) == AskedAround(Now(), timedelta(minutes=90))
    assert camreel.day("2026-01-16") == camreel.day(date(2026, 1, 16))
    assert camreel.day("yesterday").is_relative
    for wrong in (timedelta(0), timedelta(days=400), "nothing"):
        with pytest.raises(camreel.UsageError):
            camreel.last(wrong)
    with pytest.raises(camreel.UsageError, match="not a datetime"):
        camreel.day(datetime(2026, 1, 16, tzinfo=timezone.utc))


def test_a_script_needs_no_event_loop(bench, tmp_path):
    """The twin: the same results, and its thread ends with it."""
    stand = bench()
    before = {*threading.enumerate()}
    login = (str(stand.address), "admin", "simulated-1")
    with sync.connect(*login, tuning=tuning()) as camera:
        found = camera.recordings(WALL, WALL + 12 * SECONDS)
        path = camera.download(found[0], tmp_path / "one.mp4")
        clock = camera.clock()
        assert clock is not None and clock.offset == timedelta(0)
        assert (camera.address, camera.device.model) == (stand.address, "IP5M-T1277EB-AI")
        with pytest.raises(camreel.UsageError, match="already exists"):
            camera.download(found[0], path)
    assert path.read_bytes() == stand.camera.recordings[0].body()
    for thread in {*threading.enumerate()} - before:
        if not thread.name.startswith("asyncio_"):  # those are the simulated camera's
            thread.join(5)
            assert not thread.is_alive()
    with pytest.raises(ValueError, match="of the caller's own"), sync.connect(*login, tuning=tuning()):
        raise ValueError("of the caller's own")


def test_the_twin_takes_no_session():
    """It would be used in an event loop that it does not belong to."""
    session: Any = object()
    with pytest.raises(camreel.UsageError, match="its own event loop"):
        sync.export(camreel.request("h", "admin", camreel.last("1h"), output="x.mp4"), "secret", session=session)
    with pytest.raises(camreel.UsageError, match="its own event loop"), sync.connect("h", "a", "s", session=session):
        pass


def test_the_twin_has_each_call_of_the_camera():
    """None is forgotten, and each has the docstring and the parameters of its original."""
    calls = {
        name for name, what in vars(camreel.Camera).items() if inspect.iscoroutinefunction(what) and name[0] != "_"
    }
    facts = {"address", "device", "titles"}
    assert {name for name in vars(sync.Camera) if name[0] != "_"} == calls | facts
    for name in calls:
        ours, original = getattr(sync.Camera, name), getattr(camreel.Camera, name)
        assert (ours.__doc__, inspect.signature(ours)) == (original.__doc__, inspect.signature(original))


def test_an_account_that_is_locked_is_not_tried_again(bench):
    """What one call was told of a lock, the next one knows, in whichever process it is."""
    stand = bench(quirks=Quirks(lock_after=1))
    with pytest.raises(camreel.LoginError), sync.connect(str(stand.address), "admin", "wrong", tuning=tuning()):
        pass
    with pytest.raises(camreel.AccountLocked), sync.connect(str(stand.address), "admin", "wrong", tuning=tuning()):
        pass
    sent = len(stand.camera.ledger.entries)
    later = replace(tuning(), utc_now=lambda: NOW + timedelta(minutes=1))
    again = sync.connect(str(stand.address), "admin", "simulated-1", tuning=later)
    with pytest.raises(camreel.AccountLocked, match="was not sent"), again:
        pass
    assert len(stand.camera.ledger.entries) == sent
