"""What a check-up asks a Dahua device: each thing once, none of what is known to harm a device, and it always ends.

Not asked, and why: ``audio.cgi`` (a Lorex E891AB restarts), names of settings that only some firmware knows
(answered like a missing right, and it may count as a failed login), ``getCameraState`` and ``loadfile.cgi`` (neither is
needed here, and aborted downloads wedge an NV4108E-HS).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from camreel.clock import Reading
from camreel.devices.access import Access
from camreel.devices.dahua import protocol
from camreel.devices.http import Connection
from camreel.devices.interview import Interview, PrivacyRules, Question
from camreel.errors import LoginError, NotACamera
from camreel.model import WallTime

_PAGE = 100
_MOST_PAGES = 8
_EVER = (WallTime(datetime(2000, 1, 1)), WallTime(datetime(2037, 12, 31, 23, 59, 59)))  # noqa: DTZ001 - its clock

# Where the newest recording is looked for: the last so many days. A list that is too long is asked for in parts.
_DAYS = (2, 14, 90)
_SHORT = timedelta(hours=2)

_WORDS = (
    *("true", "false", "main", "extra1", "extra2", "extra3", "dav", "mp4", "jpg", "mnt", "dvr", "nvr", "ipc", "xvr"),
    *("event", "timing", "manual", "marker", "unmarked", "videomotion", "success", "error", "temporary", "dev", "sda"),
    *("mmc0", "none", "null", "aac", "camera", "ip camera", "channel", "yellow", "white", "date", "time", "items"),
    *("connected", "unconnect", "name", "path", "type", "http", "https", "list", "info", "detail", "table", "result"),
)
_VENDOR_KEYS = (
    *("type", "devicetype", "updateserial", "version", "processor", "hardwareversion", "vendor", "starttime"),
    *("endtime", "found", "videostream", "mode", "state", "result"),
)
PRIVACY = PrivacyRules(
    title_key=re.compile(r"channeltitle\[\d+\]\.name$", re.ASCII),
    private_keys={"machinename": "name"},
    vendor_keys=frozenset(_VENDOR_KEYS),
    words=frozenset(_WORDS),
    opaque=re.compile(r"(?<=[?&]object=)[^&]*"),  # the number of a finder
)


async def examine(access: Access, interview: Interview) -> None:
    """Ask everything."""
    async with access.http() as connection:
        questions = _Questions(access, interview, connection)
        is_known = await questions.identity()
        await questions.clock()
        if not (is_known or interview.reading is not None or await questions.has_search()):
            raise NotACamera(
                f"The device at {access.address} is not an Amcrest or Dahua camera.", hint="Check --host and --port."
            )
        await questions.settings()
        await questions.recordings()


class _Questions:
    """What is asked, in order. An answer that says no is an answer."""

    def __init__(self, access: Access, interview: Interview, connection: Connection) -> None:
        self._access, self._interview, self._connection = access, interview, connection

    async def _ask(self, name: str, /, **parameters: str | int) -> Question | None:
        return await self._interview.ask(protocol.cgi_target(name, **parameters), self._connection.text)

    async def identity(self) -> bool:
        """Ask who it is; the first question checks the login. Return whether it tells, or refuses as these devices do.

        A device may have no magicBox. Then its clock or its search shows that it is one, as for ``DahuaClient``.
        """
        first = await self._ask("magicBox", action="getSystemInfo")
        system = protocol.parse_pairs(first.text) if first is not None and first.status == 200 else {}
        model = system.get("deviceType", "")
        if model.isdigit() or not model:  # recorders have a number there
            kind = await self._ask("magicBox", action="getDeviceType")
            model = protocol.parse_pairs(kind.text).get("type", "") if kind is not None and kind.status == 200 else ""
        if not system.get("serialNumber"):
            await self._ask("magicBox", action="getSerialNo")
        await self._ask("magicBox", action="getMachineName")
        await self._ask("magicBox", action="getSoftwareVersion")
        is_refused = first is not None and protocol.is_in_family_form(first.status or 0, first.text)
        return bool(is_refused or model or system.get("updateSerial"))

    async def has_search(self) -> bool:
        """Ask whether it can be searched."""
        created = await self._ask("mediaFileFind", action="factory.create")
        finder = protocol.parse_object(created.text) if created is not None and created.status == 200 else None
        if finder is not None:
            await self._ask("mediaFileFind", action="destroy", object=finder)
        return finder is not None

    async def clock(self) -> None:
        """Ask what its clock shows."""
        before = self._access.utc_now()
        answer = await self._ask("global", action="getCurrentTime")
        after = self._access.utc_now()
        shown = protocol.parse_time(protocol.parse_pairs(answer.text).get("result", "")) if answer is not None else None
        if answer is not None and answer.status == 200 and shown is not None:
            self._interview.reading = Reading(shown, before + (after - before) / 2)

    async def settings(self) -> None:
        """Ask for its zone, channels, storage and way to record: settings that all firmware knows."""
        for name in ("NTP", "Locales", "ChannelTitle"):
            await self._ask("configManager", action="getConfig", name=name)
        await self._ask("storageDevice", action="getDeviceAllInfo")
        await self._ask("configManager", action="getConfig", name="RecordMode")

    async def recordings(self) -> None:
        """Ask for the oldest recording, and the newest: a page of one, and the list of the last days."""
        if not (await self._glance(*_EVER, count=1, pages=1)).any:
            return
        if self._interview.reading is None:
            await self._glance(*_EVER, count=_PAGE, pages=_MOST_PAGES)
            return
        now = self._interview.reading.shown
        for days in _DAYS:
            seen = await self._glance(now - timedelta(days=days), now, count=_PAGE, pages=_MOST_PAGES)
            if seen.any or seen.failed:
                break
        else:
            await self._glance(*_EVER, count=_PAGE, pages=_MOST_PAGES)
            return
        if seen.any and not seen.ended:  # oldest first: the end of a long list was not seen
            await self._glance(now - _SHORT, now, count=_PAGE, pages=_MOST_PAGES)

    async def _glance(self, start: WallTime, end: WallTime, *, count: int, pages: int) -> _Seen:
        """Search as the client does, for at most ``pages`` pages, and give the finder back."""
        created = await self._ask("mediaFileFind", action="factory.create")
        finder = protocol.parse_object(created.text) if created is not None and created.status == 200 else None
        if finder is None:
            return _Seen(failed=True)
        try:
            found = await self._ask(
                "mediaFileFind",
                action="findFile",
                object=finder,
                condition__Channel=self._interview.channel,
                condition__StartTime=protocol.format_time(start),
                condition__EndTime=protocol.format_time(end, round_up=True),
            )
            if found is None or found.status not in {200, 400}:
                return _Seen(failed=True)
            if found.status != 200 or found.text.strip().upper() != "OK":
                return _Seen()
            return await self._pages(finder, count, pages)
        finally:
            # A refused login has been told already.
            with anyio.move_on_after(10, shield=True), suppress(LoginError):
                await self._ask("mediaFileFind", action="close", object=finder)
                await self._ask("mediaFileFind", action="destroy", object=finder)

    async def _pages(self, finder: str, count: int, pages: int) -> _Seen:
        seen: set[str] = set()
        for _number in range(pages):
            answer = await self._ask("mediaFileFind", action="findNextFile", object=finder, count=count)
            page = protocol.parse_page(answer.text) if answer is not None and answer.status == 200 else None
            fresh = {one.path for one in page.recordings} - seen if page is not None else set()
            if not fresh:
                return _Seen(bool(seen), ended=True, failed=answer is None)
            seen |= fresh
        return _Seen(any=True)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Whether a search showed anything, and whether its end was seen."""

    any: bool = False
    ended: bool = False
    failed: bool = False
