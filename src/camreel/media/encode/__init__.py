"""Re-encode frames and sound that cannot be copied."""

from __future__ import annotations
