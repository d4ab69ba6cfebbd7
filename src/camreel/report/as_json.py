"""The report as JSON: a contract with scripts, numbered by ``schema``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar, overload

from camreel._version import __version__
from camreel.clock import CameraClock, format_offset
from camreel.errors import CamreelError
from camreel.model import DeviceInfo, Doubt, MergeRequest, Playback, Query, Request, Span, Target, WallTime
from camreel.planning.account import Hole
from camreel.planning.proof import SearchProof
from camreel.report.reasons import hole_text, reason_text
from camreel.report.value import ClipReport, OutputReport, Report

SCHEMA = 2
_PROGRAM = f"camreel {__version__}"


_Value = TypeVar("_Value")


class JsonRows(Sequence[dict[str, Any]]):
    """A list of documents, each made of one of ``values`` when it is asked for: there may be 100,000."""

    def __init__(self, make: Callable[[_Value], dict[str, Any]], values: Sequence[_Value]) -> None:
        self._count = len(values)
        self._made: Callable[[int], dict[str, Any]] = lambda number: make(values[number])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, number: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, number: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(number, slice):
            return [self._made(each) for each in range(self._count)[number]]
        return self._made(range(self._count)[number])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._made, range(self._count))


def json_head() -> dict[str, Any]:
    """What each JSON document of camreel begins with."""
    return {"schema": SCHEMA, "program": _PROGRAM}


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain values. Keys are a contract: they change only with ``schema``."""
    return {
        key: list(value) if isinstance(value, JsonRows) else value for key, value in report_document(report).items()
    }


def report_document(report: Report) -> dict[str, Any]:
    """The same, to be written piece by piece: its long lists are made while they are read."""
    span, clock, is_of_camera = report.span, report.clock, isinstance(report.request, Request)
    return {
        "schema": SCHEMA,
        "program": _PROGRAM,
        "status": report.status,
        "exit_code": report.exit_code,
        "asked": asked_json(report.request.query if isinstance(report.request, Request) else report.request),
        "camera": camera_json(report.request.target, report.request.query, report.device, report.clock)
        if isinstance(report.request, Request)
        else None,
        "range": span_json(span, report.clock) | {"seconds": round(report.asked_seconds, 3)} if span else None,
        "skipped": [span_json(skipped, report.clock) for skipped in report.skipped],
        "not_wanted": [span_json(unwanted, report.clock) for unwanted in report.unwanted],
        "search": search_json(report.search, report.clock) if report.search else None,
        "found": {
            "recordings": len(report.clips),
            "bytes": sum(clip.size or 0 for clip in report.clips),
            **({"fetched_bytes": sum(clip.fetched for clip in report.clips)} if is_of_camera else {}),
            "left_out": dict(report.left_out),
            **({"times_from": dict(report.times_from)} if report.times_from else {}),
        }
        if span
        else None,
        "coverage": {
            "seconds": round(report.covered_seconds, 3),
            "percent": round(100 * report.covered_seconds / report.asked_seconds, 2),
            "slivers": len(report.account.slivers),
            "slivers_seconds": round(sum(sliver.seconds for sliver in report.account.slivers), 3),
        }
        if span
        else None,
        "gaps": JsonRows(lambda hole: _hole_json(hole, clock), report.account.gaps),
        "pending": JsonRows(lambda hole: _hole_json(hole, clock), report.account.pending),
        "lost": JsonRows(lambda hole: _hole_json(hole, clock), report.account.lost),
        "doubts": JsonRows(lambda doubt: _doubt_json(doubt, clock), report.doubts),
        "clips": JsonRows(lambda clip: _clip_json(clip, clock), report.clips),
        "outputs": [_output_json(output, report.clock) for output in report.outputs],
        "playback": _playback_json(report.playback) if report.playback else None,
        "downloads": report.downloads,
        "concurrency": asdict(report.at_a_time) if report.at_a_time else None,
        "overwritten": span_json(report.overwritten, clock) if report.overwritten else None,
        "exec_failures": list(report.exec_failures),
        "unread": report.unread,
        "warnings": [*report.warnings, *report.exec_failures],
    }


def _playback_json(playback: Playback) -> dict[str, Any]:
    return {
        "verify": playback.verify.value,
        "groups": playback.groups,
        "groups_of": playback.groups_of,
        "frames": playback.frames,
        "failures": [{"clip": each.number, "reason": each.said} for each in playback.failures],
    }


def document_json(
    status: str, exit_code: int, runs: Sequence[dict[str, Any]], error: CamreelError | None = None
) -> dict[str, Any]:
    """All runs of a command, be it one or many, and how they ended together; `error` is of none of them."""
    said = None if error is None else error_fields(error)
    return {**json_head(), "status": status, "exit_code": exit_code, "error": said, "runs": runs}


def error_json(error: CamreelError) -> dict[str, Any]:
    """A command that ended in an error before it came to its runs, in the same envelope."""
    return document_json("error", error.exit_code, (), error)


def error_entry(error: CamreelError) -> dict[str, Any]:
    """A run that ended in an error, as one of the runs of a document."""
    return {"status": "error", "exit_code": error.exit_code, "error": error_fields(error)}


def error_fields(error: CamreelError) -> dict[str, Any]:
    """An error as plain values."""
    return {"kind": type(error).__name__, "message": str(error), "hint": error.hint}


def camera_json(target: Target, query: Query, device: DeviceInfo | None, clock: CameraClock | None) -> dict[str, Any]:
    """Which camera, channel and stream, and what its clock is."""
    return {
        "address": str(target.address),
        "channel": query.channel,
        "stream": query.stream.value,
        "model": device.model if device else None,
        "name": device.name if device else None,
        "serial": device.serial if device else None,
        "firmware": device.firmware if device else None,
        "clock": {
            "utc_offset": clock.offset_text,
            "zone": clock.zone.name,
            "drift_seconds": None if clock.seen_drift is None else _tenths(clock.seen_drift),
            "drift_counted_seconds": _tenths(clock.drift),
            "source": clock.source,
            "weakness": clock.weakness or None,
        }
        if clock
        else None,
    }


def _tenths(length: timedelta) -> float:
    return round(length.total_seconds(), 1) + 0.0  # never -0.0


def asked_json(wanted: Query | MergeRequest) -> dict[str, Any] | None:
    """None where no range was asked for, but all that the clips hold."""
    asked = wanted.asked
    if asked is None:
        return None
    start, end = asked.bounds
    events, pad = (wanted.events, wanted.pad) if isinstance(wanted, Query) else ((), timedelta(0))
    return {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "times_in": asked.times_in,
        "events": list(events) or None,
        "pad_seconds": pad.total_seconds() if events else None,
    }


def _utc(wall: WallTime, clock: CameraClock | None) -> str | None:
    return clock.to_utc(wall).isoformat().replace("+00:00", "Z") if clock else None


def _shown(wall: WallTime, clock: CameraClock | None) -> str:
    return (clock.shown(wall) if clock else wall).isoformat()


def _offset(wall: WallTime, clock: CameraClock | None) -> str | None:
    return format_offset(clock.offset_at(wall)) if clock else None


def span_json(span: Span, clock: CameraClock | None) -> dict[str, Any]:
    """Both ends by the camera's clock, with their offsets, and in UTC."""
    return {
        "start": _shown(span.start, clock),
        "end": _shown(span.end, clock),
        "start_offset": _offset(span.start, clock),
        "end_offset": _offset(span.end, clock),
        "start_utc": _utc(span.start, clock),
        "end_utc": _utc(span.end, clock),
    }


def search_json(search: SearchProof, clock: CameraClock | None) -> dict[str, Any]:
    """Whether the camera's list was proven to be whole, by how many more searches, and else why not."""
    return {
        "proven": search.is_proven,
        "why": search.why or None,
        "searches": search.searches,
        "unproven": [span_json(span, clock) for span in search.unproven],
    }


def moment_json(wall: WallTime, clock: CameraClock | None) -> dict[str, Any]:
    """A moment of straight time, likewise."""
    return {"time": _shown(wall, clock), "offset": _offset(wall, clock), "utc": _utc(wall, clock)}


def _hole_json(hole: Hole, clock: CameraClock | None) -> dict[str, Any]:
    why = {"reason": hole_text(hole), "kind": hole.reason.kind.value}
    return span_json(hole.span, clock) | {"seconds": round(hole.span.seconds, 3), **why}


def _doubt_json(doubt: Doubt, clock: CameraClock | None) -> dict[str, Any]:
    said = {"kind": doubt.kind.value, "believed": doubt.believed, "text": doubt.text}
    return span_json(doubt.span, clock) | {"seconds": round(doubt.span.seconds, 3), **said}


def _clip_json(clip: ClipReport, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "number": clip.number,
        "path": clip.path,
        **span_json(clip.span, clock),
        "status": clip.status,
        "reason": reason_text(clip.reason) if clip.reason else None,
        "kind": clip.reason.kind.value if clip.reason else None,
        "size": clip.size,
        "covered": span_json(clip.covered, clock) if clip.covered else None,
        "frames": asdict(clip.frames) if clip.frames else None,
    }


def _output_json(output: OutputReport, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "path": output.path,
        "span": span_json(output.span, clock) if output.span else None,
        "seconds": None if output.seconds is None else round(output.seconds, 3),
        "size": output.size,
        "video": output.video,
        "audio": output.audio,
        "chapters": [{"start": round(start, 3), "title": title} for start, title in output.chapters],
    }
