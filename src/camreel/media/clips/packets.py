"""Packets that stay in their clip's file: the place of the bytes stands for the bytes.

A :class:`Stored` is one packet. A :class:`GopRun` is all frames between two keyframes, with the sound among them: it
is handled at once, because handling a frame alone costs more than copying it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from operator import add
from typing import TYPE_CHECKING, Any

import av

from camreel.formats.entry_point import as_broken_link, recovery
from camreel.formats.mp4 import Movie, Run, Track
from camreel.formats.sniff import Unreadable, Unusable
from camreel.formats.source import source_handle

if TYPE_CHECKING:
    from fractions import Fraction

    from av.packet import Packet
    from av.stream import Stream

    from camreel.formats.nal import Parameters

_HEAD = 2048  # bytes: what tells a picture from others, and where its first slice mostly is
HEAD = 64
Piece = tuple["ClipBytes", int, int]  # so many bytes of a clip's file, from a place on


class ClipUnreadable(Exception):
    """The file of the clip at ``path`` does not give the bytes that it had; the message says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"its file cannot be read ({why})")
        self.path = path


@contextmanager
def opened_before(path: str) -> Iterator[None]:
    """Raise :class:`ClipUnreadable` where the clip at ``path``, which was opened before, cannot be opened any more."""
    try:
        yield
    except Unusable as error:
        raise ClipUnreadable(path, error.why if isinstance(error, Unreadable) else str(error)) from error
    except OSError as error:
        if error.filename != path:
            raise
        raise ClipUnreadable(path, error.strerror or str(error)) from error


class ClipBytes:
    """The file of a clip, open for reading at any place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.handle = source_handle(path)
        self.size = os.fstat(self.handle).st_size

    def read(self, at: int, size: int) -> bytes:
        """``size`` bytes from ``at`` on. Raises :class:`ClipUnreadable`: the file was complete when it was opened."""
        data = b""
        try:
            while len(data) < size and (more := _read_at(self.handle, size - len(data), at + len(data))):
                data = data + more if data else more  # network file systems may give less than there is
        except OSError as error:
            raise ClipUnreadable(self._path, error.strerror or str(error)) from error
        if len(data) != size:
            raise ClipUnreadable(self._path, f"it ends {size - len(data)} bytes too early")
        return data

    def close(self) -> None:
        """Once; nothing can be read any more."""
        handle, self.handle = self.handle, -1
        if handle >= 0:
            os.close(handle)


def _seek_and_read(handle: int, size: int, at: int) -> bytes:
    os.lseek(handle, at, os.SEEK_SET)  # Windows: nobody else reads with this handle
    return os.read(handle, size)


_read_at = getattr(os, "pread", _seek_and_read)


class Stored:
    """One packet of a clip, with the names that PyAV's packets have. Times are ticks of the clip."""

    __slots__ = (
        "_head",
        "_inserted",
        "_inserted_at",
        "at",
        "dts",
        "duration",
        "file",
        "is_discard",
        "is_keyframe",
        "is_picture",
        "pts",
        "size",
    )

    is_corrupt = False

    def __init__(
        self,
        file: ClipBytes,
        at: int,
        size: int,
        *,
        pts: int,
        dts: int,
        duration: int,
        is_keyframe: bool,
        is_picture: bool,
        is_discard: bool = False,
    ) -> None:
        self.file = file
        self.at = at
        self.size = size
        self.pts: int | None = pts
        self.dts: int | None = dts
        self.duration = duration
        self.is_keyframe = is_keyframe
        self.is_picture = is_picture
        self.is_discard = is_discard
        self._head = b""
        self._inserted = b""
        self._inserted_at = 0

    def head(self, size: int) -> bytes:
        """Its first bytes as the clip has them, ``size`` of them or all."""
        if len(self._head) < min(size, self.size):
            self._head = self.file.read(self.at, min(max(size, _HEAD), self.size))
        return self._head[:size]

    def insert(self, at: int, data: bytes) -> None:
        """It has ``data`` at ``at`` from now on. Once."""
        self._inserted_at, self._inserted = at, data
        self.size += len(data)

    @property
    def is_changed(self) -> bool:
        """Whether it is not as the clip has it."""
        return bool(self._inserted)

    def pieces(self) -> tuple[Any, ...]:
        """What it is made of: each a :data:`Piece` or bytes; the last is a piece."""
        if not self._inserted:
            return ((self.file, self.at, self.size),)
        before, whole = self._inserted_at, self.size - len(self._inserted)
        rest = (self._inserted, (self.file, self.at + before, whole - before))
        return ((self.file, self.at, before), *rest) if before else rest

    def __bytes__(self) -> bytes:
        return b"".join(part if isinstance(part, bytes) else part[0].read(part[1], part[2]) for part in self.pieces())

    def packet(self, stream: Stream, time_base: Fraction) -> Packet[Any]:
        """As PyAV's own."""
        made: Packet[Any] = av.Packet(bytes(self))
        made.stream, made.time_base = stream, time_base
        made.pts, made.dts, made.duration = self.pts, self.dts, self.duration
        made.is_keyframe = self.is_keyframe
        return made


class View:
    """The bytes of a stored packet as something to look into: only what is looked at is read."""

    __slots__ = ("_head", "_packet", "nbytes")

    def __init__(self, packet: Stored) -> None:
        self._packet = packet
        self._head = packet.head(_HEAD)
        self.nbytes = packet.size

    def __getitem__(self, where: Any) -> Any:
        first, last = (where.start or 0, where.stop) if isinstance(where, slice) else (where, where + 1)
        last = self.nbytes if last is None else min(last, self.nbytes)
        if last <= len(self._head):
            return self._head[where]
        data = self._packet.file.read(self._packet.at + first, max(0, last - first))
        return data if isinstance(where, slice) else data[0]


def view_of(packet: Packet[Any] | Stored) -> Any:
    """The bytes of a packet, to look into: it has ``nbytes``, and single bytes and stretches of them."""
    return View(packet) if type(packet) is Stored else memoryview(packet)  # type: ignore[arg-type]


def recovery_of(packet: Packet[Any] | Stored, parameters: Parameters) -> int | None:
    """After how many frames all is right if decoding begins with ``packet``: 0 at once, None never."""
    if not packet.is_keyframe:
        return None
    return recovery(view_of(packet), hevc=parameters.hevc, length_size=parameters.nal_length_size)


def broken_link(packet: Packet[Any] | Stored, parameters: Parameters) -> Packet[Any] | Stored:
    """The packet as one that follows frames of another stream; see :func:`as_broken_link`."""
    data = bytes(packet)
    changed = as_broken_link(data, length_size=parameters.nal_length_size)
    if changed == data:
        return packet
    made: Packet[Any] = av.Packet(changed)
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.is_keyframe = packet.is_keyframe
    return made


def head_of(packet: Packet[Any] | Stored) -> bytes:
    """Enough of a packet to know it again: pictures differ in their lengths and first bytes."""
    if type(packet) is not Stored:
        return bytes(memoryview(packet)[:HEAD])  # type: ignore[arg-type]
    head = b""
    for part in packet.pieces():
        missing = HEAD - len(head)
        head += part[:missing] if isinstance(part, bytes) else part[0].read(part[1], min(part[2], missing))
        if len(head) == HEAD:
            break
    return head


def first_bytes(packet: Packet[Any] | Stored, size: int) -> Any:
    """The first ``size`` bytes of a packet of a clip."""
    return packet.head(size) if type(packet) is Stored else memoryview(packet)[:size]  # type: ignore[arg-type]


# So many pictures are taken at once where keyframes are further apart: progress is told between two stretches.
_MOST = 64

# Cameras put a box around each picture: its head is copied along, which costs less than to leave it out.
LARGEST_HOLE = 64


class GopRun:
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
        track = self._packets.sound_track
        return Run(track, self.sounds) if track is not None and self.sounds else None

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
    """The packets of an indexed clip; ``sound_track`` is its track of sound, where that is wanted.

    ``parameters`` say how its NAL units are stored.
    """

    def __init__(self, file: ClipBytes, movie: Movie, *, sound: bool, parameters: Parameters) -> None:
        self.file = file
        self._parameters = parameters
        self.movie = movie
        self.sound_track = movie.sound if sound else None
        self._sound_count = 0 if self.sound_track is None else self.sound_track.count
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
        assert self.sound_track is not None
        return _stored(self.file, self.sound_track, number, is_keyframe=True, is_picture=False)

    def singly(self, pictures: range, sounds: range) -> Iterator[Stored]:
        """These, in FFmpeg's order: as they lie in the file, but neither track a second ahead of the other."""
        picture, sound = pictures.start, sounds.start
        while picture < pictures.stop or sound < sounds.stop:
            if sound == sounds.stop or (picture < pictures.stop and self._is_picture_next(picture, sound)):
                if self.movie.pictures.sizes[picture]:
                    yield self.picture(picture)
                picture += 1
            else:
                assert self.sound_track is not None
                if self.sound_track.sizes[sound]:
                    yield self.sound(sound)
                sound += 1

    def whole(self) -> Iterator[Stored]:
        """All of them, one by one."""
        return self.singly(range(self.movie.pictures.count), range(self._sound_count))

    def stretches(self) -> Iterator[Stored | GopRun]:
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
                until_sound = self._sounds_until(until, sounds)
                if self._are_alike(range(picture, until)):
                    yield GopRun(self, range(picture, until), range(sounds, until_sound))
                else:
                    yield from self.singly(range(picture, until), range(sounds, until_sound))
                picture, sounds = until, until_sound
            if key < pictures:
                until_sound = self._sounds_until(key + 1, sounds)
                yield from self.singly(range(key, key + 1), range(sounds, until_sound))
                picture, sounds = key + 1, until_sound
        # What sounds after the last picture is mostly left out.
        yield from self.singly(range(0), range(sounds, self._sound_count))

    def _are_alike(self, pictures: range) -> bool:
        """Whether these pictures are all shown, and need nothing that those before them did not.

        Parameter sets may come in band, as far as they can be read.
        """
        track, read = self.movie.pictures, partial(_read_at, self.file.handle)
        if track.hidden and not track.hidden.isdisjoint(pictures):
            return False
        spans = zip(
            track.offsets[pictures.start : pictures.stop], track.sizes[pictures.start : pictures.stop], strict=True
        )
        try:
            return not any(self._parameters.carries_sets(read, at, at + size) for at, size in spans)
        except OSError:
            return False  # who reads one of them says it

    def _sounds_until(self, picture: int, sound: int) -> int:
        """How many packets of sound come before a picture (the end: the last one); ``sound`` of them are known to."""
        picture = min(picture, self.movie.pictures.count - 1)
        while sound < self._sound_count and not self._is_picture_next(picture, sound):
            sound += 1
        return sound

    def _is_picture_next(self, picture: int, sound: int) -> bool:
        pictures, sounds = self.movie.pictures, self.sound_track
        assert sounds is not None
        second = pictures.scale * sounds.scale
        ahead = pictures.dts[picture] * sounds.scale - sounds.dts[sound] * pictures.scale
        return pictures.offsets[picture] < sounds.offsets[sound] if -second <= ahead <= second else ahead < 0


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
        is_discard=number in track.hidden,
    )
