"""A gallery of served cameras: each profile with footage on its card, for the tests of all devices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from camreel_simulator.device.camera import SimulatedCamera
from camreel_simulator.device.card import Recorded, placed
from camreel_simulator.device.clock import DeviceClock
from camreel_simulator.device.faults import Fault
from camreel_simulator.device.profiles import PROFILES, Profile
from camreel_simulator.device.quirks import quirked
from camreel_simulator.footage.clips import ClipSpec
from camreel_simulator.http.throttle import Throttle

SCENE_START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the camera's wall clock
_FILES, _SECONDS = 3, 4
SCENE_END = SCENE_START + timedelta(seconds=_FILES * _SECONDS)
SCENE_NOW = datetime(2026, 1, 17, 12, 0, 0, tzinfo=timezone.utc)
_STALE_DAYS = 9


def scene_recordings(profile: Profile) -> list[Recorded]:
    """Three files of 4 s that abut, from 08:00:00, as that device makes and places them, oldest first.

    Where the listing names the stream there is a sub stream too; recorders have channels 1, 2 and 4, of which the last
    is offline. On a recorder of the profile ``nvr`` the first file of each channel begins with footage nine days older.
    (Files of real recorders are 30 or 60 minutes long.)
    """
    recordings = []
    for channel in (1, 2, 4) if profile.channels > 1 else (1,):
        for stream in ("Main", "Extra1") if profile.quirks.lists_stream else ("Main",):
            recordings += [_file(profile, channel, stream, number) for number in range(_FILES)]
    return sorted(recordings, key=lambda recorded: recorded.start)


def _file(profile: Profile, channel: int, stream: str, number: int) -> Recorded:
    start = SCENE_START + timedelta(seconds=number * _SECONDS)
    spec = ClipSpec(
        start,
        _SECONDS,
        size=(160, 90) if stream == "Main" else (128, 72),
        audio=profile.audio,
        audio_rate=profile.audio_rate if stream == "Main" else min(profile.audio_rate, 8000),
        audio_extra=1.9 if profile.kind == "mp4" else 0.0,
        camera_name=f"{profile.machine_name} {channel}",
    )
    old = replace(spec, start=start - timedelta(days=_STALE_DAYS), seconds=1) if profile.stale_clusters else None
    by_motion = profile.layout == "sd"
    recorded = Recorded(
        start,
        start + timedelta(seconds=_SECONDS),
        spec,
        channel=channel,
        stream=stream,
        kind=profile.kind,
        events=("VideoMotion",) if by_motion else (),
        flags=("Event",) if by_motion else ("Timing",),
        stale=old if number == 0 else None,
    )
    return placed(recorded, profile.root, profile.layout)


def camera_of(
    profile: str,
    *quirks: str,
    recordings: Iterable[Recorded] | None = None,
    faults: Iterable[Fault] = (),
    username: str = "admin",
    password: str = "simulated-1",  # noqa: S107 - opens nothing but the simulator
    clock: DeviceClock | None = None,
    throttle: Throttle = Throttle(),  # noqa: B008 - frozen
) -> SimulatedCamera:
    """A device of :data:`PROFILES` with the named ``quirks`` besides its own, and :func:`scene_recordings` on it.

    Its clock stands at noon (UTC) of the day after, unless ``clock`` says otherwise.
    """
    device = PROFILES[profile]
    return SimulatedCamera(
        scene_recordings(device) if recordings is None else recordings,
        device,
        quirked(device.quirks, *quirks),
        faults,
        username=username,
        password=password,
        clock=DeviceClock.fixed(SCENE_NOW) if clock is None else clock,
        throttle=throttle,
    )
