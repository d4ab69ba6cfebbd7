"""Silence in the codecs that cameras use: raw AAC frames, and the quiet sample of PCM and G.711."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from camreel.media.aac import AacEncoder, read_setup

if TYPE_CHECKING:
    from camreel.media.probe import SoundKind

# The smallest frames that decode, as MPEG-4 part 3 spells them; the same for any rate, and for 960 samples as well.
_SILENT_AAC = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}

# A-law 0xD5 and µ-law 0xFF are the quietest of ITU-T G.711. Signed PCM is quiet at 0, unsigned in the middle.
_QUIET = {
    "pcm_alaw": b"\xd5",
    "pcm_mulaw": b"\xff",
    "pcm_u8": b"\x80",
    "pcm_s8": b"\0",
    "pcm_s16le": b"\0\0",
    "pcm_s16be": b"\0\0",
    "pcm_s24le": b"\0\0\0",
    "pcm_s24be": b"\0\0\0",
    "pcm_s32le": b"\0\0\0\0",
    "pcm_s32be": b"\0\0\0\0",
}


def silent_frame(kind: SoundKind) -> bytes | None:
    """A raw AAC frame of silence for a track of that kind; None where none can be made (not AAC-LC, 7 channels)."""
    setup = read_setup(kind.setup)
    if kind.codec != "aac" or setup is None or setup.channels != kind.channels:
        return None
    ready = _SILENT_AAC.get(setup.channels)
    if ready is not None or setup.frame != 1024:
        return ready
    return _encoded(setup.rate, setup.channels)


def quiet_samples(codec: str, channels: int, count: int) -> bytes | None:
    """``count`` samples of silence for each channel; None for codecs without a sample of their own."""
    quiet = _QUIET.get(codec)
    return None if quiet is None else quiet * (channels * count)


@lru_cache(maxsize=8)
def _encoded(rate: int, channels: int) -> bytes:
    encoder = AacEncoder(rate, channels)
    made = [*encoder.add(bytes(2 * channels * 4096)), *encoder.finish()]
    return bytes(made[2])
