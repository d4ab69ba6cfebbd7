"""Fetch single keyframes of a recording, each as a clip of one frame: for thumbnails and timelapses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from camreel.devices.base import Source
from camreel.formats.dhav import headers_in
from camreel.formats.dhav.frames import wall_of
from camreel.formats.mp4 import BadIndex, Movie, choose_one, header_for
from camreel.model import Recording, WallTime
from camreel.transfer.download import TransferPolicy
from camreel.transfer.partial import HEAD, by_own_clock, read_movie
from camreel.transfer.ranges import MOST_REQUESTS, DavSeek, NotInPart, Ranged

_MOST_KEYFRAMES = 10_000
_REQUESTS_EACH = 60
_BYTES_EACH = 24 << 20
_LARGEST = 8 << 20  # bytes of a coded picture; those of 4K cameras have 2 MB at most


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One keyframe. ``clip`` is a whole file that holds just it: an mp4 or (``is_dav``) a DHAV frame.

    ``wall`` is when it was taken, as ``recording.span`` counts; of a ``.dav`` to the second.
    """

    wall: WallTime
    clip: bytes
    is_dav: bool


async def keyframes(
    source: Source,
    recording: Recording,
    *,
    at: Sequence[WallTime] = (),
    every: int | None = None,
    manner: TransferPolicy | None = None,
) -> AsyncIterator[Keyframe]:
    """Yield the last keyframe at or before each moment of ``at``, each once, in order; or ``every`` so many of them.

    ``every`` needs an index, which a ``.dav`` does not have. An mp4 costs its index and one request a keyframe, a
    ``.dav`` some ten requests a keyframe. Raises NotInPart if only the whole file would do (the device does not send
    parts, or the file is odd); else as ``source.open``.
    """
    if not at and (every is None or every < 1):
        raise ValueError("either moments, or a number from 1")
    manner = manner or TransferPolicy()
    pictures = min(_MOST_KEYFRAMES, len(at) or _MOST_KEYFRAMES)
    requests, room = MOST_REQUESTS + pictures * _REQUESTS_EACH, (pictures + 4) * _BYTES_EACH
    file = Ranged(source, recording, manner.ranges, manner.spend, most_requests=requests, most_bytes=room)
    head = await file.read(0, HEAD)
    if head[4:8] != b"ftyp":
        async for each in _of_dav(file, recording, sorted(at)):
            yield each
        return
    try:
        movie = await read_movie(file, head, recording)
        for sample in _samples(movie, recording, sorted(at), every):
            yield await _of_mp4(file, movie, recording, sample)
    except BadIndex as error:
        raise NotInPart(str(error)) from error


def _samples(movie: Movie, recording: Recording, at: Sequence[WallTime], every: int | None) -> Iterator[int]:
    track = movie.pictures
    keys = track.keys if track.keys is not None else range(track.count)
    if every is not None and not at:
        yield from keys[::every][:_MOST_KEYFRAMES]
        return
    shown = [track.shown(key) - track.shown(0) for key in keys]
    places = [(wall - recording.span.start) // timedelta(microseconds=1) * track.scale // 1_000_000 for wall in at]
    numbers = [bisect_right(shown, place) - 1 for place in places]
    yield from dict.fromkeys(keys[number] for number in numbers if number >= 0)


async def _of_mp4(file: Ranged, movie: Movie, recording: Recording, sample: int) -> Keyframe:
    if movie.pictures.sizes[sample] > _LARGEST:
        raise NotInPart("a picture is too large")
    choice = choose_one(movie, sample)
    data = [await file.read(first, end) for first, end in choice.spans]
    clip = header_for(movie, choice, file.total or 0).data + b"".join(data)
    return Keyframe(recording.span.start + timedelta(microseconds=choice.offset), clip, is_dav=False)


async def _of_dav(file: Ranged, recording: Recording, at: Sequence[WallTime]) -> AsyncIterator[Keyframe]:
    if not at:
        raise NotInPart("a .dav has no index of its keyframes")
    _, listed = by_own_clock(recording)
    turned = listed.start - recording.span.start
    seek, known = DavSeek(file, listed), set()
    for wall in at:
        own = wall + turned
        place = await seek.keyframe(await seek.place(own), own)
        if place in known:
            continue
        known.add(place)
        start = await file.read(place, place + 512)
        frame = next(headers_in(start), None)
        if frame is None or frame.at or frame.second is None or frame.length > _LARGEST:
            raise NotInPart("a keyframe is not where it was")
        data = start[: frame.length]
        if frame.length > len(start):
            data += await file.read(place + len(start), place + frame.length)
        yield Keyframe(WallTime(wall_of(frame.second)) - turned, data, is_dav=True)
