"""Recordings of any size, made quickly: a few encoded seconds, repeated, each picture padded and numbered.

The pictures are the simulated camera's, laid out as Amcrest cameras lay out their files. What brings them to the size
of a real one are SEI units, which decoders skip; a number in each of them makes every picture differ from all others.
"""

from __future__ import annotations

import io
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av

from camreel_simulator import ClipSpec, make_clip
from camreel_simulator.footage.mp4_layout import as_amcrest

CACHE = Path(__file__).parent / ".cache"
START = datetime(2026, 1, 16, 0, 0, 0)  # noqa: DTZ001 - the camera's clock has no zone
_SEI, _USER_DATA = 6, 5
_KEY_WEIGHT = 6  # a keyframe has so many times the bytes of another picture
_TIMESCALE = 90_000
_RATE = 16_000
_NOISE = 4 << 20


@dataclass(frozen=True)
class Footage:
    """``count`` recordings of ``seconds``, one after the other, each of about ``size`` bytes. ``gop`` in seconds."""

    count: int
    size: int
    seconds: int
    fps: int = 20
    gop: int = 1
    pixels: tuple[int, int] = (1280, 720)

    @property
    def name(self) -> str:
        """The folder that they are kept in: the same footage is made once. All have the same name but for the count."""
        width, height = self.pixels
        return f"{self.size}-bytes-{self.seconds}-s-{self.fps}-fps-{self.gop}-s-{width}x{height}"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when."""
        return START, START + timedelta(seconds=self.count * self.seconds)

    def start_of(self, number: int) -> datetime:
        """When clip ``number`` (from 0) begins."""
        return START + timedelta(seconds=number * self.seconds)

    def paths(self) -> list[Path]:
        """The clips, made where they are not there yet."""
        folder = CACHE / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n")
        paths = [folder / self._file_name(number) for number in range(self.count)]
        for number, path in enumerate(paths):
            if not path.exists():
                part = path.with_suffix(".part")
                part.write_bytes(self._made(number))
                part.replace(path)
        return paths

    def _file_name(self, number: int) -> str:
        start, end = self.start_of(number), self.start_of(number + 1)
        return f"{start:%Y-%m-%d_%H.%M.%S}-{end:%H.%M.%S}[M][0@0][{number}].mp4"

    def _made(self, number: int) -> bytes:
        pictures, sounds, head = _loop(self)
        buffer = io.BytesIO()
        options = {"video_track_timescale": str(_TIMESCALE), "use_editlist": "0"}
        with av.open(io.BytesIO(head)) as like, av.open(buffer, "w", format="mp4", options=options) as out:
            video = out.add_stream_from_template(like.streams.video[0], opaque=True)
            sound = out.add_stream_from_template(like.streams.audio[0], opaque=True)
            video.time_base, sound.time_base = Fraction(1, _TIMESCALE), Fraction(1, _RATE)
            for is_picture, index, ticks in self._order():
                loop = pictures if is_picture else sounds
                data, is_key = loop[index % len(loop)]
                if is_picture:
                    data = _padded(data, self._size_of(index, is_key=is_key), f"{number:08d}.{index:08d}")
                packet: Any = av.Packet(data)
                packet.stream = video if is_picture else sound
                packet.time_base = packet.stream.time_base
                packet.is_keyframe = is_key or not is_picture
                packet.pts = packet.dts = ticks
                packet.duration = _TIMESCALE // self.fps if is_picture else 1024
                out.mux_one(packet)
        return as_amcrest(buffer.getvalue())

    def _order(self) -> Iterator[tuple[bool, int, int]]:
        """Pictures and sound by their time: which, its number, its ticks."""
        pictures, sounds, heard = self.seconds * self.fps, self.seconds * _RATE // 1024, 0
        for index in range(pictures):
            yield True, index, index * _TIMESCALE // self.fps
            while heard < sounds and heard * 1024 * self.fps <= index * _RATE:
                yield False, heard, heard * 1024
                heard += 1

    def _size_of(self, index: int, *, is_key: bool) -> int:
        in_gop = self.gop * self.fps
        unit = self.size / (self.seconds / self.gop) / (in_gop - 1 + _KEY_WEIGHT)
        varied = 0.8 + 0.4 * (index * 7919 % 101) / 100
        return int(unit * (_KEY_WEIGHT if is_key else varied))


@lru_cache(maxsize=4)
def _loop(footage: Footage) -> tuple[list[tuple[bytes, bool]], list[tuple[bytes, bool]], bytes]:
    """The pictures of one GOP, some sound, and a file that holds them."""
    spec = ClipSpec(
        START,
        footage.gop,
        fps=footage.fps,
        size=footage.pixels,
        gop=footage.gop * footage.fps,
        audio_rate=_RATE,
        audio_extra=0,
        two_keyframes=False,
        crf=40,
    )
    data = make_clip(spec)
    with av.open(io.BytesIO(data)) as made:
        packets = [(each.stream.type, bytes(each), each.is_keyframe) for each in made.demux() if each.size]
    pictures = [(body, key) for kind, body, key in packets if kind == "video"]
    sounds = [(body, key) for kind, body, key in packets if kind == "audio"]
    return pictures, sounds, data


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
    target.write_text(json.dumps({"footage": asdict(footage), "items": items}))
