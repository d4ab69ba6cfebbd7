"""What tests share: a simulated camera, one export of it, the command line in this process, and frames as MD5."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import anyio
import av
import pytest
from tests.fakes import PASSWORD, Camreel, FakeExport, Said
from tests.loopback import sitecustomize  # from here on nothing is sent to another computer

import camreel.jobs.export
import camreel.output.finalize
from camreel import diskio
from camreel.clock import parse_range
from camreel.devices import downgrade
from camreel.devices.http import Timeouts
from camreel.events import Event
from camreel.jobs.export import export
from camreel.model import Address, Credentials, Output, Query, Request, Target
from camreel.report import Report
from camreel.transfer.retry import Backoff
from camreel.transfer.runtime import Runtime
from camreel_simulator import ClipSpec, DeviceClock, Recorded, SimulatedCamera, running, scene_schedule

# A suite that was started in the background ignores Ctrl-C, and so would the programs that its tests start and stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nor by the Pythons that tests start.
_GUARD = str(Path(sitecustomize.__file__).parent)
if _GUARD not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_GUARD, os.environ.get("PYTHONPATH"))))

_Whole = TypeVar("_Whole")

# `make soak`: all forms of what is otherwise tried in part, so that CI takes less than its 20 minutes.
IS_SOAK = "CAMREEL_SOAK" in os.environ


def by_turns(*axes: Iterable[Any], of: int) -> list[tuple[Any, ...]]:
    """Return all combinations of ``axes`` in `make soak`, else one of each ``of``, in which each value has its turn."""
    cells = product(*(enumerate(axis) for axis in axes))
    return [
        tuple(value for _at, value in cell) for cell in cells if IS_SOAK or sum(at for at, _value in cell) % of == 0
    ]


START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - by the camera's clock
# Long after all footage, so that nothing is pending; each test that needs another time says so.
NOW = datetime(2026, 1, 17, 12, 0, 0, tzinfo=timezone.utc)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with slow tests first, so that none of them is left for the end, when all but one worker are idle.

    A test is slow for a reason, which its mark says.
    """
    slow = set()
    for item in items:
        for mark in item.iter_markers("slow"):
            assert mark.kwargs.get("reason"), f"{item.nodeid}: slow(reason=...)"
            slow.add(item.path)
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def reachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let others get to ``tmp_path``, as far as camreel can tell: pytest makes it where nobody else can enter."""
    above = {(found.st_dev, found.st_ino) for found in (place.stat() for place in (tmp_path, *tmp_path.parents))}
    real = diskio._keeps_others_out
    monkeypatch.setattr(diskio, "own_group", lambda: None)
    monkeypatch.setattr(
        diskio, "_keeps_others_out", lambda found: (found.st_dev, found.st_ino) not in above and real(found)
    )
    return tmp_path


@pytest.fixture(autouse=True)
def _no_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test touches the home folder, and none inherits a camera, or a locked account, from another."""
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("HOME", str(base))
    # Ports of simulated cameras come again: what is remembered of one is the test's own. Made when it is needed.
    own = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    monkeypatch.setenv("XDG_STATE_HOME", str(base / "state" / own))
    monkeypatch.setattr(downgrade, "_in_process", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config" / own))
    monkeypatch.delenv("CAMREEL_CONFIG", raising=False)
    for name in ("HOST", "PORT", "USERNAME", "CHANNEL", "PASSWORD", "PASSWORD_FILE"):
        monkeypatch.delenv(f"AMCREST_{name}", raising=False)


def frame_md5s(video: bytes | Path) -> list[str]:
    """The MD5 of every decoded picture, in the order shown."""
    source = io.BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(source) as container:
        return [picture_md5(frame) for frame in container.decode(video=0)]


def picture_md5(frame: av.VideoFrame) -> str:
    """The MD5 of a decoded picture, its padding left out."""
    digest = hashlib.md5(usedforsecurity=False)
    for plane in frame.planes:
        width, stride, data = plane.width, plane.line_size, memoryview(plane)
        if width == stride:
            digest.update(data[: width * plane.height])
        else:
            rows = bytes(data)
            digest.update(b"".join(rows[at : at + width] for at in range(0, stride * plane.height, stride)))
    return digest.hexdigest()


async def no_wait(_seconds: float) -> None:
    """Waiting between tries, without the waiting."""
    await anyio.lowlevel.checkpoint()


def tuning(**changes: object) -> Runtime:
    """Patience for tests: stalls are noticed after a second, waits between tries take no time, it is NOW."""
    settings: dict[str, object] = {
        "timeouts": Timeouts(connect=1, headers=2, text=2, refusal=1, stall=1),
        "fetching": Backoff(attempts=3),
        "sleep": no_wait,
        "utc_now": lambda: NOW,
    }
    return Runtime(**(settings | changes))  # type: ignore[arg-type]


def changed(whole: _Whole, **changes: object) -> _Whole:
    """A request with other values for some fields of its own or of its parts: their names tell where they belong."""
    left = dict(changes)
    other: _Whole = _changed(whole, left)
    assert not left, f"no such fields: {sorted(left)}"
    return other


def _changed(whole: Any, left: dict[str, object]) -> Any:
    own = {field.name: left.pop(field.name) for field in fields(whole) if field.name in left}
    parts = {field.name: getattr(whole, field.name) for field in fields(whole) if field.name not in own}
    inner = {name: _changed(part, left) for name, part in parts.items() if is_dataclass(part)}
    return replace(whole, **own, **inner)


@dataclass
class Ran:
    """One export that has ended: its report, or the error, and all its events."""

    report: Report | None = None
    error: Exception | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def ok(self) -> Report:
        assert self.report is not None, self.error
        return self.report

    @property
    def output(self) -> Path:
        return Path(self.ok.outputs[0].path)


@dataclass
class Bench:
    """A camera being served, and a folder to export into."""

    camera: SimulatedCamera
    address: Address
    folder: Path
    password: str = "simulated-1"

    def request(self, start: str, end: str, **changes: object) -> Request:
        target, query = Target(self.address, "admin"), Query(parse_range(start, end))
        return changed(Request(target, query, Output(self.folder, self.folder / "out.mp4")), **changes)

    def export(
        self,
        start: str = "2026-01-16 08:00:00",
        end: str = "2026-01-16 08:00:12",
        *,
        tune: Runtime | None = None,
        listen: Callable[[Event], None] = lambda _event: None,
        **changes: object,
    ) -> Ran:
        """Run one export to its end, whatever that is."""
        ran = Ran()

        def on_event(event: Event) -> None:
            ran.events.append(event)
            listen(event)

        credentials = Credentials("admin", self.password)
        try:
            ran.report = anyio.run(export, self.request(start, end, **changes), credentials, on_event, tune or tuning())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            ran.error = error
        return ran


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Serve a camera for the length of the test: ``bench(camera)``, or ``bench(recordings=..., quirks=...)``."""
    with ExitStack() as stack:

        def make(camera: SimulatedCamera | None = None, **settings: object) -> Bench:
            if camera is None:
                settings.setdefault("clock", DeviceClock.fixed(NOW))
                settings.setdefault("recordings", three_clips())
                camera = SimulatedCamera(**settings)  # type: ignore[arg-type]
            for recording in camera.recordings:
                recording.length()  # footage is made now: under load it would take longer than the client waits
            server = stack.enter_context(running(camera))
            return Bench(camera, Address("127.0.0.1", server.port), tmp_path / "export")

        yield make


def three_clips(**changes: object) -> list[Recorded]:
    """Three abutting clips of 4 s each from 08:00:00, the kind of an Amcrest camera, sound longer than picture."""
    spec = ClipSpec(start=START, seconds=4, size=(160, 90), **changes)  # type: ignore[arg-type]
    return scene_schedule(START, 3, seconds=4, spec=spec)


def at(seconds: float) -> str:
    """The moment ``seconds`` after 08:00:00, as people type it."""
    return (START + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> FakeExport:
    """A password in the environment, and an export that only remembers."""
    fake = FakeExport()
    monkeypatch.setattr(camreel.jobs.export, "export", fake.export)
    monkeypatch.setattr(camreel.output.finalize, "already_there", fake.already_there)
    monkeypatch.setenv("AMCREST_PASSWORD", PASSWORD)
    return fake


@pytest.fixture
def camreel_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Camreel:
    """Run the program in an empty folder; not a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["camreel"])

    def run(arguments: Sequence[str] = (), **environment: str) -> Said:
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        from camreel.cli import main

        code = main(list(arguments))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


_ODD_OPEN = """import os, time
_open = os.open
def odd_open(path, flags, *args, **more):
    name = os.fsdecode(path)
    while os.path.exists(name + ".hangs"):
        time.sleep(0.1)
    if os.path.exists(name + ".full"):
        return _open("/dev/full", flags & ~os.O_EXCL)
    return _open(path, flags, *args, **more)
os.open = odd_open
"""


@pytest.fixture
def hang(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let the worker never come back from opening a file, as from a clip that FFmpeg goes round in circles in."""
    _let_workers_open_oddly(tmp_path_factory, monkeypatch)
    return lambda path: Path(f"{path}.hangs").touch()


@pytest.fixture
def fill_disk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let a file that the worker makes be on a disk that is full."""
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")
    _let_workers_open_oddly(tmp_path_factory, monkeypatch)
    return lambda path: Path(f"{path}.full").touch()


def _let_workers_open_oddly(folders: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folders.mktemp("site")
    (folder / "sitecustomize.py").write_text(_ODD_OPEN)
    monkeypatch.syspath_prepend(folder)
