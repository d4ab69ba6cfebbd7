"""The report of a look as JSON: a contract with scripts, numbered by ``schema``."""

from __future__ import annotations

from typing import Any

from camreel.looking.moments import Moment, moments
from camreel.looking.value import Look
from camreel.report import camera_json, json_head, moment_json, span_json


def look_json(look: Look) -> dict[str, Any]:
    """The report as plain values. Keys are a contract: they change only with ``schema``."""
    found, clock = look.found, look.clock
    every = moments(look) if found else ()
    return {
        **json_head(),
        "status": look.status,
        "exit_code": look.exit_code,
        "camera": camera_json(look.request, found.device, clock) if found else None,
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
        "every_seconds": look.step.total_seconds() if found else None,
        "passed_over": look.passed_over,
        "pictures": [
            _moment(each, look) | {"recording": each.shot.recording.path, "from": each.shot.way.value}
            for each in every
            if each.shot
        ],
        "missing": [_moment(each, look) | {"reason": each.reason} for each in every if not each.shot],
        "outputs": [{"path": str(path), "kind": path.suffix[1:], "size": size} for path, size in look.outputs],
        "warnings": list(look.warnings),
    }


def _moment(moment: Moment, look: Look) -> dict[str, Any]:
    return moment_json(moment.wall, look.clock) | {"events": list(moment.events), "command": moment.line}
