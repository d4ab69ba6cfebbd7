"""Footage without end, encoded once per process, and clips cut from it by copying packets.

Clips of one line that hold the same moment hold the same bytes for it, as a camera's pre-record or its copy of a
minute for an event do; clips of two lines hold the same moment as two encoders saw it.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import av

from camreel_simulator import ClipSpec, dav_frames, make_clip

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
LENGTH = 24  # seconds of each line, from EIGHT on

_TICKS = 90000
_SPEC = ClipSpec(EIGHT, LENGTH, fps=10, size=(160, 90), gop=7, two_keyframes=False, audio_extra=3)

# Groups of pictures are no whole seconds long, so clips that begin with one begin anywhere within a second.
PICTURES = {
    "plain": _SPEC,
    "coarse": replace(_SPEC, crf=44, gop=9, in_band=False),
    "large": replace(_SPEC, size=(320, 180), gop=8, in_band=False),
    "quick": replace(_SPEC, fps=25, gop=18),
    "slow": replace(_SPEC, fps=5, gop=6),
    "reordered": replace(_SPEC, bframes=2, gop=11),
    "still": replace(_SPEC, still=True),
    "still again": replace(_SPEC, still=True, crf=40, gop=9),
    "h265": replace(_SPEC, video="hevc", gop=8),
    "h265 large": replace(_SPEC, video="hevc", gop=9, size=(320, 180), in_band=False),
}
SOUNDS: dict[str, ClipSpec] = {
    form: replace(_SPEC, fps=1, gop=LENGTH, audio=codec, audio_rate=rate)  # type: ignore[arg-type]
    for form, codec, rate in [("aac", "aac", 8000), ("aac 16 kHz", "aac", 16000), ("alaw", "alaw", 8000)]
}
Broken = Literal["empty", "garbage", "web page", "no index", "cut"]


@dataclass(frozen=True)
class Coded:
    """A packet of a line; times in seconds from EIGHT."""

    data: bytes
    shown: Fraction
    decoded: Fraction
    key: bool


class Line:
    """One encoder's pictures of the whole time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.spec = PICTURES[name]
        self.period = Fraction(1, self.spec.fps)
        self.body = make_clip(self.spec)

    @cached_property
    def packets(self) -> list[Coded]:
        return _packets(self.body, "video")

    @cached_property
    def keys(self) -> list[int]:
        """Which pictures are keyframes."""
        return [index for index, packet in enumerate(self.packets) if packet.key]

    @cached_property
    def md5s(self) -> list[str]:
        """The MD5 of each decoded picture."""
        return [md5 for _, md5 in decoded(BytesIO(self.body))]

    def key_from(self, moment: Fraction) -> int:
        """The first keyframe at or after ``moment``; the number of pictures where there is none."""
        wanted = bisect_left(self.keys, -(-moment // self.period))
        return self.keys[wanted] if wanted < len(self.keys) else self.spec.frames


@lru_cache
def line(name: str) -> Line:
    return Line(name)


def decoded(source: BytesIO | str) -> list[tuple[Fraction, str]]:
    """Each picture as it is shown: its time in seconds, and the MD5 of its visible part."""
    with av.open(source) as container:
        seconds = container.streams.video[0].time_base
        assert seconds is not None
        return [(frame.pts * seconds, _md5(frame)) for frame in container.decode(video=0) if frame.pts is not None]


def _md5(frame: av.VideoFrame) -> str:
    digest = hashlib.md5()
    for plane in frame.planes:
        rows, stride = bytes(plane), plane.line_size
        digest.update(b"".join(rows[at : at + plane.width] for at in range(0, stride * plane.height, stride)))
    return digest.hexdigest()


@dataclass(frozen=True)
class Cut:
    """A clip: ``count`` pictures of a line from number ``first`` on, and the sound of that time.

    ``sound`` is a form of :data:`SOUNDS` or None, ``longer`` by how many seconds the sound outlasts the pictures.
    ``start_key`` False begins it within a group of pictures. ``broken`` is what was done to its bytes.
    """

    line: str
    first: int
    count: int
    sound: str | None = "aac"
    longer: Fraction = Fraction(0)
    broken: Broken | Literal["short"] | None = None
    dav: bool = False

    def __str__(self) -> str:
        form = f"{'dav ' if self.dav else ''}{self.broken or 'clip'}"
        return f"{form} of '{self.line}' {float(self.start):.2f}-{float(self.end):.2f} s ({self.sound or 'silent'})"

    @property
    def period(self) -> Fraction:
        return Fraction(1, PICTURES[self.line].fps)

    @property
    def start(self) -> Fraction:
        """When its first picture was really taken, in seconds from EIGHT."""
        return self.first * self.period

    @property
    def end(self) -> Fraction:
        return (self.first + self.count) * self.period

    @property
    def listed(self) -> tuple[int, int]:
        """As the camera lists it: cut to whole seconds."""
        return int(self.start), int(self.end)

    @property
    def dated(self) -> Fraction:
        """When its first picture was taken as far as anybody can tell: a .dav says it, others are listed."""
        return self.start if self.dav else Fraction(self.listed[0])

    @property
    def held(self) -> int:
        """How many of its pictures are in its bytes."""
        if self.broken == "short":
            return _cut_short(self)[1]
        return 0 if self.broken else self.count

    @property
    def first_key(self) -> int:
        """How many pictures lie before the first keyframe."""
        return min(self.count, next((key for key in line(self.line).keys if key >= self.first), 10**9) - self.first)

    @property
    def body(self) -> bytes:
        return _body(self)


@lru_cache(maxsize=512)
def _body(cut: Cut) -> bytes:
    if cut.broken == "short":
        return _cut_short(cut)[0]
    if cut.broken in {"empty", "garbage", "web page"}:
        chance = random.Random(cut.first)
        junk = {"empty": b"", "garbage": chance.randbytes(3000), "web page": b"<!DOCTYPE html><html>Log in</html>"}
        return junk[cut.broken]
    whole = _dav(cut) if cut.dav else _mp4(cut)
    if cut.broken == "cut":
        return whole[: len(whole) * 6 // 10]
    return whole[: whole.rindex(b"moov") - 4] if cut.broken == "no index" else whole


@lru_cache(maxsize=256)
def _cut_short(cut: Cut) -> tuple[bytes, int]:
    """The index in front, and half of what it lists; with the number of pictures that are still complete."""
    with TemporaryDirectory() as folder:  # to put the index in front, FFmpeg opens the file a second time
        path = Path(folder) / "whole.mp4"
        _write_mp4(cut, str(path), {"movflags": "faststart"})
        whole = path.read_bytes()
    with av.open(BytesIO(whole)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size and packet.pos]
    length = (ends[0] + ends[-1]) // 2
    return whole[:length], sum(end <= length for end in ends)


def _mp4(cut: Cut) -> bytes:
    buffer = BytesIO()
    _write_mp4(cut, buffer, {})
    return buffer.getvalue()


def _write_mp4(cut: Cut, target: BytesIO | str, options: dict[str, str]) -> None:
    source = line(cut.line)
    parts = [("video", source.body, source.packets[cut.first : cut.first + cut.count])]
    if cut.sound:
        sounds = _sound_between(cut.sound, cut.start, cut.end + cut.longer)
        parts.append(("audio", make_clip(SOUNDS[cut.sound]), sounds))
    options = {"video_track_timescale": str(_TICKS), "movie_timescale": str(_TICKS)} | options
    # FFmpeg's mp4 muxer refuses G.711, its mov muxer does not.
    with av.open(target, "w", format="mov" if cut.sound == "alaw" else "mp4", options=options) as out:
        packets = []
        for kind, template, coded in parts:
            stream = _stream_like(out, template, kind)
            length = cut.period if kind == "video" or len(coded) < 2 else coded[1].decoded - coded[0].decoded
            packets += [(each, stream, length) for each in coded]
        for each, stream, length in sorted(packets, key=lambda packet: packet[0].decoded):
            packet = _packet(each, stream, cut.start)
            packet.duration = round(length * _TICKS)  # PyAV 17.1 loses the last one without
            out.mux(packet)


def _stream_like(out: Any, template: bytes, kind: str) -> Any:
    with av.open(BytesIO(template)) as source:
        return out.add_stream_from_template(getattr(source.streams, kind)[0], opaque=True)


def _packet(coded: Coded, stream: Any, start: Fraction) -> av.Packet[Any]:
    packet = av.Packet(coded.data)
    packet.stream, packet.time_base = stream, Fraction(1, _TICKS)
    packet.pts, packet.dts = (round((each - start) * _TICKS) for each in (coded.shown, coded.decoded))
    packet.is_keyframe = coded.key
    return packet


def _packets(body: bytes, kind: str) -> list[Coded]:
    with av.open(BytesIO(body)) as container:
        stream = getattr(container.streams, kind)[0]
        seconds = stream.time_base
        return [
            Coded(bytes(packet), packet.pts * seconds, packet.dts * seconds, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.dts is not None and packet.pts is not None
        ]


@lru_cache
def _sound(form: str) -> list[Coded]:
    return _packets(make_clip(SOUNDS[form]), "audio")


def _sound_between(form: str, start: Fraction, end: Fraction) -> list[Coded]:
    return [coded for coded in _sound(form) if start <= coded.shown < end]


def _dav(cut: Cut) -> bytes:
    spec = replace(PICTURES[cut.line], audio=None)
    if cut.sound is not None:
        spec = replace(spec, audio=SOUNDS[cut.sound].audio, audio_rate=SOUNDS[cut.sound].audio_rate)
    first, last, heard = (EIGHT + timedelta(seconds=float(each)) for each in (cut.start, cut.end, cut.end + cut.longer))
    tick = timedelta(milliseconds=1)  # which frames are dated to
    return b"".join(
        frame.data
        for frame in dav_frames(spec)
        if first - tick < frame.moment < (heard if frame.kind == "sound" else last) - tick
    )
