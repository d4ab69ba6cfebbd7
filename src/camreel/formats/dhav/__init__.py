"""DHAV (``.dav``), the format of Dahua recorders: find the stream, walk its frames, date them.

Sources are FFmpeg's demuxer (libavformat/dhav.c) and what owners of recorders published. No recording of a real
recorder was at hand.
"""

from __future__ import annotations

from camreel.formats.dhav.frames import Frame, PictureFormat, SoundFormat, Walk, find_stream, headers_in
from camreel.formats.dhav.survey import WITHIN, Clock, ClockReading, DhavSummary, NotDhav, footage, summary

__all__ = [
    "WITHIN",
    "Clock",
    "ClockReading",
    "DhavSummary",
    "Frame",
    "NotDhav",
    "PictureFormat",
    "SoundFormat",
    "Walk",
    "find_stream",
    "footage",
    "headers_in",
    "summary",
]
