"""The version, by itself: what tells it need not load the library's face."""

from __future__ import annotations

__version__ = "0.1.0"
