"""What lies on the simulated SD card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from camreel_simulator.dhav import make_dav
from camreel_simulator.footage import ClipSpec, make_clip, make_still
from camreel_simulator.mp4_layout import top_boxes

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
    content: ClipSpec | bytes | Path
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
