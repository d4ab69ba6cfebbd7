"""A sound track of AAC packets: copied as they are, and made to fit where a clip has other sound."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from camreel.media.aac import AacEncoder
from camreel.media.silence import silent_frame
from camreel.media.sound import SoundTrack
from camreel.media.transcode import SoundTranscoder

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.formats.mp4 import Run
    from camreel.media.output import Output
    from camreel.media.probe import Clip, SoundKind
    from camreel.media.stored import Stored
    from camreel.media.stretch import Stretch


class AacPackets(SoundTrack):
    """AAC, copied. The sound of a clip is shifted once, by at most half a frame, so that errors never add up.

    A frame counts as the samples that it decodes to: the last duration in a clip's index is often shorter.
    ``fill`` puts silence where sound is missing; else the time stamps jump. ``stamped`` is False for avi, which has no
    time stamps: a packet lies where the one before it ends.
    """

    def __init__(self, output: Output, kind: SoundKind, *, fill: bool, stamped: bool) -> None:
        super().__init__(output, kind.rate)
        self._kind = kind
        self.frame = frame_of(kind)
        self._silence = silent_frame(kind) if fill else None
        self._stamped = stamped or self._silence is None
        self._snap: int | None = None
        self._converter: _Converter | None = None

    def _listen(self, clip: Clip, sound: SoundKind) -> None:
        self._snap = None
        self._converter = None
        if sound != self._kind:
            self._converter = _Converter(clip, self._kind.rate, self._kind.channels)
            self.converted += 1

    def add(self, packet: Packet[Any] | Stored) -> None:
        if self._converter is None:
            super().add(packet)
            return
        at = packet.pts if packet.pts is not None else packet.dts
        assert at is not None
        for position, made in self._converter.convert(packet, at * self._numerator // self._denominator):
            self._queue(position + self._shift, made)

    @property
    def takes_stretches(self) -> bool:
        return self._stamped and self._converter is None

    def add_stretch(self, stretch: Stretch, reached: int) -> None:
        if not self.packets:  # what is there comes before the silence that a film without sound begins with
            super().add_stretch(stretch, reached)
            return
        self.write_until(reached)
        run = stretch.sound_run
        count = 0 if run is None else self._regular(run, self._limit(reached))
        if run is None or not count:
            super().add_stretch(stretch, reached)
            return
        taken = run.first(count)
        moved = self._shift + (self._snap or 0)
        self._output.put_sounds(stretch, taken, taken.dts[0] + moved, self.frame)
        self.packets += count
        self.end = taken.dts[-1] + moved + self.frame
        self._heard = max(self._heard, taken.dts[-1] + self._shift + self.frame)
        for packet in stretch.sound(run.numbers[count:]):
            self.add(packet)

    def _regular(self, run: Run, limit: int) -> int:
        """How many of ``run``, from its first on, end before ``limit`` and come one behind the other: see _place."""
        if self._waiting or self._snap is None or self._numerator != self._denominator or run.shifts is not None:
            return 0
        half = self.frame // 2
        start = run.dts[0] + self._shift + self._snap
        if not -half <= start - self.end < self.frame:
            return 0
        if run.steps and not (self.frame - half <= min(run.steps) and max(run.steps) < 2 * self.frame):
            return 0
        return bisect_right(run.dts, limit - self.frame - self._shift)

    def _last_of_clip(self) -> None:
        if self._converter is not None:
            for position, made in self._converter.flush():
                self._queue(position + self._shift, made)
            self._converter = None

    def _length(self, packet: Packet[Any] | Stored) -> int:  # noqa: ARG002 - whatever the index says of it
        return self.frame

    def _place(self, position: int, packet: Packet[Any] | Stored, limit: int) -> None:
        half = self.frame // 2
        if position + half > limit:
            return
        if self._stamped:
            if self._snap is None:
                if position < max(self.end, self._floor) - half:
                    return  # the priming of an encoder, or sound from before the first picture
                self._snap = self.end - position if position - self.end <= half else 0
            position = max(position + self._snap, self.end - half)
        elif position < max(self.end, self._floor) - half:
            return
        self._fill(position)
        at = position if self._stamped else self.end
        self._mux(packet, at, self.frame)
        self.end = at + self.frame

    def _fill(self, until: int) -> None:
        """Whole frames of silence up to ``until``: with time stamps none too many, without to the nearest frame."""
        least = self.frame if self._stamped else self.frame // 2 + 1
        while self._silence is not None and until - self.end >= least:
            silent = av.Packet(self._silence)
            silent.is_keyframe = True
            self._mux(silent, self.end, self.frame)
            self.end += self.frame

    def jump(self, seconds: Fraction) -> None:
        super().jump(seconds)
        self._snap = None

    def _clip_ended(self, limit: int) -> None:
        # A frame sounds on in the next: silence right behind the last would bring out how the sound that was cut
        # begins. A hole as short as that is filled by what follows.
        if limit - self.end >= 2 * self.frame:
            self._fill(limit)

    def _begin_with_silence(self) -> None:
        self._fill(self.frame)


class _Converter:
    """The sound of one clip as packets for the track. Positions are the track's samples, on the clip's clock."""

    def __init__(self, clip: Clip, rate: int, channels: int) -> None:
        self._source = SoundTranscoder(clip, rate, channels)
        self._encoder = AacEncoder(rate, channels)
        self._width = 2 * channels
        self._jitter = rate // 25
        self._start: int | None = None
        self._given = 0

    def convert(self, packet: Packet[Any] | Stored, position: int) -> list[tuple[int, Packet[Any]]]:
        """The packets that are ready."""
        data = b""
        if self._start is None:
            self._start = position
        elif position - self._start - self._given > self._jitter:
            data = self._source.finish()
            missing = position - self._start - self._given - len(data) // self._width
            data += bytes(max(0, missing) * self._width)
        return self._placed(data + self._source.add(packet))

    def flush(self) -> list[tuple[int, Packet[Any]]]:
        """The rest."""
        if self._start is None:
            return []
        rest = self._placed(self._source.finish())
        return rest + [(self._start + (each.pts or 0), each) for each in self._encoder.finish()]

    def _placed(self, data: bytes) -> list[tuple[int, Packet[Any]]]:
        assert self._start is not None
        self._given += len(data) // self._width
        return [(self._start + (each.pts or 0), each) for each in self._encoder.add(data)]


def frame_of(kind: SoundKind) -> int:
    """Samples in a frame: bit 2 of the second byte of an AudioSpecificConfig is frameLengthFlag."""
    return 960 if len(kind.setup) == 4 and int(kind.setup, 16) & 4 else 1024
