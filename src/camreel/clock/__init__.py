"""Times as people type them, and the camera's clock against real time. Pure.

A camera knows naive local time only: in its search, its file names and its frames. A time without an offset means the
clock in the camera's picture. A time with an offset is real time: it is converted by the camera's zone on that day
and shifted by the drift of its clock.

`points` reads typed times, and `parse` ranges of them. `zones` has offsets over the years, and `zone_sources` decides
which zone the camera is in. `camera_clock` converts, `resolve` puts the range onto the camera's clock, and
`listed_times` does so with recordings.
"""

from __future__ import annotations

from camreel.clock.camera_clock import CameraClock, Reading, show_moment, show_span, turns
from camreel.clock.listed_times import recorded_offsets, search_window, straightened
from camreel.clock.parse import (
    asked_length,
    parse_around,
    parse_camera_zone,
    parse_date,
    parse_from,
    parse_last,
    parse_length,
    parse_range,
    parse_span,
    parse_zone_name,
    range_of,
)
from camreel.clock.points import RANGE_WORDS, parse_moment, parse_point, split_range
from camreel.clock.resolve import CameraRange, CameraRangePlan, is_by_clock, locate, understand
from camreel.clock.zone_sources import ZoneFacts
from camreel.clock.zones import FixedZone, NamedZone, Zone, format_offset, named

__all__ = [
    "RANGE_WORDS",
    "CameraClock",
    "CameraRange",
    "CameraRangePlan",
    "FixedZone",
    "NamedZone",
    "Reading",
    "Zone",
    "ZoneFacts",
    "asked_length",
    "format_offset",
    "is_by_clock",
    "locate",
    "named",
    "parse_around",
    "parse_camera_zone",
    "parse_date",
    "parse_from",
    "parse_last",
    "parse_length",
    "parse_moment",
    "parse_point",
    "parse_range",
    "parse_span",
    "parse_zone_name",
    "range_of",
    "recorded_offsets",
    "search_window",
    "show_moment",
    "show_span",
    "split_range",
    "straightened",
    "turns",
    "understand",
]
