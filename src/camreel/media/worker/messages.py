"""Messages to and from the worker: orders for merges, timelapses and pictures, and their results. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from camreel.diskio import FileIdentity
from camreel.formats.containers import OutputFormat
from camreel.formats.source import ClipTrust
from camreel.model import Doubt, FrameCounts, Playback, Span, VideoOptions, WallTime


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """At ``at`` (straight time) the camera's clock is put to ``utc_offset``, in seconds east of UTC."""

    at: WallTime
    utc_offset: int


@dataclass(frozen=True, slots=True)
class MergeJob:
    """One range. ``span`` is what was asked for by the camera's clock; ``output`` the temporary name to write to.

    ``video`` is how it is made. Where one file cannot hold it all, more are made: see :func:`part_name`. ``split_at``
    are the moments at which a new one begins (at the next keyframe): those of ``video.split``, by the camera's clock.
    ``camera`` is its name and model.

    ``utc_offset`` (seconds, camera minus UTC) turns the camera's clock into ``creation_time``; None where the
    camera's clock could not be read. ``title`` and ``comment`` go into the file's metadata as they are.

    All times are straight (:mod:`camreel.clock.camera_clock`): with ``utc_offset`` throughout. ``changes`` tell where
    the camera's clock was put forward or back, ``drift`` by how many seconds it is fast besides. ``skipped`` are parts
    of ``span`` that are not wanted. ``apart``: what lies between recordings is not wanted either, so it is no gap.
    ``in_order``: each clip begins where the one before it ends, whatever its times. ``trust``: which files are clips.
    """

    output: str
    format: OutputFormat
    span: Span
    video: VideoOptions = field(default_factory=VideoOptions)
    utc_offset: int | None = None
    title: str = ""
    comment: str = ""
    changes: tuple[OffsetChange, ...] = ()
    drift: int = 0
    skipped: tuple[Span, ...] = ()
    apart: bool = False
    in_order: bool = False
    camera: str = ""
    split_at: tuple[WallTime, ...] = ()
    trust: ClipTrust = ClipTrust.NO_LINKS


def part_name(output: str, number: int) -> str:
    """The temporary name of the ``number``-th file of a job, from 1."""
    return output if number == 1 else f"{output.removesuffix('.part')}.{number}.part"


def part_names(output: str) -> list[str]:
    """The temporary names of a job that are on the disk."""
    names = [output]
    while Path(name := part_name(output, len(names) + 1)).exists():
        names.append(name)
    return names


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A complete clip on disk. ``span`` is as the camera lists it; ``label`` names it in messages.

    ``next_start`` is when the next clip is listed to start: what this one holds from there on waits for that one,
    for both may hold the same. ``events`` are what the camera lists it for. ``again``: it can be fetched once more,
    so nothing of it is used if it is broken. ``is_dated_by_end``: only the end of ``span`` is known. ``digest`` is its
    SHA-256, where others could change it, ``found`` which file it is, where others could replace it.
    """

    number: int
    path: str
    span: Span
    label: str
    next_start: WallTime | None = None
    events: tuple[str, ...] = ()
    again: bool = False
    is_dated_by_end: bool = False
    digest: str | None = None
    found: FileIdentity | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """No more clips: close the output and check it."""


@dataclass(frozen=True, slots=True)
class ClipBegun:
    """The worker is about to read clip ``number``: if it dies now, that may be the clip's fault."""

    number: int


@dataclass(frozen=True, slots=True)
class MergeProgress:
    """The output holds the footage up to ``wall``, which came from clip ``number``."""

    number: int
    wall: WallTime


@dataclass(frozen=True, slots=True)
class PlaybackProgress:
    """The finished video is being decoded: so many ``frames`` so far, now those of clip ``number``."""

    number: int
    frames: int


@dataclass(frozen=True, slots=True)
class PlaybackResult:
    """The finished video was decoded. It follows a :class:`MergeResult`."""

    playback: Playback


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """What became of one clip.

    ``covered`` is what of it is in the output, by the camera's clock: from the first copied picture to the end of
    the last one. ``starts_at`` is where that begins in the output, in seconds. ``holds`` is how many seconds of
    pictures the clip has in all, wherever the range cuts it. ``unusable`` says why nothing could be used, None
    where it could; ``missing_packets`` counts pictures its index lists but its bytes do not hold.
    ``damaged`` counts pictures of the range whose bytes make none, or that need parameter sets which the clip has not.
    ``undecodable_dropped`` counts pictures of the range that come before the first one that can be decoded by
    itself. ``audio_cut_seconds`` is how much longer its sound is than its pictures, ``sound_missing`` how many seconds
    of sound it should have beside them and has not. ``index_cut``: its file ends within the list of its pictures.
    ``frames`` is where each frame went; None where none was read. ``unplayable`` says what of it does not decode in
    the finished video, though it does in the clip.

    ``holes`` are parts of ``covered`` of which the clip has no picture. ``duplicates`` counts the pictures that were
    left out because another clip shows the same moment; ``inside`` is the number of the clip that shows all of it.
    ``lost_tracks`` are its other tracks of pictures and of sound, and other cameras, in words.
    ``hidden_shown`` counts those that an edit list hides and that are shown, because others need them.

    ``covered``, ``unusable`` and ``inside`` None: the clip is well, and holds nothing of the range.
    """

    number: int
    covered: Span | None = None
    starts_at: float = 0.0
    holds: float = 0.0
    video_packets: int = 0
    audio_packets: int = 0
    undecodable_dropped: int = 0
    missing_packets: int = 0
    damaged: int = 0
    audio_cut_seconds: float = 0.0
    sound_missing: float = 0.0
    index_cut: bool = False
    unusable: str | None = None
    holes: tuple[Span, ...] = ()
    duplicates: int = 0
    inside: int | None = None
    frames: FrameCounts | None = None
    hidden_shown: int = 0
    unplayable: str | None = None
    lost_tracks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipResults:
    """The answer to a clip: of which clips is now known what became of them (often not yet of the last one).

    ``again`` says why the clip was not taken: it is broken, and can be fetched once more.
    """

    outcomes: tuple[ClipOutcome, ...]
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A continuous stretch, or an event in one: seconds in the output, and its place on the camera's clock.

    ``after_gap``: it begins a stretch.
    """

    start: float
    end: float
    span: Span
    title: str
    after_gap: bool = True


@dataclass(frozen=True, slots=True)
class FilmResult:
    """A closed, reopened and checked file, still under its temporary name. Sizes in bytes and pixels.

    ``file`` is which one was written and checked: where others can write, another may have its name meanwhile.
    ``audio_from`` is the codec of most of the clips' sound where it had to be changed, else None. ``converted`` counts
    the clips whose sound was of another kind than the track's. ``chapters`` lists every stretch and event, also those
    that the container cannot name (avi: all; mp4: beyond 255).
    """

    path: str
    span: Span
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
    file: FileIdentity
    converted: int = 0
    subtitles: int = 0


@dataclass(frozen=True, slots=True)
class MergeResult:
    """All that came of a job. ``outcomes`` are of the clips that no earlier answer had.

    ``notes`` are sentences, among them those of ``doubts`` (of many the first ones). ``playback`` is known when the
    films have been decoded, which the worker does when this is told.
    """

    films: tuple[FilmResult, ...]
    outcomes: tuple[ClipOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    playback: Playback | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The merge is over. ``kind`` is ``disk`` or ``merge`` (the error class), the rest is the error itself.

    ``memory``: it asked for more than it may have, as a clip that is made for it would have it. ``clip``: the file of
    clip ``number`` cannot be read.
    """

    kind: str
    message: str
    hint: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class LapseClip:
    """Some keyframes of recording ``number``: those of the clip at ``path``, whose first picture is of ``start``.

    Of each of ``moments`` (seconds after that) the last keyframe at or before it is wanted. ``span`` is the part of the
    range that the recording has. All of one recording follow each other. ``digest`` is the SHA-256 of the clip, where
    others could change it.
    """

    number: int
    path: str
    label: str
    start: WallTime
    span: Span
    moments: tuple[float, ...] = (0.0,)
    events: tuple[str, ...] = ()
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class TimelapseOrder:
    """A timelapse: ``clips`` in order of time, the time of ``footage`` gone through ``speed`` times as fast."""

    job: MergeJob
    speed: float
    footage: tuple[Span, ...]
    clips: tuple[LapseClip, ...]


@dataclass(frozen=True, slots=True)
class TimelapseResult:
    """It is there, under its temporary name. ``outcomes`` are of the recordings that clips came of."""

    result: MergeResult
    outcomes: tuple[ClipOutcome, ...]


@dataclass(frozen=True, slots=True)
class StillOrder:
    """A picture of ``clip`` as a JPEG of ``width`` pixels, its shape kept, at the place ``output``.

    ``clip`` is a recording, whole or cut down to a keyframe, or a JPEG. Of a recording it is the last keyframe at or
    before ``seconds`` after its first picture, else its first. ``digest`` is its SHA-256, where others could change it.
    """

    clip: str
    output: str
    width: int
    seconds: float = 0.0
    digest: str | None = None


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
class SheetTick:
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
class SheetRow:
    """A camera of the sheet: its timeline, and its pictures. ``label`` is empty if it is the only one."""

    label: str
    bars: tuple[Bar, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class SheetOrder:
    """A contact sheet, as a PNG at the place ``output``: lines of text, the timelines, and the pictures."""

    output: str
    lines: tuple[str, ...]
    ticks: tuple[SheetTick, ...]
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """It is there, of this size in pixels. ``lacking``: the letters that no font here has."""

    width: int
    height: int
    lacking: str = ""
