"""What a camera has of a range: a value, and the same as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camreel.clock import CameraClock
from camreel.errors import NothingRecorded
from camreel.model import DeviceInfo, Recording, Request, Span
from camreel.naming import events_of
from camreel.planning.coverage import Kind, Stretch
from camreel.planning.plan import ExportPlan
from camreel.report import asked_json, camera_json, json_head, span_json


@dataclass(frozen=True, slots=True)
class Listing:
    """One channel. All spans are in straight time (:mod:`camreel.clock.camera_clock`).

    ``request`` is without relative words. ``bytes_to_come`` is about how much an export would still have to fetch, None
    where nobody knows (a timelapse fetches keyframes alone).
    ``nothing`` says why nothing is recorded, None where something is. ``already_there``: an earlier run made the video
    of it, so an export would do nothing.
    """

    request: Request
    device: DeviceInfo
    clock: CameraClock | None
    plan: ExportPlan
    stretches: tuple[Stretch, ...]
    bytes_to_come: int | None
    warnings: tuple[str, ...] = ()
    nothing: NothingRecorded | None = None
    already_there: bool = False

    @property
    def exit_code(self) -> int:
        """0, or 3 where nothing is recorded, nor being written."""
        return self.nothing.exit_code if self.nothing else 0

    @property
    def gaps(self) -> tuple[Span, ...]:
        """What the camera has nothing of, in order."""
        return tuple(stretch.span for stretch in self.stretches if stretch.kind is Kind.GAP)

    @property
    def pending(self) -> tuple[Span, ...]:
        """What is being written, or too recent to be listed."""
        return tuple(stretch.span for stretch in self.stretches if stretch.kind is Kind.PENDING)

    @property
    def recorded_seconds(self) -> float:
        """How much of what is wanted is recorded."""
        return self._seconds(Kind.RECORDED, Kind.EVENT)

    @property
    def wanted_seconds(self) -> float:
        """The range, without what is not asked for."""
        return self._seconds(Kind.RECORDED, Kind.EVENT, Kind.GAP, Kind.PENDING)

    def _seconds(self, *kinds: Kind) -> float:
        return sum(stretch.span.seconds for stretch in self.stretches if stretch.kind in kinds)

    @property
    def least_seconds(self) -> float | None:
        """How long the downloads take at least, where that is known: they are held to a rate."""
        rate = self.request.limit_rate
        return None if rate is None or self.bytes_to_come is None else self.bytes_to_come / rate


def listing_json(listing: Listing) -> dict[str, Any]:
    """The listing as plain values. Keys are a contract: they change only with ``schema``."""
    plan, clock, nothing = listing.plan, listing.clock, listing.nothing
    wanted = listing.wanted_seconds
    return {
        **json_head(),
        "status": "nothing recorded" if nothing else "listed",
        "exit_code": listing.exit_code,
        "asked": asked_json(listing.request),
        "camera": camera_json(listing.request, listing.device, clock),
        "range": span_json(plan.span, clock) | {"seconds": round(wanted, 3)},
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
        "gaps": [_part_json(gap, clock) for gap in listing.gaps],
        "pending": [_part_json(part, clock) for part in listing.pending],
        "timeline": [
            _part_json(stretch.span, clock) | {"kind": stretch.kind.value, "events": list(stretch.events)}
            for stretch in listing.stretches
        ],
        "recordings": [_recording_json(recording, clock) for recording in in_order(plan)],
        "warnings": list(listing.warnings),
        "error": {"kind": type(nothing).__name__, "message": str(nothing), "hint": nothing.hint} if nothing else None,
    }


def dry_run_json(listing: Listing) -> dict[str, Any]:
    """The same, with what an export would do."""
    document = listing_json(listing)
    status = document["status"] if listing.nothing else "planned"
    least = listing.least_seconds
    return document | {
        "status": status,
        "plan": {
            "output": str(listing.request.output),
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


def _recording_json(recording: Recording, clock: CameraClock | None) -> dict[str, Any]:
    return {
        "path": recording.path,
        **_part_json(recording.span, clock),
        "size": recording.size,
        "events": sorted(events_of(recording)),
        "writing": recording.writing,
    }
