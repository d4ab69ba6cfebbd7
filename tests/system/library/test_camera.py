"""A camera as a program sees it, over real sockets: search, clock, one recording as a file, and plain errors."""

from __future__ import annotations

import hashlib
import os
import ssl
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import aiohttp
import anyio
import pytest
import trustme
from tests.conftest import NOW, START, frame_md5s, three_clips, tuning

import camreel
from camreel import WallTime
from camreel_simulator import (
    QUIRKS,
    ClipSpec,
    DeviceClock,
    Fault,
    Quirks,
    SimulatedCamera,
    demo_camera,
    running,
    scene_schedule,
)

pytestmark = pytest.mark.anyio
WALL = WallTime(START)
REAL = START.replace(tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture
def served():
    """Serve a camera: ``served(...)`` gives it and the arguments of ``connect``."""
    with ExitStack() as stack:

        def make(camera: SimulatedCamera | None = None, **settings):
            if camera is None:
                settings.setdefault("clock", DeviceClock.fixed(NOW))
                settings.setdefault("recordings", three_clips())
                camera = SimulatedCamera(**settings)
            for recording in camera.recordings:
                recording.length()
            server = stack.enter_context(running(camera))
            return camera, ("127.0.0.1:" + str(server.port), "admin", "simulated-1")

        yield make


def connected(arguments, **settings):
    return camreel.connect(*arguments, tuning=tuning(), **settings)


async def test_who_it_is_and_what_it_has(served):
    camera, login = served(demo_camera(clock=DeviceClock.fixed(NOW)))
    async with connected(login) as seen:
        assert seen.device.model == "IP5M-T1277EB-AI"
        assert seen.titles[1]
        found = await seen.recordings(WALL - HOUR, WALL + HOUR)
        clock = await seen.clock()
    listed = [each for each in camera.recordings if each.kind == "mp4" and each.stream == "Main"]
    assert [each.path for each in found] == [each.path for each in listed]
    assert clock is not None and clock.offset == timedelta(0)
    assert found.channel == 1
    assert found.gaps[0].start == WALL - HOUR
    assert repr(seen) == f"<camreel.Camera http://{login[0]}>"


async def test_real_time_and_the_cameras_clock_are_two_things(served):
    """An aware datetime is converted by the camera's zone, WallTime is not; when() gives real time back."""
    _camera, login = served(clock=replace(DeviceClock.fixed(NOW), zone=timezone(timedelta(hours=-8))))
    async with connected(login) as seen:
        by_clock = await seen.recordings(WALL, WALL + timedelta(seconds=4))
        real = REAL + timedelta(hours=8)
        by_real = await seen.recordings(real, real + timedelta(seconds=4))
        as_typed = await seen.recordings("2026-01-16 08:00:00", "2026-01-16 08:00:04")
    assert by_clock.items == by_real.items == as_typed.items
    assert len(by_clock) == 1
    assert by_clock.when(by_clock[0]) == (real, real + timedelta(seconds=4))
    assert by_clock.when(by_clock[0])[0].utcoffset() == timedelta(hours=-8)


async def test_a_naive_datetime_is_refused(served):
    _camera, login = served()
    async with connected(login) as seen:
        with pytest.raises(camreel.UsageError, match="real time or what the camera's clock shows"):
            await seen.recordings(START, START + HOUR)
        with pytest.raises(camreel.UsageError, match="start has no offset"):
            await seen.recordings(WALL, REAL + HOUR)


async def test_a_range_without_recordings_is_empty_and_no_error(served):
    _camera, login = served()
    async with connected(login) as seen:
        found = await seen.recordings(WALL - HOUR, WALL - HOUR / 2)
        assert (len(found), found.items) == (0, ())
        assert found.gaps == (found.span,)
        with pytest.raises(camreel.NothingRecorded, match="in the future"):
            await seen.recordings(REAL + timedelta(days=365), REAL + timedelta(days=366))


async def test_only_certain_events(served):
    _camera, login = served()
    async with connected(login) as seen:
        assert len(await seen.recordings(WALL, WALL + HOUR, events=["motion"])) == 3
        assert len(await seen.recordings(WALL, WALL + HOUR, events=["alarm"])) == 0
        with pytest.raises(camreel.UsageError, match="Did you mean motion"):
            await seen.recordings(WALL, WALL + HOUR, events=["motoin"])


async def test_a_recording_becomes_a_file_byte_for_byte(served, tmp_path):
    camera, login = served()
    seen_bytes: list[int] = []
    async with connected(login) as seen:
        found = await seen.recordings(WALL, WALL + HOUR)
        one = await seen.download(found[0], tmp_path / "one.mp4", progress=seen_bytes.append)
        named = await seen.download(found[1], tmp_path)
        before = len(camera.ledger.entries)
        assert await seen.download(found[1], tmp_path) == named
        assert len(camera.ledger.entries) == before
    assert one.read_bytes() == camera.recordings[0].body()
    assert seen_bytes[-1] == len(camera.recordings[0].body())
    assert named.name.startswith("2026-01-16_08.00.04-08.00.08_") and named.suffix == ".mp4"
    assert frame_md5s(named) == frame_md5s(camera.recordings[1].body())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["one.mp4", named.name])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such modes")
async def test_a_shared_folder_is_named_in_the_log_or_refused(served, reachable, caplog):
    """Others could have put a recording there."""
    _, login = served()
    async with connected(login) as camera:
        (one, *_) = await camera.recordings(WALL, WALL + HOUR)
        folder = reachable / "shared"
        folder.mkdir()
        folder.chmod(0o777)
        with pytest.raises(camreel.DiskError, match="Others can write to"):
            await camera.download(one, folder, shared_folder=camreel.SharedFolder.REFUSE)
        assert not caplog.records
        await camera.download(one, folder)
        assert [record.message for record in caplog.records if "Others can write to" in record.message]


async def test_what_is_there_is_not_overwritten(served, tmp_path):
    camera, login = served()
    taken = tmp_path / "one.mp4"
    taken.write_bytes(b"mine")
    async with connected(login) as seen:
        found = await seen.recordings(WALL, WALL + HOUR)
        with pytest.raises(camreel.UsageError, match="already exists"):
            await seen.download(found[0], taken)
        assert taken.read_bytes() == b"mine"
        await seen.download(found[0], taken, overwrite=True)
    assert taken.read_bytes() == camera.recordings[0].body()


async def test_a_download_that_was_cancelled_is_continued(served, tmp_path):
    """Of what is there only the end is sent again, which is compared; and no name was there meanwhile."""
    spec = ClipSpec(start=START, seconds=4, size=(640, 360), crf=1)
    clip = scene_schedule(START, 1, seconds=4, spec=spec)[0]
    far = clip.length() - 8000
    assert far > 64 << 10
    camera, login = served(recordings=[clip], faults=[Fault("stall", target=clip.path, at=far)])
    async with connected(login) as seen:
        found = await seen.recordings(WALL, WALL + HOUR)
        with anyio.CancelScope() as scope:
            await seen.download(
                found[0], tmp_path / "one.mp4", progress=lambda size: scope.cancel() if size >= far else None
            )
        assert not (tmp_path / "one.mp4").exists()
        await seen.download(found[0], tmp_path / "one.mp4")
    assert (tmp_path / "one.mp4").read_bytes() == clip.body()
    asked = [entry.range for entry in camera.ledger.entries if clip.path in entry.decoded and entry.authorized]
    assert asked == [None, f"bytes={far - (64 << 10)}-"]
    assert [path.name for path in tmp_path.iterdir()] == ["one.mp4"]


async def test_what_cannot_be_had_is_one_plain_error(served, tmp_path):
    """It is named, with the reason; two at a time are two errors, and none a group."""
    clips = three_clips()
    _camera, login = served(recordings=clips, faults=[Fault("error_page", target=clips[0].path, times=None)])
    async with connected(login) as seen:
        found = await seen.recordings(WALL, WALL + HOUR)
        with pytest.raises(camreel.CameraError, match="could not be downloaded: it sent a page of text"):
            await seen.download(found[0], tmp_path / "one.mp4")
        await seen.download(found[1], tmp_path / "two.mp4")
        with pytest.raises(camreel.DiskError):
            await seen.download(found[1], tmp_path / "two.mp4" / "three.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["two.mp4"]


async def test_a_wrong_password_is_tried_once_and_is_a_plain_error(served):
    camera, login = served()
    with pytest.raises(camreel.LoginRefused) as refused:
        async with connected((*login[:2], "wrong-password")):
            raise AssertionError("never entered")
    assert "wrong-password" not in f"{refused.value} {refused.value.hint} {refused.value!r}"
    assert len([entry for entry in camera.ledger.entries if entry.refusal]) == 1


async def test_a_login_that_ends_in_the_middle_ends_all(served, tmp_path):
    """The first refusal is what every later call raises, without a byte being sent; it is one error, not a group."""
    camera, login = served()
    async with connected(login) as seen:
        found = await seen.recordings(WALL, WALL + HOUR)
        camera._door._password = "another-1"
        with pytest.raises(camreel.LoginRefused) as first:
            await seen.download(found[0], tmp_path / "one.mp4")
        before = len(camera.ledger.entries)
        with pytest.raises(camreel.LoginRefused) as second:
            await seen.recordings(WALL, WALL + HOUR)
        assert second.value is first.value
        assert len(camera.ledger.entries) == before


async def test_nothing_is_open_between_calls(served):
    camera, login = served()
    async with connected(login) as seen:
        await seen.recordings(WALL, WALL + HOUR)
        await until(lambda: camera.ledger.open_connections == 0)
    with pytest.raises(camreel.UsageError, match="was left"):
        await seen.recordings(WALL, WALL + HOUR)


async def until(is_so) -> None:
    """Let the server see that a connection has ended."""
    with anyio.fail_after(5):
        while not is_so():
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("nonces", [{"nonce_bound_to_connection": True}, {"nonce_single_use": True}], ids=str)
async def test_a_shared_session_never_answers_a_challenge_on_another_connection(served, tmp_path, nonces):
    """Downloads and searches side by side, and somebody else who talks to the camera in the same session."""
    camera, login = served(quirks=Quirks(**nonces, lock_after=1))
    async with aiohttp.ClientSession() as session, session.get(f"http://{login[0]}/") as other:
        await other.read()
        async with connected(login, session=session, max_concurrent=8) as seen:
            found = await seen.recordings(WALL, WALL + HOUR)

            async def fetch(number: int) -> None:
                await seen.recordings(WALL, WALL + HOUR)
                await seen.download(found[number % 3], tmp_path / f"{number}.mp4")
                async with session.get(f"http://{login[0]}/") as answer:
                    await answer.read()

            async with anyio.create_task_group() as tasks:
                for number in range(9):
                    tasks.start_soon(fetch, number)
        assert not session.closed
        refusals = [entry.refusal for entry in camera.ledger.entries if entry.refusal]
        # Whether a nonce serves again is tried once, on its own connection, and counts for no failed login here.
        assert refusals == ["nonce was used before"] * ("nonce_single_use" in nonces)
        # Only what the others keep for themselves.
        await until(lambda: camera.ledger.open_connections <= 9)
        async with session.get(f"http://{login[0]}/") as answer:
            assert answer.status == 401
    for number in range(9):
        assert (tmp_path / f"{number}.mp4").read_bytes() == camera.recordings[number % 3].body()


async def test_of_a_shared_session_only_the_connector_is_used(served):
    """Its headers and cookies are not sent, and it is not closed; one that is closed is refused."""
    camera, login = served()
    async with aiohttp.ClientSession(headers={"Authorization": "Basic bm86bm8="}, cookies={"a": "b"}) as session:
        async with connected(login, session=session) as seen:
            assert seen.device.model
        assert not session.closed
        await until(lambda: camera.ledger.open_connections == 0)
    assert [entry.refusal for entry in camera.ledger.entries if entry.refusal] == []
    with pytest.raises(camreel.UsageError, match="closed"):
        async with connected(login, session=session):
            raise AssertionError("never entered")


async def test_a_realm_in_latin_1_comes_back_over_a_shared_session(served):
    """Its bytes are written as they came, whatever connector lends the connection, which is as it was afterwards."""
    camera, login = served(quirks=QUIRKS["realm-latin-1"])
    async with aiohttp.ClientSession() as session, connected(login, session=session) as seen:
        assert len(await seen.recordings(WALL, WALL + HOUR)) == 3
    assert camera.rejected_logins == 0
    sent = [entry.authorization for entry in camera.ledger.entries if entry.authorization]
    assert all("K\xfcche" in each for each in sent)
    assert len(sent) > 5


@pytest.mark.parametrize("way", ["ca_file", "fingerprint", "insecure"])
async def test_on_https_what_connect_says_is_trusted_and_not_the_session(tmp_path, way):
    """Side by side, with a login that is bound to its connection; the session itself does not trust the camera."""
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    shown = made.cert_chain_pems[0].bytes().decode()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    ways = {"ca_file": str(tmp_path / "ca.pem"), "fingerprint": digest, "insecure": True}
    camera = SimulatedCamera(
        three_clips(),
        clock=DeviceClock.fixed(NOW),
        quirks=Quirks(nonce_bound_to_connection=True, lock_after=1),
    )
    with running(camera, ssl_context=context) as server:
        login = (f"https://127.0.0.1:{server.port}", "admin", "simulated-1")
        async with aiohttp.ClientSession() as session:
            with pytest.raises(camreel.CameraError, match="certificate"):
                async with connected(login, session=session):
                    raise AssertionError("never entered")
            trusted: dict[str, Any] = {way: ways[way]}
            async with connected(login, session=session, **trusted) as seen:
                found = await seen.recordings(WALL, WALL + HOUR)
                async with anyio.create_task_group() as tasks:
                    for number, recording in enumerate(found):
                        tasks.start_soon(seen.download, recording, tmp_path / f"{number}.mp4")
            await until(lambda: camera.ledger.open_connections == 0)
    assert [entry.refusal for entry in camera.ledger.entries if entry.refusal] == []
    assert [(tmp_path / f"{number}.mp4").read_bytes() for number in range(3)] == [c.body() for c in camera.recordings]
