"""A ``.dav`` recording as an open clip. Its frames and their times come from :mod:`camreel.formats.dhav`.

FFmpeg's own demuxer guesses times between whole seconds and loses a frame behind junk. So FFmpeg only sees the first
keyframe and the first sound, as a tiny mp4 in memory: its tracks are the template for the output. Frames are changed
from start codes (Annex B) to the length prefixes of mp4.
"""

from __future__ import annotations

import io
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from camreel.formats import dhav
from camreel.formats.nal import length_prefixed
from camreel.formats.sniff import Unusable, summary_of
from camreel.formats.source import open_source
from camreel.media.clips.clip import Clip
from camreel.media.clips.tracks import Besides
from camreel.media.ffmpeg import as_fraction
from camreel.text import codec_name, count_text, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

    from camreel.formats.dhav import DhavSummary, Frame, SoundFormat
    from camreel.model import WallTime

_TICKS = Fraction(1, 90_000)

# FFmpeg's readers of bare sound, by codec. The rest of what recorders may use is not known to be used by any.
_SOUND_READERS = {"pcm_alaw": "alaw", "pcm_mulaw": "mulaw", "pcm_s16le": "s16le", "pcm_s8": "s8", "aac": "aac"}
_SAMPLE_BYTES = {"pcm_alaw": 1, "pcm_mulaw": 1, "pcm_s16le": 2, "pcm_s8": 1}
_AAC_FRAME = 1024
# A clock that is moved by less was corrected.
_MOVED = timedelta(minutes=2)


class DavClip(Clip):
    """An open ``.dav`` recording. Its times are milliseconds after its first frame, in the ticks of its tracks."""

    def __init__(self, path: str, options: dict[str, str]) -> None:
        self._summary = summary_of(path)
        super().__init__(path, _tracks_of(path, self._summary, options))
        others = self._summary.other_channels
        self.besides = Besides(
            lost=tuple(f"channel {number + 1} ({count_text(pictures, 'frame')})" for number, pictures in others)
        )

    @property
    def listed_packets(self) -> int:
        """How many pictures its frames hold."""
        return self._summary.pictures

    @property
    def listed_seconds(self) -> float:
        """How long its pictures are shown."""
        return self._summary.seconds + float(1 / self.frame_rate)

    @property
    def frame_rate(self) -> Fraction:
        """Pictures a second as its keyframes say, or as they come."""
        told, found = self._summary.picture_format.rate, self._summary
        if told:
            return Fraction(min(told, 240))
        if found.pictures > 1 and found.seconds > 0:
            rate = Fraction(found.pictures - 1) / Fraction(found.seconds).limit_denominator(1000)
            return min(Fraction(240), max(Fraction(1, 10), rate))
        return Fraction(25)

    def packets(self, *, sound: bool = True) -> Iterator[Packet[Any]]:
        """Its packets, from the frames of the file."""
        with open_source(self.path) as file:
            for frame, at in dhav.footage(file, self._summary):
                if frame.is_picture:
                    yield from self._picture(file, frame, at)
                elif sound and self.sound is not None and frame.is_sound:
                    yield from self._sound(file, frame, at)

    def _picture(self, file: BinaryIO, frame: Frame, at: int) -> Iterator[Packet[Any]]:
        data = length_prefixed(frame.read(file))
        if data:
            packet = av.Packet(data)
            packet.stream, packet.time_base = self.video, self.time_base
            packet.pts = packet.dts = at * self.time_base.denominator // (1000 * self.time_base.numerator)
            packet.is_keyframe = frame.is_key
            yield packet

    def _sound(self, file: BinaryIO, frame: Frame, at: int) -> Iterator[Packet[Any]]:
        assert self.sound is not None
        found = self._summary.sound_format
        if found is None or frame.sound_format != found:
            return
        data = frame.read(file)
        parts = [data[start:end] for start, end in _adts(data)] if found.codec == "aac" else [data]
        # The track's rate is what the sound itself says, which is more to be trusted than the frame's header.
        ticks = as_fraction(self.sound.time_base) or Fraction(1, found.rate)
        position = at * ticks.denominator // (1000 * ticks.numerator)
        for part in parts:
            packet = av.Packet(part)
            packet.stream, packet.time_base = self.sound, ticks
            packet.pts = packet.dts = position
            packet.duration = _samples(found, part)
            packet.is_keyframe = True
            position += packet.duration
            yield packet


def notes_on(found: DhavSummary) -> list[str]:
    """What is to be said of a ``.dav`` clip that is merged: each the rest of a sentence after its name."""
    notes = []
    if found.stale:
        pictures = count_text(found.stale_pictures, "picture")
        stale = " and ".join(map(str, found.stale[:3]))
        notes.append(f"holds {pictures} of an older recording ({stale}), which were left out")
    if found.skipped:
        notes.append(
            f"holds {count_text(found.skipped, 'byte')} between its frames that belong to none, which were left out"
        )
    if found.cut:
        notes.append("ends within a frame, which was left out")
    sound = found.sound_format
    if found.first_sound is not None and (sound is None or sound.codec not in _SOUND_READERS):
        codec = "of an unknown kind" if sound is None else f"{codec_name(sound.codec)}"
        notes.append(f"has sound that camreel cannot read ({codec}); it was left out")
    elif found.other_sound:
        notes.append(f"changes the kind of its sound; {count_text(found.other_sound, 'packet')} of it were left out")
    return notes


def moved(found: DhavSummary, first: WallTime) -> str | None:
    """The rest of a sentence on pictures that another setting of the clock dates, if the clip begins at ``first``.

    None if the clock was not set by more than can be rounding.
    """
    others = [each for each in found.readings if abs(each.first - first) >= _MOVED]
    if not others:
        return None
    pictures = count_text(sum(each.pictures for each in others), "picture")
    seconds = abs(others[0].first - first).total_seconds()
    way = "forward" if others[0].first < first else "back"
    return (
        f"had its clock put {way} by {duration_text(seconds)} while it recorded: {pictures} that it dates otherwise are"
        f" shown with the rest, from {first} on"
    )


def _tracks_of(path: str, found: DhavSummary, options: dict[str, str]) -> InputContainer:
    """A film in memory of the first keyframe and the first sound, opened."""
    if found.first_key is None:
        raise Unusable("none of its pictures can be decoded by itself (no keyframe)")
    with open_source(path) as file:
        key = found.first_key.read(file)
        sound = b"" if found.first_sound is None else found.first_sound.read(file)
    codec = found.picture_format.codec or _guess(key)
    if codec not in {"h264", "hevc"}:
        raise Unusable(f"its pictures are {codec_name(codec)}; camreel can merge H.264 and H.265")
    try:
        film = _film_of(codec, key, found.sound_format, sound)
        options = {name: value for name, value in options.items() if name != "protocol_whitelist"}
        return av.open(io.BytesIO(film), "r", format="mov", options=options)
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        raise Unusable("its first keyframe cannot be read") from error


def _guess(key: bytes) -> str:
    """By the first unit of a keyframe, where no header tells the codec."""
    at = key.find(b"\0\0\1")
    first = key[at + 3] if 0 <= at < len(key) - 3 else 0
    return "hevc" if first >> 1 in {32, 33, 35} else "h264" if first & 0x1F in {7, 9} else "of an unknown kind"


def _film_of(codec: str, key: bytes, kind: SoundFormat | None, sound: bytes) -> bytes:
    made = io.BytesIO()
    with (
        av.open(made, "w", format="mov") as film,
        av.open(io.BytesIO(key), "r", format=codec) as pictures,
    ):
        video = film.add_stream_from_template(pictures.streams.video[0], opaque=True)
        video.time_base = _TICKS
        first = [(video, key, _TICKS, round(1 / (25 * _TICKS)))]
        if kind is not None and (track := _sound_track(film, kind, sound)) is not None:
            data = sound[: _adts(sound)[0][1]] if kind.codec == "aac" else sound
            first.append((track, data, as_fraction(track.time_base) or _TICKS, _samples(kind, sound)))
        for stream, data, time_base, duration in first:
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, time_base
            packet.pts = packet.dts = 0
            packet.duration, packet.is_keyframe = duration, True
            film.mux_one(packet)
    return made.getvalue()


def _sound_track(film: OutputContainer, kind: SoundFormat, sound: bytes) -> Any:
    """A track for the sound; None where it cannot be read."""
    reader = _SOUND_READERS.get(kind.codec)
    if reader is None or (kind.codec == "aac" and not _adts(sound)):
        return None
    options = {} if reader == "aac" else {"sample_rate": str(kind.rate), "ch_layout": f"{kind.channels}c"}
    try:
        with av.open(io.BytesIO(sound), "r", format=reader, options=options) as opened:
            return film.add_stream_from_template(opened.streams.audio[0], opaque=True)
    except (av.error.FFmpegError, ValueError, IndexError):
        return None


def _samples(kind: SoundFormat, data: bytes) -> int:
    return _AAC_FRAME if kind.codec == "aac" else len(data) // (_SAMPLE_BYTES[kind.codec] * kind.channels)


def _adts(data: bytes) -> list[tuple[int, int]]:
    """Where AAC frames lie behind their ADTS headers (ISO/IEC 13818-7), which mp4 does not have."""
    frames, at = [], 0
    while at + 7 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xF6 == 0xF0:
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        head = 7 if data[at + 1] & 1 else 9
        if length <= head or at + length > len(data):
            break
        frames.append((at + head, at + length))
        at += length
    return frames
