"""A camera: who it is, what its clock shows, what it has recorded, and the bytes of a recording."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

import anyio

from camreel.camera import wire
from camreel.camera.http import Answer, Body, Connection
from camreel.clock import CameraClock, measure
from camreel.errors import CameraError, CameraRefused, LoginError, NotACamera, UsageError, printable
from camreel.model import Address, DeviceInfo, Recording, Span

log = logging.getLogger("camreel.camera")

PAGE = 100  # the most that the vendor documents
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Listing:
    """What the camera lists for a range; ``warnings`` say what of it could not be read or trusted."""

    recordings: tuple[Recording, ...]
    warnings: tuple[str, ...] = ()


class Camera:
    """One camera over one :class:`Connection`."""

    def __init__(self, address: Address, connection: Connection, utc_now: Callable[[], datetime] | None = None) -> None:
        self._address = address
        self._connection = connection
        self._utc_now = utc_now or _utc_now

    async def identify(self) -> DeviceInfo:
        """Who the camera is; the first call of a run, so it is also what checks the login."""
        first = await self._connection.text(wire.cgi_target("magicBox", action="getSystemInfo"))
        system = wire.parse_pairs(first.text)
        # Recorders answer a number for the type (31) and the model as updateSerial.
        model = system.get("deviceType") or ""
        if model.isdigit() or not model:
            model = system.get("updateSerial") or model
        if first.status != 200 or not model:
            model = await self._one("getDeviceType", "type") or ""
        if not model and not self._speaks_dahua(first):
            raise NotACamera(
                f"What answers at {self._address} is not an Amcrest or Dahua camera.",
                hint="Check --host and --port.",
            )
        return DeviceInfo(
            model=printable(model, 60) or "unknown model",
            serial=system.get("serialNumber") or await self._one("getSerialNo", "sn"),
            name=await self._one("getMachineName", "name"),
            firmware=await self._one("getSoftwareVersion", "version"),
        )

    @staticmethod
    def _speaks_dahua(answer: Answer) -> bool:
        """Whether an answer without a model is still in the family's own form."""
        return wire.is_error(answer.text) and answer.status in {200, 400, 501}

    async def _one(self, action: str, key: str) -> str | None:
        """One optional fact; None where this firmware does not tell it."""
        try:
            answer = await self._connection.text(wire.cgi_target("magicBox", action=action))
        except LoginError:
            raise
        except CameraError as error:
            log.debug("%s: %s", action, error)
            return None
        if answer.status != 200 or wire.is_error(answer.text):
            return None
        # "Vendor=" on some firmware: keys are compared without case.
        pairs = {name.lower(): value for name, value in wire.parse_pairs(answer.text).items()}
        return printable(pairs[key], 60) if pairs.get(key) else None

    async def clock(self) -> CameraClock | None:
        """What the camera's clock shows against ours; None where it does not tell.

        The ``Date`` header is not asked: it holds local time labelled GMT (Intelbras MHDX 1308).
        """
        before = self._utc_now()
        answer = await self._connection.text(wire.cgi_target("global", action="getCurrentTime"))
        after = self._utc_now()
        shown = wire.parse_time(wire.parse_pairs(answer.text).get("result", ""))
        if answer.status != 200 or shown is None:
            return None
        return measure(shown, before + (after - before) / 2)

    async def search(self, channel: int, span: Span, progress: Callable[[int], None] = lambda _count: None) -> Listing:
        """All that the camera lists of ``channel`` for ``span``: both streams and snapshots, as they come.

        Raises CameraRefused where the question is refused for another reason than that nothing is there; NotACamera
        for a list without an end.
        """
        async with self._finder() as finder:
            found = await self._ask(
                "findFile",
                finder,
                condition__Channel=channel,
                condition__StartTime=wire.format_time(span.start),
                condition__EndTime=wire.format_time(span.end, round_up=True),
            )
            if found.status == 400:
                return Listing(())  # «nothing in this window», on Amcrest cameras and on recorders alike
            if found.status != 200 or wire.is_error(found.text):
                raise CameraRefused(
                    f"The camera at {self._address} refused the search: {_first_words(found.text)}.",
                    status=found.status,
                    hint="Does the account have the right to «Playback» on this channel?",
                )
            return await self._pages(finder, progress)

    async def _pages(self, finder: str, progress: Callable[[int], None]) -> Listing:
        recordings: list[Recording] = []
        warnings: list[str] = []
        unread: dict[str, None] = {}
        seen: set[tuple[str, Span]] = set()
        for _number in range(MAX_PAGES):
            answer = await self._ask("findNextFile", finder, count=PAGE)
            if answer.status != 200 or wire.is_error(answer.text):
                break  # older firmware says Error where newer says found=0
            page = wire.parse_page(answer.text, len(recordings))
            fresh = [item for item in page.recordings if (item.path, item.span) not in seen]
            news = [problem for problem in page.problems if problem not in unread]
            unread.update(dict.fromkeys(news))
            if page.is_last:
                break
            if not (fresh or news):
                warnings.append("The camera's list repeats itself; it was taken to end there.")
                break
            seen.update((item.path, item.span) for item in fresh)
            recordings += fresh
            progress(len(recordings))
        else:
            raise NotACamera(f"The camera at {self._address} lists recordings without an end.")
        unreadable = [f"The camera lists something that cannot be read: {problem}." for problem in unread]
        if len(unreadable) > 20:
            unreadable[20:] = [f"The camera lists {len(unreadable) - 20} more things that cannot be read."]
        return Listing(tuple(recordings), (*warnings, *unreadable))

    async def titles(self) -> dict[int, str]:
        """The channels' titles by number, from 1; empty where the camera does not tell them."""
        answer = await self._connection.text(wire.cgi_target("configManager", action="getConfig", name="ChannelTitle"))
        return wire.parse_titles(answer.text) if answer.status == 200 else {}

    async def number_of(self, title: str) -> int:
        """The number of the channel that is called ``title``. UsageError where none or several are."""
        titles = await self.titles()
        found = [number for number, name in titles.items() if name.strip().casefold() == title.strip().casefold()]
        if len(found) == 1:
            return found[0]
        named = f"{len(found)} channels are" if found else "no channel is"
        raise UsageError(
            f"On the camera at {self._address}, {named} called {printable(title, 60)!r}.",
            hint=f"Its channels: {_listed(titles)}." if titles else "It does not tell its channels' names.",
        )

    async def explain_nothing(self, channel: int) -> str:
        """Why a search found nothing: a sentence, after asking for any time at all.

        The camera answers 400 to a window without footage and to a question that it does not accept, byte for byte
        alike, so a question that must have an answer tells them apart. UsageError where the camera
        has no such channel.
        """
        if await self._has_anything(channel):
            return "The channel has recordings, but none in this range."
        titles = await self.titles()
        elsewhere = channel != 1 and await self._has_anything(1)
        if (titles and channel not in titles) or (not titles and elsewhere):
            raise UsageError(
                f"The camera at {self._address} has no channel {channel}.",
                hint=f"Its channels: {_listed(titles)}." if titles else "It has recordings of channel 1.",
            )
        return "The camera lists nothing of this channel at any time: does it record, to a card or disk of its own?"

    async def _has_anything(self, channel: int) -> bool:
        async with self._finder() as finder:
            found = await self._ask(
                "findFile",
                finder,
                condition__Channel=channel,
                condition__StartTime="2000-01-01 00:00:00",
                condition__EndTime="2037-12-31 23:59:59",
            )
            if found.status != 200 or wire.is_error(found.text):
                return False
            answer = await self._ask("findNextFile", finder, count=1)
            return answer.status == 200 and bool(wire.parse_page(answer.text).recordings)

    @asynccontextmanager
    async def _finder(self) -> AsyncIterator[str]:
        """A finder on the camera, closed and destroyed whatever happens: leaked ones exhaust it until it restarts."""
        answer = await self._connection.text(wire.cgi_target("mediaFileFind", action="factory.create"))
        finder = wire.parse_object(answer.text) if answer.status == 200 else None
        if finder is None:
            raise CameraRefused(
                f"The camera at {self._address} does not start a search: {_first_words(answer.text)}.",
                status=answer.status,
                hint="Does it record to a card or disk of its own? Without one, this is what it answers.",
            )
        patience = 0.5  # after a cancellation nobody waits longer
        try:
            yield finder
            patience = 10.0
        finally:
            with anyio.move_on_after(patience, shield=True):
                for action in ("close", "destroy"):
                    try:
                        await self._ask(action, finder)
                    except CameraError as error:
                        log.debug("%s: %s", action, error)

    async def _ask(self, action: str, finder: str, **parameters: str | int) -> Answer:
        return await self._connection.text(wire.cgi_target("mediaFileFind", action=action, object=finder, **parameters))

    @asynccontextmanager
    async def open(self, recording: Recording) -> AsyncIterator[Body]:
        """The bytes of ``recording``. CameraRefused where its path must not be asked for, or it is gone."""
        try:
            target = wire.loadfile_target(recording.path)
        except ValueError as error:
            raise CameraRefused(f"It cannot be downloaded: {error}.", status=0) from None
        async with self._connection.body(target) as body:
            yield body


def _listed(titles: dict[int, str]) -> str:
    shown = [f"{number} “{name}”" for number, name in sorted(titles.items())]
    return ", ".join(shown[:32]) + (" and more" if len(shown) > 32 else "")


def _first_words(text: str) -> str:
    return printable(" ".join(text.split()), 80) or "an empty answer"


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)
