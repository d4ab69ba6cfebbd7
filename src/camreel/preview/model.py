"""Define what a look is asked and what it returns, as values. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path

from camreel.clock import CameraClock
from camreel.errors import Interrupted
from camreel.jobs.search import SearchResult
from camreel.model import Recording, Request, WallTime
from camreel.planning.coverage import CoverageKind, CoverageSpan
from camreel.preview.choose import MOST_ASKED, NO_CHOICE, MomentChoice
from camreel.preview.command import GetLine


class Way(str, Enum):
    """The source of a picture, the cheapest first."""

    KEYFRAME = "keyframe"  # its bytes alone
    SNAPSHOT = "snapshot"  # a still picture that the camera made about then
    SUB = "sub stream"  # out of a recording of the small stream
    WHOLE = "whole recording"


@dataclass(frozen=True, slots=True)
class DownloadQuestion:
    """Whether to fetch whole recordings: how many, and their bytes (None if the camera lists no sizes)."""

    recordings: int
    size: int | None
    way: Way


@dataclass(frozen=True, slots=True)
class LookOptions:
    """The options of a look besides the range: one picture every `every`, at most `most`.

    `allow` is asked before whole recordings are fetched. `line` makes the commands. With `ceiling` there are never more
    pictures than that, so that a page of several cameras stays within bounds.
    """

    line: GetLine
    allow: Callable[[DownloadQuestion], Awaitable[bool]]
    every: timedelta | None = None
    most: int | None = None
    ceiling: int = MOST_ASKED
    only_stream: bool = False
    """No picture of another stream than the one asked for."""
    called: tuple[str, str] | None = None
    """The cameras and channels of a page of several, for its name."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its time (straight), its recording, and a JPEG on the disk."""

    wall: WallTime
    recording: Recording
    way: Way
    picture: Path
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A moment without a picture, and the reason."""

    wall: WallTime
    recording: Recording
    reason: str


@dataclass(frozen=True, slots=True)
class FailedLook:
    """A channel of a camera of which there is no picture, and the reason."""

    name: str
    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """The result. `received` counts bytes of pictures and indexes.

    `stretches` cover the range. `outputs` are the page and the contact sheet, with their sizes in bytes.
    `already_there`: an earlier run made them, and the camera was not asked. By its `key` a later run knows the page.
    `is_interrupted`: Ctrl-C came before all pictures were there.
    """

    request: Request
    found: SearchResult | None
    line: GetLine
    stretches: tuple[CoverageSpan, ...] = ()
    choice: MomentChoice = NO_CHOICE
    shots: tuple[Shot, ...] = ()
    misses: tuple[Miss, ...] = ()
    received: int = 0
    warnings: tuple[str, ...] = ()
    outputs: tuple[tuple[Path, int], ...] = ()
    already_there: bool = False
    key: str = ""
    is_interrupted: bool = False

    @property
    def clock(self) -> CameraClock | None:
        """Return the camera's clock, None if its zone is unknown."""
        return self.found.clock if self.found else None

    @property
    def recorded_seconds(self) -> float:
        """Return how much of the range is recorded."""
        return sum(stretch.span.seconds for stretch in self.stretches if stretch.kind.is_footage)

    @property
    def pending(self) -> tuple[CoverageSpan, ...]:
        """Return the stretches that are not closed or listed yet: a later look may show more."""
        return tuple(stretch for stretch in self.stretches if stretch.kind is CoverageKind.PENDING)

    @property
    def exit_code(self) -> int:
        """Return 0, or 4 if a picture is missing, 130 if that is because of Ctrl-C."""
        if self.is_interrupted:
            return Interrupted.exit_code
        return 4 if self.misses else 0

    @property
    def status(self) -> str:
        """Return the result as a word."""
        return "already there" if self.already_there else "partial" if self.misses else "complete"


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """The files of a page, with their sizes, and what was noticed when they were made."""

    outputs: tuple[tuple[Path, int], ...]
    warnings: tuple[str, ...] = ()
