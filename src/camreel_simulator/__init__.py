"""Simulated cameras and recorders on real sockets, for the demo and for tests. They import nothing of camreel.

PyAV is imported when the first clip is made.
"""

from __future__ import annotations

from camreel_simulator.device.camera import SimulatedCamera
from camreel_simulator.device.card import Recorded, placed
from camreel_simulator.device.clock import DeviceClock
from camreel_simulator.device.faults import Fault
from camreel_simulator.device.profiles import AMCREST_SD, PROFILES, Profile
from camreel_simulator.device.quirks import CONFLICTS, QUIRKS, Conflict, Quirks, conflict, quirked
from camreel_simulator.footage.clips import ClipSpec, make_clip, make_still
from camreel_simulator.footage.dhav import DavFrame, dav_frame, dav_frames, junk, make_dav
from camreel_simulator.footage.frames import read_frame_number
from camreel_simulator.footage.recognition import heard_beeps, seen_frames
from camreel_simulator.footage.sound import beep_times
from camreel_simulator.gallery import SCENE_END, SCENE_NOW, SCENE_START, camera_of, scene_recordings
from camreel_simulator.http.ledger import LoggedRequest
from camreel_simulator.http.throttle import Throttle
from camreel_simulator.scenes import DEMO_END, DEMO_START, demo_camera, living_camera, scene_schedule, stub_recordings
from camreel_simulator.server import Server, running, serving

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
    "dav_frame",
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
