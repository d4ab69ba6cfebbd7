"""What came over the wire, noted as it comes.

Ask one camera how it is. Gently: each thing once, none of what is known to harm a device, and it always ends.

What is not asked, and why: ``audio.cgi`` (a Lorex E891AB restarts), names of settings that only some firmware knows
(answered like a missing right, and it may count as a failed login), ``getCameraState`` and ``loadfile.cgi`` (neither is
needed here, and aborted downloads wedge an NV4108E-HS).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import anyio

from camreel.clock import Reading
from camreel.devices.address import https_instead
from camreel.devices.dahua import protocol
from camreel.devices.http import Answer, Connection
from camreel.devices.session import Login, trust_in
from camreel.errors import (
    AccountLocked,
    CameraError,
    CameraRefused,
    CameraUnreachable,
    CamreelError,
    LoginError,
    NotACamera,
)
from camreel.model import Address, Credentials, WallTime
from camreel.transfer.runtime import Runtime

_MOST_HEARD = 2000  # answers; a visit has some forty questions, of two answers each


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, the refusals too. ``signed``: the request carried a login; ``whole``: its body was read."""

    target: str
    status: int
    headers: tuple[tuple[str, str], ...]
    signed: bool
    seconds: float = 0.0
    body: bytes = b""
    whole: bool = False

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def content_type(self) -> str:
        """As it was said."""
        return next(iter(self.header("Content-Type")), "")


@dataclass(frozen=True, slots=True)
class Question:
    """One question and its last answer: ``status`` None where there was none, ``problem`` says why."""

    target: str
    status: int | None = None
    content_type: str = ""
    body: bytes = b""
    problem: str = ""

    @property
    def text(self) -> str:
        """The body, whatever bytes are in it."""
        return self.body.decode("utf-8", "replace")


@dataclass
class Transcript:
    """A witness of one connection (``camera.http.Witness``)."""

    heard: list[Reply] = field(default_factory=list)
    _since: float = field(default_factory=anyio.current_time)

    def met(self, target: str, status: int, headers: tuple[tuple[str, str], ...], *, signed: bool) -> None:
        """An answer has begun."""
        if len(self.heard) < _MOST_HEARD:
            now = anyio.current_time()
            self.heard.append(Reply(target, status, headers, signed, now - self._since))
            self._since = now

    def read(self, body: bytes) -> None:
        """Its body is here."""
        if self.heard:
            self.heard[-1] = replace(self.heard[-1], body=body, whole=True)


_MOST_SILENT = 2  # questions without any answer in a row, and it is not asked further
_PAGE = 100
_MOST_PAGES = 8
_EVER = (WallTime(datetime(2000, 1, 1)), WallTime(datetime(2037, 12, 31, 23, 59, 59)))  # noqa: DTZ001 - its clock

# Where the newest recording is looked for: the last so many days. A list that is too long is asked for in parts.
_DAYS = (2, 14, 90)
_SHORT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """Which camera, and how it is reached. ``channel`` is the one whose recordings are asked for."""

    address: Address
    insecure: bool = False
    ca_file: str | None = None
    fingerprint: str | None = None
    channel: int = 1


@dataclass(frozen=True, slots=True)
class Trouble:
    """The error that ended it: its name, its words, the exit code; ``seconds`` until a locked account opens."""

    kind: str
    message: str
    hint: str | None
    exit_code: int
    seconds: int | None = None

    @classmethod
    def of(cls, error: CamreelError) -> Trouble:
        """The error as a value."""
        seconds = error.seconds if isinstance(error, AccountLocked) else None
        return cls(type(error).__name__, str(error), error.hint, error.exit_code, seconds)


@dataclass(frozen=True, slots=True)
class CheckSession:
    """All that was asked and heard, in order.

    ``trouble`` is what ended it before its end; ``login`` is ``accepted``, ``refused``, ``not asked for`` or ``not
    tried``. ``reading`` is what the clock showed, and when by ours; ``first_seconds`` how long the first answer took.
    """

    patient: CheckTarget
    asked: tuple[Question, ...]
    heard: tuple[Reply, ...]
    login: str
    redirected: bool = False
    trouble: Trouble | None = None
    reading: Reading | None = None
    first_seconds: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class _Story:
    """The visit while it goes on."""

    patient: CheckTarget
    login: Login = field(default_factory=Login)
    notebook: Transcript = field(default_factory=Transcript)
    asked: list[Question] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    redirected: bool = False
    error: CamreelError | None = None
    reading: Reading | None = None
    silent: int = 0

    def told(self) -> CheckSession:
        """As it is now."""
        heard = self.notebook.heard
        return CheckSession(
            self.patient,
            tuple(self.asked),
            tuple(heard),
            self._login(),
            self.redirected,
            None if self.error is None else Trouble.of(self.error),
            self.reading,
            heard[0].seconds if heard else None,
            tuple(dict.fromkeys(self.warnings)),
        )

    def _login(self) -> str:
        if isinstance(self.error, LoginError):
            return "refused"
        if self.login.accepted:
            return "accepted"
        answered = any(one.status < 300 or one.status in {400, 404, 501} for one in self.notebook.heard)
        return "not asked for" if answered else "not tried"


async def visit(patient: CheckTarget, credentials: Credentials, tuning: Runtime | None = None) -> CheckSession:
    """Ask everything. What the camera does wrong is in the session; UsageError for a bad CA file."""
    tuning = tuning or Runtime()
    story = _Story(patient)
    try:
        try:
            await _talk(story, credentials, tuning)
        except CameraRefused as error:  # the first answer sends us elsewhere
            secure = https_instead(patient.address, error.location)
            if secure is None:
                raise
            story.redirected, story.patient, story.silent = True, replace(patient, address=secure), 0
            story.asked.clear()
            await _talk(story, credentials, tuning)
    except (LoginError, CameraError) as error:
        story.error = error
    if story.silent >= _MOST_SILENT:
        story.error = CameraUnreachable(
            f"{story.patient.address} stopped answering in the middle.",
            hint="Is it restarting, or its network weak? Run it again in a minute or two.",
        )
    return story.told()


async def _talk(story: _Story, credentials: Credentials, tuning: Runtime) -> None:
    patient = story.patient
    trust = None
    if patient.address.https:
        trust = trust_in(patient.insecure, patient.ca_file, patient.fingerprint)
    connection = Connection(
        patient.address,
        credentials,
        story.login,
        story.warnings.append,
        trust=trust,
        timeouts=tuning.timeouts,
        witness=story.notebook,
    )
    async with connection:
        questions = _Questions(story, connection, tuning.utc_now)
        await questions.identity()
        await questions.clock()
        await questions.settings()
        await questions.recordings()


class _Questions:
    """What is asked, in order. An answer that says no is an answer."""

    def __init__(self, story: _Story, connection: Connection, utc_now: Callable[[], datetime]) -> None:
        self._story, self._connection, self._utc_now = story, connection, utc_now

    async def _ask(self, name: str, /, **parameters: str | int) -> Answer | None:
        """The answer; None where there is none, with the reason noted. LoginError ends everything."""
        story, target = self._story, protocol.cgi_target(name, **parameters)
        if story.silent >= _MOST_SILENT:
            story.asked.append(Question(target, problem="not asked: the camera stopped answering"))
            return None
        began = len(story.notebook.heard)
        try:
            answer = await self._connection.text(target)
        except CameraError as error:
            self._failed(target, began, error)
            return None
        heard = story.notebook.heard[-1]
        story.silent = 0
        story.asked.append(Question(target, answer.status, heard.content_type, heard.body))
        return answer

    def _failed(self, target: str, began: int, error: CameraError) -> None:
        """Note it. Raised again where it was the first question: then nothing is there to be asked."""
        story, heard = self._story, self._story.notebook.heard[began:]
        status = heard[-1].status if heard and heard[-1].whole else None
        # Also where it answers 500: so do some that have locked an account, and each request can start that anew.
        if not story.asked or isinstance(error, NotACamera):
            raise error
        story.silent = story.silent + 1 if isinstance(error, CameraUnreachable) else 0
        body = heard[-1].body if status is not None else b""
        kind = heard[-1].content_type if status is not None else ""
        story.asked.append(Question(target, status, kind, body, problem=str(error)))

    async def identity(self) -> None:
        """Who it is; the first call checks the login. NotACamera where it answers in no camera's way."""
        first = await self._ask("magicBox", action="getSystemInfo")
        system = protocol.parse_pairs(first.text) if first is not None and first.status == 200 else {}
        model = system.get("deviceType", "")
        if model.isdigit() or not model:  # recorders have a number there
            kind = await self._ask("magicBox", action="getDeviceType")
            model = protocol.parse_pairs(kind.text).get("type", "") if kind is not None else ""
        told = first is None or first.status != 200 or protocol.is_error(first.text)
        if not (told or model or system.get("updateSerial")):
            where = self._story.patient.address
            raise NotACamera(
                f"What answers at {where} is not an Amcrest or Dahua camera.", hint="Check --host and --port."
            )
        if not system.get("serialNumber"):
            await self._ask("magicBox", action="getSerialNo")
        await self._ask("magicBox", action="getMachineName")
        await self._ask("magicBox", action="getSoftwareVersion")

    async def clock(self) -> None:
        """What its clock shows."""
        before = self._utc_now()
        answer = await self._ask("global", action="getCurrentTime")
        after = self._utc_now()
        shown = protocol.parse_time(protocol.parse_pairs(answer.text).get("result", "")) if answer is not None else None
        if answer is not None and answer.status == 200 and shown is not None:
            self._story.reading = Reading(shown, before + (after - before) / 2)

    async def settings(self) -> None:
        """Its zone, its channels, its storage, how it records: settings that all firmware knows."""
        for name in ("NTP", "Locales", "ChannelTitle"):
            await self._ask("configManager", action="getConfig", name=name)
        await self._ask("storageDevice", action="getDeviceAllInfo")
        await self._ask("configManager", action="getConfig", name="RecordMode")

    async def recordings(self) -> None:
        """The oldest recording, and the newest: a page of one, and the list of the last days."""
        if not (await self._glance(*_EVER, count=1, pages=1)).any:
            return
        if self._story.reading is None:
            await self._glance(*_EVER, count=_PAGE, pages=_MOST_PAGES)
            return
        now = self._story.reading.shown
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
        """One search, as the client makes it, of at most ``pages`` pages; its finder is given back."""
        created = await self._ask("mediaFileFind", action="factory.create")
        finder = protocol.parse_object(created.text) if created is not None and created.status == 200 else None
        if finder is None:
            return _Seen(failed=True)
        try:
            found = await self._ask(
                "mediaFileFind",
                action="findFile",
                object=finder,
                condition__Channel=self._story.patient.channel,
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
    """What a glance showed: whether there was anything, whether its end was seen."""

    any: bool = False
    ended: bool = False
    failed: bool = False
