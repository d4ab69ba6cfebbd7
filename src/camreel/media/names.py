"""Codecs as people call them. Pure."""

from __future__ import annotations

from camreel.errors import printable

_CODEC_NAMES = {
    "h264": "H.264",
    "hevc": "H.265",
    "aac": "AAC",
    "pcm_alaw": "G.711 A-law",
    "pcm_mulaw": "G.711 µ-law",
    "pcm_s16le": "PCM",
}


def codec_name(codec: str) -> str:
    """FFmpeg's name of a codec in people's words: ``H.264`` for ``h264``."""
    return _CODEC_NAMES.get(codec, printable(codec, 20))
