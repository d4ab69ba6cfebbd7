"""What earlier runs have left in an output folder, and the way to be rid of it: ``camreel clean``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camreel.diskio import disk_errors, is_own_file, is_own_folder, is_private
from camreel.transfer.notes import Job, output_parts, read_jobs, unfinished_in
from camreel.transfer.store import Store, files_in, roots_in

_PROBE = re.compile(r"\.camreel[.-][0-9a-f-]+\.part")
_TORN_HOLDER = re.compile(r".+\.holder\.(?:[0-9]+|[0-9a-f]{8})\.part")
_AT_WORK = 24 * 3600  # seconds; who has not written to a video for so long, writes no more


@dataclass(frozen=True, slots=True)
class Left:
    """One camera's downloads. Sizes in bytes; ``last`` is when the newest of its files was written (a time stamp).

    ``waiting`` are clips and parts that a next run would use, ``kept`` those that ``--keep-files`` keeps for good.
    """

    folder: Path
    waiting: tuple[Path, ...]
    kept: tuple[Path, ...]
    jobs: tuple[Job, ...]
    size: int
    kept_size: int
    last: float

    @property
    def name(self) -> str:
        """Return the name of the camera's folder."""
        return self.folder.name

    def clips_of(self, job: Job) -> int:
        """Return how many of the job's clips are here, complete."""
        stems = {path.name.rsplit(".", 1)[0] for path in (*self.waiting, *self.kept) if path.suffix != ".part"}
        return sum(stem in stems for stem in job.clips)


def left_in(output_dir: Path) -> tuple[Left, ...]:
    """Return the downloads under ``output_dir``, by camera. Raises DiskError if they cannot be read."""
    with disk_errors(output_dir):
        folders = [folder for root in roots_in(output_dir) for folder in sorted(root.iterdir())]
        # Where a link leads is not ours.
        return tuple(_left(folder) for folder in folders if is_own_folder(folder))


def _left(folder: Path) -> Left:
    jobs = read_jobs(folder)
    own = tuple(files_in(folder))
    kept = tuple(files_in(folder / "kept"))
    # A note that others may have written tells only of what is beside the downloads.
    within = None if is_private(folder) else folder.parent.parent
    outputs = {part for job in jobs.values() for part in output_parts(job, within)}
    waiting = (*(path for path in own if path not in jobs), *sorted(outputs))
    times = [path.lstat().st_mtime for path in (*own, *kept)]
    return Left(
        folder,
        waiting,
        kept,
        tuple(jobs.values()),
        sum(path.lstat().st_size for path in (*own, *outputs)),
        sum(path.lstat().st_size for path in kept),
        max(times, default=folder.lstat().st_mtime),
    )


def unfinished(output_dir: Path, found: tuple[Left, ...]) -> tuple[Path, ...]:
    """Return what killed runs have left in ``output_dir`` that no downloads tell of: unfinished videos, torn notes.

    Raises DiskError.
    """
    told = {path for left in found for path in left.waiting}
    with disk_errors(output_dir):
        videos = [path for path in unfinished_in(output_dir) if path not in told and _is_idle(path)]
        probes = [path for path in output_dir.glob(".camreel*.part") if _PROBE.fullmatch(path.name)]
        torn = (path for path in (*probes, *_torn_holders(output_dir)) if is_own_file(path))
        return tuple(dict.fromkeys((*videos, *torn)))


def _torn_holders(output_dir: Path) -> Iterator[Path]:
    for root in roots_in(output_dir):
        yield from (path for path in sorted(root.glob("*.part")) if _TORN_HOLDER.fullmatch(path.name))


def _is_idle(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > _AT_WORK


def remove(left: Left, *, kept: bool) -> int:
    """Remove the downloads of one camera; return the bytes freed. ``kept``: also the clips that are kept for good.

    Raises DiskError if a run has them now.
    """
    store = _store_of(left)
    with store.locked():
        left = _left(store.folder)
        with disk_errors(store.folder):
            for path in (*left.waiting, *(left.kept if kept else ()), *read_jobs(store.folder)):
                path.unlink(missing_ok=True)
    return left.size + (left.kept_size if kept else 0)


def is_held(left: Left) -> str | None:
    """Describe the run that has those downloads now; None if none has."""
    return _store_of(left).who_has_it()


def _store_of(left: Left) -> Store:
    root = left.folder.parent
    return Store(root.parent, left.name, root=root)
