"""What the camera answers when it is asked for what it does not have, not yet, or elsewhere."""

from __future__ import annotations

import hashlib
import ssl
from datetime import datetime, timedelta

import anyio
import pytest
import trustme
from tests.conftest import NOW, Bench, at, by_turns, frame_md5s, no_wait, three_clips, tuning

from camreel import events
from camreel.doctor import diagnose, here, visit
from camreel.errors import CameraError, NotACamera, NothingRecorded, UsageError
from camreel.model import Address, Credentials, Target
from camreel_simulator import QUIRKS, DeviceClock, Fault, SimulatedCamera, running


def test_an_empty_range_is_not_a_refused_question(bench):
    """A 400 is explained by a question that must have an answer: the channel records, only not then."""
    run = bench().export("2026-01-15 08:00", "2026-01-15 09:00")
    assert isinstance(run.error, NothingRecorded)
    assert "has recordings, but none in this range." in (run.error.hint or "")


def test_a_channel_that_is_not_there_is_a_mistake_not_an_empty_range(bench):
    """Asking for channel 7 of a camera with one is exit 2, and names the channels there are."""
    run = bench().export(channel=7)
    assert isinstance(run.error, UsageError)
    assert "no channel 7" in str(run.error)
    assert "1" in (run.error.hint or "")


def test_a_channel_can_be_named_by_its_title(bench):
    """The title the device gives a channel does as well as its number, in any case of letters."""
    stand = bench()
    run = stand.export(channel="cam 1")
    assert run.ok.exit_code == 0
    wrong = stand.export(channel="garage", file=stand.folder / "x.mp4")
    assert isinstance(wrong.error, UsageError)
    assert "garage" in str(wrong.error)
    assert "CAM 1" in (wrong.error.hint or "")


@pytest.mark.parametrize(
    ("quirk", "without"),
    by_turns(
        ["no-magicbox", "no-magicbox-405", "no-magicbox-page"],
        ["nothing else", "getCurrentTime", "factory.create", "both"],
        of=2,
    ),
)
def test_a_device_without_magicbox(bench, quirk, without):
    """Its clock or its search shows that it is one, for `get` as for `doctor`; with neither it is something else."""
    missing = ["getCurrentTime", "factory.create"] if without == "both" else [without]
    faults = [Fault("status", status=404, text="Not Found", target=target, times=None) for target in missing]
    recordings = three_clips()
    stand = bench(recordings=recordings, quirks=QUIRKS[quirk], faults=faults)
    credentials = Credentials("admin", stand.password)
    seen = anyio.run(visit, Target(stand.address, "admin"), 1, credentials, tuning())
    checkup = diagnose(seen, here(stand.folder))
    run = stand.export()
    if without == "both":
        assert isinstance(run.error, NotACamera)
        assert checkup.trouble is not None
        assert (checkup.trouble.kind, checkup.trouble.message) == ("NotACamera", str(run.error))
    elif without == "factory.create":
        assert (checkup.status, checkup.exit_code, run.error.exit_code) == ("no search", 6, 6)
    else:
        assert (checkup.status, checkup.exit_code) == ("well", 0)
        assert run.ok.exit_code == 0
        assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert stand.camera.open_finders == 0


def test_paths_without_their_slash(bench):
    """What is listed as mnt/sd/... lies at /mnt/sd/...; its clip has the same name as with the slash."""
    recordings = three_clips()
    stand = bench(recordings=recordings, quirks=QUIRKS["relative-paths"])
    run = stand.export()
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


def test_an_end_in_the_future_is_cut_to_now_and_said(bench):
    """What cannot be recorded yet is not asked for, and the report says where the range was cut."""
    now = NOW.replace(day=16, hour=8, minute=0, second=12)
    stand = bench(clock=DeviceClock(utc=lambda: now))
    run = stand.export(at(0), at(3600), tune=tuning(utc_now=lambda: now))
    assert str(run.ok.span) == "2026-01-16 08:00:00 to 08:00:12"
    assert any("in the future" in text for text in run.ok.warnings)


def test_a_range_that_is_all_future_has_nothing(bench):
    """Nothing can be recorded tomorrow: exit 3, and the camera's clock is named."""
    stand = bench(clock=DeviceClock(utc=lambda: NOW))
    run = stand.export("2026-01-18 08:00", "2026-01-18 09:00")
    assert isinstance(run.error, NothingRecorded)
    assert "future" in str(run.error)


def test_follow_waits_until_the_camera_has_listed_everything(bench):
    """--follow sleeps until a quarter of an hour after the end, and then the video is complete."""
    now = [NOW.replace(day=16, hour=7, minute=59)]

    async def sleep(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)
        await no_wait(seconds)

    stand = bench(clock=DeviceClock(utc=lambda: now[0]))
    run = stand.export(follow=True, tune=tuning(utc_now=lambda: now[0], sleep=sleep))
    assert run.ok.exit_code == 0
    assert not run.ok.account.pending
    assert now[0] >= NOW.replace(day=16, hour=8, minute=15, second=12)
    assert [event.seconds for event in run.events if isinstance(event, events.Waiting)] == [16 * 60 + 12]


def test_follow_downloads_meanwhile_what_is_there(bench):
    """Each recording once, when it is certain to be listed; the same frames are in the video as without --follow."""
    now = [NOW.replace(day=16, hour=8, minute=15, second=2)]
    fetched: list[tuple[int, datetime]] = []

    async def sleep(_seconds: float) -> None:
        now[0] += timedelta(seconds=4)  # a minute would be the end of it
        await no_wait(_seconds)

    def listen(event: events.Event) -> None:
        if isinstance(event, events.ClipFetched) and not event.reused:
            fetched.append((event.number, now[0]))

    stand = bench(clock=DeviceClock(utc=lambda: now[0]))
    run = stand.export(follow=True, tune=tuning(utc_now=lambda: now[0], sleep=sleep), listen=listen)
    second = NOW.replace(day=16, hour=8, minute=15, second=0)
    assert [when - second for _, when in fetched] == [timedelta(seconds=each) for each in (6, 10, 14)]
    assert stand.camera.bytes_sent == {each.path: each.length() for each in stand.camera.recordings}
    plain = stand.export(file=stand.folder / "plain.mp4")
    assert frame_md5s(run.output) == frame_md5s(plain.output)


def test_a_follow_that_is_stopped_keeps_what_it_has(bench):
    """The next run uses it."""
    now = [NOW.replace(day=16, hour=8, minute=15, second=6)]

    async def sleep(_seconds: float) -> None:
        now[0] += timedelta(seconds=4)
        if now[0].second > 12:
            raise KeyboardInterrupt

    stand = bench(clock=DeviceClock(utc=lambda: now[0]))
    with pytest.raises(KeyboardInterrupt):
        stand.export(follow=True, tune=tuning(utc_now=lambda: now[0], sleep=sleep))
    run = stand.export()
    assert [event.number for event in run.events if isinstance(event, events.ClipFetched) and event.reused] == [1, 2]
    assert run.ok.exit_code == 0


def test_what_fails_meanwhile_is_tried_again_at_the_end(bench):
    """Nothing is lost by it."""
    now = [NOW.replace(day=16, hour=8, minute=15, second=6)]

    async def sleep(_seconds: float) -> None:
        now[0] += timedelta(seconds=4)
        await no_wait(_seconds)

    stand = bench(clock=DeviceClock(utc=lambda: now[0]), faults=(Fault("status", "/08.00.00-", status=404),))
    run = stand.export(follow=True, tune=tuning(utc_now=lambda: now[0], sleep=sleep))
    assert run.ok.exit_code == 0


@pytest.fixture
def secure(tmp_path):
    """A camera with a certificate of its own making, its context and its certificate's SHA-256."""
    made = trustme.CA().issue_cert("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())
    return context, hashlib.sha256(der).hexdigest()


def test_a_self_made_certificate_is_refused_shown_and_can_be_pinned(secure, tmp_path):
    """https trusts nobody unknown; the error shows the SHA-256, and with it pinned the export goes through."""
    context, digest = secure
    recordings = three_clips()
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=context) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port, https=True), tmp_path)
        refused = stand.export()
        assert isinstance(refused.error, CameraError)
        assert refused.error.exit_code == 6
        shown = ":".join(digest[n : n + 2] for n in range(0, 64, 2)).upper()
        assert f"--fingerprint {shown}" in (refused.error.hint or "")
        assert camera.log == ()
        other = stand.export(fingerprint="ab" * 32)
        assert "another certificate" in str(other.error)
        assert shown in str(other.error)
        assert stand.export(fingerprint=shown).ok.exit_code == 0
        loose = stand.export(insecure=True, file=tmp_path / "loose.mp4")
        assert frame_md5s(loose.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


def test_a_redirect_to_https_on_the_same_camera_is_followed(bench, secure):
    """Some firmware sends port 80 to 443: it is followed without a password having crossed in clear."""
    context, _digest = secure
    recordings = three_clips()
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(NOW))
    with running(camera, ssl_context=context) as server:
        away = Fault(
            "status",
            status=302,
            headers=(("Location", f"https://127.0.0.1:{server.port}/"),),
            times=None,
            before_login=True,
        )
        stand = bench(faults=[away])
        run = stand.export(insecure=True)
        assert run.ok.exit_code == 0
        assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
        assert not any(request.authorized for request in stand.camera.log)


def test_a_redirect_to_another_host_is_not_followed(bench):
    """Wherever else a redirect leads, nothing is sent there."""
    away = Fault("status", status=302, headers=(("Location", "https://evil.example/"),), times=None, before_login=True)
    run = bench(faults=[away]).export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert "evil.example" in str(run.error)
