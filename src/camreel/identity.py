"""How an output says which request it was made by. Pure."""

from __future__ import annotations

import hashlib
import json

from camreel.model import Request

_COMPLETE = "complete"
_PARTIAL = "partial "  # as long, so that one can be written over the other in a finished file


def fingerprint(request: Request) -> str:
    """32 hex digits that are equal for requests for the same video: camera, channel, stream, range, cut, format."""
    address = request.address
    parts = [
        address.host.lower(),
        address.port,
        request.channel,
        request.stream.value,
        request.asked.start.isoformat(),
        request.asked.end.isoformat(),
        request.whole_clips,
        request.output_format.value,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def comment(request: Request, *, complete: bool) -> str:
    """The comment in an output's metadata."""
    return f"camreel request={fingerprint(request)} {_COMPLETE if complete else _PARTIAL}"


def made_by(text: str | None, request: Request) -> str | None:
    """``complete`` or ``partial`` where a file with the comment ``text`` came from ``request``; else None."""
    for complete in (True, False):
        if text is not None and text.strip() == comment(request, complete=complete).strip():
            return "complete" if complete else "partial"
    return None
