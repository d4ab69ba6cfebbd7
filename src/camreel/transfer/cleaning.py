"""What earlier runs have left under an output folder, and the way to be rid of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camreel.diskio import disk_errors
from camreel.transfer.holder import Job, output_part, read_jobs
from camreel.transfer.store import ROOT, Store


@dataclass(frozen=True, slots=True)
class Left:
    """One camera's downloads. Sizes in bytes; ``last`` is when the newest of its files was written (a time stamp).

    ``waiting`` are clips and parts that a next run would use, ``kept`` those that ``--keep-files`` keeps for good.
    """

    name: str
    waiting: tuple[Path, ...]
    kept: tuple[Path, ...]
    jobs: tuple[Job, ...]
    size: int
    kept_size: int
    last: float

    def clips_of(self, job: Job) -> int:
        """How many of the job's clips are here, complete."""
        stems = {path.name.rsplit(".", 1)[0] for path in (*self.waiting, *self.kept) if path.suffix != ".part"}
        return sum(stem in stems for stem in job.clips)


def left_in(output_dir: Path) -> tuple[Left, ...]:
    """What there is, by camera. DiskError where it cannot be looked at."""
    root = output_dir / ROOT
    with disk_errors(root):
        if not root.is_dir():
            return ()
        # Where a link leads is not ours.
        folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
        return tuple(_left(folder) for folder in folders)


def _left(folder: Path) -> Left:
    jobs = read_jobs(folder)
    own = tuple(_files(folder))
    kept = tuple(_files(folder / "kept"))
    parts = [part for job in jobs.values() if (part := output_part(job)) is not None]
    waiting = (*(path for path in own if path not in jobs), *parts)
    times = [path.lstat().st_mtime for path in (*own, *kept)]
    return Left(
        folder.name,
        waiting,
        kept,
        tuple(jobs.values()),
        sum(path.lstat().st_size for path in (*own, *parts)),
        sum(path.lstat().st_size for path in kept),
        max(times, default=folder.lstat().st_mtime),
    )


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield from sorted(path for path in folder.iterdir() if path.is_symlink() or path.is_file())


def remove(output_dir: Path, name: str, *, kept: bool) -> int:
    """Remove the downloads of the camera whose folder is called ``name``; bytes that were freed.

    Never those that a run has now: then DiskError. ``kept``: also what was kept for good.
    """
    store = Store(output_dir, name)
    with store.locked():
        left = _left(store.folder)
        with disk_errors(store.folder):
            for path in (*left.waiting, *(left.kept if kept else ()), *read_jobs(store.folder)):
                path.unlink(missing_ok=True)
    return left.size + (left.kept_size if kept else 0)


def is_held(output_dir: Path, name: str) -> str | None:
    """Who has that folder now, in words; None where nobody has."""
    return Store(output_dir, name).who_has_it()
