"""The answers of a Dahua device, redacted, as the facts of a check-up. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from camreel.devices.dahua import protocol
from camreel.devices.dahua.quirks import Search, login_words, quirks_of, searches_of
from camreel.devices.facts import ClockFacts, DeviceFacts, Disk, Fact, RecordedFootage, clock_facts
from camreel.devices.interview import AnswerSheet, Question
from camreel.errors import printable
from camreel.model import Recording

Value = TypeVar("Value")

_MOST_CHANNELS = 256


def facts_of(sheet: AnswerSheet) -> DeviceFacts:
    """Return what the answers say. They have to be redacted: what they say is shown."""
    answers = _Answers(sheet.asked)
    searches = searches_of(sheet.asked)
    footage = _footage(sheet, searches)
    return DeviceFacts(
        login_how=login_words(sheet.heard),
        model=_model(answers),
        firmware=answers.one("getSoftwareVersion", "version"),
        serial=_first(answers.one("getSystemInfo", "serialNumber"), answers.one("getSerialNo", "sn")),
        name=answers.one("getMachineName", "name"),
        clock=_clock(sheet, answers, searches),
        channels=answers.told("ChannelTitle", _titles),
        storage=answers.told("getDeviceAllInfo", parse_disks, refused="HTTP 400: there may be no card or disk"),
        recording=answers.told("RecordMode", parse_record_modes),
        footage=footage,
        is_empty=footage.value is None and bool(searches) and searches[0].is_empty,
        quirks=quirks_of(sheet, searches),
    )


class _Answers:
    """The answers by what was asked: the name of a setting, else of an action."""

    def __init__(self, asked: Iterable[Question]) -> None:
        self._by_name: dict[str, Question] = {}
        for one in asked:
            query = dict(part.partition("=")[::2] for part in one.target.partition("?")[2].split("&"))
            self._by_name.setdefault(query.get("name") or query.get("action", ""), one)

    def text(self, name: str) -> str | None:
        """Return the body, if it is an answer."""
        one = self._by_name.get(name)
        return one.text if one is not None and one.status == 200 and not protocol.is_error(one.text) else None

    def told(self, name: str, parse: Callable[[str], Value], *, refused: str = "") -> Fact[Value]:
        """Return what ``parse`` makes of the answer, or why there is none."""
        one = self._by_name.get(name)
        if one is None:
            return Fact()
        if (text := self.text(name)) is None:
            return Fact(why=f"not told ({refused})" if refused and one.status == 400 else _why_not(one))
        value = parse(text)
        return Fact(value, "") if value else Fact(why="not told (an answer without it)")

    def one(self, name: str, key: str) -> Fact[str]:
        """Return one value; keys are compared without case."""
        return self.told(
            name,
            lambda text: printable(
                {k.lower(): v for k, v in protocol.parse_pairs(text).items()}.get(key.lower(), ""), 60
            ),
        )


def _why_not(one: Question) -> str:
    """Return why a question has no answer."""
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


def _clock(sheet: AnswerSheet, answers: _Answers, searches: Sequence[Search]) -> Fact[ClockFacts]:
    if sheet.reading is None:
        return Fact(why=answers.told("getCurrentTime", lambda _text: "").why)
    zone = protocol.parse_zone_facts(answers.text("NTP"), answers.text("Locales"))
    return Fact(clock_facts(sheet.reading, zone, _all(searches)), "")


def _all(searches: Iterable[Search]) -> list[Recording]:
    return [recording for search in searches for recording in search.recordings]


def _footage(sheet: AnswerSheet, searches: Sequence[Search]) -> Fact[RecordedFootage]:
    recordings = [one for one in _all(searches) if one.listed_as != "jpg" and not one.path.lower().endswith(".jpg")]
    recordings = recordings or _all(searches)
    if recordings:
        newest = max(one.span.end for one in recordings)
        oldest = min(one.span.start for one in recordings)
        return Fact(RecordedFootage(sheet.channel, oldest, newest, exact=searches[-1].end is not None), "")
    if not searches:
        return Fact()
    return Fact(why="none listed" if searches[0].is_empty else searches[0].why or "none listed")


_MOST_DISKS = 64
_MOST_BYTES = 1 << 60
_DISK = re.compile(r"list(?:\.info)?\[(\d{1,3})\]\.(.+)", re.ASCII)  # the document has no «info», the wire has
_PART = re.compile(r"Detail\[\d{1,3}\]\.(TotalBytes|UsedBytes|IsError)", re.ASCII)
_MODE = re.compile(r"table\.RecordMode\[(\d{1,4})\]\.Mode", re.ASCII)
_MODES = {"0": "by schedule", "1": "always (by hand)", "2": "off"}  # DH-NVR608H


def parse_disks(text: str) -> tuple[Disk, ...]:
    """Return the disks of ``getDeviceAllInfo``, parts summed up. Recorders use all of a disk from the start."""
    disks: dict[int, dict[str, str]] = {}
    sums: dict[int, dict[str, list[str]]] = {}
    for key, value in protocol.parse_pairs(text).items():
        if (found := _DISK.fullmatch(key)) and (int(found[1]) in disks or len(disks) < _MOST_DISKS):
            number = int(found[1])
            disks.setdefault(number, {})[found[2]] = value
            if part := _PART.fullmatch(found[2]):
                sums.setdefault(number, {}).setdefault(part[1], []).append(value)
    return tuple(_disk(facts, sums.get(number, {})) for number, facts in sorted(disks.items()))


def _disk(facts: dict[str, str], sums: dict[str, list[str]]) -> Disk:
    return Disk(
        name=printable(facts.get("Name", ""), 40) or "a disk without a name",
        state=printable(facts.get("State", ""), 40) or "state unknown",
        total=_sum(sums.get("TotalBytes", [])),
        used=_sum(sums.get("UsedBytes", [])),
        has_error=any(value.lower() == "true" for value in sums.get("IsError", [])),
    )


def _sum(numbers: list[str]) -> int | None:
    """Bytes, written with a fraction: ``63864569856.000000``."""
    found = [re.fullmatch(r"(\d{1,19})(?:\.\d{1,9})?", number, re.ASCII) for number in numbers]
    total = sum(int(one[1]) for one in found if one)
    return total if found and all(found) and total <= _MOST_BYTES else None


def parse_record_modes(text: str) -> tuple[tuple[int, str], ...]:
    """Return how each channel (from 1) records, in words."""
    found = ((_MODE.fullmatch(key), value) for key, value in protocol.parse_pairs(text).items())
    modes = {int(one[1]) + 1: _MODES.get(value, f"mode {printable(value, 20)}") for one, value in found if one}
    return tuple(sorted(modes.items()))
