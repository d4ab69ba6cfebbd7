"""AAC-LC as a track of packets needs it: raw frames of 1024 samples, each where its samples are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.audio.frame import AudioFrame
from av.codec.context import Flags

from camreel.errors import MergeError

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet

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
