"""Simulated cameras and recorders on real sockets, for the demo and for tests. They import nothing of camreel.

PyAV is imported when the first clip is made.
"""

from __future__ import annotations

from camreel_simulator.catalogue import CONFLICTS, QUIRKS, Conflict, conflict, quirked
from camreel_simulator.clock import DeviceClock
from camreel_simulator.device import SimulatedCamera
from camreel_simulator.dhav import DavFrame, dav_frames, junk, make_dav
from camreel_simulator.faults import Fault
from camreel_simulator.footage import ClipSpec, make_clip, make_still
from camreel_simulator.gallery import SCENE_END, SCENE_NOW, SCENE_START, camera_of, scene_recordings
from camreel_simulator.ledger import LoggedRequest
from camreel_simulator.picture import read_frame_number
from camreel_simulator.profiles import AMCREST_SD, PROFILES, Profile
from camreel_simulator.quirks import Quirks
from camreel_simulator.recordings import Recorded, placed
from camreel_simulator.scenes import DEMO_END, DEMO_START, demo_camera, living_camera, scene_schedule, stub_recordings
from camreel_simulator.serve import Server, running, serving
from camreel_simulator.sound import beep_times
from camreel_simulator.throttle import Throttle
from camreel_simulator.watch import heard_beeps, seen_frames

__all__ = [
    "AMCREST_SD",
    "CONFLICTS",
    "DEMO_END",
    "DEMO_START",
    "PROFILES",
    "QUIRKS",
    "SCENE_END",
    "SCENE_NOW",
    "SCENE_START",
    "ClipSpec",
    "Conflict",
    "DavFrame",
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
    "camera_of",
    "conflict",
    "dav_frames",
    "demo_camera",
    "heard_beeps",
    "junk",
    "living_camera",
    "make_clip",
    "make_dav",
    "make_still",
    "placed",
    "quirked",
    "read_frame_number",
    "running",
    "scene_recordings",
    "scene_schedule",
    "seen_frames",
    "serving",
    "stub_recordings",
]
