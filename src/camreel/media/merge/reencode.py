"""Re-encode part of a clip for the merge: the frames between a cut and the next keyframe, or all as H.264.

A video can begin with any frame: those up to the next keyframe are re-encoded (the edge), the rest is copied. The
caller drops frames that follow this keyframe in the file but are shown before it, because the edge has them. It also
writes the parameter sets of each side into that side's keyframes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from camreel.media.clips.clip import Clip, ClipKind
from camreel.media.clips.description import description_by_ffmpeg
from camreel.media.clips.open import open_clip
from camreel.media.encode.video import COPY, EDGE, Quality, Reencoder
from camreel.media.merge import timeline

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.nal import Parameters
    from camreel.media.merge.pieces import Piece
    from camreel.media.worker.messages import MergeJob

# Pictures that H.264 and H.265 can hold back to show others first; behind a keyframe to copy from only its own lead.
_MOST_REORDER = 16


@dataclass(frozen=True, slots=True)
class Edge:
    """``packets`` are of mp4's form, in ticks of the clip; they are made as they are asked for, once.

    ``parameters`` belong to them; None where there are none. ``resume_at`` is the time of the keyframe from which on
    to copy, None where the edge reaches to the end. ``encoder`` counts what could not be decoded.
    """

    parameters: Parameters | None
    packets: Iterator[Packet[Any]]
    resume_at: int | None
    encoder: Reencoder | None = None


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """Ticks of the clip: decode from the keyframe at ``decode_from``, show from ``shown`` on, copy from ``resume_at``.

    Nothing is to be encoded where ``decode_from`` is None.
    """

    decode_from: int | None
    shown: int | None
    resume_at: int | None


def edge(clip: Clip | str, first_pts: int, until: int | None = None, quality: Quality = EDGE) -> Edge:
    """The edge of ``clip`` for a film that begins with the picture shown at ``first_pts`` and ends before ``until``.

    Both are ticks of the clip. The clip is opened again by its path: an open one stays as it is. A picture shown at
    ``first_pts`` is the last one with a time not after it; where there is none, the clip's first. Where that picture
    can be copied, the edge is empty and ``resume_at`` is its time.

    Raises :class:`Unusable` where the clip cannot be opened, :class:`MergeError` where nothing can be encoded here.
    """
    path = clip if isinstance(clip, str) else clip.path
    plan = plan_edge(path, first_pts)
    resume_at = plan.resume_at
    if until is not None and resume_at is not None and resume_at >= until:
        resume_at = None
    if plan.decode_from is None or plan.shown is None:
        return Edge(None, iter(()), resume_at)
    stop = resume_at if resume_at is not None else until
    source = open_clip(path)
    try:
        encoder = Reencoder(source, plan.shown, stop, quality=quality)
    except BaseException:
        source.close()
        raise
    packets = _encoded(source, encoder, plan.decode_from, stop, beyond=_MOST_REORDER if resume_at is None else 1)
    head = next(packets, None)
    if head is None:
        return Edge(None, iter(()), resume_at, encoder)
    return Edge(encoder.parameters, chain((head,), packets), resume_at, encoder)


def plan_edge(path: str, first_pts: int) -> EdgePlan:
    """Where the edge of the clip at ``path`` begins and ends. Reads packets and decodes nothing."""
    with open_clip(path) as scan:
        return _Search(scan, first_pts).run()


class _Search:
    """One walk through a clip, up to the keyframe after the picture that is shown at ``first_pts``."""

    def __init__(self, clip: Clip, first_pts: int) -> None:
        self._clip = clip
        self._first_pts = first_pts
        self._shown: int | None = None
        self._earliest: int | None = None
        self._keys: list[tuple[int, bool]] = []  # time, and whether everything after it can be decoded from there

    def run(self) -> EdgePlan:
        """The plan."""
        for packet in self._clip.packets(sound=False):
            assert packet.dts is not None
            pts = packet.dts if packet.pts is None else packet.pts
            if self._is_decided(pts):
                break
            self._earliest = pts if self._earliest is None else min(self._earliest, pts)
            if pts <= self._first_pts:
                self._shown = pts if self._shown is None else max(self._shown, pts)
            if packet.is_keyframe:
                self._keys.append((pts, self._clip.parameters.refreshes(memoryview(packet))))
        return self._plan(self._earliest if self._shown is None else self._shown)

    def _is_decided(self, pts: int) -> bool:
        """Whether nothing later in the file is shown before the next keyframe: those that lead it have been read."""
        return any(refreshes and self._first_pts < key <= pts for key, refreshes in self._keys)

    def _plan(self, shown: int | None) -> EdgePlan:
        if shown is None:
            return EdgePlan(None, None, None)
        resume_at = min((key for key, refreshes in self._keys if refreshes and key >= shown), default=None)
        before = [key for key, refreshes in self._keys if key <= shown and refreshes]
        # Pictures after a keyframe that does not refresh may refer to what came before it.
        before = before or [key for key, _ in self._keys if key <= shown]
        if resume_at == shown or not before:
            return EdgePlan(None, None, resume_at)
        return EdgePlan(max(before), shown, resume_at)


def _encoded(
    source: Clip, encoder: Reencoder, decode_from: int, stop: int | None, beyond: int
) -> Iterator[Packet[Any]]:
    """``beyond`` packets that are shown from ``stop`` on are read: earlier pictures may follow them in the file."""
    with source:
        started = False
        for packet in source.decodable():
            pts = packet.dts if packet.pts is None else packet.pts
            assert pts is not None
            started = started or (packet.is_keyframe and pts == decode_from)
            if not started:
                continue
            beyond -= stop is not None and pts >= stop
            if beyond < 0:
                break
            yield from encoder.add(packet)
        yield from encoder.finish()


class H264Clip(Clip):
    """``piece`` of a clip, its pictures fitted into ``size`` (None: their own). They begin with the asked one.

    Raises :class:`Unusable`, and :class:`MergeError` where nothing can be encoded here.
    """

    is_encoded = True

    def __init__(self, piece: Piece, job: MergeJob, size: tuple[int, int] | None) -> None:
        self._source = source = open_clip(piece.clip.path)
        self.path, self.container, self.sound, self.time_base = (
            source.path,
            source.container,
            source.sound,
            source.time_base,
        )
        self.sound_ticks, self.sound_setup = source.sound_ticks, source.sound_setup
        self.sound_ends, self.listed_sound = source.sound_ends, source.listed_sound
        self.has_lost_sound, self.besides = source.has_lost_sound, source.besides
        self.notes = source.notes
        self._unread = 0  # pictures of the range that the index lists and the file has not
        self._from: int | None = None
        self._ready: list[Packet[Any]] = []
        self._encoder: Reencoder | None = None
        self.video, self.description, self.kind = source.video, source.description, source.kind
        try:
            self._prepare(piece, job, size)
        except BaseException:
            source.close()
            raise

    def _prepare(self, piece: Piece, job: MergeJob, size: tuple[int, int] | None) -> None:
        source = self._source
        cut = timeline.cut_of(piece.clip, job, piece.span, source.time_base)
        with open_clip(source.path) as scan:
            first = next((each for each in scan.packets(sound=False)), None)
        if first is None or first.dts is None:
            return
        shown_first = first.dts if first.pts is None else first.pts
        self.origin = origin = shown_first if source.origin is None else source.origin
        begin = cut.start if piece.begin is None else piece.begin
        if source.shows is not None:
            begin = max(begin, source.shows.start - origin)
        plan = plan_edge(source.path, origin + begin)
        shown = plan.resume_at if plan.decode_from is None else plan.shown
        frame = 1 / (source.frame_rate * source.time_base)
        if shown is None or (begin > 0 and shown + frame <= origin + begin):
            self.holds_nothing = True
            return
        self._from = shown if plan.decode_from is None else plan.decode_from
        until = cut.end if piece.end is None else min(cut.end, piece.end)
        if source.shows is not None:
            until = min(until, source.shows.stop - origin)
        self._encoder = Reencoder(source, shown, origin + until, quality=COPY, codec="h264", size=size)
        self._until = origin + until
        self._packets = self._encoded()
        self.holds_nothing = True
        # Its parameter sets are known with the first picture, and the output needs them before.
        for packet in self._packets:
            self._ready.append(packet)
            if self.is_picture(packet):
                self.holds_nothing = False
                break
        if self.holds_nothing:
            return
        self.video = self._encoder.track
        made, told = description_by_ffmpeg(self.video), source.description.by_container
        # Pixels that only the stream says are no squares become squares, or stay as they are in all of it.
        look = replace(made.look, turned=told.turned, aspect=told.aspect or Fraction(1))
        self.description = replace(made, told=told, look=replace(look, colors=told.colors or look.colors))
        self.kind = ClipKind("h264", 4, self.video.width, self.video.height, source.kind.sound)

    @property
    def listed_packets(self) -> int:
        """Pictures that there should be, of those that were asked for."""
        if self._encoder is None:
            return 0
        return self._encoder.pictures + self._encoder.failed + self._unread

    @property
    def listed_seconds(self) -> float:
        return self._source.listed_seconds

    @property
    def frame_rate(self) -> Any:
        return self._source.frame_rate

    def is_picture(self, packet: Packet[Any]) -> bool:
        return self.sound is None or packet.stream is not self.sound

    def packets(self, *, sound: bool = True) -> Iterator[Packet[Any]]:
        """Its packets, as they come out of the encoder. Once."""
        for packet in self._ready:
            if sound or self.is_picture(packet):
                yield packet
        if self._encoder is not None:
            yield from (packet for packet in self._packets if sound or self.is_picture(packet))

    @property
    def is_index_cut(self) -> bool:
        return self._source.is_index_cut

    def _encoded(self) -> Iterator[Packet[Any]]:
        assert self._encoder is not None
        started, read, latest = False, 0, 0
        for packet in self._source.decodable(sound=True):
            if not self._source.is_picture(packet):
                yield packet
                continue
            read += 1
            pts = packet.dts if packet.pts is None else packet.pts
            assert pts is not None
            latest = max(latest, pts)
            started = started or (packet.is_keyframe and pts == self._from)
            if started:
                yield from self._encoder.add(packet)
        if latest < self._until:
            self._unread = max(0, self._source.listed_packets - read)
        yield from self._encoder.finish()
