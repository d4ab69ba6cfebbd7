"""Who holds a store, and which jobs left something in it: small files for people to be told of, never relied on."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from camreel.errors import printable

_LONGEST = 16 << 20
_SUFFIX = ".job"
_OUTPUT_PART = re.compile(r".+\.[0-9a-f]{8}\.part")  # as camreel.output.part_for makes them


@dataclass(frozen=True, slots=True)
class Job:
    """One export: ``name`` is the same for the same request, ``what`` tells it to people.

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
    """Say that this process has it now. Blocking; OSError."""
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")[:19]
    _write(file, asdict(Holder(os.getpid(), since, job.name, job.what)))


def read_holder(file: Path) -> Holder | None:
    """Who has it, where that can be read."""
    try:
        holder = Holder(**_read(file))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (holder.since, holder.name, holder.what)
    return holder if type(holder.pid) is int and all(isinstance(text, str) for text in texts) else None


def job_file(folder: Path, name: str) -> Path:
    """Where the note of the job ``name`` is."""
    return folder / (name + _SUFFIX)


def write_job(folder: Path, job: Job) -> None:
    """Leave a note of the job in the store. Blocking; OSError."""
    _write(job_file(folder, job.name), asdict(job))


def read_jobs(folder: Path) -> dict[Path, Job]:
    """The notes in the store; those that cannot be read are there all the same."""
    return {file: _job(file) for file in sorted(folder.glob(f"*{_SUFFIX}"))}


def _job(file: Path) -> Job:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        fields = _read(file)
        job = Job(**{**fields, "clips": tuple(fields["clips"])})
        if all(isinstance(text, str) for text in (job.name, job.what, job.part, *job.clips)):
            return job
    return Job(file.stem, "a job whose note cannot be read")


def drop_job(folder: Path, job: Job) -> None:
    """It has left nothing. OSError."""
    job_file(folder, job.name).unlink(missing_ok=True)


def output_part(job: Job) -> Path | None:
    """The unfinished video that a killed run has left beside its output."""
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
