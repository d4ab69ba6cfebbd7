"""How a finished video gets its name, and what becomes of the downloads and of what was there before."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.conftest import changed
from tests.fakes import CLOCK, DEVICE, SPAN

from camreel.clock import parse_range
from camreel.diskio import place
from camreel.errors import DiskError
from camreel.media.worker.messages import FilmResult, MergeResult
from camreel.model import Address, Output, Query, Recording, Request, Stream, Target
from camreel.output import finalize
from camreel.output.finalize import finish
from camreel.planning.account import Account, Hole, LossKind, LostReason
from camreel.planning.fingerprint import COMPLETE, comment
from camreel.planning.plan import ExportPlan, plan_export
from camreel.report import ClipReport, Report
from camreel.transfer.store import Store

GAP = Hole(SPAN, LostReason(LossKind.NOT_RECORDED))
LOSS = Hole(SPAN, LostReason(LossKind.NOT_DOWNLOADED, "404"), 1)
BODY = b"head %s tail"


@pytest.fixture(autouse=True)
def _short_films(monkeypatch):
    """A film is any file with a comment in it."""

    def read(path: str) -> str | None:
        found = re.search(rb"camreel request=[^\0]*", Path(path).read_bytes())
        return found and found[0].decode()

    monkeypatch.setattr(finalize, "read_comment", read)


@dataclass
class Desk:
    """A request, its store with the clips of two recordings, and the films that were made of them."""

    folder: Path
    request: Request
    plan: ExportPlan
    store: Store

    def film(self, number: int = 1, said: str = COMPLETE, **changes) -> FilmResult:
        path = self.folder / f"film{number}.part"
        path.write_bytes(b"head %s\0tail %d" % (comment(self.request, said).encode(), number))
        made = FilmResult(str(path), SPAN, 60.0, path.stat().st_size, "h264", 640, 360, 10, "aac", None, 5, ())
        return replace(made, **changes)

    def report(self, *, gaps=(), lost=(), statuses=("merged", "merged"), request=None) -> Report:
        clips = tuple(
            ClipReport(number, each.path, each.span, status)
            for number, (each, status) in enumerate(zip(self.plan.recordings, statuses, strict=True), 1)
        )
        return Report(request or self.request, SPAN, CLOCK, DEVICE, clips, (), Account(gaps, (), lost), ())

    def finish(self, *films: FilmResult, request=None, store: Store | None = None, notes=(), **of_report) -> Report:
        films = films or (self.film(),)
        report = self.report(request=request, **of_report)
        return finish(report, self.plan, store or self.store, MergeResult(films, (), notes))

    def clips(self) -> list[str]:
        """The clips in the store, by the number of their recording, and where they are."""
        names = {self.store.stem(each): str(number) for number, each in enumerate(self.plan.recordings, 1)}
        found = (path.relative_to(self.store.folder) for path in self.store.folder.rglob("*.mp4"))
        return sorted(re.sub("|".join(names), lambda stem: names[stem[0]], path.as_posix()) for path in found)

    def videos(self) -> dict[str, str]:
        """What lies where outputs go, and the state that each says of itself."""
        found = {path.name: path.read_bytes() for path in sorted(self.request.output.file.parent.glob("*.mp4"))}
        states = {name: re.search(rb"request=\w+ ([a-z ]+)", body) for name, body in found.items()}
        return {name: state[1].decode().strip() if state else "" for name, state in states.items()}


@pytest.fixture
def desk(tmp_path) -> Desk:
    output = Output(tmp_path, tmp_path / "out" / "evening.mp4")
    request = Request(
        Target(Address("cam.example", 80), "admin"), Query(parse_range("2026-01-16T08:00", "2026-01-16T09:00")), output
    )
    half = SPAN.start + (SPAN.end - SPAN.start) / 2
    recordings = [
        Recording("/mnt/sd/1.mp4", replace(SPAN, end=half), 4),
        Recording("/mnt/sd/2.mp4", replace(SPAN, start=half), 4),
    ]
    store = Store(tmp_path, request.target.address)
    store.folder.mkdir(parents=True)
    output.file.parent.mkdir()
    plan = plan_export(recordings, SPAN, Stream.MAIN)
    for recording in plan.recordings:
        store.part(recording).write_bytes(b"clip")
        store.complete(recording, ".mp4")
    return Desk(tmp_path, request, plan, store)


def put(desk: Desk, name: str, state: str | None = None, request: Request | None = None) -> Path:
    """Lay a file where an output goes: of ``request`` with ``state``, else a stranger's."""
    path = desk.request.output.file.with_name(name)
    path.write_bytes(b"not ours" if state is None else b"x %s\0" % comment(request or desk.request, state).encode())
    return path


def test_a_complete_video_gets_its_name_and_the_downloads_go(desk):
    report = desk.finish()
    assert desk.videos() == {"evening.mp4": "complete"}
    assert desk.clips() == []
    assert report.downloads is None
    assert report.outputs[0].path == str(desk.request.output.file)


def test_downloads_are_there_until_the_video_has_its_name(desk, monkeypatch):
    """Whatever happens before that, the next run needs them."""
    there: list[list[str]] = []

    def named(part: Path, final: Path, *, overwrite: bool = False) -> None:
        there.append(desk.clips())
        place(part, final, overwrite=overwrite)

    monkeypatch.setattr(finalize, "place", named)
    desk.finish(desk.film(1), desk.film(2))
    assert there == [["1.mp4", "2.mp4"]] * 2
    assert desk.clips() == []


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "do not keep"])
def test_a_video_that_gets_no_name_costs_no_download(desk, keep):
    """Somebody took the name in the meantime: the clips are where they were, and the video is beside."""
    put(desk, "evening.mp4")
    with pytest.raises(DiskError, match="came into being"):
        desk.finish(request=changed(desk.request, keep_files=keep))
    assert desk.clips() == ["1.mp4", "2.mp4"]
    assert (desk.folder / "film1.part").exists()
    assert desk.request.output.file.read_bytes() == b"not ours"
