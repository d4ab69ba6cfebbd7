"""A redacted visit -> a check-up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from camreel.clock import Reading, format_offset, recorded_offsets
from camreel.clock.zone_sources import clock_by, contradictions, sources
from camreel.devices.dahua import protocol
from camreel.devices.dahua.protocol import parse_zone_facts
from camreel.doctor.checkup import Checkup, ClockFacts, Fact, Here, RecordedFootage
from camreel.doctor.findings import Search, login_words, parse_disks, parse_record_modes, quirks_of, searches_of
from camreel.doctor.visit import CheckSession, Question
from camreel.errors import printable
from camreel.model import Recording

Value = TypeVar("Value")

_MOST_CHANNELS = 256


def diagnose(visit: CheckSession, here: Here) -> Checkup:
    """What the answers of ``visit`` say. It has to be redacted: what it says is shown."""
    answers = _Answers(visit.asked)
    searches = searches_of(visit.asked)
    footage = _footage(visit, searches)
    return Checkup(
        address=str(visit.patient.address),
        reached=bool(visit.heard),
        seconds=visit.first_seconds,
        redirected=visit.redirected,
        login=visit.login,
        login_how=login_words(visit.heard),
        trouble=visit.trouble,
        model=_model(answers),
        firmware=answers.one("getSoftwareVersion", "version"),
        serial=_first(answers.one("getSystemInfo", "serialNumber"), answers.one("getSerialNo", "sn")),
        name=answers.one("getMachineName", "name"),
        clock=_clock(visit, answers, searches),
        channels=answers.told("ChannelTitle", _titles),
        storage=answers.told("getDeviceAllInfo", parse_disks, refused="HTTP 400: there may be no card or disk"),
        recording=answers.told("RecordMode", parse_record_modes),
        footage=footage,
        nothing_recorded=footage.value is None and bool(searches) and searches[0].is_empty,
        quirks=quirks_of(visit, searches),
        warnings=visit.warnings,
        questions=len(visit.asked),
        here=here,
    )


class _Answers:
    """The answers by what was asked: the name of a setting, else of an action."""

    def __init__(self, asked: Iterable[Question]) -> None:
        self._by_name: dict[str, Question] = {}
        for one in asked:
            query = dict(part.partition("=")[::2] for part in one.target.partition("?")[2].split("&"))
            self._by_name.setdefault(query.get("name") or query.get("action", ""), one)

    def text(self, name: str) -> str | None:
        """The body, where it is an answer."""
        one = self._by_name.get(name)
        return one.text if one is not None and one.status == 200 and not protocol.is_error(one.text) else None

    def told(self, name: str, parse: Callable[[str], Value], *, refused: str = "") -> Fact[Value]:
        """What ``parse`` makes of it, or why there is nothing."""
        one = self._by_name.get(name)
        if one is None:
            return Fact()
        if (text := self.text(name)) is None:
            return Fact(why=f"not told ({refused})" if refused and one.status == 400 else why_not(one))
        value = parse(text)
        return Fact(value, "") if value else Fact(why="not told (an answer without it)")

    def one(self, name: str, key: str) -> Fact[str]:
        """One value; keys are compared without case."""
        return self.told(
            name,
            lambda text: printable(
                {k.lower(): v for k, v in protocol.parse_pairs(text).items()}.get(key.lower(), ""), 60
            ),
        )


def why_not(one: Question) -> str:
    """Why a question has no answer."""
    if one.status is None:
        return one.problem if one.problem.startswith("not asked") else f"not told ({one.problem.rstrip('.')})"
    if one.status == 200:
        return f"not told (HTTP 200, but “{printable(' '.join(one.text.split()), 60)}”)"
    return f"not told (HTTP {one.status})"


def _first(*answers: Fact[str]) -> Fact[str]:
    asked = [answer for answer in answers if answer.why != "not asked"]
    return next((answer for answer in asked if answer.value), (asked or answers)[-1])


def _model(answers: _Answers) -> Fact[str]:
    """Recorders have a number for the type, and the model as ``updateSerial``."""
    kind, system = answers.one("getDeviceType", "type"), answers.one("getSystemInfo", "deviceType")
    if system.value and system.value.isdigit():
        return _first(kind, answers.one("getSystemInfo", "updateSerial"))
    return _first(system, kind)


def _titles(text: str) -> tuple[tuple[int, str], ...]:
    return tuple(sorted(protocol.parse_titles(text).items()))[:_MOST_CHANNELS]


def _clock(visit: CheckSession, answers: _Answers, searches: tuple[Search, ...]) -> Fact[ClockFacts]:
    reading = visit.reading
    if reading is None:
        why = answers.told("getCurrentTime", lambda _text: "").why
        return Fact(why=why)
    facts = parse_zone_facts(answers.text("NTP"), answers.text("Locales"))
    found = sources(None, facts, reading, recorded_offsets(_all(searches)))
    clock = clock_by(found[0], reading)
    return Fact(
        ClockFacts(
            shown=reading.shown,
            drift=Reading(reading.shown, reading.at).drift_in(clock.zone),
            offset=format_offset(clock.zone.offset_at(reading.at)),
            zone=clock.zone.name,
            source=clock.source,
            weakness=clock.weakness,
            doubts=contradictions(found, reading.at),
        ),
        "",
    )


def _all(searches: Iterable[Search]) -> list[Recording]:
    return [recording for search in searches for recording in search.recordings]


def _footage(visit: CheckSession, searches: tuple[Search, ...]) -> Fact[RecordedFootage]:
    recordings = [one for one in _all(searches) if one.listed_as != "jpg" and not one.path.lower().endswith(".jpg")]
    recordings = recordings or _all(searches)
    if recordings:
        newest = max(one.span.end for one in recordings)
        oldest = min(one.span.start for one in recordings)
        return Fact(RecordedFootage(visit.patient.channel, oldest, newest, exact=searches[-1].end is not None), "")
    if not searches:
        return Fact()
    return Fact(why="none listed" if searches[0].is_empty else searches[0].why or "none listed")
