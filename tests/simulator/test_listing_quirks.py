"""Listings as firmware differs in them, and the card while it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from camreel_simulator import (
    PROFILES,
    SCENE_START,
    Quirks,
    Recorded,
    SimulatedCamera,
    camera_of,
    make_clip,
    quirked,
    stub_recordings,
)
from camreel_simulator.footage.mp4_layout import top_boxes

from .conftest import LOADFILE, NOON, Client

Serve = Callable[..., Client]
FIND = "/cgi-bin/mediaFileFind.cgi?action="
EVER = ("2026-01-16%2000:00:00", "2026-01-18%2023:59:59")
NEVER = ("2025-01-16%2000:00:00", "2025-01-18%2023:59:59")
BAD = (400, "Error\r\nBad Request!\r\n")
MINUTE = timedelta(minutes=1)


def device(*names: str, count: int = 3) -> SimulatedCamera:
    return SimulatedCamera(stub_recordings(NOON, count), quirks=quirked(Quirks(), *names))


def found(client: Client, pages: int = 1, count: int = 100) -> list[str]:
    """The texts of that many pages."""
    finder = client.create()
    assert client.find(finder, *EVER).text == "OK\r\n"
    return [client.next(finder, count).text for _ in range(pages)]


@pytest.mark.parametrize(("cap", "sizes"), [("page-cap-32", [32, 32, 6]), ("page-cap-64", [64, 6, 0])])
def test_page_caps(serve: Serve, cap: str, sizes: list[int]):
    """Pages are shorter than what was asked for, and that is not the end."""
    pages = found(serve(device(cap, count=70)), 3)
    assert [page.count(".FilePath=") for page in pages] == sizes


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("found-more", "found=4", "found=0"), ("found-fewer", "found=2", "found=0"), ("found-absent", "items[0].", "")],
)
def test_found_lies(serve: Serve, name: str, first: str, last: str):
    """One too many, one too few, or not there; all items are."""
    page, end = found(serve(device(name)), 2)
    assert page.startswith(first)
    assert page.count(".FilePath=") == 3
    assert end.strip() == last


@pytest.mark.parametrize(("name", "end"), [("end-error", (200, "Error\r\n")), ("end-400", BAD)])
def test_the_end_is_an_error(serve: Serve, name: str, end: tuple[int, str]):
    """After the last page comes a text, with either status."""
    client = serve(device(name))
    finder = client.create()
    client.find(finder, *EVER)
    assert client.next(finder).text.startswith("found=3")
    for _ in range(2):
        reply = client.next(finder)
        assert (reply.status, reply.text) == end


def test_the_last_page_again_and_again(serve: Serve):
    """The listing never says that it is over."""
    pages = found(serve(device("end-repeat")), 5, count=2)
    assert pages[0] != pages[1]
    assert set(pages[1:]) == {pages[1]}
    assert pages[1].startswith("found=1")


def test_close_is_refused(serve: Serve):
    """``destroy`` frees the finder all the same."""
    client = serve(device("close-refused"))
    finder = client.create()
    reply = client.get(f"{FIND}close&object={finder}")
    assert (reply.status, reply.text, client.camera.finders[0].closed) == (200, "Error\r\n", False)
    assert client.get(f"{FIND}destroy&object={finder}").text == "OK\r\n"
    assert client.camera.open_finders == 0


def test_an_empty_window_can_be_fine(serve: Serve):
    """Older firmware: OK, and no items; a wrong question is 400 there too."""
    client = serve(device("empty-is-ok"))
    finder = client.create()
    assert client.find(finder, *NEVER).text == "OK\r\n"
    assert client.next(finder).text == "found=0\r\n"
    assert client.find(finder, *reversed(NEVER)).status == 400


@pytest.mark.parametrize("window", [NEVER, ("2030-01-01%2000:00:00", "2030-01-02%2000:00:00"), EVER[::-1]])
def test_nothing_there_and_wrong_questions_look_alike(serve: Serve, window: tuple[str, str]):
    """An empty window, one in the future, a reversed one, a channel without a camera: one and the same 400."""
    client = serve(device())
    reply = client.find(client.create(), *window)
    assert (reply.status, reply.text) == BAD
    reply = client.find(client.create(), *EVER, channel="52")
    assert (reply.status, reply.text) == BAD


def test_items_can_count_channels_from_one(serve: Serve):
    """As asked, instead of one less."""
    assert serve(device("one-based-items")).search(*EVER)[0]["Channel"] == "1"
    assert serve(device()).search(*EVER)[0]["Channel"] == "0"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("spaced", "items[0]. StartTime = 2026-01-06 12:05:00"),
        ("unpadded", "items[0].StartTime=2026-1-6 12:05:00"),
        ("am-pm", "items[0].StartTime=2026-01-06 12:05:00 PM"),
    ],
)
def test_how_it_writes(serve: Serve, name: str, line: str):
    """Blanks, single digits, halves of the day."""
    start = datetime(2026, 1, 6, 12, 5)  # noqa: DTZ001 - the camera's wall clock
    camera = SimulatedCamera([Recorded(start, start + MINUTE, b"x")], quirks=quirked(Quirks(), name))
    client = serve(camera)
    finder = client.create()
    client.find(finder, "2026-1-6%200:0:0", "2026-1-7%200:0:0")
    assert line in client.next(finder).text.split("\r\n")


def test_unpadded_hours_and_the_clock(serve: Serve):
    """8:05 in the morning; AM and PM are not for getCurrentTime."""
    clock = "/cgi-bin/global.cgi?action=getCurrentTime"
    assert serve(camera_of("amcrest-sd", "unpadded")).get(clock).text == "result=2026-1-17 12:00:00\r\n"
    assert serve(camera_of("amcrest-sd", "am-pm")).get(clock).text == "result=2026-01-17 12:00:00\r\n"
    assert serve(camera_of("amcrest-sd", "spaced")).get(clock).text == "result = 2026-01-17 12:00:00\r\n"
    early = SCENE_START.replace(hour=0, minute=5)
    camera = SimulatedCamera([Recorded(early, early + MINUTE, b"x")], quirks=Quirks(unpadded=True, am_pm=True))
    assert serve(camera).search(*EVER)[0]["StartTime"] == "2026-1-16 12:05:00 AM"


def test_lines_end_in_lf(serve: Serve):
    """All of them, with the right Content-Length; recordings are left alone."""
    client = serve(device("lf"))
    reply = client.get(f"{FIND}factory.create")
    assert "\r" not in reply.text
    assert reply.headers["content-length"] == str(len(reply.body))
    assert client.get("/nothing").text == "Error\nBad Request!\n"
    camera = SimulatedCamera([Recorded(NOON, NOON + MINUTE, b"\r\n\r\n")], quirks=Quirks(lf=True))
    assert serve(camera).get(LOADFILE + camera.recordings[0].path).body == b"\r\n\r\n"


# The card


@pytest.mark.parametrize("profile", ["amcrest-sd", "nvr"])
@pytest.mark.parametrize("how", ["suffix", "state"])
def test_the_newest_recording_is_being_written(serve: Serve, profile: str, how: str):
    """Of each channel and stream: by name or by state, without its end."""
    camera = camera_of(profile, f"writing-{how}")
    unfinished = [recorded for recorded in camera.recordings if recorded.writing]
    assert {(recorded.channel, recorded.stream) for recorded in unfinished} == {
        (recorded.channel, recorded.stream) for recorded in camera.recordings
    }
    assert {recorded.start for recorded in unfinished} == {max(recorded.start for recorded in camera.recordings)}
    client = serve(camera)
    items = {item["FilePath"]: item for item in client.search(*EVER)}
    last = next(recorded for recorded in unfinished if recorded.channel == 1)
    item, body = items[last.path], client.get(LOADFILE + last.path).body
    assert item.get("FileState") == ("Temporary" if how == "state" else None)
    kind = PROFILES[profile].kind
    assert last.path.endswith(f".{kind}_" if how == "suffix" else f".{kind}")
    assert (f"{last.start:%H.%M.%S}-{last.start:%H.%M.%S}[" in last.path) == (how == "suffix")
    assert sum("FileState" in item for item in items.values()) == (len(items) // 3 if how == "state" else 0)
    whole = replace(last, writing=False).body()
    assert isinstance(whole, bytes)
    assert whole.startswith(body)
    assert len(body) < len(whole)
    if kind == "mp4":
        assert b"moov" not in {name for name, _, _ in top_boxes(body)}


def test_an_unfinished_recording_of_other_bytes():
    """Bytes and files lose their last quarter."""
    assert Recorded(NOON, NOON, b"12345678", writing=True).body() == b"123456"


@pytest.mark.parametrize(
    ("name", "status"),
    [("overwritten-404", 404), ("overwritten-400", 400), ("overwritten-500", 500), ("overwritten-reset", 0)],
)
def test_the_oldest_recording_is_overwritten_after_it_was_listed(serve: Serve, name: str, status: int):
    """Listed once, then it is gone; until then it can be fetched."""
    camera = device(name)
    client = serve(camera)
    first = LOADFILE + camera.recordings[0].path
    assert client.get(first).status == 200
    assert len(client.search(*EVER)) == 3
    if status:
        assert client.get(first).status == status
    else:
        with pytest.raises(ConnectionError):
            client.get(first)
    assert client.get(LOADFILE + camera.recordings[1].path).status == 200
    assert [item["FilePath"] for item in client.search(*EVER)] == [r.path for r in camera.recordings[1:]]


def test_lengths_as_the_disk_gave_them(serve: Serve):
    """A multiple of 65536, more than there is."""
    exact = 65536
    camera = SimulatedCamera(
        [Recorded(NOON, NOON + MINUTE, bytes(size)) for size in (4,)]
        + [Recorded(NOON + MINUTE, NOON + 2 * MINUTE, bytes(exact))],
        quirks=quirked(Quirks(), "allocated-length"),
    )
    client = serve(camera)
    assert [item["Length"] for item in client.search(*EVER)] == ["65536", "131072"]
    assert len(client.get(LOADFILE + camera.recordings[1].path).body) == exact


# Downloads


def test_a_recording_in_parts(serve: Serve):
    """JSON, then the file, which is whole somewhere inside."""
    camera = camera_of("amcrest-sd", "multipart")
    client = serve(camera)
    reply = client.get(LOADFILE + camera.recordings[0].path, Range="bytes=10-")
    content = camera.recordings[0].content
    body = make_clip(content)  # type: ignore[arg-type]
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("multipart/mixed; boundary=")
    assert reply.headers["content-length"] == str(len(reply.body))
    head, _, rest = reply.body.partition(b"Content-Type: application/http\r\n")
    assert b'"result":true' in head
    assert rest.partition(b"\r\n\r\n")[2].startswith(body)


def test_downloads_that_are_empty(serve: Serve):
    """200 and no body: promised (the connection is closed), or not."""
    camera = camera_of("amcrest-sd", "silent-files")
    reply = serve(camera).get(LOADFILE + camera.recordings[0].path)
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "0", b"")
    camera = camera_of("intelbras")
    with pytest.raises(Exception, match=r"0 bytes read, \d+ more expected"):
        serve(camera).get(LOADFILE + camera.recordings[0].path)


@pytest.mark.parametrize("profile", PROFILES)
def test_brackets_in_a_path_may_be_escaped_or_not(serve: Serve, profile: str):
    """No device was seen that refuses either, nor two slashes."""
    if profile == "intelbras":
        return
    camera = camera_of(profile)
    client = serve(camera)
    path = camera.recordings[-1].path
    escaped = path.replace("[", "%5B").replace("]", "%5D").replace("@", "%40")
    bodies = {client.get(LOADFILE + way).body for way in (path, escaped, "/" + path)}
    assert len(bodies) == 1
    assert "[" in path
