"""The simulated camera itself: what it answers to each request, without a socket in sight."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from camreel_simulator.clock import DeviceClock
from camreel_simulator.digest import Door, Verdict
from camreel_simulator.faults import Fault, FaultBoard
from camreel_simulator.http1 import BAD_REQUEST, Answer, Body, HttpRequest, lines, text
from camreel_simulator.ledger import Ledger, LoggedRequest
from camreel_simulator.profiles import AMCREST_SD, Profile, Quirks
from camreel_simulator.recordings import Recorded
from camreel_simulator.search import FileFind, FinderState, parse_query
from camreel_simulator.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DeviceClock", "Recorded", "SimulatedCamera"]

_LOADFILE = "/cgi-bin/RPC_Loadfile"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_OCTETS = "application/octet-stream"


class SimulatedCamera:
    """A camera of ``profile`` with ``recordings`` on its card, listed in the order in which they are given.

    ``quirks`` default to those of the profile. Serve it with :func:`camreel_simulator.serve.serving` or ``running``;
    what it counts can be read from any thread while it serves.
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
    ) -> None:
        self.recordings = tuple(recordings)
        self.profile, self.username, self.password = profile, username, password
        self.quirks = profile.quirks if quirks is None else quirks
        self.clock = DeviceClock() if clock is None else clock
        self.throttle = throttle
        self.ledger = Ledger()
        self._door = Door(username, password, profile.serial, self.quirks)
        self._faults = FaultBoard()
        self._faults.arm(faults)
        self._find = FileFind(self.recordings, profile, self.quirks, self.clock)
        self._by_path = {recorded.path: recorded for recorded in self.recordings}
        self._arrived = 0

    # What tests read

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

    # What the server calls

    async def answer(self, request: HttpRequest) -> Answer:
        """The answer to one request, with whatever goes wrong in it, and a line in the log."""
        self._arrived += 1
        number = self._arrived
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
            )
        )
        return answer

    def misunderstood(self, connection: int, what: str) -> None:
        """A line in the log for something that was not HTTP."""
        self._arrived += 1
        self.ledger.write(LoggedRequest(self._arrived, connection, "?", what, 400, authorized=False))

    def _refusal(self, request: HttpRequest, verdict: Verdict) -> Answer:
        if self._door.locked:  # the JSON of a DH-NVR608H; RmLock is the seconds left
            body = f'{{"ErrorCode":268632081,"Result":false,"RmLock":{self.quirks.lock_seconds},"RmLogin":0}}'
            return text(body, 403)
        challenges = self._door.challenges(request.connection, stale=verdict.stale)
        return text("Error\r\nInvalid Authority!\r\n", 401, challenges)

    async def _obey(self, request: HttpRequest, fault: Fault | None) -> Answer:
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
        return self._tell(request.path, query)

    def _tell(self, path: str, query: Mapping[str, str]) -> Answer:
        profile, action = self.profile, query.get("action", "")
        if path == "/cgi-bin/configManager.cgi" and action == "getConfig":
            return self._config(query.get("name", ""))
        facts: dict[tuple[str, str], Callable[[], tuple[str, ...]]] = {
            ("global", "getCurrentTime"): lambda: (f"result={self.clock.now():%Y-%m-%d %H:%M:%S}",),
            ("magicBox", "getDeviceType"): lambda: (f"type={profile.device_type}",),
            ("magicBox", "getSerialNo"): lambda: (f"sn={profile.serial}",),
            ("magicBox", "getMachineName"): lambda: (f"name={profile.machine_name}",),
            ("magicBox", "getSoftwareVersion"): lambda: (f"version={profile.software_version}",),
            ("magicBox", "getVendor"): lambda: (f"vendor={profile.vendor}",),
            ("magicBox", "getSystemInfo"): self._system_info,
        }
        fact = facts.get((path.removeprefix("/cgi-bin/").removesuffix(".cgi"), action))
        return BAD_REQUEST if fact is None else lines(*fact())

    def _system_info(self) -> tuple[str, ...]:
        facts = {**dict(self.profile.system_info), "deviceType": self.profile.device_type}
        facts["serialNumber"] = self.profile.serial
        return tuple(f"{key}={value}" for key, value in sorted(facts.items()))

    def _config(self, name: str) -> Answer:
        made_up = {
            "General": (f"General.MachineName={self.profile.machine_name}", *self._lock_settings()),
            "NTP": (
                "NTP.Address=pool.ntp.org",
                "NTP.Enable=false",
                "NTP.Port=123",
                f"NTP.TimeZone={self.clock.zone_index}",
                "NTP.TimeZoneDesc=",
                "NTP.UpdatePeriod=60",
            ),
            "Locales": ("Locales.DSTEnable=false", "Locales.TimeFormat=yyyy-MM-dd HH:mm:ss"),
            "ChannelTitle": tuple(f"ChannelTitle[{n}].Name=CAM {n + 1}" for n in range(self.profile.channels)),
        }
        rows = self.profile.configs.get(name, made_up.get(name))
        return BAD_REQUEST if rows is None else lines(*(f"table.{row}" for row in rows))

    def _lock_settings(self) -> tuple[str, ...]:
        limit = self.quirks.lock_after
        return (
            f"General.LockLoginEnable={'false' if limit is None else 'true'}",
            f"General.LockLoginTimes={5 if limit is None else limit}",
            f"General.LoginFailLockTime={self.quirks.lock_seconds}",
        )

    def _download(self, request: HttpRequest, fault: Fault | None) -> Answer:
        path = unquote(request.path.removeprefix(_LOADFILE))
        path = re.sub("^/+", "/", path)  # python-amcrest asks for RPC_Loadfile//mnt/...: tolerated
        recorded = self._by_path.get(path)
        if recorded is None:
            return text("Error\r\nNot Found!\r\n", 404)
        whole = Body.of(recorded.body())
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        deaf = not self.quirks.ranges or (fault is not None and fault.kind == "ignore_range")
        if asked is None or deaf or asked.groups() == ("", ""):
            return Answer(200, whole, _OCTETS, download=path)
        return _part(whole, asked[1], asked[2], path)


def _part(whole: Body, first: str, last: str, path: str) -> Answer:
    """206 for ``first-last``, ``first-`` or the last bytes; 416 where there are none."""
    size = len(whole)
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        return Answer(416, Body.of(b""), headers=(("Content-Range", f"bytes */{size}"),))
    headers = (("Content-Range", f"bytes {start}-{stop - 1}/{size}"), ("Accept-Ranges", "bytes"))
    return Answer(206, whole.cut(start, stop), _OCTETS, headers, download=path)
