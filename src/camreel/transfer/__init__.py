"""Recordings into files: retries, limits, and names that are only given to what is complete."""

from __future__ import annotations
