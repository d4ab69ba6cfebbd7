"""Tracks into a file, by FFmpeg or by an index of our own."""

from __future__ import annotations
