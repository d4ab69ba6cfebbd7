"""Questions to a device and its answers, as a check-up asks and notes them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import anyio

from camreel.clock import Reading
from camreel.errors import CameraError, CameraRefused, CameraUnreachable, NotACamera

_MOST_HEARD = 2000  # answers; a check-up has some forty questions, of two answers each
_MOST_SILENT = 2  # questions without any answer in a row; then nothing more is asked
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """How a protocol's answers show what is private in them, beyond what a check-up knows by itself.

    Keys are in lower case. ``title_key`` finds the key of a channel's title. ``private_keys`` says what a value is by
    the last part of its key (``name``, ``serial``). ``vendor_keys`` are keys whose values the vendor alone writes.
    ``words`` are words of the protocol: a title of that name is hidden, the word elsewhere is not. ``opaque`` finds
    the part of a question that the device chose.
    """

    title_key: re.Pattern[str] = _NEVER
    private_keys: Mapping[str, str] = field(default_factory=dict)
    vendor_keys: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    opaque: re.Pattern[str] = _NEVER


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, the refusals too. ``signed``: the request carried a login; ``whole``: its body was read.

    ``status`` counts as in HTTP; a protocol without a status says 200.
    """

    target: str
    status: int
    headers: tuple[tuple[str, str], ...]
    signed: bool
    seconds: float = 0.0
    body: bytes = b""
    whole: bool = False

    def header(self, name: str) -> tuple[str, ...]:
        """Return all values of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def content_type(self) -> str:
        """The type of its body, as the device says it."""
        return next(iter(self.header("Content-Type")), "")


@dataclass(frozen=True, slots=True)
class Question:
    """One question and its last answer: ``status`` is None if there was none, and ``problem`` says why."""

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
    """All answers over a connection, noted as they come (see ``devices.http.Witness``)."""

    heard: list[Reply] = field(default_factory=list)
    _since: float = field(default_factory=anyio.current_time)

    def met(self, target: str, status: int, headers: tuple[tuple[str, str], ...], *, signed: bool) -> None:
        """Note that an answer has begun."""
        if len(self.heard) < _MOST_HEARD:
            now = anyio.current_time()
            self.heard.append(Reply(target, status, headers, signed, now - self._since))
            self._since = now

    def read(self, body: bytes) -> None:
        """Note the body of that answer."""
        if self.heard:
            self.heard[-1] = replace(self.heard[-1], body=body, whole=True)


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """What was asked and heard, in order: all that a driver's findings are made of.

    ``channel`` is the one whose recordings were asked for. ``reading`` is what the clock showed, and when by ours.
    """

    channel: int
    asked: tuple[Question, ...]
    heard: tuple[Reply, ...]
    reading: Reading | None = None
    redirected: bool = False


class Interview:
    """Asks a device gently: each question once, and none after it stopped answering.

    ``reading`` is for the driver to set. The device's connection must note its answers in ``transcript``.
    """

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.transcript = Transcript()
        self.reading: Reading | None = None
        self._asked: list[Question] = []
        self._silent = 0
        self._redirected = False

    @property
    def is_silent(self) -> bool:
        """Whether the device stopped answering."""
        return self._silent >= _MOST_SILENT

    def restart(self) -> None:
        """Begin anew at the address that the first answer redirects to."""
        self._redirected, self._silent = True, 0
        self._asked.clear()

    def sheet(self) -> AnswerSheet:
        """Return what was asked and heard so far."""
        return AnswerSheet(
            self.channel, tuple(self._asked), tuple(self.transcript.heard), self.reading, self._redirected
        )

    async def ask(self, target: str, send: Callable[[str], Awaitable[object]]) -> Question | None:
        """Ask ``target`` by ``send`` and note the answer; None if there is none, with the reason noted.

        Raise LoginError, and the CameraError of the first question (but a refusal): then nothing is there to be asked.
        """
        if self.is_silent:
            self._asked.append(Question(target, problem="not asked: the camera stopped answering"))
            return None
        began = len(self.transcript.heard)
        try:
            await send(target)
        except CameraError as error:
            self._note_failure(target, began, error)
            return None
        self._silent = 0
        heard = self.transcript.heard[-1]
        question = Question(target, heard.status, heard.content_type, heard.body)
        self._asked.append(question)
        return question

    def _note_failure(self, target: str, began: int, error: CameraError) -> None:
        heard = self.transcript.heard[began:]
        status = heard[-1].status if heard and heard[-1].whole else None
        # Also if it answers 500: so do some that have locked an account, and each request can start that anew.
        is_refusal = isinstance(error, CameraRefused) and not 300 <= error.status < 400
        if (not self._asked and not is_refusal) or (isinstance(error, NotACamera) and not error.once_more):
            raise error
        self._silent = self._silent + 1 if isinstance(error, CameraUnreachable) else 0
        body = heard[-1].body if status is not None else b""
        kind = heard[-1].content_type if status is not None else ""
        self._asked.append(Question(target, status, kind, body, problem=str(error)))
