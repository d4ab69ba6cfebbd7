"""What the worker is told to make pictures of, and what it answers: frozen values that cross the process border."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StillOrder:
    """A picture of ``clip`` as a JPEG of ``width`` pixels, its shape kept, at the place ``output``.

    ``clip`` is a recording, whole or cut down to a keyframe, or a JPEG. Of a recording it is the last keyframe at or
    before ``seconds`` after its first picture, else its first.
    """

    clip: str
    output: str
    width: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Still:
    """It is there. ``seconds`` is how long after the first picture of the clip it is shown."""

    width: int
    height: int
    seconds: float


@dataclass(frozen=True, slots=True)
class NoStill:
    """There is none; ``reason`` is the rest of a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the timeline, from ``start`` to ``end`` of its width (0 to 1); ``kind`` is its colour's name."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark under the timeline, at ``at`` of its width."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture of the sheet (a JPEG; None: there is none) with a line under it. ``marked``: something happened."""

    picture: str | None
    label: str
    note: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class SheetOrder:
    """A contact sheet, as a PNG at the place ``output``: lines of text, the timeline, and the pictures in rows."""

    output: str
    lines: tuple[str, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """It is there, of this size in pixels."""

    width: int
    height: int
