"""Frames of DHAV as they lie in a file, whatever lies between them. Nothing is believed, little is held in memory.

A frame is a header of 24 bytes, extensions, the coded data, and ``dhav`` with the length of all of it:

====  =======================================================================================================
0     ``DHAV``; kind; subtype; channel from 0; sub-frame
8     frame number, u32
12    length of the frame from ``DHAV`` to the end, u32
16    the camera's wall clock to the second: sec 6 bits, min 6, hour 5, day 5, month 4, year - 2000 6
20    milliseconds, u16, of a counter that has nothing to do with the second above, and wraps at 65536
22    length of the extensions; a checksum, which FFmpeg ignores and so do we
====  =======================================================================================================

Source: FFmpeg's demuxer (libavformat/dhav.c).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import BinaryIO

# Kinds of frames. FFmpeg takes every other for a picture; Dahua has kinds for other things (0xF1: data of its own).
KEY, DELTA, BIDIRECTIONAL, SOUND = 0xFD, 0xFC, 0xFE, 0xF0

MAGIC = b"DHAV"
# Coded pictures of 4K cameras take 2 MB at most: a longer frame is no frame.
LONGEST = 32 << 20
# Magics that turn out to be no frame, after which the rest of the file is given up: a real file has a handful.
MOST_FALSE = 100_000

_HEADER = struct.Struct("<4sBBBBIIIHBB")
_FOOTER = struct.Struct("<4sI")
_LONGEST_EXTENSIONS = 255
_FIRST_CHUNK, _LONGEST_CHUNK = 1 << 12, 1 << 20

_ZERO = datetime(2000, 1, 1)  # noqa: DTZ001 - the camera's clock

_VIDEO = {0x01: "mpeg4", 0x02: "h264", 0x03: "mjpeg", 0x04: "h264", 0x08: "h264", 0x0C: "hevc"}
_AUDIO = {
    0x07: "pcm_s8",
    0x0A: "pcm_mulaw",
    0x0C: "pcm_s16le",
    0x0D: "adpcm_ms",
    0x0E: "pcm_alaw",
    0x10: "pcm_s16le",
    0x16: "pcm_mulaw",
    0x1A: "aac",
    0x1F: "mp2",
    0x21: "mp3",
}
_RATES = (8000, 4000, 8000, 11025, 16000, 20000, 22050, 32000, 44100, 48000, 96000, 192000, 64000)
# Extensions by their length; the rest of the header is skipped at one that is not listed.
_LENGTHS = {
    **dict.fromkeys((0x80, 0x81, 0x83, 0x84, 0x85, 0x8B, 0x94, 0x96, 0xA0, 0xB2, 0xB4), 4),
    **dict.fromkeys((0x82, 0x88, 0x8C, 0x91, 0x92, 0x93, 0x95, 0x9A, 0x9B, 0xB3), 8),
}


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """``codec`` as FFmpeg names it; ``rate`` in pictures a second. 0 and ``""`` where the file does not say."""

    codec: str = ""
    rate: int = 0


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """``codec`` as FFmpeg names it, or its number; ``rate`` in samples a second."""

    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``at`` and ``length`` are of all of it, ``data_at`` and ``size`` of the coded data; in bytes.

    ``second`` is the wall clock in seconds since 2000, None where the header holds no date; ``counter`` is
    in milliseconds.
    """

    at: int
    length: int
    kind: int
    channel: int
    number: int
    second: int | None
    counter: int
    extensions: bytes

    @property
    def is_picture(self) -> bool:
        """Whether it holds a picture."""
        return self.kind in {KEY, DELTA, BIDIRECTIONAL}

    @property
    def is_key(self) -> bool:
        """Whether it holds a picture that can be decoded by itself."""
        return self.kind == KEY

    @property
    def is_sound(self) -> bool:
        """Whether it holds sound."""
        return self.kind == SOUND

    @property
    def data_at(self) -> int:
        """Where the coded data begins in the file."""
        return self.at + _HEADER.size + len(self.extensions)

    @property
    def size(self) -> int:
        """Length of the coded data."""
        return self.length - _HEADER.size - len(self.extensions) - _FOOTER.size

    @property
    def picture_format(self) -> PictureFormat:
        """What its extensions say of the pictures."""
        for kind, body in _extensions(self.extensions):
            if kind == 0x81:
                return PictureFormat(_VIDEO.get(body[1], f"0x{body[1]:02x}"), body[2])
        return PictureFormat()

    @property
    def sound_format(self) -> SoundFormat | None:
        """What its extensions say of the sound."""
        for kind, body in _extensions(self.extensions):
            if kind in {0x83, 0x8C}:
                channels, codec, rate = body[:3] if kind == 0x83 else body[1:4]
                known = _RATES[rate] if rate < len(_RATES) else 8000
                return SoundFormat(_AUDIO.get(codec, f"0x{codec:02x}"), known, channels or 1)
        return None

    def read(self, file: BinaryIO) -> bytes:
        """The coded data."""
        file.seek(self.data_at)
        return file.read(self.size)


def wall_of(second: int, milliseconds: int = 0) -> datetime:
    """The reading of the camera's clock that ``second`` (since 2000) stands for."""
    return _ZERO + timedelta(seconds=second, milliseconds=milliseconds)


class Walk:
    """The frames of ``file`` from ``start`` up to ``end``, both in bytes, in their order.

    ``skipped`` counts bytes that belong to no frame, ``cut`` tells whether the file ends within a frame: both
    are final when the walk is over. Between two frames the file may be read elsewhere.
    """

    def __init__(self, file: BinaryIO, start: int = 0, end: int | None = None) -> None:
        self._file = file
        self._start = start
        self._end = file.seek(0, os.SEEK_END) if end is None else end
        self._false = 0
        self._beyond: int | None = None  # the first header since the last frame whose frame goes beyond the end
        self.skipped = 0
        self.cut = False

    def __iter__(self) -> Iterator[Frame]:
        at = self._start
        while at < self._end:
            frame = self._next(at)
            if frame is None:
                self.cut = self._beyond is not None
                self.skipped += (self._end if self._beyond is None else self._beyond) - at
                return
            self.skipped += frame.at - at
            self._beyond = None
            yield frame
            at = frame.at + frame.length

    def strict(self, within: int) -> Frame | None:
        """The first frame in the first ``within`` bytes that another one follows, or the end."""
        at: int | None = self._start
        while (at := self._find(at, min(self._end, self._start + within))) is not None:
            if (frame := self._frame(at, strict=True)) is not None:
                return frame
            at += 1
        return None

    def _next(self, at: int) -> Frame | None:
        """The frame at ``at``, or the first after it."""
        found: int | None = at
        while found is not None:
            if (frame := self._frame(found)) is not None:
                return frame
            found = self._find(found + 1, self._end)
        return None

    def _frame(self, at: int, *, strict: bool = False) -> Frame | None:
        self._file.seek(at)
        header = self._file.read(min(_HEADER.size + _LONGEST_EXTENSIONS, self._end - at))
        frame = _parse(header, at)
        if frame is not None and at + frame.length <= self._end and self._is_closed(frame, strict=strict):
            return frame
        self._false += 1
        cut = at + frame.length > self._end if frame is not None else _is_cut(header)
        if cut and self._beyond is None:
            self._beyond = at
        return None

    def _is_closed(self, frame: Frame, *, strict: bool) -> bool:
        """Whether the frame ends as its header says. One of both signs is enough, where not ``strict``."""
        end = frame.at + frame.length
        self._file.seek(end - _FOOTER.size)
        tail = self._file.read(_FOOTER.size + len(MAGIC))
        closed = tail[: _FOOTER.size] == _FOOTER.pack(b"dhav", frame.length)
        followed = tail[_FOOTER.size :] == MAGIC
        return closed and (followed or end == self._end) if strict else closed or followed

    def _find(self, at: int | None, end: int) -> int | None:
        """The next magic that begins at ``at`` or later."""
        size = _FIRST_CHUNK
        while at is not None and at + _HEADER.size <= end and self._false < MOST_FALSE:
            self._file.seek(at)
            chunk = self._file.read(min(size, end - at))
            found = chunk.find(MAGIC)
            if found >= 0:
                return at + found
            if len(chunk) < len(MAGIC):
                return None
            at += len(chunk) - len(MAGIC) + 1
            size = min(2 * size, _LONGEST_CHUNK)
        return None


def find_stream(file: BinaryIO, within: int) -> int | None:
    """Where the first frame is that others follow, behind junk, a multipart wrapper or a ``DAHUA`` header.

    Only looked for in the first ``within`` bytes.
    """
    first = Walk(file).strict(within)
    return None if first is None else first.at


def headers_in(data: bytes) -> Iterator[Frame]:
    """All that looks like the beginning of a frame in ``data``, some bytes out of a file: by their headers alone.

    Their places are those in ``data``. It may be the coded picture that happens to look like it.
    """
    at, longest = data.find(MAGIC), _HEADER.size + _LONGEST_EXTENSIONS
    while at >= 0:
        if (frame := _parse(data[at : at + longest], at)) is not None:
            yield frame
        at = data.find(MAGIC, at + 1)


def _is_cut(header: bytes) -> bool:
    """Whether the file ends within a header."""
    return len(header) < _HEADER.size and header.startswith(MAGIC[: len(header)])


def _parse(header: bytes, at: int) -> Frame | None:
    if len(header) < _HEADER.size:
        return None
    magic, kind, _, channel, _, number, length, date, counter, extensions, _ = _HEADER.unpack_from(header)
    if magic != MAGIC or kind < 0xF0 or not _HEADER.size + extensions + _FOOTER.size <= length <= LONGEST:
        return None
    found = header[_HEADER.size : _HEADER.size + extensions]
    return Frame(at, length, kind, channel, number, _second(date), counter, found)


@lru_cache(maxsize=16)
def _second(date: int) -> int | None:
    """The packed date in seconds since 2000; None where it is none."""
    year, month, day = (date >> 26) + 2000, date >> 22 & 0xF, date >> 17 & 0x1F
    try:
        moment = datetime(year, month, day, date >> 12 & 0x1F, date >> 6 & 0x3F, date & 0x3F)  # noqa: DTZ001
    except ValueError:
        return None
    return (moment - _ZERO) // timedelta(seconds=1)


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each."""
    at = 0
    while at < len(data):
        length = _LENGTHS.get(data[at])
        if length is None or at + length > len(data):
            return
        yield data[at], data[at + 1 : at + length]
        at += length
