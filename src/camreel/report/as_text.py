"""The report as lines for a person."""

from __future__ import annotations

import math
from datetime import datetime, timezone

from camreel.clock import CameraClock, asked_length, format_offset
from camreel.errors import printable
from camreel.model import AskedRange, DeviceInfo, Moment, Request, Span, WallTime
from camreel.report.value import ClipReport, OutputReport, Report
from camreel.units import count_text, duration_text, size_text


def report_text(report: Report) -> str:
    """The report as lines for a person; nothing in it can steer a terminal."""
    rows: list[tuple[str, str]] = [("Result", _result_line(report))]
    rows += [("Asked", line) for line in asked_lines(report.request.asked, report.span, report.clock)]
    if report.device:
        rows.append(("Camera", camera_line(report.request, report.device)))
    if report.span:
        rows += [("Clock", line) for line in clock_lines(report.clock)]
        rows.append(("Found", _found_line(report)))
        # Rounded down: 100.0 % means all of it.
        percent = math.floor(1000 * report.covered_seconds / report.span.seconds) / 10
        covered, asked = duration_text(report.covered_seconds), duration_text(report.span.seconds)
        rows.append(("Coverage", f"{covered} of {asked} ({percent:.1f} %)"))
    for label, holes in (
        ("Gap", report.account.gaps),
        ("Pending", report.account.pending),
        ("Lost", report.account.lost),
    ):
        rows += [(label, f"{hole.span} ({duration_text(hole.span.seconds)}): {hole.reason}") for hole in holes]
    slivers = report.account.slivers
    if sum(sliver.seconds for sliver in slivers) >= 1:
        total = duration_text(sum(sliver.seconds for sliver in slivers))
        rows.append(("Joints", f"{total} in all at {count_text(len(slivers), 'joint')}, less than a second at each"))
    rows += [("Clip", _clip_line(clip)) for clip in report.clips if clip.reason]
    rows += [("Note", text) for text in report.warnings]
    if report.downloads:
        rows.append(("Clips", f"kept in {report.downloads}"))
    rows += [("Video", _output_line(output)) for output in report.outputs]
    return "\n".join(_aligned(rows))


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    lines, last = [], ""
    for label, text in rows:
        lines.append(f"{'' if label == last else label:<9} {printable(text, 2000)}")
        last = label
    return lines


def _result_line(report: Report) -> str:
    if report.already_there and report.warnings:
        return "skipped: a file of that name is there, and nothing was fetched"
    if report.already_there:
        return "already there: an earlier run made this video from the same request; nothing was fetched"
    if report.exit_code == 0:
        return "complete: everything the camera has of this range is in the video"
    if report.is_complete:
        return "partial: the recording has gaps, and --require-complete was given"
    return "PARTIAL: something is missing, see below; run the same command again to try for the rest"


def asked_lines(asked: AskedRange, span: Span | None, clock: CameraClock | None) -> list[str]:
    """The range as asked, and as the camera's clock and UTC show it."""
    length = duration_text(asked_length(asked).total_seconds())
    lines = []
    if isinstance(asked.start, datetime):
        lines.append(f"{_real(asked.start)} to {_real(asked.end)} ({length})")
        if span:
            lines.append(f"{span} by the camera's clock{_zone(clock)}")
    else:
        lines.append(f"{span or Span(asked.start, _wall(asked.end))} by the camera's clock{_zone(clock)} ({length})")
        if span and clock:
            utc = [clock.to_utc(wall) for wall in (span.start, span.end)]
            lines.append(f"{Span(*(WallTime(moment.replace(tzinfo=None)) for moment in utc))} UTC")
    return lines


def clock_lines(clock: CameraClock | None) -> list[str]:
    """Where the camera's offset came from, and how wrong its clock is."""
    if clock is None:
        return ["the camera does not tell its time"]
    drift = clock.drift.total_seconds()
    lines = [f"UTC{clock.offset_text} ({clock.source})"]
    if abs(drift) >= 2:  # below that it is the whole second in the camera's answer
        lines.append(f"the camera's clock is {duration_text(abs(drift))} {'fast' if drift > 0 else 'slow'}")
    return lines


def _zone(clock: CameraClock | None) -> str:
    return f", UTC{clock.offset_text}" if clock else ""


def _real(moment: Moment) -> str:
    if isinstance(moment, WallTime):
        return str(moment)
    offset = moment.utcoffset()
    zone = "Z" if moment.tzinfo is timezone.utc or offset is None else format_offset(offset)
    return f"{moment:%Y-%m-%d %H:%M:%S}{zone}"


def _wall(moment: Moment) -> WallTime:
    assert isinstance(moment, WallTime)
    return moment


def camera_line(request: Request, device: DeviceInfo) -> str:
    """Address, model, name, channel and stream in one line."""
    named = f" “{device.name}”" if device.name else ""
    return f"{request.address}: {device.model}{named}, channel {request.channel}, {request.stream.value} stream"


def _found_line(report: Report) -> str:
    total = sum(clip.size or 0 for clip in report.clips)
    line = f"{count_text(len(report.clips), 'recording')}, {size_text(total)}"
    if report.left_out:
        line += "; not used: " + ", ".join(_left_out(count, reason) for reason, count in report.left_out)
    return line


def _left_out(count: int, reason: str) -> str:
    return count_text(count, "snapshot") if reason == "snapshots" else f"{count} {reason}"


def _clip_line(clip: ClipReport) -> str:
    return f"{clip.number} {clip.status}: {clip.path} ({clip.span}): {clip.reason}"


def _output_line(output: OutputReport) -> str:
    facts = [size_text(output.size)]
    if output.seconds is not None:
        facts = [duration_text(output.seconds), *facts, output.video or "", output.audio or "no sound"]
    return f"{output.path} ({', '.join(facts)})"
