"""The sound of a clip as samples of a rate and number of channels that are asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av.error
from av.audio.resampler import AudioResampler

from camreel.media.aac import layout_name
from camreel.media.probe import as_fraction
from camreel.media.stored import Stored

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.packet import Packet

    from camreel.media.probe import Clip

# Samples in a packet that nothing is known of.
_AAC_FRAME = 1024


class SoundTranscoder:
    """Decodes the sound of ``clip`` into 16-bit samples, channels interleaved.

    What comes out lasts as long as what went in, to the sample once it is finished: the first sample out is at the
    time of the first packet, and a packet that cannot be decoded is as much silence. Between the packets of another
    rate some samples are held back; ``given`` counts those that came out (for each channel), so that the next are
    ``given`` samples after the first packet. Where packets are missing, finish and go on: each run counts anew.
    """

    def __init__(self, clip: Clip, rate: int, channels: int) -> None:
        assert clip.sound is not None
        self.rate, self.channels = rate, channels
        self.given = 0
        self.damaged = 0
        self._stream = clip.sound
        context = clip.sound.codec_context
        # Else FFmpeg cuts what an edit list hides, and a packet has fewer samples than its place in the track.
        context.options = {"flags2": "+skip_manual"}
        self._in_rate = context.rate
        self._packet = 0  # samples in the packet before
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None
        self._doubled = False
        self._taken = 0  # samples that went into the resampler
        self._made = 0  # samples that came out of it

    def add(self, packet: Packet[Any] | Stored) -> bytes:
        """The samples that are ready."""
        if isinstance(packet, Stored):
            packet = packet.packet(self._stream, as_fraction(self._stream.time_base) or Fraction(1, self._in_rate))
        try:
            frames = self._stream.codec_context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self.damaged += 1
            return self._damaged(packet)
        return b"".join(self._take(frame) for frame in frames)

    def finish(self) -> bytes:
        """The rest of this run; what is added next begins another."""
        data = self._flush()
        self.given = 0
        return data

    def _take(self, frame: AudioFrame) -> bytes:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        data = b""
        if kind != self._kind:
            data = self._flush()
            self._kind = kind
            # FFmpeg makes two channels of one by taking 3 dB off it; here each is the one.
            self._doubled = frame.layout.nb_channels == 1 and self.channels == 2
            layout = "mono" if self._doubled else layout_name(self.channels) or f"{self.channels}c"
            self._resampler = AudioResampler(format="s16", layout=layout, rate=self.rate)
        assert self._resampler is not None
        frame.pts = None  # it is samples that count
        self._packet, self._in_rate = frame.samples, frame.sample_rate
        self._taken += frame.samples
        made = b"".join(self._bytes_of(each) for each in self._resampler.resample(frame))
        self._made += len(made) // (2 * self.channels)
        return data + self._counted(made)

    def _flush(self) -> bytes:
        """What the resampler holds, no more and no less than belongs to what it was given."""
        if self._resampler is None:
            return b""
        rest = b"".join(self._bytes_of(each) for each in self._resampler.resample(None))
        missing = round(self._taken * self.rate / self._in_rate) - self._made
        length = max(0, missing) * 2 * self.channels
        self._resampler = self._kind = None
        self._taken = self._made = 0
        return self._counted(rest[:length].ljust(length, b"\0"))

    def _damaged(self, packet: Packet[Any]) -> bytes:
        """As much silence as the packet would have been sound."""
        silence = self._flush()
        seconds = (as_fraction(packet.time_base) or 0) * (packet.duration or 0)
        samples = self._packet or round(seconds * self._in_rate) or _AAC_FRAME
        return silence + self._counted(bytes(round(samples * self.rate / self._in_rate) * 2 * self.channels))

    def _counted(self, data: bytes) -> bytes:
        self.given += len(data) // (2 * self.channels)
        return data

    def _bytes_of(self, frame: AudioFrame | None) -> bytes:
        if frame is None:  # the end of a sound that needed no resampling
            return b""
        data = bytes(frame.planes[0])[: frame.samples * 2 * frame.layout.nb_channels]
        if not self._doubled:
            return data
        both = bytearray(2 * len(data))
        for byte in range(2):
            both[byte::4] = both[byte + 2 :: 4] = data[byte::2]
        return bytes(both)
