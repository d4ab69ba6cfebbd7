"""Report a look as text for people, and as JSON for programs. Pure.

The keys of the JSON are a contract, numbered by `schema`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from camreel.clock import show_span
from camreel.model import IfExists
from camreel.preview.model import Look, Way, WrittenPage
from camreel.preview.view import Moment, facts_of, moments, shown
from camreel.report import (
    MAY_GROW,
    ReportLine,
    Tone,
    asked_lines,
    camera_json,
    camera_line,
    clock_lines,
    clock_notes,
    json_head,
    moment_json,
    plain_text,
    span_json,
)
from camreel.text import count_text, size_text

_MOST_LINES = 10

_FROM = {
    Way.KEYFRAME: "by their own bytes",
    Way.SNAPSHOT: "from snapshots that the camera made about then",
    Way.SUB: "from recordings of the sub stream",
    Way.WHOLE: "from whole recordings",
}

_NAMES = {".html": "Page", ".htm": "Page", ".png": "Sheet"}


def page_lines(page: WrittenPage) -> list[ReportLine]:
    """Return where the page of several cameras is."""
    files = [
        ReportLine(_NAMES.get(path.suffix.lower(), ""), f"{size_text(size)} ->", str(path))
        for path, size in page.outputs
    ]
    return [*files, *(ReportLine("Note", warning) for warning in page.warnings)]


def outputs_json(outputs: Sequence[tuple[Path, int]]) -> list[dict[str, Any]]:
    """Return the page and the contact sheet as plain values."""
    return [{"path": str(path), "kind": path.suffix[1:], "size": size} for path, size in outputs]


def look_text(look: Look) -> str:
    """Return all of the report as text that cannot steer a terminal."""
    return plain_text(look_lines(look, whole=True))


def look_lines(look: Look, *, told: Collection[str] | None = None, whole: bool = False) -> list[ReportLine]:
    """Return the report: the outcome first, details last.

    `told` are notes that stand on the same screen, below the range: neither is said again. `whole`: with camera and
    clock.
    """
    lines = [_headline(look)]
    more = [path for path, _ in look.outputs[1:]]
    lines += [ReportLine(_NAMES.get(path.suffix.lower(), ""), "", str(path)) for path in more]
    if look.found is None:
        return lines
    rows = [("Looked", fact) for fact in facts_of(look)[1:]]
    rows += [("Pictures", _ways(look))] if any(shot.way is not Way.KEYFRAME for shot in look.shots) else []
    rows += [("Pending", f"{show_span(stretch.span, look.clock)}: {MAY_GROW}") for stretch in look.pending]
    rows += [("Missing", line) for line in _missing(look)]
    rows += [("Note", warning) for warning in look.warnings if warning not in (told or ())]
    if look.is_interrupted and look.request.output.if_exists not in {IfExists.FAIL, IfExists.SKIP}:
        rows.append(("Next", "run the same command again for a complete page"))
    elif look.shots:
        rows.append(("Next", "choose a moment or a range on the page for the command that exports it"))
    request, span = look.request, look.found.span
    if told is None:
        rows += [("Range", line) for line in asked_lines(request.asked, span, look.clock, whole=whole)]
    lines += [ReportLine(label, text) for label, text in rows]
    if told is None and not whole:
        lines += clock_notes(look.clock, request.asked, span, request.target.name)
    rows = []
    if whole:
        camera = camera_line(request.target, request.query, look.found.device, with_firmware=True)
        rows.append(("Camera", camera))
        rows += [("Clock", line) for line in clock_lines(look.clock, request.asked)]
    return lines + [ReportLine(label, text) for label, text in rows]


def _headline(look: Look) -> ReportLine:
    page, size = look.outputs[0] if look.outputs else ("", 0)
    where = f", {size_text(size)} ->" if page else ""
    if look.already_there:
        said = f"a file of this name is there, nothing was fetched{where}"
        return ReportLine("Already there", said, str(page), Tone.WARN)
    pictures = count_text(len(look.shots), "picture")
    if look.is_interrupted:
        return ReportLine("Interrupted", f"{pictures}, {len(look.misses)} missing{where}", str(page), Tone.WARN)
    if look.misses:
        return ReportLine("Partial", f"{pictures}, {len(look.misses)} missing{where}", str(page), Tone.BAD)
    return ReportLine("Complete", f"{pictures}{where}", str(page), Tone.GOOD)


def _ways(look: Look) -> str:
    counted = [(way, sum(shot.way is way for shot in look.shots)) for way in Way]
    return ", ".join(f"{count} {_FROM[way]}" for way, count in counted if count)


def _missing(look: Look) -> list[str]:
    lines = []
    for reason, group in groupby(look.misses, key=lambda miss: miss.reason):
        times = [str(shown(miss.wall, look.clock)) for miss in group]
        said = times[0] if len(times) == 1 else f"{count_text(len(times), 'moment')} from {times[0]} to {times[-1]}"
        lines.append(f"{said}: {reason}")
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"… and {more} more (--json has them all)"] if more > 0 else lines


def look_json(look: Look) -> dict[str, Any]:
    """Return the report as plain values. The keys change only with `schema`."""
    found, clock = look.found, look.clock
    every = moments(look) if found else ()
    return {
        **json_head(),
        "status": look.status,
        "exit_code": look.exit_code,
        "camera": camera_json(look.request.target, look.request.query, found.device, clock) if found else None,
        "range": span_json(found.span, clock) | {"seconds": round(found.span.seconds, 3)} if found else None,
        "found": {
            "recordings": len(found.plan.recordings),
            "bytes": found.plan.listed_bytes,
            "fetched_bytes": look.received,
            "left_out": dict(found.plan.left_out),
        }
        if found
        else None,
        "coverage": [
            span_json(stretch.span, clock) | {"kind": stretch.kind.value, "events": list(stretch.events)}
            for stretch in look.stretches
        ],
        "every_seconds": _seconds(look.choice.step),
        "events_every_seconds": _seconds(look.choice.event_step),
        "passed_over": look.choice.passed_over,
        "passed_over_seconds": round(look.choice.passed_length.total_seconds(), 3),
        "pictures": [
            _moment(each, look) | {"recording": each.shot.recording.path, "from": each.shot.way.value}
            for each in every
            if each.shot
        ],
        "missing": [_moment(each, look) | {"reason": each.reason} for each in every if not each.shot],
        "warnings": list(look.warnings),
    }


def _seconds(step: timedelta | None) -> float | None:
    return None if step is None else step.total_seconds()


def _moment(moment: Moment, look: Look) -> dict[str, Any]:
    return moment_json(moment.wall, look.clock) | {"events": list(moment.events), "command": moment.line}
