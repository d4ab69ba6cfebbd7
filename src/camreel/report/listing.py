"""A listing of what a camera has of a range: the value, as JSON, and as lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from camreel.clock import CameraClock, show_span
from camreel.errors import CamreelError, NothingRecorded
from camreel.model import DeviceInfo, Output, Query, Recording, Span, Target
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.planning.event_filter import events_of
from camreel.planning.plan import ExportPlan
from camreel.planning.proof import UNASKED, SearchProof
from camreel.report import (
    MAY_GROW,
    JsonRows,
    ReportLine,
    Tone,
    asked_json,
    asked_lines,
    camera_json,
    camera_line,
    clock_lines,
    clock_notes,
    events_rows,
    json_head,
    left_out_text,
    search_json,
    span_json,
)
from camreel.text import count_text, duration_text, size_text, table_lines


@dataclass(frozen=True, slots=True)
class Listing:
    """One channel. All spans are in straight time (:mod:`camreel.clock.camera_clock`).

    ``query`` is without relative words. ``output`` is that of the export that was asked about, None if none was.
    ``bytes_to_come`` is about how much that export would still have to fetch, None where nobody knows (a timelapse
    fetches keyframes alone).
    ``nothing`` says why nothing is recorded, None where something is. ``already_there``: an earlier run made the video
    of it, so an export would do nothing.
    """

    target: Target
    query: Query
    device: DeviceInfo
    clock: CameraClock | None
    plan: ExportPlan
    stretches: tuple[CoverageSpan, ...]
    output: Output | None = None
    bytes_to_come: int | None = None
    warnings: tuple[str, ...] = ()
    nothing: CamreelError | None = None
    already_there: bool = False
    search: SearchProof = UNASKED

    @property
    def exit_code(self) -> int:
        """0; 3 where nothing is recorded, nor being written; 4 where the list is not proven to be whole, 6 where
        nothing is listed and that is not proven.
        """
        if self.nothing:
            return self.nothing.exit_code
        return 0 if self.search.is_proven else 4

    @property
    def gaps(self) -> tuple[Span, ...]:
        """What the camera has nothing of, in order."""
        return tuple(stretch.span for stretch in self.stretches if stretch.kind is CoverageKind.GAP)

    @property
    def pending(self) -> tuple[Span, ...]:
        """What is being written, or too recent to be listed."""
        return tuple(stretch.span for stretch in self.stretches if stretch.kind is CoverageKind.PENDING)

    @property
    def recorded_seconds(self) -> float:
        """How much of what is wanted is recorded."""
        return self._seconds(CoverageKind.RECORDED, CoverageKind.EVENT)

    @property
    def wanted_seconds(self) -> float:
        """The range, without what is not asked for."""
        return self._seconds(CoverageKind.RECORDED, CoverageKind.EVENT, CoverageKind.GAP, CoverageKind.PENDING)

    def _seconds(self, *kinds: CoverageKind) -> float:
        return sum(stretch.span.seconds for stretch in self.stretches if stretch.kind in kinds)

    @property
    def least_seconds(self) -> float | None:
        """How long the downloads take at least, where that is known: they are held to a rate."""
        rate = self.target.limit_rate
        return None if rate is None or self.bytes_to_come is None else self.bytes_to_come / rate


def listing_json(listing: Listing) -> dict[str, Any]:
    """The listing, to be written piece by piece. Keys are a contract: they change only with ``schema``."""
    plan, clock, nothing = listing.plan, listing.clock, listing.nothing
    wanted = listing.wanted_seconds
    return {
        **json_head(),
        "status": _status(listing),
        "exit_code": listing.exit_code,
        "asked": asked_json(listing.query),
        "camera": camera_json(listing.target, listing.query, listing.device, clock),
        "range": span_json(plan.span, clock) | {"seconds": round(wanted, 3)},
        "search": search_json(listing.search, clock),
        "found": {
            "recordings": len(plan.recordings),
            "bytes": plan.listed_bytes,
            "writing": len(plan.writing),
            "left_out": dict(plan.left_out),
        },
        "coverage": {
            "seconds": round(listing.recorded_seconds, 3),
            "percent": round(100 * listing.recorded_seconds / wanted, 2) if wanted else None,
        },
        "gaps": JsonRows(lambda gap: _part_json(gap, clock), listing.gaps),
        "pending": JsonRows(lambda part: _part_json(part, clock), listing.pending),
        "timeline": JsonRows(lambda stretch: _stretch_json(stretch, clock), listing.stretches),
        "recordings": JsonRows(lambda recording: _recording_json(recording, clock), in_order(plan)),
        "warnings": list(listing.warnings),
        "error": {"kind": type(nothing).__name__, "message": str(nothing), "hint": nothing.hint} if nothing else None,
    }


def _status(listing: Listing) -> str:
    if isinstance(listing.nothing, NothingRecorded):
        return "nothing recorded"
    return "listed" if listing.search.is_proven else "not proven"


def dry_run_json(listing: Listing) -> dict[str, Any]:
    """The same, with what an export would do."""
    assert listing.output is not None, "there is no dry run without an output"
    document = listing_json(listing)
    status = "planned" if document["status"] == "listed" else document["status"]
    least = listing.least_seconds
    return document | {
        "status": status,
        "plan": {
            "output": str(listing.output.file),
            "already_there": listing.already_there,
            "bytes_to_fetch": listing.bytes_to_come,
            "least_seconds": None if least is None else round(least, 1),
        },
    }


def in_order(plan: ExportPlan) -> Sequence[Recording]:
    """All recordings by the time at which they start, with those that are being written."""
    return sorted((*plan.recordings, *plan.writing), key=lambda each: (each.span.start, each.position))


def _part_json(part: Span, clock: CameraClock | None) -> dict[str, Any]:
    return span_json(part, clock) | {"seconds": round(part.seconds, 3)}


def _stretch_json(stretch: CoverageSpan, clock: CameraClock | None) -> dict[str, Any]:
    return _part_json(stretch.span, clock) | {"kind": stretch.kind.value, "events": list(stretch.events)}


def _recording_json(recording: Recording, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "path": recording.path,
        **_part_json(recording.span, clock),
        "size": recording.size,
        "events": sorted(events_of(recording)),
        "writing": recording.writing,
    }


_MOST_GAPS = 10


def head(listing: Listing, *, whole: bool = False, of_camera: bool = True) -> list[ReportLine]:
    """Which range, and what is wrong with the clock that it is by; `whole`: which camera, and the clock, too.

    Not `of_camera`: what another channel has said of the same camera is left out.
    """
    query, clock, span = listing.query, listing.clock, listing.plan.span
    lines: list[ReportLine] = []
    if whole or not of_camera:
        lines.append(ReportLine("Camera", camera_line(listing.target, query, listing.device, with_firmware=whole)))
    if of_camera:
        lines += [ReportLine("Range", line) for line in asked_lines(query.asked, span, clock, whole=whole)]
        lines += [ReportLine(label, text) for label, text in events_rows(query)]
        if whole:
            lines += [ReportLine("Clock", line) for line in clock_lines(clock, query.asked)]
        else:
            lines += clock_notes(clock, query.asked, span, listing.target.name)
    return lines


def totals(listing: Listing, *, whole: bool = False, hides_table: bool = False) -> list[ReportLine]:
    """How much of the range there is, in how many recordings, and the longest gaps."""
    plan, clock = listing.plan, listing.clock
    found = count_text(len(plan.recordings), "recording") if plan.recordings else "no recordings"
    if any(recording.size is not None for recording in plan.recordings):
        found += f", {size_text(plan.listed_bytes)}"
    if plan.writing:
        found += f", and {len(plan.writing)} being written"
    if plan.left_out and whole:
        found += f"; not used: {left_out_text(plan.left_out)}"
    if hides_table:
        found += " (--table shows each)"
    rows = [("Coverage", _coverage(listing)), ("Found", found)]
    rows += [("Gap", text) for text in _longest(listing.gaps, clock)]
    rows += [("Pending", _pending_line(listing.pending, clock))] if listing.pending else []
    return [ReportLine(label, text) for label, text in (*rows, *(("Note", text) for text in listing.warnings))]


def planned(listing: Listing) -> list[ReportLine]:
    """What an export would do."""
    if listing.nothing or listing.output is None:
        return []
    video, size = str(listing.output.file), listing.bytes_to_come
    if listing.already_there:
        return [ReportLine("Already there", "there would be nothing to download ->", video, Tone.GOOD)]
    if size is None:
        whole = size_text(listing.plan.listed_bytes)
        download = f"only keyframes, if the camera sends parts of recordings; else {whole}"
    else:
        here = "" if size or not listing.plan.listed_bytes else ": all of it is here already"
        download = f"about {size_text(size)}{here}"
        if listing.least_seconds:
            download += f", at least {duration_text(max(1, round(listing.least_seconds)))} at --limit-rate"
    return [
        ReportLine("Download", download),
        ReportLine("Video", "", video),
        ReportLine("Dry run", "nothing was downloaded", tone=Tone.GOOD),
    ]


def table_rows(listing: Listing) -> int:
    """Return how many lines :func:`recordings_table` has."""
    count = len(listing.plan.recordings) + len(listing.plan.writing)
    return count + 1 if count else 0


def recordings_table(listing: Listing) -> Iterator[str]:
    """A line for each recording, by the camera's clock, under heads; none where there is no recording."""
    clock = listing.clock
    with_offsets = clock is not None and bool(clock.changes_in(listing.plan.span))
    recordings = in_order(listing.plan)
    if not recordings:
        return iter(())

    def rows() -> Iterator[list[str]]:
        return (_row(recording, clock, with_offsets=with_offsets) for recording in recordings)

    return table_lines(("Start", "End", "Length", "Size", "Events"), rows, right=(2, 3))


SUMMARY = ("Camera", "Channel", "Recordings", "Size", "Coverage", "Gaps")


def summary_row(listing: Listing) -> list[str]:
    """How many, how much, how complete, and how many gaps."""
    gaps = count_text(len(listing.gaps), "gap")
    length = sum(gap.seconds for gap in listing.gaps)
    return [
        str(len(listing.plan.recordings)),
        size_text(listing.plan.listed_bytes),
        _percent(listing),
        f"{gaps}, {duration_text(length)}" if length else "none so far" if listing.pending else "none",
    ]


def _row(recording: Recording, clock: CameraClock | None, *, with_offsets: bool) -> list[str]:
    span = recording.span
    start, end = (clock.shown(at) if clock else at for at in (span.start, span.end))
    start_text = str(start)
    end_text = str(end)[11:] if start.naive.date() == end.naive.date() else str(end)
    if with_offsets and clock:
        start_text, end_text = (
            f"{text}{clock.in_zone(at):%z}" for text, at in ((start_text, span.start), (end_text, span.end))
        )
    if recording.writing:
        return [start_text, "", "", "", "being written"]
    size = "" if recording.size is None else size_text(recording.size)
    return [start_text, end_text, duration_text(span.seconds), size, ", ".join(sorted(events_of(recording)))]


def _longest(gaps: Sequence[Span], clock: CameraClock | None) -> list[str]:
    """The longest ones, in order of time, and the sum of the others."""
    shown = sorted(sorted(gaps, key=lambda gap: -gap.seconds)[:_MOST_GAPS])
    lines = [_part(gap, clock) for gap in shown]
    if len(gaps) > len(shown):
        rest = sum(gap.seconds for gap in gaps) - sum(gap.seconds for gap in shown)
        lines.append(f"… and {len(gaps) - len(shown)} more, {duration_text(rest)} in all (--json has them all)")
    return lines


def _part(part: Span, clock: CameraClock | None) -> str:
    return f"{show_span(part, clock)} ({duration_text(part.seconds)})"


def _pending_line(pending: Sequence[Span], clock: CameraClock | None) -> str:
    """Return one line for all of them: they are the end of the range, with what is closed between."""
    length = duration_text(sum(part.seconds for part in pending))
    parts = f" in {len(pending)} parts" if len(pending) > 1 else ""
    return f"{show_span(Span(pending[0].start, pending[-1].end), clock)} ({length}{parts}): {MAY_GROW}"


def _coverage(listing: Listing) -> str:
    if not listing.wanted_seconds:
        return "nothing in the range is of what was asked for"
    wanted = duration_text(listing.wanted_seconds)
    recorded = duration_text(listing.recorded_seconds) if listing.recorded_seconds else "nothing"
    said = [f"{recorded} of {wanted} ({_percent(listing)})"]
    if listing.gaps or not listing.pending:
        said.append(count_text(len(listing.gaps), "gap") if listing.gaps else "no gap")
    if listing.pending:
        said.append(f"{duration_text(sum(part.seconds for part in listing.pending))} pending")
    return ", ".join(said)


def _percent(listing: Listing) -> str:
    """Rounded down: 100.0 % means all of it."""
    if not listing.wanted_seconds:
        return "-"
    return f"{int(1000 * listing.recorded_seconds / listing.wanted_seconds) / 10:.1f} %"
