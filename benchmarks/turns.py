"""Contenders take turns, round by round; what they make is checked; figures are ratios of one round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.check import Clips
from benchmarks.contenders import CAMREEL, Contender
from benchmarks.measure import Cost
from benchmarks.model import Figure, Run
from benchmarks.scene import Scene


@dataclass
class Turns:
    """What each contender took, a cost a round, and why some do not count.

    ``after`` has, for each round of camreel, the seconds from the last byte until the video had its name, and until
    the program had ended.
    """

    costs: dict[str, list[Cost]]
    gone: dict[str, str]
    after: list[tuple[float, float]] = field(default_factory=list)
    first_byte: list[float] = field(default_factory=list)
    last_byte: list[float] = field(default_factory=list)

    def ratio(self, name: str, limit: float | None, rival: str, of: Callable[[Cost], float]) -> Figure:
        """Round by round, camreel's part of what ``rival`` took."""
        name = f"{name}, of {rival}"
        why = self.gone.get(CAMREEL)
        if why is not None:
            return Figure(name, limit, note=f"{CAMREEL}: {why}")
        if rival in self.gone:
            return Figure(name, limit, note=self.gone[rival])
        pairs = zip(self.costs[CAMREEL], self.costs[rival], strict=True)
        return Figure(name, limit, tuple(of(ours) / of(theirs) for ours, theirs in pairs))

    def absolute(self, name: str, limit: float | None, unit: str, values: Iterable[float]) -> Figure:
        """A figure of camreel alone."""
        why = self.gone.get(CAMREEL, "")
        return Figure(name, limit, () if why else tuple(values), unit, why)

    @property
    def ours(self) -> list[Cost]:
        """The costs of camreel."""
        return self.costs[CAMREEL]


def in_turn(run: Run, place: Scene, rivals: Iterable[Contender], *, before: tuple[str, ...] = ()) -> Turns:
    """All of them, round by round. camreel's course is watched; ``before`` goes in front of each command."""
    rivals = list(rivals)
    clips = Clips.read(place.clips, decoded_every=run.sizes.every)
    turns = Turns(
        {each.name: [] for each in rivals}, {each.name: each.why_absent for each in rivals if each.why_absent}
    )
    for number in range(run.sizes.rounds):
        for each in rivals:
            if each.name in turns.gone:
                continue
            cost = each.run(place, before=before, watched=each.name == CAMREEL)
            wrong = f"it ended with {cost.code}" if cost.code else None
            if wrong is None and each.makes_video:
                wrong = clips.what_differs(each.video(place))
            took = f"{cost.wall:.2f} s, processor {cost.cpu:.2f} s"
            run.say(f"  round {number + 1}: {each.name}: {took}; {wrong or 'right'}")
            if wrong is not None:
                turns.gone[each.name] = f"its result does not count: {wrong}"
                continue
            turns.costs[each.name].append(cost)
            if each.name == CAMREEL:
                _note(turns, place, each, cost)
    return turns


def _note(turns: Turns, place: Scene, camreel: Contender, cost: Cost) -> None:
    told = place.log()
    turns.first_byte.append(told["first_byte"])
    turns.last_byte.append(told["last_byte"])
    # Naming a file is the last change to it.
    named = camreel.video(place).stat().st_ctime
    turns.after.append((named - told["last_byte"], cost.ended - told["last_byte"]))


def wall(cost: Cost) -> float:
    """Seconds by the clock."""
    return cost.wall


def cpu(cost: Cost) -> float:
    """Seconds of processor."""
    return cost.cpu
