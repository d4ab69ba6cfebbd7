"""The main job without a camera: clips that are on disk already become one video.

``found`` (which files), ``names`` (what their paths say of when), ``dates`` (when they were recorded), ``copies`` (what
is there twice), ``story``.
"""

from __future__ import annotations

from camreel.files.discover import Found, find_files
from camreel.jobs.merge_files import merge

__all__ = ["Found", "find_files", "merge"]
