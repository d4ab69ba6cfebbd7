"""Times as people type them, the camera's zone, and its clock against real time. Pure.

The camera speaks naive local time and nothing else (its search, its file names, its frames); people may name an
offset. A time without one means what the camera's picture shows. A time with one is real time: it is converted by the
camera's zone on that day, and shifted by what its clock is wrong.

``typed`` (what people write), ``zone`` and ``season`` (offsets over the years), ``sources`` (which zone it is),
``camera_clock`` (conversion), ``locate`` (the range on the camera's clock), ``recorded`` (listed times),
``understand`` (all of it).
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
    parse_moment,
    parse_point,
    parse_range,
    parse_zone_name,
    range_of,
)
from camreel.clock.resolve import CameraRange, CameraRangePlan, is_by_clock, locate, understand
from camreel.clock.zone_sources import ZoneFacts
from camreel.clock.zones import FixedZone, NamedZone, Zone, format_offset, named

__all__ = [
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
    "parse_zone_name",
    "range_of",
    "recorded_offsets",
    "search_window",
    "show_moment",
    "show_span",
    "straightened",
    "turns",
    "understand",
]
