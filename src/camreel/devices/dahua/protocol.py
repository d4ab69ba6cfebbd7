"""Dahua's HTTP API: request targets, key=value bodies, listings, settings. Pure.

Facts come from captures and from clients that work, with the firmware if it is known. Nothing here trusts the camera:
what does not parse is named, what is out of bounds is dropped, and no path of the camera's leaves the one endpoint it
is meant for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from urllib.parse import quote

from camreel.clock.zone_sources import ZoneFacts
from camreel.clock.zones import Summer, Turn
from camreel.errors import printable
from camreel.model import Recording, Span, Stream, WallTime

# Brackets must be literal and a space must be %20: Amcrest cameras answer 400 to "+" (cat-watcher, measured), and
# some to %5B. "&", "#", "%" and "+" inside a value are always escaped.
_LITERAL_IN_VALUES = "[]:/.-_~,*@"

# Brackets and "@" stand in every recording's name; devices take them literally and escaped.
_LITERAL_IN_PATHS = "/[]@:.-_~,()"
_MAX_SIZE = 1 << 50  # a petabyte: no recording is larger, whatever the camera says
_MAX_SECONDS = 7 * 86400  # nor longer than this
_MAX_PATH = 1024  # characters; a longer path is never asked for
_WITHOUT_PATH = "(without a path)"  # the name of a recording that has none
_MAX_WORDS = 16  # events, and flags, of one recording
_MAX_WORD = 60  # characters of one
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def cgi_target(name: str, /, **parameters: str | int) -> str:
    """Return the request target of a CGI call; parameter names may use ``__`` for a dot (``condition__Channel``)."""
    query = "&".join(f"{key.replace('__', '.')}={_quoted(str(value))}" for key, value in parameters.items())
    return f"/cgi-bin/{name}.cgi?{query}"


def _quoted(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("a control character in a query")
    return quote(value, safe=_LITERAL_IN_VALUES)


def loadfile_target(path: str) -> str:
    """Return the target that downloads ``path``; ValueError, with the reason, if it must not be asked for.

    Some firmware lists paths without the slash that they begin with.
    """
    if not path or path.startswith(_WITHOUT_PATH):
        raise ValueError("the camera lists no path for it")
    if "://" in path:
        raise ValueError("it lies on another server, not on this camera")
    if _CONTROL.search(path):
        raise ValueError("its path has control characters")
    if any(part in {".", ".."} for part in path.replace("\\", "/").split("/")):
        raise ValueError("its path leaves its folder")
    if len(path) > _MAX_PATH:
        raise ValueError("its path is too long")
    rooted = path if path.startswith("/") else f"/{path}"
    return "/cgi-bin/RPC_Loadfile" + quote(rooted, safe=_LITERAL_IN_PATHS)


def parse_pairs(text: str) -> dict[str, str]:
    """Parse ``key=value`` lines; CRLF or LF, blanks round keys and values dropped, values may hold ``=`` or nothing.

    Lines without ``=`` are dropped. Blanks inside keys (``items[0]. StartTime`` in the vendor's document) go too.
    """
    pairs: dict[str, str] = {}
    for line in _lines(text):
        key, equals, value = line.partition("=")
        if equals:
            pairs["".join(key.split())] = value.strip()
    return pairs


def _lines(text: str) -> list[str]:
    """Split at CRLF, LF or CR; str.splitlines would also cut a path at a vertical tab or U+2028."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def is_error(text: str) -> bool:
    """Return whether a body says ``Error``: devices do that with status 200 too (aiodahua)."""
    return text.lstrip()[:5].lower() == "error"


def is_page(text: str) -> bool:
    """Return whether an answer is a page for browsers, or nothing at all: no device of the family means that."""
    return not text.strip() or text.lstrip("\ufeff \t\r\n").startswith("<")


def is_in_family_form(status: int, text: str) -> bool:
    """Return whether a refusal is written as these devices write one."""
    return is_error(text) and status in {200, 400, 501}


def parse_object(text: str) -> str | None:
    """Return the finder's id in ``result=…``. Opaque: some exceed 2^31, some start with zeros."""
    found = parse_pairs(text).get("result", "")
    return found if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", found) else None


_USUAL_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)

_TIME = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})[ T]+(\d{1,2}):(\d{1,2}):(\d{1,2})\s*([AP]M)?", re.IGNORECASE | re.ASCII
)


def parse_time(text: str) -> WallTime | None:
    """Parse a time of the camera's: padded or not, in 24 hours or with AM/PM, as some devices have it. Else None."""
    try:
        return _usual_time(text) if _USUAL_TIME.fullmatch(text) else _believed(_unusual_time(text.strip()))
    except ValueError:
        return None


@lru_cache(maxsize=256)  # most recordings begin when another ends: then both have one value
def _usual_time(text: str) -> WallTime | None:
    return _believed(datetime.fromisoformat(text))


def _believed(moment: datetime | None) -> WallTime | None:
    # Outside of these years, arithmetic on it could overflow; no camera recorded then.
    return WallTime(moment) if moment is not None and 1990 <= moment.year <= 2199 else None


def _unusual_time(text: str) -> datetime | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if found[7]:
        hour = hour % 12 + (12 if found[7].upper() == "PM" else 0)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the camera's clock


def format_time(wall: WallTime, *, round_up: bool = False) -> str:
    """Format a time for a search: whole seconds, for a fraction is answered with 400 (Amcrest AD410)."""
    whole = wall.naive.replace(microsecond=0)
    if round_up and whole < wall.naive:
        whole += timedelta(seconds=1)
    return whole.isoformat(sep=" ")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to findNextFile: ``found`` as the camera counts (it may lie), the items it really sent."""

    found: int | None
    recordings: tuple[Recording, ...]
    problems: tuple[str, ...]

    @property
    def is_list(self) -> bool:
        """Whether it is a page at all, and not something else with status 200."""
        return self.found is not None or bool(self.recordings or self.problems)

    @property
    def announces_more(self) -> bool:
        """Whether fewer items came than the page says it has: it may have been cut short on its way."""
        return self.found is not None and self.found > len(self.recordings) + len(self.problems)

    @property
    def is_last(self) -> bool:
        """Whether the camera says that there is nothing more."""
        return not (self.recordings or self.problems)  # what it did send counts, even beside a found=0


_ITEM = re.compile(r"items\[(\d{1,6})", re.ASCII)


def parse_page(text: str, first_position: int = 0) -> Page:
    """Parse the items of one page, by index and not by key order (which differs between firmwares)."""
    found, items = "", _Items()
    for line in _lines(text):
        key, equals, value = line.partition("=")
        if not equals:
            continue
        # Samples in the vendor's documents have blanks around dots, which no device is known to send.
        place, closed, name = ("".join(key.split()) if " " in key or "\t" in key else key).partition("].")
        if closed and name:
            items[place][name] = value.strip()
        elif place == "found":
            found = value.strip()
    recordings: list[Recording] = []
    problems: list[str] = []
    for index, item in items.in_order():
        outcome = _recording(item, first_position + index)
        if isinstance(outcome, Recording):
            recordings.append(outcome)
        else:
            problems.append(outcome)
    return Page(int(found) if re.fullmatch(r"\d{1,9}", found) else None, tuple(recordings), tuple(problems))


class _Items(dict[str, dict[str, str]]):
    """Fields by name, by what stands before them: ``items[0``. Looked at once an item, not once a line."""

    def __missing__(self, place: str) -> dict[str, str]:
        self[place] = {}
        return self[place]

    def in_order(self) -> list[tuple[int, dict[str, str]]]:
        """The items, by their index."""
        found = ((_ITEM.fullmatch(place), fields) for place, fields in self.items())
        return sorted(((int(match[1]), fields) for match, fields in found if match), key=itemgetter(0))


def _recording(item: dict[str, str], position: int) -> Recording | str:
    path = _bounded(item.get("FilePath", ""))
    start, end = parse_time(item.get("StartTime", "")), parse_time(item.get("EndTime", ""))
    if start is None and not path:
        return f"an item without a path, number {position + 1}"
    if start is None:
        return f"{printable(path)}: its start time {printable(item.get('StartTime', ''), 40)!r} is not a time"
    if end is None:
        seconds = _number(item.get("Duration")) or 0
        end = start + timedelta(seconds=seconds if seconds <= _MAX_SECONDS else 0)
    numbered = [name for name in item if name[-1] == "]"]
    # Absent on Amcrest SD cameras of 2020, which list the main stream only.
    stream = Stream.SUB if item.get("VideoStream", "").lower().startswith("extra") else Stream.MAIN
    # Both streams are recorded at the same times: without the stream, one name would be for two recordings.
    kind = ", sub stream" if stream is Stream.SUB else ""
    return Recording(
        path=path or f"{_WITHOUT_PATH} {format_time(start)} to {format_time(end)}{kind}",
        span=Span(start, max(start, end)),  # after a clock jump an end can lie before its start
        size=_number(item.get("Length")),
        stream=stream,
        channel=_number(item.get("Channel")),
        events=_listed(item, numbered, "Events["),
        flags=_listed(item, numbered, "Flags["),
        position=position,
        # ".mp4_" (Amcrest on NFS) and FileState=Temporary (Dahua eMMC) mark a file that is still open.
        listed_as=_type(item.get("Type", "")[:_MAX_WORD]),
        writing=path.endswith("_") or item.get("FileState") == "Temporary",
        utc_offset=_utc_offset(item.get("UTCOffset", "")),
        backwards_end=end if end < start else None,
    )


def _bounded(path: str) -> str:
    """A path that is too long to be asked for, short enough to be kept, and still not another's."""
    if len(path) <= _MAX_PATH:
        return path
    return f"{path[:_MAX_PATH]}…{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _utc_offset(text: str) -> int | None:
    """Seconds east of UTC, as newer camera firmware lists them (``-14400``); None for what no place on earth has."""
    if not _OFFSET.fullmatch(text.strip()):
        return None
    return int(text) if abs(int(text)) <= 14 * 3600 else None


def _number(text: str | None) -> int | None:
    """A count or size: digits, at most a petabyte; anything else is as if not said."""
    if text is None or not _DIGITS.fullmatch(text):
        return None
    number = int(text)
    return number if number <= _MAX_SIZE else None


_DIGITS = re.compile(r"\d{1,16}", re.ASCII)
_OFFSET = re.compile(r"[+-]?\d{1,5}", re.ASCII)


def _listed(item: dict[str, str], numbered: Sequence[str], key: str) -> tuple[str, ...]:
    """The values of ``Events[0]`` and so on; no more and no longer than a camera means them."""
    if not numbered:
        return ()
    values = (item[name][: 2 * _MAX_WORD] for name in numbered if name.startswith(key))
    return _words(tuple(islice(filter(None, values), _MAX_WORDS)))


# A list of 100,000 says the same few things of all of them: each is one value.
@lru_cache(maxsize=256)
def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(printable(value, _MAX_WORD) for value in values)


@lru_cache(maxsize=256)
def _type(text: str) -> str:
    return printable(text.lower(), 20)


_TITLE = re.compile(r"table\.ChannelTitle\[(\d{1,4})\]\.Name", re.ASCII)


def parse_titles(text: str) -> dict[int, str]:
    """Parse channel titles by number, from 1 (the table counts from 0). Recorders list every slot, used or not."""
    found = ((_TITLE.fullmatch(key), value) for key, value in parse_pairs(text).items())
    return {int(match[1]) + 1: printable(value, 60) for match, value in found if match}


def of_channel(recordings: Iterable[Recording], channel: int) -> tuple[list[Recording], list[Recording], str | None]:
    """Return ``recordings`` of ``channel`` (as people count, from 1), those of others, and a doubt about it.

    The question names the channel from 1, the answer from 0 on most devices and from 1 on some, so the answer's
    channel only serves to part channels where an answer mixes them. Where it could be either, the folder in the path
    is a second witness: ``/001/`` is channel 1 on cameras.
    """
    listed = list(recordings)
    seen = {recording.channel for recording in listed if recording.channel is not None}
    if not seen:
        return listed, [], None
    if not seen & {channel - 1, channel}:
        others = ", ".join(str(number) for number in sorted(seen)[:5])
        doubt = f"Asked for channel {channel}, the camera calls what it lists channel {others}: is it the right one?"
        return listed, [], doubt
    wanted = channel - 1 if channel - 1 in seen else channel
    if {channel - 1, channel} <= seen:
        witnesses = [recording.channel for recording in listed if f"/{channel:03d}/" in recording.path]
        wanted = channel if witnesses and all(number == channel for number in witnesses) else channel - 1
    kept = [recording for recording in listed if recording.channel in {wanted, None}]
    return kept, [recording for recording in listed if recording.channel not in {wanted, None}], None


# The table of the firmware, in minutes: its cross-checks are -3 (22), -5 (25), -8 (28), +3 (3) and +8 (13).
_INDEX_MINUTES = (
    0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570, 600, 660, 720, 780,
    -60, -120, -180, -210, -240, -300, -360, -420, -480, -540, -600, -660, -720,
)  # fmt: skip


def offset_of_index(index: int) -> timedelta | None:
    """Return the standard offset that ``NTP.TimeZone=index`` means; None for an index that nobody has written down."""
    return timedelta(minutes=_INDEX_MINUTES[index]) if 0 <= index < len(_INDEX_MINUTES) else None


def parse_zone_facts(ntp: str | None, locales: str | None) -> ZoneFacts:
    """Parse ``getConfig`` of ``NTP`` and ``Locales``; None for a body that was not to be had.

    The time zone is in NTP and not in Locales, as a DH-NVR608H has it; very old firmware has it in Locales.
    """
    times, rules = _table(ntp, "NTP"), _table(locales, "Locales")
    summer_on = rules.get("DSTEnable", "").lower() == "true"
    start, end = _turn(rules, "DSTStart"), _turn(rules, "DSTEnd")
    summer = Summer(start, end) if summer_on and start is not None and end is not None else None
    index = _signed_number(times.get("TimeZone", rules.get("TimeZone", "")))
    return ZoneFacts(
        description=printable(times.get("TimeZoneDesc", ""), 60) or None,
        standard=None if index is None else offset_of_index(index),
        summer=summer,
        # A rule that is on and cannot be read is not known; that it is off, is.
        has_rule="DSTEnable" in rules and (summer is not None or not summer_on),
        description_from="NTP.TimeZoneDesc",
        standard_from=f"NTP.TimeZone={index} and Locales",
    )


def _table(body: str | None, name: str) -> dict[str, str]:
    if body is None or is_error(body):
        return {}
    start = f"table.{name}."
    return {key.removeprefix(start): value for key, value in parse_pairs(body).items() if key.startswith(start)}


def _turn(rules: dict[str, str], name: str) -> Turn | None:
    month, week, day, hour, minute = (
        _signed_number(rules.get(f"{name}.{part}", "0")) for part in ("Month", "Week", "Day", "Hour", "Minute")
    )
    if month is None or week is None or day is None or hour is None or minute is None:
        return None
    # A week of 0 is the mode of dates; some firmware also says so, or the contrary, in WeekEnable.
    by_date = week == 0 or rules.get("WeekEnable", "").lower() == "false"
    turn = Turn(month, None if by_date else week, day, hour, minute)
    return turn if turn.is_possible else None


def _signed_number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d{1,4}", text.strip(), re.ASCII) else None
