"""Footage without end, encoded once per process: what the clips are cut from, and what their frames look like decoded.

Clips of one original that hold the same moment hold the same bytes for it, as a camera's pre-record or its copy of a
minute for an event do; clips of two originals hold the same moment as two encoders saw it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any, cast

import av
import av.error

from camreel_simulator import ClipSpec, make_clip

from .boxes import entries_of

EIGHT = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the clock of a camera
LENGTH = 24  # seconds of each original, from EIGHT on

_SPEC = ClipSpec(EIGHT, LENGTH, fps=10, size=(160, 90), gop=7, two_keyframes=False, audio=None)
_LARGE = (224, 126)

# Groups of pictures are no whole seconds long, so clips that begin with one begin anywhere within a second.
PICTURES = {
    "plain": _SPEC,
    "coarse": replace(_SPEC, crf=44, gop=9, in_band=False),
    "large": replace(_SPEC, size=_LARGE, gop=8, in_band=False),
    "quick": replace(_SPEC, fps=25, gop=18),
    "slow": replace(_SPEC, fps=5, gop=6),
    "reordered": replace(_SPEC, bframes=2, gop=11),
    "still": replace(_SPEC, still=True),
    "still again": replace(_SPEC, still=True, crf=40, gop=9),
    "h265": replace(_SPEC, video="hevc", gop=8),
    "h265 large": replace(_SPEC, video="hevc", gop=9, size=_LARGE, in_band=False),
    "h265 reordered": replace(_SPEC, video="hevc", bframes=2, gop=11),
    "1 fps": replace(_SPEC, fps=1, gop=4),
    "1 fps reordered": replace(_SPEC, fps=1, gop=6, bframes=2),
    # Two seconds a frame: half as many, shown half as fast as they are numbered.
    "half fps": replace(_SPEC, fps=1, gop=3, seconds=LENGTH // 2),
    "refreshed": _SPEC,
    "open": replace(_SPEC, bframes=2, gop=11),
    "h265 open": replace(_SPEC, video="hevc", bframes=2, gop=11),
    "plain again": replace(_SPEC, crf=44),  # with keyframes where "plain" has them
    "large again": replace(_SPEC, size=_LARGE),
    "h265 again": replace(_SPEC, video="hevc", gop=8, size=(128, 72)),
}
# What the encoder of the simulated camera is not asked for.
_ENCODED = {
    # A frame is called a key although no frame is coded by itself but the first: a column of blocks at a time is.
    "refreshed": "intra-refresh=1:keyint=10:min-keyint=1:scenecut=0:bframes=0:repeat-headers=1",
    # Frames that come after a keyframe and are shown before it need the group before.
    "open": "open-gop=1:keyint=11:min-keyint=11:scenecut=0:bframes=2:b-adapt=0:repeat-headers=1",
    "h265 open": "open-gop=1:keyint=11:min-keyint=11:scenecut=0:bframes=2:b-adapt=0:repeat-headers=1",
}
# An encoder that is set anew with every third group of pictures.
CHANGING = {
    "other sets": ("plain", "plain again"),
    "other size": ("plain", "large again"),
    "h265 other size": ("h265", "h265 again"),
}
_CHANGES_EVERY = 3  # groups of pictures
_SECONDS_A_FRAME = {"half fps": 2}
SOUNDS: dict[str, ClipSpec] = {
    form: replace(_SPEC, fps=1, gop=LENGTH, audio=codec, audio_rate=rate, audio_extra=3)  # type: ignore[arg-type]
    for form, codec, rate in [("aac", "aac", 8000), ("aac 16 kHz", "aac", 16000), ("alaw", "alaw", 8000)]
}


@dataclass(frozen=True)
class Coded:
    """A packet of an original; times in seconds from EIGHT. ``entry`` is which of its sample descriptions it needs."""

    data: bytes
    shown: Fraction
    decoded: Fraction
    key: bool
    entry: int = 1


class Line:
    """One encoder's pictures of the whole time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.spec = PICTURES[CHANGING[name][0] if name in CHANGING else name]
        self.period = Fraction(_SECONDS_A_FRAME.get(name, 1), self.spec.fps)

    @cached_property
    def body(self) -> bytes:
        """An mp4 of all of it, of an original that does not change."""
        return _encode(self.spec, _ENCODED[self.name]) if self.name in _ENCODED else make_clip(self.spec)

    @cached_property
    def entries(self) -> tuple[bytes, ...]:
        """The sample descriptions."""
        bodies = [line(each).body for each in CHANGING[self.name]] if self.name in CHANGING else [self.body]
        return tuple(entries_of(body, b"vide")[0] for body in bodies)

    @cached_property
    def packets(self) -> list[Coded]:
        """All of them, in the order of decoding."""
        if self.name in CHANGING:
            one, other = (line(each).packets for each in CHANGING[self.name])
            return [
                replace(both[self._which(number)], entry=1 + self._which(number))
                for number, both in enumerate(zip(one, other, strict=True))
            ]
        slowed = _SECONDS_A_FRAME.get(self.name, 1)
        return [
            replace(each, shown=each.shown * slowed, decoded=each.decoded * slowed)
            for each in _packets(self.body, "video")
        ]

    @cached_property
    def keys(self) -> list[int]:
        """Which pictures are keyframes, by their place in the order of decoding."""
        return [index for index, packet in enumerate(self.packets) if packet.key]

    @cached_property
    def md5s(self) -> list[str]:
        """The MD5 of each decoded picture."""
        if self.name in CHANGING:
            one, other = (line(each).md5s for each in CHANGING[self.name])
            return [both[self._which(number)] for number, both in enumerate(zip(one, other, strict=True))]
        return [each.md5 for each in decoded(BytesIO(self.body))]

    def _which(self, number: int) -> int:
        """As which of two encoders it is set for a picture."""
        return number // (_CHANGES_EVERY * self.spec.gop) % 2

    def key_from(self, moment: Fraction) -> int:
        """The first keyframe at or after ``moment``; the number of pictures where there is none."""
        wanted = bisect_left(self.keys, -(-moment // self.period))
        return self.keys[wanted] if wanted < len(self.keys) else self.spec.frames


@lru_cache
def line(name: str) -> Line:
    """The original of that name."""
    return Line(name)


@lru_cache
def sound_of(form: str) -> tuple[list[Coded], tuple[bytes, ...]]:
    """The packets of sound of the whole time in that form, and their sample description."""
    body = make_clip(SOUNDS[form])
    return _packets(body, "audio"), entries_of(body, b"soun")


@dataclass(frozen=True)
class Look:
    """How a picture is to be shown: degrees that it is turned, the shape of its pixels, and whether black is 0."""

    turned: int = 0
    pixel: Fraction = Fraction(1)
    is_full: bool = False


@dataclass(frozen=True)
class Shown:
    """A decoded picture: when it is shown, in seconds, and the MD5 of its visible part."""

    time: Fraction
    md5: str
    look: Look = Look()


def decoded(source: BytesIO | str, track: int = 0) -> list[Shown]:
    """Each picture of a track, in the order shown. What the decoder refuses is left out."""
    with av.open(source) as container:
        stream = container.streams.video[track]
        seconds, aspect = stream.time_base, stream.sample_aspect_ratio
        assert seconds is not None
        pixel = Fraction(aspect.numerator, aspect.denominator) if aspect and aspect.denominator else Fraction(1)
        shown = []
        for packet in container.demux(stream):
            with suppress(av.error.InvalidDataError):
                for frame in packet.decode():
                    look = Look(frame.rotation % 360, pixel or Fraction(1), frame.color_range == 2)
                    shown.append(Shown((frame.pts or 0) * seconds, _md5(frame), look))
        return shown


def _md5(frame: av.VideoFrame) -> str:
    digest = hashlib.md5()
    for plane in frame.planes:
        rows, stride, width = memoryview(plane), plane.line_size, plane.width
        digest.update(b"".join([rows[at : at + width] for at in range(0, stride * plane.height, stride)]))
    return digest.hexdigest()


def _packets(body: bytes, kind: str) -> list[Coded]:
    with av.open(BytesIO(body)) as container:
        stream = getattr(container.streams, kind)[0]
        seconds = stream.time_base
        return [
            Coded(bytes(packet), packet.pts * seconds, packet.dts * seconds, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.dts is not None and packet.pts is not None
        ]


def _encode(spec: ClipSpec, parameters: str) -> bytes:
    """The pictures of a clip, encoded with parameters of x264 or x265."""
    buffer = BytesIO()
    options = {"movflags": "negative_cts_offsets", "use_editlist": "0", "video_track_timescale": "90000"}
    name = "libx264" if spec.video == "h264" else "libx265"
    private = {"x264-params": parameters}
    if spec.video == "hevc":
        private = {"x265-params": f"{parameters}:frame-threads=1:wpp=0:pools=none:log-level=none"}
    with av.open(BytesIO(make_clip(spec))) as source, av.open(buffer, "w", format="mp4", options=options) as out:
        stream = cast(
            "Any", out.add_stream(name, rate=spec.fps, options={"preset": "ultrafast", "threads": "1"} | private)
        )
        stream.width, stream.height = spec.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, spec.fps)
        if spec.video == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        for number, picture in enumerate(source.decode(video=0)):
            frame = cast("Any", picture)
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, spec.fps), 0
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()
