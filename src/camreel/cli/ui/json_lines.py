"""`--progress json`: what happens, as one JSON object a line on stderr. The keys are a contract, see the README."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from camreel.cli.ui import terminal
from camreel.cli.ui.progress import Progress
from camreel.errors import CamreelError
from camreel.events import (
    ClipFailed,
    ClipFetched,
    ClipProgress,
    ClipStarted,
    Connected,
    Event,
    FilesExamined,
    Gathered,
    MergedUpTo,
    Pictured,
    Planned,
    RangeKnown,
    Retrying,
    Waiting,
    Warned,
)
from camreel.model import Span
from camreel.report import error_fields, reason_text


def is_told_alone(event: Event) -> bool:
    """Whether it has a line of its own; those that come in great numbers are told together, as progress."""
    return not isinstance(event, (ClipProgress, MergedUpTo, FilesExamined, Pictured))


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Where things stand."""
    speed, left = progress.speed, progress.seconds_left
    merged = progress.merged_up_to
    return {
        "phase": progress.phase,
        "received": progress.received,
        "total": progress.total,
        "percent": progress.percent,
        "bytes_per_second": None if speed is None else round(speed),
        "seconds_left": None if left is None else round(left),
        "merged_up_to": None if merged is None else merged.isoformat(),
    }


def say_line(line: dict[str, Any]) -> None:
    """One object, on one line of stderr; ASCII."""
    terminal.remark_whole(json.dumps(line, default=list))  # of a document: lists that are made row by row


def say_log(text: str) -> None:
    """Words that no other line has."""
    say_line({"event": "log", "text": terminal.sanitize(text)})


def end_line(status: str, exit_code: int, paths: Sequence[str], error: CamreelError | None) -> dict[str, Any]:
    """The last line of each run: how it ended, and where its files are."""
    said = None if error is None else error_fields(error)
    return {"event": "end", "status": status, "exit_code": exit_code, "outputs": list(paths), "error": said}


def event_name(event: Event) -> str:
    """``ClipFetched`` is ``clip_fetched``; two names are older than their classes' and are kept."""
    if isinstance(event, RangeKnown):
        return "understood"
    if isinstance(event, FilesExamined):
        return "looking"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def event_fields(event: Event) -> dict[str, Any]:
    """What a line says of it besides its name."""
    if isinstance(event, Connected):
        device = event.device
        facts = {"model": device.model, "name": device.name, "firmware": device.firmware}
        return {"camera": {"address": str(event.address), **facts}}
    if isinstance(event, RangeKnown):
        return {"range": _span(event.span), "utc_offset": event.clock.offset_text if event.clock else None}
    if isinstance(event, Waiting):
        return {"until": event.until.isoformat(), "reason": event.reason, "seconds": event.seconds}
    if isinstance(event, (Planned, Gathered)):
        plan = event.plan
        return {
            "recordings": len(plan.recordings),
            "bytes": plan.listed_bytes,
            "gaps": len(plan.gaps),
            "gap_seconds": round(sum(gap.seconds for gap in plan.gaps), 3),
            "writing": len(plan.writing),
            "left_out": dict(plan.left_out),
        }
    if isinstance(event, ClipStarted):
        return {
            "clip": event.number,
            "path": event.recording.path,
            "size": event.size,
            "attempt": event.attempt,
            "have": event.have,
        }
    if isinstance(event, ClipFetched):
        return {"clip": event.number, "size": event.size, "reused": event.reused}
    if isinstance(event, ClipFailed):
        why = {"reason": reason_text(event.reason), "kind": event.reason.kind.value}
        return {"clip": event.number, "path": event.recording.path, **why}
    if isinstance(event, Retrying):
        return {"what": event.what, "reason": event.reason, "seconds": event.wait}
    if isinstance(event, Warned):
        return {"text": event.text}
    return {}


def _span(span: Span) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}
