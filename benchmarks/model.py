"""What is measured: figures, curves, the groups that they come in, and how much is run for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.fetched import Hour
from benchmarks.footage import Footage

MB = 1_000_000


@dataclass(frozen=True)
class Figure:
    """``values``, one a round; ``limit`` is the most that the median may be, None where it is told for comparison.

    ``unit`` is empty for a ratio. ``note`` says why there are no values.
    """

    name: str
    limit: float | None
    values: tuple[float, ...] = ()
    unit: str = ""
    note: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return median(self.values) if self.values else None

    @property
    def holds(self) -> bool | None:
        """Whether it is what it is to be; None where it could not be measured, or has no limit."""
        return None if self.value is None or self.limit is None else self.value <= self.limit


@dataclass(frozen=True)
class Point:
    """The cost of ``amount``: seconds by the clock and of processor, bytes of memory."""

    amount: float
    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Curve:
    """How the cost grows with the amount of ``unit``."""

    name: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Sizes:
    """How much is run. Where the clips are smaller or fewer than a figure asks, its group says so."""

    rounds: int
    job: Footage
    large: Footage
    many: Footage
    throttled: tuple[Footage, ...]
    slow: Footage
    far: Footage
    clips: tuple[int, ...]
    """Growth: of :attr:`many`."""
    bytes: tuple[int, ...]
    """Growth: clips of :attr:`job`."""
    hours: tuple[int, ...]
    """Growth: of :attr:`day`; the last is the day whose memory is a figure."""
    cameras: tuple[int, ...]
    """Growth: each with :attr:`slow`."""
    day: Footage
    listed: int
    hour: Hour
    every: int
    """Of each so many-th GOP all pictures are decoded for the check."""


_DAY = Footage(1440, 350_000, 60, pixels=(320, 180))
FULL = Sizes(
    rounds=3,
    job=Footage(24, 25 * MB, 25),
    large=Footage(30, 60 * MB, 60),
    many=Footage(800, MB // 2, 1),
    throttled=(Footage(8, 25 * MB, 25), Footage(24, 25 * MB, 25)),
    slow=Footage(8, 25 * MB, 25),
    far=Footage(4, MB, 18),
    clips=(100, 200, 400, 800),
    bytes=(6, 12, 24),
    hours=(6, 12, 24),
    cameras=(1, 2, 4),
    day=_DAY,
    listed=20_000,
    hour=Hour(Footage(1, 360 * MB, 3600, pixels=(320, 180)), 1200, 300),
    every=25,
)
QUICK = Sizes(
    rounds=2,
    job=Footage(6, 10 * MB, 10),
    large=Footage(10, 10 * MB, 10),
    many=Footage(100, MB // 2, 1),
    throttled=(Footage(2, 10 * MB, 10),),
    slow=Footage(2, 10 * MB, 10),
    far=Footage(2, MB, 18),
    clips=(25, 50, 100),
    bytes=(2, 4, 6),
    hours=(),
    cameras=(1, 2),
    day=_DAY,
    listed=2_000,
    hour=Hour(Footage(1, 36 * MB, 360, pixels=(320, 180)), 120, 30),
    every=10,
)
_TINY = Footage(2, MB // 10, 2, fps=5, pixels=(160, 90))
TINY = Sizes(
    rounds=1,
    job=_TINY,
    large=_TINY,
    many=Footage(4, MB // 50, 1, fps=5, pixels=(160, 90)),
    throttled=(Footage(1, MB // 10, 2, fps=5, pixels=(160, 90)),),
    slow=_TINY,
    far=_TINY,
    clips=(2, 4),
    bytes=(1, 2),
    hours=(),
    cameras=(1, 2),
    day=_DAY,
    listed=200,
    hour=Hour(Footage(1, 3 * MB, 60, fps=5, pixels=(160, 90)), 20, 10),
    every=1,
)


@dataclass(frozen=True)
class Run:
    """``say`` is told what goes on; ``is_cold``: merges read their clips from the disk, not from memory."""

    sizes: Sizes
    say: Callable[[str], None]
    is_cold: bool = False


@dataclass(frozen=True)
class Group:
    """Figures that are measured together. ``name`` chooses them, ``title`` stands above them."""

    name: str
    title: str
    measured: Callable[[Run], Iterator[Figure | Curve]]


@dataclass(frozen=True)
class Result:
    """What came out of a group, on which day, on what machine, in how many seconds."""

    title: str
    date: str
    machine: str
    took: float
    figures: tuple[Figure, ...]
    curves: tuple[Curve, ...] = ()

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Result:
        """From what :func:`dataclasses.asdict` made of one."""
        figures = tuple(Figure(**each | {"values": tuple(each["values"])}) for each in told["figures"])
        curves = tuple(
            Curve(**each | {"points": tuple(Point(**point) for point in each["points"])}) for each in told["curves"]
        )
        return cls(**told | {"figures": figures, "curves": curves})


def shown(footage: Footage) -> str:
    """How much that is, in words."""
    clips = "clip" if footage.count == 1 else "clips"
    return f"{footage.count} {clips} of {footage.size / MB:g} MB"
