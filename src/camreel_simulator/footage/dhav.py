"""Write DHAV (``.dav``), the format of Dahua recorders: the same footage as the mp4 clips, in frames with a clock each.

Written from FFmpeg's demuxer (libavformat/dhav.c), which is what reads it; no recording of a real recorder was at hand.
A frame is a header of 24 bytes, extensions, the coded data, and ``dhav`` with the length of all of it:

====  =======================================================================================================
0     ``DHAV``; kind (0xFD key picture, 0xFC other picture, 0xF0 sound); subtype; channel from 0; sub-frame
8     frame number, u32, counted for pictures and sound apart
12    length of the frame from ``DHAV`` to the end, u32
16    the camera's wall clock to the second: sec 6 bits, min 6, hour 5, day 5, month 4, year - 2000 6
20    milliseconds, u16, of a counter that has nothing to do with the second above, and wraps at 65536
22    length of the extensions; sum of the 23 bytes before
====  =======================================================================================================

PyAV is imported when the first recording is made, not before.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from camreel_simulator.footage.clips import ClipSpec, coded_picture, coded_sound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camreel_simulator.footage.clips import Coded

__all__ = ["DavFrame", "adts", "dav_frame", "dav_frames", "junk", "make_dav"]

_HEADER = struct.Struct("<4sBBBBIIIHB")
_FILE_HEADER = b"DAHUA".ljust(0x400, b"\0")
_KEY, _DELTA, _SOUND = 0xFD, 0xFC, 0xF0
_VIDEO = {"h264": 0x08, "hevc": 0x0C}
_AUDIO = {"aac": 0x1A, "alaw": 0x0E, "mulaw": 0x0A}
# Where a rate stands in the demuxer's table.
_RATES = {8000: 2, 4000: 1, 11025: 3, 16000: 4, 20000: 5, 22050: 6, 32000: 7, 44100: 8, 48000: 9, 96000: 10, 64000: 12}
_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


@dataclass(frozen=True)
class DavFrame:
    """One frame of a recording, ready to be sent."""

    moment: datetime
    """By the camera's wall clock (naive), to the millisecond."""
    kind: Literal["key", "delta", "sound"]
    data: bytes


_making = threading.Lock()


def dav_frames(spec: ClipSpec, *, phase_ms: int | None = None, channel: int = 1) -> tuple[DavFrame, ...]:
    """All frames of the recording, by time. ``phase_ms`` as in :func:`make_dav`. Made once per process."""
    if spec.bframes:
        raise ValueError("DHAV has one time per frame: no B-frames")
    if phase_ms is None:
        midnight = spec.start.replace(hour=0, minute=0, second=0, microsecond=0)
        phase_ms = (spec.start - midnight) // timedelta(milliseconds=1)
    with _making:
        return _made_frames(spec, phase_ms, channel)


@lru_cache(maxsize=64)
def _made_frames(spec: ClipSpec, phase_ms: int, channel: int) -> tuple[DavFrame, ...]:
    pieces: list[tuple[Coded, Literal["key", "delta", "sound"], int]] = []
    pieces += [(coded, "key" if coded.key else "delta", n) for n, coded in enumerate(coded_picture(spec))]
    pieces += [(coded, "sound", n) for n, coded in enumerate(coded_sound(spec))]
    pieces.sort(key=lambda piece: (piece[0].seconds, piece[1] == "sound"))
    frames = []
    for coded, kind, number in pieces:
        elapsed = round(coded.seconds * 1000)
        moment = spec.start + timedelta(milliseconds=elapsed)
        data = dav_frame(spec, kind, coded.data, number, moment=moment, counter=phase_ms + elapsed, channel=channel)
        frames.append(DavFrame(moment, kind, data))
    return tuple(frames)


def make_dav(
    spec: ClipSpec,
    *,
    header: bool = False,
    junk: bytes = b"",
    stale: ClipSpec | None = None,
    phase_ms: int | None = None,
    channel: int = 1,
) -> bytes:
    """The bytes of a recording.

    ``header`` puts ``DAHUA`` and 1,019 zeros in front, as some files have; ``junk`` goes before all that, as in what
    an NV4108E-HS sends; ``stale`` is an older recording whose frames come first, as where a recorder (seen by nvrclip)
    uses its clusters again. ``phase_ms`` is what the counter of milliseconds shows at the first frame; by default
    milliseconds since midnight, so that it goes on from one recording to the next. The sound of a recording that goes
    on longer than its picture comes after it.
    """
    frames: Iterable[DavFrame] = dav_frames(spec, phase_ms=phase_ms, channel=channel)
    if stale is not None:
        frames = (*dav_frames(stale, channel=channel), *frames)
    return junk + (_FILE_HEADER if header else b"") + b"".join(frame.data for frame in frames)


def junk(count: int, seed: int = 0) -> bytes:
    """``count`` bytes of which none begins a frame; equal seeds give equal bytes."""
    return hashlib.shake_256(f"junk {seed}".encode()).digest(count).replace(b"DHAV", b"dHAV")


def adts(data: bytes, rate: int, channels: int = 1) -> bytes:
    """One AAC-LC frame with its header of 7 bytes (ISO/IEC 13818-7)."""
    length = len(data) + 7
    index = _ADTS_RATES.index(rate)
    head = 0xFFF1 << 40 | 1 << 38 | index << 34 | channels << 30 | length << 13 | 0x7FF << 2
    return head.to_bytes(7, "big") + data


def dav_frame(
    spec: ClipSpec, kind: str, data: bytes, number: int, *, moment: datetime, counter: int, channel: int = 1
) -> bytes:
    """Return one frame of a recording: ``data`` is a picture with start codes, or a packet of sound.

    ``kind`` is ``key``, ``delta`` or ``sound``; ``number`` counts pictures and sound apart; ``counter`` is in ms.
    """
    if kind == "sound":
        assert spec.audio is not None
        data = adts(data, spec.audio_rate) if spec.audio == "aac" else data
        extensions = bytes((0x83, 1, _AUDIO[spec.audio], _RATES[spec.audio_rate]))
    elif kind == "key":
        extensions = struct.pack("<BxxxHHBxBB", 0x82, *spec.size, 0x81, _VIDEO[spec.video], spec.fps)
    else:
        extensions = b""
    length = _HEADER.size + 1 + len(extensions) + len(data) + 8
    code = {"key": _KEY, "delta": _DELTA, "sound": _SOUND}[kind]
    header = _HEADER.pack(
        b"DHAV", code, 0, channel - 1, 0, number, length, _packed(moment), counter & 0xFFFF, len(extensions)
    )
    tail = struct.pack("<4sI", b"dhav", length)
    return b"".join((header, bytes((sum(header) & 0xFF,)), extensions, data, tail))


def _packed(moment: datetime) -> int:
    date = (moment.year - 2000) << 26 | moment.month << 22 | moment.day << 17
    return date | moment.hour << 12 | moment.minute << 6 | moment.second
