"""`--since-last`: where the last complete export of a camera ended, remembered so that the next one begins there.

A mark is a small file in the user's state folder, for one camera (its address and serial number), channel, stream,
choice of events, and folder of videos. It begins where the first run begins. It moves when a video has its name and
nothing of its range is lost: a run that is killed, or partial, fetches the same again. Nothing is skipped, some may be
fetched twice. It moves up to the last recording that is listed: a hole behind that may be a recording that the camera
lists later. With `--events` it stays `--pad` before that. It stops at the first loss; what is lost there in several
runs over some hours is given up: the report of that run names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from camreel.clock import CameraClock, CameraRange, show_moment
from camreel.clock.zones import moments_of
from camreel.devices.address import place_of
from camreel.devices.lockout import state_folder, write_note
from camreel.diskio import read_regular
from camreel.errors import DiskError, NothingRecorded, UsageError, printable
from camreel.model import NO_RANGE, Asked, AskedRange, DeviceInfo, Recording, Request, Span, WallTime
from camreel.planning.plan import INDEX_LAG, ExportPlan, is_footage
from camreel.report import Report

_LONGEST_FILE = 4096
_LATE = timedelta(minutes=1)  # at the start of a range: from here on a gap may be footage that was overwritten
# Cameras list a recording minutes after its end, rarely hours: until then a hole that nothing follows says nothing.
_LISTED_WITHIN = timedelta(hours=6)
_TRIES, _TRIED_FOR = 3, timedelta(hours=6)  # for what is lost: so often and so long, then the mark moves past it
_MOST_APART = timedelta(days=1)  # of the two readings of a mark: more, and a clock was wrong
_YEARS = range(1970, 2100)
_SAME = timedelta(seconds=5)  # drift is measured anew in each run


@dataclass(frozen=True, slots=True)
class EndMark:
    """Where an export ended: in real time, and as the camera's clock showed it then, with its offset.

    `newest` is the last recording that it had, as the camera's clock shows it: while that is listed, nothing after it
    was overwritten. `camera` is its address. `is_begun`: no export has ended yet, the first one begins here. `tries`
    counts the runs since `tried_since` that lost something of what follows.
    """

    at: datetime
    shown: datetime
    newest: Span | None = None
    camera: str = ""
    is_begun: bool = False
    tries: int = 0
    tried_since: datetime | None = None

    def on(self, clock: CameraClock) -> WallTime:
        """Return where the mark is on `clock` (straight time): the earlier of both times, as clocks may be set."""
        believed = self.shown.astimezone(timezone.utc)
        passes = moments_of(clock.zone, WallTime(self.shown.replace(tzinfo=None)))
        if passes and believed not in passes:
            believed = passes[0]
        readings = sorted((clock.to_wall(self.at), clock.straight(believed)))
        if readings[1] - readings[0] > _MOST_APART:
            raise UsageError(
                f"--since-last: the last export ended at {show_moment(self.at)}, when the camera's clock showed "
                f"{show_moment(self.shown)}. One of the two is wrong.",
                hint="Begin anew where you believe it to be: --start TIME, and another folder (--output-dir).",
            )
        return readings[0]


class Continuation:
    """The mark of one request, between its runs. `mark` is known when `open` was called, None on the first run.

    `warning` is a sentence on where the range begins, if that is not what one expects.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._device = DeviceInfo("")
        self.mark: EndMark | None = None
        self.warning: str | None = None
        self._is_moved_here = False
        self._is_one_of_several = False
        self._begins: EndMark | None = None
        self._clock: CameraClock | None = None

    def open(self, device: DeviceInfo) -> None:
        """Read the mark of this camera. DiskError if there is one that cannot be read."""
        self._device = device
        try:
            own = self._file
            self.mark = _read(own)
            if self.mark is None and device.serial is not None:  # the camera may have another address now
                read = [_read(file) for file in _files() if file.name.startswith(f"{self._series}.")]
                marks = [mark for mark in read if mark is not None]
                self.mark = max(marks, key=lambda mark: mark.at, default=None)
                self._is_moved_here, self._is_one_of_several = bool(marks), len(marks) > 1
        except RuntimeError as error:  # no home folder
            raise DiskError(f"cannot read where the last export ended: {error}.", hint="Set HOME.") from None

    def range_for(self, first: CameraRange, now: datetime) -> AskedRange:
        """Return the range of this run: from the mark, or where `first` begins, up to what the camera has listed.

        With `--follow` up to `now`. UsageError if this is the first run and nobody said where it begins, or if the mark
        lies in the future. NothingRecorded if nothing can be new yet.
        """
        clock, query = first.clock, self._request.query
        if clock is None:
            raise UsageError(
                "--since-last needs the camera's time zone, which it does not tell.", hint="Try: --camera-tz ZONE."
            )
        if self.mark is None and query.asked == NO_RANGE:
            what = f"this camera (channel {query.channel}, {query.stream.value} stream)"
            raise UsageError(
                f"--since-last: no complete export of {what} into {self._request.output.folder} is known yet.",
                hint="Say where the first one begins: --since-last --last 1d, or --since-last --start TIME. Later runs "
                "need not, and may.",
            )
        reads = WallTime(clock.reads(now).naive.replace(microsecond=0))
        start = self._start(clock, first.span.start)
        self._begins, self._clock = self._mark_at(clock, start), clock
        if start > reads and self.mark is None:
            raise UsageError(f"--since-last: the first range begins at {clock.shown(start)}, in the future.")
        if start > reads:
            shown = f"{clock.shown(start)}, and the camera's clock shows {clock.shown(reads)}"
            raise UsageError(
                f"--since-last: the last export ended at {shown}.",
                hint=f"Was a clock set back? Try: remove {self._file}, and begin anew: --since-last --start TIME.",
            )
        end = reads if query.follow else reads - INDEX_LAG - query.event_pad
        if start >= end:
            raise self.nothing_new()
        return AskedRange(clock.in_real_time(start), clock.in_real_time(end))

    def _start(self, clock: CameraClock, first: WallTime) -> WallTime:
        """Return where this run begins; `first` is where the options say that the first one does."""
        mark, asked = self.mark, self._request.query.asked
        if mark is None:
            return first
        if self._is_one_of_several and asked == NO_RANGE:
            raise UsageError(
                f"--since-last: several cameras have the serial number of {self._request.target.address}.",
                hint="Say where its first export begins: --since-last --last 1d, or --since-last --start TIME.",
            )
        if self._is_moved_here:
            # By the serial number it is the camera that was elsewhere. Some makers give many cameras the same one.
            self.warning = (
                f"--since-last goes on from the last export of the camera that was at {printable(mark.camera, 60)}: "
                "it has the same serial number."
            )
            return mark.on(clock) if asked == NO_RANGE else min(mark.on(clock), first)
        if mark.is_begun and asked != NO_RANGE:
            return first if _is_typed_out(asked) else min(mark.on(clock), first)
        return mark.on(clock)

    def nothing_new(self) -> NothingRecorded:
        """Return the error that says that all is exported but what the camera may still list."""
        assert self._begins is not None, "range_for was called"
        since = self._begins.at.astimezone(self._begins.shown.tzinfo)
        said = f"No new recordings since {show_moment(since)}, where the last export ended."
        if self.mark is None or self.mark.is_begun:
            said = f"No recordings yet since {show_moment(since)}, where the first export begins."
        error = NothingRecorded(
            said, hint="A camera lists a recording up to 15 minutes after its end. Run it again later."
        )
        error.since = since
        return error

    def begin(self, plan: ExportPlan | None = None) -> str | None:
        """Note where the first run begins, so that a later one begins nowhere else. Return a sentence if that fails.

        `plan` is what it found: while that is listed, nothing was overwritten.
        """
        if self._begins is None or not (self.mark is None or self.mark.is_begun or self._is_moved_here):
            return None
        begins = self._begins
        if plan is not None and self._clock is not None:
            begins = _with_witness(begins, plan, self._clock)
        return self._write(replace(begins, is_begun=not self._is_moved_here))

    def question(self, plan: ExportPlan) -> Span | None:
        """Return the span of the recording to look for, if footage behind the mark may have been overwritten.

        It is by the camera's clock. Cameras overwrite the oldest first: if that one is listed, all behind it is.
        """
        first = plan.recordings[0].span.start if plan.recordings else plan.span.end
        is_late = first - plan.span.start > _LATE
        return self.mark.newest if self.mark is not None and is_late else None

    def move(self, report: Report, plan: ExportPlan, listing: Iterable[Recording], now: datetime) -> str | None:
        """Note where `report` is complete up to. Return a sentence to add to it, None if there is nothing to say.

        `listing` is all that the camera lists. If something is lost, the mark stays, but not for ever: a recording that
        can never be had must not hold up all that follow.
        """
        clock, span = report.clock, report.span
        if clock is None or span is None:
            return None
        end = min([span.end, *(hole.span.start for hole in report.account.pending)])
        end = min(end, self._listed_up_to(span, listing)) - self._request.query.event_pad
        if report.is_complete or report.is_complete_so_far:
            return self._write(_with_witness(self._mark_at(clock, max(span.start, end)), plan, clock))
        losses = [hole.span for hole in report.account.lost] + [clip.span for clip in report.clips if clip.is_lost]
        first = min(losses, default=span)
        place = max(span.start, min(end, first.start))
        mark = self._mark_at(clock, place)
        is_given_up = mark.tries + 1 >= _TRIES and now - (mark.tried_since or now) >= _TRIED_FOR
        if is_given_up:
            place = max(span.start, min(end, first.end))
            mark = self._mark_at(clock, place)
        was_begun = (self.mark is None or self.mark.is_begun) and not self._is_moved_here
        mark = _with_witness(replace(mark, is_begun=was_begun and place == span.start), plan, clock)
        if not is_given_up:
            return self._write(replace(mark, tries=mark.tries + 1, tried_since=mark.tried_since or now))
        failed = self._write(mark)
        return failed or f"The next --since-last begins after the first loss: {_TRIES} runs or more tried it."

    def _listed_up_to(self, span: Span, listing: Iterable[Recording]) -> WallTime:
        """Return up to where of `span` the camera has listed all: a hole that nothing follows has to be old."""
        stream = self._request.query.stream
        ours = (one for one in listing if is_footage(one, stream) and not one.writing)
        return max([span.end - _LISTED_WITHIN, *(min(one.span.end, span.end) for one in ours)])

    def _mark_at(self, clock: CameraClock, end: WallTime) -> EndMark:
        kept = self.mark if self.mark is not None and abs(self.mark.on(clock) - end) <= _SAME else None
        return EndMark(
            clock.to_utc(end),
            clock.in_zone(end),
            newest=None if self.mark is None else self.mark.newest,
            camera=str(self._request.target.address),
            tries=kept.tries if kept else 0,
            tried_since=kept.tried_since if kept else None,
        )

    def _write(self, mark: EndMark) -> str | None:
        try:
            write_note(self._file, _facts(mark))
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return f"camreel cannot note where this export ended ({reason}): the next --since-last fetches it again."
        return None

    @property
    def _series(self) -> str:
        """Equal for the same recordings into the same folder, wherever the camera is."""
        query, output = self._request.query, self._request.output
        kind = "timelapse" if output.video.timelapse is not None else "video"
        events = [*query.events, query.pad.total_seconds()] if query.events else []
        return _digest([self._device.serial, query.channel, query.stream.value, events, kind, str(output.folder)])

    @property
    def _file(self) -> Path:
        return _folder() / f"{self._series}.{_digest(place_of(self._request.target.address))}.json"


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def _folder() -> Path:
    return state_folder() / "since"


def _files() -> Iterator[Path]:
    try:
        yield from sorted(_folder().iterdir())
    except FileNotFoundError:
        return


def _with_witness(mark: EndMark, plan: ExportPlan, clock: CameraClock) -> EndMark:
    """Return the mark with the last recording of `plan` that begins before it, or the first one."""
    if not plan.recordings:
        return mark
    at = mark.on(clock)
    newest = max((one.span for one in plan.recordings if one.span.start < at), default=plan.recordings[0].span)
    return replace(mark, newest=Span(clock.shown(newest.start), clock.shown(newest.end)))


def _is_typed_out(asked: Asked) -> bool:
    """Return whether the start is the same moment in each run: `--start TIME` is, `--last 1d` is not."""
    return isinstance(asked, AskedRange) and not AskedRange(asked.start, asked.start).is_relative


def _facts(mark: EndMark) -> dict[str, str]:
    facts = {"camera": mark.camera, "at": mark.at.isoformat(), "shown": mark.shown.isoformat()}
    if mark.newest is not None:
        facts |= {"newest": f"{mark.newest.start.isoformat()}/{mark.newest.end.isoformat()}"}
    if mark.is_begun:
        facts |= {"is_begun": "yes"}
    if mark.tries and mark.tried_since is not None:
        facts |= {"tries": str(mark.tries), "tried_since": mark.tried_since.isoformat()}
    return facts


def _read(file: Path) -> EndMark | None:
    """Return the mark in `file`, None if there is none. DiskError if it cannot be read: no footage is skipped then."""
    try:
        return _mark_of(json.loads(read_regular(file, _LONGEST_FILE, own=True)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DiskError(
            f"cannot read {file}, where the last export ended: {getattr(error, 'strerror', None) or 'it is damaged'}.",
            hint="Try: remove it, and say where to begin: --since-last --start TIME.",
        ) from None


def _mark_of(facts: dict[str, str]) -> EndMark:
    """Return the mark that a file has. ValueError, TypeError, KeyError or AttributeError if it has none."""
    newest = None
    if "newest" in facts:
        start, end = (WallTime.fromisoformat(text) for text in facts["newest"].split("/"))
        newest = Span(start, end)
    moments = [datetime.fromisoformat(facts[name]) for name in ("at", "shown")]
    tried_since = datetime.fromisoformat(facts["tried_since"]) if "tried_since" in facts else None
    for moment in (*moments, *([tried_since] if tried_since else [])):
        if moment.utcoffset() is None or moment.year not in _YEARS:
            raise ValueError("a time without an offset, or of another age")
    return EndMark(
        moments[0], moments[1], newest, str(facts.get("camera", "")), "is_begun" in facts, int(facts.get("tries", "0")),
        tried_since,
    )  # fmt: skip
