"""The simulated camera: answer each request, and reboot on demand. No socket is involved here."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from camreel_simulator.device import load_by_time
from camreel_simulator.device.authentication import Door, Verdict
from camreel_simulator.device.card import Card, Recorded
from camreel_simulator.device.clock import DeviceClock
from camreel_simulator.device.facts import Facts
from camreel_simulator.device.faults import Fault, FaultBoard
from camreel_simulator.device.load_by_time import ByTime
from camreel_simulator.device.profiles import AMCREST_SD, Profile
from camreel_simulator.device.quirks import Quirks
from camreel_simulator.device.search import FileFind, FinderState, parse_query
from camreel_simulator.http.ledger import Ledger, LoggedRequest
from camreel_simulator.http.message import BAD_REQUEST, AnswerBody, DeviceAnswer, HttpRequest, text
from camreel_simulator.http.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable


class Power:
    """Whether the device is up. Its time is that of the true moment of its clock, not of the wall it shows."""

    def __init__(self, quirks: Quirks, clock: DeviceClock) -> None:
        self._quirks, self._clock = quirks, clock
        self._down_until: datetime | None = None
        self._is_spent = False
        self.listeners: list[Callable[[], None]] = []

    @property
    def rebooting(self) -> bool:
        """True while it is down."""
        return self._down_until is not None and self._clock.utc() < self._down_until

    def goes_now(self, arrived: int) -> bool:
        """True if this request is the one that it does not live to answer; it happens once."""
        at = self._quirks.reboot_at
        return at is not None and arrived >= at and not self._is_spent

    def go(self) -> None:
        """Down it goes."""
        self._is_spent = True
        self._down_until = self._clock.utc() + timedelta(seconds=self._quirks.reboot_seconds)
        for cut in self.listeners:
            cut()

    def finish(self) -> None:
        """Up again."""
        self._down_until = None


__all__ = ["DeviceClock", "Recorded", "SimulatedCamera"]
_LOADFILE = "/cgi-bin/RPC_Loadfile"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_OCTETS = "application/octet-stream"
_ODD_HEADERS = (("Server ", "Webs"), ("My Device", "IPC"), ("X-Log", "0123456789" * 900), ("no colon\r\nX-End", "1"))


class SimulatedCamera:
    """A camera of ``profile`` with ``recordings`` on its card, listed in the order in which they are given.

    ``quirks`` default to those of the profile. ``answer_seconds`` is how long it takes for each answer. Serve it with
    :func:`camreel_simulator.server.serving` or ``running``; what it counts can be read from any thread meanwhile.
    """

    def __init__(
        self,
        recordings: Iterable[Recorded] = (),
        profile: Profile = AMCREST_SD,
        quirks: Quirks | None = None,
        faults: Iterable[Fault] = (),
        *,
        username: str = "admin",
        password: str = "simulated-1",  # noqa: S107 - opens nothing but the simulator
        clock: DeviceClock | None = None,
        throttle: Throttle = Throttle(),  # noqa: B008 - frozen
        answer_seconds: float = 0.0,
    ) -> None:
        self.profile, self.username, self.password = profile, username, password
        self.quirks = profile.quirks if quirks is None else quirks
        self.clock = DeviceClock() if clock is None else clock
        self.throttle = throttle
        self.answer_seconds = answer_seconds
        self.ledger = Ledger()
        self._card = Card(recordings, profile, self.quirks, self.clock)
        self._door = Door(username, password, profile.serial, self.quirks)
        self._faults = FaultBoard()
        self._faults.arm(faults)
        self._find = FileFind(self._card, self.quirks)
        self._by_time = ByTime(self._card, self.quirks)
        self._facts = Facts(profile, self.quirks, self.clock)
        self._power = Power(self.quirks, self.clock)
        self._arrived = 0

    # What tests read

    @property
    def recordings(self) -> tuple[Recorded, ...]:
        """What lies on its card, in the order of the listing."""
        return self._card.recordings

    @property
    def log(self) -> tuple[LoggedRequest, ...]:
        """All requests so far, in order of decision."""
        return self.ledger.entries

    @property
    def bytes_sent(self) -> dict[str, int]:
        """Bytes of body sent so far, by path of the recording."""
        return self.ledger.bytes_sent

    @property
    def open_finders(self) -> int:
        """Finders that were created and not destroyed."""
        return len(self._find.open)

    @property
    def finders(self) -> tuple[FinderState, ...]:
        """Those finders, and whether each was at least closed."""
        return self._find.open

    @property
    def finders_created(self) -> int:
        """How many ``factory.create`` calls were granted."""
        return self._find.created

    @property
    def rejected_logins(self) -> int:
        """Answers to a challenge that were wrong; stale nonces do not count."""
        return self._door.rejected

    @property
    def faults_fired(self) -> int:
        """How often any fault struck."""
        return self._faults.fired

    # What tests change while it serves

    def add_faults(self, *faults: Fault) -> None:
        """More goes wrong from now on."""
        self._faults.arm(faults)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def unlock(self) -> None:
        """As if the lock of the account had run out."""
        self._door.unlock()

    def finish_reboot(self) -> None:
        """The reboot is over, whatever the clock says."""
        self._power.finish()

    # What the server calls

    @property
    def rebooting(self) -> bool:
        """True while connections are reset."""
        return self._power.rebooting

    def on_reboot(self, cut: Callable[[], None]) -> None:
        """Call ``cut`` when the power goes."""
        self._power.listeners.append(cut)

    def broke_off(self, download: str) -> None:
        """A client hung up in the middle of a download."""
        if download == load_by_time.PATH:
            self._by_time.broke_off()

    def redirect(self, request: HttpRequest, place: str) -> DeviceAnswer:
        """What port 80 answers where there is only https (NV4108E-HS, DH-H4C-GE)."""
        self._arrived += 1
        answer = text("", 302, (("Location", place),))
        self._log(self._arrived, request, answer, Verdict(welcome=False), None)
        return answer

    async def answer(self, request: HttpRequest) -> DeviceAnswer:
        """The answer to one request, with whatever goes wrong in it, and a line in the log."""
        self._arrived += 1
        number = self._arrived
        if self._power.goes_now(number):
            for part in (self._door, self._find, self._by_time):
                part.reboot()
            answer = DeviceAnswer(0, AnswerBody.of(b""), withheld=True, after="close")
            self._log(number, request, answer, Verdict(welcome=False), None)
            self._power.go()
            return answer
        verdict = Verdict(welcome=False) if self._door.locked else self._door.check(request)
        fault = self._faults.strike(request, logged_in=verdict.welcome)
        if fault is not None and fault.replaces:
            answer = fault.replacement()
        elif not verdict.welcome:
            answer = self._refusal(request, verdict)
        else:
            answer = await self._obey(request, fault)
        if fault is not None:
            answer = fault.spoil(answer)
        self._log(number, request, answer, verdict, fault)
        return self._dressed(answer)

    def _log(
        self, number: int, request: HttpRequest, answer: DeviceAnswer, verdict: Verdict, fault: Fault | None
    ) -> None:
        self.ledger.write(
            LoggedRequest(
                number=number,
                connection=request.connection,
                method=request.method,
                target=request.target,
                status=answer.status,
                authorized=verdict.welcome,
                range=request.headers.get("range"),
                fault=None if fault is None else fault.kind,
                refusal=verdict.reason,
                authorization=request.headers.get("authorization"),
                at=time.monotonic(),
            )
        )

    def _dressed(self, answer: DeviceAnswer) -> DeviceAnswer:
        """With the headers, line ends and delays of this firmware."""
        headers = (*answer.headers, *self.profile.headers)
        if self.quirks.second_length:
            length = len(answer.body) if answer.declared is None else answer.declared
            headers += (("Content-Length", str(length)),)
        if self.quirks.odd_headers:
            headers = (*_ODD_HEADERS, *((f"{name} ", value) for name, value in headers))
        body = answer.body
        if self.quirks.lf and answer.content_type.startswith("text/plain"):
            body = AnswerBody.of(b"".join(body.chunks()).replace(b"\r\n", b"\n"))
        delay = self.quirks.refusal_body_seconds if answer.status == 401 else answer.body_delay
        version = "HTTP/1.0" if self.quirks.http_1_0 else answer.version
        return replace(answer, headers=headers, body=body, body_delay=delay, version=version)

    def misunderstood(self, connection: int, what: str) -> None:
        """A line in the log for something that was not HTTP."""
        self._arrived += 1
        self.ledger.write(LoggedRequest(self._arrived, connection, "?", what, 400, authorized=False))

    def _refusal(self, request: HttpRequest, verdict: Verdict) -> DeviceAnswer:
        if self._door.locked and self.quirks.lock_shape == "json":  # of a DH-NVR608H; RmLock is the seconds left
            body = f'{{"ErrorCode":268632081,"Result":false,"RmLock":{self.quirks.lock_seconds},"RmLogin":0}}'
            return text(body, 403)
        if self._door.locked and self.quirks.lock_shape == "500":
            return text("", 500)
        if verdict.forbidden:
            return text('{"error":{"code":403,"message":"Authority:check failure."},"result":false}', 403)
        challenges = self._door.challenges(request.connection, stale=verdict.stale)
        return text("Error\r\nInvalid Authority!\r\n", 401, challenges)

    def full(self, connection: int) -> DeviceAnswer | None:
        """What a connection too many is answered; None: it is reset."""
        if not self.quirks.limit_answers:
            return None
        self.misunderstood(connection, "a connection too many")
        return text("Error\r\nExceeded maximum number of connections!\r\n", 401)

    async def _obey(self, request: HttpRequest, fault: Fault | None) -> DeviceAnswer:
        if request.method not in ("GET", "HEAD") or (request.method == "HEAD" and not self.quirks.head):
            return BAD_REQUEST
        if request.path.startswith(_LOADFILE):
            # Listing or sending a recording may have to make it first.
            return await asyncio.to_thread(self._download, request, fault)
        query = parse_query(request.query, self.quirks)
        if query is None:
            return BAD_REQUEST
        if request.path == "/cgi-bin/mediaFileFind.cgi":
            return await asyncio.to_thread(self._find.call, query, fault)
        if request.path == load_by_time.PATH and self.quirks.by_time:
            return await asyncio.to_thread(self._by_time.load, query)
        return self._facts.tell(request.path, query)

    def _download(self, request: HttpRequest, fault: Fault | None) -> DeviceAnswer:
        path = unquote(request.path.removeprefix(_LOADFILE))
        path = re.sub("^/+", "/", path)  # python-amcrest asks for RPC_Loadfile//mnt/...: tolerated
        recorded = self._card.at(path)
        if recorded is None:
            return text("Error\r\nNot Found!\r\n", 404)
        if self._card.has_lost(recorded):
            return self._overwritten()
        whole = AnswerBody.of(recorded.body())
        if self.quirks.empty_files != "no":
            promised = len(whole) if self.quirks.empty_files == "promised" else 0
            return DeviceAnswer(200, AnswerBody.of(b""), _OCTETS, declared=promised, after="close", download=path)
        if self.quirks.multipart:
            return _in_parts(whole, path)
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        deaf = not self.quirks.ranges or (fault is not None and fault.kind == "ignore_range")
        if asked is None or deaf or asked.groups() == ("", ""):
            return DeviceAnswer(200, whole, _OCTETS, download=path)
        return _part(whole, asked[1], asked[2], path)

    def _overwritten(self) -> DeviceAnswer:
        if self.quirks.overwritten == "reset":
            return DeviceAnswer(0, AnswerBody.of(b""), withheld=True, after="close")
        said = {"404": "Not Found!", "400": "Bad Request!"}.get(self.quirks.overwritten or "", "Internal Error")
        return text(f"Error\r\n{said}\r\n", int(self.quirks.overwritten or 404))


def _in_parts(whole: AnswerBody, path: str) -> DeviceAnswer:
    """A few lines of JSON, then the file: as a DHI-NVR5232-EI answers now and then."""
    border = "----------------------------2f7a3b19c0de"
    told = '{"params":{"code":0},"result":true}'
    before = (
        f"--{border}\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n{told}\r\n"
        f"--{border}\r\nContent-Type: application/http\r\nContent-Length: {len(whole)}\r\n\r\n"
    )
    body = b"".join((before.encode(), *whole.chunks(), f"\r\n--{border}--\r\n".encode()))
    return DeviceAnswer(200, AnswerBody.of(body), f"multipart/mixed; boundary={border}", download=path)


def _part(whole: AnswerBody, first: str, last: str, path: str) -> DeviceAnswer:
    """206 for ``first-last``, ``first-`` or the last bytes; 416 where there are none."""
    size = len(whole)
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        return DeviceAnswer(416, AnswerBody.of(b""), headers=(("Content-Range", f"bytes */{size}"),))
    headers = (("Content-Range", f"bytes {start}-{stop - 1}/{size}"), ("Accept-Ranges", "bytes"))
    return DeviceAnswer(206, whole.cut(start, stop), _OCTETS, headers, download=path)
