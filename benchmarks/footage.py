"""Recordings of any size and kind, made quickly: a few encoded seconds, repeated, each picture padded and numbered.

The pictures are the simulated camera's. What brings them to the size of real ones are SEI units, which decoders skip;
a number in each of them makes every picture differ from all others. :class:`Kind` says what files they lie in.
"""

from __future__ import annotations

import io
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av

from camreel_simulator import ClipSpec, dav_frame, make_clip
from camreel_simulator.footage.mp4_layout import as_amcrest

CACHE = Path(__file__).parent / ".cache"
START = datetime(2026, 1, 16, 0, 0, 0)  # noqa: DTZ001 - the camera's clock has no zone
_SEI, _USER_DATA = 6, 5
_KEY_WEIGHT = 6  # a keyframe has so many times the bytes of another picture
_TIMESCALE = 90_000
_AAC = 1024  # samples of a packet
_NOISE = 4 << 20


class Kind(Enum):
    """The files that people have."""

    CAMERA = "a camera's mp4"
    """One ``mdat`` a sample, ``moov`` last, no edit list; the first two pictures are keyframes."""
    FFMPEG = "FFmpeg's mp4"
    """B-frames, and edit lists for them and for the priming of the sound."""
    FRAGMENTED = "fragmented mp4"
    """A ``moof`` for each GOP, no length in the header."""
    INDEXED = "fragmented mp4, sidx"
    """The same with a ``sidx`` before each ``moof``."""
    DAV = ".dav"
    """DHAV, of recorders."""

    @property
    def suffix(self) -> str:
        """Of the name of a file."""
        return ".dav" if self is Kind.DAV else ".mp4"

    @property
    def options(self) -> dict[str, str]:
        """For FFmpeg's muxer."""
        if self is Kind.CAMERA:  # whose layout is changed afterwards
            return {"video_track_timescale": str(_TIMESCALE), "use_editlist": "0"}
        moves = "empty_moov+default_base_moof+frag_keyframe"
        return {
            Kind.FRAGMENTED: {"movflags": moves},
            Kind.INDEXED: {"movflags": f"{moves}+dash"},
        }.get(self, {})


@dataclass(frozen=True)
class Footage:
    """``count`` recordings of ``seconds``, one after the other, each of about ``size`` bytes. ``gop`` in seconds.

    ``overhang``: seconds that the sound goes on after the picture, as that of real cameras does.
    """

    count: int
    size: int
    seconds: int
    fps: int = 20
    gop: int = 1
    pixels: tuple[int, int] = (1280, 720)
    kind: Kind = Kind.CAMERA
    overhang: float = 0.0

    @property
    def name(self) -> str:
        """The folder that they are kept in: the same footage is made once. All have the same name but for the count."""
        width, height = self.pixels
        shape = f"{self.size}-bytes-{self.seconds}-s-{self.fps}-fps-{self.gop}-s-{width}x{height}"
        return f"{self.kind.name.lower()}-{shape}-{self.overhang:g}-s"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when."""
        return START, START + timedelta(seconds=self.count * self.seconds)

    @property
    def rate(self) -> int:
        """Samples of sound in a second."""
        return 8_000 if self.kind is Kind.CAMERA else 16_000

    def start_of(self, number: int) -> datetime:
        """When clip ``number`` (from 0) begins."""
        return START + timedelta(seconds=number * self.seconds)

    def spec(self, *, two_keyframes: bool = False) -> ClipSpec:
        """One GOP, as the simulated camera describes it."""
        with_b = self.kind is Kind.FFMPEG
        return ClipSpec(
            START,
            self.gop,
            fps=self.fps,
            size=self.pixels,
            gop=self.gop * self.fps,
            audio_rate=self.rate,
            audio_extra=0,
            two_keyframes=two_keyframes,
            bframes=2 if with_b else 0,
            in_band=not with_b,
            crf=40,
        )

    def paths(self) -> list[Path]:
        """The clips, made where they are not there yet."""
        folder = CACHE / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n")
        paths = [folder / self._file_name(number) for number in range(self.count)]
        for number, path in enumerate(paths):
            if not path.exists():
                part = path.with_suffix(".part")
                _make(self, number, part)
                part.replace(path)
        return paths

    def _file_name(self, number: int) -> str:
        start, end = self.start_of(number), self.start_of(number + 1)
        return f"{start:%Y-%m-%d_%H.%M.%S}-{end:%H.%M.%S}[M][0@0][{number}]{self.kind.suffix}"

    def size_of(self, index: int, *, is_key: bool) -> int:
        """Bytes of a picture."""
        in_gop = self.gop * self.fps
        unit = self.size / (self.seconds / self.gop) / (in_gop - 1 + _KEY_WEIGHT)
        varied = 0.8 + 0.4 * (index * 7919 % 101) / 100
        return int(unit * (_KEY_WEIGHT if is_key else varied))


@dataclass(frozen=True)
class _Sample:
    """``decoded`` and ``shown`` in pictures, or in packets of sound, from the start of the clip."""

    is_picture: bool
    data: bytes
    decoded: int
    shown: int
    is_key: bool = True


def _make(footage: Footage, number: int, path: Path) -> None:
    if footage.kind is Kind.DAV:
        path.write_bytes(b"".join(_dav(footage, number)))
        return
    where = io.BytesIO() if footage.kind is Kind.CAMERA else str(path)
    rate, ticks = footage.rate, _TIMESCALE // footage.fps
    with (
        av.open(io.BytesIO(make_clip(footage.spec()))) as like,
        av.open(where, "w", format="mp4", options=footage.kind.options) as out,
    ):
        video = out.add_stream_from_template(like.streams.video[0], opaque=True)
        sound = out.add_stream_from_template(like.streams.audio[0], opaque=True)
        video.time_base, sound.time_base = Fraction(1, _TIMESCALE), Fraction(1, rate)
        for sample in _samples(footage, number):
            packet: Any = av.Packet(sample.data)
            step = ticks if sample.is_picture else _AAC
            packet.stream = video if sample.is_picture else sound
            packet.time_base = Fraction(1, _TIMESCALE if sample.is_picture else rate)
            packet.is_keyframe = sample.is_key
            packet.dts, packet.pts, packet.duration = sample.decoded * step, sample.shown * step, step
            out.mux_one(packet)
    if isinstance(where, io.BytesIO):
        path.write_bytes(as_amcrest(where.getvalue()))


def _dav(footage: Footage, number: int) -> Iterator[bytes]:
    spec, start = footage.spec(), footage.start_of(number)
    since_midnight = number * footage.seconds * 1000
    counts = {True: 0, False: 0}
    for sample in _samples(footage, number):
        step = Fraction(1, footage.fps) if sample.is_picture else Fraction(_AAC, footage.rate)
        elapsed = round(sample.decoded * step * 1000)
        moment = start + timedelta(milliseconds=elapsed)
        kind = ("key" if sample.is_key else "delta") if sample.is_picture else "sound"
        data = _annex_b(sample.data) if sample.is_picture else sample.data
        count = counts[sample.is_picture]
        counts[sample.is_picture] += 1
        yield dav_frame(spec, kind, data, count, moment=moment, counter=since_midnight + elapsed)


def _samples(footage: Footage, number: int) -> Iterator[_Sample]:
    """What clip ``number`` holds, by the time of decoding."""
    pictures = footage.seconds * footage.fps
    sounds = int((footage.seconds + footage.overhang) * footage.rate) // _AAC
    primed = heard = -1 if footage.kind is Kind.FFMPEG else 0  # the encoder's run-in, which an edit list hides
    usual, sound = _loop(footage.spec())
    first = _loop(footage.spec(two_keyframes=True))[0] if footage.kind is Kind.CAMERA else usual
    late = max(at - shown for at, (_, _, shown) in enumerate(usual))
    for index in range(pictures):
        while heard < sounds and heard * _AAC * footage.fps <= index * footage.rate:
            yield _Sample(False, sound[(heard - primed) % len(sound)], heard, heard)
            heard += 1
        data, is_key, shown = (first if index < len(usual) else usual)[index % len(usual)]
        size = footage.size_of(index, is_key=is_key and index % len(usual) == 0)
        data = _padded(data, size, f"{number:08d}.{index:08d}")
        yield _Sample(True, data, index - late, index - index % len(usual) + shown, is_key)
    for at in range(heard, sounds):
        yield _Sample(False, sound[(at - primed) % len(sound)], at, at)


@lru_cache(maxsize=8)
def _loop(spec: ClipSpec) -> tuple[list[tuple[bytes, bool, int]], list[bytes]]:
    """The pictures of one GOP in the order of decoding, with their place in the order of showing; and some sound."""
    with av.open(io.BytesIO(make_clip(spec))) as made:
        packets = [each for each in made.demux() if each.size]
        pictures = [(bytes(each), each.is_keyframe, int(each.pts)) for each in packets if each.stream.type == "video"]
        sounds = [bytes(each) for each in packets if each.stream.type == "audio"]
    order = sorted(shown for _, _, shown in pictures)
    return [(data, is_key, order.index(shown)) for data, is_key, shown in pictures], sounds


def _annex_b(picture: bytes) -> bytes:
    """The same units with start codes in place of lengths."""
    out, at = [], 0
    while at < len(picture):
        end = at + 4 + int.from_bytes(picture[at : at + 4], "big")
        out += [b"\0\0\0\1", picture[at + 4 : end]]
        at = end
    return b"".join(out)


@lru_cache(maxsize=1)
def _noise() -> bytes:
    """Bytes without zeros: nothing in them looks like a start code."""
    return random.Random(1).randbytes(_NOISE).translate(bytes([1, *range(1, 256)]))


def _padded(picture: bytes, size: int, number: str) -> bytes:
    """``picture`` (units with lengths) with its number and noise in front of its slice."""
    at = last = 0
    while at < len(picture):
        last, at = at, at + 4 + int.from_bytes(picture[at : at + 4], "big")
    units = [_sei(number.encode())]
    room = size - len(picture) - len(units[0]) - 32
    if room > 0:
        begin = zlib.crc32(number.encode()) % (len(_noise()) - room)
        units.append(_sei(_noise()[begin : begin + room]))
    return b"".join((picture[:last], *units, picture[last:]))


def _sei(payload: bytes) -> bytes:
    body = b"camreel-benchmrk" + payload
    body += b"." * (len(body) % 255 == 0)  # the last byte of a size is below 255, and no byte here may be zero
    unit = bytes([_SEI, _USER_DATA]) + b"\xff" * (len(body) // 255) + bytes([len(body) % 255]) + body + b"\x80"
    return len(unit).to_bytes(4, "big") + unit


def write_listing(footage: Footage, target: Path) -> None:
    """What the server is to list and to send, as JSON."""
    items = [
        {
            "path": f"/mnt/sd/2026-01-16/001/dav/{number // 60:04d}/{path.name}",
            "file": str(path),
            "start": f"{footage.start_of(number):%Y-%m-%d %H:%M:%S}",
            "end": f"{footage.start_of(number + 1):%Y-%m-%d %H:%M:%S}",
            "size": path.stat().st_size,
        }
        for number, path in enumerate(footage.paths())
    ]
    target.write_text(json.dumps({"items": items}))
