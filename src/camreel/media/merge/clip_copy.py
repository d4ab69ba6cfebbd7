"""Copy one clip into a video: from which frame, up to which, at once or in two runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from camreel.formats.sniff import Unusable
from camreel.media.clips.clip import Clip
from camreel.media.clips.marks import Mark, mark_of, microseconds, shown_at
from camreel.media.clips.packets import GopRun, broken_link, recovery_of, view_of
from camreel.media.merge import timeline
from camreel.media.merge.pieces import Destination, Piece, StopReason, place_first
from camreel.media.merge.reencode import Edge, edge
from camreel.media.merge.scan import HiddenFrames, keyframe_before
from camreel.media.worker.messages import ClipOutcome, MergeJob
from camreel.model import AudioMode, FrameCounts, Span, WallTime

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.mux.base import OutputFile

# How often progress is told, in seconds: it is also the sign of life that the parent waits for.
EVERY = 0.25
_LOOK_EVERY = 16  # copied packets between two looks at the clock
# Seconds: an index may round the end of the sound up to a frame or two.
_SOUND_SHORT = 0.15


class PacketStream:
    """Packets one by one; a stretch of them is offered to ``take`` first, and unpacked where that says no."""

    def __init__(self, source: Clip, take: Callable[[GopRun], bool]) -> None:
        self._stretches: Iterator[Any] = iter(source.stretches())
        self._take = take
        self._packets: Iterator[Any] = iter(())
        self._parked: Any = None

    def park(self, packet: Any) -> None:
        """It comes again, as the next."""
        self._parked = packet

    def next(self) -> Any:
        """The next packet; None at the end."""
        packet, self._parked = self._parked, None
        if packet is None:
            packet = next(self._packets, None)
        while packet is None and (found := next(self._stretches, None)) is not None:
            if not isinstance(found, GopRun):
                return found
            if not self._take(found):
                self._packets = iter(found)
                packet = next(self._packets, None)
        return packet


class Heartbeat:
    """Calls ``tell`` a few times a second, as long as it beats; ``rarely``: the clock is asked at some beats only."""

    def __init__(self, tell: Callable[[], None], *, rarely: bool) -> None:
        self._tell = tell
        self._next = time.monotonic() + EVERY
        self._look_every = _LOOK_EVERY if rarely else 1
        self._calls_to_look = 1

    def tick(self, *, look: bool = False) -> None:
        """Something was done; ``look`` at the clock now where it was much."""
        self._calls_to_look -= 1
        if self._calls_to_look > 0 and not look:
            return
        self._calls_to_look = self._look_every
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            self._tell()


Listener = Callable[[WallTime], None]


@dataclass(slots=True)
class _Counts:
    read: int = 0
    outside: int = 0
    copies: int = 0
    reencoded: int = 0
    failed: int = 0  # of those that should have been encoded again
    undecodable: int = 0
    hidden: int = 0
    hidden_shown: int = 0
    sound: int = 0  # packets


class ClipCopy:
    """A clip that is being copied. ``split_at`` is where it parted; ``listed_marks``: of what was not read, too.

    ``counting``: what another clip shows as well is read to its end, to be counted.
    """

    def __init__(
        self,
        piece: Piece,
        job: MergeJob,
        source: Clip,
        destination: Destination,
        on_progress: Listener,
        *,
        counting: bool = True,
    ) -> None:
        self.piece = piece
        self.source = source
        self.listed_marks = source.listed_marks()
        self._marks: list[Mark] = []
        self.split_at: int | None = None
        self.encoded = 0  # pictures before the first keyframe, which were encoded again
        self.origin = source.origin  # the clip's first picture, in its ticks
        # Asked for after the clip is closed as well, and then the tracks of its container are freed memory.
        self.frame_rate = source.frame_rate
        self._description = source.description  # what is in force at the picture read last
        self._job = job
        self._skip = 0 if source.is_encoded else piece.skip
        self._destination = destination
        self._on_progress = on_progress
        self._counting = counting
        self._cut = timeline.cut_of(piece.clip, job, piece.span, source.time_base)
        self._hole = max(round(timeline.HOLE / source.time_base), 5 * round(1 / (source.frame_rate * source.time_base)))
        self._counts = _Counts()
        self._held: list[Packet[Any]] = []  # pictures from the end of the range on, which earlier ones may refer to
        self._hidden = HiddenFrames(source)
        self._early_sound: list[Packet[Any]] = []  # sound that comes in the file before the first picture
        self._output: OutputFile | None = None
        self._latest: int | None = None  # the latest picture seen so far
        self._first = 0  # the first copied picture
        self._edge_until: int | None = None  # what is shown before it was encoded again
        self._open_gop = False
        self._preroll = 0  # frames to come that the decoder needs, and that do not come out whole
        self._prerolled = 0  # such that were written
        self._whole_from: int | None = None  # the first frame that does
        self._pictures_done = False
        self._whole = True
        self._reached = 0  # the last written picture
        self._holes: list[Span] = []
        self._heartbeat = Heartbeat(self._tell, rarely=not (job.video.exact or source.is_encoded))
        self._begin_at: int | None = None
        self._packets: PacketStream | None = None
        self._until: int | None = None  # how far it goes at present
        self._scanned = 0  # pictures that were looked at to find where to begin
        self._taken = 0  # of those that were read: shown, or needed by one that is

    @property
    def marks(self) -> Sequence[Mark]:
        """Its pictures as stored, those that were read so far."""
        return self._marks if self.listed_marks is None else self.listed_marks.first(self._taken)

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end."""
        return self._whole and not self._pictures_done

    @property
    def stopped_at_range_end(self) -> bool:
        """Whether the clip may have more pictures, from the end of the range on."""
        return self._pictures_done

    def stop(self) -> None:
        """Nothing more of it is wanted."""
        self._pictures_done = True

    @property
    def has_written(self) -> bool:
        """Whether a picture of it is in the film."""
        return self._output is not None and self._output.pictures.packets > self._pictures_before

    def limit(self, end: int) -> None:
        """Leave out the pictures from ``end`` on (ticks after its first)."""
        self.piece = self.piece.until(end)

    def run(self, until: int | None = None) -> StopReason:
        """Go on, up to the pictures that are stored for ``until`` (ticks after its first) or later."""
        if self._packets is None and not self._start():
            self._pictures_done = True
            return StopReason.END
        assert self._packets is not None
        self._until = until
        while (packet := self._packets.next()) is not None:
            self._heartbeat.tick()
            if not self.source.is_picture(packet):
                self._take_sound(packet)
            elif not self._pictures_done:
                if self._is_beyond(packet.dts):
                    self._packets.park(packet)
                    return StopReason.LIMIT
                if self._take_picture(packet):
                    return StopReason.SPLIT
            if self._pictures_done and self._sound_done():
                self._whole = False
                break
        return StopReason.END

    def _start(self) -> bool:
        """Find where to begin; whether there is anything."""
        if self.source.holds_nothing:
            return False
        if self.piece.begin is not None and self.piece.skip == 0 and self.piece.begin < self._cut.start:
            self.piece = replace(self.piece, begin=None)
        if self.piece.begin is None and self._cut.start > 0 and not self.source.is_encoded:
            found = keyframe_before(self.piece.clip.path, self._cut.start, self._heartbeat.tick)
            self._begin_at, self._scanned, reaches = found
            if not reaches:
                return False
        self._packets = PacketStream(self.source, self._take_stretch)
        return True

    def _take_stretch(self, stretch: GopRun) -> bool:
        """Write all of it at once, where none of it is at the edge of what is wanted. Whether it was."""
        output, run = self._output, stretch.picture_run
        if output is None or self.origin is None or self._taken < self._skip or not self.has_written:
            return False
        if (
            self._hidden.are_kept
            or self._held
            or self._edge_until is not None
            or self._pictures_done
            or self._whole_from is None
        ):
            return False
        latest = max(run.shown)
        if latest - self.origin >= self._end or self._is_beyond(run.dts[-1]):
            return False
        if self._open_gop and min(run.shown) < self._first:
            return False
        if max(run.shown[0] - self._reached, run.longest_jump) >= self._hole or not output.takes(stretch):
            return False
        self._heartbeat.tick(look=True)
        self._saw(len(run.dts), latest)
        self._reached = max(self._reached, latest)
        output.pictures.write_stretch(stretch)
        if output.sound is not None:
            output.sound.add_stretch(stretch, output.pictures.reached())
        return True

    def _is_beyond(self, dts: int | None) -> bool:
        return not (self._until is None or self.origin is None or dts is None) and dts - self.origin >= self._until

    @property
    def _end(self) -> int:
        return self._cut.end if self.piece.end is None else min(self._cut.end, self.piece.end)

    def _take_picture(self, packet: Packet[Any]) -> bool:
        """Whether the film is full and the picture belongs into the next."""
        pts = shown_at(packet, self.source.time_base)
        packet.pts = pts
        assert packet.dts is not None
        if self.origin is None:
            self.origin = pts
        at = pts - self.origin
        self._describe(packet)
        is_hidden = self.source.hides(packet)
        if packet.is_keyframe and not is_hidden and self._is_split(packet, at):
            self.split_at = at
            return True
        self._counts.read += 1
        self._counts.hidden += is_hidden
        for each in self._hidden.in_turn(packet):
            self._take_needed(each, is_hidden=each is not packet)
        return False

    def _take_needed(self, packet: Packet[Any], *, is_hidden: bool) -> None:
        """Take one that is shown, or that one needs which is."""
        assert packet.pts is not None
        assert self.origin is not None
        at, written = packet.pts - self.origin, self._written
        self._counts.hidden -= is_hidden
        if not is_hidden:
            self._latest = packet.pts if self._latest is None else max(self._latest, packet.pts)
        self._taken += 1
        if self.listed_marks is None:
            self._marks.append(mark_of(packet, microseconds(at, self.source.time_base), self.source.parameters))
        if self._taken <= self._skip:
            self._leave_out(at, is_copy=True)
        else:
            self._take_shown(packet, at)
        self._counts.hidden_shown += self._written - written if is_hidden else 0

    def _take_shown(self, packet: Packet[Any], at: int) -> None:
        assert packet.pts is not None
        assert packet.dts is not None
        pts, end = packet.pts, self._end
        after_end = at >= end
        if after_end and packet.dts - (self.origin or 0) >= end:
            # Nothing that is decoded later can be shown earlier; what another clip shows as well is still counted.
            self._pictures_done = at >= self._cut.end or not self._counting
            self._leave_out(at, is_copy=True)
        elif self._output is None:
            self._seek_first(packet, at, after_end=after_end)
        elif self._edge_until is not None and pts < self._edge_until:
            self._pass_to_edge(at)
        elif self._open_gop and pts < self._first and self.source.parameters.leads(view_of(packet)):
            self._output.pictures.pass_over(packet.dts)
            self._lose(at)
        elif after_end:
            self._held.append(packet)
        else:
            self._write(packet)

    def _describe(self, packet: Packet[Any]) -> None:
        """Keep up with what is in force at a picture."""
        description = self.source.described(packet, self._description)
        if description is not self._description:
            self._description = description
            if self._output is not None:
                self._output.pictures.use(description.parameters)

    def _leave_out(self, at: int, *, is_copy: bool) -> None:
        """Count a frame that is not in the film; of the range it ``is_copy`` of what another clip shows."""
        if is_copy and self._cut.start <= at < self._cut.end:
            self._counts.copies += 1
        else:
            self._counts.outside += 1

    def _pass_to_edge(self, at: int) -> None:
        """Count a frame that was encoded again, or only decoded for those that were."""
        if at >= self._cut.start:
            self._counts.reencoded += 1
        else:
            self._counts.outside += 1

    def _lose(self, at: int) -> None:
        """Count a frame that needs others from before the clip. Before the range nobody asked for it."""
        whole = self._job.video.whole_clips
        if whole or timeline.wall_at(self.piece.clip, at, self.source.time_base) >= self.piece.span.start:
            self._counts.undecodable += 1
        else:
            self._counts.outside += 1

    @property
    def _written(self) -> int:
        return 0 if self._output is None else self._output.pictures.packets - self._pictures_before

    def _saw(self, count: int, latest: int) -> None:
        self._counts.read += count
        self._taken += count
        self._latest = latest if self._latest is None else max(self._latest, latest)

    def _is_split(self, packet: Packet[Any], at: int) -> bool:
        if self._output is None or at >= self._end or not self.has_written:
            return False
        wall = timeline.wall_at(self.piece.clip, at, self.source.time_base)
        # Amcrest cameras begin with two keyframes: the first of them would make a file of one frame.
        is_second = self._output.pictures.packets == self._pictures_before + 1
        full = not self._destination.takes(self._description) or self._destination.is_full(
            wall, lambda _room: 0 if is_second else self.source.gop_bytes(packet)
        )
        if not full or self._recovery(packet) != 0:
            return False
        return packet.pts == packet.dts or self.source.parameters.begins_anew(view_of(packet))

    def _seek_first(self, packet: Packet[Any], at: int, *, after_end: bool) -> None:
        """Start with a keyframe, or behind what the film has already; what comes before cannot be decoded."""
        assert self.origin is not None
        begin = self._begin_at if self.piece.begin is None else self.piece.begin + self.origin
        is_early = begin is not None and self.origin + at < begin
        if after_end:
            self._leave_out(at, is_copy=True)
        elif self.piece.skip:
            self._begin(packet, at)
        elif is_early and self.piece.begin is not None:
            self._leave_out(at, is_copy=not self.piece.is_rest)
        elif is_early or (after := self._recovery(packet)) is None:
            self._lose(at)
        else:
            self._preroll = after
            self._begin(packet, at)

    def _recovery(self, packet: Packet[Any]) -> int | None:
        """After how many frames all is right if decoding begins with ``packet``; None: never."""
        if self.source.is_encoded:
            return 0
        can_begin = self._description.parameters.decodes(view_of(packet))
        return recovery_of(packet, self.source.parameters) if can_begin else None

    def _begin(self, packet: Packet[Any], at: int) -> None:
        """Open the film for this clip and write its first picture."""
        assert self.origin is not None
        source = self.source
        made = self._edge() if at < self._cut.start and self.piece.skip == 0 else None
        head = None if made is None else next(made.packets, None)
        self._first = self.origin + at if head is None or head.pts is None else head.pts
        wall = timeline.wall_at(self.piece.clip, self._first - self.origin, source.time_base)
        parameters, view = source.parameters, view_of(packet)
        # Behind frames of another encoder H.264 needs an IDR frame: decoders leave out what seems to be of the past.
        starts = self.piece.skip == 0 and not source.is_encoded and head is None
        self._preroll = self._preroll if starts else 0
        self._whole_from = None if self._preroll else self._first
        begins_file = self._preroll > 0 or (starts and not parameters.hevc and not parameters.begins_anew(view))
        self.piece = replace(self.piece, begins_file=begins_file, builds_up=self._preroll > 0)
        output = self._output = self._destination.output_for(self.piece, source, wall, self._description)
        # In H.265 also a keyframe that refreshes may have leading pictures, some decodable: each is asked.
        refreshed = not parameters.hevc and parameters.refreshes(view)
        self._open_gop = self.piece.skip == 0 and not refreshed
        self._start_tracks(output, wall)
        if made is None or head is None:
            is_splice = starts and parameters.hevc and output.pictures.packets > 0
            self._write(cast("Packet[Any]", broken_link(packet, parameters)) if is_splice else packet)
        else:
            self._pass_to_edge(at)
            self._write_edge(made, head)

    def _edge(self) -> Edge | None:
        if not self._job.video.exact or self.source.is_encoded:
            return None
        assert self.origin is not None
        return edge(self.source, self.origin + self._cut.start, self.origin + self._end)

    def _write_edge(self, made: Edge, head: Packet[Any]) -> None:
        assert self._output is not None
        assert made.parameters is not None
        self._output.pictures.use(made.parameters, encoded=True)
        for each in chain((head,), made.packets):
            self._heartbeat.tick()
            self._put(each)
            self.encoded += 1
        self._counts.failed = 0 if made.encoder is None else made.encoder.failed
        self._output.pictures.use(self._description.parameters)
        self._edge_until = (self.origin or 0) + self._cut.end if made.resume_at is None else made.resume_at

    def _start_tracks(self, output: OutputFile, wall: WallTime) -> None:
        pictures, sound = output.pictures, output.sound
        self._starts_at = place_first(self.piece, self._destination, output, wall)
        self._pictures_before, self._damaged_before = pictures.packets, pictures.damaged
        pictures.start_clip(self.source, self._first, self._starts_at, self._description.parameters)
        base = self._starts_at * pictures.time_base
        if sound is not None:
            sound.start_clip(self.source, base, self._first * self.source.time_base)
            for early in self._early_sound:
                sound.add(early)
            self._sound_before = sound.packets
        self._early_sound.clear()
        if output.subtitles is not None:
            output.subtitles.start_clip(base, wall)

    def _write(self, packet: Packet[Any]) -> None:
        assert packet.pts is not None
        if self._held:
            for held in self._held:
                self._put(held)
            self._held.clear()
        if packet.pts - self._reached >= self._hole and self.has_written:
            self._jump(packet.pts)
        self._put(packet)

    def _jump(self, pts: int) -> None:
        """The pictures have a hole: what follows is put behind what was, unless the film keeps real time."""
        assert self._output is not None
        assert self.origin is not None
        pictures, sound, subtitles = self._output.pictures, self._output.sound, self._output.subtitles
        frame = round(pictures.frame * pictures.time_base / self.source.time_base)
        walls = [self._wall(each) for each in (self._reached + frame, pts)]
        self._holes.append(Span(*walls))
        reached = pictures.reached()
        if subtitles is not None:
            subtitles.end_clip(reached * pictures.time_base)
        if self._destination.place_of(walls[1]) is None:
            if sound is not None:
                sound.write_until(reached)
                sound.jump((reached - pictures.place(pts)) * pictures.time_base)
            pictures.jump(pts, reached)
        if subtitles is not None:
            subtitles.start_clip(pictures.place(pts) * pictures.time_base, walls[1])

    def _put(self, packet: Packet[Any]) -> None:
        assert self._output is not None
        assert packet.pts is not None
        pictures, sound, subtitles = self._output.pictures, self._output.sound, self._output.subtitles
        if self._whole_from is None:
            self._build_up(packet.pts)
        self._reached = max(self._reached, packet.pts) if self.has_written else packet.pts
        pictures.write(packet)
        reached = pictures.reached()
        if sound is not None:
            sound.write_until(reached)
        if subtitles is not None:
            subtitles.write_until(reached * pictures.time_base)

    def _build_up(self, pts: int) -> None:
        """Count a frame that does not come out whole, though the decoder needs it; the one after all those does."""
        assert self._output is not None
        if self._preroll == 0:
            self._whole_from, self._starts_at = pts, self._output.pictures.place(pts)
            return
        self._lose(pts - (self.origin or 0))
        self._preroll -= 1
        self._prerolled += 1

    def _tell(self) -> None:
        start = max(self.piece.clip.span.start, self.piece.span.start)
        self._on_progress(start if self._output is None else self._wall(self._reached))

    def _take_sound(self, packet: Packet[Any]) -> None:
        self._counts.sound += 1
        if self._output is None:
            self._early_sound.append(packet)
        elif self._output.sound is not None:
            self._output.sound.add(packet)

    def _sound_done(self) -> bool:
        """After the last picture: whether the sound has come as far."""
        if self._output is None or self._output.sound is None or self.source.kind.sound is None:
            return True
        pictures = self._output.pictures
        return self._output.sound.reached() >= pictures.reached() * pictures.time_base

    def _wall(self, pts: int) -> WallTime:
        return timeline.wall_at(self.piece.clip, pts - (self.origin or 0), self.source.time_base)

    def outcome(self) -> ClipOutcome:
        """Put an end to it, and say what became of the clip. Raises :class:`Unusable`. To be called once."""
        counts = self._counts
        if self._packets is None:
            counts.read = counts.outside = self._scanned
        for held in self._held:
            self._leave_out((held.pts or 0) - (self.origin or 0), is_copy=True)
        whole = self.is_whole or self._packets is None
        missing = max(0, self.source.listed_packets - counts.read) if whole and counts.read else 0
        if self._output is None:
            if self.is_whole and self._latest is None:
                raise Unusable("it holds no pictures")
            if self.is_whole and self._begin_at is None and counts.read and counts.undecodable == counts.read:
                raise Unusable(
                    "none of its pictures can be decoded by itself (no keyframe)"
                    if self._description.parameters.units
                    else "it has no parameter sets: its pictures cannot be decoded"
                )
            return ClipOutcome(
                self.piece.clip.number,
                holds=self._holds(),
                undecodable_dropped=counts.undecodable,
                missing_packets=missing,
                index_cut=whole and self.source.is_index_cut,
                duplicates=counts.copies,
                frames=self._frames(0, 0, missing),
            )
        pictures, sound = self._output.pictures, self._output.sound
        pictures.end_clip()
        end = pictures.end * pictures.time_base
        packets = pictures.packets - self._pictures_before - self._prerolled
        damaged = pictures.damaged - self._damaged_before + counts.failed
        longer = 0.0 if sound is None else sound.end_clip(end)
        if self._output.subtitles is not None:
            self._output.subtitles.end_clip(end)
        self._output.settle()
        start = self._wall(self._first if self._whole_from is None else self._whole_from)
        last = self._wall(self._reached)
        frame = int((pictures.end - pictures.shown) * pictures.time_base * 1_000_000)
        return ClipOutcome(
            self.piece.clip.number,
            covered=Span(start, last + timedelta(microseconds=frame)),
            starts_at=float(self._starts_at * pictures.time_base),
            holds=self._holds(),
            video_packets=packets,
            audio_packets=0 if sound is None else sound.packets - self._sound_before,
            undecodable_dropped=counts.undecodable,
            missing_packets=missing,
            damaged=damaged,
            audio_cut_seconds=longer if self.is_whole else 0.0,
            sound_missing=self._sound_missing(end) if whole else 0.0,
            index_cut=whole and self.source.is_index_cut,
            holes=tuple(self._holes),
            duplicates=counts.copies,
            frames=self._frames(packets - self.encoded, damaged, missing),
            hidden_shown=counts.hidden_shown,
        )

    def _frames(self, written: int, damaged: int, missing: int) -> FrameCounts:
        counts = self._counts
        return FrameCounts(
            counts.read,
            written,
            counts.reencoded - counts.failed,
            counts.outside + counts.hidden,
            counts.copies,
            counts.undecodable,
            damaged,
            missing,
        )

    def _sound_missing(self, end: Fraction) -> float:
        """Seconds of sound that should be beside the pictures, which end at ``end``, and are not."""
        assert self._output is not None
        if self._job.video.audio is AudioMode.NONE:
            return 0.0
        if self.source.has_lost_sound:
            return float(end - self._starts_at * self._output.pictures.time_base)
        if 0 < self.source.listed_sound <= self._counts.sound:
            return 0.0  # each packet is there, however long the index says that the last one is
        missing = 0.0 if self._output.sound is None else self._output.sound.missing
        return missing if missing >= _SOUND_SHORT else 0.0

    def _holds(self) -> float:
        if not self.is_whole or self._latest is None or self.origin is None:
            return self.source.listed_seconds
        return float((self._latest - self.origin) * self.source.time_base + 1 / self.source.frame_rate)
