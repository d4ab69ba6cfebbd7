"""The example of a Home Assistant media source, against a simulated camera.

Home Assistant itself is not installed: the classes that the example uses are stand-ins here, with the signatures of
homeassistant.components.media_source.models (2024.3 to 2026.7) and of async_get_clientsession.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import aiohttp
import pytest
from tests.conftest import NOW, frame_md5s, three_clips

from camreel._version import __version__
from camreel_simulator import DeviceClock, Quirks, SimulatedCamera, running

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3] / "examples" / "home_assistant"


class BrowseError(Exception):
    """homeassistant.components.media_player.BrowseError."""


class HomeAssistantError(Exception):
    """homeassistant.exceptions.HomeAssistantError."""


@dataclass
class ServiceCall:
    data: dict[str, Any]


class Services:
    """hass.services, of which the example only registers."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}

    def async_register(self, domain: str, service: str, function: Any, *, schema: Any, supports_response: Any) -> None:
        assert set(schema) == {"camera", "start", "end"}
        assert supports_response == "optional"
        self.known[domain, service] = function


class Unresolvable(Exception):
    """homeassistant.components.media_source.Unresolvable."""


class BrowseMediaSource:
    def __init__(self, *, domain: str | None, identifier: str | None, **fields: Any) -> None:
        known = {"media_class", "media_content_type", "title", "can_play", "can_expand", "children", "thumbnail"}
        assert fields.keys() <= known | {"children_media_class"}
        self.domain, self.identifier = domain, identifier or ""
        self.children: list[BrowseMediaSource] = []
        self.title: str = fields["title"]


class MediaSource:
    name: str | None = None

    def __init__(self, domain: str) -> None:
        self.domain = domain


@dataclass
class MediaSourceItem:
    hass: Any
    domain: str | None
    identifier: str
    target_media_player: str | None = None


@dataclass
class PlayMedia:
    url: str
    mime_type: str


@pytest.fixture
def integration(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The example's two modules, as Home Assistant would load them."""
    stand_ins: dict[str, dict[str, Any]] = {
        "homeassistant": {},
        "homeassistant.core": {
            "HomeAssistant": SimpleNamespace,
            "ServiceCall": ServiceCall,
            "ServiceResponse": dict,
            "SupportsResponse": SimpleNamespace(OPTIONAL="optional"),
        },
        "homeassistant.exceptions": {"HomeAssistantError": HomeAssistantError},
        "voluptuous": {"Schema": lambda wanted: wanted, "Required": lambda key: key},
        "homeassistant.components": {},
        "homeassistant.components.media_player": {
            "BrowseError": BrowseError,
            "MediaClass": SimpleNamespace(DIRECTORY="directory", VIDEO="video"),
            "MediaType": SimpleNamespace(VIDEO="video"),
        },
        "homeassistant.components.media_source": {
            each.__name__: each for each in (BrowseMediaSource, MediaSource, MediaSourceItem, PlayMedia, Unresolvable)
        },
        "homeassistant.helpers": {},
        "homeassistant.helpers.aiohttp_client": {"async_get_clientsession": lambda hass: hass.session},
    }
    for name, content in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(str(ROOT))
    for name in ("custom_components", "custom_components.camreel", "custom_components.camreel.media_source"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return (
        importlib.import_module("custom_components.camreel"),
        importlib.import_module("custom_components.camreel.media_source"),
    )


@pytest.fixture
async def hass(tmp_path: Path) -> AsyncIterator[Any]:
    async with aiohttp.ClientSession() as session:
        config = SimpleNamespace(media_dirs={"local": str(tmp_path / "media")})
        yield SimpleNamespace(data={}, session=session, config=config, services=Services())


async def test_a_person_browses_to_a_recording_and_plays_it(integration, hass, tmp_path):
    """Cameras, days, recordings; what is played is the camera's file, fetched once and into the media folder."""
    setup, source_module = integration
    camera = SimulatedCamera(
        three_clips(), clock=DeviceClock.fixed(NOW), quirks=Quirks(nonce_bound_to_connection=True, lock_after=1)
    )
    with running(camera) as server:
        login = {"host": f"127.0.0.1:{server.port}", "username": "admin", "password": "simulated-1"}
        assert await setup.async_setup(hass, {"camreel": {"front_door": login}})
        source = await source_module.async_get_media_source(hass)

        async def browse(identifier: str | None) -> BrowseMediaSource:
            found: BrowseMediaSource = await source.async_browse_media(
                MediaSourceItem(hass, "camreel", identifier or "")
            )
            return found

        (door,) = (await browse(None)).children
        days = (await browse(door.identifier)).children
        assert [day.title for day in days[:2]] == ["2026-01-17", "2026-01-16"]
        films = (await browse(days[1].identifier)).children
        assert films[0].title == "08:00:00 – 08:00:04 VideoMotion"
        assert (await browse(days[0].identifier)).children == []

        played = await source.async_resolve_media(MediaSourceItem(hass, "camreel", films[1].identifier))
        (file,) = (tmp_path / "media" / "camreel").iterdir()
        assert played == PlayMedia(f"/media/local/camreel/{file.name}", "video/mp4")
        assert file.read_bytes() == camera.recordings[1].body()
        sent = camera.ledger.bytes_sent
        await source.async_resolve_media(MediaSourceItem(hass, "camreel", films[1].identifier))
        assert camera.ledger.bytes_sent == sent

        day = films[1].identifier.rpartition("|")[0]
        for wrong, message in ((f"{day}|/etc/passwd.mp4", "overwritten"), (f"{day}|/x.dav", "do not play")):
            with pytest.raises(Unresolvable, match=message):
                await source.async_resolve_media(MediaSourceItem(hass, "camreel", wrong))
        with pytest.raises(BrowseError):
            await browse("nobody")
    with pytest.raises(BrowseError, match=r"127\.0\.0\.1"):
        await source.async_browse_media(MediaSourceItem(hass, "camreel", door.identifier))
    assert not hass.session.closed


async def test_the_action_exports_a_range_and_returns_path_and_report(integration, hass, tmp_path):
    """The frames are those of the camera; what goes wrong is Home Assistant's error."""
    setup, _ = integration
    camera = SimulatedCamera(three_clips(), clock=DeviceClock.fixed(NOW))
    with running(camera) as server:
        login = {"host": f"127.0.0.1:{server.port}", "username": "admin", "password": "simulated-1"}
        assert await setup.async_setup(hass, {"camreel": {"front_door": login}})
        export = hass.services.known["camreel", "export"]
        wanted = {"camera": "front_door", "start": "2026-01-16 08:00:00", "end": "2026-01-16 08:00:08"}
        answer = await export(ServiceCall(wanted))
        assert (answer["status"], answer["exit_code"], answer["report"]["status"]) == ("complete", 0, "complete")
        assert json.loads(json.dumps(answer)) == answer
        video = Path(answer["path"])
        assert video.parent == tmp_path / "media" / "camreel" / "exports"
        shown = [md5 for each in camera.recordings[:2] for md5 in frame_md5s(each.body())]
        assert frame_md5s(video) == shown
        for wrong in ({"camera": "nobody"}, {"start": "soon"}, {"start": "2026-01-16 09:00:00"}, {"end": "2026-01-16"}):
            with pytest.raises(HomeAssistantError):
                await export(ServiceCall(wanted | wrong))
    assert not hass.session.closed


def test_the_layout_is_that_of_hacs():
    """Of a repository with one integration, whose action is described."""
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs["name"] == "camreel"
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.name != "__pycache__"] == ["camreel"]
    manifest = json.loads((ROOT / "custom_components" / "camreel" / "manifest.json").read_text(encoding="utf-8"))
    needed = {"domain", "documentation", "issue_tracker", "codeowners", "name", "version"}
    assert needed <= manifest.keys()
    assert "example.org" not in str(manifest)
    services = (ROOT / "custom_components" / "camreel" / "services.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^(\w+):$", services, re.MULTILINE) == ["export"]
    assert re.findall(r"^    (\w+):$", services, re.MULTILINE) == ["camera", "start", "end"]


def test_the_manifest_is_of_this_version():
    manifest = json.loads((ROOT / "custom_components" / "camreel" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == __version__
    assert manifest["requirements"] == [f"camreel=={__version__}"]
