"""Write tracks into a file, with FFmpeg or with camreel's own mp4 writer."""

from __future__ import annotations
