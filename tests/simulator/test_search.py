"""mediaFileFind as an Amcrest camera answers it: finders, pages, matching, and its one answer to everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from camreel_simulator import (
    AMCREST_SD,
    ClipSpec,
    DeviceClock,
    Quirks,
    Recorded,
    SimulatedCamera,
    make_clip,
    scene_schedule,
    stub_recordings,
)

from .conftest import NOON, Client, parse_items
from .wire import Wire

Serve = Callable[..., Client]
FIND = "/cgi-bin/mediaFileFind.cgi?action="
EVER = ("2026-01-16%2000:00:00", "2026-01-18%2023:59:59")
BAD = (400, "Error\r\nBad Request!\r\n")
MINUTE = timedelta(minutes=1)


def mixed() -> list[Recorded]:
    """Main and Extra1 and a snapshot of the same minute."""
    end = NOON + MINUTE
    return [
        Recorded(NOON, end, b"main"),
        Recorded(NOON, end, b"sub!!", stream="Extra1"),
        Recorded(NOON, NOON, b"\xff\xd8 jpg", kind="jpg"),
    ]


def test_an_item_says_what_a_camera_says(serve: Serve):
    """Keys and their order are those of an Amcrest camera of 2020: 0-based channel, Type=dav for mp4, exact length."""
    client = serve(SimulatedCamera(mixed()))
    finder = client.create()
    assert client.find(finder, *EVER).text == "OK\r\n"
    text = client.next(finder).text
    first = [row.removeprefix("items[0].") for row in text.split("\r\n") if row.startswith("items[0]")]
    assert first == [
        "Channel=0",
        "Cluster=0",
        "Compressed=false",
        "Disk=0",
        "Duration=60",
        "EndTime=2026-01-16 12:01:00",
        "Events[0]=VideoMotion",
        "FilePath=/mnt/sd/2026-01-16/001/dav/12/12.00.00-12.01.00[M][0@0][0].mp4",
        "Flags[0]=Event",
        "Length=4",
        "Overwrites=0",
        "Partition=0",
        "Redundant=false",
        "Repeat=0",
        "StartTime=2026-01-16 12:00:00",
        "Summary.TrafficCar.PlateColor=Yellow",
        "Summary.TrafficCar.PlateNumber=",
        "Summary.TrafficCar.PlateType=Yellow",
        "Summary.TrafficCar.Speed=60",
        "Summary.TrafficCar.VehicleColor=White",
        "SummaryOffset=0",
        "Type=dav",
        "VideoStream=Main",
        "WorkDir=/mnt/sd",
        "WorkDirSN=0",
    ]


def test_streams_and_snapshots_come_mixed(serve: Serve):
    """One window gives Main, Extra1 and jpg together, in the order in which they lie on the card."""
    items = serve(SimulatedCamera(mixed())).search(*EVER)
    assert [(item["Type"], item["VideoStream"], item["Length"]) for item in items] == [
        ("dav", "Main", "4"),
        ("dav", "Extra1", "5"),
        ("jpg", "Main", "6"),
    ]
    assert items[2]["FilePath"] == "/mnt/sd/2026-01-16/001/jpg/12/00/00[M][0@0][0].jpg"


def test_the_length_of_made_footage_is_exact(serve: Serve):
    """What is listed is what a download has, also for a clip that is first made when it is listed; or as overridden."""
    spec = ClipSpec(NOON, 1)
    end = NOON + timedelta(seconds=1)
    recordings = [Recorded(NOON, end, spec), Recorded(NOON, end, b"12", path="/mnt/sd/x.mp4", listed_length=65536)]
    items = serve(SimulatedCamera(recordings)).search(*EVER)
    assert [int(item["Length"]) for item in items] == [len(make_clip(spec)), 65536]


@pytest.mark.parametrize(
    ("count", "pages"), [(100, [100, 100, 50, 0]), (5000, [100, 100, 50, 0]), (64, [64] * 3 + [58, 0])]
)
def test_pages_of_at_most_100(serve: Serve, count: int, pages: list[int]):
    """250 recordings come in pages of at most 100, each counted from items[0], then found=0 for good."""
    recordings = stub_recordings(NOON, 250)
    client = serve(SimulatedCamera(recordings))
    finder = client.create()
    client.find(finder, *EVER)
    got = [parse_items(client.next(finder, count).text) for _ in pages]
    assert [len(page) for page in got] == pages
    assert [item["FilePath"] for page in got for item in page] == [recorded.path for recorded in recordings]
    assert client.next(finder, count).text == "found=0\r\n"


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("12:00:30", "12:00:40", [0]),
        ("11:00:00", "12:00:10", [0]),
        ("12:00:59", "12:02:01", [0, 1, 2]),
        ("12:01:10", "12:01:20", [1]),
        ("12:02:30", "23:00:00", [2]),
        ("12:01:00", "12:01:00", [0, 1]),
    ],
)
def test_matching_is_by_overlap(serve: Serve, start: str, end: str, found: list[int]):
    """A window finds what it touches, not only what it contains."""
    recordings = stub_recordings(NOON, 3)
    items = serve(SimulatedCamera(recordings)).search(f"2026-01-16%20{start}", f"2026-01-16%20{end}")
    assert [item["FilePath"] for item in items] == [recordings[n].path for n in found]


@pytest.mark.parametrize(
    ("start", "end", "channel"),
    [
        ("2026-01-16%2010:00:00", "2026-01-16%2011:00:00", "1"),
        ("2036-01-16%2010:00:00", "2036-01-16%2011:00:00", "1"),
        ("2026-01-16%2012:30:00", "2026-01-16%2012:00:00", "1"),
        (*EVER, "0"),
        (*EVER, "2"),
        (*EVER, "-1"),
        (*EVER, ""),
        ("2026-01-16+12:00:00", "2026-01-16+13:00:00", "1"),
        ("2026-01-16%2012:00:00.5", "2026-01-16%2013:00:00", "1"),
        ("2026-01-16T12:00:00", "2026-01-16T13:00:00", "1"),
        ("2026-02-30%2012:00:00", "2026-03-16%2013:00:00", "1"),
        ("", "", "1"),
    ],
    ids=[
        "empty",
        "future",
        "backwards",
        "channel-0",
        "no-such-channel",
        "negative",
        "no-channel",
        "plus",
        "fraction",
        "T",
        "no-such-day",
        "no-time",
    ],
)
def test_an_empty_window_and_a_wrong_question_look_alike(serve: Serve, start: str, end: str, channel: str):
    """No recordings, no camera, wrong order, wrong times, ``+`` for a space: the same 400, byte for byte."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 1)))
    reply = client.find(client.create(), start, end, channel=channel)
    assert (reply.status, reply.text) == BAD


def test_channels_are_1_based_in_and_0_based_out(serve: Serve):
    """Asking for channel 2 gives items of channel 1."""
    two = replace(AMCREST_SD, channels=2)
    camera = SimulatedCamera([Recorded(NOON, NOON + MINUTE, b"x", channel=n) for n in (1, 2)], two)
    client = serve(camera)
    finder = client.create()
    assert client.find(finder, *EVER, channel="2").status == 200
    (item,) = parse_items(client.next(finder).text)
    assert (item["Channel"], item["FilePath"].split("/")[4]) == ("1", "002")


def test_channel_zero(serve: Serve):
    """Switched on, channel 0 is the first camera, not an error."""
    client = serve(SimulatedCamera(mixed(), quirks=Quirks(channel_zero=True)))
    finder = client.create()
    assert client.find(finder, *EVER, channel="0").status == 200
    assert {item["Channel"] for item in parse_items(client.next(finder).text)} == {"0"}


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
@pytest.mark.parametrize("month", ["01", "1"])
def test_colons_may_be_escaped_and_zeros_left_out(serve: Serve, colon: str, month: str):
    """Both spellings of ``:`` are accepted, and so is a month without a leading zero."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 1)))
    start, end = (f"2026-{month}-16%2012:{minute}:00".replace(":", colon) for minute in ("00", "30"))
    assert len(client.search(start, end)) == 1


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("&condition.Types[0]=dav", 2),
        ("&condition.Types[0]=jpg", 1),
        ("&condition.Types[0]=mp4", 0),
        ("&condition.Types[0]=dav&condition.Types[1]=jpg", 3),
        ("&condition.Types%5B0%5D=dav", 0),
    ],
)
def test_types(serve: Serve, condition: str, found: int):
    """Types match the listed type, which is dav for mp4; escaped brackets are answered 400."""
    assert len(serve(SimulatedCamera(mixed())).search(*EVER, condition)) == found


def test_spelling_switches(serve: Serve):
    """Other firmware takes escaped brackets, or ``+`` for a space."""
    client = serve(SimulatedCamera(mixed(), quirks=Quirks(encoded_brackets=True, plus_is_space=True)))
    assert len(client.search("2026-01-16+12:00:00", EVER[1], "&condition.Types%5B0%5D=jpg")) == 1


@pytest.mark.parametrize(("honoured", "found"), [(False, 3), (True, 1)])
def test_the_stream_condition_is_ignored_unless_switched_on(serve: Serve, honoured: bool, found: int):
    """``condition.VideoStream`` filters only where a switch says so."""
    client = serve(SimulatedCamera(mixed(), quirks=Quirks(filters_stream=honoured)))
    assert len(client.search(*EVER, "&condition.VideoStream=Extra1")) == found


def test_stream_and_offset_switches(serve: Serve):
    """VideoStream can be left out of the items, and UTCOffset be put in."""
    zone = timezone(timedelta(hours=-4))
    quirks = Quirks(lists_stream=False, send_utc_offset=True)
    item = serve(SimulatedCamera(mixed(), quirks=quirks, clock=DeviceClock(zone=zone))).search(*EVER)[0]
    assert "VideoStream" not in item
    assert item["UTCOffset"] == "-14400"


def test_index_lag(serve: Serve):
    """A recording can be listed only some time after its end, by the camera's clock."""
    clock = DeviceClock.fixed(NOON + 5 * MINUTE)
    client = serve(SimulatedCamera(stub_recordings(NOON, 5), quirks=Quirks(index_lag=120), clock=clock))
    assert len(client.search(*EVER)) == 3


def test_the_page_cap_is_a_switch(serve: Serve):
    """Some firmware gives smaller pages than it is asked for."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 7), quirks=Quirks(page_cap=3)))
    finder = client.create()
    client.find(finder, *EVER)
    assert [len(parse_items(client.next(finder).text)) for _ in range(4)] == [3, 3, 1, 0]


def test_finders_are_counted_until_they_are_destroyed(serve: Serve):
    """Close does not free a finder, destroy does; the names that python-amcrest sends free nothing."""
    camera = SimulatedCamera(stub_recordings(NOON, 1))
    client = serve(camera)
    one, two = client.create(), client.create()
    assert one != two
    assert camera.open_finders == camera.finders_created == 2
    for wrong in ("factory.close", "factory.destroy"):
        reply = client.get(f"{FIND}{wrong}&object={one}")
        assert (reply.status, reply.text) == (200, "Error\r\nErrorID=2, Detail=Invalid Request!\r\n")
    assert camera.open_finders == 2
    assert client.get(f"{FIND}close&object={one}").text == "OK\r\n"
    assert [(state.object, state.closed) for state in camera.finders] == [(one, True), (two, False)]
    assert client.get(f"{FIND}destroy&object={one}").text == "OK\r\n"
    assert [state.object for state in camera.finders] == [two]
    assert client.get(f"{FIND}destroy&object={one}").status == 400


def test_the_order_of_calls_matters(serve: Serve):
    """Without a finder, before findFile, or after close there is nothing to fetch."""
    client = serve(SimulatedCamera(stub_recordings(NOON, 1)))
    assert client.find("4711", *EVER).status == 400
    assert client.next("4711").status == 400
    finder = client.create()
    assert client.next(finder).status == 400
    client.find(finder, *EVER)
    assert client.next(finder, 0).status == 400
    client.get(f"{FIND}close&object={finder}")
    assert client.next(finder).status == 400
    assert client.find(finder, *EVER).status == 200
    assert len(parse_items(client.next(finder).text)) == 1


def test_finder_limit(serve: Serve):
    """Finders that leak can exhaust the device: 503 until one is destroyed."""
    camera = SimulatedCamera(quirks=Quirks(finder_limit=2))
    client = serve(camera)
    first = client.create()
    client.create()
    assert client.get(f"{FIND}factory.create").status == 503
    client.get(f"{FIND}destroy&object={first}")
    assert client.create()


def test_a_raw_space_is_not_http(serve: Serve):
    """A space that was not escaped breaks the request line: 400, and the connection ends."""
    camera = SimulatedCamera(stub_recordings(NOON, 1))
    with Wire(serve(camera).server) as wire:
        status, _, body = wire.ask(f"{FIND}findFile&condition.StartTime=2026-01-16 12:00:00")
        assert (status, body.decode()) == BAD
        assert wire.read(1) == b""
    assert "2026-01-16 12:00:00" in camera.log[-1].target


def test_schedules():
    """``scene_schedule`` builds clips that abut, leave gaps or overlap."""
    spec = ClipSpec(NOON, 1, camera_name="GATE")
    abutting = scene_schedule(NOON, 3, 10, spec=spec)
    assert [recorded.start for recorded in abutting[1:]] == [recorded.end for recorded in abutting[:-1]]
    assert all(isinstance(r.content, ClipSpec) and r.content.camera_name == "GATE" for r in abutting)
    uneven = scene_schedule(NOON, 4, 10, [5, -2])
    starts = [int((recorded.start - NOON).total_seconds()) for recorded in uneven]
    assert starts == [0, 15, 23, 38]
