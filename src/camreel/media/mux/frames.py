"""The picture track of an output: the place of each packet, in whole ticks. Its frames are the master clock."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av

from camreel.media.clips.packets import Stored, head_of, view_of

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.containers import Container
    from camreel.formats.nal import Parameters
    from camreel.media.clips.clip import Clip
    from camreel.media.clips.packets import GopRun

# Bytes of the lengths that the tracks are made for.
LENGTH_SIZE = 4


class FrameSink(Protocol):
    """Where a picture track writes to. ``picture_time_base`` is the unit of its times."""

    picture_time_base: Fraction

    def put_picture(self, packet: Packet[Any] | Stored) -> None:
        """Write one frame, whose times are ticks of the track."""

    def put_pictures(self, stretch: GopRun, start: int, duration: int) -> None:
        """Write the frames of a stretch, the first decoded at ``start``."""


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


@dataclass(frozen=True, slots=True)
class SetsPoint:
    """A keyframe that is shown at ``at`` (ticks of the output), the first that needs ``sets``.

    It is the frame of the clip at ``path`` that is shown at ``ticks`` there; None if it was encoded again. ``number``
    frames are stored before it.
    """

    at: int
    sets: bytes
    path: str
    ticks: int | None
    number: int


class FrameTrack:
    """Writes pictures as they are stored, with their clip's parameter sets and their place in the output.

    ``end`` is where the next clip begins; ``packets`` counts what was written (``bytes`` of it), ``damaged`` what the
    container's own form cannot be made of. ``points`` are the keyframes whose parameter sets no frame before needed.
    ``first_written`` and ``last_written`` are how those packets begin.
    """

    def __init__(self, output: FrameSink, *, lowest: int | None, start_codes: bool = False) -> None:
        self._output = output
        self._last_dts = -(1 << 62) if lowest is None else lowest - 1
        self._lowest = lowest
        self._start_codes = start_codes
        self.time_base: Fraction = output.picture_time_base
        self.end = 0
        self.packets = 0
        self.bytes = 0
        self.damaged = 0
        self._is_lacking = False  # the sets of the last keyframe
        self.first_written = self.last_written = b""
        self._last: Stored | bytes = b""
        self.points: list[SetsPoint] = []
        self._path = ""
        self._in_force: Parameters | None = None  # the sets that the frames written so far have left

    def start_clip(self, clip: Clip, first: int, base: int, parameters: Parameters) -> None:
        """The clip's picture at ``first`` (its own ticks) is shown at ``base`` (the output's)."""
        ratio = clip.time_base / self.time_base
        self._path = clip.path
        self._is_lacking = False
        self.use(parameters, encoded=clip.is_encoded)
        self._place = ClipPlace(first, base, ratio.numerator, ratio.denominator)
        self._frame = max(1, round(1 / (clip.frame_rate * self.time_base)))
        self._shown = base
        self._steps = self._stepped = 0
        self._clip_dts: int | None = None
        self._longest = 8 * self._frame

    def jump(self, ticks: int, at: int) -> None:
        """From the clip's picture at ``ticks`` on it is shown from ``at`` on: there is a hole before it."""
        place = self._place
        self._place = ClipPlace(ticks, at, place.numerator, place.denominator)

    def use(self, parameters: Parameters, *, encoded: bool = False) -> None:
        """What the next pictures are decoded with. ``encoded``: they are not those of the clip."""
        self._parameters = parameters
        self._has_point = any(point.sets == parameters.sets for point in self.points)
        self._encoded = encoded
        self._wide = parameters.nal_length_size == LENGTH_SIZE

    def place(self, ticks: int) -> int:
        """Where the clip's picture at ``ticks`` (its own) is shown."""
        return self._place.at(ticks)

    def write(self, packet: Packet[Any] | Stored) -> None:
        """Write a packet of the clip."""
        assert packet.pts is not None
        assert packet.dts is not None
        ticks = packet.pts
        pts, dts = self._place.at(ticks), self._place.at(packet.dts)
        stored = self._as_stored(packet)
        if stored is None:
            self.damaged += 1
            return
        self._step(dts)
        pts, dts = self._in_order(pts, dts)
        stored.pts, stored.dts, stored.duration = pts, dts, self.frame
        self._shown = max(self._shown, pts)
        if not self._has_point and packet.is_keyframe:
            self._has_point = True
            of_clip = None if self._encoded else ticks
            self.points.append(SetsPoint(pts, self._parameters.sets, self._path, of_clip, self.packets))
        self.packets += 1
        self.bytes += stored.size
        # One that stays in its file can be looked at later; another is empty once it is written.
        self._last = stored if isinstance(stored, Stored) else head_of(stored)
        if not self.first_written:
            self.first_written = head_of(stored)
        self._output.put_picture(stored)

    def pass_over(self, ticks: int) -> None:
        """A picture of the clip that is decoded at ``ticks`` (its own) is left out: it took its time all the same."""
        self._step(self._place.at(ticks))

    def _step(self, dts: int) -> None:
        step = self._longest if self._clip_dts is None else dts - self._clip_dts
        if step < self._longest:  # a hole is no measure
            self._steps += 1
            self._stepped += step
        self._clip_dts = dts

    @property
    def sets(self) -> bytes:
        """What the picture written last is decoded with."""
        return self._parameters.sets

    def takes(self, stretch: GopRun) -> bool:
        """Whether the pictures of a stretch, which come behind the last one written, can be written as they are."""
        run, place = stretch.picture_run, self._place
        if not self._wide or self._is_lacking or self._clip_dts is None or place.numerator != place.denominator:
            return False
        if self._parameters is not self._in_force or (run.shifts is not None and min(run.shifts) < 0):
            return False
        start = place.at(run.dts[0])
        steps = (start - self._clip_dts, *run.steps)
        return start > self._last_dts and min(steps) > 0 and max(steps) < self._longest

    def write_stretch(self, stretch: GopRun) -> None:
        """Write the pictures of a stretch. Only where it :meth:`takes` them."""
        run = stretch.picture_run
        start = self._place.at(run.dts[0])
        moved = start - run.dts[0]
        assert self._clip_dts is not None
        self._steps += len(run.dts)
        self._stepped += run.dts[-1] + moved - self._clip_dts
        self._clip_dts = self._last_dts = run.dts[-1] + moved
        self._shown = max(self._shown, max(run.shown) + moved)
        self.packets += len(run.dts)
        self.bytes += run.weight
        self._last = stretch.last_picture()
        self._output.put_pictures(stretch, start, self.frame)

    def _in_order(self, pts: int, dts: int) -> tuple[int, int]:
        """Decode times must rise, and no picture is shown before it is decoded. Neither is a reason to lose one."""
        if self._lowest is not None and dts < self._lowest:
            dts = self._lowest
        self._last_dts = dts = max(dts, self._last_dts + 1)
        return max(pts, dts), dts

    def _as_stored(self, packet: Packet[Any] | Stored) -> Packet[Any] | Stored | None:
        """The packet in the container's own form; None where it cannot be had, or where nothing decodes it."""
        parameters, known = self._parameters, self._in_force
        if packet.is_keyframe:
            self._is_lacking = not parameters.decodes(view_of(packet))
        if self._is_lacking:
            return None
        at = None
        if packet.is_keyframe or parameters is not known:
            # A decoder may begin with a keyframe; any other frame is behind what was written before it.
            left = () if packet.is_keyframe or known is None else known.units
            at = parameters.place_for_sets(view_of(packet), left)
            self._in_force = parameters
        if self._wide and not self._start_codes:
            if at is None:
                return packet
            if isinstance(packet, Stored):
                packet.insert(at, parameters.sets)
                return packet
        data: bytes | None = parameters.with_sets(bytes(packet), at)
        if self._start_codes:
            data = parameters.with_start_codes(memoryview(data or b""))
        elif not self._wide:
            data = parameters.widened(memoryview(data or b""))
        return _packet_of(data, packet) if data else None

    @property
    def frame(self) -> int:
        """How long a picture of the clip stays, in ticks of the output: on average, or as its index says."""
        return max(1, self._stepped // self._steps) if self._steps else self._frame

    def reached(self) -> int:
        """Where the last shown picture ends as far as is known, in ticks of the output."""
        return self._shown + self.frame

    @property
    def shown(self) -> int:
        """Where the last picture is shown, in ticks of the output."""
        return self._shown

    def end_clip(self) -> None:
        """Set ``end``: the last picture stays as long as the others do on average, whatever the index says of it."""
        self.end = self.reached()
        # As bytes from now on: the clip of that picture will be closed, and the next one may have none to write.
        self.last_written = self._last = self._last if isinstance(self._last, bytes) else head_of(self._last)


class NumberedFrameTrack(FrameTrack):
    """A track without time stamps (avi): the place of a frame is its number. A tick is a frame, at a constant rate."""

    _offset: int | None = None

    def start_clip(self, clip: Clip, first: int, base: int, parameters: Parameters) -> None:
        super().start_clip(clip, first, base, parameters)
        self._offset = None

    def write(self, packet: Packet[Any] | Stored) -> None:
        assert packet.dts is not None
        if self._offset is None:
            # Pictures are placed by the order in which they are stored, each in the middle of its tick.
            place = self._place
            self._offset = packet.dts - place.denominator // (2 * place.numerator)
            self._place = ClipPlace(self._offset, place.base, place.numerator, place.denominator)
        super().write(packet)

    def _in_order(self, pts: int, dts: int) -> tuple[int, int]:  # noqa: ARG002 - it has no such thing
        _, placed = super()._in_order(dts, dts)
        if placed - dts > 2:
            raise UnevenRate
        return placed, placed


def _packet_of(data: bytes, like: Packet[Any] | Stored) -> Packet[Any]:
    changed = av.Packet(data)
    changed.is_keyframe = like.is_keyframe
    return changed


def picture_track(output: FrameSink, container: Container) -> FrameTrack:
    """Return a track for ``container``."""
    kind = FrameTrack if container.has_timestamps else NumberedFrameTrack
    return kind(output, lowest=None if container.has_decode_times else 0, start_codes=container.has_start_codes)
