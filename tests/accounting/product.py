"""The product run on a card, in this process, as people run it: what it printed, and what its videos show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av

from camreel.cli import main
from camreel_simulator import Recorded, SimulatedCamera, running

from .cards import Card
from .clips import Cut
from .originals import EIGHT
from .shown import Part

_AROUND = 60  # seconds that are asked for before and after what a card holds


@dataclass(frozen=True)
class Told:
    """How a run ended: its exit code, its report (``--json``), its videos, and the path of each clip."""

    code: int
    report: dict[str, Any]
    parts: tuple[Part, ...]
    paths: tuple[str, ...]

    def says(self, *words: str) -> bool:
        """Whether a note of the report has one of ``words``."""
        notes = " ".join(self.report.get("warnings", [])).lower()
        return any(word in notes for word in words)

    def loses(self, number: int, *words: str) -> bool:
        """Whether a clip is named as one that lost something, with one of ``words``."""
        clip = self.clip(number) or {}
        return self.code == 4 and any(word in (clip.get("reason") or "") for word in words)

    def clip(self, number: int) -> dict[str, Any] | None:
        """What the report says of a clip; None where it does not mention it."""
        return next((each for each in self.report.get("clips", []) if each["path"] == self.paths[number]), None)

    def __str__(self) -> str:
        error = self.report.get("error")
        clips = [
            f"{each['status']}: {each['reason'] or 'well'}, covers {each['covered'] and each['covered']['start']}"
            for each in self.report.get("clips", [])
        ]
        rows = [f"exit {self.code}", *clips, *self.report.get("warnings", [])]
        rows += [f"{what}: {each['reason']}" for what in ("lost", "gaps") for each in self.report.get(what, [])]
        return "\n  ".join([*rows, *([f"{error['message']} {error['hint']}"] if error else [])])


def merge(card: Card, folder: Path, *more: str) -> Told:
    """``camreel merge`` of the clips as files, named as on a card, with ``more`` options."""
    paths = []
    for number, cut in enumerate(card.cuts):
        path = folder / "card" / _path(number, cut)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cut.body)
        paths.append(str(path))
    asked = [f"--{end}={_at(seconds)}" for end, seconds in zip(("start", "end"), card.asked or (), strict=False)]
    in_order = ["--in-order"] if card.is_in_order else []
    return run(["merge", *paths, *asked, *in_order, *more], folder / f"video.{card.container}", paths)


def get(card: Card, folder: Path, *more: str) -> Told:
    """``camreel get`` from a camera that has the card, with ``more`` options."""
    start, end = card.asked or (min(cut.listed[0] for cut in card.cuts) - _AROUND, card.cuts[-1].listed[1] + _AROUND)
    paths = [f"/mnt/sd/{_path(number, cut)}" for number, cut in enumerate(card.cuts)]
    recordings = [
        Recorded(*_listed(cut), cut.body, kind="dav" if cut.dav else "mp4", path=path)
        for cut, path in zip(card.cuts, paths, strict=True)
    ]
    camera = SimulatedCamera(reversed(recordings) if card.is_newest_first else recordings)
    with running(camera) as server, patch.dict("os.environ", AMCREST_PASSWORD=camera.password):
        address = ["--host", f"127.0.0.1:{server.port}", "--username", camera.username]
        asked = ["--start", _at(start), "--end", _at(end)]
        return run(["get", *address, *asked, "--no-input", *more], folder / f"video.{card.container}", paths)


def merge_files(files: Sequence[Path], output: Path, *more: str) -> Told:
    """``camreel merge`` of files that are there."""
    output.unlink(missing_ok=True)
    return run(["merge", *map(str, files), *more], output, [str(file) for file in files])


def _listed(cut: Cut) -> tuple[datetime, datetime]:
    start, end = cut.listed
    return EIGHT + timedelta(seconds=start), EIGHT + timedelta(seconds=end)


def _path(number: int, cut: Cut) -> str:
    """As an Amcrest camera names it; the number is where real ones have a zero."""
    start, end = _listed(cut)
    name = f"{start:%H.%M.%S}-{end:%H.%M.%S}[M][0@{number}][0].{'dav' if cut.dav else 'mp4'}"
    return f"{start:%Y-%m-%d}/001/dav/{start:%H}/{name}"


def _at(seconds: int) -> str:
    return (EIGHT + timedelta(seconds=seconds)).isoformat()


def run(arguments: Sequence[str], output: Path, paths: Sequence[str]) -> Told:
    """The product with these arguments; ``paths`` are how its report calls the clips."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as errors:
        code = main([*arguments, "-o", str(output), "--json"])
    assert out.getvalue().startswith("{"), f"exit {code}, and no report\n{errors.getvalue()}"
    document = json.loads(out.getvalue())
    report = document | (document["runs"][0] if document["runs"] else {})
    parts = tuple(
        Part(Path(each["path"]), track) for each in report.get("outputs", []) for track in _tracks(each["path"])
    )
    return Told(code, report, parts, tuple(paths))


def _tracks(path: str) -> range:
    with av.open(path) as container:
        return range(len(container.streams.video))
