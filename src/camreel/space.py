"""Whether the disk has room for what is to come, before the first byte of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from camreel.diskio import disk_errors
from camreel.errors import DiskError
from camreel.model import Recording, Request, Span
from camreel.planning.plan import ExportPlan
from camreel.text import size_text
from camreel.transfer.resume import held
from camreel.transfer.store import Store

_MOST_BELIEVED = 64 << 30  # bytes; no recording of an hour or so is longer


def check_space(request: Request, plan: ExportPlan, store: Store) -> None:
    """DiskError where the clips that are still to come and the video do not fit. The folders must be there."""
    clips, video = bytes_to_come(plan, store), _video(request, plan)
    with disk_errors(store.folder):
        together = store.folder.stat().st_dev == request.output.parent.stat().st_dev
        places = [(store.folder, clips + video if together else clips)]
        if not together:
            places.append((request.output.parent, video))
        for place, needed in places:
            _check(place, needed, clips, video)


def _check(place: Path, needed: int, clips: int, video: int) -> None:
    free = shutil.disk_usage(place).free
    if needed <= free:
        return
    parts = f"{size_text(clips)} for the clips and {size_text(video)} for the video"
    raise DiskError(
        f"This needs {size_text(needed)} of room in {place}, where {size_text(free)} are free ({parts}).",
        hint="Free some space, choose a folder on another disk with --output-dir, or ask for a shorter range.",
    )


def bytes_to_come(plan: ExportPlan, store: Store) -> int:
    """About how many bytes are still to be downloaded: not what an earlier run left in ``store``."""
    missing = [recording for recording in plan.recordings if store.find(recording) is None]
    sizes = _sizes(plan)
    there = (held(store, recording) for recording in missing)
    needed = sum(int(sizes[recording] * _wanted_share(recording)) for recording in missing)
    return max(0, needed - sum(part.size for part in there if part))


def _video(request: Request, plan: ExportPlan) -> int:
    """Bytes of the video: those of the clips, where they are not cut."""
    sizes = _sizes(plan)
    return sum(
        size if request.whole_clips else int(size * _share(recording, plan.span)) for recording, size in sizes.items()
    )


def _sizes(plan: ExportPlan) -> dict[Recording, int]:
    """The listed size of each recording; where none is listed that can be believed, the mean of the others."""
    listed = {recording: recording.size for recording in plan.recordings}
    known = [size for size in listed.values() if size and size <= _MOST_BELIEVED]
    mean = sum(known) // len(known) if known else 0
    return {recording: size if size and size <= _MOST_BELIEVED else mean for recording, size in listed.items()}


def _wanted_share(recording: Recording) -> float:
    """How much of a recording is to be fetched."""
    return 1.0 if recording.part is None else _share(recording, recording.part)


def _share(recording: Recording, span: Span) -> float:
    """How much of a recording lies in the range."""
    inside = recording.span.overlap(span)
    return min(1.0, inside.seconds / recording.span.seconds) if inside and recording.span.seconds > 0 else 1.0
