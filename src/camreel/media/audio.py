"""The sound track of an output: where each packet goes, in samples.

The pictures are the master clock. The sound of a clip is placed by its own time stamps against them: what would
play before the clip's first picture or after its last is cut, so that neither plays over the next clip nor freezes
the picture. Two ways of writing it: AAC packets as they are, or samples (G.711 and whatever else cameras use).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from camreel.media.probe import as_fraction

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.output import Output
    from camreel.media.probe import Clip, SoundKind

# Seconds of pictures without any sound after which the track begins with silence: until each of its tracks has a
# packet, an mp4 writes nothing and keeps everything in memory.
_LONGEST_WAIT = 3

# Raw AAC frames of silence for one and two channels, as MPEG-4 part 3 spells them: the smallest that decode.
_SILENT_AAC = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}


class SoundTrack(ABC):
    """Queues the sound of a clip until its pictures have come as far, and writes what belongs to them.

    ``packets`` counts what was written, ``end`` is the sample after the last of them.
    """

    def __init__(self, output: Output, rate: int) -> None:
        self._output = output
        self.rate = rate
        samples = output.picture_time_base * self.rate
        self._picture_numerator, self._picture_denominator = samples.numerator, samples.denominator
        self.end = 0
        self.packets = 0
        self._waiting: deque[tuple[int, Packet[Any]]] = deque()

    def start_clip(self, clip: Clip, base: Fraction, first: Fraction) -> None:
        """The clip's picture at ``first`` (seconds, its own clock) is at ``base`` (seconds of the output)."""
        assert clip.sound is not None
        ratio = (as_fraction(clip.sound.time_base) or Fraction(1, self.rate)) * self.rate
        self._numerator, self._denominator = ratio.numerator, ratio.denominator
        self._shift = round((base - first) * self.rate)
        self._floor = round(base * self.rate)
        self._waiting.clear()
        self._heard = self._floor

    def add(self, packet: Packet[Any]) -> None:
        """A packet of the clip's sound."""
        at = packet.pts if packet.pts is not None else packet.dts
        assert at is not None
        position = at * self._numerator // self._denominator + self._shift
        self._heard = max(self._heard, position + self._length(packet))
        self._waiting.append((position, packet))

    def write_until(self, reached: int) -> None:
        """Write what ends before ``reached`` (ticks of the picture track): its pictures are out."""
        limit = reached * self._picture_numerator // self._picture_denominator
        while self._waiting and self._waiting[0][0] + self._length(self._waiting[0][1]) <= limit:
            self._place(*self._waiting.popleft(), limit)
        if self.packets == 0 and limit > _LONGEST_WAIT * self.rate:
            self._begin_with_silence()

    def heard(self) -> Fraction:
        """How far the clip's sound has come, in seconds of the output."""
        return Fraction(self._heard, self.rate)

    def end_clip(self, pictures_end: Fraction) -> float:
        """Write what is left and belongs to the pictures. The seconds by which the sound was longer."""
        limit = round(pictures_end * self.rate)
        while self._waiting:
            position, packet = self._waiting.popleft()
            if position < limit:
                self._place(position, packet, limit)
        self._clip_ended(limit)
        return max(0.0, (self._heard - limit) / self.rate)

    def finish(self) -> None:  # noqa: B027 - only a track that holds samples back has something to do
        """Write what is still held."""

    def _length(self, packet: Packet[Any]) -> int:
        """Samples in a packet of a clip."""
        return (packet.duration or 0) * self._numerator // self._denominator

    @abstractmethod
    def _place(self, position: int, packet: Packet[Any], limit: int) -> None: ...

    @abstractmethod
    def _clip_ended(self, limit: int) -> None: ...

    @abstractmethod
    def _begin_with_silence(self) -> None: ...

    def _mux(self, packet: Packet[Any], position: int, samples: int) -> None:
        packet.stream = self._output.sound_stream
        packet.time_base = Fraction(1, self.rate)
        packet.pts = packet.dts = position
        packet.duration = samples
        self.packets += 1
        self._output.mux(packet)


class AacPackets(SoundTrack):
    """AAC, copied. The sound of a clip is shifted once, by at most half a frame, so that errors never add up.

    A frame counts as the samples that it decodes to: the last duration in a clip's index is often shorter.
    ``fill`` (avi, which has no time stamps) puts silence where sound is missing; else the time stamps jump.
    """

    def __init__(self, output: Output, kind: SoundKind, *, fill: bool) -> None:
        super().__init__(output, kind.rate)
        # Bit 2 of the second byte of an AudioSpecificConfig is frameLengthFlag.
        self.frame = 960 if len(kind.setup) == 4 and int(kind.setup, 16) & 4 else 1024
        self._silence = _SILENT_AAC.get(kind.channels) if self.frame == 1024 else None
        self._without_stamps = fill and self._silence is not None
        self._snap: int | None = None

    def start_clip(self, clip: Clip, base: Fraction, first: Fraction) -> None:
        super().start_clip(clip, base, first)
        self._snap = None

    def _length(self, packet: Packet[Any]) -> int:  # noqa: ARG002 - whatever the index says of it
        return self.frame

    def _place(self, position: int, packet: Packet[Any], limit: int) -> None:
        half = self.frame // 2
        if position + half > limit:
            return
        if self._without_stamps:
            self._place_without_stamps(position, packet)
            return
        if self._snap is None:
            if position < max(self.end, self._floor) - half:
                return  # the priming of an encoder, or sound from before the first picture
            self._snap = self.end - position if position - self.end <= half else 0
        position = max(position + self._snap, self.end - half)
        self._mux(packet, position, self.frame)
        self.end = position + self.frame

    def _place_without_stamps(self, position: int, packet: Packet[Any]) -> None:
        if position < max(self.end, self._floor) - self.frame // 2:
            return
        self._fill(position)
        self._mux(packet, self.end, self.frame)
        self.end += self.frame

    def _fill(self, until: int) -> None:
        """Whole frames of silence up to ``until``, to the nearest frame."""
        while self._silence is not None and until - self.end > self.frame // 2:
            silent = av.Packet(self._silence)
            silent.is_keyframe = True
            self._mux(silent, self.end, self.frame)
            self.end += self.frame

    def _clip_ended(self, limit: int) -> None:
        if self._without_stamps:
            self._fill(limit)

    def _begin_with_silence(self) -> None:
        self._fill(self.frame)


class Samples(SoundTrack):
    """Sound as samples, one after the other, with silence where some are missing.

    ``stored`` is what a sample is in the output: the clip's own G.711 byte (avi), 16-bit PCM (mkv), or 16-bit PCM
    on its way into an AAC encoder (mp4). ``rate`` is the output's.
    """

    def __init__(self, output: Output, kind: SoundKind, rate: int, *, copied: bool, encoded: bool) -> None:
        super().__init__(output, rate)
        self._copied, self._encoded = copied, encoded
        self._width = kind.channels * (1 if copied else 2)
        # The quietest bytes: A-law 0xD5 and µ-law 0xFF (ITU-T G.711), and 0 in PCM.
        self._quiet = ({"pcm_alaw": b"\xd5", "pcm_mulaw": b"\xff"}[kind.codec] if copied else b"\0") * self._width
        self._held = bytearray()
        self._written = 0
        self._fresh = True
        self._resampler: AudioResampler | None = None

    def start_clip(self, clip: Clip, base: Fraction, first: Fraction) -> None:
        super().start_clip(clip, base, first)
        self._fresh = True
        assert clip.sound is not None
        self._source = clip.sound
        self._resampler = AudioResampler(format="s16", layout=clip.sound.layout, rate=self.rate)

    def _place(self, position: int, packet: Packet[Any], limit: int) -> None:
        # Cameras stamp sound to some milliseconds; within a clip only more than 40 ms is a hole and not jitter.
        jitter = 0 if self._fresh else self.rate // 25
        data = self._samples_of(packet)
        if abs(position - self.end) <= jitter:
            position = self.end
        start = max(self.end, self._floor)
        data = data[max(0, start - position) * self._width :]
        position = max(position, start)
        data = data[: max(0, limit - position) * self._width]
        if not data:
            return
        self._fresh = False
        self._fill(position)
        self._append(data)

    def _clip_ended(self, limit: int) -> None:
        self._fill(limit)

    def _begin_with_silence(self) -> None:
        self._fill(_LONGEST_WAIT * self.rate // 2)

    def _fill(self, until: int) -> None:
        while self.end < until:  # a second at a time: the index may claim days
            self._append(self._quiet * min(self.rate, until - self.end))

    def _samples_of(self, packet: Packet[Any]) -> bytes:
        if self._copied:
            return bytes(packet)
        assert self._resampler is not None
        try:
            frames = [even for frame in self._source.decode(packet) for even in self._resampler.resample(frame)]
        except (av.error.FFmpegError, ValueError):
            return b""  # damaged sound is silence
        return b"".join(bytes(even.planes[0])[: even.samples * self._width] for even in frames)

    def _append(self, data: bytes) -> None:
        self._held += data
        self.end += len(data) // self._width
        while len(self._held) >= 1024 * self._width:
            self._write(bytes(self._held[: 1024 * self._width]))
            del self._held[: 1024 * self._width]

    def _write(self, data: bytes) -> None:
        samples = len(data) // self._width
        if self._encoded:
            self._encode(data, samples)
        else:
            packet = av.Packet(data)
            packet.is_keyframe = True
            self._mux(packet, self._written, samples)
        self._written += samples

    def _encode(self, data: bytes, samples: int) -> None:
        frame = AudioFrame(format="s16", layout=self._output.sound_stream.layout, samples=samples)
        frame.planes[0].update(data)
        frame.sample_rate = self.rate
        frame.time_base = Fraction(1, self.rate)
        frame.pts = self._written
        self._write_encoded(self._output.sound_stream.encode(frame))

    def _write_encoded(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            # The encoder's first packet is its run-up, before the first sample: players show it as silence.
            if packet.pts is not None and packet.pts >= 0:
                self._mux(packet, packet.pts, packet.duration or 1024)

    def finish(self) -> None:
        if self._held:
            self._write(bytes(self._held))
            self._held.clear()
        if self._encoded and self._written:
            self._write_encoded(self._output.sound_stream.encode(None))
