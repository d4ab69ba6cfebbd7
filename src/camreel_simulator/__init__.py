"""A simulated Amcrest SD-card camera on real sockets, for the demo and for tests. It imports nothing of camreel.

PyAV is imported when the first clip is made.
"""

from __future__ import annotations

from camreel_simulator.clock import DeviceClock
from camreel_simulator.device import SimulatedCamera
from camreel_simulator.faults import Fault
from camreel_simulator.footage import ClipSpec, beep_times, make_clip, make_still, read_frame_number
from camreel_simulator.ledger import LoggedRequest
from camreel_simulator.profiles import AMCREST_SD, Profile, Quirks
from camreel_simulator.recordings import Recorded
from camreel_simulator.scenes import DEMO_END, DEMO_START, demo_camera, scene_schedule, stub_recordings
from camreel_simulator.serve import Server, running, serving
from camreel_simulator.throttle import Throttle
from camreel_simulator.watch import heard_beeps, seen_frames

__all__ = [
    "AMCREST_SD",
    "DEMO_END",
    "DEMO_START",
    "ClipSpec",
    "DeviceClock",
    "Fault",
    "LoggedRequest",
    "Profile",
    "Quirks",
    "Recorded",
    "Server",
    "SimulatedCamera",
    "Throttle",
    "beep_times",
    "demo_camera",
    "heard_beeps",
    "make_clip",
    "make_still",
    "read_frame_number",
    "running",
    "scene_schedule",
    "seen_frames",
    "serving",
    "stub_recordings",
]
