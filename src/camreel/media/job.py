"""What the merge is told and what it answers: frozen values that cross the process border (:mod:`.messages`)."""

from __future__ import annotations

from dataclasses import dataclass

from camreel.model import OutputFormat, Span, WallTime


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """At ``at`` (straight time) the camera's clock is put to ``utc_offset``, in seconds east of UTC."""

    at: WallTime
    utc_offset: int


@dataclass(frozen=True, slots=True)
class MergeJob:
    """One output. ``span`` is the asked range by the camera's clock; ``output`` the temporary name to write to.

    ``utc_offset`` (seconds, camera minus UTC) turns the camera's clock into ``creation_time``; None where the
    camera's clock could not be read. ``title`` and ``comment`` go into the file's metadata as they are.

    All times are straight (:mod:`camreel.clock.camera_clock`): with ``utc_offset`` throughout. ``changes`` tell where
    the camera's clock was put forward or back, ``drift`` by how many seconds it is fast besides. ``skipped`` are parts
    of ``span`` that are not wanted.
    """

    output: str
    format: OutputFormat
    span: Span
    whole_clips: bool = False
    utc_offset: int | None = None
    title: str = ""
    comment: str = ""
    changes: tuple[OffsetChange, ...] = ()
    drift: int = 0
    skipped: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A complete clip on disk. ``span`` is as the camera lists it; ``label`` names it in messages."""

    number: int
    path: str
    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Finish:
    """No more clips: close the output and check it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The output holds the footage up to ``wall``, which came from clip ``number``."""

    number: int
    wall: WallTime


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """What became of one clip.

    ``covered`` is what of it is in the output, by the camera's clock: from the first copied picture to the end of
    the last one. ``starts_at`` is where that begins in the output, in seconds. ``holds`` is how many seconds of
    pictures the clip has in all, wherever the range cuts it. ``unusable`` says why nothing could be used, None
    where it could; ``missing_packets`` counts pictures its index lists but its bytes do not hold.
    ``undecodable_dropped`` counts pictures of the range that come before the first one that can be decoded by
    itself. ``audio_cut_seconds`` is how much longer its sound is than its pictures.

    Both ``covered`` and ``unusable`` None: the clip is well, and holds nothing of the range.
    """

    number: int
    covered: Span | None = None
    starts_at: float = 0.0
    holds: float = 0.0
    video_packets: int = 0
    audio_packets: int = 0
    undecodable_dropped: int = 0
    missing_packets: int = 0
    audio_cut_seconds: float = 0.0
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A continuous stretch: seconds in the output, and its place on the camera's clock."""

    start: float
    end: float
    span: Span
    title: str


@dataclass(frozen=True, slots=True)
class MergeResult:
    """A closed, reopened and checked output, still under its temporary name. Sizes in bytes and pixels.

    ``audio_from`` is the codec of the clips' sound where it had to be changed for the container, else None.
    ``chapters`` lists every stretch, also those that the container cannot name (avi: all; mp4: beyond 255).
    """

    seconds: float
    size: int
    video_codec: str
    width: int
    height: int
    video_packets: int
    audio_codec: str | None
    audio_from: str | None
    audio_packets: int
    chapters: tuple[Chapter, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The merge is over. ``kind`` is ``disk`` or ``merge`` (the error class), the rest is the error itself.

    ``memory``: it asked for more than it may have, as a clip that is made for it would have it.
    """

    kind: str
    message: str
    hint: str | None = None
