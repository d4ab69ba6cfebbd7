"""How the cost grows: with the number of clips, with their bytes, with hours, with cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from statistics import median

from benchmarks.contenders import camreel_get_all, camreel_merge, whole_job
from benchmarks.footage import Footage
from benchmarks.measure import Cost, run
from benchmarks.model import MB, Curve, Figure, Point, Run
from benchmarks.scene import Scene, environment, scene, several

Setting = Callable[[int], AbstractContextManager[Scene]]
Command = Callable[[Scene], list[str]]


def growth(run: Run) -> Iterator[Figure | Curve]:
    """A curve for each, and what a piece costs where there are many, of what it costs where there are half as many."""
    sizes = run.sizes
    a_clip, a_gb = sizes.many.size / MB, sizes.job.size / MB
    get = whole_job()["camreel"].command
    whole: list[tuple[str, str, tuple[int, ...], float, Setting, Command]] = [
        (f"Merge of clips of {a_clip:g} MB", "clips", sizes.clips, 1, partial(_some, sizes.many), _merge),
        (f"Whole job, clips of {a_gb:g} MB", "MB", sizes.bytes, a_gb, partial(_some, sizes.job), get),
        ("Merge of minutes at 20 fps with sound", "hours", sizes.hours, 1, partial(_some, sizes.day, each=60), _merge),
        ("Whole jobs side by side", "cameras", sizes.cameras, 1, partial(several, sizes.slow), camreel_get_all),
    ]
    for name, unit, amounts, factor, setting, command in whole:
        if not amounts:
            continue
        points = tuple(_point(run, amount, factor, setting, command) for amount in amounts)
        yield Curve(name, unit, points)
        before, last = points[-2:]
        ratio = (last.cpu / last.amount) / (before.cpu / before.amount)
        told = f"processor for each of {last.amount:g} {unit}, of each of {before.amount:g}"
        yield Figure(f"{name}: {told}", 1.1, (ratio,))


def _some(footage: Footage, count: int, *, each: int = 1) -> AbstractContextManager[Scene]:
    return scene(replace(footage, count=count * each))


def _merge(place: Scene) -> list[str]:
    return camreel_merge(place, "out.mp4")


def _point(run: Run, amount: int, factor: float, setting: Setting, command: Command) -> Point:
    costs = []
    with setting(amount) as place:
        for _ in range(min(2, run.sizes.rounds)):
            place.clear()
            costs.append(_cost(command(place), place))
    assert all(cost.code == 0 for cost in costs), (place.folder, amount)
    point = Point(
        amount * factor,
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.memory() for cost in costs),
    )
    run.say(f"  {point}")
    return point


def _cost(command: list[str], place: Scene) -> Cost:
    return run(command, log=place.folder / "log.txt", env=environment(), cwd=place.folder, watched=True)
