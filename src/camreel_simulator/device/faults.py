"""Faults as data: what goes wrong, where, and how often."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from camreel_simulator.http.message import AnswerBody, DeviceAnswer, HttpRequest

Kind = Literal[
    "drop",
    "stall",
    "reset",
    "silent",
    "short_body",
    "wrong_length",
    "garbage",
    "ignore_range",
    "range_start",
    "range_total",
    "range_bytes",
    "range_unsaid",
    "range_refused",
    "part_unasked",
    "part_as_whole",
    "packed",
    "not_http",
    "status",
    "error_page",
    "error_text",
    "empty",
    "endless_pages",
    "repeat_page",
]

_PAGE = (
    "<!DOCTYPE html>\r\n<html><head><title>Error</title></head>\r\n"
    "<body><h1>Internal error</h1><p>The device is busy.</p></body></html>\r\n"
)
_REFUSALS = frozenset(("status", "error_page", "error_text", "empty"))


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    ======================  ==========================================================================================
    ``drop``                the connection is closed after ``at`` bytes of the body
    ``stall``               nothing is sent after ``at`` bytes of the body; the connection stays open
    ``reset``               the connection is reset without a byte of answer
    ``silent``              no byte of answer; the connection stays open
    ``short_body``          a complete answer, ``Content-Length`` included, of only the first ``at`` bytes
    ``wrong_length``        ``Content-Length`` says ``at``; the whole body is sent, then the connection is closed
    ``garbage``             the right length, other bytes (the same ones each time)
    ``ignore_range``        200 and the whole file where a range was asked for
    ``range_start``         206 that begins ``at`` bytes earlier than asked (at least one), and says so
    ``range_total``         206 whose ``Content-Range`` says that the whole is ``at`` bytes longer (at least one)
    ``range_bytes``         206 as asked for, with other bytes
    ``range_unsaid``        206 without ``Content-Range``
    ``range_refused``       416
    ``part_unasked``        206 and the bytes from ``at`` on where the whole file was asked for
    ``part_as_whole``       200 and the bytes from ``at`` on, with the ``Content-Range`` of a part
    ``packed``              the answer packed by gzip, which nobody asked for
    ``not_http``            the answer with a status line that is not of HTTP
    ``status``              ``status`` with ``text`` (or ``Error`` and the number) as a text answer
    ``error_page``          200 and an HTML page
    ``error_text``          200 and ``text``, or ``Error`` and ``Bad Request!``
    ``empty``               200 with ``Content-Length: 0``
    ``endless_pages``       findNextFile never ends: full pages of recordings that do not exist follow the real ones
    ``repeat_page``         findNextFile answers the first page again and again
    ======================  ==========================================================================================

    The kinds that replace the answer (``status``, ``error_page``, ``error_text``, ``empty``, ``reset``, ``silent``)
    keep the camera from doing what was asked. The ``range_...`` kinds strike only requests for a part of a file.
    """

    kind: Kind
    target: str | re.Pattern[str] = ""
    """Which requests: part of the decoded target (a recording's path, ``findFile``, ...) or a pattern to search."""
    times: int | None = 1
    """How often; None: always."""
    skip: int = 0
    """So many matching requests pass first."""
    at: int = 0
    """Bytes of the body of this answer."""
    status: int = 503
    text: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """More headers, for kinds that replace the answer (``Retry-After``, ``Location``, ...)."""
    before_login: bool = False
    """Also strike requests that are not logged in; else those pass and are not counted."""

    @property
    def replaces(self) -> bool:
        """True if the camera does not even do what was asked."""
        return self.kind in _REFUSALS or self.kind in ("reset", "silent")

    def matches(self, request: HttpRequest) -> bool:
        """True if this request is meant."""
        if self.kind.startswith("range_") and "range" not in request.headers:
            return False
        decoded = request.decoded
        return self.target in decoded if isinstance(self.target, str) else bool(self.target.search(decoded))

    def replacement(self) -> DeviceAnswer:
        """The answer instead, for kinds that replace it."""
        if self.kind == "reset":
            return DeviceAnswer(0, AnswerBody.of(b""), withheld=True, after="close")
        if self.kind == "silent":
            return DeviceAnswer(0, AnswerBody.of(b""), withheld=True, after="stall")
        if self.kind == "error_page":
            body = _PAGE if self.text is None else self.text
            return DeviceAnswer(200, AnswerBody.of(body.encode()), "text/html;charset=utf-8", self.headers)
        if self.kind == "empty":
            return DeviceAnswer(200, AnswerBody.of(b""), headers=self.headers)
        if self.kind == "status":
            body = f"Error\r\n{self.status}\r\n" if self.text is None else self.text
            return DeviceAnswer(self.status, AnswerBody.of(body.encode()), headers=self.headers)
        body = "Error\r\nBad Request!\r\n" if self.text is None else self.text
        return DeviceAnswer(200, AnswerBody.of(body.encode()), headers=self.headers)

    def spoil(self, answer: DeviceAnswer) -> DeviceAnswer:
        """The camera's answer with this fault in it; kinds that act elsewhere leave it as it is."""
        if self.kind in ("drop", "stall"):
            cut = answer.body.cut(0, self.at)
            after: Literal["close", "stall"] = "close" if self.kind == "drop" else "stall"
            return replace(answer, body=cut, declared=len(answer.body), after=after)
        if self.kind == "short_body":
            return replace(answer, body=answer.body.cut(0, self.at))
        if self.kind == "packed":
            packed = gzip.compress(b"".join(answer.body.chunks()), 1)
            return replace(answer, body=AnswerBody.of(packed), headers=(*answer.headers, ("Content-Encoding", "gzip")))
        if self.kind == "not_http":
            return replace(answer, version="CAMERA", after="close")
        if self.kind in ("part_unasked", "part_as_whole") and answer.status == 200:
            size = len(answer.body)
            said = ("Content-Range", f"bytes {self.at}-{size - 1}/{size}")
            status = 206 if self.kind == "part_unasked" else 200
            return replace(answer, status=status, body=answer.body.cut(self.at, size), headers=(*answer.headers, said))
        if self.kind == "wrong_length":
            return replace(answer, declared=self.at, after="close")
        if self.kind.startswith("range_") and answer.status == 206:
            return _spoil_part(self.kind, max(1, self.at), answer)
        if self.kind == "garbage":
            seed = (answer.download or "garbage").encode()
            return replace(answer, body=_other_bytes(seed, len(answer.body)))
        return answer


_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def _spoil_part(kind: str, count: int, answer: DeviceAnswer) -> DeviceAnswer:
    """A 206 that is not the part that was asked for, or does not say which it is."""
    headers = dict(answer.headers)
    said = _CONTENT_RANGE.fullmatch(headers.pop("Content-Range", ""))
    assert said is not None, "a 206 of this camera says which part it is"
    first, last, total = (int(number) for number in said.groups())
    if kind == "range_refused":
        return DeviceAnswer(416, AnswerBody.of(b""), headers=(("Content-Range", f"bytes */{total}"),))
    body = answer.body
    if kind == "range_bytes":
        body = _other_bytes(b"part", len(body))
    if kind == "range_start":
        earlier = min(count, first)
        first, body = first - earlier, AnswerBody(body.source, body.start - earlier, body.stop)
    if kind == "range_total":
        total += count
    if kind != "range_unsaid":
        headers["Content-Range"] = f"bytes {first}-{last}/{total}"
    return replace(answer, body=body, headers=tuple(headers.items()))


def _other_bytes(seed: bytes, count: int) -> AnswerBody:
    return AnswerBody.of(hashlib.shake_256(seed).digest(count))


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0
    fired: int = 0


@dataclass
class FaultBoard:
    """The faults of one camera, and how often each has struck."""

    _armed: list[_Armed] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, faults: Iterable[Fault]) -> None:
        """Add faults; where several match, the one that was added first strikes."""
        with self._guard:
            self._armed += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._guard:
            self._armed.clear()

    def strike(self, request: HttpRequest, *, logged_in: bool) -> Fault | None:
        """The fault that this request meets."""
        with self._guard:
            for armed in self._armed:
                fault = armed.fault
                if not (logged_in or fault.before_login) or not fault.matches(request):
                    continue
                armed.seen += 1
                if armed.seen > fault.skip and (fault.times is None or armed.fired < fault.times):
                    armed.fired += 1
                    return fault
        return None

    @property
    def fired(self) -> int:
        """How often any fault has struck."""
        return sum(armed.fired for armed in self._armed)
