"""Sound in other forms: decoded to samples, encoded as AAC-LC, and silence.

:class:`SoundTranscoder` decodes a clip's sound to a given rate and number of channels. :class:`AacEncoder` makes raw
frames of 1024 samples, each at the place of its samples. Silence exists for AAC, PCM and G.711.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.codec.context import Flags

from camreel.errors import MergeError
from camreel.media.clips.packets import Stored
from camreel.media.ffmpeg import as_fraction

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet

    from camreel.media.clips.clip import Clip, SoundKind

FRAME = 1024

# ISO/IEC 14496-3, table 1.18, in the order of its index.
_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350)

# Table 1.19: channels by channelConfiguration, and what FFmpeg calls them. Eight would need a description of their own.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
_LOW_COMPLEXITY = 2


@dataclass(frozen=True, slots=True)
class Setup:
    """What the first two bytes of an AudioSpecificConfig say of AAC-LC. ``frame``: samples in a frame, 1024 or 960."""

    rate: int
    channels: int
    frame: int

    @property
    def hex(self) -> str:
        """The two bytes as hex digits."""
        bits = _LOW_COMPLEXITY << 11 | _RATES.index(self.rate) << 7 | self.channels << 3 | (self.frame == 960) << 2
        return f"{bits:04x}"


def read_setup(setup: str) -> Setup | None:
    """``setup`` is four hex digits, as in :class:`SoundKind`. None for anything but AAC-LC of 1 to 6 channels."""
    try:
        bits = int(setup, 16)
    except ValueError:
        return None
    index, channels = bits >> 7 & 15, bits >> 3 & 15
    if len(setup) != 4 or bits >> 11 != _LOW_COMPLEXITY or index >= len(_RATES) or channels not in _LAYOUTS:
        return None
    return Setup(_RATES[index], channels, 960 if bits & 4 else FRAME)


def aac_rate(rate: int) -> int:
    """``rate``, or the next higher one that AAC knows; above 96 kHz that."""
    return min((known for known in _RATES if known >= rate), default=_RATES[0])


def layout_name(channels: int) -> str | None:
    """What FFmpeg calls the channels of AAC with so many of them; None where AAC has no name for them."""
    return _LAYOUTS.get(channels)


class AacEncoder:
    """Encodes 16-bit samples (channels interleaved) into raw frames for a track of ``rate`` and ``channels``.

    The packet at ``pts`` (in samples; the first sample given is 0) decodes to the samples from there on: what the
    encoder makes before the first sample is left out. An AAC frame sounds whole only behind the frame before it, so
    the first 1024 samples fade in from whatever the track has there. Where that would be heard, ``keep_run_up`` gives
    one packet more, at -1024, which takes the place of the track's last: it holds ``run_up``, the samples before the
    first (the last 1024 of them, silence where they are fewer).

    The last frame is filled with silence. Raises :class:`MergeError` where this FFmpeg cannot encode AAC so.
    """

    def __init__(
        self, rate: int, channels: int, *, bit_rate: int | None = None, run_up: bytes = b"", keep_run_up: bool = False
    ) -> None:
        self.setup = Setup(aac_rate(rate), channels, FRAME)
        self._width = 2 * channels
        self._context = self._new_context(bit_rate or channels * (32_000 if rate <= 16_000 else 64_000))
        self._held = bytearray(run_up[-FRAME * self._width :].rjust(FRAME * self._width, b"\0"))
        self._fed = -FRAME
        self._from = -FRAME if keep_run_up else 0
        self._until = 0

    @property
    def extradata(self) -> bytes:
        """The AudioSpecificConfig. From the first packet on."""
        return self._context.extradata or b""

    def add(self, samples: bytes) -> list[Packet[Any]]:
        """Take samples; the packets that are ready."""
        self._held += samples
        self._until += len(samples) // self._width
        packets: list[Packet[Any]] = []
        size = FRAME * self._width
        while len(self._held) >= size:
            packets += self._encode(bytes(self._held[:size]))
            del self._held[:size]
        return packets

    def finish(self) -> list[Packet[Any]]:
        """The rest. Nothing can be added afterwards."""
        packets = self._encode(bytes(self._held).ljust(FRAME * self._width, b"\0")) if self._held else []
        return packets + self._run(None)

    def _new_context(self, bit_rate: int) -> AudioCodecContext:
        layout = layout_name(self.setup.channels)
        if layout is None:
            raise _cannot_encode(f"AAC has no form for {self.setup.channels} channels")
        try:
            context = av.CodecContext.create("aac", "w")
        except (av.error.FFmpegError, ValueError) as error:
            raise _cannot_encode("its FFmpeg was built without it") from error
        context.sample_rate, context.layout, context.format = self.setup.rate, layout, "fltp"
        context.time_base = Fraction(1, self.setup.rate)
        context.bit_rate = bit_rate
        context.flags |= Flags.global_header
        return context

    def _encode(self, samples: bytes) -> list[Packet[Any]]:
        frame = AudioFrame(format="s16", layout=self._context.layout, samples=FRAME)
        plane = frame.planes[0]
        plane.update(samples.ljust(plane.buffer_size, b"\0"))
        frame.sample_rate, frame.pts = self.setup.rate, self._fed
        frame.time_base = Fraction(1, self.setup.rate)
        self._fed += FRAME
        return self._run(frame)

    def _run(self, frame: AudioFrame | None) -> list[Packet[Any]]:
        try:
            encoded = self._context.encode(frame)
        except (av.error.FFmpegError, ValueError) as error:
            raise _cannot_encode(f"{type(error).__name__}: {error}") from error
        made = []
        for each in encoded:
            if each.pts is None or not self._from <= each.pts < self._until:
                continue
            packet = av.Packet(bytes(each))  # without what FFmpeg says beside it of samples to be skipped
            packet.pts = packet.dts = each.pts
            packet.duration, packet.time_base, packet.is_keyframe = FRAME, Fraction(1, self.setup.rate), True
            made.append(packet)
        return made


def _cannot_encode(why: str) -> MergeError:
    return MergeError(
        f"The sound cannot be encoded as AAC: the installed PyAV cannot do it ({why}).",
        hint="The downloads are kept. Choose mkv, or install PyAV from PyPI (pip install av).",
    )


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


# The smallest frames that decode, as MPEG-4 part 3 spells them; the same for any rate, and for 960 samples as well.
_SILENT_AAC = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}

# A-law 0xD5 and µ-law 0xFF are the quietest of ITU-T G.711. Signed PCM is quiet at 0, unsigned in the middle.
_QUIET = {
    "pcm_alaw": b"\xd5",
    "pcm_mulaw": b"\xff",
    "pcm_u8": b"\x80",
    "pcm_s8": b"\0",
    "pcm_s16le": b"\0\0",
    "pcm_s16be": b"\0\0",
    "pcm_s24le": b"\0\0\0",
    "pcm_s24be": b"\0\0\0",
    "pcm_s32le": b"\0\0\0\0",
    "pcm_s32be": b"\0\0\0\0",
}


def silent_frame(kind: SoundKind) -> bytes | None:
    """A raw AAC frame of silence for a track of that kind; None where none can be made (not AAC-LC, 7 channels)."""
    setup = read_setup(kind.setup)
    if kind.codec != "aac" or setup is None or setup.channels != kind.channels:
        return None
    ready = _SILENT_AAC.get(setup.channels)
    if ready is not None or setup.frame != 1024:
        return ready
    return _encoded(setup.rate, setup.channels)


def quiet_samples(codec: str, channels: int, count: int) -> bytes | None:
    """``count`` samples of silence for each channel; None for codecs without a sample of their own."""
    quiet = _QUIET.get(codec)
    return None if quiet is None else quiet * (channels * count)


@lru_cache(maxsize=8)
def _encoded(rate: int, channels: int) -> bytes:
    encoder = AacEncoder(rate, channels)
    made = [*encoder.add(bytes(2 * channels * 4096)), *encoder.finish()]
    return bytes(made[2])
