"""Read and write file formats without FFmpeg."""

from __future__ import annotations
