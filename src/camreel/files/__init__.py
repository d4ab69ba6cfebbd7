"""Find clips on this disk and date them: by their frames, their names or their metadata."""

from __future__ import annotations

from camreel.files.discover import Found, find_files

__all__ = ["Found", "find_files"]
