"""The figures: what is run, how often, and what each is to be."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.check import what_differs
from benchmarks.contenders import CAMREEL, CAT, CAT_SYNCED, FFMPEG, FFMPEG_SYNCED, PEER, TOOLS, UNPLAYED, Contender
from benchmarks.fetched import Hour, share_fetched
from benchmarks.footage import CACHE, START, Footage
from benchmarks.measure import Cost, run
from benchmarks.scene import ROOT, Scene, environment, scene

from benchmarks import contenders

MB = 1_000_000
_THROTTLED = 100e6 / 8  # 100 Mbit/s


@dataclass(frozen=True)
class Figure:
    """``values``, one a round; ``limit`` is the most that the median may be. ``unit`` is empty for a ratio.

    ``note`` says why there are no values, or what else there is to know.
    """

    name: str
    limit: float
    values: tuple[float, ...] = ()
    unit: str = ""
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return median(self.values) if self.values else None

    @property
    def holds(self) -> bool | None:
        """Whether it is what it is to be; None where it could not be measured."""
        return None if self.value is None else self.value <= self.limit


@dataclass(frozen=True)
class Sizes:
    """How much is run. Where the clips are smaller or fewer than a figure asks, its name says so."""

    rounds: int
    job: Footage
    merge: Footage
    many: Footage
    throttled: tuple[Footage, ...]
    day: Footage | None
    listed: int
    hour: Hour
    every: int  # of each so many-th GOP all pictures are decoded for the check


FULL = Sizes(
    rounds=5,
    job=Footage(40, 25 * MB, 25),
    merge=Footage(60, 60 * MB, 60),
    many=Footage(2000, 1 * MB, 1),
    throttled=(Footage(8, 25 * MB, 25), Footage(80, 25 * MB, 25)),
    day=Footage(1440, 350_000, 60, pixels=(320, 180)),
    listed=20_000,
    hour=Hour(Footage(1, 360 * MB, 3600, pixels=(320, 180)), 1200, 300),
    every=25,
)
QUICK = Sizes(
    rounds=2,
    job=Footage(8, 10 * MB, 10),
    merge=Footage(10, 10 * MB, 10),
    many=Footage(100, 1 * MB, 1),
    throttled=(Footage(2, 10 * MB, 10),),
    day=None,
    listed=2_000,
    hour=Hour(Footage(1, 36 * MB, 360, pixels=(320, 180)), 120, 30),
    every=10,
)
TINY = Sizes(
    rounds=1,
    job=Footage(2, MB // 10, 2, fps=5, pixels=(160, 90)),
    merge=Footage(2, MB // 10, 2, fps=5, pixels=(160, 90)),
    many=Footage(4, MB // 50, 1, fps=5, pixels=(160, 90)),
    throttled=(Footage(1, MB // 10, 2, fps=5, pixels=(160, 90)),),
    day=None,
    listed=200,
    hour=Hour(Footage(1, 3 * MB, 60, fps=5, pixels=(160, 90)), 20, 10),
    every=1,
)

Say = Callable[[str], None]


def all_figures(sizes: Sizes, say: Say, only: str = "") -> Iterator[Figure]:
    """One after the other; ``only`` those of a group."""
    groups = {
        "job": _job,
        "merge": _merge,
        "throttled": _throttled,
        "memory": _memory,
        "fetched": _fetched,
        "start": _start,
    }
    for name, measured in groups.items():
        if only in {"", name}:
            say(f"{name} ...")
            yield from measured(sizes, say)


def _in_turn(
    place: Scene, rivals: list[Contender], sizes: Sizes, say: Say
) -> tuple[dict[str, list[Cost]], dict[str, str]]:
    """All of them, round by round; and why some do not count."""
    costs: dict[str, list[Cost]] = {each.name: [] for each in rivals}
    gone = {each.name: each.why_absent for each in rivals if each.why_absent}
    for number in range(sizes.rounds):
        for each in rivals:
            if each.name in gone:
                continue
            cost = each.run(place)
            wrong = f"it ended with {cost.code}" if cost.code else None
            if wrong is None and each.makes_video:
                wrong = what_differs(each.video(place), place.clips, decoded_every=sizes.every)
            say(f"  round {number + 1}: {each.name}: {cost.wall:.2f} s, processor {cost.cpu:.2f} s; {wrong or 'right'}")
            if wrong is None:
                costs[each.name].append(cost)
            else:
                gone[each.name] = f"what it made does not count: {wrong}"
    return costs, gone


def _ratio(
    name: str,
    limit: float,
    rival: str,
    measured: tuple[dict[str, list[Cost]], dict[str, str]],
    of: Callable[[Cost], float],
) -> Figure:
    costs, gone = measured
    why = gone.get(CAMREEL) or gone.get(rival)
    if why is not None:
        return Figure(name, limit, note=f"{rival}: {why}")
    return Figure(name, limit, tuple(of(a) / of(b) for a, b in zip(costs[CAMREEL], costs[rival], strict=True)))


def _wall(cost: Cost) -> float:
    return cost.wall


def _cpu(cost: Cost) -> float:
    return cost.cpu


def _shown(footage: Footage) -> str:
    return f"{footage.count} clips of {footage.size / MB:g} MB"


def _job(sizes: Sizes, say: Say) -> Iterator[Figure]:
    with scene(sizes.job) as place:
        measured = _in_turn(place, contenders.whole_job(), sizes, say)
        what = f"whole job, {_shown(sizes.job)}"
        yield _ratio(f"{what}: time, of {TOOLS}", 0.8, TOOLS, measured, _wall)
        yield _ratio(f"{what}: time, of {PEER}", 0.25, PEER, measured, _wall)
        yield _ratio(f"{what}: processor, of {TOOLS}", 1.0, TOOLS, measured, _cpu)


def _merge(sizes: Sizes, say: Say) -> Iterator[Figure]:
    with scene(sizes.merge) as place:
        measured = _in_turn(place, contenders.merges(), sizes, say)
        what = f"merge, {_shown(sizes.merge)}"
        yield _ratio(f"{what}: time, of {FFMPEG}", 0.65, FFMPEG, measured, _wall)
        yield _ratio(f"{what}: time, of {CAT}", 2.2, CAT, measured, _wall)
        yield _ratio(f"{what}: time, of {FFMPEG_SYNCED}", 0.65, FFMPEG_SYNCED, measured, _wall)
        yield _ratio(f"{what}: time, of {CAT_SYNCED}", 2.2, CAT_SYNCED, measured, _wall)
        yield _ratio(f"{what}: processor, of {FFMPEG}", 0.65, FFMPEG, measured, _cpu)
    with scene(sizes.job) as place:
        measured = _in_turn(place, contenders.merges_with_and_without_playback(), sizes, say)
        what = f"merge, {_shown(sizes.job)}"
        yield _ratio(f"{what}: processor, of {UNPLAYED}", 1.1, UNPLAYED, measured, _cpu)
    with scene(sizes.many) as place:
        measured = _in_turn(place, contenders.merges()[:3], sizes, say)
        what = f"merge, {_shown(sizes.many)}"
        yield _ratio(f"{what}: time, of {FFMPEG}", 0.5, FFMPEG, measured, _wall)
        yield _ratio(f"{what}: time, of {FFMPEG_SYNCED}", 0.5, FFMPEG_SYNCED, measured, _wall)


def _throttled(sizes: Sizes, say: Say) -> Iterator[Figure]:
    camreel = contenders.whole_job()[0]
    for footage in sizes.throttled:
        with scene(footage, bytes_a_second=_THROTTLED) as place:
            cost = camreel.run(place)
            video = camreel.video(place)
            wrong = what_differs(video, place.clips, decoded_every=sizes.every)
            # Naming a file is the last change to it.
            late = 0.0 if wrong else video.stat().st_ctime - place.log()["last_byte"]
        say(f"  {late:.2f} s after the last byte; processor {cost.cpu:.2f} of {cost.wall:.2f} s; {wrong or 'right'}")
        what = f"camera at 100 Mbit/s, {_shown(footage)}"
        counts = () if wrong else (late,)
        yield Figure(f"{what}: video complete after the last byte", 0.3, counts, "s", wrong or "")
        share = () if wrong else (100 * cost.cpu / cost.wall,)
        yield Figure(f"{what}: processor, all processes from start to end", 6, share, "% of a core", wrong or "")


def _memory(sizes: Sizes, say: Say) -> Iterator[Figure]:
    with scene(sizes.job) as place:
        cost = contenders.whole_job()[0].run(place, memory=True)
    say(f"  {(cost.memory or 0) / MB:.0f} MB")
    yield Figure(f"whole job, {_shown(sizes.job)}: memory", 150, ((cost.memory or 0) / MB,), "MB")
    if sizes.day is None:
        return
    held: dict[str, int] = {}
    for name, limit in {"mp4": 400, "mkv": 150}.items():
        with scene(sizes.day) as place:
            command = contenders.camreel_merge(place, f"day.{name}")
            cost = run(command, log=place.folder / "log.txt", env=environment(), memory=True)
        held[name] = cost.memory or 0
        say(f"  {name}: {held[name] / MB:.0f} MB, exit code {cost.code}")
        yield Figure(f"24 hours at 20 fps with sound in {name}: memory", limit, (held[name] / MB,), "MB")


def _fetched(sizes: Sizes, say: Say) -> Iterator[Figure]:
    hour = sizes.hour
    for kind in ("mp4", "dav"):
        share, wrong = share_fetched(hour, kind)
        say(f"  {kind}: {share:.3f} of the bytes that it takes; {wrong or 'right'}")
        what = f"bytes fetched for {hour.length} s of a recording of {hour.footage.seconds} s ({kind})"
        yield Figure(f"{what}, of theirs, a GOP and the index", 1.15, () if wrong else (share,), note=wrong or "")


def _start(sizes: Sizes, say: Say) -> Iterator[Figure]:
    log = CACHE / "help.txt"
    command = [*contenders.camreel_command(), "--help"]
    helps = [run(command, log=log, env=environment()) for _ in range(max(3, sizes.rounds))]
    yield Figure("--help", 0.2, tuple(cost.wall for cost in helps), "s")
    yield _search(sizes, say)


def _search(sizes: Sizes, say: Say) -> Figure:
    footage = Footage(sizes.listed, 0, 60)
    items = [
        {
            "path": f"/mnt/sd/{number}[M][0@0][{number}].mp4",
            "file": "",
            "start": f"{footage.start_of(number):%Y-%m-%d %H:%M:%S}",
            "end": f"{footage.start_of(number + 1):%Y-%m-%d %H:%M:%S}",
            "size": "1000000",
        }
        for number in range(sizes.listed)
    ]
    CACHE.mkdir(exist_ok=True)
    listing = CACHE / "search.json"
    listing.write_text(json.dumps({"items": items}))
    took = []
    for _ in range(sizes.rounds):
        with scene(footage, listing=listing) as place:
            command = [sys.executable, "-m", "benchmarks.search", str(place.port)]
            command += [START.isoformat(), footage.span[1].isoformat()]
            done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True)
            told = json.loads(done.stdout)
            assert told["recordings"] == sizes.listed
            took.append(told["wall"] - place.log()["talking"])
            say(f"  {told}, the camera's own {place.log()['talking']:.2f} s")
    return Figure(f"search and plan of {sizes.listed:,} recordings, besides the camera's time", 2, tuple(took), "s")


def today() -> str:
    """The date of the figures."""
    return time.strftime("%Y-%m-%d")
