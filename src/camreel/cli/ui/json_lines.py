"""`--progress json`: what happens, as one JSON object a line on stderr. The keys are a contract, see the README."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
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

_EVERY = 1.0  # seconds between two lines of where things stand


class JsonReporter:
    """A line for each event, and one a second while bytes arrive. ``fields`` stand in each line."""

    def __init__(self, now: Callable[[], float] = time.monotonic, **fields: Any) -> None:
        self._now, self._fields = now, fields
        self._progress = Progress(now)
        self._said_at = now()
        self._said: dict[str, Any] = {}

    def on_event(self, event: Event) -> None:
        """A line, unless it is one of very many: those are told together."""
        self._progress.feed(event)
        if not isinstance(event, (ClipProgress, MergedUpTo, FilesExamined, Pictured)):
            self._say(event_name(event), _facts(event))
        self.tick()

    def tick(self) -> None:
        """Where things stand, once a second, where that is something new."""
        if self._now() - self._said_at < _EVERY:
            return
        self._said_at = self._now()
        state = self._state()
        if state != self._said:
            self._said = state
            self._say("progress", state)

    def _state(self) -> dict[str, Any]:
        progress = self._progress
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

    def log(self, text: str) -> None:
        """A line of the log."""
        self._say("log", {"text": terminal.sanitize(text)})

    def resume(self) -> None:
        """Nothing to begin again."""

    def close(self) -> None:
        """Nothing to tidy."""

    def _say(self, name: str, facts: dict[str, Any]) -> None:
        say_line({"event": name, **self._fields, **facts})


def say_line(line: dict[str, Any]) -> None:
    """One object, on one line of stderr; ASCII."""
    terminal.remark_whole(json.dumps(line))


def error_line(error: CamreelError) -> dict[str, Any]:
    """How a run ended that ended in an error."""
    kind = type(error).__name__
    return {"event": "error", "kind": kind, "exit_code": error.exit_code, "message": str(error), "hint": error.hint}


def event_name(event: Event) -> str:
    """``ClipFetched`` is ``clip_fetched``; two names are older than their classes' and are kept."""
    if isinstance(event, RangeKnown):
        return "understood"
    if isinstance(event, FilesExamined):
        return "looking"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _facts(event: Event) -> dict[str, Any]:
    if isinstance(event, Connected):
        device = event.device
        return {"address": str(event.address), "model": device.model, "name": device.name, "firmware": device.firmware}
    if isinstance(event, RangeKnown):
        return {"range": _span(event.span), "utc_offset": event.clock.offset_text if event.clock else None}
    if isinstance(event, Waiting):
        return {"until": event.until.isoformat(), "reason": event.reason}
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
        return {"clip": event.number, "path": event.recording.path, "reason": event.reason}
    if isinstance(event, Retrying):
        return {"what": event.what, "reason": event.reason, "seconds": event.wait}
    if isinstance(event, Warned):
        return {"text": event.text}
    return {}


def _span(span: Span) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}
