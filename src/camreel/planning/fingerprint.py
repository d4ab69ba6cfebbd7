"""Identify the request that an output was made by, in the comment of its metadata. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from enum import Enum

from camreel.model import AskedAround, MergeRequest, Request, VideoOptions

# What an output is: all of the range; all that the camera has of it; less than that. Of equal length in the comment, so
# that one can be written over the other in a finished file.
COMPLETE, HAS_GAPS, PARTIAL = STATES = ("complete", "has gaps", "partial")


def fingerprint(request: Request | MergeRequest) -> str:
    """Return 32 hex digits, equal for requests for the same video: camera, channel, stream, range, cut, format.

    A merge has its files in place of the camera. ValueError for a relative range, whose meaning is not known yet.
    """
    if isinstance(request, MergeRequest):
        return _digest(_parts_of_merge(request))
    target, query, output = request.target, request.query, request.output
    parts: list[object] = [
        target.address.host.lower(),
        target.address.port,
        query.channel,
        query.stream.value,
        *(moment.isoformat() for moment in query.asked.bounds),
        output.video.whole_clips,
        output.format.value,
    ]
    # Only where they were given: without them nothing of this was known, and files of that time are to be known again.
    more: dict[str, object] = {
        "around": isinstance(query.asked, AskedAround),
        "times_in": query.asked.times_in,
        "camera_tz": target.camera_tz,
        "events": list(query.events) or None,
        "pad": query.pad.total_seconds() or None,
        "clock_drift": None if target.clock_drift is None else target.clock_drift.total_seconds(),
    }
    more |= {name: _plain(value) for name, value in _unusual(output.video).items()}
    if any(value is not None and value is not False for value in more.values()):
        parts.append(json.dumps(more, sort_keys=True))
    return _digest(parts)


def _parts_of_merge(request: MergeRequest) -> list[object]:
    asked = request.asked
    files = [[str(file.path), file.size, file.changed] for file in request.files]
    return [
        "merge",
        files if request.in_order else sorted(files),
        None if asked is None else [moment.isoformat() for moment in asked.bounds],
        request.output.video.whole_clips,
        request.output.format.value,
        request.camera_tz,
        request.in_order,
        {name: _plain(value) for name, value in _unusual(request.output.video).items()},
    ]


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _unusual(video: VideoOptions) -> dict[str, object]:
    """Return the options that are not as usual, but for ``whole_clips``, which has a place of its own."""
    usual = VideoOptions()
    values = {field.name: getattr(video, field.name) for field in fields(video) if field.name != "whole_clips"}
    return {name: value for name, value in values.items() if value != getattr(usual, name)}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def comment(request: Request | MergeRequest, state: str) -> str:
    """Return the comment for an output's metadata. It is equally long for all states."""
    assert state in STATES
    return _comment(fingerprint(request), state)


def _comment(request: str, state: str) -> str:
    return f"camreel request={request} {state:<8}"


def is_ours(text: str | None) -> bool:
    """Return whether a file with the comment `text` was made by any request of camreel."""
    return (text or "").startswith("camreel request=")


def made_by(text: str | None, request: Request | MergeRequest) -> str | None:
    """Return the state of a file with the comment `text` that `request` made; None for any other file."""
    return state_in(text, fingerprint(request))


def state_in(text: str | None, request: str) -> str | None:
    """Return the same for the request with the fingerprint `request`."""
    said = (text or "").strip()
    return next((state for state in STATES if said == _comment(request, state).strip()), None)
