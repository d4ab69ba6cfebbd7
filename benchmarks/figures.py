"""The groups of figures: what is run for each, and what it is to be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from benchmarks.check import Clips
from benchmarks.contenders import (
    CAMREEL,
    CAT,
    CAT_SYNCED,
    CURL,
    FFMPEG,
    FFMPEG_SYNCED,
    PEER,
    TOOLS,
    TOOLS_SYNCED,
    UNPLAYED,
)
from benchmarks.fetched import share_fetched
from benchmarks.footage import CACHE, START, Footage, Kind
from benchmarks.growth import growth
from benchmarks.measure import Cost, run
from benchmarks.model import MB, Figure, Group, Run, Sizes, shown
from benchmarks.scene import ROOT, Pace, environment, scene
from benchmarks.slow import slowed
from benchmarks.turns import cpu, in_turn, wall

from benchmarks import contenders

_THROTTLED = Pace(bytes_a_second=100e6 / 8)  # 100 Mbit/s
_FAR = 0.08  # seconds that an answer takes
_SHARE = 0.25  # of a core, as much as a small NAS has


def groups(sizes: Sizes) -> list[Group]:
    """All of them, in the order of the table."""
    found = []
    for kind in Kind:
        name, of = kind.name.lower(), replace(sizes.job, kind=kind, overhang=1.9 if kind is Kind.CAMERA else 0.0)
        title = f"{kind.value}, {shown(of)}"
        found.append(Group(f"job-{name}", f"Whole job, {title}", partial(_job, of)))
        found.append(Group(f"merge-{name}", f"Merge, {title}", partial(_merge, of)))
    found += [
        Group("merge-large", f"Merge, {Kind.CAMERA.value}, {shown(sizes.large)}", _merge_large),
        Group("merge-many", f"Merge, {Kind.CAMERA.value}, {shown(sizes.many)}", _merge_many),
    ]
    for number, footage in enumerate(sizes.throttled):
        title = f"Camera at 100 Mbit/s, {shown(footage)}"
        found.append(Group(f"throttled-{number + 1}", title, partial(_throttled, footage)))
    found += [
        Group("slow", f"A quarter of a core, {shown(sizes.slow)}", _slow),
        Group("far-again", "A camera that takes 80 ms for an answer", partial(_far, once=False)),
        Group("far-once", "The same, each nonce serves once", partial(_far, once=True)),
        *([Group("day", "24 hours at 20 fps with sound", _day)] if sizes.hours else []),
        Group("fetched", f"A part of a recording of {sizes.hour.footage.seconds} s", _fetched),
        Group("start", "Start and search", _start),
        Group("growth", "Growth of the cost", growth),
    ]
    return found


def _job(footage: Footage, run: Run) -> Iterator[Figure]:
    all_of_them = contenders.whole_job()
    with scene(footage) as place:
        turns = in_turn(run, place, all_of_them.values())
    yield turns.absolute("time", None, "s", map(wall, turns.ours))
    yield turns.ratio("time", 0.8, TOOLS_SYNCED, wall)
    yield turns.ratio("processor", 1.0, TOOLS_SYNCED, cpu)
    yield turns.ratio("time", None, TOOLS, wall)
    yield turns.ratio("processor", None, TOOLS, cpu)
    yield turns.ratio("time", 0.4, PEER, wall)
    yield turns.ratio("time", None, CURL, wall)
    shares = [100 * ended / cost.wall for (_, ended), cost in zip(turns.after, turns.ours, strict=True)]
    yield turns.absolute("from the last byte to the end, of the whole", 15, "%", shares)
    yield turns.absolute("memory", 150, "MB", (cost.memory() / MB for cost in turns.ours))


def _merge(footage: Footage, run: Run) -> Iterator[Figure]:
    rivals = contenders.merges()
    names = [CAMREEL, FFMPEG_SYNCED, CAT_SYNCED]
    if footage.kind is Kind.CAMERA:
        names.append(UNPLAYED)
    with scene(footage, is_cold=run.is_cold) as place:
        turns = in_turn(run, place, [rivals[name] for name in names])
    yield turns.absolute("time", None, "s", map(wall, turns.ours))
    yield turns.ratio("time", 1.5, CAT_SYNCED, wall)
    yield turns.ratio("time", None, FFMPEG_SYNCED, wall)
    yield turns.ratio("processor", None, FFMPEG_SYNCED, cpu)
    if UNPLAYED in names:
        yield turns.ratio("processor", 1.1, UNPLAYED, cpu)


def _merge_large(run: Run) -> Iterator[Figure]:
    rivals = contenders.merges()
    names = (CAMREEL, FFMPEG, FFMPEG_SYNCED, CAT, CAT_SYNCED)
    with scene(run.sizes.large, is_cold=run.is_cold) as place:
        turns = in_turn(run, place, [rivals[name] for name in names])
    yield turns.ratio("time", 1.5, CAT_SYNCED, wall)
    yield turns.ratio("time", 0.65, FFMPEG_SYNCED, wall)
    yield turns.ratio("processor", 0.65, FFMPEG_SYNCED, cpu)
    yield turns.ratio("time", None, FFMPEG, wall)
    yield turns.ratio("time", None, CAT, wall)


def _merge_many(run: Run) -> Iterator[Figure]:
    rivals = contenders.merges()
    with scene(run.sizes.many, is_cold=run.is_cold) as place:
        turns = in_turn(run, place, [rivals[name] for name in (CAMREEL, FFMPEG, FFMPEG_SYNCED)])
    yield turns.ratio("time", 0.5, FFMPEG_SYNCED, wall)
    yield turns.ratio("time", None, FFMPEG, wall)


def _throttled(footage: Footage, run: Run) -> Iterator[Figure]:
    with scene(footage, pace=_THROTTLED) as place:
        turns = in_turn(run, place, [contenders.whole_job()[CAMREEL]])
    yield turns.absolute("video complete after the last byte", 0.3, "s", (named for named, _ in turns.after))
    shares = (100 * cost.cpu / cost.wall for cost in turns.ours)
    yield turns.absolute("processor, all processes from start to end", 6, "% of a core", shares)
    spans = list(zip(turns.ours, turns.first_byte, turns.last_byte, strict=True))
    busy = [cost.cpu_between(first, last) for cost, first, last in spans]
    flows = (100 * used / (last - first) for used, (_, first, last) in zip(busy, spans, strict=True))
    yield turns.absolute("of it, while data comes", None, "% of a core", flows)
    rest = (cost.cpu - used for used, cost in zip(busy, turns.ours, strict=True))
    yield turns.absolute("of it, the start and the end of two Pythons", None, "s of processor", rest)
    held = (cost.memory(last) / MB for cost, _, last in spans)
    yield turns.absolute("memory of both processes while data comes", 90, "MB", held)


def _slow(run: Run) -> Iterator[Figure]:
    rivals = contenders.whole_job()
    with slowed(_SHARE) as slow:
        if slow.why_not is not None:
            yield Figure("time", None, note=slow.why_not)
            return
        with scene(run.sizes.slow) as place:
            turns = in_turn(run, place, [rivals[name] for name in (CAMREEL, TOOLS_SYNCED, PEER)], before=slow.before)
        yield turns.absolute("time", None, "s", map(wall, turns.ours))
        yield turns.ratio("time", 1.0, TOOLS_SYNCED, wall)
        yield turns.ratio("time", 0.4, PEER, wall)
        with scene(run.sizes.slow, pace=_THROTTLED) as place:
            turns = in_turn(run, place, [rivals[CAMREEL]], before=slow.before)
        late = (named for named, _ in turns.after)
        yield turns.absolute("at 100 Mbit/s: video complete after the last byte", None, "s", late)


def _far(run: Run, *, once: bool) -> Iterator[Figure]:
    """Before the first byte of footage, of a camera that was never met, and of one that was."""
    rivals = contenders.whole_job()
    names = {"first run": (CAMREEL, 10), "later run": (CAMREEL, 10 if once else 6), PEER: (PEER, None)}
    rows: dict[str, list[tuple[int, float]]] = {name: [] for name in names}
    gone: dict[str, str] = {}
    for _ in range(run.sizes.rounds):
        # One scene a round: a new one has a home in which no camera was met.
        with scene(run.sizes.far, pace=Pace(answer_after=_FAR, nonce_serves_once=once)) as place:
            clips = Clips.read(place.clips, decoded_every=run.sizes.every)
            for name, (rival, _limit) in names.items():
                if rivals[rival].why_absent:
                    gone[name] = rivals[rival].why_absent or ""
                    continue
                cost = rivals[rival].run(place)
                wrong = f"it ended with {cost.code}" if cost.code else clips.what_differs(rivals[rival].video(place))
                told = place.log()
                count, waited = told["in_a_row"], told["first_byte"] - (cost.ended - cost.wall)
                run.say(f"  {name}: {count} answers, {waited:.2f} s, of {cost.wall:.2f} s; {wrong or 'right'}")
                if wrong is not None:
                    gone[name] = f"its result does not count: {wrong}"
                rows[name].append((count, waited))
    for name, (_, limit) in names.items():
        values = [] if name in gone else rows[name]
        note = gone.get(name, "")
        answers = tuple(float(count) for count, _ in values)
        yield Figure(f"{name}: answers one after the other before the first byte", limit, answers, note=note)
        yield Figure(f"{name}: time to the first byte", None, tuple(waited for _, waited in values), "s", note)
        # The answer that brings the first byte is one more.
        besides = tuple(waited - _FAR * (count + 1) for count, waited in values)
        yield Figure(f"{name}: of it, besides the answers", None if name == PEER else 0.2, besides, "s", note)


def _day(run: Run) -> Iterator[Figure]:
    for name, limit in {"mp4": 400, "mkv": 150}.items():
        with scene(run.sizes.day) as place:
            cost = _watched(contenders.camreel_merge(place, f"day.{name}"))
        run.say(f"  {name}: {cost.memory() / MB:.0f} MB, exit code {cost.code}")
        counts = () if cost.code else (cost.memory() / MB,)
        yield Figure(f"memory, {name}", limit, counts, "MB", f"it ended with {cost.code}" if cost.code else "")


def _watched(command: list[str]) -> Cost:
    return run(command, log=CACHE / "log.txt", env=environment(), watched=True)


def _fetched(run: Run) -> Iterator[Figure]:
    hour = run.sizes.hour
    for kind in (Kind.CAMERA, Kind.DAV):
        share, wrong = share_fetched(hour, kind)
        run.say(f"  {kind.value}: {share:.3f} of the bytes that it takes; {wrong or 'right'}")
        what = f"bytes fetched for {hour.length} s ({kind.suffix[1:]}), of theirs, a GOP and the index"
        yield Figure(what, 1.15, () if wrong else (share,), note=wrong or "")


def _start(run: Run) -> Iterator[Figure]:
    command = [*contenders.camreel_command(), "--help"]
    helps = [_helped(command) for _ in range(max(3, run.sizes.rounds))]
    yield Figure("--help", 0.2, tuple(cost.wall for cost in helps), "s")
    yield _search(run)


def _helped(command: list[str]) -> Cost:
    return run(command, log=CACHE / "log.txt", env=environment())


def _search(run: Run) -> Figure:
    listed = run.sizes.listed
    footage = Footage(listed, 0, 60)
    items = [
        {
            "path": f"/mnt/sd/{number}[M][0@0][{number}].mp4",
            "file": "",
            "start": f"{footage.start_of(number):%Y-%m-%d %H:%M:%S}",
            "end": f"{footage.start_of(number + 1):%Y-%m-%d %H:%M:%S}",
            "size": "1000000",
        }
        for number in range(listed)
    ]
    CACHE.mkdir(exist_ok=True)
    listing = CACHE / "search.json"
    listing.write_text(json.dumps({"items": items}))
    took = []
    for _ in range(run.sizes.rounds):
        with scene(footage, listing=listing) as place:
            command = [sys.executable, "-m", "benchmarks.search", str(place.port)]
            command += [START.isoformat(), footage.span[1].isoformat()]
            done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True)
            told = json.loads(done.stdout)
            assert told["recordings"] == listed
            took.append(told["wall"] - place.log()["talking"])
            run.say(f"  {told}, the camera's own {place.log()['talking']:.2f} s")
    return Figure(f"search and plan of {listed:,} recordings, besides the camera's time", 2, tuple(took), "s")
