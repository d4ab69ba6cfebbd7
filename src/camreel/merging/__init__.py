"""The main job without a camera: clips that are on disk already become one video.

``found`` (which files), ``names`` (what their paths say of when), ``dates`` (when they were recorded), ``copies`` (what
is there twice), ``story``.
"""

from __future__ import annotations

from camreel.jobs.merge_files import merge
from camreel.merging.found import Found, find_files

__all__ = ["Found", "find_files", "merge"]
