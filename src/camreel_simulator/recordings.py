"""What lies on the simulated SD card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camreel_simulator.footage import ClipSpec, make_clip, make_still


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
    """``mp4``, ``jpg``, ...: the suffix of the path, and of the listed type (``dav`` for mp4: so do real cameras)."""
    path: str = ""
    """Where it lies; by default where an Amcrest SD-card camera puts it."""
    events: tuple[str, ...] = ("VideoMotion",)
    flags: tuple[str, ...] = ("Event",)
    listed_length: int | None = None
    """What the listing says instead of the exact length."""

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", default_path(self))

    @property
    def listed_type(self) -> str:
        """``Type`` in the listing: Amcrest cameras say ``dav`` of their mp4 files."""
        return "dav" if self.kind == "mp4" else self.kind

    def body(self) -> bytes | Path:
        """The bytes, or the file that holds them. Makes the clip if need be, which takes a moment."""
        if isinstance(self.content, ClipSpec):
            return make_still(self.content) if self.kind == "jpg" else make_clip(self.content)
        return self.content

    def length(self) -> int:
        """How many bytes a download has. Makes the clip if need be."""
        body = self.body()
        return body.stat().st_size if isinstance(body, Path) else len(body)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Matching is by overlap, not by containment, and touching is enough (seen on several cameras)."""
        return self.start.replace(microsecond=0) <= end and self.end.replace(microsecond=0) >= start


def default_path(recorded: Recorded, root: str = "/mnt/sd") -> str:
    """Where an Amcrest camera with an SD card would put it.

    ``<root>/YYYY-MM-DD/001/dav/HH/HH.MM.SS-HH.MM.SS[M][0@0][0].mp4`` and
    ``<root>/YYYY-MM-DD/001/jpg/HH/MM/SS[M][0@0][0].jpg``; the folder is that of the hour of the start. Sub streams
    get a 1 in the last bracket, so that they do not fall onto the main stream's files.
    """
    start, end = recorded.start, recorded.end
    folder = f"{root}/{start:%Y-%m-%d}/{recorded.channel:03}"
    tag = f"[{'M' if 'VideoMotion' in recorded.events else 'R'}][0@0][{0 if recorded.stream == 'Main' else 1}]"
    if recorded.kind == "jpg":
        return f"{folder}/jpg/{start:%H/%M/%S}{tag}.jpg"
    return f"{folder}/dav/{start:%H/%H.%M.%S}-{end:%H.%M.%S}{tag}.{recorded.kind}"
