"""loadfile.cgi: DHAV by time, and each trap that recorders have there."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from camreel_simulator import (
    SCENE_START,
    ClipSpec,
    SimulatedCamera,
    Throttle,
    camera_of,
    dav_frames,
    scene_schedule,
    seen_frames,
)

from .conftest import Client
from .wire import Wire

Serve = Callable[..., Client]
BAD = (400, "Error\r\nBad Request!\r\n")


def target(start: float, end: float, channel: int = 1, extra: str = "") -> str:
    first, last = (f"{SCENE_START + timedelta(seconds=s):%Y-%m-%d%%20%H:%M:%S}" for s in (start, end))
    return f"/cgi-bin/loadfile.cgi?action=startLoad&channel={channel}&startTime={first}&endTime={last}{extra}"


def numbers(body: bytes) -> list[int]:
    """Frame numbers, counted from the start of the scene at 10 frames a second."""
    base = round((SCENE_START - SCENE_START.replace(hour=0)).total_seconds() * 10)
    return [number - base for _, number in seen_frames(body)]


def test_it_begins_at_a_key_frame_before(serve: Serve):
    """And ends at the asked end, across files."""
    client = serve(camera_of("dahua-emmc"))
    reply = client.get(target(3, 7))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/http")
    # Key frames are 0, 1 and 21 of each file of 40 frames.
    assert numbers(reply.body) == list(range(21, 70))
    assert numbers(client.get(target(5, 6, extra="&subtype=0")).body) == list(range(41, 60))


def test_channel_and_stream(serve: Serve):
    """The first channel is 1; subtype 1 is the small picture."""
    client = serve(camera_of("nvr"))
    sizes = set()
    for channel, subtype in ((1, 0), (2, 0), (2, 1)):
        body = client.get(target(4, 8, channel, f"&subtype={subtype}")).body
        frames = body[body.find(b"DHAV") :]
        assert frames[6] == channel - 1
        assert numbers(frames) == list(range(40, 80))
        sizes.add(len(frames))
    assert len(sizes) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        target(100, 200),
        target(5, 4),
        target(4, 4),
        target(0, 6 * 3600 + 1),
        target(0, 4, channel=9),
        target(0, 4, extra="&subtype=7"),
        target(0, 4).replace("startLoad", "load"),
        target(0, 4).replace("%20", "T"),
    ],
)
def test_everything_else_is_a_bad_request(serve: Serve, wrong: str):
    """No footage, a window that is empty, reversed or too long, a channel or stream that is not there."""
    reply = serve(camera_of("dahua-emmc")).get(wrong)
    assert (reply.status, reply.text) == BAD


def test_six_hours_are_fine(serve: Serve):
    """Eight are not, on a 608H."""
    client = serve(camera_of("dahua-emmc"))
    assert client.get(target(0, 6 * 3600)).status == 200
    assert client.get(target(0, 8 * 3600)).status == 400


def test_junk_comes_first_and_varies(serve: Serve):
    """Three requests, three lengths, none with a frame in it."""
    client = serve(camera_of("dahua-emmc", "by-time-junk"))
    bodies = [client.get(target(4, 8)).body for _ in range(3)]
    starts = [body.find(b"DHAV") for body in bodies]
    assert sorted(starts) == [9728, 9733, 12770]
    assert len({body[at:] for body, at in zip(bodies, starts, strict=True)}) == 1


def test_a_start_at_five_minutes_is_empty(serve: Serve):
    """The right Content-Length, not a byte, close; a second earlier or later is fine."""
    client = serve(camera_of("dahua-emmc", "by-time-empty-at-5"))
    with pytest.raises(http.client.IncompleteRead, match="0 bytes read"):
        client.get(target(0, 4))
    assert numbers(client.get(target(-1, 4)).body) == list(range(40))
    assert numbers(client.get(target(1, 4)).body) == list(range(1, 40))


def test_it_ends_with_the_file(serve: Serve):
    """What lies in the next file is missing, and Content-Length does not say so."""
    client = serve(camera_of("dahua-emmc", "by-time-one-file"))
    assert numbers(client.get(target(3, 7)).body) == list(range(21, 40))


@pytest.mark.parametrize(("name", "first"), [("by-time-late", 61), ("by-time-early", 21)])
def test_it_misses_the_start(serve: Serve, name: str, first: int):
    """By two seconds, one way or the other: the clock in the frames is what counts."""
    start = SCENE_START
    long = SimulatedCamera(scene_schedule(start, 1, 12, spec=ClipSpec(start, 12, size=(160, 90))))
    body = serve(SimulatedCamera(long.recordings, quirks=camera_of("amcrest-sd", name).quirks)).get(target(5, 8)).body
    assert numbers(body)[0] == first


def test_it_wedges_after_aborted_downloads(serve: Serve):
    """After two, each is 400 until a reboot; all else goes on."""
    start = SCENE_START
    recordings = scene_schedule(start, 1, 20, spec=ClipSpec(start, 20, size=(640, 360), crf=5))
    camera = camera_of("amcrest-sd", "by-time-wedges", "reboot", recordings=recordings, throttle=Throttle(2e5))
    server = serve(camera).server
    for _ in range(2):
        with Wire(server) as wire:
            wire.ask_for(target(0, 20))
            assert wire.read(4) == b"DHAV"
    with Wire(server) as wire:
        assert wait_for(lambda: wire.log_in(target(0, 20))[0] == 400)
        assert wire.log_in("/cgi-bin/magicBox.cgi?action=getVendor")[0] == 200
        while not camera.rebooting:
            wire.ask("/")
    camera.finish_reboot()
    with Wire(server) as wire:
        wire.ask_for(target(0, 20))
        assert wire.read(4) == b"DHAV"


def wait_for(happens: Callable[[], bool]) -> bool:
    """A camera notices a moment later that its client has gone."""
    return any(happens() for _ in range(4))


def test_without_a_length(serve: Serve):
    """The end of the connection is the end."""
    client = serve(camera_of("dahua-emmc", "by-time-lengthless"))
    reply = client.get(target(4, 8))
    assert "content-length" not in reply.headers
    assert reply.headers["connection"] == "close"
    assert numbers(reply.body) == list(range(40, 80))


def test_it_can_be_missing(serve: Serve):
    """Then it is as unknown as anything else."""
    assert serve(camera_of("amcrest-ai", "no-by-time")).get(target(0, 4)).status == 501


def test_what_was_cut_is_made_of_the_same_frames(serve: Serve):
    """Byte for byte those of the file, with the same clock."""
    camera = camera_of("dahua-emmc")
    content = camera.recordings[0].content
    assert isinstance(content, ClipSpec)
    body = serve(camera).get(target(0, 2)).body
    end = SCENE_START + timedelta(seconds=2)
    assert body == b"".join(frame.data for frame in dav_frames(content) if frame.moment < end)
    assert isinstance(dav_frames(content)[0].moment, datetime)
