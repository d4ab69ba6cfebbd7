"""Merge clips into videos that show each moment once."""

from __future__ import annotations
