"""How much is fetched where only a part of a long recording is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from benchmarks.check import what_is_not_a_part
from benchmarks.contenders import camreel_get
from benchmarks.footage import CACHE, START, Footage, Kind
from benchmarks.measure import run
from benchmarks.scene import environment, scene

_LISTED = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Hour:
    """A recording, and the part of it that is wanted: ``length`` seconds from ``first`` on."""

    footage: Footage
    first: int
    length: int


def share_fetched(hour: Hour, kind: Kind) -> tuple[float, str | None]:
    """Bytes that were fetched, of those that it takes; and why that does not count, where it does not."""
    footage = replace(hour.footage, kind=kind)
    (path,) = footage.paths()
    index = 0 if kind is Kind.DAV else _index_of(path)
    listing = CACHE / "hour.json"
    item = {
        "path": f"/mnt/sd/2026-01-16/001/{path.name}",
        "file": str(path),
        "start": START.strftime(_LISTED),
        "end": (START + timedelta(seconds=footage.seconds)).strftime(_LISTED),
        "size": str(path.stat().st_size),
    }
    listing.write_text(json.dumps({"items": [item]}))
    begin = START + timedelta(seconds=hour.first)
    end = begin + timedelta(seconds=hour.length)
    with scene(footage, listing=listing) as place:
        place.clear()
        command = camreel_get(place, "--start", begin.isoformat(), "--end", end.isoformat(), "--output-file", "out.mp4")
        cost = run(command, log=place.folder / "log.txt", env=environment(), cwd=place.folder)
        sent = int(place.log()["sent"])
        pictures = footage.fps * hour.length
        wrong = what_is_not_a_part(place.folder / "out.mp4", path, footage.fps * hour.first, pictures)
    if cost.code:
        wrong = f"it ended with {cost.code}"
    # All GOPs are about as large as another.
    wanted = (path.stat().st_size - index) * (hour.length + footage.gop) / footage.seconds
    return sent / (wanted + index), wrong


def _index_of(path: Path) -> int:
    """Bytes of its ``moov``."""
    return next(size for kind, size in _boxes(path) if kind == b"moov")


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    at, total = 0, path.stat().st_size
    with path.open("rb") as file:
        while at < total:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            size = int.from_bytes(head[8:16], "big") if size == 1 else size
            yield head[4:8], size
            at += size
