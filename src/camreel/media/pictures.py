"""The picture track of an output: where each packet goes. Whole ticks throughout; the pictures are the master clock."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from camreel.model import OutputFormat

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.output import Output
    from camreel.media.probe import Clip


class UnevenRate(Exception):
    """The pictures do not come at the constant rate of the output."""


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip lies: ``first`` (its own ticks) is at ``base`` (ticks of the output)."""

    first: int
    base: int
    numerator: int
    denominator: int

    def at(self, ticks: int) -> int:
        """Ticks of the clip as ticks of the output."""
        return self.base + (ticks - self.first) * self.numerator // self.denominator


def head_of(packet: Packet[Any]) -> bytes:
    """Enough of a packet to know it again: pictures differ in their lengths and first bytes."""
    return bytes(memoryview(packet)[:64])


class PictureTrack:
    """Writes pictures as they are stored, with their clip's parameter sets and their place in the output.

    ``end`` is where the next clip begins; ``packets`` counts what was written, ``damaged`` what the container's
    own form cannot be made of. ``first_written`` and ``last_written`` are how those packets begin.
    """

    def __init__(self, output: Output, lowest: int | None) -> None:
        self._output = output
        self._last_dts = -(1 << 62) if lowest is None else lowest - 1
        self._lowest = lowest
        self.time_base: Fraction = output.picture_time_base
        self.end = 0
        self.packets = 0
        self.damaged = 0
        self.first_written = self.last_written = b""

    def start_clip(self, clip: Clip, first: Packet[Any]) -> None:
        """``first`` is the keyframe that the clip begins with."""
        assert first.pts is not None
        ratio = clip.time_base / self.time_base
        self._clip = clip
        self._place = ClipPlace(first.pts, self.end, ratio.numerator, ratio.denominator)
        self._frame = max(1, round(1 / (clip.frame_rate * self.time_base)))
        self._shown = self.end
        self._first_dts = self._clip_dts = 0
        self._before = self.packets

    def write(self, packet: Packet[Any]) -> None:
        """Write a packet of the clip."""
        assert packet.pts is not None
        assert packet.dts is not None
        pts, dts = self._place.at(packet.pts), self._place.at(packet.dts)
        if self.packets == self._before:
            self._first_dts = dts
        self._clip_dts = dts
        pts, dts = self._in_order(pts, dts)
        if packet.is_keyframe:
            packet = self._with_parameters(packet)
        packet.stream = self._output.picture_stream
        packet.time_base = self.time_base
        packet.pts, packet.dts, packet.duration = pts, dts, self._frame
        self._shown = max(self._shown, pts)
        self.packets += 1
        self.last_written = head_of(packet)
        self.first_written = self.first_written or self.last_written
        self._output.mux(packet)

    def _in_order(self, pts: int, dts: int) -> tuple[int, int]:
        """Decode times must rise, and no picture is shown before it is decoded. Neither is a reason to lose one."""
        if self._lowest is not None and dts < self._lowest:
            dts = self._lowest
        self._last_dts = dts = max(dts, self._last_dts + 1)
        return max(pts, dts), dts

    def _with_parameters(self, packet: Packet[Any]) -> Packet[Any]:
        data = self._clip.parameters.into_keyframe(memoryview(packet))
        if data is None:
            return packet
        changed = av.Packet(data)
        changed.is_keyframe = True
        return changed

    def reached(self) -> int:
        """Where the last shown picture ends as far as is known, in ticks of the output."""
        return self._shown + self._frame

    def end_clip(self) -> None:
        """Set ``end``: the last picture stays as long as the others do on average, whatever the index says of it."""
        count = self.packets - self._before
        if count > 1:
            self._frame = max(1, (self._clip_dts - self._first_dts) // (count - 1))
        self.end = self.reached()


class AviPictureTrack(PictureTrack):
    """avi has no time stamps: the place of a picture is its number. One tick is one picture, at a constant rate."""

    def __init__(self, output: Output) -> None:
        super().__init__(output, lowest=0)
        self._filter: av.BitStreamFilterContext | None = None

    def start_clip(self, clip: Clip, first: Packet[Any]) -> None:
        super().start_clip(clip, first)
        assert first.dts is not None
        place = self._place
        half = place.denominator // (2 * place.numerator)
        self._place = ClipPlace(first.dts - half, self.end, place.numerator, place.denominator)
        # The filter writes what it makes of the parameters into its output stream: only before the header is written.
        target = self._output.picture_stream if self.packets == 0 else None
        self._filter = av.BitStreamFilterContext("h264_mp4toannexb", clip.video, target)

    def _in_order(self, pts: int, dts: int) -> tuple[int, int]:  # noqa: ARG002 - avi holds no such thing
        _, placed = super()._in_order(dts, dts)
        if placed - dts > 2:
            raise UnevenRate
        return placed, placed

    def _with_parameters(self, packet: Packet[Any]) -> Packet[Any]:
        return packet

    def write(self, packet: Packet[Any]) -> None:
        assert self._filter is not None
        try:
            filtered = self._filter.filter(packet)
        except (av.error.FFmpegError, ValueError):
            self.damaged += 1
            return
        for each in filtered:
            super().write(each)


def picture_track(output: Output, container: OutputFormat) -> PictureTrack:
    """The track for ``container``."""
    if container is OutputFormat.AVI:
        return AviPictureTrack(output)
    # Matroska stores no decode times and would shift all of the film until none is negative.
    return PictureTrack(output, lowest=0 if container is OutputFormat.MKV else None)
