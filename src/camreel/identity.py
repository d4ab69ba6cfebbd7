"""How an output says which request it was made by. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from enum import Enum

from camreel.model import AskedAround, Making, Request

# What an output is: all of the range; all that the camera has of it; less than that. Of equal length in the comment, so
# that one can be written over the other in a finished file.
COMPLETE, HAS_GAPS, PARTIAL = STATES = ("complete", "has gaps", "partial")


def fingerprint(request: Request) -> str:
    """32 hex digits that are equal for requests for the same video: camera, channel, stream, range, cut, format.

    ValueError for a relative range: what it means is not known yet.
    """
    address = request.address
    parts = [
        address.host.lower(),
        address.port,
        request.channel,
        request.stream.value,
        *(moment.isoformat() for moment in request.asked.bounds),
        request.whole_clips,
        request.output_format.value,
    ]
    # Only where they were given: without them nothing of this was known, and files of that time are to be known again.
    more: dict[str, object] = {
        "around": isinstance(request.asked, AskedAround),
        "times_in": request.asked.times_in,
        "camera_tz": request.camera_tz,
        "clock_drift": None if request.clock_drift is None else request.clock_drift.total_seconds(),
    }
    more |= {name: _plain(value) for name, value in _unusual(request.making).items()}
    if any(value is not None and value is not False for value in more.values()):
        parts.append(json.dumps(more, sort_keys=True))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _unusual(making: Making) -> dict[str, object]:
    usual = Making()
    values = {field.name: getattr(making, field.name) for field in fields(making)}
    return {name: value for name, value in values.items() if value != getattr(usual, name)}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def comment(request: Request, state: str) -> str:
    """The comment in an output's metadata; all states are equally long."""
    assert state in STATES
    return f"camreel request={fingerprint(request)} {state:<8}"


def made_by(text: str | None, request: Request) -> str | None:
    """The state of a file with the comment ``text`` that came from ``request``; None for any other file."""
    said = (text or "").strip()
    return next((state for state in STATES if said == comment(request, state).strip()), None)
