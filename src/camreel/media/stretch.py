"""What lies between two keyframes of a clip, to be taken at once: a picture by itself costs more than its copying."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import add

from camreel.formats.mp4 import Movie, Run, Track
from camreel.media.stored import ClipBytes, Stored

# So many pictures are taken at once where keyframes are further apart: progress is told between two stretches.
_MOST = 64
# Cameras put a box around each picture: its head is copied along, which costs less than to leave it out.
LARGEST_HOLE = 64


class Stretch:
    """Pictures of a clip that follow each other, none of them a keyframe, and the sound that lies among them.

    Iterating gives its packets one by one, in FFmpeg's order. Times are ticks of the clip; ``pictures`` is never empty.
    """

    def __init__(self, packets: Packets, pictures: range, sounds: range) -> None:
        self._packets = packets
        self.pictures = pictures
        self.sounds = sounds

    def __iter__(self) -> Iterator[Stored]:
        return self._packets.singly(self.pictures, self.sounds)

    @property
    def file(self) -> ClipBytes:
        """Where its bytes are."""
        return self._packets.file

    @cached_property
    def picture_run(self) -> Run:
        """Its pictures."""
        return Run(self._packets.movie.pictures, self.pictures)

    @cached_property
    def sound_run(self) -> Run | None:
        """Its sound."""
        return Run(self._packets.heard, self.sounds) if self._packets.heard is not None and self.sounds else None

    @cached_property
    def extent(self) -> tuple[int, int] | None:
        """From where to where in the file it lies; None where much else lies there as well, or a packet is empty."""
        runs = [self.picture_run] if self.sound_run is None else [self.picture_run, self.sound_run]
        if any(0 in run.sizes for run in runs):
            return None
        first = min(min(run.offsets) for run in runs)
        last = max(max(map(add, run.offsets, run.sizes)) for run in runs)
        holes = last - first - sum(run.weight for run in runs)
        return (first, last) if 0 <= holes <= LARGEST_HOLE * sum(len(run.sizes) for run in runs) else None

    def last_picture(self) -> Stored:
        """As :class:`Stored`."""
        return self._packets.picture(self.pictures[-1])

    def sound(self, numbers: range) -> Iterator[Stored]:
        """Those of its packets of sound, one by one."""
        return (self._packets.sound(number) for number in numbers)


class Packets:
    """The packets of an indexed clip; ``heard`` is its track of sound, where that is wanted."""

    def __init__(self, file: ClipBytes, movie: Movie, *, sound: bool) -> None:
        self.file = file
        self.movie = movie
        self.heard = movie.sound if sound else None
        self._heard_count = 0 if self.heard is None else self.heard.count
        keys = movie.pictures.keys
        self._keys = None if keys is None else frozenset(keys)

    def picture(self, number: int) -> Stored:
        """One picture."""
        track = self.movie.pictures
        return _stored(
            self.file, track, number, is_keyframe=self._keys is None or number in self._keys, is_picture=True
        )

    def sound(self, number: int) -> Stored:
        """One packet of sound."""
        assert self.heard is not None
        return _stored(self.file, self.heard, number, is_keyframe=True, is_picture=False)

    def singly(self, pictures: range, sounds: range) -> Iterator[Stored]:
        """These, in FFmpeg's order: as they lie in the file, but neither track a second ahead of the other."""
        picture, sound = pictures.start, sounds.start
        while picture < pictures.stop or sound < sounds.stop:
            if sound == sounds.stop or (picture < pictures.stop and self._is_picture_next(picture, sound)):
                if self.movie.pictures.sizes[picture]:
                    yield self.picture(picture)
                picture += 1
            else:
                assert self.heard is not None
                if self.heard.sizes[sound]:
                    yield self.sound(sound)
                sound += 1

    def whole(self) -> Iterator[Stored]:
        """All of them, one by one."""
        return self.singly(range(self.movie.pictures.count), range(self._heard_count))

    def stretches(self) -> Iterator[Stored | Stretch]:
        """All of them: keyframes and what comes before the first picture one by one, all else in stretches."""
        keys, pictures, sounds = self.movie.pictures.keys, self.movie.pictures.count, 0
        if keys is None:
            yield from self.whole()
            return
        sounds = self._sounds_until(0, 0)
        yield from self.singly(range(0), range(sounds))
        picture = 0
        for key in (*keys, pictures):
            while picture < key:
                until = min(key, picture + _MOST)
                heard = self._sounds_until(until, sounds)
                yield Stretch(self, range(picture, until), range(sounds, heard))
                picture, sounds = until, heard
            if key < pictures:
                heard = self._sounds_until(key + 1, sounds)
                yield from self.singly(range(key, key + 1), range(sounds, heard))
                picture, sounds = key + 1, heard
        # What sounds after the last picture is mostly left out.
        yield from self.singly(range(0), range(sounds, self._heard_count))

    def _sounds_until(self, picture: int, sound: int) -> int:
        """How many packets of sound come before a picture (the end: the last one); ``sound`` of them are known to."""
        picture = min(picture, self.movie.pictures.count - 1)
        while sound < self._heard_count and not self._is_picture_next(picture, sound):
            sound += 1
        return sound

    def _is_picture_next(self, picture: int, sound: int) -> bool:
        seen, heard = self.movie.pictures, self.heard
        assert heard is not None
        second = seen.scale * heard.scale
        ahead = seen.dts[picture] * heard.scale - heard.dts[sound] * seen.scale
        return seen.offsets[picture] < heard.offsets[sound] if -second <= ahead <= second else ahead < 0


def _stored(file: ClipBytes, track: Track, number: int, *, is_keyframe: bool, is_picture: bool) -> Stored:
    decoded, after = track.dts[number], track.dts[number + 1]
    return Stored(
        file,
        track.offsets[number],
        track.sizes[number],
        pts=decoded if track.cts is None else decoded + track.cts[number],
        dts=decoded,
        duration=after - decoded,
        is_keyframe=is_keyframe,
        is_picture=is_picture,
    )
