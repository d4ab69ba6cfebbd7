"""Cameras, their days, the recordings of a day; a recording that is played is fetched into the media folder first."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from homeassistant.components.media_player import BrowseError, MediaClass, MediaType
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

import camreel

from . import DOMAIN

DAYS = 14
KEPT = 30  # files in the media folder; the ones that were fetched first go first
_IN = "|"  # between the parts of an identifier: camera, day, path on the camera


async def async_get_media_source(hass: HomeAssistant) -> CamreelSource:
    """Set it up."""
    return CamreelSource(hass)


class CamreelSource(MediaSource):
    """The cameras of ``configuration.yaml``."""

    name = "Camera recordings"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self.hass = hass
        self._fetching = asyncio.Lock()  # one at a time: cameras are slow, and two may want the same

    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """What there is in a place: all cameras, the days of one, the recordings of a day."""
        name, day, _path = _parts(item.identifier)
        try:
            if not name:
                return _folder(None, "Camera recordings", [_folder(each, each) for each in self.hass.data[DOMAIN]])
            if not day:
                return _folder(name, name, [_folder(f"{name}{_IN}{each}", each) for each in await self._days(name)])
            return _folder(item.identifier, day, await self._recordings(name, day))
        except (camreel.CamreelError, KeyError) as error:
            raise BrowseError(str(error)) from error

    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Fetch a recording, if it is not there yet, and say where Home Assistant serves it."""
        name, day, path = _parts(item.identifier)
        folder = Path(self.hass.config.media_dirs["local"]) / DOMAIN
        file = folder / f"{hashlib.sha256(item.identifier.encode()).hexdigest()[:24]}.mp4"
        if not path.lower().endswith(".mp4"):
            raise Unresolvable("Browsers do not play .dav recordings; camreel get makes an mp4 of them.")
        try:
            async with self._fetching:
                if not file.exists():
                    folder.mkdir(parents=True, exist_ok=True)
                    await self._fetch(name, day, path, file)
        except (camreel.CamreelError, KeyError) as error:
            raise Unresolvable(str(error)) from error
        return PlayMedia(f"/media/local/{DOMAIN}/{file.name}", "video/mp4")

    def _camera(self, name: str) -> AbstractAsyncContextManager[camreel.Camera]:
        given: dict[str, Any] = self.hass.data[DOMAIN][name]
        session = async_get_clientsession(self.hass)
        return camreel.connect(given["host"], given["username"], given["password"], session=session)

    async def _days(self, name: str) -> list[date]:
        """The last days by the camera's own clock, the newest first."""
        async with self._camera(name) as camera:
            clock = await camera.clock()
        now = datetime.now(timezone.utc)
        today = clock.shown(clock.reads(now)).naive.date() if clock else now.date()
        return [today - timedelta(days=number) for number in range(DAYS)]

    async def _recordings(self, name: str, day: str) -> list[BrowseMediaSource]:
        async with self._camera(name) as camera:
            found = await camera.recordings(camreel.day(day))
        return [_recording(f"{name}{_IN}{day}{_IN}{each.path}", each, found) for each in found]

    async def _fetch(self, name: str, day: str, path: str, file: Path) -> None:
        """What is asked for is looked up in the camera's own list: an identifier is only what a browser sent."""
        async with self._camera(name) as camera:
            found = await camera.recordings(camreel.day(day))
            recording = next((each for each in found if each.path == path), None)
            if recording is None:
                raise Unresolvable("The camera has overwritten this recording.")
            await camera.download(recording, file, channel=found.channel)
        for old in sorted(file.parent.glob("*.mp4"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
            old.unlink()


def _parts(identifier: str | None) -> tuple[str, str, str]:
    name, _, rest = (identifier or "").partition(_IN)
    day, _, path = rest.partition(_IN)
    return name, day, path


def _folder(identifier: str | None, title: object, children: Iterable[BrowseMediaSource] = ()) -> BrowseMediaSource:
    folder = BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaType.VIDEO,
        title=str(title),
        can_play=False,
        can_expand=True,
    )
    folder.children = list(children)
    return folder


def _recording(identifier: str, recording: camreel.Recording, found: camreel.Recordings) -> BrowseMediaSource:
    start, end = recording.span.start, recording.span.end
    if found.clock is not None:
        start, end = found.clock.shown(start), found.clock.shown(end)
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.VIDEO,
        media_content_type="video/mp4",
        title=" ".join((f"{start.naive:%H:%M:%S} – {end.naive:%H:%M:%S}", *recording.events)),
        can_play=True,
        can_expand=False,
    )
