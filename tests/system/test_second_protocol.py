"""A second protocol, registered from outside of devices: the whole command line works with a device that speaks it.

The protocol ("shelf") is no HTTP. A question is a line of JSON and an empty line; the answer is a line of JSON, and
behind it so many bytes as that says. A connection logs in once. What is no such question ends the connection.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from tests.conftest import frame_md5s
from tests.fakes import only_run

import camreel.sync
from camreel.cli import main
from camreel.clock import Reading, ZoneFacts
from camreel.devices import registry
from camreel.devices.access import Access
from camreel.devices.base import Device, DeviceListing, Driver, EmptySearch, FoundDevice
from camreel.devices.facts import DeviceFacts, Fact, RecordedFootage, clock_facts
from camreel.devices.interview import AnswerSheet, Interview, PrivacyRules
from camreel.errors import BadTransfer, CameraRefused, CameraUnreachable, LoginRefused, UsageError
from camreel.model import DeviceInfo, Recording, Span, WallTime
from camreel_simulator import ClipSpec, DeviceClock, Recorded, SimulatedCamera, running
from camreel_simulator.footage.clips import make_clip

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - by the camera's clock
SHOWN = datetime(2026, 1, 17, 0, 0, 0)  # noqa: DTZ001 - what its clock shows, always
RANGE = ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
USER, PASSWORD = "keeper", "sh3lf-Secret"
SERIAL, TITLE = "SHELF0042PRIVATE", "Pantry door"
CLIPS = {f"/shelf/{number}.mp4": EIGHT + timedelta(seconds=4 * number) for number in range(3)}
SPECS = {path: ClipSpec(start, 4, size=(160, 90), gop=10) for path, start in CLIPS.items()}


@dataclass
class ShelfServer:
    """The device: what it was asked, and how many logins it refused."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused_logins: int = 0

    def answer(self, ask: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        path = ask.get("path", "")
        if ask["ask"] == "open" and path not in SPECS:
            return {"error": "no such clip"}, b""
        if ask["ask"] == "open":
            body = make_clip(SPECS[path])
            first, end = ask["first"], ask["end"]
            first = max(0, len(body) + first) if first < 0 else first
            return {"first": first, "total": len(body)}, body[first:end]
        answers: dict[str, dict[str, Any]] = {
            "hello": {"protocol": "shelf"},
            "who": {"model": "Shelf One", "serial": SERIAL, "firmware": "7.1"},
            "time": {"shown": SHOWN.isoformat()},
            "titles": {"channel.1.title": TITLE},
            "list": {
                "clips": [
                    {"path": path, "start": start.isoformat(), "size": len(make_clip(SPECS[path]))}
                    for path, start in CLIPS.items()
                ]
            },
        }
        return answers[ask["ask"]], b""


@pytest.fixture
def shelf() -> Iterator[ShelfServer]:
    """The device, served on loopback."""
    device = ShelfServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            let_in = False
            while line := self.rfile.readline(4096):
                if not line.strip():
                    continue
                try:
                    ask = json.loads(line)
                except ValueError:
                    device.asked.append("nonsense")
                    return
                device.asked.append(ask["ask"])
                if ask["ask"] == "login":
                    let_in = (ask["user"], ask["password"]) == (USER, PASSWORD)
                    device.refused_logins += not let_in
                    head, body = ({"welcome": True} if let_in else {"error": "login"}), b""
                elif let_in or ask["ask"] == "hello":
                    head, body = device.answer(ask)
                else:
                    head, body = {"error": "login"}, b""
                self.wfile.write(json.dumps({**head, "bytes": len(body)}).encode() + b"\n" + body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up in the middle is none."""

    with Server(("127.0.0.1", 0), Handler) as server:
        device.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield device
        finally:
            server.shutdown()
            thread.join()
    assert "nonsense" not in device.asked  # nobody spoke HTTP to it


@dataclass
class Part:
    first: int | None
    end: int | None
    total: int | None


@dataclass
class Body:
    length: int | None
    chunks: AsyncIterator[bytes]
    part: Part | None


class Line:
    """One connection: questions and answers, and the login before the first of them."""

    def __init__(self, access: Access, stream: anyio.abc.ByteStream) -> None:
        self._access, self._stream = access, stream
        self._in = BufferedByteReceiveStream(stream)
        self._is_in = False

    async def ask(self, what: str, **more: Any) -> dict[str, Any]:
        if not (self._is_in or what == "hello"):
            login, credentials = self._access.login, self._access.credentials
            await login.check()
            if "welcome" not in await self._say(
                "login", user=credentials.username, password=credentials.password, shown=False
            ):
                raise login.refuse(LoginRefused(f"{self._access.address} refused the login of {USER!r}."))
            self._is_in = login.accepted = True
        head = await self._say(what, **more)
        if "error" in head:
            raise CameraRefused(f"{self._access.address} answered: {head['error']}.", status=404)
        return head

    async def _say(self, what: str, *, shown: bool = True, **more: Any) -> dict[str, Any]:
        try:
            await self._stream.send(json.dumps({"ask": what, **more}).encode() + b"\r\n\r\n")
            line = await self._in.receive_until(b"\n", 1 << 20)
        except (OSError, anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            raise CameraUnreachable(f"{self._access.address} hung up.") from None
        except anyio.DelimiterNotFound:
            raise BadTransfer(f"{self._access.address} sent no answer.") from None
        if shown and self._access.witness is not None:
            self._access.witness.met(what, 200, (("Content-Type", "application/json"),), signed=self._is_in)
            self._access.witness.read(line)
        found: dict[str, Any] = json.loads(line)
        return found

    async def body(self, count: int) -> AsyncIterator[bytes]:
        while count:
            chunk = await self._in.receive(min(count, 4096))
            count -= len(chunk)
            yield chunk


class ShelfDevice:
    """The device, for camreel."""

    def __init__(self, access: Access, line: Line) -> None:
        self._access, self._line = access, line

    async def identify(self) -> DeviceInfo:
        who = await self._line.ask("who")
        return DeviceInfo(who["model"], who["serial"], firmware=who["firmware"])

    async def described(self, device: DeviceInfo) -> DeviceInfo:
        return device

    async def clock(self) -> Reading | None:
        shown = (await self._line.ask("time"))["shown"]
        return Reading(WallTime.fromisoformat(shown), self._access.utc_now())

    async def time_zone(self) -> ZoneFacts:
        return ZoneFacts(standard=timedelta(0))

    async def daylight_saving(self) -> ZoneFacts:
        return ZoneFacts(has_rule=True)

    async def titles(self) -> dict[int, str]:
        return {1: (await self._line.ask("titles"))["channel.1.title"]}

    async def number_of(self, title: str) -> int:
        if title != TITLE:
            raise UsageError(f"No channel is called {title}.")
        return 1

    async def prepare_search(self) -> None:
        pass

    async def search(
        self, channel: int, span: Span, *, doubt: bool = False, first: Callable[[DeviceListing], None] | None = None
    ) -> DeviceListing:
        listed = recordings_in(await self._line.ask("list"))
        return DeviceListing(tuple(one for one in listed if channel == 1 and one.span.overlap(span)))

    async def explain_nothing(self, channel: int) -> EmptySearch:
        return EmptySearch("The shelf is empty.", is_proven=True)

    async def knock(self) -> None:
        await self._line.ask("hello")

    async def lists(self, recording: Recording) -> bool:
        return recording.path in CLIPS

    @asynccontextmanager
    async def open(self, recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[Body]:
        head = await self._line.ask("open", path=recording.path, first=first, end=end)
        whole = first == 0 and end is None
        part = None if whole else Part(head["first"], head["first"] + head["bytes"], head["total"])
        yield Body(head["bytes"], self._line.body(head["bytes"]), part)

    @asynccontextmanager
    async def open_by_time(self, recording: Recording) -> AsyncIterator[Body]:
        if recording.path in CLIPS:
            raise CameraRefused("It knows clips, not times.", status=0)
        yield Body(0, self._line.body(0), None)


def recordings_in(answer: dict[str, Any]) -> list[Recording]:
    """What an answer to "list" lists."""
    starts = [(one, WallTime.fromisoformat(one["start"])) for one in answer["clips"]]
    return [Recording(one["path"], Span(at, at + timedelta(seconds=4)), one["size"]) for one, at in starts]


class ShelfDriver:
    """The protocol, for the registry."""

    name = "shelf"
    privacy = PrivacyRules(title_key=re.compile(r"channel\.\d+\.title$"))

    def __init__(self, found: Sequence[FoundDevice] = ()) -> None:
        self._found = found

    @asynccontextmanager
    async def _line(self, access: Access) -> AsyncIterator[Line]:
        try:
            stream = await anyio.connect_tcp(access.address.host, access.address.port)
        except OSError:
            raise CameraUnreachable(f"Nothing answers at {access.address}.") from None
        async with stream:
            yield Line(access, stream)

    async def recognizes(self, access: Access) -> bool:
        with anyio.move_on_after(5):
            try:
                async with self._line(access) as line:
                    return (await line.ask("hello")).get("protocol") == "shelf"
            except (CameraUnreachable, BadTransfer, ValueError):
                return False
        return False

    @asynccontextmanager
    async def open(self, access: Access, channel: int | None) -> AsyncIterator[Device]:
        async with self._line(access) as line:
            yield ShelfDevice(access, line)

    def discover(self, places: Sequence[str]) -> list[FoundDevice]:
        return list(self._found)

    async def examine(self, access: Access, interview: Interview) -> None:
        async with self._line(access) as line:
            for what in ("who", "time", "titles", "list"):
                question = await interview.ask(what, line.ask)
                if question is not None and what == "time":
                    shown = WallTime.fromisoformat(json.loads(question.text)["shown"])
                    interview.reading = Reading(shown, access.utc_now())

    def facts_of(self, sheet: AnswerSheet) -> DeviceFacts:
        told = {one.target: json.loads(one.text) for one in sheet.asked if one.status == 200}
        if "list" not in told or sheet.reading is None:
            return DeviceFacts()
        listed = recordings_in(told["list"])
        return DeviceFacts(
            login_how="a line",
            model=Fact(told["who"]["model"], ""),
            firmware=Fact(told["who"]["firmware"], ""),
            serial=Fact(told["who"]["serial"], ""),
            clock=Fact(clock_facts(sheet.reading, ZoneFacts(standard=timedelta(0), has_rule=True), listed), ""),
            channels=Fact(((1, told["titles"]["channel.1.title"]),), ""),
            footage=Fact(RecordedFootage(sheet.channel, listed[0].span.start, listed[-1].span.end), ""),
        )


@dataclass
class Said:
    code: int
    out: str
    err: str


class Program:
    """The program in this process, in an empty folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], host: str) -> None:
        self._capsys, self._host = capsys, host

    def __call__(self, command: str, *arguments: str) -> Said:
        code = main([command, "--host", self._host, "-u", USER, "--no-input", *arguments])
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)

    def json(self, command: str, *arguments: str) -> Any:
        said = self(command, *arguments, "--json")
        assert said.code == 0, said
        document = json.loads(said.out)
        (run,) = document.get("runs", [document])  # of doctor and setup there is one
        return run


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol is there for one test."""
    monkeypatch.setattr(registry, "_drivers", [*registry._drivers])
    driver: Driver = ShelfDriver([FoundDevice("127.0.0.1", 7, "Shelf One", "Pantry", SERIAL)])
    registry.register(driver)


@pytest.fixture
def program(
    shelf: ShelfServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Program:
    """Run camreel at that device, with its password in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["camreel"])
    monkeypatch.setenv("AMCREST_PASSWORD", PASSWORD)
    return Program(capsys, f"127.0.0.1:{shelf.port}")


def test_get_makes_the_video_of_its_clips(program: Program, tmp_path: Path) -> None:
    """Every frame of the three clips, once, in order."""
    report = program.json("get", *RANGE, "--output-file", "shelf.mp4")
    assert report["status"] == "complete"
    assert report["camera"]["model"] == "Shelf One"
    wanted = [md5 for spec in SPECS.values() for md5 in frame_md5s(make_clip(spec))]
    assert frame_md5s(tmp_path / "shelf.mp4") == wanted


def test_list_shows_its_clips_and_fetches_none(program: Program, shelf: ShelfServer, tmp_path: Path) -> None:
    """Three recordings, by time; nothing is written."""
    listed = program.json("list", *RANGE)
    assert [each["path"] for each in listed["recordings"]] == list(CLIPS)
    assert "open" not in shelf.asked
    assert list(tmp_path.iterdir()) == []


def test_look_has_a_picture_of_each_clip(program: Program, tmp_path: Path) -> None:
    """Keyframes by parts of the clips: a page, and no download of all of a clip."""
    report = program.json("look", *RANGE, "--every", "4s", "--output-file", "page.html")
    assert report["status"] == "complete"
    assert {picture["recording"] for picture in report["pictures"]} == set(CLIPS)
    assert report["missing"] == []
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_doctor_tells_its_facts_and_nothing_private(program: Program, shelf: ShelfServer, tmp_path: Path) -> None:
    """Each question once; what is private is replaced by doctor itself, in the report and in the capture."""
    document = program.json("doctor", "--capture", "shelf.zip")
    assert (document["status"], document["login"]) == (
        "well",
        {"state": "accepted", "how": "a line", "locked": False, "locked_seconds": None},
    )
    assert (document["model"], document["firmware"], document["serial"]) == ("Shelf One", "7.1", "serial-1")
    assert document["channels"] == [{"number": 1, "title": "title-1"}]
    assert document["footage"]["newest"] == "2026-01-16T08:00:12"
    assert document["questions"] == 4
    assert shelf.asked == ["hello", "login", "who", "time", "titles", "list"]
    with zipfile.ZipFile(tmp_path / "shelf.zip") as archive:
        everything = json.dumps(document) + "".join(archive.read(name).decode() for name in archive.namelist())
    assert "title-1" in everything
    assert "the camera's time zone settings" in document["clock"]["source"]
    for private in (SERIAL, TITLE, PASSWORD, USER, "127.0.0.1"):
        assert private not in everything


@pytest.mark.parametrize("command", ["get", "list", "doctor"])
def test_a_wrong_password_is_sent_once(
    program: Program, shelf: ShelfServer, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Exit 5, and no other protocol tries it."""
    monkeypatch.setenv("AMCREST_PASSWORD", "wrong-one-1")
    said = program(command, *([] if command == "doctor" else RANGE))
    assert said.code == 5
    assert "refused the login" in said.out + said.err
    assert (shelf.refused_logins, shelf.asked.count("login")) == (1, 1)


def test_the_library_searches_and_downloads(shelf: ShelfServer, tmp_path: Path) -> None:
    """``connect``: who it is, its recordings, one of them as a file; its protocol is recognized once."""
    with camreel.sync.connect("127.0.0.1", USER, PASSWORD, port=shelf.port) as camera:
        assert (camera.device.model, dict(camera.titles)) == ("Shelf One", {1: TITLE})
        found = camera.recordings(WallTime(EIGHT), WallTime(EIGHT + timedelta(seconds=8)))
        file = camera.download(found[1], tmp_path, channel=found.channel)
    assert [one.path for one in found] == list(CLIPS)[:2]
    assert file.read_bytes() == make_clip(SPECS[found[1].path])
    assert shelf.asked.count("hello") == 1


def test_a_camera_of_the_usual_protocol_is_still_understood(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The new protocol does not recognize it, so that Dahua's is spoken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMCREST_PASSWORD", "simulated-1")
    spec = ClipSpec(EIGHT, 4, size=(160, 90))
    recordings = [Recorded(EIGHT, EIGHT + timedelta(seconds=4), spec)]
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(datetime(2026, 1, 17, tzinfo=timezone.utc)))
    with running(camera) as server:
        code = main(["list", "--host", f"127.0.0.1:{server.port}", "-u", "admin", *RANGE, "--json"])
    assert code == 0
    assert len(only_run(capsys.readouterr().out)["recordings"]) == 1


def test_discovery_asks_every_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each one's own discovery finds, in one list."""
    other = FoundDevice("127.0.0.2", 80, "Other", "", "")
    monkeypatch.setattr("camreel.devices.dahua.driver.discover", lambda _places: [other])
    assert [found.model for found in registry.discover()] == ["Shelf One", "Other"]


def test_a_name_belongs_to_one_protocol() -> None:
    """The second is refused."""
    with pytest.raises(ValueError, match="shelf"):
        registry.register(ShelfDriver())
