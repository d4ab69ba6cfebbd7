"""An mp4 clip read by its own index, without FFmpeg. Its packets stay in the file until they are copied.

FFmpeg reads every byte of a packet into memory. To copy a packet into another mp4 its place in the file is enough:
the system copies whole stretches by itself. FFmpeg is asked for the codecs and which tracks are the clip's, once for
all clips with the same descriptions. It also reads every clip whose index is unusual: several edits, media both in
fragments and not, tables that contradict each other.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from camreel.formats.mp4 import (
    BadIndex,
    Edits,
    Movie,
    Outline,
    Track,
    edits_in,
    fragments_of,
    index_of,
    presented,
    read_fragments,
    read_outline,
    read_tracks,
)
from camreel.media.clips.clip import Clip, ClipKind, open_mp4, rate_of
from camreel.media.clips.marks import Marks
from camreel.media.clips.packets import ClipBytes, ClipUnreadable, Packets, Stored, view_of
from camreel.media.clips.tracks import Besides, has_auxiliary

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

    from camreel.media.clips.description import Description

_SAID_OF_TRACK = 60  # bytes at the end of a tkhd: its place among others, its size, its matrix
_MOST_KNOWN = 64


@dataclass(frozen=True, slots=True)
class Described:
    """What FFmpeg says of clips with these descriptions. ``pictures`` and ``sound`` are the numbers of the tracks."""

    kind: ClipKind
    description: Description
    sound_setup: bytes
    besides: Besides
    pictures: int
    sound: int | None


@dataclass(frozen=True, slots=True)
class _Movies:
    """The index of a clip as it is stored, and as its edit lists show it; ``edits`` is that of its pictures."""

    stored: Movie
    shown: Movie
    edits: Edits | None


_known: dict[tuple[object, ...], Described] = {}


def open_indexed(path: str) -> IndexedClip | None:
    """The clip at ``path``; None where its index has something that is left to FFmpeg. Raises :class:`Unusable`."""
    try:
        file = ClipBytes(path)
    except OSError:
        return None
    try:
        clip = _indexed(path, file)
    except (BadIndex, ClipUnreadable):
        clip = None
    except BaseException:
        file.close()
        raise
    if clip is None or not clip.begins_well():
        file.close()
        return None
    return clip


def _indexed(path: str, file: ClipBytes) -> IndexedClip | None:
    if has_auxiliary(file):
        return None
    outline = read_outline(index_of(file.read, file.size))
    key = _key_of(outline)
    if (described := _known.get(key)) is not None:
        movies = _movies_of(file, outline, described)
        return None if movies is None else IndexedClip(path, file, movies, described)
    found = _described(path, outline)
    movies = None if found is None else _movies_of(file, outline, found[0])
    # FFmpeg may see something else than we do: then it is the one to read it.
    if found is None or movies is None or found[1] not in {0, movies.shown.pictures.count}:
        return None
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[key] = found[0]
    return IndexedClip(path, file, movies, found[0])


class IndexedClip(Clip):
    """An open clip whose packets are places in its file. FFmpeg opens it only where one of its tracks is asked for."""

    def __init__(self, path: str, file: ClipBytes, movies: _Movies, described: Described) -> None:
        # Not Clip's own: there is no container.
        self.path = path
        self._file = file
        self._movie = movie = movies.shown
        self._opened: Clip | None = None
        self.kind, self.description = described.kind, described.description
        self.sound_setup, self.besides = described.sound_setup, described.besides
        self.time_base = ticks = Fraction(1, movie.pictures.scale)
        self.sound_ticks = None if movie.sound is None else Fraction(1, movie.sound.scale)
        self._listed_packets = movie.pictures.count
        stored, edits = movies.stored.pictures, movies.edits
        lasts = (stored.dts[-1] - stored.dts[0]) * ticks
        self._frame_rate = rate_of(stored.count / lasts if lasts else None)
        if edits is not None:
            self.origin = round(edits.offset / ticks)
            lasts = min(lasts, edits.wait + edits.shown) if edits.shown else lasts
        self._listed_seconds = float(lasts)

    def close(self) -> None:
        self._file.close()
        if self._opened is not None:
            self._opened.close()

    @property
    def video(self) -> VideoStream:  # type: ignore[override]
        return self._by_ffmpeg().video

    @property
    def sound(self) -> AudioStream | None:  # type: ignore[override]
        return None if self.kind.sound is None else self._by_ffmpeg().sound

    def _by_ffmpeg(self) -> Clip:
        if self._opened is None:
            self._opened = open_mp4(self.path)
        return self._opened

    @property
    def is_cut(self) -> bool:
        return False  # an index that names what is not there is none

    def listed_marks(self) -> Marks:
        track, origin = self._movie.pictures, self.origin
        return Marks(self.path, track, self.time_base, self.parameters, origin=origin, unneeded=self._unneeded())

    def _unneeded(self) -> frozenset[int]:
        """The pictures that are hidden, and that no shown one needs."""
        track = self._movie.pictures
        unneeded, needed = set(track.hidden), list[int]()
        if not unneeded:
            return frozenset()
        packets = self._packets(sound=False)
        for number in range(track.count):
            picture = packets.picture(number)
            if picture.is_keyframe and picture.size and self.parameters.begins_anew(view_of(picture)):
                needed.clear()
            if number in track.hidden:
                needed.append(number)
            else:
                unneeded.difference_update(needed)
                needed.clear()
        return frozenset(unneeded)

    def is_picture(self, packet: Any) -> bool:
        return type(packet) is Stored and packet.is_picture

    def begins_well(self) -> bool:
        """Whether its first picture is made of units with lengths, as far as it can be read."""
        try:
            first = self.first_picture()
            return first is not None and self.parameters.fill(view_of(first))
        except ClipUnreadable:
            return True  # it is told when it is copied

    def first_picture(self) -> Any:
        return next(self.packets(sound=False), None)

    def packets(self, *, sound: bool = True) -> Iterator[Any]:
        """Its packets in FFmpeg's order: as they lie in the file, but neither track a second ahead of the other."""
        return self._packets(sound=sound).whole()

    def gop_bytes(self, packet: Any) -> int | None:
        pictures, sound = self._movie.pictures, self._movie.sound
        dts: array[int] = pictures.dts
        first = bisect_left(dts, packet.dts, 0, pictures.count)
        if pictures.keys is None or first >= pictures.count:
            return None
        after = bisect_right(pictures.keys, first)
        last = pictures.keys[after] if after < len(pictures.keys) else pictures.count
        share = (dts[last] - dts[first]) / max(1, dts[-1])
        return sum(pictures.sizes[first:last]) + (0 if sound is None else round(sum(sound.sizes) * share))

    def stretches(self) -> Iterator[Any]:
        """The same, but that what lies between two keyframes comes at once."""
        return self._packets(sound=True).stretches()

    def described(self, packet: Any, before: Description) -> Description:
        size = self.parameters.nal_length_size
        if not packet.is_keyframe and packet.size > size:
            first = packet.file.read(packet.at + size, 1)
            if first in self.parameters.slice_starts:
                return before
        return before.after(view_of(packet))

    def _packets(self, *, sound: bool) -> Packets:
        wanted = sound and self.kind.sound is not None
        return Packets(self._file, self._movie, sound=wanted, parameters=self.parameters)


def _movies_of(file: ClipBytes, outline: Outline, described: Described) -> _Movies | None:
    """The index of a clip; None where it is unusual. Raises :class:`BadIndex`."""
    pictures = outline.track(described.pictures)
    sound = None if described.sound is None else outline.track(described.sound)
    if pictures is None:
        return None
    if outline.defaults is None:
        stored = read_tracks(outline, file.size, pictures, sound)
    else:
        stored = read_fragments(outline, fragments_of(file.read, file.size), file.size, pictures, sound)
    if (stored.sound is None) != (described.sound is None) or not _is_plain(stored, file.size):
        return None
    edits = edits_in(outline.moov, described.pictures)
    if outline.defaults is None:
        heard = None if stored.sound is None else presented(stored.sound, outline.scale)
        return _Movies(stored, Movie(stored.head, presented(stored.pictures, outline.scale), heard), edits)
    shown = stored if edits is None else replace(stored, pictures=_with_hidden(stored.pictures, edits))
    return _Movies(stored, shown, edits)


def _with_hidden(track: Track, edits: Edits) -> Track:
    """The track of a fragmented file: its list has moved its times, and nothing marks what it hides."""
    begins = round(edits.wait * track.scale)
    ends = round((edits.wait + edits.shown) * track.scale) if edits.shown else 1 << 62
    shown = map(track.shown, range(track.count))
    return replace(track, hidden=frozenset(number for number, at in enumerate(shown) if not begins <= at < ends))


def _is_plain(movie: Movie, total: int) -> bool:
    tracks = [movie.pictures] if movie.sound is None else [movie.pictures, movie.sound]
    # An index that names the same bytes again and again would make terabytes out of a small file.
    if sum(sum(track.sizes) for track in tracks) > total:
        return False
    # Without a keyframe in its list FFmpeg looks into the pictures for some.
    return movie.pictures.keys is None or len(movie.pictures.keys) > 0


def _key_of(outline: Outline) -> tuple[object, ...]:
    """What two clips have in common of which FFmpeg says the same."""
    tracks = tuple(
        (
            each.number,
            each.head.content[1:4],
            each.head.content[-_SAID_OF_TRACK:],
            each.handler.content,
            each.scale,
            each.is_filled,
            each.inner[b"tref"].content if b"tref" in each.inner else b"",
            _without_rates(each.description.whole),
        )
        for each in outline.tracks
    )
    return outline.defaults is None, outline.head.content[-64:-28], b"covr" in outline.moov, tracks


def _without_rates(description: bytes) -> bytes:
    """The same but for bits a second, which differ from clip to clip (``btrt``, and in ``esds``)."""
    data = bytearray(description)
    if (at := data.find(b"btrt")) >= 0:
        data[at + 4 : at + 16] = bytes(12)
    # ISO/IEC 14496-1: AAC's object type (0x40), the kind of stream, the size of a buffer, the most and the average.
    if (at := data.find(b"esds")) >= 0 and (kind := data.find(b"\x40", at, at + 32)) >= 0:
        data[kind + 2 : kind + 13] = bytes(11)
    return bytes(data)


def _described(path: str, outline: Outline) -> tuple[Described, int] | None:
    """What FFmpeg says of a clip, and how many pictures it lists; None where only FFmpeg can read it."""
    numbers = [each.number for each in outline.tracks]
    if len(set(numbers)) < len(numbers):
        return None
    with open_mp4(path) as clip:
        pictures, sound = outline.track(clip.video.id), None if clip.sound is None else outline.track(clip.sound.id)
        if pictures is None or (sound is None) != (clip.sound is None) or clip.has_lost_sound:
            return None
        if clip.time_base != Fraction(1, pictures.scale) or pictures.descriptions != 1:
            return None
        if sound is not None and (clip.sound_ticks != Fraction(1, sound.scale) or sound.descriptions != 1):
            return None
        if not clip.description.described:
            return None  # how its samples are stored is to be found out
        number = None if sound is None else sound.number
        return (
            Described(clip.kind, clip.description, clip.sound_setup, clip.besides, pictures.number, number),
            clip.listed_packets,
        )
