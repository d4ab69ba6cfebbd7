"""Make a timelapse: copy keyframes as they are stored, with new times. Runs in the worker.

A keyframe decodes by itself, so nothing is re-encoded. Each is shown when the footage before it, gaps left out, has
passed at the wanted speed: the video keeps time, however far apart the keyframes are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from camreel.errors import MergeError
from camreel.formats.sniff import Unusable
from camreel.media.clips.open import open_clip
from camreel.media.clips.packets import recovery_of, view_of
from camreel.media.merge.film import Film
from camreel.media.merge.timeline import Placed
from camreel.media.worker.messages import ClipOutcome, LapseClip, MergeResult, TimelapseOrder, TimelapseResult
from camreel.model import Span, WallTime

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.clips.clip import Clip
    from camreel.media.clips.description import Description

_LAST_SHOWN = 0.2  # seconds that the last picture stays


def make_lapse(order: TimelapseOrder, report: Callable[[int, WallTime], None]) -> TimelapseResult:
    """Make it. MergeError where there is no picture for it, DiskError where it cannot be written."""
    return _Lapse(order, report).run()


class _Lapse:
    """One film."""

    def __init__(self, order: TimelapseOrder, report: Callable[[int, WallTime], None]) -> None:
        self._order, self._report = order, report
        self._film: Film | None = None

    def run(self) -> TimelapseResult:
        outcomes = tuple(
            self._recording(number, list(clips))
            for number, clips in groupby(self._order.clips, lambda clip: clip.number)
        )
        if self._film is None:
            reason = next((outcome.unusable for outcome in outcomes if outcome.unusable), "there are none")
            raise MergeError(f"No keyframe is usable. The first: {reason}.")
        pictures = self._film.output.pictures
        pictures.end_clip()
        pictures.end = max(pictures.end, pictures.shown + round(_LAST_SHOWN / pictures.time_base))
        return TimelapseResult(MergeResult((self._film.close(),)), outcomes)

    def _recording(self, number: int, clips: list[LapseClip]) -> ClipOutcome:
        written, damaged, missing, reason = 0, 0, 0, None
        index_cut = False
        span = clips[0].span
        self._report(number, clips[0].start)  # whatever comes of it is its doing
        for clip in clips:
            try:
                with open_clip(clip.path) as opened:
                    chosen = _Keyframes(opened, clip)
                    for packet, wall, description in chosen:
                        is_written = self._write(opened, packet, wall, description)
                        written += is_written
                        damaged += not is_written
                        self._report(number, wall)
                    if chosen.to_the_end:
                        missing += max(0, opened.listed_packets - chosen.read)
                        index_cut = index_cut or opened.is_index_cut
                        if missing or index_cut:
                            span = Span(span.start, max(span.start, min(span.end, chosen.ends)))
            except Unusable as error:
                reason = str(error)
        if not written or reason is not None:
            reason = reason or (
                "none of its keyframes can be decoded" if damaged else "it holds no keyframe of that time"
            )
            return ClipOutcome(number, unusable=reason)
        assert self._film is not None
        place = self._place
        placed = Placed(clips[0].label, span, float(place(span.start)), float(place(span.end)), clips[0].events)
        self._film.placed.append(placed)
        return ClipOutcome(
            number,
            covered=span,
            starts_at=placed.start,
            holds=span.seconds,
            video_packets=written,
            missing_packets=missing,
            damaged=damaged,
            index_cut=index_cut,
        )

    def _write(self, clip: Clip, packet: Packet[Any], wall: WallTime, description: Description) -> bool:
        """Whether it can be decoded, and is in the film."""
        if not description.parameters.decodes(view_of(packet)):
            return False
        if self._film is None:
            self._film = Film.opened(self._order.job, 1, clip, wall, None, description=description)
        if not self._film.takes(description):
            raise Unusable(_difference(description, self._film.description))
        pictures = self._film.output.pictures
        packet.pts = packet.dts = packet.dts if packet.pts is None else packet.pts
        assert packet.pts is not None
        place = round(self._place(wall) / pictures.time_base)
        before = pictures.packets
        pictures.start_clip(clip, packet.pts, place, description.parameters)
        pictures.write(packet)
        return pictures.packets > before

    def _place(self, wall: WallTime) -> Fraction:
        """When in the film a moment is shown, in seconds."""
        gone = sum(
            ((min(part.end, wall) - part.start) for part in self._order.footage if part.start < wall), timedelta(0)
        )
        return Fraction(gone // timedelta(microseconds=1), 1_000_000) / Fraction(self._order.speed)


def _difference(description: Description, other: Description) -> str:
    if description.codec != other.codec:
        return f"its pictures are {description.codec}, and those of the film {other.codec}"
    if description.look != other.look:
        return "its pictures are to be shown turned, stretched or in other colors than those of the film"
    return "its pictures have another size than those of the film"


class _Keyframes:
    """Of each moment the last keyframe at or before it, each once, with when it was taken and what is in force at it.

    ``read`` counts the frames that were looked at, up to ``ends``; ``to_the_end``: they are all that the clip has.
    """

    def __init__(self, opened: Clip, clip: LapseClip) -> None:
        self._opened, self._clip = opened, clip
        self.read = 0
        self.ends = clip.start
        self.to_the_end = False

    def __iter__(self) -> Iterator[tuple[Packet[Any], WallTime, Description]]:
        opened, moments = self._opened, list(self._clip.moments)
        held: tuple[Packet[Any], WallTime, Description] | None = None
        description = opened.description
        origin = None if opened.origin is None else opened.origin * opened.time_base
        for packet in opened.packets(sound=False):
            self.read += 1
            pts = packet.dts if packet.pts is None else packet.pts
            shown = (pts or 0) * opened.time_base
            origin = shown if origin is None else origin
            after = float(shown - origin)
            description = opened.described(packet, description)
            self.ends = max(self.ends, self._clip.start + timedelta(seconds=after + float(1 / opened.frame_rate)))
            if recovery_of(packet, opened.parameters) != 0 or opened.hides(packet):
                continue
            if held is not None and moments and moments[0] < after:
                yield held
            while moments and moments[0] < after and held is not None:
                moments.pop(0)
            if not moments:
                return
            held = packet, self._clip.start + timedelta(seconds=max(0.0, after)), description
        self.to_the_end = True
        if held is not None:
            yield held
