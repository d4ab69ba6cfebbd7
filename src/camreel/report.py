"""What an export did: one value, shown as text for people and as JSON for programs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from camreel.clock import CameraClock, asked_length, format_offset
from camreel.errors import CamreelError, printable
from camreel.model import AskedRange, DeviceInfo, Moment, Request, Span, WallTime
from camreel.plan import Account, Hole
from camreel.units import count_text, duration_text, size_text

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ClipReport:
    """One recording of the plan and what became of it.

    ``status``: ``merged``; ``short`` (its bytes ended before its index did; what it has is in the output);
    ``failed`` (could not be downloaded); ``unusable`` (would not demux); ``empty`` (has no picture in the range).
    """

    number: int
    path: str
    span: Span
    status: str
    reason: str | None = None
    size: int | None = None
    covered: Span | None = None

    @property
    def is_lost(self) -> bool:
        """Whether something the camera has of the range is not in the output because of this clip."""
        return self.status in {"failed", "unusable", "short"}


@dataclass(frozen=True, slots=True)
class OutputReport:
    """One video file. Duration in seconds, size in bytes."""

    path: str
    seconds: float
    size: int
    video: str
    audio: str | None
    chapters: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``downloads`` is the folder where the clips were kept, None where they were not."""

    request: Request
    span: Span | None
    clock: CameraClock | None
    device: DeviceInfo | None
    clips: tuple[ClipReport, ...]
    left_out: tuple[tuple[str, int], ...]
    account: Account
    outputs: tuple[OutputReport, ...]
    warnings: tuple[str, ...] = ()
    downloads: str | None = None
    already_there: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether everything that the camera has of the range is in the output, and that is settled."""
        return not self.account.pending and not self.account.lost and not any(clip.is_lost for clip in self.clips)

    @property
    def exit_code(self) -> int:
        """0, or 4 where something is missing (gaps in the recording count only with ``--require-complete``)."""
        if self.already_there:
            return 0
        gaps_matter = self.request.require_complete and self.account.gaps
        return 0 if self.is_complete and not gaps_matter else 4

    @property
    def status(self) -> str:
        """``complete``, ``partial`` or ``already there``."""
        if self.already_there:
            return "already there"
        return "complete" if self.exit_code == 0 else "partial"

    @property
    def covered_seconds(self) -> float:
        """Seconds of the range that are in the output: the range less all that is named as missing."""
        if self.span is None:
            return 0.0
        missing = (*self.account.gaps, *self.account.pending, *self.account.lost)
        return max(0.0, self.span.seconds - sum(hole.span.seconds for hole in missing))


# --- JSON -------------------------------------------------------------------------------------------------------------


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain values. Keys are a contract: they change only with ``schema``."""
    span = report.span
    return {
        "schema": SCHEMA,
        "status": report.status,
        "exit_code": report.exit_code,
        "asked": {"start": _moment(report.request.asked.start), "end": _moment(report.request.asked.end)},
        "camera": _camera_json(report),
        "range": _span_json(span, report.clock) | {"seconds": round(span.seconds, 3)} if span else None,
        "found": {
            "recordings": len(report.clips),
            "bytes": sum(clip.size or 0 for clip in report.clips),
            "left_out": dict(report.left_out),
        },
        "coverage": {
            "seconds": round(report.covered_seconds, 3),
            "percent": round(100 * report.covered_seconds / span.seconds, 2) if span else None,
        },
        "gaps": [_hole_json(hole, report.clock) for hole in report.account.gaps],
        "pending": [_hole_json(hole, report.clock) for hole in report.account.pending],
        "lost": [_hole_json(hole, report.clock) for hole in report.account.lost],
        "clips": [_clip_json(clip, report.clock) for clip in report.clips],
        "outputs": [_output_json(output) for output in report.outputs],
        "downloads": report.downloads,
        "warnings": list(report.warnings),
    }


def error_json(error: CamreelError) -> dict[str, Any]:
    """A run that ended in an error, in the same envelope."""
    return {
        "schema": SCHEMA,
        "status": "error",
        "exit_code": error.exit_code,
        "error": {"kind": type(error).__name__, "message": str(error), "hint": error.hint},
    }


def _camera_json(report: Report) -> dict[str, Any]:
    device, clock = report.device, report.clock
    return {
        "address": str(report.request.address),
        "channel": report.request.channel,
        "stream": report.request.stream.value,
        "model": device.model if device else None,
        "name": device.name if device else None,
        "serial": device.serial if device else None,
        "firmware": device.firmware if device else None,
        "clock": {
            "utc_offset": clock.offset_text,
            "drift_seconds": round(clock.drift.total_seconds(), 1),
            "source": clock.source,
        }
        if clock
        else None,
    }


def _moment(moment: Moment) -> str:
    return moment.isoformat()


def _utc(wall: WallTime, clock: CameraClock | None) -> str | None:
    return clock.to_utc(wall).isoformat().replace("+00:00", "Z") if clock else None


def _span_json(span: Span, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
        "start_utc": _utc(span.start, clock),
        "end_utc": _utc(span.end, clock),
    }


def _hole_json(hole: Hole, clock: CameraClock | None) -> dict[str, Any]:
    return _span_json(hole.span, clock) | {"seconds": round(hole.span.seconds, 3), "reason": hole.reason}


def _clip_json(clip: ClipReport, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "number": clip.number,
        "path": clip.path,
        **_span_json(clip.span, clock),
        "status": clip.status,
        "reason": clip.reason,
        "size": clip.size,
        "covered": _span_json(clip.covered, clock) if clip.covered else None,
    }


def _output_json(output: OutputReport) -> dict[str, Any]:
    return {
        "path": output.path,
        "seconds": round(output.seconds, 3),
        "size": output.size,
        "video": output.video,
        "audio": output.audio,
        "chapters": [{"start": round(start, 3), "title": title} for start, title in output.chapters],
    }


# --- text -------------------------------------------------------------------------------------------------------------


def report_text(report: Report) -> str:
    """The report as lines for a person; nothing in it can steer a terminal."""
    rows: list[tuple[str, str]] = [("Result", _result_line(report))]
    rows += [("Asked", line) for line in asked_lines(report.request.asked, report.span, report.clock)]
    if report.device:
        rows.append(("Camera", camera_line(report.request, report.device)))
    if report.span and not report.already_there:
        rows.append(("Found", _found_line(report)))
        percent = 100 * report.covered_seconds / report.span.seconds
        covered, asked = duration_text(report.covered_seconds), duration_text(report.span.seconds)
        rows.append(("Coverage", f"{covered} of {asked} ({percent:.1f} %)"))
    for label, holes in (
        ("Gap", report.account.gaps),
        ("Pending", report.account.pending),
        ("Lost", report.account.lost),
    ):
        rows += [(label, f"{hole.span} ({duration_text(hole.span.seconds)}): {hole.reason}") for hole in holes]
    rows += [("Clip", _clip_line(clip)) for clip in report.clips if clip.is_lost]
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
            lines.append(" to ".join(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in utc) + " UTC")
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
    return f" (UTC{clock.offset_text})" if clock else ""


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
        line += "; not used: " + ", ".join(f"{count} {reason}" for reason, count in report.left_out)
    return line


def _clip_line(clip: ClipReport) -> str:
    return f"{clip.number} {clip.status}: {clip.path} ({clip.span}): {clip.reason}"


def _output_line(output: OutputReport) -> str:
    sound = output.audio or "no sound"
    return f"{output.path} ({duration_text(output.seconds)}, {size_text(output.size)}, {output.video}, {sound})"
