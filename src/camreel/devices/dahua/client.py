"""A Dahua camera or recorder: who it is, its clock, its recordings, and the bytes of one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import anyio

from camreel.clock import Reading, ZoneFacts
from camreel.devices.base import DeviceListing, EmptySearch
from camreel.devices.dahua import protocol
from camreel.devices.dahua.protocol import parse_zone_facts
from camreel.devices.http import Answer, Connection, HttpBody
from camreel.errors import (
    BadTransfer,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    LoginError,
    NotACamera,
    UsageError,
    printable,
)
from camreel.model import Address, DeviceInfo, Recording, Span, Stream

log = logging.getLogger("camreel.devices")

PAGE = 100  # the most that the vendor documents
MAX_PAGES = 10_000
MAX_RECORDINGS = 400_000  # nine months of a clip a minute; a list without an end must not fill the memory
_MOST_PROBLEMS = 20
_MOST_BEYOND = 3  # pages in a row with nothing new in the window: then a list has run on past it
_USUAL_CAPS = frozenset({10, 16, 20, 32, 50, 64})  # the most items on a page, as firmware has it
_BRIEFLY = 0.5  # seconds
_LONGEST_BY_TIME = timedelta(hours=6)
_FIVES = {(minute, 0) for minute in range(0, 60, 5)}


class _Gathered:
    """The pages of one search for ``window`` so far. ``doubt``: why their end is not that of the list.

    ``is_refused``: an error came in place of the first.
    """

    def __init__(self, window: Span) -> None:
        self.recordings: list[Recording] = []
        self.counted = False
        self.doubt = ""
        self.is_refused = False
        self._window = window
        self._largest = self._last = self._pages = self._beyond = self._unplaced = 0
        self._is_short = False
        self._seen: set[tuple[str, Span]] = set()
        self._unread: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    @property
    def count(self) -> int:
        """How much was listed, also what could not be read."""
        return len(self.recordings) + len(self._unread)

    @property
    def is_full(self) -> bool:
        """Whether the last page is as full as pages get: there may be another."""
        return self._last >= PAGE or self._last in _USUAL_CAPS or (self._pages > 1 and self._last == self._largest)

    @property
    def is_unread(self) -> bool:
        """Whether no page was listed yet."""
        return self._pages == 0

    def warn(self, text: str) -> None:
        self._warnings[text] = None

    def warn_short(self, found: int | None) -> None:
        """Warn of a page that announces more than it lists."""
        self._is_short = True
        self.warn(f"The camera announced {found} recordings on a page and listed fewer of them.")

    def take(self, page: protocol.Page) -> bool:
        """Add what is new of ``page``; return whether to go on with the next."""
        fresh = [item for item in page.recordings if (item.path, item.span) not in self._seen]
        unread = [problem for problem in page.problems if problem not in self._unread]
        self.recordings += fresh
        self._seen.update((item.path, item.span) for item in fresh)
        self._unread.update(dict.fromkeys(unread))
        self._unplaced += len(unread)
        self._last, self._pages = len(page.recordings) + len(page.problems), self._pages + 1
        self._largest = max(self._largest, self._last)
        start, end = self._window.start, self._window.end
        if fresh:  # one that is listed again on each page, or that cannot be read, says nothing of where the list is
            is_beyond = all(one.span.end < start or end < one.span.start for one in fresh)
            self._beyond = self._beyond + 1 if is_beyond else 0
        if not (fresh or unread):
            self.warn("The camera's list repeats itself; camreel treats that as its end.")
            return False
        if self._beyond >= _MOST_BEYOND:
            self.doubt = "runs on past the range"
        return not self.doubt

    def listing(self) -> DeviceListing:
        unread = [f"The camera lists something that cannot be read: {problem}." for problem in self._unread]
        if len(unread) > _MOST_PROBLEMS:
            more = len(unread) - _MOST_PROBLEMS
            unread[_MOST_PROBLEMS:] = [f"The camera lists {more} more things that cannot be read."]
        return DeviceListing(
            tuple(self.recordings),
            (*self._warnings, *unread),
            is_refused=self.is_refused,
            is_suspect=self.is_full or self._is_short,
            doubt=self.doubt,
            keeps_order=self._beyond < _MOST_BEYOND,
            unplaced=self._unplaced,
        )


class DahuaClient:
    """One camera over one :class:`Connection`."""

    def __init__(
        self,
        address: Address,
        connection: Connection,
        utc_now: Callable[[], datetime] | None = None,
        *,
        channel: int | None = None,
    ) -> None:
        self._channel = channel
        self._address = address
        self._connection = connection
        self._utc_now = utc_now or _utc_now
        self._prepared: str | None = None  # a finder

    async def identify(self) -> DeviceInfo:
        """Return who the camera is: model and serial. The first question of a run: it checks the login.

        A device may have no magicBox. Then its clock or its search, in the family's form, shows that it is one.
        """
        first = await self._system_info()
        system = protocol.parse_pairs(first.text)
        # Recorders answer a number for the type (31) and the model as updateSerial.
        model = system.get("deviceType") or ""
        if model.isdigit() or not model:
            model = system.get("updateSerial") or model
        if first.status != 200 or not model:
            model = await self._one("getDeviceType", "type") or ""
        is_known = bool(model) or protocol.is_in_family_form(first.status, first.text)
        if not (is_known or await self._has_clock_or_search()):
            raise NotACamera(
                f"The device at {self._address} is not an Amcrest or Dahua camera.",
                hint="Check --host and --port.",
            )
        return DeviceInfo(
            model=printable(model, 60) or "unknown model",
            serial=printable(system.get("serialNumber", ""), 60) or await self._one("getSerialNo", "sn"),
        )

    async def described(self, device: DeviceInfo) -> DeviceInfo:
        """Return ``device`` with its name and firmware, as far as the camera tells them."""
        return replace(
            device,
            name=await self._one("getMachineName", "name"),
            firmware=await self._one("getSoftwareVersion", "version"),
        )

    async def _told(self, name: str, /, **parameters: str) -> Answer:
        """Ask for something that changes nothing on the camera. An odd answer is asked again, once, and then stands."""
        target = protocol.cgi_target(name, **parameters)
        try:
            answer = await self._connection.text(target)
            is_odd = answer.status == 200 and protocol.is_page(answer.text)
        except CameraError as error:
            if not error.once_more:
                return _nothing(error)
            is_odd = True
        if not is_odd:
            return answer
        try:
            return await self._connection.text(target)
        except CameraError as error:
            error.worth_retrying = error.worth_retrying and not error.once_more
            return _nothing(error)

    async def _system_info(self) -> Answer:
        try:
            return await self._told("magicBox", action="getSystemInfo")
        except CameraRefused as refusal:
            if refusal.status < 400:  # it redirects
                raise
            return Answer(refusal.status, "")

    async def _has_clock_or_search(self) -> bool:
        try:
            if await self.clock() is not None:
                return True
            async with self._finder():
                return True
        except (CameraRefused, BadTransfer) as refusal:
            log.debug("no search: %s", refusal)
            return False

    async def _one(self, action: str, key: str) -> str | None:
        """Return one optional fact; None if this firmware does not tell it."""
        try:
            answer = await self._told("magicBox", action=action)
        except LoginError:
            raise
        except CameraError as error:
            log.debug("%s: %s", action, error)
            return None
        if answer.status != 200 or protocol.is_error(answer.text):
            return None
        # "Vendor=" on some firmware: keys are compared without case.
        pairs = {name.lower(): value for name, value in protocol.parse_pairs(answer.text).items()}
        return printable(pairs[key], 60) if pairs.get(key) else None

    async def clock(self) -> Reading | None:
        """Return what the camera's clock shows, and when by ours; None if it does not tell.

        The ``Date`` header is not asked: it holds local time labelled GMT (Intelbras MHDX 1308).
        """
        before = self._utc_now()
        answer = await self._told("global", action="getCurrentTime")
        after = self._utc_now()
        shown = protocol.parse_time(protocol.parse_pairs(answer.text).get("result", ""))
        if answer.status != 200 or shown is None:
            return None
        return Reading(shown, before + (after - before) / 2)

    async def time_zone(self) -> ZoneFacts:
        """Return what its settings say of its time zone; nothing if this account may not read them.

        This and :meth:`daylight_saving` are asked for once, and by the names that all firmware knows: an unknown name
        is answered like a missing right (DH-NVR608H), and some firmware counts that as a failed login.
        """
        return parse_zone_facts(await self._config("NTP"), None)

    async def daylight_saving(self) -> ZoneFacts:
        """Return what its settings say of daylight saving."""
        return parse_zone_facts(None, await self._config("Locales"))

    async def _config(self, name: str) -> str | None:
        try:
            answer = await self._told("configManager", action="getConfig", name=name)
        except LoginError:
            raise
        except CameraError as error:
            log.debug("%s: %s", name, error)
            return None
        return answer.text if answer.status == 200 else None

    async def prepare_search(self) -> None:
        """Make the finder of the next search."""
        if self._prepared is None:
            try:
                self._prepared = await self._new_finder()
            except CameraError as error:  # the search itself says so
                log.debug("no finder beforehand: %s", error)

    async def close(self) -> None:
        """Destroy a finder that no search has used."""
        finder, self._prepared = self._prepared, None
        if finder is not None:
            await self._destroy(finder, _BRIEFLY)

    async def search(
        self, channel: int, span: Span, *, doubt: bool = False, first: Callable[[DeviceListing], None] | None = None
    ) -> DeviceListing:
        """Return all that the camera lists of ``channel`` for ``span``: both streams and snapshots, as they come.

        ``first`` is called with the first page if that looks like the last. Raise as :meth:`_list` does. Recordings of
        other channels are left out, with a warning.
        """

        def tell(listing: DeviceListing) -> None:
            if first is not None:
                first(self._of_channel(listing, channel))

        return self._of_channel(await self._list(channel, span, doubt=doubt, first=tell), channel)

    @staticmethod
    def _of_channel(listing: DeviceListing, channel: int) -> DeviceListing:
        recordings, others, uncertain = protocol.of_channel(listing.recordings, channel)
        warnings = [*listing.warnings]
        if uncertain:
            warnings.append(uncertain)
        if others:
            warnings.append(f"The camera listed {len(others)} recordings of other channels; they were not used.")
        return replace(listing, recordings=tuple(recordings), warnings=tuple(warnings))

    async def _list(
        self, channel: int, span: Span, *, doubt: bool = False, first: Callable[[DeviceListing], None] | None = None
    ) -> DeviceListing:
        """Return all that the camera answers when it is asked for ``channel``, also of other channels.

        With ``doubt``, a page that announces more than it lists, and an error after a full page or in place of the
        first, are BadTransfer; without, they are told in the listing. Raises
        CameraRefused where the question is refused for another reason than that nothing is there; NotACamera for a list
        without an end; BadTransfer for an answer that is no list.
        """
        async with self._finder() as finder:
            found = await self._ask(
                "findFile",
                finder,
                condition__Channel=channel,
                condition__StartTime=protocol.format_time(span.start),
                condition__EndTime=protocol.format_time(span.end, round_up=True),
            )
            if found.status == 400:
                # «Nothing in this window», on Amcrest cameras and on recorders alike; or a window that they refuse.
                return DeviceListing((), is_refused=True)
            if found.status == 200 and found.text.strip().upper() == "OK":
                return await self._pages(finder, span, doubt=doubt, first=first)
            if found.status != 200 or protocol.is_error(found.text):
                raise CameraRefused(
                    f"The camera at {self._address} refused the search: {_first_words(found.text)}.",
                    status=found.status,
                    hint="Does the account have the right to «Playback» on this channel?",
                )
            raise BadTransfer(f"{self._address} did not answer the search, but sent: {_first_words(found.text)}.")

    async def _pages(
        self, finder: str, window: Span, *, doubt: bool, first: Callable[[DeviceListing], None] | None
    ) -> DeviceListing:
        gathered = _Gathered(window)
        for number in range(MAX_PAGES):
            answer = await self._ask("findNextFile", finder, count=PAGE)
            if self._ends(answer, gathered, doubt=doubt):
                break
            page = protocol.parse_page(answer.text, len(gathered.recordings))
            gathered.counted = gathered.counted or page.found is not None
            if answer.status != 200 or not page.is_list:
                raise BadTransfer(f"{self._address} did not list recordings, but sent: {_first_words(answer.text)}.")
            if page.announces_more and doubt:
                raise BadTransfer(f"{self._address} announced {page.found} recordings and listed fewer.")
            if page.announces_more:
                gathered.warn_short(page.found)
            if page.is_last or not gathered.take(page):
                break
            if gathered.count > MAX_RECORDINGS:
                raise NotACamera(
                    f"The camera at {self._address} lists more than {MAX_RECORDINGS:,} recordings.",
                    hint="Ask for a shorter range.",
                )
            if first is not None and number == 0 and not gathered.listing().is_suspect:
                first(gathered.listing())
        else:
            raise NotACamera(f"The camera at {self._address} lists recordings without an end.")
        return gathered.listing()

    def _ends(self, answer: Answer, gathered: _Gathered, *, doubt: bool) -> bool:
        """Return whether the list ends with ``answer``, or before it. BadTransfer if it may have failed instead."""
        # Older firmware says Error, or 400, where newer says found=0. After a full page, or before any, it may also be
        # a failure.
        if answer.status == 400 or (answer.status == 200 and protocol.is_error(answer.text)):
            if gathered.is_full and doubt:
                raise BadTransfer(f"{self._address} listed a full page of recordings, and then sent an error.")
            if gathered.is_unread and doubt:
                raise BadTransfer(f"{self._address} took the search, and sent an error for its first page.")
            gathered.is_refused = gathered.is_unread
            gathered.doubt = "broke off with an error after a full page" if gathered.is_full else ""
            return True
        # Firmware that has no «found=» line ends so.
        return bool(gathered.recordings) and not gathered.counted and not answer.text.strip()

    async def titles(self) -> dict[int, str]:
        """Return the channels' titles by number, from 1; empty if the camera does not tell them."""
        answer = await self._told("configManager", action="getConfig", name="ChannelTitle")
        return protocol.parse_titles(answer.text) if answer.status == 200 else {}

    async def number_of(self, title: str) -> int:
        """Return the number of the channel called ``title``. UsageError if none or several are."""
        titles = await self.titles()
        found = [number for number, name in titles.items() if name.strip().casefold() == title.strip().casefold()]
        if len(found) == 1:
            return found[0]
        named = f"{len(found)} channels are" if found else "no channel is"
        raise UsageError(
            f"On the camera at {self._address}, {named} called {printable(title, 60)!r}.",
            hint=f"Its channels: {_listed(titles)}." if titles else "The camera does not list its channels' names.",
        )

    async def explain_nothing(self, channel: int) -> EmptySearch:
        """Return why a search found nothing, after asking for any time at all.

        The camera answers 400 to a window without footage and to a question that it does not accept, byte for byte
        alike, so a question that must have an answer tells them apart. UsageError where the camera
        has no such channel.
        """
        if await self._has_anything(channel):
            reason = "The channel has recordings, but none in this range."
            return EmptySearch(reason, is_proven=True)
        titles = await self.titles()
        elsewhere = channel != 1 and await self._has_anything(1)
        if (titles and channel not in titles) or (not titles and elsewhere):
            raise UsageError(
                f"The camera at {self._address} has no channel {channel}.",
                hint=f"Its channels: {_listed(titles)}." if titles else "It has recordings of channel 1.",
            )
        reason = "The camera lists nothing of this channel at any time: does it record, to a card or disk of its own?"
        return EmptySearch(reason, is_proven=elsewhere)

    async def _has_anything(self, channel: int) -> bool:
        async with self._finder() as finder:
            found = await self._ask(
                "findFile",
                finder,
                condition__Channel=channel,
                condition__StartTime="2000-01-01 00:00:00",
                condition__EndTime="2037-12-31 23:59:59",
            )
            if found.status != 200 or protocol.is_error(found.text):
                return False
            answer = await self._ask("findNextFile", finder, count=1)
            return answer.status == 200 and bool(protocol.parse_page(answer.text).recordings)

    @asynccontextmanager
    async def _finder(self) -> AsyncIterator[str]:
        """Make a finder on the camera, and destroy it whatever happens: leaked ones exhaust it until it restarts."""
        finder, self._prepared = self._prepared, None
        finder = finder or await self._new_finder()
        patience = 10.0
        try:
            yield finder
        except anyio.get_cancelled_exc_class():
            patience = _BRIEFLY  # nobody waits longer after Ctrl-C
            raise
        except CameraUnreachable as error:
            if error.silent_for > 1:
                patience = _BRIEFLY  # nor for a camera that says nothing
            raise
        finally:
            await self._destroy(finder, patience)

    async def _new_finder(self) -> str:
        answer = await self._connection.text(protocol.cgi_target("mediaFileFind", action="factory.create"))
        finder = protocol.parse_object(answer.text) if answer.status == 200 else None
        if finder is None and answer.status == 200 and protocol.is_page(answer.text):
            raise BadTransfer(f"{self._address} did not start a search, but sent: {_first_words(answer.text)}.")
        if finder is None:
            raise CameraRefused(
                f"The camera at {self._address} does not start a search: {_first_words(answer.text)}.",
                status=answer.status,
                hint="Does it record to a card or disk of its own? Without one, this is what it answers.",
            )
        return finder

    async def _destroy(self, finder: str, patience: float) -> None:
        with anyio.move_on_after(patience, shield=True):
            for action in ("close", "destroy"):
                try:
                    await self._ask(action, finder)
                except CameraError as error:
                    log.debug("%s: %s", action, error)

    async def _ask(self, action: str, finder: str, **parameters: str | int) -> Answer:
        return await self._connection.text(
            protocol.cgi_target("mediaFileFind", action=action, object=finder, **parameters)
        )

    @asynccontextmanager
    async def open(self, recording: Recording, *, first: int = 0, end: int | None = None) -> AsyncIterator[HttpBody]:
        """Receive ``recording``, from byte ``first`` up to ``end`` if the camera can do that (``HttpBody.part``).

        A negative ``first`` asks for so many of the last bytes.

        CameraRefused if its path must not be asked for, or it is gone.
        """
        try:
            target = protocol.loadfile_target(recording.path)
        except ValueError as error:
            raise CameraRefused(f"It cannot be downloaded: {error}.", status=0) from None
        async with self._connection.body(target, first=first, end=end) as body:
            yield body

    async def knock(self) -> None:
        """Ask without logging in whether it is there. CameraUnreachable or CameraBusy if it is not."""
        await self._connection.knock(protocol.cgi_target("global", action="getCurrentTime"))

    async def lists(self, recording: Recording) -> bool:
        """Return whether the camera still lists ``recording``. Raise as :meth:`search` does."""
        if self._channel is None:
            return True
        listing = await self._list(self._channel, recording.listed or recording.span)
        return any(other.path == recording.path for other in listing.recordings)

    @asynccontextmanager
    async def open_by_time(self, recording: Recording) -> AsyncIterator[HttpBody]:
        """Receive the footage of a recording's time as a DHAV stream (``loadfile.cgi``). CameraRefused if that fails.

        A start on a multiple of five minutes gives an empty body on LTN6416, a window of 8 hours a 400 on DH-NVR608H,
        and one that crosses the border of a file comes truncated: so each recording is asked for by itself.
        """
        span = recording.listed or recording.span  # by the camera's own clock
        start = span.start - timedelta(seconds=1) if span.start.naive.timetuple()[4:6] in _FIVES else span.start
        if span.end - start > _LONGEST_BY_TIME or self._channel is None:
            raise CameraRefused("It is too long to be asked for by time.", status=0)
        target = protocol.cgi_target(
            "loadfile",
            action="startLoad",
            channel=self._channel,
            startTime=protocol.format_time(start),
            endTime=protocol.format_time(span.end, round_up=True),
            subtype=0 if recording.stream is Stream.MAIN else 1,
        )
        async with self._connection.body(target) as body:
            yield body


def _nothing(error: CameraError) -> Answer:
    """Return the answer of a camera that says that it has nothing to say (204); raise any other error."""
    if isinstance(error, CameraRefused) and error.status < 300:
        return Answer(error.status, "")
    raise error


def _listed(titles: dict[int, str]) -> str:
    shown = [f"{number} “{name}”" for number, name in sorted(titles.items())]
    return ", ".join(shown[:32]) + (" and more" if len(shown) > 32 else "")


def _first_words(text: str) -> str:
    return printable(" ".join(text.split()), 80) or "an empty answer"


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)
