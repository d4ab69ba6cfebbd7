"""Download recordings into files: retries, limits, resuming; only a complete clip gets its name."""

from __future__ import annotations
