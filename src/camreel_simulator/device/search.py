"""mediaFileFind.cgi: finder objects, conditions and pages, as Amcrest SD-card cameras answer them.

Order of calls: ``factory.create`` -> ``findFile`` -> ``findNextFile`` until ``found=0`` -> ``close`` -> ``destroy``.
``factory.close`` and ``factory.destroy``, which python-amcrest sends, do not exist: 200 with an error text, and the
finder stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from camreel_simulator.device.replies import Writing
from camreel_simulator.http.message import BAD_REQUEST, DeviceAnswer, lines, text

if TYPE_CHECKING:
    from camreel_simulator.device.card import Card, Recorded
    from camreel_simulator.device.faults import Fault
    from camreel_simulator.device.quirks import Quirks

# No fractions of a second (they are answered 400); months and hours need no leading zero.
_TIME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})")
_TYPES = re.compile(r"condition\.Types\[\d+\]")
_FIRST_FINDER = 1831397672
_INVALID = lines("Error", "ErrorID=2, Detail=Invalid Request!")


@dataclass
class _Finder:
    found: list[Recorded] | None = None
    at: int = 0
    closed: bool = False
    first_page: list[Recorded] = field(default_factory=list)
    last_page: list[Recorded] = field(default_factory=list)


@dataclass(frozen=True)
class FinderState:
    """A finder that was created and not destroyed."""

    object: str
    closed: bool


def parse_query(query: str, quirks: Quirks) -> dict[str, str] | None:
    """Keys and values of a raw query; None where the firmware would answer 400.

    Brackets must be literal and a space must be ``%20`` (measured on Amcrest cameras; colons may be either way). The
    firmware undoes the percent escapes before it splits at ``&``.
    """
    if "+" in query and not quirks.plus_is_space:
        return None
    if re.search("%5b|%5d", query, re.IGNORECASE) and not quirks.encoded_brackets:
        return None
    decoded = unquote(query.replace("+", " ") if quirks.plus_is_space else query)
    return {key: value for key, _, value in (part.partition("=") for part in decoded.split("&"))}


def parse_time(value: str) -> datetime | None:
    """A time as the camera takes it, or None."""
    match = _TIME.fullmatch(value)
    try:
        year, month, day, hour, minute, second = map(int, match.groups()) if match else (0,) * 6
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the camera's wall clock
    except ValueError:
        return None


class FileFind:
    """The finders of one camera."""

    def __init__(self, card: Card, quirks: Quirks) -> None:
        self._card, self._quirks, self._write = card, quirks, Writing(quirks)
        self._finders: dict[str, _Finder] = {}
        self.created = 0

    @property
    def open(self) -> tuple[FinderState, ...]:
        """The finders that were not destroyed, oldest first."""
        return tuple(FinderState(name, finder.closed) for name, finder in dict(self._finders).items())

    def call(self, query: Mapping[str, str], fault: Fault | None) -> DeviceAnswer:
        """One call. Makes the clips it lists, to know their lengths: not for an event loop."""
        action, name = query.get("action", ""), query.get("object", "")
        if action == "factory.create":
            return self._create()
        if action not in ("findFile", "findNextFile", "close", "destroy"):
            return _INVALID
        finder = self._finders.get(name)
        if finder is None:
            return BAD_REQUEST
        if action == "findFile":
            return self._find(finder, query)
        if action == "findNextFile":
            return self._next(finder, query, fault)
        if action == "close" and self._quirks.close_refused:
            return lines("Error")
        finder.closed = True
        if action == "destroy":
            del self._finders[name]
        return lines("OK")

    def reboot(self) -> None:
        """A reboot frees all finders."""
        self._finders.clear()

    def _create(self) -> DeviceAnswer:
        limit = self._quirks.finder_limit
        if limit is not None and len(self._finders) >= limit:
            return text("Error\r\nService Unavailable!\r\n", 503)
        name = str(_FIRST_FINDER + 7919 * self.created)
        self.created += 1
        self._finders[name] = _Finder()
        return self._write.rows(f"result={name}")

    def _find(self, finder: _Finder, query: Mapping[str, str]) -> DeviceAnswer:
        start, end = (parse_time(query.get(f"condition.{key}", "")) for key in ("StartTime", "EndTime"))
        channel = query.get("condition.Channel", "")
        channel = "1" if channel == "0" and self._quirks.channel_zero else channel
        if start is None or end is None or start > end or not channel.isdecimal():
            return BAD_REQUEST
        longest = self._quirks.longest_search
        if longest is not None and end - start > timedelta(hours=longest):
            return BAD_REQUEST
        last = end + timedelta(days=36500) if self._quirks.runs_on else end
        if self._quirks.first_day_only:
            last = min(last, start.replace(hour=23, minute=59, second=59))
        types = {value for key, value in query.items() if _TYPES.fullmatch(key)}
        stream = query.get("condition.VideoStream") if self._quirks.filters_stream else None
        found = [
            recorded
            for recorded in self._card.listed()
            if recorded.channel == int(channel)
            and recorded.overlaps(start, last)
            and (not types or recorded.listed_type in types)
            and stream in (None, recorded.stream)
        ]
        if self._quirks.newest_first:
            found = sorted(found, key=lambda recorded: recorded.start, reverse=True)
        found = found[: self._quirks.list_cap]
        if not found and not self._quirks.empty_is_ok:
            return BAD_REQUEST  # an empty window is answered like a wrong question
        finder.found, finder.at, finder.closed, finder.first_page = found, 0, False, []
        finder.last_page = []
        return lines("OK")

    def _next(self, finder: _Finder, query: Mapping[str, str], fault: Fault | None) -> DeviceAnswer:
        count = query.get("count", "")
        if finder.found is None or finder.closed or not count.isdecimal() or int(count) < 1:
            return BAD_REQUEST
        size = min(int(count), self._quirks.page_cap)
        page = finder.found[finder.at : finder.at + size]
        if self._quirks.breaks_after is not None and finder.at >= self._quirks.breaks_after:
            return self._page(())
        if self._quirks.runs_on and finder.found:
            page += [_next_after(finder.found[-1], finder.at + n + 1) for n in range(len(page), size)]
        if fault is not None and fault.kind == "repeat_page":
            page = finder.first_page or page
        elif fault is not None and fault.kind == "endless_pages":
            page += [_invented(finder.found[-1], finder.at + n) for n in range(len(page), size)]
        elif not page and finder.last_page and self._quirks.list_end == "repeat":
            page = finder.last_page
        finder.first_page = finder.first_page or page
        finder.last_page = page or finder.last_page
        finder.at += len(page)
        self._card.was_listed(page)
        return self._page(page)

    def _page(self, page: Sequence[Recorded]) -> DeviceAnswer:
        if not page and self._quirks.list_end == "error":
            return lines("Error")
        if not page and self._quirks.list_end == "400":
            return BAD_REQUEST
        rows = []
        for index, recorded in enumerate(page):  # sorted by key, as an Amcrest camera of 2020 does
            rows += [f"items[{index}].{key}={value}" for key, value in sorted(self._card.item(recorded).items())]
        said = len(page) + {"more": 1, "fewer": -1}.get(self._quirks.found, 0) if page else 0
        first = [] if self._quirks.found == "absent" else [f"found={said}"]
        return self._write.rows(*first, *rows)


def _next_after(last: Recorded, number: int) -> Recorded:
    """A recording that does not exist, so many minutes after the last that does."""
    later = timedelta(minutes=number)
    path = f"{last.path}.{number}"
    return replace(last, start=last.start + later, end=last.end + later, path=path, listed_length=1)


def _invented(last: Recorded, number: int) -> Recorded:
    """A recording that does not exist, after the last that does."""
    return replace(last, path=f"{last.path}.{number}", listed_length=1)
