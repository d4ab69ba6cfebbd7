"""The frozen values that the rooms hand to each other. No I/O.

Two kinds of time exist and never mix: :class:`WallTime` is what the camera's own clock shows (local,
without a zone: all the camera ever speaks), and an aware ``datetime`` is a moment in real time. Only
:mod:`camreel.clock` converts one into the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import overload

from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat


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
class OpenDay:
    """A day that nobody named: as the start of a range the last one on which its time is past, as its end the next one.

    ``weekday``: of those (0 is Monday). ``is_coming``: the first day on which the range is not over yet.
    """

    weekday: int | None = None
    is_coming: bool = False


@dataclass(frozen=True, slots=True)
class DayTime:
    """``at`` on ``day``: a date, so many days from today (0, -1, 1), or an open day.

    The clock it is meant by will tell which date that is.
    """

    day: date | int | OpenDay
    at: time = time()

    @property
    def wall(self) -> WallTime:
        """The reading it means. ValueError while nobody knows what day it is."""
        if not isinstance(self.day, date):
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
NO_RANGE = AskedAround(Now())  # of no length: --since-last knows where it begins


def _is_relative(point: Point) -> bool:
    return isinstance(point, Now) or (isinstance(point, DayTime) and not isinstance(point.day, date))


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


class Verify(str, Enum):
    """How much of the finished video is decoded: ``sample`` one group of frames of each encoder setting."""

    NONE = "none"
    SAMPLE = "sample"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is made of the clips. One value for all who make one: it reaches the merge whole."""

    whole_clips: bool = False
    """Use clips from their first to their last frame, also beyond the range."""
    exact: bool = False
    """Begin with just the first asked frame: re-encode up to the next keyframe. Else begin with the keyframe before."""
    h264: bool = False
    """Re-encode all of it as H.264."""
    audio: AudioMode = AudioMode.AUTO
    """Which sound the video has."""
    gaps: Gaps = Gaps.JUMP
    """How a gap in the recording is shown."""
    subtitles: bool = False
    """Add a track of subtitles with the camera's clock."""
    faststart: bool = False
    """Write the index of an mp4 or mov at its beginning."""
    split: Split | int | None = None
    """Begin a new file at each day or hour by the camera's clock, or before it has so many bytes."""
    timelapse: float | None = None
    """Make a short video of keyframes: so many times as fast, or, below 0, of so many seconds."""
    verify: Verify = Verify.SAMPLE
    """How much of the finished video is decoded to see whether it plays."""


class Stream(str, Enum):
    """Which of a camera's encodings: ``main`` is the full picture, ``sub`` the small one (Extra1 on the wire)."""

    MAIN = "main"
    SUB = "sub"


class IfExists(str, Enum):
    """What to do where the output's name is taken."""

    FAIL = "fail"
    SKIP = "skip"
    OVERWRITE = "overwrite"


class SharedFolder(str, Enum):
    """What to do if others can write the folder of the downloads."""

    SAFE = "safe"
    REFUSE = "refuse"


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
    since (``clock.listed_times``). ``part`` is what of ``span`` is wanted, None for all of it: then it is enough to
    fetch that, and what lies on this disk under its name is no complete clip. ``is_dated_by_end``: its listed start is
    of a clock that was set since, so its last frame is taken to be of the listed end.
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
    is_dated_by_end: bool = False

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


class DoubtKind(str, Enum):
    """What contradicts what. The values are a contract of the JSON report."""

    SHOWN_TWICE = "shown_twice"  # two clips hold the same time; frames differ, or cannot share a file
    CLOCK = "clock"  # the clocks that date a clip differ


@dataclass(frozen=True, slots=True)
class Doubt:
    """Clocks that contradict each other or the frames: what was ``believed``, and in ``text`` why, as a sentence.

    ``span`` is the time it is about, in straight time.
    """

    kind: DoubtKind
    believed: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What became of the frames of a clip, each of which is counted once."""

    read: int = 0
    """Found in its file, up to where reading stopped behind the range."""
    written: int = 0
    """In the video as they are stored."""
    reencoded: int = 0
    """Re-encoded for the video (``--exact``)."""
    outside: int = 0
    """Not asked for."""
    copies: int = 0
    """Left out because another clip shows the same moment."""
    undecodable: int = 0
    """Lost: they need frames that come before the clip."""
    damaged: int = 0
    """Lost: their bytes make no frame, or they need parameter sets that the clip does not have."""
    missing: int = 0
    """Lost: the index lists them, and they were not found. Not among those read."""

    @property
    def unaccounted(self) -> int:
        """Frames that were read and of which nobody can tell where they are; below 0: that are told of twice."""
        named = self.written + self.reencoded + self.outside + self.copies + self.undecodable + self.damaged
        return self.read - named

    @classmethod
    def of_parts(cls, parts: Sequence[FrameCounts]) -> FrameCounts | None:
        """Of the parts of one clip, each of which reads it from its first frame on: what one writes is not asked of
        the others.
        """
        if not parts:
            return None
        total = {each.name: sum(getattr(part, each.name) for part in parts) for each in fields(cls)}
        read = max(part.read for part in parts)
        total["outside"] -= total["read"] - read
        total |= {"read": read, "missing": max(part.missing for part in parts)}
        return cls(**total)


@dataclass(frozen=True, slots=True)
class PlaybackFailure:
    """What of clip ``number`` does not play in the video; ``said`` is a sentence without a full stop."""

    number: int
    said: str


@dataclass(frozen=True, slots=True)
class Playback:
    """What came of decoding the finished video."""

    verify: Verify
    groups: int = 0
    """Groups of frames that were decoded."""
    groups_of: int = 0
    """Groups of frames that were to be: one of each encoder setting. Where there are fewer, time was up."""
    frames: int = 0
    """Frames that came out whole."""
    failures: tuple[PlaybackFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file that is taken for a clip: its size in bytes, and when it was last changed, in nanoseconds."""

    path: Path
    size: int
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach a camera, and how much to ask of it. The password is not part of it."""

    address: Address
    username: str
    insecure: bool = False
    """Accept any certificate, but the same one on all connections of a run."""
    ca_file: str | None = None
    """Trust the certificates in this file."""
    fingerprint: str | None = None
    """Accept only this certificate: its SHA-256 in hex. Only with https."""
    legacy_tls: bool = False
    """Allow outdated TLS (1.0, RSA key exchange, short keys). Only with ``insecure``."""
    allow_basic: bool = False
    """Log in by Basic authentication if nothing else is offered, and Digest has never worked there."""
    camera_tz: str | None = None
    """The camera's time zone (an IANA name or an offset), whatever the camera says of it."""
    clock_drift: timedelta | None = None
    """How much the camera's clock is ahead, whatever it shows."""
    max_concurrent: int = 4
    """Parallel connections at most."""
    limit_rate: float | None = None
    """Bytes a second at most, of all connections together."""
    retry_for: float = 120.0
    """Seconds to wait for a camera that went away, or says nothing."""
    ignore_lock: bool = False
    """Log in although the account was locked."""
    name: str | None = None
    """The camera's name in the settings."""


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """How a person typed an export of one channel, without the program's name."""

    words: tuple[str, ...]
    """All but the range: ``get front-door --events motion``."""
    when: tuple[str, ...]
    """The range: ``--last 1h``."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which recordings of a camera are wanted."""

    asked: Asked
    channel: int | str = 1
    """A number from 1, or a title as the recorder gives it."""
    stream: Stream = Stream.MAIN
    events: tuple[str, ...] = ()
    """Only recordings with one of these (words, as ``event_filter.parse_events`` has them); empty: all."""
    pad: timedelta = timedelta(0)
    """Time before and after each recording with an event that is wanted too."""
    follow: bool = False
    """Wait for what is not recorded or not listed yet."""
    since_last: bool = False
    """Begin where the last complete export ended; ``asked`` says where the first one begins, or is NO_RANGE."""
    was_relative: bool = False
    """``asked`` was typed in relative words, like "the last hour"."""
    ends_now: bool = False
    """``asked`` was meant up to now, whatever the camera has of its end by then."""
    typed: TypedCommand | None = None
    """How to type it again; None if it was no command line."""

    @property
    def event_pad(self) -> timedelta:
        """How far from an event time is wanted; none if all recordings are."""
        return self.pad if self.events else timedelta(0)


@dataclass(frozen=True, slots=True)
class Output:
    """Where a video goes, and how it is made."""

    folder: Path
    """Where the work folder for downloads is made."""
    file: Path
    """The video."""
    format: OutputFormat = DEFAULT_FORMAT
    if_exists: IfExists | None = None
    """What to do if the name is taken; None: keep it if this same request made it, else fail."""
    keep_files: bool = False
    """Keep the downloaded clips."""
    shared_folder: SharedFolder = SharedFolder.SAFE
    """If others can write ``folder``: use again only what camreel noted for this user, or do not download there."""
    require_complete: bool = False
    """A gap in the recording makes the result partial."""
    allow_empty: bool = False
    """A range in which certainly nothing was recorded is a result without a video, and no error."""
    require_settled: bool = False
    """An end that the camera may still be writing makes the result partial, also of a range up to now."""
    named_by_range: bool = False
    """``file`` stands in: its name is made when a relative range is known."""
    video: VideoOptions = VideoOptions()


@dataclass(frozen=True, slots=True)
class Request:
    """One export, complete: from which camera, what of it, and where to."""

    target: Target
    query: Query
    output: Output

    @property
    def asked(self) -> Asked:
        """The range."""
        return self.query.asked


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """One video from clips that are on disk already. No camera is part of it."""

    files: tuple[FileOnDisk, ...]
    """In the order in which they were given."""
    output: Output
    asked: Asked | None = None
    """The range; None: all that the clips hold."""
    camera_tz: str | None = None
    """The time zone (an IANA name or an offset) of the camera that made them."""
    in_order: bool = False
    """Lay the clips end to end as they were given, whatever their times."""
