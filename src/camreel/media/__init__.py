"""Clips into one video: FFmpeg's libraries, through PyAV, in a process of their own."""

from __future__ import annotations
