"""A capture of a device is served as the device answered; an archive from a stranger does no harm."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camreel_simulator import camera_of
from camreel_simulator.replay import CaptureError, load, read_capture

from .conftest import Client, parse_items
from .wire import Wire

Serve = Callable[..., Client]
EVER = ("2026-01-16%2000:00:00", "2026-01-16%2023:59:59")
FIND = "/cgi-bin/mediaFileFind.cgi?action="


def row(target: str, body: str | None, status: int = 200, **changes: Any) -> dict[str, Any]:
    answer = {"method": "GET", "target": target, "status": status, "headers": {"content-type": "text/plain"}}
    return {**answer, "body": body, **changes}


def write(path: Path, rows: object, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("capture.json", rows if isinstance(rows, str) else json.dumps(rows))
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def capture(client: Client, targets: list[str], path: Path) -> Path:
    """What the camera answers to these targets, as an archive."""
    rows, files = [], {}
    for number, target in enumerate(targets):
        reply = client.get(target)
        files[f"bodies/{number}"] = reply.body
        rows.append(
            row(target, f"bodies/{number}", reply.status, headers={"content-type": reply.headers["content-type"]})
        )
    return write(path, rows, files)


def test_a_replayed_search_equals_the_captured_one(serve: Serve, tmp_path: Path):
    """All pages in order, as often as it is asked, under whatever number the finder goes, however it is escaped."""
    client = serve(camera_of("amcrest-sd", "page-cap-1"))
    finder = client.create()
    window = f"&condition.Channel=1&condition.StartTime={EVER[0]}&condition.EndTime={EVER[1]}"
    targets = [FIND + "factory.create", f"{FIND}findFile&object=1831405591{window}"]
    targets += [f"{FIND}findNextFile&object=1831405591&count=100"] * 4
    assert finder == "1831397672"  # the next one is the one captured
    captured = client.search(*EVER)
    path = capture(
        serve(camera_of("amcrest-sd", "page-cap-1")), ["/", FIND + "factory.create", *targets], tmp_path / "c.zip"
    )
    replayed = serve(load(path))
    for _ in range(3):
        assert replayed.search(*EVER) == captured
    colons = EVER[0].replace(":", "%3A"), EVER[1]
    assert replayed.search(*colons) == captured


def test_answers_come_in_order_and_the_last_one_stays(serve: Serve, tmp_path: Path):
    """The same request again: the next captured answer, at the end the last one; else 400."""
    clock = "/cgi-bin/global.cgi?action=getCurrentTime"
    rows = [row(clock, "a"), row(clock, "b", 503), row("/x", None)]
    client = serve(load(write(tmp_path / "c.zip", rows, {"a": b"result=1", "b": b"busy"})))
    assert [client.get(clock).text for _ in range(4)] == ["result=1", "busy", "busy", "busy"]
    assert client.get(clock).status == 503
    assert client.get("/x").body == b""
    assert (client.get("/y").status, client.get("/y").text) == (400, "Error\r\nBad Request!\r\n")


def test_the_login_is_asked_for(serve: Serve, tmp_path: Path):
    """Digest, with the user and the password that were given."""
    path = write(tmp_path / "c.zip", [row("/a", None)], {})
    client = serve(load(path, username="viewer", password="other"))
    with Wire(client.server) as wire:
        assert wire.ask("/a")[0] == 401
        assert wire.log_in("/a")[0] == 401
        assert wire.log_in("/a", username="viewer", secret="other")[0] == 200


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({}, "not a list"),
        ([[]] * 10_001, "not a list"),
        ([1], "not an object"),
        ([row("/a", "../../etc/passwd")], "no '../../etc/passwd'"),
        ([row("/a", "/etc/passwd")], "no '/etc/passwd'"),
        ([row("/a", "missing")], "no 'missing'"),
        ([row("/a", 7)], "not the name"),  # type: ignore[arg-type]
        ([row("http://other/", None)], "not a path"),
        ([row("/a\r\nx: y", None)], "not a path"),
        ([row("/" + "a" * 9000, None)], "not a path"),
        ([row("/a", None, method="DELETE")], "method"),
        ([row("/a", None, 99)], "status"),
        ([row("/a", None, status=True)], "status"),
        ([row("/a", None, headers={"content-type": "a\r\nSet-Cookie: b"})], "content type"),
        ([row("/a", None, headers={"content-type": 1})], "content type"),
    ],
    ids=range(17),
)
def test_a_broken_capture_is_refused(tmp_path: Path, rows: object, complaint: str):
    """By name, whatever is wrong in it."""
    with pytest.raises(CaptureError, match=complaint):
        read_capture(write(tmp_path / "c.zip", rows, {}))


def test_no_capture_at_all(tmp_path: Path):
    """Not a zip, an empty one, one with a broken member."""
    path = tmp_path / "c.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(CaptureError, match="not a readable zip"):
        load(path)
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(CaptureError, match=r"no 'capture.json'"):
        load(path)
    write(path, [], {})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 0x04034B50), b"XXXX"))
    with pytest.raises(CaptureError, match="not a readable zip"):
        load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("capture.json", "[]")
    with pytest.raises(CaptureError, match="a way of its own"):
        load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("capture.json", json.dumps([row("/a", None)]))
    broken = bytearray(path.read_bytes())
    broken[42:60] = b"\xff" * 18
    path.write_bytes(broken)
    with pytest.raises(CaptureError, match="not a readable zip"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.zip")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small archive that would unpack to a lot is refused at the limit, each file and all together."""
    monkeypatch.setattr("camreel_simulator.replay._BODY_LIMIT", 1000)
    path = write(tmp_path / "c.zip", [row("/a", "big")], {"big": bytes(1001)})
    with pytest.raises(CaptureError, match="larger"):
        load(path)
    monkeypatch.setattr("camreel_simulator.replay._TOTAL_LIMIT", 2500)
    rows = [row("/a", "big")] * 3
    with pytest.raises(CaptureError, match="larger"):
        load(write(path, rows, {"big": bytes(1000)}))


def test_a_replayed_search_of_a_foreign_program(serve: Serve, tmp_path: Path):
    """The pages of two searches do not get mixed."""
    one = f"{FIND}findFile&object=5&condition.Channel=1"
    two = f"{FIND}findFile&object=5&condition.Channel=2"
    page = f"{FIND}findNextFile&object=5&count=100"
    rows = [row(one, "ok"), row(page, "p1"), row(page, "p0"), row(two, "ok"), row(page, "p2"), row(page, "p0")]
    bodies = {"ok": b"OK\r\n", "p0": b"found=0\r\n"}
    bodies |= {f"p{n}": f"found=1\r\nitems[0].Channel={n}\r\n".encode() for n in (1, 2)}
    client = serve(load(write(tmp_path / "c.zip", rows, bodies)))
    for search, channel in ((two, "2"), (one, "1"), (two, "2")):
        client.get(search.replace("=5", "=77"))
        assert parse_items(client.get(page.replace("=5", "=77")).text) == [{"Channel": channel}]
        assert parse_items(client.get(page.replace("=5", "=77")).text) == []
