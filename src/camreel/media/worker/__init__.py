"""The process that decodes and merges, its messages, and the caller's side of it."""

from __future__ import annotations
