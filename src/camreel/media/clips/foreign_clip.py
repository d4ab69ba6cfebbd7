"""A clip in another container, through FFmpeg's demuxer for it: mkv, avi, MPEG-TS and -PS, flv, bare streams.

The template of its tracks is a film in memory of its first keyframe and its first sound, as for a ``.dav``. Start codes
(Annex B) become the length prefixes of mp4. Decode times are made from the times at which frames are shown, which these
containers tell in many ways; without any, frames come at the rate that the stream says.
"""

from __future__ import annotations

import io
from collections import deque
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING, Any

import av
import av.error

from camreel.formats.nal import length_prefixed
from camreel.formats.sniff import Unusable
from camreel.media.clips.clip import Clip, rate_of
from camreel.media.clips.tracks import Besides, besides, video_of
from camreel.media.ffmpeg import THOROUGH_OPEN, as_fraction, open_as

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

    from camreel.formats.signatures import OtherContainer

_TICKS = Fraction(1, 90_000)
# Frames that H.264 and H.265 can hold back to show others first, and one more.
_LOOK_AHEAD = 17
_MOST_SEARCHED = 20_000  # packets, for the first keyframe


class ForeignClip(Clip):
    """An open clip of another container. Its times are ticks of 1/90000 s, or of its sound."""

    def __init__(self, path: str, container: OtherContainer) -> None:
        self._foreign = container
        self._order: list[Fraction] | None = None
        try:
            with self._opened(path) as source:
                self._read_head(path, source)
        except (av.error.FFmpegError, ValueError, IndexError, OSError) as error:
            raise Unusable(f"it is {container.name} that cannot be read") from error
        except Unusable as error:
            raise Unusable(f"it is {container.name}, and {error}") from error

    def _read_head(self, path: str, source: InputContainer) -> None:
        video, sound = video_of(source), _sound_of(source)
        self._tracks = video.index, None if sound is None else sound.index
        found = besides(source, video, sound)
        rate = as_fraction(video.guessed_rate if self._foreign.has_times else video.average_rate)
        told = as_fraction(video.codec_context.framerate) if self._foreign.demuxer in {"h264", "hevc"} else None
        rate = rate_of(told or rate)
        seconds = (source.duration or 0) / av.time_base
        self._has_start_codes = not (video.codec_context.extradata or b"").startswith(b"\1")
        self._is_reordered = video.codec_context.has_b_frames > 0
        self._rate = rate
        key, heard = self._firsts(source)
        film = self._film(source, key, heard)
        super().__init__(path, av.open(io.BytesIO(film), "r", format="mov"))
        self._listed_packets, self._listed_seconds, self._frame_rate = 0, seconds, rate
        self.besides, self.sound_ends, self.listed_sound = found, None, 0
        if sound is not None and self.sound is None:
            self.besides = Besides((*found.lost, "its sound, which cannot be read"), found.noted)
        if self._foreign.demuxer in {"h264", "hevc"}:
            how = "from the stream" if told else "a guess"
            self.notes = (f"has no times; {float(rate):g} frames a second are assumed ({how})",)

    def _opened(self, path: str) -> InputContainer:
        assert self._foreign.demuxer is not None
        return open_as(path, self._foreign.demuxer, THOROUGH_OPEN)

    def _firsts(self, source: InputContainer) -> tuple[bytes, Packet[Any] | None]:
        """The first keyframe, and the first sound of about the same place."""
        video, sound = self._tracks
        key: bytes | None = None
        heard: Packet[Any] | None = None
        streams = [source.streams[each] for each in self._tracks if each is not None]
        for number, packet in enumerate(source.demux(streams)):
            if not packet.size:
                continue
            if packet.stream_index == video and packet.is_keyframe and key is None:
                key = bytes(packet)
            elif packet.stream_index == sound and heard is None:
                heard = packet
            if (key is not None and (heard is not None or sound is None)) or number > _MOST_SEARCHED:
                break
        if key is None:
            raise Unusable("none of its pictures can be decoded by itself (no keyframe)")
        return key, heard

    def _film(self, source: InputContainer, key: bytes, heard: Packet[Any] | None) -> bytes:
        made = io.BytesIO()
        video = source.streams.video[0] if self._tracks[0] is None else source.streams[self._tracks[0]]
        codec = video.codec_context.name
        with av.open(made, "w", format="mov") as film:
            if self._has_start_codes:
                with av.open(io.BytesIO(key), "r", format=codec) as bare:
                    first: Any = film.add_stream_from_template(bare.streams.video[0], opaque=True)
            else:
                first = film.add_stream_from_template(video, opaque=True)
            first.time_base = _TICKS
            track = None if heard is None else _sound_track(film, heard)
            for stream, data, time_base, length in (
                (first, key, _TICKS, 3600),
                (track, b"" if heard is None else bytes(heard), None, 1024),
            ):
                if stream is None:
                    continue
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, time_base or as_fraction(stream.time_base) or _TICKS
                packet.pts = packet.dts = 0
                packet.duration, packet.is_keyframe = length, True
                film.mux_one(packet)
        return made.getvalue()

    @property
    def is_cut(self) -> bool:
        return False  # nothing says how many frames there should be

    def _stored(self, *, sound: bool) -> Iterator[Packet[Any]]:
        try:
            with self._opened(self.path) as source:
                yield from self._placed(self._read(source, sound=sound))
        except (av.error.FFmpegError, ValueError):
            return

    def _read(self, source: InputContainer, *, sound: bool) -> Iterator[Packet[Any]]:
        streams = [source.streams[self._tracks[0]]]
        if sound and self.sound is not None and self._tracks[1] is not None:
            streams.append(source.streams[self._tracks[1]])
        return (packet for packet in source.demux(streams) if packet.size)

    def _placed(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """The packets with their times: frames are decoded in the rhythm in which they are shown, and as much earlier
        as their order needs.
        """
        waiting: deque[tuple[int, Packet[Any]]] = deque()
        times: list[int] = []  # a heap
        delay: int | None = None
        for packet, shown in chain(self._shown(packets), repeat((None, None), _LOOK_AHEAD)):
            if packet is not None and shown is None:
                yield from self._as_sound(packet)
                continue
            if packet is not None and shown is not None:
                waiting.append((shown, packet))
                heappush(times, shown)
                if len(waiting) <= _LOOK_AHEAD:
                    continue
            if not waiting:
                return
            if delay is None:
                delay = max(one - other for one, (other, _) in zip(sorted(times), waiting, strict=True))
            at, first = waiting.popleft()
            yield from self._as_picture(first, at, min(at, heappop(times) - delay))

    def _shown(self, packets: Iterable[Packet[Any]]) -> Iterator[tuple[Packet[Any], int | None]]:
        """Each packet, and when it is shown, in ticks; None for sound."""
        is_made = self._is_reordered and not self._foreign.has_times
        number = 0
        for packet in packets:
            if packet.stream_index != self._tracks[0]:
                yield packet, None
                continue
            at = None if is_made else self._told(packet)
            if at is None and not self._is_reordered and not self._foreign.has_times:
                at = number / (self._rate * _TICKS)
            if at is None:  # also where frames share a packet of the container, which has one time
                order = self._display_order()
                at = order[min(number, len(order) - 1)]
            yield packet, round(at)
            number += 1

    def _told(self, packet: Packet[Any]) -> Fraction | None:
        """When a frame is shown by the container, in ticks: if it does not say so, its decode time tells only without
        reordering.
        """
        shown = packet.pts if self._foreign.has_times else packet.dts
        time = packet.dts if shown is None and not self._is_reordered else shown
        return None if time is None else Fraction(time * _in(packet) / _TICKS)

    def _display_order(self) -> list[Fraction]:
        """When each frame is shown, in ticks: decoded once if they are reordered, for nothing else tells how."""
        if self._order is None:
            shown: list[int] = []
            told: list[Fraction | None] = []
            with self._opened(self.path) as source:
                context: Any = source.streams[self._tracks[0]].codec_context
                for number, packet in enumerate(self._read(source, sound=False)):
                    told.append(self._told(packet))
                    packet.pts = packet.dts = number
                    shown += _decoded(context, packet) if self._is_reordered else [number]
                shown += _decoded(context, None) if self._is_reordered else []
            places = {number: place for place, number in enumerate(shown)}
            step = 1 / (self._rate * _TICKS)
            if self._foreign.has_times:
                by_place = _filled([told[number] for number in shown], step)
            else:
                by_place = _filled(told, step)
            self._order = [by_place[min(places.get(number, number), len(by_place) - 1)] for number in range(len(told))]
        return self._order

    def _as_picture(self, packet: Packet[Any], shown: int, decoded: int) -> Iterator[Packet[Any]]:
        data = length_prefixed(bytes(packet)) if self._has_start_codes else bytes(packet)
        if data:
            made: Packet[Any] = av.Packet(data)
            made.stream, made.time_base = self.video, self.time_base
            ratio = _TICKS / self.time_base
            made.pts, made.dts = round(shown * ratio), round(decoded * ratio)
            made.is_keyframe = packet.is_keyframe
            yield made

    def _as_sound(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        time = packet.dts if packet.pts is None else packet.pts
        if self.sound is None or time is None:
            return
        ticks = as_fraction(self.sound.time_base) or _TICKS
        made: Packet[Any] = av.Packet(_bare(bytes(packet)))
        made.stream, made.time_base = self.sound, ticks
        made.pts = made.dts = round(time * _in(packet) / ticks)
        made.duration = round((packet.duration or 0) * _in(packet) / ticks)
        made.is_keyframe = True
        yield made


def _filled(times: Sequence[Fraction | None], step: Fraction) -> list[Fraction]:
    """``times``, with those that are not told at equal distances between the others, and a ``step`` apart at the ends.

    Never empty.
    """
    known = [(place, time) for place, time in enumerate(times) if time is not None] or [(0, Fraction(0))]
    filled = [known[0][1] - (known[0][0] - place) * step for place in range(known[0][0])]
    for (place, time), (after, until) in pairwise(known):
        filled += [time + (until - time) * number / (after - place) for number in range(after - place)]
    place, time = known[-1]
    return filled + [time + number * step for number in range(max(1, len(times) - place))]


def _decoded(context: Any, packet: Packet[Any] | None) -> list[int]:
    try:
        return [frame.pts for frame in context.decode(packet) if frame.pts is not None]
    except av.error.FFmpegError:
        return []


def _in(packet: Packet[Any]) -> Fraction:
    return as_fraction(packet.time_base) or _TICKS


def _sound_of(source: InputContainer) -> AudioStream | None:
    """The first track of sound that says what it is; AAC of a stream says how it is decoded in each packet."""
    for each in source.streams.audio:
        context = each.codec_context
        if context is not None and 1000 <= context.rate <= 384_000 and 1 <= context.layout.nb_channels <= 8:
            return each
    return None


def _sound_track(film: OutputContainer, heard: Packet[Any]) -> Any:
    """A track for the sound; None if mp4 has no way to describe it."""
    data = bytes(heard)
    try:
        if _is_adts(data):
            with av.open(io.BytesIO(data), "r", format="aac") as bare:
                return film.add_stream_from_template(bare.streams.audio[0], opaque=True)
        return film.add_stream_from_template(heard.stream, opaque=True)
    except (av.error.FFmpegError, ValueError, IndexError):
        return None


def _is_adts(data: bytes) -> bool:
    return len(data) > 7 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def _bare(data: bytes) -> bytes:
    """A frame of AAC without the header (ADTS) that streams put before it; other sound as it is."""
    return data[7 if data[1] & 1 else 9 :] if _is_adts(data) else data
