"""Recordings made in memory, as cameras write them, and read again."""

from __future__ import annotations
