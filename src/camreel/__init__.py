"""camreel: a camera and a time range in, one correct, playable video of exactly that range out."""

from __future__ import annotations

__version__ = "0.1.0"
