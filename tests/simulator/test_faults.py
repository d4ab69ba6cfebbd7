"""Each fault does what its name says, where and as often as it was told to, and nothing else."""

from __future__ import annotations

import contextlib
import http.client
import re
from collections.abc import Callable

import pytest

from camreel_simulator import Fault, SimulatedCamera, stub_recordings

from .conftest import LOADFILE, NOON, Client, parse_items
from .wire import Wire, authorization

Serve = Callable[..., Client]
BODY = bytes(range(256)) * 1000
VENDOR = "/cgi-bin/magicBox.cgi?action=getVendor"
EVER = ("2026-01-16%2000:00:00", "2026-01-18%2023:59:59")


def camera_with(*faults: Fault, count: int = 3) -> SimulatedCamera:
    return SimulatedCamera(stub_recordings(NOON, count, body=BODY), faults=faults)


def begin(wire: Wire, target: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Log in and read the head of the answer; the body is left on the wire."""
    wire.send(target, Authorization=authorization(wire.challenge(target), target), **headers)
    status, pairs = wire.head()
    return status, dict(pairs)


@pytest.mark.parametrize("at", [0, 1, 100_000, 256_000])
def test_drop(serve: Serve, at: int):
    """Content-Length promises all; exactly ``at`` bytes come, then the connection ends."""
    camera = camera_with(Fault("drop", at=at))
    target = LOADFILE + camera.recordings[0].path
    with Wire(serve(camera).server) as wire:
        status, headers = begin(wire, target)
        assert (status, headers["content-length"], headers["connection"]) == (200, "256000", "keep-alive")
        assert wire.read(10**6) == BODY[:at]
    assert camera.bytes_sent.get(camera.recordings[0].path, 0) == at
    assert camera.log[-1].fault == "drop"


def test_drop_of_a_range_counts_from_its_start(serve: Serve):
    """``at`` is bytes of the answer's body, not of the file."""
    camera = camera_with(Fault("drop", at=10))
    with Wire(serve(camera).server) as wire:
        assert begin(wire, LOADFILE + camera.recordings[0].path, Range="bytes=1000-")[0] == 206
        assert wire.read(10**6) == BODY[1000:1010]


def test_a_foreign_client_notices_a_drop(serve: Serve):
    """The standard library sees an incomplete read."""
    client = serve(camera_with(Fault("drop", at=1000)))
    with pytest.raises(http.client.IncompleteRead):
        client.get(LOADFILE + client.camera.recordings[0].path)


def test_stall(serve: Serve):
    """``at`` bytes come, then nothing, and the connection stays; other connections are served meanwhile."""
    camera = camera_with(Fault("stall", target=".mp4", at=4096))
    client = serve(camera)
    with Wire(client.server) as wire:
        status, headers = begin(wire, LOADFILE + camera.recordings[0].path)
        assert (status, headers["content-length"]) == (200, "256000")
        assert wire.read(4096) == BODY[:4096]
        assert client.get(VENDOR).status == 200
        assert wire.is_quiet()


def test_reset(serve: Serve):
    """Not a byte of answer: the connection is reset."""
    camera = camera_with(Fault("reset", target="getVendor"))
    with Wire(serve(camera).server) as wire:
        wire.send(VENDOR, Authorization=authorization(wire.challenge(), VENDOR))
        with contextlib.suppress(ConnectionResetError):
            assert wire.head()[0] == 0
    assert (camera.log[-1].status, camera.log[-1].fault) == (0, "reset")


def test_silent(serve: Serve):
    """Not a byte of answer, and the connection stays."""
    camera = camera_with(Fault("silent", target="getVendor"))
    with Wire(serve(camera).server) as wire:
        wire.send(VENDOR, Authorization=authorization(wire.challenge(), VENDOR))
        assert wire.is_quiet()
    assert (camera.log[-1].status, camera.log[-1].fault) == (0, "silent")


def test_short_body(serve: Serve):
    """A complete and honest-looking answer of only the first bytes."""
    client = serve(camera_with(Fault("short_body", at=1234)))
    reply = client.get(LOADFILE + client.camera.recordings[0].path)
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "1234", BODY[:1234])


@pytest.mark.parametrize("declared", [1000, 300_000])
def test_wrong_length(serve: Serve, declared: int):
    """Content-Length says less or more than the body has; the body is whole, and then the connection ends."""
    camera = camera_with(Fault("wrong_length", at=declared))
    with Wire(serve(camera).server) as wire:
        _, headers = begin(wire, LOADFILE + camera.recordings[0].path)
        assert headers["content-length"] == str(declared)
        assert wire.read(10**6) == BODY


def test_garbage(serve: Serve):
    """The right length, other bytes, the same ones each time."""
    client = serve(camera_with(Fault("garbage", times=2)))
    target = LOADFILE + client.camera.recordings[0].path
    one, two, good = (client.get(target).body for _ in range(3))
    assert len(one) == len(BODY)
    assert one == two != BODY == good


def test_ignore_range(serve: Serve):
    """200 and the whole file where a range was asked for, although the camera can do ranges."""
    client = serve(camera_with(Fault("ignore_range")))
    target = LOADFILE + client.camera.recordings[0].path
    assert [client.get(target, Range="bytes=5-").status for _ in range(2)] == [200, 206]


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault("status"), 503, b"Error\r\n503\r\n"),
        (Fault("status", status=500, text="Error\r\nInternal Error\r\n"), 500, b"Error\r\nInternal Error\r\n"),
        (Fault("error_text"), 200, b"Error\r\nBad Request!\r\n"),
        (Fault("error_text", text="found=99\r\n"), 200, b"found=99\r\n"),
        (Fault("empty"), 200, b""),
    ],
    ids=["503", "500", "error", "text", "empty"],
)
@pytest.mark.parametrize("endpoint", ["RPC_Loadfile", "getVendor", "factory.create"])
def test_another_answer_on_any_endpoint(serve: Serve, fault: Fault, status: int, body: bytes, endpoint: str):
    """Status, text or nothing instead of the answer, once; the camera then does as before."""
    camera = camera_with(fault)
    client = serve(camera)
    target = {
        "RPC_Loadfile": LOADFILE + camera.recordings[0].path,
        "getVendor": VENDOR,
        "factory.create": "/cgi-bin/mediaFileFind.cgi?action=factory.create",
    }[endpoint]
    reply = client.get(target)
    assert (reply.status, reply.body) == (status, body)
    assert camera.finders_created == 0
    assert client.get(target).body not in (b"", body)
    assert (camera.faults_fired, camera.log[1].fault, camera.log[3].fault) == (1, fault.kind, None)


def test_an_error_page_as_200(serve: Serve):
    """HTML where video should be."""
    client = serve(camera_with(Fault("error_page", ".mp4")))
    reply = client.get(LOADFILE + client.camera.recordings[0].path)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html;charset=utf-8")
    assert reply.text.startswith("<!DOCTYPE html>")


def test_more_headers(serve: Serve):
    """A refusal can say when to come back, or where to go instead."""
    away = "http://127.0.0.1:9/elsewhere"
    camera = camera_with(
        Fault("status", "getVendor", headers=(("Retry-After", "7"),)),
        Fault("status", "getSerialNo", status=302, headers=(("Location", away),)),
    )
    client = serve(camera)
    assert client.get(VENDOR).headers["retry-after"] == "7"
    with Wire(client.server) as wire:
        status, headers, _ = wire.log_in("/cgi-bin/magicBox.cgi?action=getSerialNo")
    assert (status, dict(headers)["location"]) == (302, away)


@pytest.mark.parametrize(
    "target", ["12.01.00-12.02.00", "[M][0@0]", re.compile(r"12\.01\.\d\d-.*\.mp4$"), "RPC_Loadfile/mnt/sd/2026-01-16"]
)
def test_a_target_is_part_of_the_decoded_path_or_a_pattern(serve: Serve, target: str | re.Pattern[str]):
    """Escapes do not hide a path from its fault; what does not match is left alone."""
    camera = camera_with(Fault("status", target, times=None))
    with Wire(serve(camera).server) as wire:
        assert wire.log_in(VENDOR)[0] == 200
        assert wire.log_in(LOADFILE + camera.recordings[1].path)[0] == 503
        assert wire.log_in(LOADFILE + camera.recordings[1].path.replace("[", "%5B").replace("@", "%40"))[0] == 503


@pytest.mark.parametrize(
    ("skip", "times", "wanted"),
    [(0, 1, [503, 200, 200, 200]), (1, 2, [200, 503, 503, 200]), (0, None, [503] * 4), (2, None, [200, 200, 503, 503])],
)
def test_skip_and_times(serve: Serve, skip: int, times: int | None, wanted: list[int]):
    """The first ``skip`` matching requests pass, then ``times`` are struck; the rest pass again."""
    client = serve(camera_with(Fault("status", "getVendor", times=times, skip=skip)))
    assert [client.get(VENDOR).status for _ in wanted] == wanted


def test_logins_are_not_struck_unless_asked(serve: Serve):
    """The first leg of digest passes and is not counted, unless the fault says ``before_login``."""
    with Wire(serve(camera_with(Fault("status"))).server) as wire:
        assert [wire.ask(VENDOR)[0], wire.ask(VENDOR)[0], wire.log_in(VENDOR)[0]] == [401, 401, 503]
    with Wire(serve(camera_with(Fault("status", before_login=True))).server) as wire:
        assert [wire.ask(VENDOR)[0], wire.log_in(VENDOR)[0]] == [503, 200]


def test_the_first_fault_that_matches_strikes(serve: Serve):
    """Faults are tried in order; a spent one gives way to the next; faults can come and go while it serves."""
    camera = camera_with(Fault("status", status=500), Fault("status", status=502))
    client = serve(camera)
    assert [client.get(VENDOR).status for _ in range(3)] == [500, 502, 200]
    camera.add_faults(Fault("status", times=None))
    assert client.get(VENDOR).status == 503
    camera.clear_faults()
    assert client.get(VENDOR).status == 200


def test_endless_pages(serve: Serve):
    """The listing never ends, and no item comes twice."""
    client = serve(camera_with(Fault("endless_pages", "findNextFile", times=None)))
    finder = client.create()
    client.find(finder, *EVER)
    pages = [parse_items(client.next(finder).text) for _ in range(4)]
    assert [len(page) for page in pages] == [100] * 4
    assert len({item["FilePath"] for page in pages for item in page}) == 400
    assert [item["FilePath"] for item in pages[0][:3]] == [recorded.path for recorded in client.camera.recordings]


def test_repeat_page(serve: Serve):
    """The listing begins again and again with its first page."""
    client = serve(camera_with(Fault("repeat_page", "findNextFile", times=None), count=150))
    finder = client.create()
    client.find(finder, *EVER)
    pages = [client.next(finder).text for _ in range(4)]
    assert len(parse_items(pages[0])) == 100
    assert len(set(pages)) == 1


@pytest.mark.parametrize(
    ("fault", "status", "said", "body"),
    [
        (Fault("range_start", at=9), 206, "bytes 991-255999/256000", BODY[991:]),
        (Fault("range_total", at=7), 206, "bytes 1000-255999/256007", BODY[1000:]),
        (Fault("range_bytes"), 206, "bytes 1000-255999/256000", None),
        (Fault("range_unsaid"), 206, None, BODY[1000:]),
        (Fault("range_refused"), 416, "bytes */256000", b""),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_lies_about_ranges(serve: Serve, fault: Fault, status: int, said: str | None, body: bytes | None):
    """Each lie strikes the first part that is asked for, and no whole file."""
    client = serve(camera_with(fault))
    target = LOADFILE + client.camera.recordings[0].path
    assert client.get(target).body == BODY
    reply = client.get(target, Range="bytes=1000-")
    assert (reply.status, reply.headers.get("content-range")) == (status, said)
    assert reply.body == body if body is not None else (len(reply.body), reply.body != BODY[1000:]) == (255_000, True)
    assert client.get(target, Range="bytes=1000-").body == BODY[1000:]
