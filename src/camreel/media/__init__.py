"""Merge clips into one video with FFmpeg's libraries (PyAV), in a process of their own.

A library by itself: it knows no camera, no download and no plan. The ladder, lowest first: ``clips``, ``encode``,
``mux``, ``merge``; ``worker`` has the messages at its foot and the process at its head.
"""

from __future__ import annotations
