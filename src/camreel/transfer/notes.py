"""Small notes in a store: who holds it, and which jobs left something in it. For people to read, never relied on.

Whoever may write the folder may have made them up: they are bounded, and every name in them has one of our patterns.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from camreel.diskio import is_own_file, read_regular, write_whole
from camreel.errors import printable

STEM = re.compile(r"[0-9]{1,4}-[0-9]{2}-[0-9]{2}(?:[_-][0-9]{2}\.[0-9]{2}\.[0-9]{2}){2}_[0-9a-f]{12}")
"""The name of a clip without its suffix, as :meth:`.Store.stem` makes it."""
TORN = r"\.(?:[0-9]{1,10}|[0-9a-f]{8})\.part"
"""How the name of a note goes on while it is being written; earlier versions put the process there."""
_NAME = re.compile(r"[0-9a-f]{12}")
_OUTPUT_PART = re.compile(
    r"(.+\.[0-9a-f]{8})(?:\.[0-9]{1,5})?\.part", re.DOTALL
)  # see camreel.output.finalize.part_for
_SUFFIX = ".job"
_UNKNOWN = "a job whose note cannot be read"
_LONGEST = 8 << 20  # bytes: 100,000 clips
_LONGEST_TOGETHER = 32 << 20
_MOST = 1000  # notes that are read
_MOST_SIGNS = 10_000  # of one kind: there is one, and what the texts have
_LONGEST_HOLDER = 64 << 10
_LONGEST_TEXT = 4096  # characters
_Write = Callable[[Path, bytes], None]


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


def write_holder(file: Path, job: Job, write: _Write = write_whole) -> None:
    """Write down that this process has it now. Blocking. Raises OSError."""
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")[:19]
    write(file, _encoded(asdict(Holder(os.getpid(), since, job.name, job.what))))


def read_holder(file: Path) -> Holder | None:
    """Return who has it; None if the file cannot be read."""
    try:
        holder = Holder(**_decoded(read_regular(file, _LONGEST_HOLDER)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return holder if _is_number(holder.pid) and _are_texts(holder.since, holder.name, holder.what) else None


def job_file(folder: Path, name: str) -> Path:
    """Return where the note of the job ``name`` is."""
    return folder / (name + _SUFFIX)


def write_job(folder: Path, job: Job, write: _Write = write_whole) -> None:
    """Leave a note of the job in the store. Blocking. Raises OSError."""
    write(job_file(folder, job.name), _encoded(asdict(job)))


def read_jobs(folder: Path) -> dict[Path, Job]:
    """Return the notes in the store; one that cannot be read is an unknown job, and so are all beyond the bounds."""
    left = _LONGEST_TOGETHER
    jobs = {}
    for number, file in enumerate(sorted(path for path in folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))):
        job, size = _job(file, min(left, _LONGEST)) if left and number < _MOST else (None, 0)
        left -= size
        jobs[file] = job or Job(file.stem, _UNKNOWN)
    return jobs


def read_job(folder: Path, name: str) -> Job | None:
    """Return the note of the job ``name``; None if there is none that can be read."""
    return _job(job_file(folder, name), _LONGEST)[0]


def _job(file: Path, most: int) -> tuple[Job | None, int]:
    """Return the job of a note, None if it cannot be read; and how many bytes of it were read."""
    try:
        data = read_regular(file, most)
    except OSError as error:
        return None, most if error.errno == errno.EFBIG else 0
    with suppress(ValueError, TypeError, RecursionError, KeyError):
        fields = _decoded(data)
        job = Job(**{**fields, "clips": tuple(fields["clips"])})
        is_ours = _NAME.fullmatch(file.stem) and job.name == file.stem and _are_texts(job.what, job.part)
        if is_ours and all(isinstance(stem, str) and STEM.fullmatch(stem) for stem in job.clips):
            return job, len(data)
    return None, len(data)


Listed = dict[Path, tuple[Path, ...]]
"""The unfinished videos by folder, so that each folder is listed once."""


def output_parts(job: Job, folder: Path | None = None, listed: Listed | None = None) -> tuple[Path, ...]:
    """Return what a killed run has left of its unfinished video, which may be in several files.

    Only regular files of this user with a name of ours; and only those in ``folder``, if it is given.
    """
    part = Path(job.part)
    base = _OUTPUT_PART.fullmatch(part.name)
    if base is None or not part.is_absolute() or ".." in part.parts or (folder is not None and part.parent != folder):
        return ()
    listed = {} if listed is None else listed
    if part.parent not in listed:
        listed[part.parent] = tuple(unfinished_in(part.parent))
    return tuple(path for path in listed[part.parent] if path.name.startswith(f"{base[1]}."))


def unfinished_in(folder: Path) -> Iterator[Path]:
    """Yield the unfinished videos of this user in ``folder``, of runs that were killed or are still at work."""
    with suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if _OUTPUT_PART.fullmatch(path.name) and is_own_file(path))


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) and len(value) <= _LONGEST_TEXT for value in values)


def _encoded(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode("ascii")


def _decoded(data: bytes) -> dict[str, Any]:
    if any(data.count(sign) > _MOST_SIGNS for sign in (b"[", b"{", b":")):
        raise ValueError("no note of ours has so many values")  # which would take a hundred times the room
    fields = json.loads(data)
    if not isinstance(fields, dict):
        raise TypeError(fields)
    return fields
