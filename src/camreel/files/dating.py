"""The path of a recording -> when it was recorded, where its folders and its name say so. Pure.

Three ways of naming are known; each is marked with where it was seen. A name is believed only as a whole: a date that
does not exist, or a time in real time (with an offset) instead of by the camera's clock, is none.

When each clip was recorded, and by what that is known. Pure, but for what :func:`look_at` reads.

The clock in the frames of a ``.dav`` comes first, then names, then ``creation_time``; a clip that none of them dates
is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from time import monotonic

from camreel.clock import Zone
from camreel.clock.zones import wall_at
from camreel.errors import UsageError, printable
from camreel.formats.sniff import Unreadable, Unusable
from camreel.media.clips.timestamps import OwnTimes, own_times
from camreel.model import Doubt, DoubtKind, FileOnDisk, Recording, Span, WallTime
from camreel.text import count_text

_FIRST_YEAR, _LAST_YEAR = 1970, 2199

# A name that ends before it begins goes on over midnight, unless it were longer than any recording: then the clock was
# put back meanwhile, and the end says nothing.
_LONGEST_NIGHT = timedelta(hours=12)
_LONGEST_CLIP = timedelta(days=2)  # recorders pack a day into a file


@dataclass(frozen=True, slots=True)
class Named:
    """What a path says: ``span`` by the camera's clock, to the second; its end is its start where no end is named.

    ``camera`` is what the path says of camera and channel, as it stands there; empty where it says nothing.
    ``has_bare_end``: its end is six digits, which may be anything.
    """

    span: Span
    has_end: bool
    camera: str = ""
    has_bare_end: bool = False

    def confirmed_by(self, seconds: float | None) -> Named:
        """The same, without an end of bare digits that the clip's own length contradicts."""
        if not self.has_bare_end or not seconds:
            return self
        if abs(self.span.seconds - seconds) <= max(_APART.total_seconds(), seconds / 2):
            return self
        return replace(self, span=Span(self.span.start, self.span.start), has_end=False)


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
    at = 0
    while (found := _DATED.search(name, at)) is not None:
        if _OFFSET.match(name, found.end()) or (found["to"] == "_to_" and _ZONE.match(name, found.end())):
            return None
        day, start = day_of(*found.group("year", "month", "day")), time_of(*found.group("hour", "minute", "second"))
        if day is not None and start is not None:
            return _dated(found, datetime.combine(day, start))
        at = found.start() + 1  # these digits are no time: a serial number, for one
    return None


def _dated(found: re.Match[str], start: datetime) -> Named | None:
    at = WallTime(start)
    if found["ehour"] is None:
        return Named(Span(at, at), has_end=False)
    end = time_of(*found.group("ehour", "eminute", "esecond"))
    last = start.date() if found["eyear"] is None else day_of(*found.group("eyear", "emonth", "eday"))
    if end is None or last is None or last < start.date():
        return None
    until = datetime.combine(last, end)
    if until - start > _LONGEST_CLIP and found["to"] != "_to_":
        # Not from the one to the other: a serial number that could be a time, then the time.
        return Named(Span(WallTime(until), WallTime(until)), has_end=False)
    bare = found["eyear"] is None and not found["ecolon"]
    return replace(_from_to(start, until), has_bare_end=bare)


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


# By what clips are dated, as the report counts it.
FRAMES, NAMES, CREATED, ORDER = "frames", "names", "creation_time", "order"
_ZERO = WallTime(datetime(1970, 1, 1))  # noqa: DTZ001 - by no clock at all
_NEVER_SET = WallTime(datetime(2005, 1, 1))  # noqa: DTZ001 - a camera's clock before it is a clock that began anew
_APART = timedelta(minutes=2)  # names and frames differ by so much without one of them being wrong
_LONGEST_OPEN = timedelta(hours=1)  # what recorders pack at most into one file
_SHOWN = 3
_A_WHILE = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file and what it says of its times. ``unusable``: why it is no clip, as far as that is known already.

    ``is_readable``: it can be opened, and is a file.
    """

    file: FileOnDisk
    named: Named | None
    own: OwnTimes
    unusable: str | None = None
    is_readable: bool = True

    @property
    def name(self) -> str:
        """For messages."""
        return printable(self.file.path.name, 100)


@dataclass(frozen=True, slots=True)
class Dated:
    """Clips with their times by the camera's clock, how many are dated by what, and what is to be said of them.

    ``lengths`` (seconds, None where only a name says when a clip ends) are those of ``recordings``, by ``position``.
    ``open_ended`` are positions of clips that do not tell how long they are: they are taken to go on up to the next.
    ``unread`` cannot be opened, and have no time in their names: what they would hold is missing.
    """

    recordings: tuple[Recording, ...]
    times_from: tuple[tuple[str, int], ...]
    lengths: tuple[float | None, ...]
    doubts: tuple[Doubt, ...] = ()
    open_ended: frozenset[int] = frozenset()
    unread: tuple[Candidate, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the doubts: of many the first ones, and how many more there are."""
        said = [doubt.text for doubt in self.doubts[:_SHOWN]]
        more = len(self.doubts) - len(said)
        doubtful = (*said, f"The same applies to {more} more files.") if more else tuple(said)
        return (*doubtful, _unread_note(self.unread)) if self.unread else doubtful

    def with_lengths(self, placed: Iterable[Recording]) -> tuple[Recording, ...]:
        """``placed`` (on straight time) with the lengths that are known: by its clock alone, a clip in which it is put
        back would seem an hour longer.
        """
        return tuple(
            each if length is None else replace(each, span=Span(each.span.start, each.span.start + length_of(length)))
            for each in placed
            for length in (self.lengths[each.position],)
        )


def look_at(file: FileOnDisk, *, length: bool = False) -> Candidate:
    """Read what ``file`` says of its times. ``length``: also how long it is, where its name says that."""
    by_name = named(file.path.parts)
    try:
        index = length or by_name is None or not by_name.has_end or by_name.has_bare_end
        own = own_times(str(file.path), index=index)
    except Unusable as error:
        return Candidate(file, by_name, OwnTimes(), str(error), is_readable=not isinstance(error, Unreadable))
    return Candidate(file, by_name and by_name.confirmed_by(own.seconds), own)


def look_at_some(files: Sequence[FileOnDisk], *, length: bool = False) -> list[Candidate]:
    """The same for the first of ``files``, as many as can be done in a tenth of a second; one at least."""
    until = monotonic() + _A_WHILE
    found = [look_at(files[0], length=length)]
    for file in files[1:]:
        if monotonic() >= until:
            break
        found.append(look_at(file, length=length))
    return found


def date_all(candidates: Sequence[Candidate], zone: Zone | None) -> Dated:
    """Date each. UsageError where one cannot be dated, and where they are of several cameras or channels."""
    _refuse_several(candidates)
    counts: dict[str, int] = {}
    recordings: list[Recording] = []
    lengths: list[float | None] = []
    undated: list[Candidate] = []
    unread: list[Candidate] = []
    for candidate in candidates:
        found = _date(candidate, zone)
        if found is None:
            (undated if candidate.is_readable else unread).append(candidate)
            continue
        span, offset, source = found
        counts[source] = counts.get(source, 0) + 1
        by_name = source == NAMES and candidate.named is not None and candidate.named.has_end
        lengths.append(None if by_name else span.seconds)
        recordings.append(_recording(candidate, span, offset, len(recordings)))
    if undated or not recordings:
        raise _not_dated(undated or unread, len(candidates))
    dated = _up_to_the_next(recordings, tuple(counts.items()), lengths, tuple(_contradictions(candidates)))
    return replace(dated, unread=tuple(unread))


def _unread_note(unread: Sequence[Candidate]) -> str:
    """Say which files are missing without a time."""
    shown = ", ".join(f"{each.name} ({(each.unusable or '').removeprefix('it ')})" for each in unread[:_SHOWN])
    more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
    what = "What it holds is missing" if len(unread) == 1 else "What they hold is missing"
    return f"{count_text(len(unread), 'file')} without a date could not be read: {shown}{more}. {what}."


def _up_to_the_next(
    recordings: Sequence[Recording],
    times_from: tuple[tuple[str, int], ...],
    lengths: Sequence[float | None],
    doubts: tuple[Doubt, ...],
) -> Dated:
    """Give those without a length (no index, or one in fragments) the time up to the next clip, an hour at most."""
    unknown = frozenset(position for position, length in enumerate(lengths) if length == 0)
    starts = sorted({recording.span.start for recording in recordings})
    following = dict(pairwise(starts))
    ended = []
    for recording in recordings:
        start = recording.span.start
        end = min(following.get(start, start), start + _LONGEST_OPEN)
        ended.append(replace(recording, span=Span(start, end)) if recording.position in unknown else recording)
    known = tuple(None if position in unknown else length for position, length in enumerate(lengths))
    return Dated(tuple(ended), times_from, known, doubts, unknown)


def lay_in_order(candidates: Sequence[Candidate]) -> Dated:
    """Each begins where the one before it ends, whatever they say."""
    recordings: list[Recording] = []
    at = _ZERO
    for candidate in candidates:
        span = Span(at, at + length_of(candidate.own.seconds))
        recordings.append(_recording(candidate, span, None, len(recordings)))
        at = span.end
    return Dated(tuple(recordings), ((ORDER, len(recordings)),), (None,) * len(recordings))


def length_of(seconds: float | None) -> timedelta:
    """Nothing, where it is not known."""
    return timedelta(seconds=seconds or 0)


def _recording(candidate: Candidate, span: Span, offset: timedelta | None, position: int) -> Recording:
    return Recording(
        str(candidate.file.path),
        span,
        candidate.file.size,
        position=position,
        utc_offset=None if offset is None else round(offset.total_seconds()),
    )


def _date(candidate: Candidate, zone: Zone | None) -> tuple[Span, timedelta | None, str] | None:
    own, by_name = candidate.own, candidate.named
    length = length_of(own.seconds)
    if own.wall is not None and (wall := _by_frames(own, by_name)) is not None:
        return wall, None, FRAMES
    if by_name is not None:
        return by_name.span if by_name.has_end else Span(by_name.span.start, by_name.span.start + length), None, NAMES
    if own.created is not None and zone is not None:
        start = wall_at(zone, own.created)
        return Span(start, start + length), zone.offset_at(own.created), CREATED
    return None


def _by_frames(own: OwnTimes, by_name: Named | None) -> Span | None:
    """The setting of the camera's clock that the name confirms, or the most likely.

    None if it is that of a camera that never knew the time, and the name tells it.
    """
    if by_name is None:
        return own.wall
    near = (each for each in own.settings if abs(each.start - by_name.span.start) <= _APART)
    confirmed = next(near, None)
    never_set = own.wall is not None and own.wall.start < _NEVER_SET <= by_name.span.start
    return confirmed or (None if never_set else own.wall)


def _not_dated(undated: Sequence[Candidate], total: int) -> UsageError:
    shown = ", ".join(candidate.name for candidate in undated[:_SHOWN])
    more = f" and {len(undated) - _SHOWN} more" if len(undated) > _SHOWN else ""
    with_zone = sum(candidate.own.created is not None for candidate in undated)
    broken = f" ({undated[0].unusable})" if undated[0].unusable else ""
    one = len(undated) == 1
    in_order = "--in-order lays clips end to end in the order given, whatever their times."
    hint = f"{'Its name has' if one else 'Their names have'} no time, and there is no creation_time inside. {in_order}"
    if with_zone:
        which = "It has" if one else "They have" if with_zone == len(undated) else f"{with_zone} of them have"
        hint = (
            f"{which} a creation_time, which is in UTC: --camera-tz ZONE (like Europe/Berlin, or +01:00) "
            f"gives the camera's time then. {in_order}"
        )
    if len(undated) == 1:
        return UsageError(f"{shown} cannot be dated{broken}.", hint=hint)
    return UsageError(f"{len(undated)} of {total} files cannot be dated: {shown}{more}.", hint=hint)


def _refuse_several(candidates: Iterable[Candidate]) -> None:
    by_name: dict[str, Candidate] = {}
    by_frames: dict[int, Candidate] = {}
    for each in candidates:
        if each.named is not None and each.named.camera and each.is_readable:
            by_name.setdefault(each.named.camera, each)
        elif each.own.channel is not None:
            by_frames.setdefault(each.own.channel, each)
    labels = list(by_name) if len(by_name) > 1 else [f"channel {number + 1}" for number in by_frames]
    if len(labels) > 1:
        shown = ", ".join(printable(label, 40) for label in labels[:_SHOWN])
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        raise UsageError(
            f"The clips are of {len(labels)} cameras, channels or streams: {shown}{more}.",
            hint="Give the files or the folder of one of them.",
        )


def _contradictions(candidates: Iterable[Candidate]) -> Iterable[Doubt]:
    """Where names and frames tell different times."""
    for each in candidates:
        own, by_name = each.own, each.named
        if own.wall is None or by_name is None:
            continue
        wall = _by_frames(own, by_name)
        if abs(by_name.span.start - (wall or own.wall).start) <= _APART:
            continue
        believed = "names" if wall is None else "frames"
        text = (
            f"{each.name} is dated {by_name.span.start} by its name and {(wall or own.wall).start} by its frames;"
            f" the {'name was' if wall is None else 'frames were'} believed."
        )
        yield Doubt(DoubtKind.CLOCK, believed, text, wall or by_name.span)
