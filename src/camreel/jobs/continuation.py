"""`--since-last`: where the last complete export of a camera ended, remembered so that the next one begins there.

A mark is a small file in the user's state folder, for one camera (its address and serial number), channel, stream,
choice of events, and folder of videos. It is written when a video has its name and nothing of its range is lost: a run
that is killed, or partial, fetches the same again. Nothing is skipped, some may be fetched twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from camreel.clock import CameraClock, CameraRange, show_moment
from camreel.clock.zones import moments_of
from camreel.devices.address import place_of
from camreel.devices.lockout import state_folder, write_note
from camreel.diskio import read_regular
from camreel.errors import DiskError, NothingRecorded, UsageError
from camreel.model import NO_RANGE, AskedRange, DeviceInfo, Request, Span, WallTime
from camreel.planning.plan import INDEX_LAG, ExportPlan
from camreel.report import Report

_LONGEST_FILE = 4096
_LATE = timedelta(minutes=1)  # at the start of a range: from here on a gap may be footage that was overwritten


@dataclass(frozen=True, slots=True)
class EndMark:
    """Where an export ended: in real time, and as the camera's clock showed it then, with its offset.

    `newest` is the last recording that it had, as the camera's clock shows it: while that is listed, nothing after it
    was overwritten.
    """

    at: datetime
    shown: datetime
    newest: Span | None = None

    def on(self, clock: CameraClock) -> WallTime:
        """Return where the mark is on `clock` (straight time): the earlier of both times, as clocks may be set."""
        believed = self.shown.astimezone(timezone.utc)
        passes = moments_of(clock.zone, WallTime(self.shown.replace(tzinfo=None)))
        if passes and believed not in passes:
            believed = passes[0]
        return min(clock.to_wall(self.at), clock.straight(believed))


class Continuation:
    """The mark of one request, between its runs. `mark` is known when `open` was called, None on the first run."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._device = DeviceInfo("")
        self.mark: EndMark | None = None

    def open(self, device: DeviceInfo) -> None:
        """Read the mark of this camera. DiskError if there is one that cannot be read."""
        self._device = device
        try:
            own = self._file
            self.mark = _read(own)
            if self.mark is None and device.serial is not None:  # the camera may have another address now
                marks = (_read(file) for file in _files() if file.name.startswith(f"{self._series}."))
                self.mark = max((mark for mark in marks if mark is not None), key=lambda mark: mark.at, default=None)
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
        start = self.mark.on(clock) if self.mark is not None else first.span.start
        if start > reads:
            shown = f"{clock.shown(start)}, and the camera's clock shows {clock.shown(reads)}"
            raise UsageError(
                f"--since-last: the last export ended at {shown}.",
                hint=f"Was a clock set back? Try: remove {self._file}, and begin anew: --since-last --start TIME.",
            )
        end = reads if query.follow else reads - INDEX_LAG
        begin, stop = clock.in_real_time(start), clock.in_real_time(end)
        if start >= end:
            raise self.nothing_new(begin)
        return AskedRange(begin, stop)

    @staticmethod
    def nothing_new(since: datetime) -> NothingRecorded:
        """Return the error that says that all is exported but what the camera may still list."""
        error = NothingRecorded(
            f"Nothing is new: the last export ended at {show_moment(since)}.",
            hint="A camera lists a recording up to 15 minutes after its end. Run it again later.",
        )
        error.since = since
        return error

    def question(self, plan: ExportPlan) -> Span | None:
        """Return the span of the recording to look for, if footage behind the mark may have been overwritten.

        It is by the camera's clock. Cameras overwrite the oldest first: if that one is listed, all behind it is.
        """
        first = plan.recordings[0].span.start if plan.recordings else plan.span.end
        is_late = first - plan.span.start > _LATE
        return self.mark.newest if self.mark is not None and is_late else None

    def move(self, report: Report, plan: ExportPlan) -> str | None:
        """Note where `report` is complete up to. Return a sentence if that could not be written.

        Nothing is noted if something is lost.
        """
        if not (report.is_complete or report.is_complete_so_far) or report.clock is None or report.span is None:
            return None
        end = min((hole.span.start for hole in report.account.pending), default=report.span.end)
        newest = max((recording.span for recording in plan.recordings), key=lambda span: span.end, default=None)
        clock, before = report.clock, None if self.mark is None else self.mark.newest
        mark = EndMark(
            clock.to_utc(end),
            clock.in_zone(end),
            Span(clock.shown(newest.start), clock.shown(newest.end)) if newest else before,
        )
        try:
            write_note(self._file, {"camera": str(self._request.target.address), **_facts(mark)})
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


def _facts(mark: EndMark) -> dict[str, str]:
    facts = {"at": mark.at.isoformat(), "shown": mark.shown.isoformat()}
    if mark.newest is not None:
        facts |= {"newest": f"{mark.newest.start.isoformat()}/{mark.newest.end.isoformat()}"}
    return facts


def _read(file: Path) -> EndMark | None:
    """Return the mark in `file`, None if there is none. DiskError if it cannot be read: no footage is skipped then."""
    try:
        facts = json.loads(read_regular(file, _LONGEST_FILE, own=True))
        newest = None
        if "newest" in facts:
            start, end = (WallTime.fromisoformat(text) for text in facts["newest"].split("/"))
            newest = Span(start, end)
        mark = EndMark(datetime.fromisoformat(facts["at"]), datetime.fromisoformat(facts["shown"]), newest)
        if mark.at.utcoffset() is None or mark.shown.utcoffset() is None:
            raise ValueError("a time without an offset")  # noqa: TRY301 - as any that cannot be read
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DiskError(
            f"cannot read {file}, where the last export ended: {getattr(error, 'strerror', None) or 'it is damaged'}.",
            hint="Try: remove it, and say where to begin: --since-last --start TIME.",
        ) from None
    return mark
