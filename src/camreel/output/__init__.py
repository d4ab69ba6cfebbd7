"""Where a video goes, what it is called, and how it gets its name."""

from __future__ import annotations
