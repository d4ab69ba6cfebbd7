"""The cells of the fault matrix, and how one is run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.conftest import IS_SOAK, NOW, START, Bench, Ran, frame_md5s

from camreel.model import Address
from camreel_simulator import (
    ClipSpec,
    DeviceClock,
    Fault,
    LoggedRequest,
    Quirks,
    Recorded,
    SimulatedCamera,
    running,
    scene_schedule,
)

FAR = 150_000  # bytes; beyond the 64 KiB below which nothing is continued, and not the end of a clip
AT_A_TIME = 4  # cells: most of a stall is waiting

KINDS = (
    Fault("drop", at=FAR),
    Fault("reset"),
    Fault("stall", at=FAR),
    Fault("silent"),
    Fault("short_body", at=5000),
    Fault("wrong_length", at=5000),
    Fault("garbage"),
    Fault("empty"),
    Fault("status", status=503),
    Fault("status", status=404),
    Fault("error_page"),
    Fault("error_text", text="Error\r\nBad Request!\r\n"),
)
# What a device may get wrong about a part: each comes after a connection that broke.
LIES = (
    Fault("ignore_range"),
    Fault("range_start", at=1),
    Fault("range_total", at=1),
    Fault("range_bytes"),
    Fault("range_unsaid"),
    Fault("range_refused"),
)
# Answers that belong nowhere: each is asked again, once.
ODD = (
    Fault("status", status=204, text=""),
    Fault("status", status=202),
    Fault("status", status=302, text="x" * 100_000, headers=(("Location", "/elsewhere"),)),
    Fault("status", status=429),
    Fault("status", status=101, text=""),
    Fault("part_unasked", at=1000),
    Fault("part_as_whole", at=1000),
    Fault("packed"),
    Fault("not_http"),
)
# What is not worth another try is lost the first time: the camera said that it is not there.
FINAL = {("status", 404)}
# What breaks off, and goes on with Range: each answer brings it forward.
CONTINUED = {"drop", "stall"}


@dataclass(frozen=True)
class Cell:
    """One fault, on one clip, once or always, on a device with or without Range."""

    fault: Fault
    clip: int
    always: bool
    ranges: bool

    @property
    def name(self) -> str:
        """Of the fault."""
        return f"{self.fault.kind}-{self.fault.status}" if self.fault.kind == "status" else self.fault.kind

    def __str__(self) -> str:
        times = "always" if self.always else "once"
        return f"{self.name}-{times}-clip{self.clip}-{'ranges' if self.ranges else 'whole'}"

    @property
    def is_lost(self) -> bool:
        """Whether that clip cannot be had."""
        kind = self.fault.kind
        if (kind, self.fault.status) in FINAL:
            return True
        return self.always and self.fault not in LIES and not (self.ranges and kind in CONTINUED)


CELLS = tuple(
    Cell(fault, clip, always, ranges)
    for fault in KINDS
    for ranges in (True, False)
    for always in (False, True)
    for clip in (1, 2, 3)
)
CELLS += tuple(Cell(fault, clip, always, True) for fault in LIES for always in (False, True) for clip in (1, 2, 3))
if not IS_SOAK:  # of each six one, by turns: of each fault two, with each clip
    CELLS = tuple(cell for at, cell in enumerate(CELLS) if at % 6 == at // 6 % 6)
CELLS += tuple(Cell(fault, 2, always, always) for fault in ODD for always in (False, True))


@dataclass(frozen=True)
class Outcome:
    """What came of a cell."""

    cell: Cell
    ran: Ran
    stand: Bench
    log: tuple[LoggedRequest, ...]
    sent: dict[str, int]
    open_finders: int
    rejected_logins: int

    @property
    def struck(self) -> Recorded:
        """The recording with the fault."""
        return self.stand.camera.recordings[self.cell.clip - 1]

    @property
    def requests(self) -> list[LoggedRequest]:
        """Those for it, logged in."""
        path = self.struck.path
        return [one for one in self.log if one.authorized and one.decoded.endswith(f"RPC_Loadfile{path}")]


def long_clips() -> list[Recorded]:
    """Three abutting clips of 4 s and 200 kB each: every picture a keyframe, so that all bytes matter."""
    return scene_schedule(START, 3, seconds=4, spec=ClipSpec(start=START, seconds=4, size=(160, 90), gop=1, crf=5))


@cache
def md5s_of_clip(number: int) -> tuple[str, ...]:
    """The pictures of clip ``number``."""
    return tuple(frame_md5s(long_clips()[number - 1].body()))


def run_cells(cells: list[Cell], folder: Path) -> dict[Cell, Outcome]:
    """Each with a camera and a folder of its own."""
    for clip in long_clips():
        clip.length()  # made now
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        outcomes = threads.map(lambda numbered: _run(numbered[1], folder / str(numbered[0])), enumerate(cells))
        return dict(zip(cells, outcomes, strict=True))


def _run(cell: Cell, folder: Path) -> Outcome:
    recordings = long_clips()
    path = recordings[cell.clip - 1].path
    faults = [replace(cell.fault, target=path, times=None if cell.always else 1)]
    if cell.fault in LIES:
        faults.insert(0, Fault("drop", target=path, at=FAR))
    camera = SimulatedCamera(recordings, quirks=Quirks(ranges=cell.ranges), faults=faults, clock=DeviceClock.fixed(NOW))
    with running(camera) as server:
        stand = Bench(camera, Address("127.0.0.1", server.port), folder)
        ran = stand.export()
        return Outcome(cell, ran, stand, camera.log, camera.bytes_sent, camera.open_finders, camera.rejected_logins)
