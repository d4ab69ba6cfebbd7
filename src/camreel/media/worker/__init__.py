"""The process that decodes and merges, and this side of it."""

from __future__ import annotations
