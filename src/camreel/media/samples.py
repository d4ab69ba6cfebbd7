"""A sound track of samples: G.711 and whatever else cameras use, as it is, as PCM, or on its way into AAC."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.audio.frame import AudioFrame

from camreel.media.aac import layout_name
from camreel.media.silence import quiet_samples
from camreel.media.sound import LONGEST_WAIT, SoundTrack
from camreel.media.transcode import SoundTranscoder

if TYPE_CHECKING:
    from av.packet import Packet

    from camreel.media.output import Output
    from camreel.media.probe import Clip, SoundKind
    from camreel.media.stored import Stored


class Samples(SoundTrack):
    """Sound as samples, one after the other, with silence where some are missing.

    What a sample is in the output: the clips' own G.711 byte (``copied``), 16-bit PCM, or 16-bit PCM on its way into
    an AAC encoder (``encoded``). ``rate`` is the output's.
    """

    def __init__(self, output: Output, kind: SoundKind, rate: int, *, copied: bool, encoded: bool) -> None:
        super().__init__(output, rate)
        self._kind = kind
        self._copied, self._encoded = copied, encoded
        self._width = kind.channels * (1 if copied else 2)
        self._stored = kind.codec if copied else "pcm_s16le"
        self._held = bytearray()
        self._written = 0
        self._fresh = True
        self._source: SoundTranscoder | None = None
        self._coder = _G711(kind) if copied else None

    def _listen(self, clip: Clip, sound: SoundKind) -> None:
        self._fresh = True
        same = sound == self._kind
        self.converted += not same
        # The clip's own bytes are taken where they are the track's.
        self._source = None if same and self._copied else SoundTranscoder(clip, self.rate, self._kind.channels)

    def _place(self, position: int, packet: Packet[Any] | Stored, limit: int) -> None:
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

    def jump(self, seconds: Fraction) -> None:
        super().jump(seconds)
        self._fresh = True

    def _clip_ended(self, limit: int) -> None:
        self._fill(limit)

    def _begin_with_silence(self) -> None:
        self._fill(LONGEST_WAIT * self.rate // 2)

    def _fill(self, until: int) -> None:
        while self.end < until:  # a second at a time: the index may claim days
            self._append(quiet_samples(self._stored, self._kind.channels, min(self.rate, until - self.end)) or b"")

    def _samples_of(self, packet: Packet[Any] | Stored) -> bytes:
        if self._source is None:
            return bytes(packet)
        made = self._source.add(packet)  # damaged sound is silence
        return made if self._coder is None else self._coder.encode(made)

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


class _G711:
    """16-bit samples as A-law or µ-law."""

    def __init__(self, kind: SoundKind) -> None:
        self._width = 2 * kind.channels
        context: Any = av.CodecContext.create(kind.codec, "w")
        context.sample_rate, context.format = kind.rate, "s16"
        context.layout = layout_name(kind.channels) or f"{kind.channels}c"
        context.time_base = Fraction(1, kind.rate)
        self._context = context

    def encode(self, data: bytes) -> bytes:
        """A byte for each sample."""
        if not data:
            return b""
        frame = AudioFrame(format="s16", layout=self._context.layout, samples=len(data) // self._width)
        plane = frame.planes[0]
        plane.update(data.ljust(plane.buffer_size, b"\0"))
        frame.sample_rate = self._context.sample_rate
        made = b"".join(bytes(each) for each in self._context.encode(frame))
        return made[: len(data) // 2]
