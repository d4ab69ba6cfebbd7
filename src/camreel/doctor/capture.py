"""The answers of a redacted visit as an archive, which the simulated camera can replay.

``capture.json`` lists them as ``camreel_simulator.replay`` reads them; beside it is the check-up, for what the answers
alone do not tell (how it logs in, how it closes connections). Refusals are not in it, nor any header but the type.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from camreel.devices.interview import Question
from camreel.diskio import create_new, disk_errors, place, random_part
from camreel.doctor.checkup import Checkup
from camreel.doctor.report import checkup_json
from camreel.doctor.visit import CheckSession
from camreel.errors import UsageError

_LONGEST_TYPE = 200


def refuse_existing(path: Path) -> None:
    """Raise UsageError if ``path`` is taken or cannot be: before anybody is asked for a password."""
    if os.path.lexists(path):
        raise UsageError(f"--capture {path} already exists and was not overwritten.", hint="Give another name.")
    if not path.parent.is_dir():
        raise UsageError(f"--capture {path}: there is no folder {path.parent}.")


def write_capture(path: Path, session: CheckSession, checkup: Checkup) -> int:
    """Write the archive and return how many answers are in it. Never over a file. DiskError if it cannot be.

    Only the owner may read it: it is redacted, but people should look into it before they send it.
    """
    part = random_part(path)
    with disk_errors(path):
        handle = create_new(part)
    try:
        with disk_errors(path), os.fdopen(handle, "wb") as file:
            count = _write(file, session.sheet.asked, checkup_json(checkup))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    place(part, path)
    return count


def _write(file: IO[bytes], asked: Iterable[Question], report: dict[str, Any]) -> int:
    rows: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in asked:
            if one.status is None or one.status == 401 or 300 <= one.status < 400:
                continue
            name = f"bodies/{len(rows) + 1:04}.txt" if one.body else None
            if name is not None:
                _put(archive, name, one.body)
            kind = re.sub(r"[^ -~]", "?", one.content_type)[:_LONGEST_TYPE] or "text/plain"
            headers = {"content-type": kind}
            rows.append({"method": "GET", "target": one.target, "status": one.status, "headers": headers, "body": name})
        _put(archive, "capture.json", json.dumps(rows, indent=1).encode("ascii"))
        _put(archive, "checkup.json", json.dumps(report, indent=1).encode("ascii"))
    return len(rows)


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name)  # of 1980: when it was made is nobody's business
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    archive.writestr(info, data)
