"""How much is fetched where only a part of a long recording is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.check import what_is_not_a_part
from benchmarks.contenders import camreel_get
from benchmarks.footage import CACHE, START, Footage
from benchmarks.measure import run
from benchmarks.scene import environment, scene

from camreel_simulator import ClipSpec, make_clip, make_dav

_LISTED = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Hour:
    """A recording, and the part of it that is wanted: ``length`` seconds from ``first`` on."""

    footage: Footage
    first: int
    length: int


def share_fetched(hour: Hour, kind: str) -> tuple[float, str | None]:
    """Bytes that were fetched, of those that it takes; and why that does not count, where it does not."""
    made = _mp4 if kind == "mp4" else _dav
    path, as_mp4, name, index = made(hour)
    listing = CACHE / "hour.json"
    item = {
        "path": f"/mnt/sd/2026-01-16/001/{name}",
        "file": str(path),
        "start": START.strftime(_LISTED),
        "end": (START + timedelta(seconds=hour.footage.seconds)).strftime(_LISTED),
        "size": str(path.stat().st_size),
    }
    listing.write_text(json.dumps({"items": [item]}))
    begin = START + timedelta(seconds=hour.first)
    end = begin + timedelta(seconds=hour.length)
    with scene(hour.footage, listing=listing) as place:
        place.clear()
        command = camreel_get(place, "--start", begin.isoformat(), "--end", end.isoformat(), "--output-file", "out.mp4")
        cost = run(command, log=place.folder / "log.txt", env=environment(), cwd=place.folder)
        sent = int(place.log()["sent"])
        pictures = hour.footage.fps * hour.length
        wrong = what_is_not_a_part(place.folder / "out.mp4", as_mp4, hour.footage.fps * hour.first, pictures)
    if cost.code:
        wrong = f"it ended with {cost.code}"
    # All GOPs are about as large as another.
    wanted = (path.stat().st_size - index) * (hour.length + hour.footage.gop) / hour.footage.seconds
    return sent / (wanted + index), wrong


def _mp4(hour: Hour) -> tuple[Path, Path, str, int]:
    (path,) = hour.footage.paths()
    return path, path, path.name, _index_of(path)


def _dav(hour: Hour) -> tuple[Path, Path, str, int]:
    """The same as a recorder's own container, in smaller pictures; and as an mp4, to compare with."""
    footage = hour.footage
    spec = ClipSpec(START, footage.seconds, fps=footage.fps, size=(160, 90), gop=footage.gop * footage.fps, crf=40)
    folder = CACHE / f"{footage.name}-dav"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("hour.dav", make_dav), ("hour.mp4", make_clip)):
        if not (folder / name).exists():
            part = folder / "part"
            part.write_bytes(make(spec))
            part.replace(folder / name)
    name = f"00.00.00-{START + timedelta(seconds=footage.seconds):%H.%M.%S}[R][0@0][0].dav"
    return folder / "hour.dav", folder / "hour.mp4", name, 0


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
