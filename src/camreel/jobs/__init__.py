"""Use cases, one a module: ask a camera, export, make a timelapse, merge files."""

from __future__ import annotations
