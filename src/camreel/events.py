"""Progress events: frozen values that report what an export does while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camreel.clock import CameraClock
from camreel.model import Address, Asked, DeviceInfo, MergeRequest, Recording, Span, WallTime
from camreel.planning.account import LostReason
from camreel.planning.plan import ExportPlan


@dataclass(frozen=True, slots=True)
class Connected:
    """The login was accepted."""

    address: Address
    device: DeviceInfo


@dataclass(frozen=True, slots=True)
class RangeKnown:
    """The asked range, by the camera's clock. Comes before anything is searched or downloaded; once more where the
    recordings then tell the camera's zone better than the camera had.
    """

    asked: Asked
    span: Span
    clock: CameraClock | None
    name: str | None = None
    """The camera's, in the settings."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Some of the footage is not there, or not settled, until ``until`` on the camera's clock, in ``seconds``.

    What is there may be downloaded meanwhile.
    """

    until: WallTime
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be downloaded."""

    plan: ExportPlan


@dataclass(frozen=True, slots=True)
class FilesExamined:
    """Of ``total`` files on disk, ``done`` have been looked at."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Pictured:
    """Of ``total`` single pictures ``done`` are here, or known to be unavailable, after ``received`` bytes."""

    done: int
    total: int
    received: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """What will be merged of files on disk; ``times_from`` counts by what they are dated."""

    request: MergeRequest
    plan: ExportPlan
    clock: CameraClock | None
    times_from: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ClipStarted:
    """A download began (again, where ``attempt`` is above 1). ``size`` in bytes, None where nobody knows.

    ``have``: bytes of it that are there already and will be continued, where the camera can do that.
    """

    number: int
    recording: Recording
    size: int | None
    attempt: int
    have: int = 0


@dataclass(frozen=True, slots=True)
class ClipProgress:
    """``received`` bytes of clip ``number`` are on disk."""

    number: int
    received: int


@dataclass(frozen=True, slots=True)
class ClipFetched:
    """Clip ``number`` is complete on disk; ``reused`` where an earlier run had it already."""

    number: int
    size: int
    reused: bool = False


@dataclass(frozen=True, slots=True)
class ClipFailed:
    """Clip ``number`` is lost; ``camreel.report.reason_text`` puts ``reason`` into words."""

    number: int
    recording: Recording
    reason: LostReason


@dataclass(frozen=True, slots=True)
class Retrying:
    """Something failed and will be tried again in ``wait`` seconds."""

    what: str
    reason: str
    wait: float


@dataclass(frozen=True, slots=True)
class MergedUpTo:
    """The output holds the footage up to ``wall`` on the camera's clock; ``number`` is the clip it came from."""

    number: int
    wall: WallTime


@dataclass(frozen=True, slots=True)
class Verifying:
    """The output is closed and is being checked."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the person should know, in one sentence. It is in the report too."""

    text: str


Event = (
    Connected
    | RangeKnown
    | Waiting
    | Planned
    | FilesExamined
    | Pictured
    | Gathered
    | ClipStarted
    | ClipProgress
    | ClipFetched
    | ClipFailed
    | Retrying
    | MergedUpTo
    | Verifying
    | Warned
)
Listener = Callable[[Event], None]
