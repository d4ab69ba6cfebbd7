"""A clip whose pictures are encoded again as H.264, which every player knows, while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camreel.media import timeline
from camreel.media.edge import plan_edge
from camreel.media.encode import COPY, Reencoder
from camreel.media.opening import open_clip
from camreel.media.probe import Clip, ClipKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet

    from camreel.media.job import MergeJob
    from camreel.media.pieces import Piece


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
        self.configuration, self.aspect = source.configuration, source.aspect
        self.sound_ticks, self.sound_setup = source.sound_ticks, source.sound_setup
        self._read = 0
        self._from: int | None = None
        self._ready: list[Packet[Any]] = []
        self._encoder: Reencoder | None = None
        self.video, self.parameters, self.kind = source.video, source.parameters, source.kind
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
        self.origin = origin = first.dts if first.pts is None else first.pts
        begin = cut.start if piece.begin is None else piece.begin
        plan = plan_edge(source.path, origin + begin)
        shown = plan.resume_at if plan.decode_from is None else plan.shown
        frame = 1 / (source.frame_rate * source.time_base)
        if shown is None or (begin > 0 and shown + frame <= origin + begin):
            self.holds_nothing = True
            return
        self._from = shown if plan.decode_from is None else plan.decode_from
        until = cut.end if piece.end is None else min(cut.end, piece.end)
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
        self.video, self.parameters = self._encoder.track, self._encoder.parameters
        self.kind = ClipKind("h264", 4, self.video.width, self.video.height, source.kind.sound)

    @property
    def listed_packets(self) -> int:
        """Pictures that there should be, of those that were asked for."""
        return 0 if self._encoder is None else self._encoder.pictures + self._encoder.failed

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

    def _encoded(self) -> Iterator[Packet[Any]]:
        assert self._encoder is not None
        started = False
        for packet in self._source.packets():
            if not self._source.is_picture(packet):
                yield packet
                continue
            pts = packet.dts if packet.pts is None else packet.pts
            started = started or (packet.is_keyframe and pts == self._from)
            if started:
                yield from self._encoder.add(packet)
        yield from self._encoder.finish()
