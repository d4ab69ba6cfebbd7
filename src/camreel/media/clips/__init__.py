"""Clips on this disk, opened for the merge."""

from __future__ import annotations
