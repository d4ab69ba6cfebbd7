"""The sound track of an output: its codec, and the place of each packet, in samples.

Sound is copied if the container and its players can take it (:func:`sound_form`). The frames are the master clock, and
a clip's sound is placed by its own times against them. Sound before the first frame of a clip or after its last is cut:
it neither runs into the next clip nor freezes the picture.

:class:`AacPackets` copies AAC packets, and converts clips whose sound is of another kind. :class:`SampleTrack` writes
samples: G.711 as it is, PCM, or PCM on its way into an AAC encoder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av
from av.audio.frame import AudioFrame

from camreel.errors import MergeError
from camreel.formats.containers import OutputFormat, names
from camreel.media.encode.audio import AacEncoder, SoundTranscoder, aac_rate, layout_name, quiet_samples, silent_frame
from camreel.model import AudioMode
from camreel.text import codec_name

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet

    from camreel.formats.mp4 import Run
    from camreel.media.clips.clip import Clip, SoundKind
    from camreel.media.clips.packets import GopRun, Stored


@dataclass(frozen=True, slots=True)
class SoundForm:
    """The sound track of a film: made for ``kind``, written as ``codec`` at ``rate`` samples a second.

    ``path`` is a clip whose sound is of that kind. ``copied``: its packets are taken as they are.
    """

    kind: SoundKind
    path: str
    codec: str
    rate: int
    copied: bool


def sound_form(kind: SoundKind, path: str, output: OutputFormat, mode: AudioMode) -> SoundForm | None:
    """The form for a film whose clips have sound of ``kind``; None for none.

    Raises :class:`MergeError` where the sound is to be copied into a container that cannot hold it.
    """
    if mode is AudioMode.NONE:
        return None
    container = output.container
    holds = kind.codec in container.sound
    if mode is AudioMode.COPY and not holds:
        better = names(lambda each: kind.codec in each.sound, last=" and ")
        raise MergeError(
            f"{codec_name(kind.codec)} sound cannot be copied into {output.value}.",
            hint=f"--audio auto makes of it what the format holds; {better} can hold it as it is.",
        )
    wanted = {AudioMode.AAC: "aac", AudioMode.PCM: "pcm_s16le"}.get(mode)
    if holds and wanted in {None, kind.codec}:
        return SoundForm(kind, path, kind.codec, kind.rate, copied=True)
    codec = wanted or container.sound_fallback
    return SoundForm(kind, path, codec, aac_rate(kind.rate) if codec == "aac" else kind.rate, copied=False)


# Seconds of pictures without any sound after which the track begins with silence: until each of its tracks has a
# packet, an mp4 writes nothing and keeps everything in memory.
LONGEST_WAIT = 3


class SoundSink(Protocol):
    """Where a sound track writes to. ``picture_time_base`` is the unit of the picture track's times."""

    picture_time_base: Fraction

    def put_sound(self, packet: Packet[Any] | Stored) -> None:
        """Write one packet, whose times are samples."""

    def put_sounds(self, stretch: GopRun, run: Run, start: int, duration: int) -> None:
        """Write sound of a stretch, from sample ``start`` on. Its frames were written last."""


class SoundTrack(ABC):
    """Queues the sound of a clip until its pictures have come as far, and writes what belongs to them.

    ``packets`` counts what was written, ``end`` is the sample after the last of them, ``converted`` the clips whose
    sound was of another kind than the track's. A clip without sound is silence. ``missing`` is how many seconds of
    sound the last clip should have by its index, beside its pictures, and had not.
    """

    def __init__(self, output: SoundSink, rate: int) -> None:
        self._output = output
        self.rate = rate
        samples = output.picture_time_base * self.rate
        self._picture_numerator, self._picture_denominator = samples.numerator, samples.denominator
        self.end = 0
        self.packets = 0
        self.converted = 0
        self.missing = 0.0
        self._waiting: deque[tuple[int, Packet[Any] | Stored]] = deque()

    def start_clip(self, clip: Clip, base: Fraction, first: Fraction) -> None:
        """The clip's picture at ``first`` (seconds, its own clock) is at ``base`` (seconds of the output)."""
        self._silent = clip.kind.sound is None
        ticks = clip.sound_ticks
        ratio = (ticks or Fraction(1, self.rate)) * self.rate
        self._numerator, self._denominator = ratio.numerator, ratio.denominator
        self._shift = round((base - first) * self.rate)
        self._floor = round(base * self.rate)
        self._ends = None if clip.sound_ends is None else round(clip.sound_ends * self.rate)
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

    def add_stretch(self, stretch: GopRun, reached: int) -> None:
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

    def reached(self) -> Fraction:
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
        should = self._heard if self._ends is None else min(limit, self._ends + self._shift)
        self.missing = max(0.0, (should - self._heard) / self.rate)
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


class AacPackets(SoundTrack):
    """AAC, copied. The sound of a clip is shifted once, by at most half a frame, so that errors never add up.

    A frame counts as the samples that it decodes to: the last duration in a clip's index is often shorter.
    ``fill`` puts silence where sound is missing; else the time stamps jump. ``stamped`` is False for avi, which has no
    time stamps: a packet lies where the one before it ends.
    """

    def __init__(self, output: SoundSink, kind: SoundKind, *, fill: bool, stamped: bool) -> None:
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

    def add_stretch(self, stretch: GopRun, reached: int) -> None:
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


class SampleTrack(SoundTrack):
    """Sound as samples, one after the other, with silence where some are missing.

    A sample in the output is the clips' own G.711 byte (``copied``), or 16-bit PCM, which ``encoder`` (a track of
    AAC) turns into packets. ``rate`` is the output's.
    """

    def __init__(
        self, output: SoundSink, kind: SoundKind, rate: int, *, copied: bool, encoder: AudioStream | None
    ) -> None:
        super().__init__(output, rate)
        self._kind = kind
        self._copied, self._encoder = copied, encoder
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
        if self._encoder is not None:
            self._encode(self._encoder, data, samples)
        else:
            packet = av.Packet(data)
            packet.is_keyframe = True
            self._mux(packet, self._written, samples)
        self._written += samples

    def _encode(self, encoder: AudioStream, data: bytes, samples: int) -> None:
        frame = AudioFrame(format="s16", layout=encoder.layout, samples=samples)
        frame.planes[0].update(data)
        frame.sample_rate = self.rate
        frame.time_base = Fraction(1, self.rate)
        frame.pts = self._written
        self._write_encoded(encoder.encode(frame))

    def _write_encoded(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            # The encoder's first packet is its run-up, before the first sample: players show it as silence.
            if packet.pts is not None and packet.pts >= 0:
                self._mux(packet, packet.pts, packet.duration or 1024)

    def finish(self) -> None:
        if self._held:
            self._write(bytes(self._held))
            self._held.clear()
        if self._encoder is not None and self._written:
            self._write_encoded(self._encoder.encode(None))


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
