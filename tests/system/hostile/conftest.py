"""What the tests of hostile cameras share: a bench with such a camera, watched for what it is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.conftest import Bench, Ran, three_clips
from tests.system.hostile.server import HostileCamera, item, listing, serving

from camreel.errors import CamreelError
from camreel_simulator import Recorded

_ID = r"object=[A-Za-z0-9_-]{1,64}"
_TIME = r"\d{4}-\d\d-\d\d%20\d\d:\d\d:\d\d"
# All that a camera is ever asked.
ENDPOINTS = re.compile(
    r"/cgi-bin/(?:"
    r"magicBox\.cgi\?action=(?:getSystemInfo|getDeviceType|getSerialNo|getMachineName|getSoftwareVersion)"
    r"|global\.cgi\?action=getCurrentTime"
    r"|configManager\.cgi\?action=getConfig&name=(?:NTP|Locales|ChannelTitle)"
    r"|mediaFileFind\.cgi\?action=factory\.create"
    rf"|mediaFileFind\.cgi\?action=findFile&{_ID}&condition\.Channel=\d+"
    rf"&condition\.StartTime={_TIME}&condition\.EndTime={_TIME}"
    rf"|mediaFileFind\.cgi\?action=findNextFile&{_ID}&count=\d+"
    rf"|mediaFileFind\.cgi\?action=(?:close|destroy)&{_ID}"
    rf"|loadfile\.cgi\?action=startLoad&channel=\d+&startTime={_TIME}&endTime={_TIME}&subtype=[01]"
    r"|RPC_Loadfile/[^?#\s\\]*"
    r")"
)


def check_requests(camera: HostileCamera, port: int) -> None:
    """Whatever it said, it was only asked what we mean to ask, of the host that was named."""
    for asked in camera.log:
        assert asked.method == "GET"
        assert asked.headers["host"] == f"127.0.0.1:{port}"
        assert ENDPOINTS.fullmatch(asked.target), asked.target
        assert not {".", ".."} & set(unquote(asked.target.partition("?")[0]).split("/")), asked.target


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Callable[[HostileCamera], Bench]]:
    """Serve a camera for the length of the test. In the end its log is held against ENDPOINTS."""
    served: list[tuple[HostileCamera, int]] = []
    with ExitStack() as stack:

        def make(camera: HostileCamera) -> Bench:
            address = stack.enter_context(serving(camera))
            served.append((camera, address.port))
            return Bench(camera, address, tmp_path / "export")  # type: ignore[arg-type]  # all of it that is used

        yield make
    assert served
    for camera, port in served:
        check_requests(camera, port)


PATHS = [f"/mnt/sd/2026-01-16/001/dav/08/{number}.mp4" for number in range(3)]


def exit_code(run: Ran) -> int:
    """Of a run, whatever came of it."""
    if run.report is not None:
        return run.report.exit_code
    assert isinstance(run.error, CamreelError), run.error
    return run.error.exit_code


def bodies_of(recordings: Iterable[Recorded]) -> list[bytes]:
    """Their bytes."""
    bodies = [recording.body() for recording in recordings]
    return [body.read_bytes() if isinstance(body, Path) else body for body in bodies]


@pytest.fixture(scope="session")
def footage() -> list[bytes]:
    """The bytes of three abutting clips of four seconds each."""
    return bodies_of(three_clips())


@pytest.fixture
def good(footage: list[bytes]) -> HostileCamera:
    """A camera that has three clips and does nothing wrong yet."""
    page = listing(*(item(number, path) for number, path in enumerate(PATHS)))
    return HostileCamera(page=page, clips=dict(zip(PATHS, footage, strict=True)))
