"""Use cases, one a module: search a camera, export, make a timelapse, merge files."""

from __future__ import annotations
