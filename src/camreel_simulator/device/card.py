"""The simulated SD card: its recordings, those still being written, those overwritten, and how it lists them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from camreel_simulator.device.replies import Writing
from camreel_simulator.footage.clips import ClipSpec, PaddedClip, make_clip, make_still
from camreel_simulator.footage.dhav import make_dav
from camreel_simulator.footage.mp4_layout import top_boxes

if TYPE_CHECKING:
    from camreel_simulator.device.clock import DeviceClock
    from camreel_simulator.device.profiles import Profile
    from camreel_simulator.device.quirks import Quirks

_DISK_EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001 - the camera's wall clock


@dataclass(frozen=True)
class Recorded:
    """One file on the card.

    ``start`` and ``end`` are the camera's wall clock (naive); the listing shows them cut to whole seconds.
    ``content`` is a description that is made into a clip (or, for ``kind="jpg"``, a still) when it is first listed
    or fetched, or the bytes themselves, or a file to serve them from.
    """

    start: datetime
    end: datetime
    content: ClipSpec | PaddedClip | bytes | Path
    channel: int = 1
    """1-based, as people and requests count; items say it 0-based."""
    stream: str = "Main"
    """``Main``, ``Extra1``, ..."""
    kind: str = "mp4"
    """``mp4``, ``dav``, ``jpg``, ...: the suffix of the path, and of the listed type (``dav`` for mp4, as real).

    A description is made into a DHAV file where it is ``dav``.
    """
    path: str = ""
    """Where it lies; by default where an Amcrest SD-card camera puts it."""
    events: tuple[str, ...] = ("VideoMotion",)
    flags: tuple[str, ...] = ("Event",)
    listed_length: int | None = None
    """What the listing says instead of the exact length."""
    stale: ClipSpec | None = None
    """With ``kind="dav"``: an older recording whose frames come first in the file."""
    writing: bool = False
    """Not finished: the end of the file is missing (of an mp4, its ``moov``)."""

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", default_path(self))

    @property
    def listed_type(self) -> str:
        """``Type`` in the listing: Amcrest cameras say ``dav`` of their mp4 files."""
        return "dav" if self.kind == "mp4" else self.kind

    def body(self) -> bytes | Path:
        """The bytes, or the file that holds them. Makes the clip if need be, which takes a moment."""
        if self.writing:
            whole = replace(self, writing=False).body()
            return _without_end(whole.read_bytes() if isinstance(whole, Path) else whole)
        if isinstance(self.content, PaddedClip):
            return self.content.body()
        if not isinstance(self.content, ClipSpec):
            return self.content
        if self.kind == "dav":
            return make_dav(self.content, stale=self.stale, channel=self.channel)
        return make_still(self.content) if self.kind == "jpg" else make_clip(self.content)

    @property
    def cluster(self) -> int:
        """Where on the disk of a recorder it begins; a number of our own."""
        return int((self.start - _DISK_EPOCH).total_seconds()) // 10 % 1_000_000

    def length(self) -> int:
        """How many bytes a download has. Makes the clip if need be."""
        if isinstance(self.content, PaddedClip) and not self.writing:
            return self.content.size
        body = self.body()
        return body.stat().st_size if isinstance(body, Path) else len(body)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Matching is by overlap, not by containment, and touching is enough (seen on several cameras)."""
        return self.start.replace(microsecond=0) <= end and self.end.replace(microsecond=0) >= start


def placed(recorded: Recorded, root: str, layout: str) -> Recorded:
    """The same recording where a device with that ``layout`` would put it."""
    return replace(recorded, path=default_path(recorded, root, layout))


def default_path(recorded: Recorded, root: str = "/mnt/sd", layout: str = "sd") -> str:
    """Where a device would put it; the folder is that of the hour of the start.

    - ``sd``, an Amcrest camera with an SD card: ``<root>/YYYY-MM-DD/001/dav/HH/HH.MM.SS-HH.MM.SS[M][0@0][0].mp4`` and
      ``<root>/YYYY-MM-DD/001/jpg/HH/MM/SS[M][0@0][0].jpg``;
    - ``emmc``, a Dahua camera: the same with dots in the date and the channel from 0, ``0``;
    - ``nvr``, a DHI-NVR5232-EI: ``<root>/YYYY-MM-DD/<channel from 0>/dav/HH/1/0/<cluster>/...``.

    Sub streams get a 1 in the last bracket, so that they do not fall onto the main stream's files.
    """
    start, end = recorded.start, recorded.end
    tag = f"[{'M' if 'VideoMotion' in recorded.events else 'R'}][0@0][{0 if recorded.stream == 'Main' else 1}]"
    name = f"{start:%H.%M.%S}-{end:%H.%M.%S}{tag}.{recorded.kind}"
    if layout == "nvr":
        folder = f"{root}/{start:%Y-%m-%d}/{recorded.channel - 1}"
        return f"{folder}/dav/{start:%H}/1/0/{recorded.cluster}/{name}"
    folder = f"{root}/{start:%Y-%m-%d}/{recorded.channel:03}"
    if layout == "emmc":
        folder = f"{root}/{start:%Y.%m.%d}/{recorded.channel - 1}"
    if recorded.kind == "jpg":
        return f"{folder}/jpg/{start:%H/%M/%S}{tag}.jpg"
    return f"{folder}/dav/{start:%H}/{name}"


def _without_end(data: bytes) -> bytes:
    """What there is of a file before it is closed: of an mp4 all but ``moov``, of others three quarters."""
    at = next((at for kind, at, _ in top_boxes(data) if kind == b"moov"), 3 * len(data) // 4)
    return data[:at]


_CLUSTER = 65536


class Card:
    """The recordings of one camera, in the order given."""

    def __init__(self, recordings: Iterable[Recorded], profile: Profile, quirks: Quirks, clock: DeviceClock) -> None:
        given = tuple(recordings)
        self._profile, self._quirks, self._clock, self._write = profile, quirks, clock, Writing(quirks)
        self.recordings = (
            given if quirks.writing == "no" else _with_unfinished(given, rename=quirks.writing == "suffix")
        )
        self._by_path = {recorded.path: recorded for recorded in self.recordings}
        films = [recorded for recorded in self.recordings if recorded.kind != "jpg"]
        self._oldest = min(films, key=lambda recorded: recorded.start, default=None)
        self._gone = False

    def listed(self) -> list[Recorded]:
        """What a search can find now."""
        return [recorded for recorded in self.recordings if self._is_indexed(recorded) and not self.has_lost(recorded)]

    def at(self, path: str) -> Recorded | None:
        """What lies there, or did when it was listed."""
        return self._by_path.get(path)

    def has_lost(self, recorded: Recorded) -> bool:
        """True if it has been overwritten."""
        return self._gone and recorded is self._oldest

    def was_listed(self, page: Iterable[Recorded]) -> None:
        """A page went out. Where the ring is full, its oldest recording makes room for the next."""
        if self._quirks.overwritten is not None and any(recorded is self._oldest for recorded in page):
            self._gone = True

    def _is_indexed(self, recorded: Recorded) -> bool:
        lag = self._quirks.index_lag
        return lag is None or recorded.end + timedelta(seconds=lag) <= self._clock.now()

    def item(self, recorded: Recorded) -> dict[str, str]:
        """What the listing says of it."""
        length = recorded.length() if recorded.listed_length is None else recorded.listed_length
        if self._quirks.allocated_length:
            length = (length // _CLUSTER + 1) * _CLUSTER
        values = dict(self._profile.item_constants)
        values |= {
            "Channel": str(recorded.channel - (0 if self._quirks.one_based_items else 1)),
            "Duration": str(int((recorded.end - recorded.start).total_seconds())),
            "EndTime": self._write.moment(recorded.end),
            "FilePath": recorded.path.lstrip("/") if self._quirks.relative_paths else recorded.path,
            "Length": str(length),
            "StartTime": self._write.moment(recorded.start),
            "Type": recorded.listed_type,
            "WorkDir": self._profile.root,
        }
        values |= {f"Events[{n}]": event for n, event in enumerate(recorded.events)}
        values |= {f"Flags[{n}]": flag for n, flag in enumerate(recorded.flags)}
        if self._profile.layout != "sd":
            values |= {"CutLength": str(length), "Cluster": str(recorded.cluster)}
        if recorded.writing and not recorded.path.endswith("_"):
            values["FileState"] = "Temporary"
        if self._quirks.lists_stream:
            values["VideoStream"] = recorded.stream
        if self._quirks.send_utc_offset:
            values["UTCOffset"] = str(int(self._clock.offset_at(recorded.start).total_seconds()))
        return {key: value for key, value in values.items() if key not in self._profile.item_without}


def _with_unfinished(recordings: tuple[Recorded, ...], *, rename: bool) -> tuple[Recorded, ...]:
    """The newest of each channel and stream is still being written."""
    newest: dict[tuple[int, str], Recorded] = {}
    for recorded in recordings:
        key = (recorded.channel, recorded.stream)
        if recorded.kind != "jpg" and (key not in newest or recorded.start >= newest[key].start):
            newest[key] = recorded
    unfinished = {id(recorded) for recorded in newest.values()}
    return tuple(_unfinished(r, rename=rename) if id(r) in unfinished else r for r in recordings)


def _unfinished(recorded: Recorded, *, rename: bool) -> Recorded:
    path = recorded.path
    if rename:  # 13.52.27-13.52.27[R][0@0][0].mp4_
        path = path.replace(f"-{recorded.end:%H.%M.%S}", f"-{recorded.start:%H.%M.%S}") + "_"
    return replace(recorded, path=path, writing=True)
