"""The sound track of an output: where each packet goes, in samples.

The pictures are the master clock. The sound of a clip is placed by its own time stamps against them: what would
play before the clip's first picture or after its last is cut, so that neither plays over the next clip nor freezes
the picture. Two ways of writing it: AAC packets (:mod:`.aac`), or samples (:mod:`.samples`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.output import Output
    from camreel.media.probe import Clip, SoundKind
    from camreel.media.stored import Stored
    from camreel.media.stretch import Stretch

# Seconds of pictures without any sound after which the track begins with silence: until each of its tracks has a
# packet, an mp4 writes nothing and keeps everything in memory.
LONGEST_WAIT = 3


class SoundTrack(ABC):
    """Queues the sound of a clip until its pictures have come as far, and writes what belongs to them.

    ``packets`` counts what was written, ``end`` is the sample after the last of them, ``converted`` the clips whose
    sound was of another kind than the track's. A clip without sound is silence.
    """

    def __init__(self, output: Output, rate: int) -> None:
        self._output = output
        self.rate = rate
        samples = output.picture_time_base * self.rate
        self._picture_numerator, self._picture_denominator = samples.numerator, samples.denominator
        self.end = 0
        self.packets = 0
        self.converted = 0
        self._waiting: deque[tuple[int, Packet[Any] | Stored]] = deque()

    def start_clip(self, clip: Clip, base: Fraction, first: Fraction) -> None:
        """The clip's picture at ``first`` (seconds, its own clock) is at ``base`` (seconds of the output)."""
        self._silent = clip.kind.sound is None
        ticks = clip.sound_ticks
        ratio = (ticks or Fraction(1, self.rate)) * self.rate
        self._numerator, self._denominator = ratio.numerator, ratio.denominator
        self._shift = round((base - first) * self.rate)
        self._floor = round(base * self.rate)
        self._waiting.clear()
        self._heard = self._floor
        if clip.kind.sound is not None:
            self._listen(clip, clip.kind.sound)

    def add(self, packet: Packet[Any] | Stored) -> None:
        """A packet of the clip's sound."""
        at = packet.pts if packet.pts is not None else packet.dts
        assert at is not None
        self._queue(at * self._numerator // self._denominator + self._shift, packet)

    @property
    def takes_stretches(self) -> bool:
        """Whether the sound of a stretch can be copied with its pictures."""
        return False

    def add_stretch(self, stretch: Stretch, reached: int) -> None:
        """The sound of a stretch, whose pictures are written and have come to ``reached``."""
        for packet in stretch.sound(stretch.sounds):
            self.add(packet)
        self.write_until(reached)

    def _queue(self, position: int, packet: Packet[Any] | Stored) -> None:
        self._heard = max(self._heard, position + self._length(packet))
        self._waiting.append((position, packet))

    def jump(self, seconds: Fraction) -> None:
        """From here on the clip is placed ``seconds`` later (earlier where negative): its pictures have a hole.

        What was heard in the hole is dropped.
        """
        moved = round(seconds * self.rate)
        self._shift += moved
        self._heard += moved
        kept = [(position + moved, packet) for position, packet in self._waiting]
        self._floor = max(self._floor, self.end)
        self._waiting = deque(each for each in kept if each[0] >= self._floor)

    def write_until(self, reached: int) -> None:
        """Write what ends before ``reached`` (ticks of the picture track): its pictures are out."""
        limit = self._limit(reached)
        while self._waiting and self._waiting[0][0] + self._length(self._waiting[0][1]) <= limit:
            self._place(*self._waiting.popleft(), limit)
        if self._silent:
            self._fill(limit)
        elif self.packets == 0 and limit > LONGEST_WAIT * self.rate:
            self._begin_with_silence()

    def _limit(self, reached: int) -> int:
        return reached * self._picture_numerator // self._picture_denominator

    def quiet_until(self, at: Fraction) -> None:
        """Silence up to ``at`` (seconds of the output), between two clips."""
        self._fill(round(at * self.rate))

    def heard(self) -> Fraction:
        """How far the clip's sound has come, in seconds of the output."""
        return Fraction(self._heard, self.rate)

    def end_clip(self, pictures_end: Fraction) -> float:
        """Write what is left and belongs to the pictures. The seconds by which the sound was longer."""
        self._last_of_clip()
        limit = round(pictures_end * self.rate)
        while self._waiting:
            position, packet = self._waiting.popleft()
            if position < limit:
                self._place(position, packet, limit)
        self._clip_ended(limit)
        return max(0.0, (self._heard - limit) / self.rate)

    def finish(self) -> None:  # noqa: B027 - only a track that holds samples back has something to do
        """Write what is still held."""

    def _last_of_clip(self) -> None:  # noqa: B027 - see above
        """No packet of the clip will come any more."""

    def _length(self, packet: Packet[Any] | Stored) -> int:
        """Samples in a packet of a clip."""
        return (packet.duration or 0) * self._numerator // self._denominator

    @abstractmethod
    def _listen(self, clip: Clip, sound: SoundKind) -> None:
        """A clip begins, and it has sound."""

    @abstractmethod
    def _place(self, position: int, packet: Packet[Any] | Stored, limit: int) -> None: ...

    @abstractmethod
    def _clip_ended(self, limit: int) -> None: ...

    @abstractmethod
    def _begin_with_silence(self) -> None: ...

    @abstractmethod
    def _fill(self, until: int) -> None:
        """Silence up to this sample, where the track is filled."""

    def _mux(self, packet: Packet[Any] | Stored, position: int, samples: int) -> None:
        packet.pts = packet.dts = position
        packet.duration = samples
        self.packets += 1
        self._output.put_sound(packet)
