"""Decode the finished video, or a sample of it, and compare it with the clips that it is made of. Runs in the worker.

A video can hold every packet of its clips and still not play: a frame that meets other parameter sets than its own
decodes to garbage, or not at all. Decoding everything takes longer than the merge, so by default one group of frames
is decoded of each set of parameters that the video needs. What does not decode in the clip either is no fault of the
video.
"""

from __future__ import annotations

import math
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av.error
from av.codec.context import CodecContext
from av.packet import Packet

from camreel.diskio import open_file
from camreel.formats.mp4.long_index import long_samples
from camreel.formats.sniff import Unusable
from camreel.media.clips.marks import shown_at
from camreel.media.clips.open import open_to_copy
from camreel.media.clips.packets import ClipUnreadable
from camreel.media.ffmpeg import as_fraction, reopen_as
from camreel.model import Playback, PlaybackFailure, Verify
from camreel.text import count_text

if TYPE_CHECKING:
    from av.container import InputContainer

    from camreel.formats.containers import Container

BUDGET = 2.0  # seconds, for all samples of a job
_MOST = 60  # frames of one sample
_FEW = 8  # frames: a keyframe before that does not end it, because some cameras begin with two
_CLOSE = 0.06  # seconds: avi has no time at which a frame is shown, and mkv rounds it
_LEAD = 2.0  # seconds between the decoding and the showing of a frame
_TELL_EVERY = 1.0  # seconds

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PlaybackPoint:
    """A keyframe of a film with parameter sets that no frame before it needs.

    ``at`` is when it is shown, in seconds. It is the frame of the clip at ``path`` that is shown at ``ticks`` there;
    None if it was encoded again. ``number`` is that of the clip. ``before`` frames are stored before it.
    """

    film: str
    at: float
    sets: bytes
    number: int
    path: str
    ticks: int | None
    before: int = 0


@dataclass(frozen=True, slots=True)
class PlaybackPart:
    """What clip ``number`` gave to a film: so many ``frames``, shown from ``start`` on (seconds)."""

    film: str
    start: float
    frames: int
    number: int
    path: str
    is_encoded: bool = False


@dataclass(slots=True)
class _DecodedGroup:
    """Frames that were decoded: how many were read, how many came out whole, and the checksum of the first read."""

    read: int = 0
    whole: int = 0
    first: int | None = None

    @property
    def bad(self) -> int:
        return max(0, self.read - self.whole)


def play_samples(points: Iterable[PlaybackPoint], container: Container, tell: Tell, budget: float = BUDGET) -> Playback:
    """Decode one group of frames at each of ``points``, within ``budget`` seconds.

    ``tell`` gets the number of the clip, and of the frames decoded so far: whoever listens knows what this dies of.
    """
    distinct = {point.sets: point for point in reversed(list(points))}
    ordered = list(reversed(distinct.values()))
    deadline = time.monotonic() + budget
    done = Playback(Verify.SAMPLE, groups_of=len(ordered))
    for point in ordered:
        if time.monotonic() >= deadline:
            break
        tell(point.number, done.frames)
        found = _at_point(point, container, deadline)
        if found is None:
            continue
        group, failure = found
        failures = (*done.failures, failure) if failure else done.failures
        done = replace(done, groups=done.groups + 1, frames=done.frames + group.whole, failures=failures)
    return done


def _at_point(
    point: PlaybackPoint, container: Container, deadline: float
) -> tuple[_DecodedGroup, PlaybackFailure | None] | None:
    """What came out of the group at a point; None if it could not be looked at, or not in time."""
    try:
        group = _decoded_of_long(point, deadline) if container.has_own_writer else None
        if group is None:
            with reopen_as(point.film, container.demuxer) as film:
                decoder = film.streams.video[0].codec_context
                group = _decoded(_group_of_film(film, point.at, container), decoder, deadline)
    except (av.error.FFmpegError, OSError, ValueError):
        return None
    if group is None or not group.read:
        return None
    if point.ticks is None:
        said = f"{count_text(group.bad, 'picture')} of it cannot be decoded in the video" if group.bad else None
        return group, PlaybackFailure(point.number, said) if said else None
    source = _source_group(point, 1 if not group.bad else group.read, deadline)
    said = None if source is None else _difference(group, source)
    return group, PlaybackFailure(point.number, said) if said else None


def _decoded_of_long(point: PlaybackPoint, deadline: float) -> _DecodedGroup | None:
    """The same of a film whose index is too long for FFmpeg; None if it is not, or time is up."""
    with open_file(point.film) as file:
        found = long_samples(file, point.before, _FEW)
    if found is None:
        return None
    codec, configuration, samples = found
    decoder = CodecContext.create(codec, "r")
    decoder.extradata = configuration
    packets = [Packet(sample) for sample in samples]
    for number, packet in enumerate(packets):
        packet.pts = packet.dts = number
    return _decoded(packets, decoder, deadline)


def _difference(group: _DecodedGroup, source: _DecodedGroup) -> str | None:
    """What is wrong with a group that is not wrong in the clip."""
    if group.bad > source.bad and source.read == group.read:
        lost = group.bad - source.bad
        return f"{lost} of {count_text(group.read, 'picture')} of it can be decoded in the clip, and not in the video"
    if None not in {group.first, source.first} and group.first != source.first:
        return "its pictures look different in the video"
    return None


def _group_of_film(film: InputContainer, at: float, container: Container) -> Iterator[Packet[Any]]:
    """The frames of a film from the keyframe that is shown at ``at`` seconds to the next, or so."""
    video = film.streams.video[0]
    base = as_fraction(video.time_base) or Fraction(1)
    # Some seek by the time of decoding, which may be earlier.
    film.seek(int(max(0.0, at - _LEAD) / base), stream=video, backward=True)
    begun = 0
    for packet in film.demux(video):
        shown = _time_of(packet, container)
        if not packet.size or shown is None:
            continue
        late = float(shown * base) - at
        if begun == 0 and packet.is_keyframe and late > _CLOSE:
            return
        if begun >= (_FEW if packet.is_keyframe else _MOST):
            return
        if begun or (packet.is_keyframe and late >= -_CLOSE):
            begun += 1
            yield packet


def _time_of(frame: Any, container: Container) -> int | None:
    """When a frame or its packet is shown; in a container without such times its number, which FFmpeg delays."""
    shown: int | None = frame.pts if container.has_timestamps and frame.pts is not None else frame.dts
    return shown


def _source_group(point: PlaybackPoint, count: int, deadline: float) -> _DecodedGroup | None:
    """The same frames, decoded from their clip; None if that cannot be done."""
    try:
        with open_to_copy(point.path) as clip:
            packets = clip.decodable()
            for packet in packets:
                if shown_at(packet, clip.time_base) == point.ticks and packet.is_keyframe:
                    wanted = [packet, *(each for each, _ in zip(packets, range(count - 1), strict=False))]
                    return _decoded(wanted, clip.video.codec_context, deadline)
    except (Unusable, ClipUnreadable, av.error.FFmpegError, OSError, ValueError):
        return None
    return None


def _decoded(packets: Iterable[Packet[Any]], decoder: Any, deadline: float) -> _DecodedGroup | None:
    """Decode ``packets``; None if time is up."""
    group, first = _DecodedGroup(), None
    for packet in packets:
        if time.monotonic() >= deadline:
            return None
        group.read += 1
        first = packet.pts if group.read == 1 else first
        with suppress(av.error.FFmpegError):
            _count(group, decoder.decode(packet), first)
    with suppress(av.error.FFmpegError):
        _count(group, decoder.decode(None), first)
    return group


def _count(group: _DecodedGroup, frames: Iterable[Any], first: int | None) -> None:
    for frame in frames:
        group.whole += not frame.is_corrupt
        if group.first is None and frame.pts == first:
            group.first = _checksum(frame)


def _checksum(frame: Any) -> int:
    """Of the visible part of all planes, and their form. A decoder that is told of no range keeps the last one."""
    form = frame.format.name.replace("yuvj", "yuv")
    found = zlib.crc32(f"{form} {frame.width}x{frame.height}".encode())
    bytes_each = 2 if frame.format.components[0].bits > 8 else 1
    for plane in frame.planes:
        rows, stride, row = memoryview(plane), plane.line_size, plane.width * bytes_each
        for at in range(0, stride * plane.height, stride):
            found = zlib.crc32(rows[at : at + row], found)
    return found


def play_all(
    points: Iterable[PlaybackPoint], parts: Sequence[PlaybackPart], container: Container, tell: Tell
) -> Playback:
    """Decode every frame of the films that ``parts`` are of, and count those of each part.

    A frame may come out and look different, which the samples at ``points`` tell.
    """
    done = replace(play_samples(points, container, tell, math.inf), verify=Verify.FULL, frames=0)
    for film in dict.fromkeys(part.film for part in parts):
        mine = sorted((part for part in parts if part.film == film), key=lambda part: part.start)
        counts = _counted(film, mine, container, tell)
        done = replace(done, frames=done.frames + sum(counts))
        for part, count in zip(mine, counts, strict=True):
            bad = part.frames - count
            if bad > 0 and (part.is_encoded or bad > _bad_in_clip(part)):
                said = f"{bad} of {count_text(part.frames, 'picture')} of it cannot be decoded in the video"
                done = replace(done, failures=(*done.failures, PlaybackFailure(part.number, said)))
    return done


def _counted(film: str, parts: Sequence[PlaybackPart], container: Container, tell: Tell) -> list[int]:
    """How many frames of each part come out whole."""
    counts, starts = [0] * len(parts), [part.start - _CLOSE / 2 for part in parts]
    told, at = 0.0, 0
    # Where nothing more can be read, what comes behind is not decoded.
    with reopen_as(film, container.demuxer) as opened, suppress(av.error.FFmpegError):
        video = opened.streams.video[0]
        base = as_fraction(video.time_base) or Fraction(1)
        for packet in opened.demux(video):
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                tell(parts[at].number, sum(counts))
            with suppress(av.error.FFmpegError):
                for frame in packet.decode():
                    at = max(0, bisect_right(starts, float((_time_of(frame, container) or 0) * base)) - 1)
                    counts[at] += not frame.is_corrupt
    return counts


def _bad_in_clip(part: PlaybackPart) -> int:
    """How many frames of the clip itself do not decode."""
    group = _DecodedGroup()
    try:
        with open_to_copy(part.path) as clip:
            decoder = clip.video.codec_context
            for each in clip.decodable():
                group.read += 1
                with suppress(av.error.FFmpegError):
                    group.whole += sum(not frame.is_corrupt for frame in decoder.decode(each))
            group.whole += sum(not frame.is_corrupt for frame in decoder.decode(None))
    except (Unusable, ClipUnreadable, av.error.FFmpegError, OSError, ValueError):
        return part.frames
    return group.bad
