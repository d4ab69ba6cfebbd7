"""Which FFmpeg this is."""

from __future__ import annotations

import av
from av.codec.codec import Codec  # noqa: F401 - loads the libraries whose versions are told


def library_versions() -> tuple[tuple[str, str], ...]:
    """PyAV's version and that of FFmpeg's libraries in it."""
    codec = ".".join(map(str, av.library_versions.get("libavcodec", ())))
    return (("PyAV", av.__version__), ("FFmpeg", getattr(av, "ffmpeg_version_info", "") or f"libavcodec {codec}"))
