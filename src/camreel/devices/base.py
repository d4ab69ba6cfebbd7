"""What the rest of camreel knows of a camera: a device, its answers, and the driver that speaks its protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from camreel.clock import Reading, ZoneFacts
from camreel.devices.access import Access
from camreel.devices.facts import DeviceFacts
from camreel.devices.interview import AnswerSheet, Interview, PrivacyRules
from camreel.model import DeviceInfo, Recording, Span


class Part(Protocol):
    """Which part of a file an answer is: from byte ``first`` up to ``end``, of ``total``. None if it is not said."""

    @property
    def first(self) -> int | None: ...
    @property
    def end(self) -> int | None: ...
    @property
    def total(self) -> int | None: ...


class BodySource(Protocol):
    """A recording on its way: ``length`` in bytes as announced, None if it was not; ``part`` if it is not all."""

    @property
    def length(self) -> int | None: ...
    @property
    def chunks(self) -> AsyncIterator[bytes]: ...
    @property
    def part(self) -> Part | None: ...


class Source(Protocol):
    """Where the bytes of recordings come from: all that a download needs of a device."""

    def open(
        self, recording: Recording, *, first: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[BodySource]:
        """Begin to receive ``recording``, from byte ``first`` up to ``end`` if the device can do that.

        ``BodySource.part`` tells. A negative ``first`` asks for so many of the last bytes.
        """
        ...

    def open_by_time(self, recording: Recording) -> AbstractAsyncContextManager[BodySource]:
        """Begin to receive the footage of its time as a DHAV stream; what comes has to be checked.

        Raise CameraRefused if the device cannot do that.
        """
        ...

    async def knock(self) -> None:
        """Raise a CameraError if the device does not answer. No login is sent."""
        ...

    async def lists(self, recording: Recording) -> bool:
        """Return whether the device still lists ``recording``."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceListing:
    """What a device lists of a channel; ``warnings`` say what of it could not be read or trusted.

    ``is_refused``: it said no, to a window without recordings as to one that it does not like. ``is_suspect``: its last
    page was full, or pages had less than they announced. ``doubt``: why its end is not its end, as the rest of a
    sentence about the list; without ``keeps_order``, the rest may be of any time. ``unplaced`` counts items without a
    time that can be read.
    """

    recordings: tuple[Recording, ...]
    warnings: tuple[str, ...] = ()
    is_refused: bool = False
    is_suspect: bool = False
    doubt: str = ""
    keeps_order: bool = True
    unplaced: int = 0


@dataclass(frozen=True, slots=True)
class EmptySearch:
    """Why a search found nothing: a sentence. ``is_proven``: a longer search was answered, so nothing is there."""

    reason: str
    is_proven: bool


class Device(Source, Protocol):
    """One camera or recorder over one connection, used for one question at a time.

    A method raises LoginError if the login is refused, and another CameraError if there is no answer.
    """

    async def identify(self) -> DeviceInfo:
        """Return who the device is: model and serial. The first question of a run: it checks the login.

        Raise NotACamera if something else answers; CameraRefused with a ``location`` if it redirects.
        """
        ...

    async def described(self, device: DeviceInfo) -> DeviceInfo:
        """Return ``device`` with what else the device says of itself: name and firmware."""
        ...

    async def clock(self) -> Reading | None:
        """Return what the device's clock shows, and when by ours; None if it does not tell."""
        ...

    async def time_zone(self) -> ZoneFacts:
        """Return what the device's settings say of its time zone."""
        ...

    async def daylight_saving(self) -> ZoneFacts:
        """Return what its settings say of daylight saving."""
        ...

    async def titles(self) -> Mapping[int, str]:
        """Return the channels' titles by number, from 1; empty if the device does not tell them."""
        ...

    async def number_of(self, title: str) -> int:
        """Return the number of the channel called ``title``. UsageError if none or several are."""
        ...

    async def prepare_search(self) -> None:
        """Do what a search begins with, if that can be done before its range is known. A failure is no error."""
        ...

    async def search(
        self, channel: int, span: Span, *, doubt: bool = False, first: Callable[[DeviceListing], None] | None = None
    ) -> DeviceListing:
        """Return what the device lists of ``channel`` for ``span``: each stream, and snapshots.

        ``first`` is called with what is probably all of it, before the device has been asked whether that is so. With
        ``doubt``, a list that may have been cut short is BadTransfer; without, it is a warning.
        """
        ...

    async def explain_nothing(self, channel: int) -> EmptySearch:
        """Return why a search found nothing. UsageError if there is no such channel."""
        ...


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that answered a discovery. ``host`` is where its answer came from, whatever it says of itself."""

    host: str
    port: int
    model: str
    name: str
    serial: str


class Driver(Protocol):
    """A protocol that cameras speak. ``devices.registry`` holds the drivers."""

    @property
    def name(self) -> str:
        """A word for the protocol, unique among the drivers."""
        ...

    @property
    def privacy(self) -> PrivacyRules:
        """What in the device's answers is private."""
        ...

    async def recognizes(self, access: Access) -> bool:
        """Return whether the device speaks this protocol, as far as that shows without a login. Never raises."""
        ...

    def open(self, access: Access, channel: int | None) -> AbstractAsyncContextManager[Device]:
        """Connect to the device. ``channel`` is the one whose recordings are opened by time and looked up."""
        ...

    def discover(self, places: Sequence[str]) -> list[FoundDevice]:
        """Ask ``places`` (addresses; none: the local network) for devices. Blocking.

        Raise UsageError for what is no address, OSError without a network.
        """
        ...

    async def examine(self, access: Access, interview: Interview) -> None:
        """Ask a check-up's questions by ``interview``, and set its ``reading``.

        Raise LoginError at once; the CameraError of the first question; CameraRefused if it redirects.
        """
        ...

    def facts_of(self, sheet: AnswerSheet) -> DeviceFacts:
        """Return what the answers say. They are redacted, and what is said of them is shown. Pure."""
        ...
