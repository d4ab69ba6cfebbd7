"""The merge: clips in the order of their wall clock, packet by packet, into one output."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camreel.errors import MergeError, printable
from camreel.media import timeline
from camreel.media.dav import notes_on
from camreel.media.job import ClipFile, ClipOutcome, MergeJob, MergeResult
from camreel.media.names import codec_name
from camreel.media.opening import open_clip, own_clock
from camreel.media.output import Output
from camreel.media.pictures import UnevenRate
from camreel.media.probe import Clip, ClipKind, Unusable
from camreel.media.timeline import Cut, Placed
from camreel.media.verify import verify
from camreel.model import OutputFormat, Span, WallTime

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.dhav import DhavSummary

Listener = Callable[[WallTime], None]

_KEPT = "The downloads are kept."
# How often progress is told, in seconds: it is also the sign of life that the parent waits for.
_EVERY = 0.25
# Seconds between the decoding and the showing of a picture that B-frames can explain.
_MOST_REORDER = 10


class Merger:
    """One output. Clips are added in the order of their listed start; the file is made with the first usable one."""

    def __init__(self, job: MergeJob) -> None:
        self._job = job
        self._output: Output | None = None
        self._placed: list[Placed] = []
        self._notes: list[str] = []

    def add(self, clip: ClipFile, on_progress: Listener) -> ClipOutcome:
        """Put ``clip`` into the output. ``on_progress`` gets the wall time reached, a few times a second.

        Raises :class:`MergeError` where the clip is well but cannot be in this output, :class:`DiskError` where the
        output cannot be written.
        """
        try:
            own = own_clock(clip.path)
        except Unusable as reason:
            return ClipOutcome(clip.number, unusable=str(reason))
        if own is not None:
            return self._add_dav(clip, own, on_progress)
        return self._add_parts(clip, on_progress)

    def _add_dav(self, clip: ClipFile, own: DhavSummary, on_progress: Listener) -> ClipOutcome:
        """A clip whose pictures have a clock of their own."""
        placed, notes = timeline.by_own_clock(clip, self._job, own.first), notes_on(own)
        if placed is None:
            notes.append(f"is dated {own.first} by its own clock; the listed {clip.span.start} was taken")
        outcome = self._add_parts(placed or clip, on_progress)
        if outcome.covered is None:
            return outcome
        self._notes += [f"{printable(clip.label)} {note}." for note in notes]
        short = min(clip.span.end, self._job.span.end) - outcome.covered.end
        if own.cut and short >= timeline.RESOLUTION:
            return replace(outcome, missing_packets=outcome.missing_packets + 1)
        return outcome

    def _add_parts(self, clip: ClipFile, on_progress: Listener) -> ClipOutcome:
        parts = timeline.wanted_parts(clip, self._job)
        return timeline.together([self._add(clip, replace(self._job, span=part), on_progress) for part in parts])

    def _add(self, clip: ClipFile, job: MergeJob, on_progress: Listener) -> ClipOutcome:
        """What ``job`` asks for of ``clip``, without a hole."""
        try:
            with open_clip(clip.path) as source:
                copy = _ClipCopy(self, job, clip, source, on_progress)
                outcome = copy.run()
        except Unusable as reason:
            return ClipOutcome(clip.number, unusable=str(reason))
        except UnevenRate as error:
            said = (
                f"{printable(clip.label)} does not have the constant rate of pictures that avi needs; use mkv or mp4."
            )
            raise MergeError(said, hint=_KEPT) from error
        if outcome.covered is not None:
            assert self._output is not None
            end = float(self._output.pictures.end * self._output.pictures.time_base)
            self._placed.append(Placed(clip.label, outcome.covered, outcome.starts_at, end))
        return outcome

    def output_for(self, clip: ClipFile, source: Clip, first: WallTime) -> Output:
        """The output, which is made now if ``clip`` is the first to have a picture (at ``first``) in it."""
        self._refuse_what_cannot_be_held(clip, source.kind)
        if self._output is None:
            offset = self._job.utc_offset
            created = None if offset is None else timeline.creation_time(first, offset, self._job.drift)
            self._output = Output(self._job, source, created)
        return self._output

    def _refuse_what_cannot_be_held(self, clip: ClipFile, kind: ClipKind) -> None:
        if self._job.format is OutputFormat.AVI and kind.codec == "hevc":
            raise MergeError("H.265 cannot be stored in avi; use mkv or mp4.", hint=_KEPT)
        difference = None if self._output is None else _difference(kind, self._output.kind, self._job.format)
        if difference is not None:
            raise MergeError(
                f"{printable(clip.label)} {difference}: they cannot be merged into one video.",
                hint=f"{_KEPT} Ask for the time before and after {clip.span.start} separately.",
            )

    def finish(self) -> MergeResult:
        """Close the output, reopen it and compare it with what was written, and bring it to the disk.

        Raises :class:`MergeError` where nothing could be used or the file is not what was written.
        """
        output = self._output
        if output is None:
            raise MergeError("None of the clips holds a picture of the range.", hint=_KEPT)
        if output.sound is not None:
            output.sound.finish()
        chapters = timeline.chapters(self._placed, self._job)
        output.close(chapters)
        pictures, sound = output.pictures, output.sound
        sound_kind, sound_codec = output.kind.sound, output.sound_codec
        result = MergeResult(
            seconds=float(pictures.end * pictures.time_base),
            size=Path(self._job.output).stat().st_size,
            video_codec=output.kind.codec,
            width=output.kind.width,
            height=output.kind.height,
            video_packets=pictures.packets,
            audio_codec=sound_codec,
            audio_from=None if sound_kind is None or sound_kind.codec == sound_codec else sound_kind.codec,
            audio_packets=0 if sound is None else sound.packets,
            chapters=chapters,
        )
        verify(self._job.output, self._job.format, result, (pictures.first_written, pictures.last_written))
        return replace(result, notes=tuple(self._all_notes(len(chapters))))

    def _all_notes(self, chapters: int) -> list[str]:
        notes = [*self._notes, *timeline.overlap_notes(self._placed, self._job)]
        most = timeline.MOST_MP4_CHAPTERS
        if self._job.format is OutputFormat.MP4 and chapters > most:
            notes.append(
                f"An mp4 holds {most} chapters: the first {most} of {chapters} stretches have one; mkv has all."
            )
        return notes


def _difference(kind: ClipKind, before: ClipKind, container: OutputFormat) -> str | None:
    """What keeps a clip of ``kind`` out of an output made for ``before``, as the rest of a sentence; or None."""
    if kind.codec != before.codec:
        return f"is {codec_name(kind.codec)} while the clips before it are {codec_name(before.codec)}"
    if kind.nal_length_size != before.nal_length_size:
        return "stores its pictures in another way (NAL length size) than the clips before it"
    if kind.sound != before.sound:
        has, had = str(kind.sound or "no sound"), str(before.sound or "no sound")
        other = " of another profile" if has == had else ""
        return f"has {has}{other} while the clips before it have {had}"
    if container is OutputFormat.AVI and (kind.width, kind.height) != (before.width, before.height):
        return (
            f"is {kind.width}x{kind.height} while the clips before it are {before.width}x{before.height},"
            " and avi holds one size (mkv and mp4 hold both)"
        )
    return None


@dataclass(slots=True)
class _Counts:
    read: int = 0
    before_first: int = 0
    leading: int = 0


class _ClipCopy:
    """One clip on its way into the output."""

    def __init__(self, merger: Merger, job: MergeJob, clip: ClipFile, source: Clip, on_progress: Listener) -> None:
        self._merger = merger
        self._job = job
        self._clip = clip
        self._source = source
        self._on_progress = on_progress
        self._cut: Cut = timeline.cut_of(clip, job, source.time_base)
        self._most_reorder = int(_MOST_REORDER / source.time_base)
        self._counts = _Counts()
        self._held: list[Packet[Any]] = []  # pictures from the end of the range on, which earlier ones may refer to
        self._early_sound: list[Packet[Any]] = []  # sound that comes in the file before the first picture
        self._output: Output | None = None
        self._origin: int | None = None  # the clip's first picture, in its ticks
        self._latest: int | None = None  # the latest picture seen so far
        self._first = 0  # the first copied picture
        self._open_gop = False
        self._pictures_done = False
        self._reached = 0  # the last written picture
        self._next_report = time.monotonic() + _EVERY

    def run(self) -> ClipOutcome:
        """Copy what the range asks for and say what became of the clip."""
        start = self._start_keyframe() if self._cut.start > 0 else None
        if self._cut.start > 0 and start is None:
            return ClipOutcome(self._clip.number, holds=self._source.listed_seconds)
        self._begin_at = start
        whole = True
        index = self._source.video.index
        for packet in self._source.packets():
            self._sign_of_life()
            if packet.stream_index == index:
                if not self._pictures_done:
                    self._take_picture(packet)
            elif self._take_sound(packet):
                continue
            if self._pictures_done and self._sound_done():
                whole = False
                break
        return self._outcome(whole=whole and not self._pictures_done)

    def _start_keyframe(self) -> int | None:
        """The last keyframe at or before the start of the range (its pts); None if all is before the range."""
        origin = chosen = None
        reaches = False
        with open_clip(self._clip.path) as scan:
            frame = max(1, round(1 / (scan.frame_rate * scan.time_base)))
            for packet in scan.packets(sound=False):
                self._sign_of_life()
                pts = _shown_at(packet, self._most_reorder)
                origin = pts if origin is None else origin
                start = origin + self._cut.start
                if packet.is_keyframe and (chosen is None or pts <= start):
                    chosen = pts
                reaches = reaches or pts + frame > start
                if packet.dts is not None and packet.dts >= start:
                    break
        return chosen if reaches else None

    def _take_picture(self, packet: Packet[Any]) -> None:
        pts = _shown_at(packet, self._most_reorder)
        packet.pts = pts
        assert packet.dts is not None
        self._counts.read += 1
        if self._origin is None:
            self._origin = pts
        self._latest = pts if self._latest is None else max(self._latest, pts)
        after_end = pts - self._origin >= self._cut.end
        if after_end and packet.dts - self._origin >= self._cut.end:
            self._pictures_done = True  # nothing that is decoded later can be shown earlier
        elif self._output is None:
            self._seek_first(packet, pts, after_end=after_end)
        elif self._open_gop and pts < self._first and self._source.parameters.leads(memoryview(packet)):
            self._counts.leading += 1
        elif after_end:
            self._held.append(packet)
        else:
            self._write(packet)

    def _seek_first(self, packet: Packet[Any], pts: int, *, after_end: bool) -> None:
        """Start with a keyframe; what comes before it cannot be decoded."""
        assert self._origin is not None
        if not packet.is_keyframe or after_end:
            self._counts.before_first += pts - self._origin >= self._cut.start
            return
        if self._begin_at is not None and pts < self._begin_at:
            return
        source = self._source
        wall = timeline.wall_at(self._clip, pts - self._origin, source.time_base)
        output = self._merger.output_for(self._clip, source, wall)
        self._output, self._first = output, pts
        # In H.265 also a keyframe that refreshes may have leading pictures, some decodable: each is asked.
        parameters = source.parameters
        self._open_gop = parameters.hevc or not parameters.refreshes(memoryview(packet))
        self._starts_at = output.pictures.end
        output.pictures.start_clip(source, packet)
        if output.sound is not None:
            base = self._starts_at * output.pictures.time_base
            output.sound.start_clip(source, base, pts * source.time_base)
            for early in self._early_sound:
                output.sound.add(early)
            self._sound_before = output.sound.packets
        self._pictures_before, self._damaged_before = output.pictures.packets, output.pictures.damaged
        self._write(packet)

    def _write(self, packet: Packet[Any]) -> None:
        assert self._output is not None
        assert packet.pts is not None
        pictures, sound = self._output.pictures, self._output.sound
        for held in self._held:
            pictures.write(held)
        self._held.clear()
        self._reached = packet.pts
        pictures.write(packet)
        if sound is not None:
            sound.write_until(pictures.reached())

    def _sign_of_life(self) -> None:
        now = time.monotonic()
        if now >= self._next_report:
            self._next_report = now + _EVERY
            start = max(self._clip.span.start, self._job.span.start)
            self._on_progress(start if self._output is None else self._wall(self._reached))

    def _take_sound(self, packet: Packet[Any]) -> bool:
        """Queue a packet of sound; whether that is all there is to do."""
        if self._output is None:
            self._early_sound.append(packet)
            return not self._pictures_done
        if self._output.sound is not None:
            self._output.sound.add(packet)
        return not self._pictures_done

    def _sound_done(self) -> bool:
        """After the last picture: whether the sound has come as far."""
        if self._output is None or self._output.sound is None:
            return True
        pictures = self._output.pictures
        return self._output.sound.heard() >= pictures.reached() * pictures.time_base

    def _wall(self, pts: int) -> WallTime:
        return timeline.wall_at(self._clip, pts - (self._origin or 0), self._source.time_base)

    def _outcome(self, *, whole: bool) -> ClipOutcome:
        """``whole``: the clip was read to its end."""
        missing = max(0, self._source.listed_packets - self._counts.read) if whole else 0
        if self._output is None:
            if whole and self._latest is None:
                raise Unusable("it holds no pictures")
            if whole and self._begin_at is None and self._counts.before_first == self._counts.read:
                raise Unusable("none of its pictures can be decoded by itself (no keyframe)")
            return ClipOutcome(
                self._clip.number,
                holds=self._holds(whole=whole),
                undecodable_dropped=self._counts.before_first,
                missing_packets=missing,
            )
        pictures, sound = self._output.pictures, self._output.sound
        pictures.end_clip()
        missing += pictures.damaged - self._damaged_before
        longer = 0.0 if sound is None else sound.end_clip(pictures.end * pictures.time_base)
        shown = (pictures.end - self._starts_at) * pictures.time_base
        start = self._wall(self._first)
        length = timeline.wall_at(self._clip, int(shown * 1_000_000), Fraction(1, 1_000_000)) - self._clip.span.start
        return ClipOutcome(
            self._clip.number,
            covered=Span(start, start + length),
            starts_at=float(self._starts_at * pictures.time_base),
            holds=self._holds(whole=whole),
            video_packets=pictures.packets - self._pictures_before,
            audio_packets=0 if sound is None else sound.packets - self._sound_before,
            undecodable_dropped=self._counts.before_first + self._counts.leading,
            missing_packets=missing,
            audio_cut_seconds=longer if whole else 0.0,
        )

    def _holds(self, *, whole: bool) -> float:
        if not whole or self._latest is None or self._origin is None:
            return self._source.listed_seconds
        return float((self._latest - self._origin) * self._source.time_base + 1 / self._source.frame_rate)


def _shown_at(packet: Packet[Any], most: int) -> int:
    """When a picture is shown. More than ``most`` ticks from its decode time (a hostile index) it is that time."""
    assert packet.dts is not None
    pts = packet.pts
    return packet.dts if pts is None or not -most <= pts - packet.dts <= most else pts
