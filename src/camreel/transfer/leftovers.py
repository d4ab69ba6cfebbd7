"""What earlier runs have left in an output folder, and the way to be rid of it: ``camreel clean``.

Only names of ours count. Whoever can write the output folder may have put another folder in the place of ours.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camreel.diskio import disk_errors, is_own_file, is_private
from camreel.transfer.folder import KEPT, Folder, is_clip, is_file_of_ours, open_folder
from camreel.transfer.notes import TORN, Job, Listed, output_parts, read_jobs, unfinished_in
from camreel.transfer.store import Store, folder_name, roots_in

_PROBE = re.compile(r"\.camreel[.-][0-9a-f-]+\.part")
_TORN_HOLDER = re.compile(rf".+\.holder{TORN}")
_BESIDE = re.compile(rf".+\.lock(?:-held)?|.+\.holder|{_TORN_HOLDER.pattern}")  # what is beside a camera's folder
_LONGEST_NAME = 234  # with what is appended to it, a name has at most 255 letters
_AT_WORK = 24 * 3600  # seconds; who has not written to a video for so long, writes no more


@dataclass(frozen=True, slots=True)
class Left:
    """One camera's downloads. Sizes in bytes; ``last`` is when the newest of its files was written (a time stamp).

    ``waiting`` are clips and parts that a next run would use, ``kept`` those that ``--keep-files`` keeps for good;
    ``others`` is how many names in its folders are none of ours.
    """

    folder: Path
    waiting: tuple[Path, ...]
    kept: tuple[Path, ...]
    jobs: tuple[Job, ...]
    size: int
    kept_size: int
    last: float
    others: int
    stems: frozenset[str]

    @property
    def name(self) -> str:
        """Return the name of the camera's folder."""
        return self.folder.name

    def clips_of(self, job: Job) -> int:
        """Return how many of the job's clips are here, complete."""
        return sum(stem in self.stems for stem in job.clips)


@dataclass(frozen=True, slots=True)
class _Content:
    """What is in a folder: names of ours with what was found there, scratch folders, and how many others."""

    files: dict[str, os.stat_result]
    scratch: tuple[str, ...]
    others: int


def left_in(output_dir: Path) -> tuple[Left, ...]:
    """Return the downloads under ``output_dir``, by camera. Raises DiskError if they cannot be read."""
    with disk_errors(output_dir):
        return tuple(left for path in roots_in(output_dir) for left in _left_below(path))


def others_in(output_dir: Path, found: tuple[Left, ...]) -> int:
    """Return how many names in our folders under ``output_dir`` are none of ours. Raises DiskError."""
    cameras = {left.folder for left in found}
    count = sum(left.others for left in found)
    with disk_errors(output_dir):
        for path in roots_in(output_dir):
            with open_folder(path) as root:
                names = root.names() if root else []
            count += sum(path / name not in cameras and not _BESIDE.fullmatch(name) for name in names)
    return count


def _left_below(path: Path) -> Iterator[Left]:
    listed: Listed = {}
    with open_folder(path) as root:
        if root is None:
            return
        for name in filter(_is_name, root.names()):
            with root.open(name) as folder:
                if folder is not None and (left := _left(root, folder, listed)):
                    yield left


def _is_name(name: str) -> bool:
    """Return whether a store would call a folder so: no other name leads to it."""
    return len(name) <= _LONGEST_NAME and folder_name(name) == name


def _left(root: Folder, folder: Folder, listed: Listed) -> Left | None:
    """Return what is left in a camera's folder; None if it has no name of ours."""
    own = _content(folder, besides=KEPT)
    with folder.open(KEPT) as inside:
        kept = _content(inside) if inside else _Content({}, (), 0)
    name = folder.path.name
    if not (own.files or own.scratch or kept.files):
        is_held = any(root.find(f"{name}.{what}") for what in ("lock", "holder"))
        if own.others or kept.others or not is_held:
            return None
    jobs = read_jobs(folder.path)
    # A note that others may have written tells only of what is beside the downloads.
    within = None if is_private(folder.path) else root.path.parent
    outputs = {part for job in jobs.values() for part in output_parts(job, within, listed)}
    waiting = (
        *(folder.path / each for each in own.files if is_file_of_ours(each) and not each.endswith(".job")),
        *sorted(outputs),
    )
    in_kept = tuple(folder.path / KEPT / each for each in kept.files)
    found = (*own.files.values(), *kept.files.values())
    here = folder.find(".")
    return Left(
        folder.path,
        waiting,
        in_kept,
        tuple(jobs.values()),
        sum(each.st_size for each in own.files.values()) + sum(path.lstat().st_size for path in outputs),
        sum(each.st_size for each in kept.files.values()),
        max((each.st_mtime for each in found), default=here.st_mtime if here else 0),
        own.others + kept.others,
        frozenset(each.rsplit(".", 1)[0] for each in (*own.files, *kept.files) if is_clip(each)),
    )


def _content(folder: Folder, besides: str | None = None) -> _Content:
    files, scratch, others = {}, [], 0
    for name in folder.names():
        found = folder.find(name)
        if found is None:
            continue
        is_folder = stat.S_ISDIR(found.st_mode)
        if not is_folder and (name == besides or is_file_of_ours(name)):
            files[name] = found
        elif is_folder and besides and folder.is_scratch(name):
            scratch.append(name)
        elif name != besides:
            others += 1
    return _Content(files, tuple(scratch), others)


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
    with store.locked(), disk_errors(store.folder), open_folder(left.folder.parent) as root:
        if root is None:
            return 0
        with root.open(left.name) as folder:
            now = _left(root, folder, {}) if folder else None
            if folder is None or now is None:
                return 0
            _empty(folder, _content(folder, besides=KEPT))
            if kept:
                with folder.open(KEPT) as inside:
                    if inside is not None:
                        _empty(inside, _content(inside))
            for path in now.waiting:
                if path.parent != left.folder:  # an unfinished video
                    path.unlink(missing_ok=True)
    return now.size + (now.kept_size if kept else 0)


def _empty(folder: Folder, content: _Content) -> None:
    for name in content.files:
        folder.remove(name)
    for name in content.scratch:
        folder.remove_scratch(name)


def is_held(left: Left) -> str | None:
    """Describe the run that has those downloads now; None if none has."""
    return _store_of(left).who_has_it()


def _store_of(left: Left) -> Store:
    root = left.folder.parent
    return Store(root.parent, left.name, root=root)
