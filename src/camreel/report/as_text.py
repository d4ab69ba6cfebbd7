"""The report as text for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from camreel.clock import CameraClock, asked_length, is_by_clock, show_moment, show_span
from camreel.errors import printable
from camreel.model import (
    Asked,
    AskedRange,
    DeviceInfo,
    MergeRequest,
    Playback,
    Query,
    Request,
    Span,
    Target,
    Verify,
    WallTime,
)
from camreel.planning.account import Hole, LossKind
from camreel.report.reasons import hole_text, reason_text
from camreel.report.value import AtATime, ClipReport, OutputReport, Report
from camreel.text import count_text, duration_text, size_text

_Item = TypeVar("_Item")

_MOST_LINES = 10  # of gaps, or of clips: more are counted


def report_text(report: Report, *, closing: bool = False) -> str:
    """The report as lines for a person; nothing in it can steer a terminal.

    ``closing``: what was asked and found has just been told on the same screen, and is left out.
    """
    rows = events_rows(report.request.query) if isinstance(report.request, Request) and not closing else []
    rows += [("Asked", f"without {show_span(span, report.clock)}, between the two passes") for span in report.skipped]
    if not closing:
        rows = _asked_and_found(report, rows)
    if report.span:
        covered, asked = duration_text(report.covered_seconds), duration_text(report.asked_seconds)
        wanted = f", of the {duration_text(report.span.seconds)} that the range has" if report.unwanted else ""
        rows.append(("Coverage", f"{covered} of {asked} ({_percent(report)}){wanted}"))
    rows += [("Gap", line) for line in _gap_lines(report.account.gaps, report.clock)]
    rows += [("Pending", _hole_line(hole, report.clock)) for hole in report.account.pending]
    rows += [("Lost", line) for line in _lost_lines(report.account.lost, report.clock)]
    slivers = report.account.slivers
    if sum(sliver.seconds for sliver in slivers) >= 1:
        total = duration_text(sum(sliver.seconds for sliver in slivers))
        rows.append(("Joints", f"{total} in all at {count_text(len(slivers), 'joint')}, less than a second at each"))
    rows += [("Clip", line) for line in _clip_lines(_clips_of_interest(report), report.clock)]
    rows += [("Note", text) for text in (*report.warnings, *report.exec_failures)]
    if report.at_a_time and report.at_a_time.lowest < report.at_a_time.allowed:
        rows.append(("Note", _at_a_time(report.at_a_time)))
    if report.downloads:
        rows.append(("Clips", f"kept in {report.downloads}"))
    if report.playback is not None:
        rows.append(("Playback", _playback_line(report.playback)))
    rows.append(("Result", _result_line(report)))
    for output in report.outputs:
        facts = _output_facts(output)
        if output.span and len(report.outputs) > 1:
            facts = f"{show_span(output.span, report.clock)}: {facts}"
        rows += [("Video", output.path), ("", facts)]
    return "\n".join(aligned(rows))


def _playback_line(playback: Playback) -> str:
    frames = count_text(playback.frames, "picture")
    if playback.verify is Verify.NONE:
        return "nothing of the video was decoded (--verify none)"
    if playback.verify is Verify.FULL:
        return f"all of the video was decoded: {frames}"
    settings = count_text(playback.groups, "encoder setting")
    if playback.groups < playback.groups_of:
        settings = f"{playback.groups} of {count_text(playback.groups_of, 'encoder setting')}"
    return f"{frames} decoded, a sample of {settings} (--verify full decodes all)"


def events_rows(query: Query) -> list[tuple[str, str]]:
    """What is wanted of the range, where that is not all of it."""
    if not query.events:
        return []
    pad = f", and {duration_text(query.pad.total_seconds())} before and after them" if query.pad else ""
    return [("Asked", f"of that only recordings with {' or '.join(query.events)}{pad}")]


def _at_a_time(at_a_time: AtATime) -> str:
    few = f"--max-concurrent {at_a_time.settled} puts less load on it"
    down = f"down to {at_a_time.lowest}, at the end {at_a_time.settled}"
    return f"the camera was overloaded by {at_a_time.allowed} downloads at a time: {down}; {few}"


def _asked_and_found(report: Report, skipped: list[tuple[str, str]]) -> list[tuple[str, str]]:
    request, span, clock = report.request, report.span, report.clock
    if isinstance(request, MergeRequest):
        rows = [("Asked", line) for line in asked_of_clips(request, span, clock)] + skipped
        return [*rows, ("Found", _found_line(report)), ("Times", times_line(report.times_from))] if span else rows
    rows = [("Asked", line) for line in asked_lines(request.asked, span, clock)] + skipped
    if report.device:
        rows.append(("Camera", camera_line(request.target, request.query, report.device)))
    if span:
        rows += [("Clock", line) for line in clock_lines(clock, request.asked)]
        rows.append(("Found", _found_line(report)))
    return rows


def asked_of_clips(request: MergeRequest, span: Span | None, clock: CameraClock | None) -> list[str]:
    """The range of a merge: as asked, or all that the clips hold."""
    if request.asked is not None:
        return asked_lines(request.asked, span, clock)
    files = count_text(len(request.files), "file")
    if span is None or request.in_order:
        return [f"all of {files}"]
    shown = f"all of {files}: {_by_camera(span, clock)} ({duration_text(span.seconds)})"
    return [shown, f"{_utc(span, clock)} UTC"] if clock else [shown]


_TIMES_FROM = {
    "frames": "the clock in their frames",
    "names": "their names and folders",
    "creation_time": "their creation_time",
    "order": "the order in which they were given, one after the other",
}


def times_line(times_from: Sequence[tuple[str, int]]) -> str:
    """Where the times of clips on disk come from."""
    said = [_TIMES_FROM.get(source, source) for source, _ in times_from]
    if len(said) > 1:
        said = [f"{words} ({count})" for words, (_, count) in zip(said, times_from, strict=True)]
    return f"of the clips: by {', '.join(said)}"


def _percent(report: Report) -> str:
    # Rounded down: 100.0 % means all of it.
    tenths = math.floor(1000 * report.covered_seconds / report.asked_seconds)
    return f"{tenths / 10:.1f} %" if tenths or not report.covered_seconds else "under 0.1 %"


def _hole_line(hole: Hole, clock: CameraClock | None) -> str:
    return f"{show_span(hole.span, clock)} ({duration_text(hole.span.seconds)}): {hole_text(hole)}"


def _gap_lines(gaps: Sequence[Hole], clock: CameraClock | None) -> list[str]:
    """The longest ones, in order of time, and the sum of the others."""
    shown = sorted(sorted(gaps, key=lambda gap: -gap.span.seconds)[:_MOST_LINES], key=lambda gap: gap.span)
    lines = [_hole_line(gap, clock) for gap in shown]
    if len(gaps) > len(shown):
        rest = sum(gap.span.seconds for gap in gaps) - sum(gap.span.seconds for gap in shown)
        more = f"{len(gaps) - len(shown)} more, {duration_text(rest)} in all"
        lines.append(f"… and {more} (--json has them all)")
    return lines


def _lost_lines(lost: Sequence[Hole], clock: CameraClock | None) -> list[str]:
    """Return one line for neighbours that were lost for the same reason: ``clips 15 to 40: not tried``."""
    lines = []
    for group in _joined(lost, key=lambda hole: hole.reason):
        first, last = group[0], group[-1]
        numbers = [hole.clip for hole in group if hole.clip is not None]
        if len(numbers) < 2 or numbers[0] == numbers[-1]:
            lines += [_hole_line(hole, clock) for hole in group]
            continue
        length = duration_text(sum(hole.span.seconds for hole in group))
        span = show_span(Span(first.span.start, last.span.end), clock)
        lines.append(f"{span} ({length}): clips {numbers[0]} to {numbers[-1]}: {reason_text(first.reason)}")
    return lines


def _clips_of_interest(report: Report) -> list[ClipReport]:
    """All but those that are listed to end where the range begins, and that have indeed nothing of it."""
    start = report.span.start if report.span else None
    return [clip for clip in report.clips if start is None or clip.status != "empty" or clip.span.end > start]


def _clip_lines(clips: Sequence[ClipReport], clock: CameraClock | None) -> list[str]:
    """What is to be said of clips; one line for neighbours of which it is the same."""
    groups = _joined(
        [clip for clip in clips if clip.reason],
        key=lambda clip: (clip.status, clip.reason),
        follows=lambda one, other: other.number == one.number + 1,
    )
    lines = []
    for group in groups[:_MOST_LINES]:
        first, last = group[0], group[-1]
        assert first.reason is not None
        span, reason = show_span(Span(first.span.start, last.span.end), clock), reason_text(first.reason)
        if first is last:
            lines.append(f"{first.number} {first.status}: {first.path} ({span}): {reason}")
        else:
            lines.append(f"{first.number} to {last.number} {first.status} ({span}): {reason}")
    rest = sum(len(group) for group in groups[_MOST_LINES:])
    return [*lines, f"… and {rest} more (--json has them all)"] if rest else lines


def _joined(
    items: Sequence[_Item],
    key: Callable[[_Item], object],
    follows: Callable[[_Item, _Item], bool] = lambda _one, _other: True,
) -> list[list[_Item]]:
    """Neighbours with the same key, together."""
    groups: list[list[_Item]] = []
    for item in items:
        if groups and key(groups[-1][-1]) == key(item) and follows(groups[-1][-1], item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def aligned(rows: list[tuple[str, str]]) -> list[str]:
    """Labelled lines; a label that is that of the line above is left out. Nothing in them can steer a terminal."""
    lines, last = [], ""
    for label, text in rows:
        lines.append(f"{'' if label == last else label:<9} {printable(text, 2000)}")
        last = label
    return lines


def _result_line(report: Report) -> str:
    done = "merged" if isinstance(report.request, MergeRequest) else "fetched"
    if report.already_there and report.found_as is None:
        return f"skipped: a file of that name is there, and nothing was {done}"
    if report.already_there:
        return f"already there: an earlier run made this video from the same request; nothing was {done}"
    if isinstance(report.request, MergeRequest):
        return _merged_line(report)
    if report.is_empty:
        return "empty: nothing was recorded in this range, so there is no video"
    if report.status == "complete_so_far":
        return _so_far(report, report.request.query)
    if report.video_code == 0 and report.request.output.video.timelapse is not None:
        return "complete: keyframes of all that the camera recorded of this range are in the video"
    if report.video_code == 0 and report.account.gaps:
        recorded = f"(it recorded {_percent(report)} of it)"
        return f"complete: all that the camera recorded of this range is in the video {recorded}"
    if report.video_code == 0:
        return "complete: everything the camera has of this range is in the video"
    if report.is_complete:
        return "partial: the recording has gaps, and --require-complete was given"
    return f"PARTIAL: {_what_is_wrong(report)}; {_again(report.request.query)} to try for the rest"


def _so_far(report: Report, query: Query) -> str:
    """Return up to when it is complete, and what brings the rest."""
    assert report.span is not None
    pending = report.account.pending
    start, end = min(hole.span.start for hole in pending), max(hole.span.end for hole in pending)
    rest = f"{_again(query)} for the rest"
    if start <= report.span.start:
        return f"nothing of it is certain yet, the camera may still be writing all of it: {rest}"
    until = show_span(Span(report.span.start, start), report.clock).partition(" to ")[2]
    last = duration_text((end - start).total_seconds())
    gaps = f", with what the camera recorded ({_percent(report)})" if report.account.gaps else ""
    return f"complete up to {until}{gaps}; the camera may still be writing the last {last}: {rest}"


def _again(query: Query) -> str:
    """How to ask for the same once more: the last hour is another one by then."""
    if not query.was_relative or not isinstance(query.asked, AskedRange):
        return "run the same command again"
    start, end = (moment.isoformat().replace("+00:00", "Z") for moment in query.asked.bounds)
    return f"run it again with --start {start} --end {end}"


def _merged_line(report: Report) -> str:
    what = "of this range " if isinstance(report.request, MergeRequest) and report.request.asked else ""
    if report.video_code == 0 and report.account.gaps:
        return f"complete: all that the clips hold {what}is in the video; the gaps are in none of them"
    if report.video_code == 0:
        return f"complete: everything that the clips hold {what}is in the video"
    if report.is_complete:
        return "partial: there are gaps between the clips, and --require-complete was given"
    return f"PARTIAL: {_what_is_wrong(report)}"


def _what_is_wrong(report: Report) -> str:
    kinds = {clip.reason.kind for clip in report.clips if clip.is_lost and clip.reason}
    if kinds == {LossKind.SHOWN_HIDDEN}:
        return "more is shown than the clips show, see above"
    return "something is missing, see above"


def asked_lines(asked: Asked, span: Span | None, clock: CameraClock | None) -> list[str]:
    """The range as asked, and as the camera's clock and UTC show it."""
    start, end = asked.bounds
    length = duration_text(asked_length(asked).total_seconds())
    if not is_by_clock(asked):
        by = f" by the clock of {asked.times_in}" if asked.times_in else ""
        lines = [f"{_typed(start)} to {_typed(end)}{by} ({length})"]
        if span:
            lines.append(_by_camera(span, clock))
    elif span is None:
        return [f"{_typed(start)} to {_typed(end)} by the camera's clock ({length})"]
    else:
        lines = [f"{_by_camera(span, clock)} ({duration_text(span.seconds)})"]
    if span and clock:
        # With both ends in UTC already, it would be said twice.
        lines.append(f"{_utc(span, clock)} UTC")
    return lines


def _utc(span: Span, clock: CameraClock) -> Span:
    start, end = (WallTime(clock.to_utc(wall).replace(tzinfo=None)) for wall in (span.start, span.end))
    return Span(start, end)


def _typed(moment: WallTime | datetime) -> str:
    return show_moment(moment) if isinstance(moment, datetime) else str(moment)


def _by_camera(span: Span, clock: CameraClock | None) -> str:
    shown = show_span(span, clock)
    uniform = clock is not None and shown == str(Span(clock.shown(span.start), clock.shown(span.end)))
    return f"{shown} by the camera's clock{f', UTC{clock.offset_text}' if clock and uniform else ''}"


def clock_lines(clock: CameraClock | None, asked: Asked | None = None) -> list[str]:
    """Where the camera's offset came from, how wrong its clock is, and what was done about it."""
    if clock is None:
        return ["the camera does not tell its time"]
    offset = f"UTC{clock.offset_text}"
    lines = [clock.source if clock.source.startswith(offset) else f"{offset} ({clock.source})"]
    if clock.weakness:
        lines.append(clock.weakness)
    if clock.seen_drift is None:
        lines.append("the camera does not tell its time: how right its clock is, is not known")
    elif clock.seen_drift:  # what its whole seconds cannot tell is none
        lines.append(f"the camera's clock is {_how_wrong(clock.seen_drift)}{_done_about(clock, asked)}")
    if clock.drift != (clock.seen_drift or timedelta(0)):
        taken = _how_wrong(clock.drift) if clock.drift else "right"
        lines.append(f"it was taken to be {taken} (--clock-drift)")
    return lines


def _how_wrong(drift: timedelta) -> str:
    return f"{duration_text(abs(drift.total_seconds()))} {'fast' if drift > timedelta(0) else 'slow'}"


def _done_about(clock: CameraClock, asked: Asked | None) -> str:
    if asked is None:
        return ""
    if is_by_clock(asked):
        return "; the range is what its picture shows, so it was not shifted"
    if clock.drift != clock.seen_drift:
        return ""
    return "; the range was shifted by that (it is today's drift: at the time of the footage it may have been another)"


def camera_line(target: Target, query: Query, device: DeviceInfo) -> str:
    """Address, model, name, channel and stream in one line."""
    named = f" “{device.name}”" if device.name else ""
    return f"{target.address}: {device.model}{named}, channel {query.channel}, {query.stream.value} stream"


def _found_line(report: Report) -> str:
    total = sum(clip.size or 0 for clip in report.clips)
    line = f"{count_text(len(report.clips), 'recording')}, {size_text(total)}"
    fetched = sum(clip.fetched for clip in report.clips)
    if any(0 < clip.fetched < (clip.size or 0) for clip in report.clips):
        line += f", of which {size_text(fetched)} were fetched"
    return f"{line}; not used: {left_out_text(report.left_out)}" if report.left_out else line


def left_out_text(left_out: Sequence[tuple[str, int]]) -> str:
    """What the camera lists besides: ``1 snapshot, 2 outside the range``."""
    return ", ".join(
        count_text(count, "snapshot") if reason == "snapshots" else f"{count} {reason}" for reason, count in left_out
    )


def _output_facts(output: OutputReport) -> str:
    facts = [size_text(output.size)]
    if output.seconds is not None:
        facts = [duration_text(output.seconds), *facts, output.video or "", output.audio or "no sound"]
    return ", ".join(facts)
