"""Clips into videos, each moment once."""

from __future__ import annotations
