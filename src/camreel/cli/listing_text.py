"""What a camera has of a range, as lines for a person: what was understood, each recording, and the sums. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camreel.clock import CameraClock, show_span
from camreel.listing import Listing, in_order
from camreel.model import Recording, Span
from camreel.naming import events_of
from camreel.report import asked_lines, camera_line, clock_lines, events_rows, left_out_text
from camreel.text import count_text, duration_text, size_text, table

_MOST_GAPS = 10
Labelled = tuple[str, str]


def head(listing: Listing, *, note: str = "") -> list[Labelled]:
    """Which camera, and which range; ``note`` is what there is to say of that."""
    request, clock, span = listing.request, listing.clock, listing.plan.span
    ranges = asked_lines(request.asked, span, clock)
    return [
        ("Camera", camera_line(request, listing.device)),
        *_under("Range", [*ranges, *([note] if note else [])]),
        *(("Asked", text) for _, text in events_rows(request)),
        *_under("Clock", clock_lines(clock, request.asked)),
    ]


def totals(listing: Listing) -> list[Labelled]:
    """How much there is, how much of the range that is, and the longest gaps."""
    plan, clock = listing.plan, listing.clock
    found = count_text(len(plan.recordings), "recording")
    if any(recording.size is not None for recording in plan.recordings):
        found += f", {size_text(plan.listed_bytes)}"
    if plan.writing:
        found += f", and {len(plan.writing)} being written"
    if plan.left_out:
        found += f"; not used: {left_out_text(plan.left_out)}"
    rows = [("Found", found), ("Coverage", _coverage(listing))]
    rows += _under("Gap", _longest(listing.gaps, clock))
    rows += _under(
        "Pending",
        [
            f"{_part(part, clock)}: being written, or too recent to be certain of"
            for part in listing.pending[-_MOST_GAPS:]
        ],
    )
    return [*rows, *_under("Note", listing.warnings)]


def planned(listing: Listing) -> list[Labelled]:
    """What an export would do."""
    request, size = listing.request, listing.bytes_to_come
    if listing.nothing:
        return []
    if listing.already_there:
        return [("Video", str(request.output)), ("Result", "already there: there would be nothing to download")]
    if size is None:
        whole = size_text(listing.plan.listed_bytes)
        download = f"keyframes alone, where the camera sends parts of recordings; all of these are {whole}"
        return [("Download", download), ("Video", str(request.output)), ("Result", "nothing was downloaded: --dry-run")]
    here = "" if size or not listing.plan.listed_bytes else ": all of it is here already"
    download = f"about {size_text(size)}{here}"
    if listing.least_seconds:
        download += f", at least {duration_text(max(1, round(listing.least_seconds)))} at --limit-rate"
    return [("Download", download), ("Video", str(request.output)), ("Result", "nothing was downloaded: --dry-run")]


def recordings_table(listing: Listing) -> str:
    """A line for each recording, by the camera's clock; empty where there is none."""
    clock = listing.clock
    with_offsets = clock is not None and bool(clock.changes_in(listing.plan.span))
    rows = [_row(recording, clock, with_offsets=with_offsets) for recording in in_order(listing.plan)]
    if not rows:
        return ""
    lengths = max(len("Length"), *(len(row[2]) for row in rows))
    sizes = max(len("Size"), *(len(row[3]) for row in rows))
    aligned = [
        [start, end, f"{length:>{lengths}}", f"{size:>{sizes}}", events] for start, end, length, size, events in rows
    ]
    return table(("Start", "End", f"{'Length':>{lengths}}", f"{'Size':>{sizes}}", "Events"), aligned)


def summary(cells: Sequence[Sequence[str]]) -> str:
    """One line for each of several channels."""
    return table(("Camera", "Channel", "Recordings", "Size", "Coverage", "Gaps"), cells)


def summary_row(listing: Listing) -> list[str]:
    """How many, how much, how complete, and how many gaps."""
    gaps = count_text(len(listing.gaps), "gap")
    length = sum(gap.seconds for gap in listing.gaps)
    return [
        str(len(listing.plan.recordings)),
        size_text(listing.plan.listed_bytes),
        _percent(listing),
        f"{gaps}, {duration_text(length)}" if length else "none",
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


def _coverage(listing: Listing) -> str:
    if not listing.wanted_seconds:
        return "nothing in the range is of what was asked for"
    recorded, wanted = duration_text(listing.recorded_seconds), duration_text(listing.wanted_seconds)
    gaps = f", {count_text(len(listing.gaps), 'gap')}" if listing.gaps else ", no gap"
    return f"{recorded} of {wanted} ({_percent(listing)}){gaps}"


def _percent(listing: Listing) -> str:
    """Rounded down: 100.0 % means all of it."""
    if not listing.wanted_seconds:
        return "-"
    return f"{int(1000 * listing.recorded_seconds / listing.wanted_seconds) / 10:.1f} %"


def _under(label: str, texts: Sequence[str]) -> list[Labelled]:
    return [(label if number == 0 else "", text) for number, text in enumerate(texts)]
