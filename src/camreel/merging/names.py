"""The path of a recording -> when it was recorded, where its folders and its name say so. Pure.

Three ways of naming are known; each is marked with where it was seen. A name is believed only as a whole: a date that
does not exist, or a time in real time (with an offset) instead of by the camera's clock, is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from camreel.model import Span, WallTime

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
# A name that ends before it begins goes on over midnight, unless it were longer than any recording: then the clock was
# put back meanwhile, and the end says nothing.
_LONGEST_NIGHT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Named:
    """What a path says: ``span`` by the camera's clock, to the second; its end is its start where no end is named.

    ``camera`` is what the path says of camera and channel, as it stands there; empty where it says nothing.
    """

    span: Span
    has_end: bool
    camera: str = ""


def named(parts: Sequence[str]) -> Named | None:
    """What the path with these ``parts`` (folders, and the file's name last) says; None where that is no time."""
    if not parts:
        return None
    readers: tuple[Callable[[Sequence[str]], Named | None], ...] = (_card, _web_export, _dated_name)
    return next((found for reader in readers if (found := reader(parts)) is not None), None)


# --- as cameras and recorders lay out their cards, disks and uploads -------------------------------------------------
#
# .../2026-01-16/001/dav/08/08.00.00-08.01.00[M][0@0][0].mp4      Amcrest, SD card under /mnt/sd (.mp4 or .dav)
# .../AMC0200KBE29V0X8B2/2026-01-16/001/dav/08/...                Amcrest, uploaded by FTP or to a NAS: the serial above
# .../2024.01.01/0/dav/12/...                                     Dahua, eMMC under /mnt/dvr/mmc1p2_0: dots in the date
# .../2026-04-29/4/dav/00/1/0/134484/00.00.00-00.30.02[R]...dav   Dahua recorders: three more folders below the hour
# .../2026-08-08/2/dav/12/12.48.44-13.00.00[R]...                 newer recorders, without these
# .../sda0/2010/8/11/dav/15:40:50.jpg                             Dahua's HTTP API document: no zeros, a folder each
# .../13.52.27-13.52.27[R][0@0][0].mp4_                           still being written (Amcrest AI cameras, on NFS)
_TIMES = re.compile(
    r"(\d{2})([.:])(\d{2})\2(\d{2})-(\d{2})\2(\d{2})\2(\d{2})(?!\d)",
    re.ASCII,
)
_DATE_FOLDER = re.compile(r"(\d{4})([-.])(\d{2})\2(\d{2})", re.ASCII)
_SERIAL = re.compile(r"(?=.*\d)[A-Z0-9]{12,20}", re.ASCII)  # 18 characters in all that were seen


def _card(parts: Sequence[str]) -> Named | None:
    found = _TIMES.match(parts[-1])
    if found is None:
        return None
    folders = tuple(parts[:-1])
    where = _date_in(folders)
    if where is None:
        return None
    day, first, below = where
    hours = [time_of(*found.group(1, 3, 4)), time_of(*found.group(5, 6, 7))]
    start, end = hours
    if start is None or end is None:
        return None
    below_date = folders[below:]
    kind = next((at for at, folder in enumerate(below_date) if folder == "dav"), None)
    if kind is not None and below_date[kind + 1 : kind + 2] == ("00",) and start.hour == 23:
        # The folder is that of the full hour, and a file may begin a moment before it: 23.59.59 is then of the day
        # before. Seen in the middle of days (07.59.59 below 08); at midnight it is a conclusion.
        day -= timedelta(days=1)
    channel = "/".join(below_date[:kind]) if kind is not None else ""
    serial = folders[first - 1] if first and _SERIAL.fullmatch(folders[first - 1]) else ""
    return _from_to(datetime.combine(day, start), datetime.combine(day, end), "/".join(filter(None, (serial, channel))))


def _date_in(folders: Sequence[str]) -> tuple[date, int, int] | None:
    """The nearest date above the file, where in ``folders`` it begins, and where what is below it begins."""
    for at in range(len(folders) - 1, -1, -1):
        if found := _DATE_FOLDER.fullmatch(folders[at]):
            day = day_of(found[1], found[3], found[4])
            return None if day is None else (day, at, at + 1)
        year = folders[at]
        if re.fullmatch(r"\d{4}", year, re.ASCII) and len(folders) > at + 2:
            month, of_month = folders[at + 1], folders[at + 2]
            if re.fullmatch(r"\d{1,2}", month, re.ASCII) and re.fullmatch(r"\d{1,2}", of_month, re.ASCII):
                day = day_of(year, month, of_month)
                return None if day is None else (day, at, at + 3)
    return None


# --- as the web pages of recorders name what they export -------------------------------------------------------------
#
# NVR_ch1_main_20260116080000_20260116080100.dav     Dahua, Amcrest and Lorex recorders, as their owners write of them
#                                                    (also XVR_, HCVR_, IPC_; main, sub, extra1); no file was at hand
_WEB = re.compile(r"(?:.*_)?ch(\d{1,3})_([a-z]+\d?)_(\d{14})_(\d{14})(?!\d)", re.ASCII | re.IGNORECASE)


def _web_export(parts: Sequence[str]) -> Named | None:
    found = _WEB.match(parts[-1])
    if found is None:
        return None
    ends = [_compact(found[3]), _compact(found[4])]
    start, end = ends
    if start is None or end is None:
        return None
    return _from_to(start, end, f"channel {int(found[1])}, {found[2].lower()}")


def _compact(digits: str) -> datetime | None:
    day, at = day_of(digits[:4], digits[4:6], digits[6:8]), time_of(digits[8:10], digits[10:12], digits[12:])
    return None if day is None or at is None else datetime.combine(day, at)


# --- a date and a time in the name -----------------------------------------------------------------------------------
#
# 2026-01-16_08-00-00.mp4, 20260116_080000.mp4, 20260116080000.mp4      programs that record streams
# 2026-01-16_08.00.00-08.01.00_0123456789ab.mp4                         clips that camreel kept (--keep-files)
# 192.168.1.100_ch1_2026-01-16_08.00.00_to_18.00.00.mp4                 videos that camreel made
_DAY = r"(?P<{0}year>\d{{4}})(?P<{0}dash>[-._]?)(?P<{0}month>\d{{2}})(?P={0}dash)(?P<{0}day>\d{{2}})"
_TIME = r"(?P<{0}hour>\d{{2}})(?P<{0}colon>[-.:_]?)(?P<{0}minute>\d{{2}})(?P={0}colon)(?P<{0}second>\d{{2}})"
_DATED = re.compile(
    r"(?<!\d)"
    + _DAY.format("")
    + r"[T _.-]{0,3}?"
    + _TIME.format("")
    + r"(?:(?P<to>_to_|[-_])(?:"
    + _DAY.format("e")
    + r"[T _.-]{0,3}?)?"
    + _TIME.format("e")
    + r")?(?!\d)",
    re.ASCII,
)
# Behind the time of a video that camreel made from a range in real time: 08.00.00Z, 08.00.00-0800, ..._Europe-Berlin.
_OFFSET = re.compile(r"Z(?![A-Za-z])|[+-](?:0\d|1[0-4])(?:00|15|30|45)(?!\d)", re.ASCII)
_ZONE = re.compile(r"_[A-Z][A-Za-z]+-[A-Z]", re.ASCII)


def _dated_name(parts: Sequence[str]) -> Named | None:
    name = parts[-1]
    found = _DATED.search(name)
    if found is None or _OFFSET.match(name, found.end()):
        return None
    if found["to"] == "_to_" and _ZONE.match(name, found.end()):
        return None
    day, start = day_of(*found.group("year", "month", "day")), time_of(*found.group("hour", "minute", "second"))
    if day is None or start is None:
        return None
    if found["ehour"] is None:
        at = WallTime(datetime.combine(day, start))
        return Named(Span(at, at), has_end=False)
    end = time_of(*found.group("ehour", "eminute", "esecond"))
    last = day if found["eyear"] is None else day_of(*found.group("eyear", "emonth", "eday"))
    if end is None or last is None or last < day:
        return None
    return _from_to(datetime.combine(day, start), datetime.combine(last, end))


# --- what all of them have -------------------------------------------------------------------------------------------


def day_of(year: str, month: str, day: str) -> date | None:
    """A day of the calendar, in a year in which there were cameras; else None."""
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def time_of(hour: str, minute: str, second: str) -> time | None:
    """A time of day; None where there is no such time."""
    try:
        return time(int(hour), int(minute), int(second))
    except ValueError:
        return None


def _from_to(start: datetime, end: datetime, camera: str = "") -> Named:
    if end < start:
        end += timedelta(days=1)
        if not timedelta(0) <= end - start <= _LONGEST_NIGHT:
            return Named(Span(WallTime(start), WallTime(start)), has_end=False, camera=camera)
    return Named(Span(WallTime(start), WallTime(end)), has_end=True, camera=camera)
