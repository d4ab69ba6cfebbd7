"""An mp4 clip read by its own index, without FFmpeg. Its packets stay in the file until they are copied.

FFmpeg reads every byte of a packet into memory. To copy a packet into another mp4 its place in the file is enough:
the system copies whole stretches by itself. FFmpeg is asked for the codecs, once for all clips with the same
description. It also reads every clip whose index is unusual (edits, fragments, tables that contradict each other).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from camreel.formats.mp4 import BadIndex, Movie, index_at_end, read_index
from camreel.media.clips.clip import Clip, ClipKind, open_mp4, rate_of
from camreel.media.clips.marks import Marks
from camreel.media.clips.packets import ClipBytes, ClipUnreadable, Packets, Stored, view_of
from camreel.media.clips.tracks import has_auxiliary

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

    from camreel.media.clips.description import Description

_TAIL = 64 << 10
_MOST_INDEX = 64 << 20
_SIZE_AND_MATRIX = 44  # bytes at the end of a tkhd
_IDENTITY = bytes.fromhex("00010000" + "00" * 12 + "00010000" + "00" * 12 + "40000000")
_MOST_KNOWN = 64


@dataclass(frozen=True, slots=True)
class Described:
    """What FFmpeg says of clips with these descriptions."""

    kind: ClipKind
    description: Description
    sound_setup: bytes


_known: dict[tuple[bytes, ...], Described] = {}


def open_indexed(path: str) -> IndexedClip | None:
    """The clip at ``path``; None where its index has something that is left to FFmpeg. Raises :class:`Unusable`."""
    try:
        file = ClipBytes(path)
    except OSError:
        return None
    try:
        movie = _movie_of(file)
        described = None if movie is None else _described(path, movie)
    except BaseException:
        file.close()
        raise
    if movie is None or described is None:
        file.close()
        return None
    clip = IndexedClip(path, file, movie, described)
    if clip.is_start_coded():
        clip.close()
        return None
    return clip


class IndexedClip(Clip):
    """An open clip whose packets are places in its file. FFmpeg opens it only where one of its tracks is asked for."""

    def __init__(self, path: str, file: ClipBytes, movie: Movie, described: Described) -> None:
        # Not Clip's own: there is no container.
        self.path = path
        self._file = file
        self._movie = movie
        self._opened: Clip | None = None
        track = movie.pictures
        self.kind, self.description = described.kind, described.description
        self.sound_setup = described.sound_setup
        self.time_base = Fraction(1, track.scale)
        self.sound_ticks = (
            None if described.kind.sound is None else Fraction(1, movie.sound.scale) if movie.sound else None
        )
        self._listed_packets = track.count
        self._listed_seconds = track.dts[-1] / track.scale
        self._frame_rate = rate_of(Fraction(track.count * track.scale, track.dts[-1]) if track.dts[-1] else None)

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
        return Marks(self.path, self._movie.pictures, self.time_base, self.parameters)

    def is_picture(self, packet: Any) -> bool:
        return type(packet) is Stored and packet.is_picture

    def is_start_coded(self) -> bool:
        """Whether its pictures have start codes, as far as the first one tells."""
        try:
            first = self.first_picture()
            return first is not None and self.parameters.is_start_coded(view_of(first))
        except ClipUnreadable:
            return False  # it is so when it is copied, too

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


def _movie_of(file: ClipBytes) -> Movie | None:
    try:
        moov = None if has_auxiliary(file) else _moov_of(file)
        movie = None if moov is None else read_index(moov, file.size)
    except (BadIndex, ClipUnreadable):
        return None
    return movie if movie is not None and _is_plain(movie, file.size) else None


def _is_plain(movie: Movie, total: int) -> bool:
    tracks = [movie.pictures] if movie.sound is None else [movie.pictures, movie.sound]
    # An index that names the same bytes again and again would make terabytes out of a small file.
    if sum(sum(track.sizes) for track in tracks) > total:
        return False
    # Without a keyframe in its list FFmpeg looks into the pictures for some.
    if movie.pictures.keys is not None and not movie.pictures.keys:
        return False
    if movie.pictures.track_head[-_SIZE_AND_MATRIX:-8] != _IDENTITY or _IDENTITY not in movie.head:
        return False
    # Times that are edited, or shown before they are decoded, mean what FFmpeg makes of them.
    return all(not track.edits and (track.cts is None or min(track.cts) >= 0) for track in tracks)


def _moov_of(file: ClipBytes) -> bytes | None:
    """The index, from the end of the file, where cameras write it, or from its beginning; None if it is elsewhere."""
    tail = file.read(max(0, file.size - _TAIL), min(_TAIL, file.size))
    if (last := index_at_end(tail, file.size)) is not None:
        return tail[last - file.size :]
    at = 0
    for _ in range(8):
        head = file.read(at, min(16, file.size - at))
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if kind == b"moov":
            return file.read(at, length) if 8 <= length <= min(_MOST_INDEX, file.size - at) else None
        at += length
        if length < 8 or at + 8 > file.size:
            return None
    return None


def _without_rates(description: bytes) -> bytes:
    """The same but for bits a second, which differ from clip to clip (``btrt``, and in ``esds``)."""
    data = bytearray(description)
    if (at := data.find(b"btrt")) >= 0:
        data[at + 4 : at + 16] = bytes(12)
    # ISO/IEC 14496-1: AAC's object type (0x40), the kind of stream, the size of a buffer, the most and the average.
    if (at := data.find(b"esds")) >= 0 and (kind := data.find(b"\x40", at, at + 32)) >= 0:
        data[kind + 2 : kind + 13] = bytes(11)
    return bytes(data)


def _described(path: str, movie: Movie) -> Described | None:
    pictures, sound = movie.pictures, movie.sound
    key = (
        _without_rates(pictures.description),
        pictures.track_head[-_SIZE_AND_MATRIX:],
        b"" if sound is None else _without_rates(sound.description),
        b"" if sound is None else sound.scale.to_bytes(4, "big"),
    )
    if (found := _known.get(key)) is not None:
        return found
    with open_mp4(path) as clip:
        # FFmpeg may see other tracks than we do: then it is the one to read it.
        if clip.time_base != Fraction(1, pictures.scale) or clip.listed_packets != pictures.count:
            return None
        if (clip.sound_ticks is None) != (sound is None) or (
            sound is not None and clip.sound_ticks != Fraction(1, sound.scale)
        ):
            return None
        if not clip.description.described:
            return None  # how its samples are stored is to be found out
        found = Described(clip.kind, clip.description, clip.sound_setup)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[key] = found
    return found
