"""The frozen values that the rooms hand to each other. No I/O.

Two kinds of time exist and never mix: :class:`WallTime` is what the camera's own clock shows (local,
without a zone: all the camera ever speaks), and an aware ``datetime`` is a moment in real time. Only
:mod:`camreel.clock` converts one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import overload


@dataclass(frozen=True, order=True, slots=True)
class WallTime:
    """A reading of the camera's own clock."""

    naive: datetime

    def __post_init__(self) -> None:
        if self.naive.tzinfo is not None:
            raise ValueError("the camera's clock has no zone")

    def __add__(self, other: timedelta) -> WallTime:
        return WallTime(self.naive + other)

    @overload
    def __sub__(self, other: WallTime) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta) -> WallTime: ...
    def __sub__(self, other: WallTime | timedelta) -> timedelta | WallTime:
        return self.naive - other.naive if isinstance(other, WallTime) else WallTime(self.naive - other)

    def __str__(self) -> str:
        """To the second, as the camera writes it: ``2026-01-16 08:00:00``."""
        return self.naive.isoformat(sep=" ", timespec="seconds")

    def isoformat(self) -> str:
        """In full: ``2026-01-16T08:00:00`` or ``2026-01-16T08:00:00.040000``."""
        return self.naive.isoformat()

    @classmethod
    def fromisoformat(cls, text: str) -> WallTime:
        """The reverse of :meth:`isoformat` (what people type goes through ``clock.parse_moment``)."""
        return cls(datetime.fromisoformat(text))


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A stretch of the camera's clock, from ``start`` up to but not including ``end``."""

    start: WallTime
    end: WallTime

    @property
    def seconds(self) -> float:
        """Length in seconds; 0 or less means empty."""
        return (self.end - self.start).total_seconds()

    def overlap(self, other: Span) -> Span | None:
        """The part both have, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def __str__(self) -> str:
        same_day = self.start.naive.date() == self.end.naive.date()
        return f"{self.start} to {str(self.end)[11:] if same_day else self.end}"


# What a person asked for: by the camera's clock, or in real time.
Moment = WallTime | datetime


@dataclass(frozen=True, slots=True)
class DayTime:
    """``at`` on ``day``: a date, or so many days from today (0, -1, 1), which the clock it is meant by will tell."""

    day: date | int
    at: time = time()

    @property
    def wall(self) -> WallTime:
        """The reading it means. ValueError while nobody knows what day it is."""
        if isinstance(self.day, int):
            raise ValueError("a relative day")  # noqa: TRY004 - of a type that it may have
        return WallTime(datetime.combine(self.day, self.at))


@dataclass(frozen=True, slots=True)
class Now:
    """The moment at which the camera's clock is read."""


Point = WallTime | datetime | DayTime | Now


@dataclass(frozen=True, slots=True)
class AskedRange:
    """The range as it was typed. Both ends are of the same kind, unless ``times_in`` makes them so.

    ``times_in`` is the zone (an IANA name) by whose clock times without an offset are meant; None: by the camera's.
    """

    start: Point
    end: Point
    times_in: str | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        """All that was typed."""
        return (self.start, self.end)

    @property
    def is_relative(self) -> bool:
        """Whether it means something else tomorrow."""
        return any(_is_relative(point) for point in self.points)

    @property
    def bounds(self) -> tuple[Moment, Moment]:
        """Start and end. ValueError where it is relative."""
        return _moment(self.start), _moment(self.end)


@dataclass(frozen=True, slots=True)
class AskedAround:
    """From ``before`` a point in time to ``after`` it; ``times_in`` as in AskedRange."""

    at: Point
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    times_in: str | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        """All that was typed."""
        return (self.at,)

    @property
    def is_relative(self) -> bool:
        """Whether it means something else tomorrow."""
        return _is_relative(self.at)

    @property
    def bounds(self) -> tuple[Moment, Moment]:
        """Start and end, by a clock that nobody puts forward or back. ValueError where it is relative."""
        at = _moment(self.at)
        return at - self.before, at + self.after


Asked = AskedRange | AskedAround


def _is_relative(point: Point) -> bool:
    return isinstance(point, Now) or (isinstance(point, DayTime) and isinstance(point.day, int))


def _moment(point: Point) -> Moment:
    if isinstance(point, Now):
        raise ValueError("a relative time")  # noqa: TRY004 - see above
    return point.wall if isinstance(point, DayTime) else point


class AudioMode(str, Enum):
    """What becomes of the sound: ``auto`` copies it where the container and its players can take it."""

    AUTO = "auto"
    COPY = "copy"
    AAC = "aac"
    PCM = "pcm"
    NONE = "none"


class Gaps(str, Enum):
    """What stands for the time that was not recorded: ``jump`` nothing, ``hold`` the last picture, in real time."""

    JUMP = "jump"
    HOLD = "hold"


class Split(str, Enum):
    """Where a new output begins by the camera's clock."""

    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is made of the clips; what each means is said in :class:`camreel.media.worker.messages.MergeJob`.

    ``split`` is where a new file begins: at each day or hour by the camera's clock, or before so many bytes.
    ``timelapse`` makes a short video of keyframes: so many times as fast, or, below 0, of so many seconds.
    """

    exact: bool = False
    h264: bool = False
    audio: AudioMode = AudioMode.AUTO
    gaps: Gaps = Gaps.JUMP
    subtitles: bool = False
    faststart: bool = False
    split: Split | int | None = None
    timelapse: float | None = None


class Stream(str, Enum):
    """Which of a camera's encodings: ``main`` is the full picture, ``sub`` the small one (Extra1 on the wire)."""

    MAIN = "main"
    SUB = "sub"


class OutputFormat(str, Enum):
    """The container of the output; its value is the file's suffix without the dot."""

    MP4 = "mp4"
    MKV = "mkv"
    MOV = "mov"
    AVI = "avi"


class IfExists(str, Enum):
    """What to do where the output's name is taken."""

    FAIL = "fail"
    SKIP = "skip"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the camera is: host name or IP (v6 without brackets), port, and how to speak to it."""

    host: str
    port: int
    https: bool = False

    @property
    def authority(self) -> str:
        """``host``, or ``host:port`` where the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.https else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.https else 'http'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password. The password is not in ``repr``."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Who the camera says it is. Every text is the camera's own: pass it through ``printable`` to show it."""

    model: str
    serial: str | None = None
    name: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file that the camera lists.

    ``size`` is what the camera says, in bytes: exact on SD cards, the allocated size (a multiple of 64 KiB) on
    recorders. ``position`` is its place in the listing, the only order that holds when the clock
    goes back. ``channel`` is as listed: 0-based on most devices. ``writing`` marks a file that the camera has not
    closed yet: it has no index, so it cannot be played.

    ``utc_offset`` is what newer firmware lists, in seconds. ``backwards_end`` is a listed end that lies before the
    start: the clock was put back meanwhile. ``listed`` is the span as it was listed, where ``span`` was made straight
    since (``clock.recorded``). ``part`` is what of ``span`` is wanted, None for all of it: then it is enough to fetch
    that, and what lies on this disk under its name is no complete clip.
    """

    path: str
    span: Span
    size: int | None = None
    stream: Stream = Stream.MAIN
    channel: int | None = None
    events: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    position: int = 0
    writing: bool = False
    listed_as: str = ""
    utc_offset: int | None = None
    backwards_end: WallTime | None = None
    listed: Span | None = None
    part: Span | None = None

    @property
    def name(self) -> str:
        """The last part of the path, as the camera wrote it."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def size_to_fetch(self) -> int | None:
        """About how many bytes of it are wanted; None where the camera lists no size."""
        if self.size is None or self.part is None or self.span.seconds <= 0:
            return self.size
        return int(self.size * min(1.0, self.part.seconds / self.span.seconds))


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file that is taken for a clip: its size in bytes, and when it was last changed, in nanoseconds."""

    path: Path
    size: int
    changed: int = 0


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """One video from clips that are on disk already. No camera is part of it.

    ``files`` are in the order in which they were given. ``asked`` is the range, None for all that the clips hold.
    ``camera_tz`` (an IANA name or an offset) is the zone of the camera that made them. ``in_order``: they are laid end
    to end as they were given, whatever their times. ``making`` is how the video is made.
    """

    files: tuple[FileOnDisk, ...]
    output: Path
    asked: Asked | None = None
    output_format: OutputFormat = OutputFormat.MP4
    whole_clips: bool = False
    if_exists: IfExists | None = None
    require_complete: bool = False
    camera_tz: str | None = None
    in_order: bool = False
    making: VideoOptions = VideoOptions()


@dataclass(frozen=True, slots=True)
class Request:
    """One export, complete: what is wanted, from where, and where to. The password is not part of it.

    ``output`` is the final file; ``output_dir`` is where the work folder for downloads is made. ``channel`` is a number
    from 1 or a title as the recorder gives it. ``follow`` waits for what is not recorded or not settled yet.
    ``fingerprint`` pins the camera's certificate: its SHA-256 in hex. ``named_by_range``: ``output`` stands in until
    a relative range is known, and its name is made then; ``was_relative``: it was. ``camera_tz`` (an IANA name or an
    offset) and ``clock_drift`` go before what the camera says of its clock. ``retry_for`` is how many seconds a camera
    that went away is waited for, ``limit_rate`` how many bytes a second it may send. ``ignore_lock``: log in though the
    account was locked. ``making`` is how the video is made. ``events`` (words, as ``naming.parse_events`` has them):
    only recordings with one of these are wanted, with ``pad`` before and after them. ``camera`` is the camera's name in
    the settings.
    """

    address: Address
    username: str
    asked: Asked
    output_dir: Path
    output: Path
    channel: int | str = 1
    stream: Stream = Stream.MAIN
    output_format: OutputFormat = OutputFormat.MP4
    max_concurrent: int = 4
    whole_clips: bool = False
    keep_files: bool = False
    if_exists: IfExists | None = None
    require_complete: bool = False
    follow: bool = False
    insecure: bool = False
    ca_file: str | None = None
    fingerprint: str | None = None
    named_by_range: bool = False
    was_relative: bool = False
    camera_tz: str | None = None
    clock_drift: timedelta | None = None
    making: VideoOptions = VideoOptions()
    retry_for: float = 120.0
    limit_rate: float | None = None
    ignore_lock: bool = False
    events: tuple[str, ...] = ()
    pad: timedelta = timedelta(0)
    camera: str | None = None
