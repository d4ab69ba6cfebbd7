"""The folder in which the clips of one camera wait: ``OUTPUT_DIR/.amcrest_download/CAMERA``.

Small files beside it say who holds it and which jobs left something in it: for people to read, never relied on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, Timeout

from camreel.diskio import disk_errors, part_of, sync_file
from camreel.errors import DiskError, printable
from camreel.model import Address, Recording
from camreel.transfer.lock import acquire, is_locked

_LONGEST = 16 << 20
_SUFFIX = ".job"
_OUTPUT_PART = re.compile(r".+\.[0-9a-f]{8}\.part")  # as camreel.output.finalize.part_for makes them


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete clip on disk, of ``size`` bytes; ``reused`` if an earlier run downloaded it.

    ``offset`` is how long after the recording's first frame the clip's first is, if it holds a part of the recording;
    ``whole`` is then the size of the recording, if known.
    """

    path: Path
    size: int
    reused: bool
    offset: timedelta = timedelta(0)
    whole: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One export: ``name`` is the same for the same request, ``what`` describes it for people.

    ``clips`` are the stems of the clips that it needs, ``part`` its unfinished output.
    """

    name: str
    what: str
    part: str = ""
    clips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a store, since when (by this computer's clock), and for which job."""

    pid: int
    since: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"process {self.pid}, since {printable(self.since, 30)}: {printable(self.what)}"


def write_holder(file: Path, job: Job) -> None:
    """Write down that this process has it now. Blocking. Raises OSError."""
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")[:19]
    _write(file, asdict(Holder(os.getpid(), since, job.name, job.what)))


def read_holder(file: Path) -> Holder | None:
    """Return who has it; None if the file cannot be read."""
    try:
        holder = Holder(**_read(file))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (holder.since, holder.name, holder.what)
    return holder if type(holder.pid) is int and all(isinstance(text, str) for text in texts) else None


def job_file(folder: Path, name: str) -> Path:
    """Return where the note of the job ``name`` is."""
    return folder / (name + _SUFFIX)


def write_job(folder: Path, job: Job) -> None:
    """Leave a note of the job in the store. Blocking. Raises OSError."""
    _write(job_file(folder, job.name), asdict(job))


def read_jobs(folder: Path) -> dict[Path, Job]:
    """Return the notes in the store; one that cannot be read is an unknown job."""
    return {file: _job(file) for file in sorted(folder.glob(f"*{_SUFFIX}"))}


def _job(file: Path) -> Job:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        fields = _read(file)
        job = Job(**{**fields, "clips": tuple(fields["clips"])})
        if all(isinstance(text, str) for text in (job.name, job.what, job.part, *job.clips)):
            return job
    return Job(file.stem, "a job whose note cannot be read")


def drop_job(folder: Path, job: Job) -> None:
    """Remove the note of a job that has left nothing. Raises OSError."""
    job_file(folder, job.name).unlink(missing_ok=True)


def output_part(job: Job) -> Path | None:
    """Return the unfinished video that a killed run has left beside its output."""
    part = Path(job.part)
    return part if _OUTPUT_PART.fullmatch(part.name) and part.is_absolute() and part.is_file() else None


def _write(file: Path, fields: dict[str, Any]) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}.part")
    new.write_text(json.dumps(fields), encoding="ascii")
    new.replace(file)


def _read(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        fields = json.loads(stream.read(_LONGEST))
    if not isinstance(fields, dict):
        raise TypeError(fields)
    return fields


ROOT = ".amcrest_download"
SUFFIXES = (".mp4", ".dav", ".bin")
_NOTE = ".about.part"


def suffix_for(first_bytes: bytes) -> str:
    """Return the suffix that a clip's first bytes call for; its name and ``Type`` on the camera may differ."""
    if first_bytes[4:8] == b"ftyp":
        return ".mp4"
    return ".dav" if first_bytes[:4] == b"DHAV" or first_bytes[:5] == b"DAHUA" else ".bin"


class Store:
    """The clips of one camera. Names are made of times and a hash: nothing of the camera's goes into them."""

    def __init__(self, output_dir: Path, camera: Address | str) -> None:
        """Open the store of the camera at an address, or by the name of its folder."""
        self._root = output_dir / ROOT
        name = camera if isinstance(camera, str) else camera.authority
        self._name = re.sub(r"[^A-Za-z0-9._-]", "_", name).strip(".") or "camera"
        self.folder = self._root / self._name
        self.kept_folder = self.folder / "kept"
        self._holder = self._root / f"{self._name}.holder"
        self._lock_file = self._root / f"{self._name}.lock"

    @contextmanager
    def locked(self, job: Job | None = None) -> Iterator[None]:
        """Hold the folder: make it if missing, remove it when empty. Raises DiskError if another run has it.

        The system does the locking, so the lock of a dead process is free. ``job`` is what others read meanwhile.
        """
        job = job or Job("", "another run")
        lock = self._acquire(job)
        try:
            with disk_errors(self._holder):
                write_holder(self._holder, job)
            yield
        finally:
            self._tidy()
            with suppress(OSError):
                self._holder.unlink(missing_ok=True)
            if not self.folder.exists():
                with suppress(OSError):
                    Path(lock.lock_file).unlink()
            lock.release()
            _remove_if_empty(self._root)

    def _tidy(self) -> None:
        """Remove the notes of jobs with the last clip or part, and empty folders."""
        _remove_if_empty(self.kept_folder)
        with suppress(OSError):
            notes = read_jobs(self.folder)
            if {*self.folder.iterdir()} == {*notes}:
                for note in notes:
                    note.unlink(missing_ok=True)
        _remove_if_empty(self.folder)

    def who_has_it(self) -> str | None:
        """Describe the run that has the folder now; None if none has. Change nothing."""
        return str(read_holder(self._holder) or "another run") if is_locked(self._lock_file) else None

    def _acquire(self, job: Job) -> BaseFileLock:
        while True:
            with disk_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                try:
                    lock = acquire(self._lock_file)
                except Timeout:
                    raise self._taken(job) from None
            if self.folder.is_dir() and Path(lock.lock_file).exists():
                return lock
            lock.release()  # a run that ended just now removed one of them after we had made it

    def _taken(self, job: Job) -> DiskError:
        holder = read_holder(self._holder)
        if holder is not None and holder.name and holder.name == job.name:
            return DiskError(f"This same job is being done already ({holder}).", hint="Wait until it is done.")
        who = f" ({holder})" if holder else ""
        return DiskError(
            f"Another run of camreel is downloading from this camera into {self.folder}{who}.",
            hint="Wait until it is done, or use another --output-dir.",
        )

    def stem(self, recording: Recording) -> str:
        """Return the name of a clip without its suffix: readable times, and a hash of all that tells recordings apart.

        The wanted part counts: a part is never taken for the whole, nor for another part.
        """
        span = recording.listed or recording.span
        start, end = span.start.naive, span.end.naive
        words = [recording.path, start.isoformat(), end.isoformat(), str(recording.size)]
        if recording.part is not None:
            words += [recording.part.start.isoformat(), recording.part.end.isoformat()]
            start, end = (each.naive for each in (recording.part.start, recording.part.end))
        key = "\n".join(words)
        short = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{start:%Y-%m-%d_%H.%M.%S}-{end:%H.%M.%S}_{short}"

    def find(self, recording: Recording) -> Path | None:
        """Return the complete clip that an earlier run has left, whole or just the wanted part of it."""
        whole = self._find(self.stem(replace(recording, part=None))) if recording.part is not None else None
        return whole or self._find(self.stem(recording))

    def _find(self, stem: str) -> Path | None:
        places = (folder / (stem + suffix) for folder in (self.folder, self.kept_folder) for suffix in SUFFIXES)
        return next((path for path in places if path.is_file()), None)

    def part(self, recording: Recording) -> Path:
        """Return where ``recording`` is downloaded to until it is complete."""
        return part_of(self.folder / self.stem(recording))

    def note(self, recording: Recording) -> Path:
        """Return where the note about that part is."""
        return part_of(self.folder / f"{self.stem(recording)}.about")

    def complete(self, recording: Recording, suffix: str) -> Path:
        """Give a complete part its name. Its note stays until it is on the disk: see :func:`.resume.flush`."""
        final = self.folder / (self.stem(recording) + suffix)
        with disk_errors(final):
            self.part(recording).replace(final)  # the same recording: an older copy is as good
        return final

    def drop_note(self, recording: Recording) -> None:
        """Drop the note of a clip that is on the disk."""
        with disk_errors(self.folder):
            self.note(recording).unlink(missing_ok=True)

    def keep(self, clip: Path) -> None:
        """Keep ``clip`` for good."""
        if clip.parent != self.kept_folder:
            sync_file(clip)
            with disk_errors(self.kept_folder):
                self.kept_folder.mkdir(exist_ok=True)
                clip.replace(self.kept_folder / clip.name)
                part_of(self.folder / f"{clip.stem}.about").unlink(missing_ok=True)

    def set_aside(self, recording: Recording) -> None:
        """Keep a clip that could not be used under another name: the next run downloads it anew."""
        clip = self.find(recording)
        if clip is not None:
            with disk_errors(self.folder):
                clip.replace(self._aside(clip))

    def take_back(self, recording: Recording) -> Path | None:
        """Give the clip that was set aside its name again; return it, None if there is none."""
        stem = self.stem(recording)
        for suffix in SUFFIXES:
            clip = self.folder / (stem + suffix)
            with disk_errors(self.folder):
                if (aside := self._aside(clip)).is_file():
                    return aside.replace(clip)
        return None

    @staticmethod
    def _aside(clip: Path) -> Path:
        return clip.with_name(f"{clip.stem}.unusable{clip.suffix}")

    def drop_part(self, recording: Recording) -> None:
        """Remove the part of a download, and its note."""
        self._drop_part(self.stem(recording))

    def _drop_part(self, stem: str) -> None:
        with disk_errors(self.folder):
            for name in (stem, f"{stem}.about"):
                part_of(self.folder / name).unlink(missing_ok=True)

    def discard(self, recording: Recording) -> None:
        """Remove all files of ``recording``, except a clip that is kept for good."""
        self._discard(self.stem(recording))

    def _discard(self, stem: str) -> None:
        clip = self._find(stem)
        with disk_errors(self.folder):
            if clip is not None and clip.parent == self.folder:
                clip.unlink(missing_ok=True)
            for suffix in SUFFIXES:
                self._aside(self.folder / (stem + suffix)).unlink(missing_ok=True)
            self._drop_part(stem)

    def doubted(self) -> Iterator[tuple[Path, Path]]:
        """Yield each clip that still has a note beside it, with the note."""
        for note in sorted(self.folder.glob("*" + _NOTE)):
            clip = self._find(note.name.removesuffix(_NOTE))
            if clip is not None and clip.parent == self.folder:
                yield clip, note

    def begin_again(self, clip: Path) -> None:
        """Turn ``clip`` into a part again."""
        with disk_errors(clip):
            clip.replace(part_of(clip.with_suffix("")))

    def let_go(self, name: str, *, keep: bool) -> None:
        """Remove the rest of the job ``name``, whose video is complete: its run was killed before it could.

        ``keep``: keep its clips for good. Do nothing if another run has the folder.
        """
        if not job_file(self.folder, name).is_file():
            # Or it was killed when only empty folders and its lock were left to be removed.
            if any(path.exists() for path in (self.folder, self._holder, self._lock_file)):
                with suppress(DiskError), self.locked():
                    pass
            return
        with suppress(DiskError), self.locked():
            job = read_jobs(self.folder).get(job_file(self.folder, name))
            for stem in job.clips if job else ():
                if keep and (clip := self._find(stem)):
                    self.keep(clip)
                self._discard(stem)
            if job and (part := output_part(job)):
                part.unlink(missing_ok=True)
            job_file(self.folder, name).unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


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
        """Return how many of the job's clips are here, complete."""
        stems = {path.name.rsplit(".", 1)[0] for path in (*self.waiting, *self.kept) if path.suffix != ".part"}
        return sum(stem in stems for stem in job.clips)


def left_in(output_dir: Path) -> tuple[Left, ...]:
    """Return the downloads under ``output_dir``, by camera. Raises DiskError if they cannot be read."""
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
    """Remove the downloads of the camera whose folder is called ``name``; return the bytes freed.

    Raises DiskError if a run has them now. ``kept``: also the clips that are kept for good.
    """
    store = Store(output_dir, name)
    with store.locked():
        left = _left(store.folder)
        with disk_errors(store.folder):
            for path in (*left.waiting, *(left.kept if kept else ()), *read_jobs(store.folder)):
                path.unlink(missing_ok=True)
    return left.size + (left.kept_size if kept else 0)


def is_held(output_dir: Path, name: str) -> str | None:
    """Describe the run that has that folder now; None if none has."""
    return Store(output_dir, name).who_has_it()
