"""File formats read and written without FFmpeg."""

from __future__ import annotations
