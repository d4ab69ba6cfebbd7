"""Two clients from PyPI that are not ours list and fetch from the simulated cameras.

python-amcrest tries Basic first, splits at CR LF and frees its finders by names that do not exist; aiodahua signs the
decoded query.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from amcrest import AmcrestCamera
from amcrest.exceptions import LoginError

from camreel_simulator import (
    PROFILES,
    SCENE_END,
    SCENE_START,
    ClipSpec,
    Server,
    SimulatedCamera,
    camera_of,
    running,
    seen_frames,
    stub_recordings,
)

from .conftest import NOON

T = TypeVar("T")
START, END = f"{SCENE_START}", f"{SCENE_END}"


def amcrest_client(server: Server, password: str = "simulated-1") -> Any:
    return AmcrestCamera(server.host, server.port, "admin", password, retries_connection=0).camera


def listed(pages: list[str]) -> list[str]:
    rows = [row for page in pages for row in page.split("\r\n")]
    return [row.partition("=")[2] for row in rows if ".FilePath=" in row]


@pytest.mark.parametrize("profile", PROFILES)
def test_python_amcrest_lists_and_fetches(profile: str):
    """Identity, clock, listing and download of every profile, but for the one whose downloads are empty."""
    camera = camera_of(profile)
    with running(camera) as server:
        client = amcrest_client(server)
        assert client.device_type == camera.profile.device_type
        assert client.serial_number == camera.profile.serial
        assert client.machine_name == camera.profile.machine_name
        assert client.software_information[0] == camera.profile.software_version.partition(",")[0]
        assert client.current_time == camera.clock.now()
        paths = listed(list(client.find_files(SCENE_START, SCENE_END, channel=1)))
        ours = [recorded for recorded in camera.recordings if recorded.channel == 1]
        assert paths == [recorded.path for recorded in ours]
        if profile != "intelbras":
            body = client.download_file(paths[-1])
            assert hashlib.sha256(body).digest() == hashlib.sha256(bytes_of(ours[-1].body())).digest()
            content = ours[-1].content
            assert isinstance(content, ClipSpec)
            assert [number for _, number in seen_frames(body)] == list(content.frame_numbers)
    assert any("/cgi-bin/RPC_Loadfile//mnt/" in entry.target for entry in camera.log) == (profile != "intelbras")


def bytes_of(body: object) -> bytes:
    assert isinstance(body, bytes)
    return body


def test_python_amcrest_pages_and_leaks():
    """More pages than one; its finder stays, because ``factory.close`` and ``factory.destroy`` do not exist."""
    camera = SimulatedCamera(stub_recordings(NOON, 250))
    with running(camera) as server:
        pages = list(amcrest_client(server).find_files(NOON, NOON.replace(hour=23), channel=1))
    assert len(listed(pages)) == 250
    assert camera.open_finders == 1
    assert camera.rejected_logins == 1  # it tries Basic first


def test_python_amcrest_takes_loadfile_by_time():
    """``download_time`` gets DHAV, behind the bytes that a recorder puts in front."""
    with running(camera_of("nvr")) as server:
        body = amcrest_client(server).download_time(SCENE_START, SCENE_END, channel=2)
    assert body.find(b"DHAV") > 9000


def test_python_amcrest_with_a_wrong_password():
    """Refused twice at each call: once for Basic, once for Digest."""
    camera = camera_of("amcrest-sd")
    with running(camera) as server, pytest.raises(LoginError):
        assert amcrest_client(server, "wrong").device_type
    assert camera.rejected_logins == 2


def with_aiodahua(camera: SimulatedCamera, use: Callable[[Any], Awaitable[T]]) -> T:
    aiodahua = pytest.importorskip("aiodahua", reason="aiodahua needs Python 3.11")

    async def go(server: Server) -> T:
        async with aiodahua.DahuaClient(server.host, "admin", "simulated-1", port=server.port) as client:
            return await use(client)

    with running(camera) as server:
        return asyncio.run(go(server))


@pytest.mark.parametrize("profile", PROFILES)
def test_aiodahua_identifies_and_lists(profile: str):
    """Brand, model and listing of every profile; the uri is checked as laxly as this client needs."""
    camera = camera_of(profile, "lax-uri")

    async def use(client: Any) -> tuple[Any, str, tuple[int, list[dict[str, Any]]]]:
        brand = await client.async_identify()
        model = await client.async_get_device_type()
        return brand, model, await client.async_find_recordings(START, END)

    brand, model, (found, files) = with_aiodahua(camera, use)
    assert model == camera.profile.device_type
    assert brand is not None
    ours = [recorded for recorded in camera.recordings if recorded.channel == 1]
    assert found == len(ours)
    assert [file["path"] for file in files] == [recorded.path for recorded in ours]
    assert [file["size_bytes"] >= recorded.length() for file, recorded in zip(files, ours, strict=True)] == [
        True
    ] * found
    assert camera.open_finders == 0


def test_aiodahua_takes_loadfile_by_time():
    """It strips what a recorder puts in front, and what is left is footage."""
    camera = camera_of("nvr")

    async def use(client: Any) -> Any:
        return await client.async_download_clip(f"{SCENE_START.replace(second=4)}", END)

    body = with_aiodahua(camera, use)
    assert body.startswith(b"DHAV")
    spec = camera.recordings[-1].content
    assert isinstance(spec, ClipSpec)
    first = round((SCENE_START.replace(second=4) - SCENE_START.replace(hour=0)).total_seconds()) * spec.fps
    assert seen_frames(body)[0][1] == first


def test_a_strict_device_refuses_aiodahua():
    """It signs the decoded query: where the uri is checked byte for byte, the search is a rejected login."""
    aiodahua = pytest.importorskip("aiodahua", reason="aiodahua needs Python 3.11")
    camera = camera_of("amcrest-sd", "strict-uri")
    with pytest.raises(aiodahua.DahuaError):
        with_aiodahua(camera, lambda client: client.async_find_recordings(START, END))
    assert camera.rejected_logins >= 1
    assert any((entry.refusal or "").startswith("uri is") for entry in camera.log)
