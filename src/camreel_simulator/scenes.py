"""Ready-made cards: what the demo shows, and schedules for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from camreel_simulator.clock import DeviceClock
from camreel_simulator.device import SimulatedCamera
from camreel_simulator.footage import ClipSpec
from camreel_simulator.profiles import Quirks
from camreel_simulator.recordings import Recorded

DEMO_START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the camera's wall clock
DEMO_END = DEMO_START + timedelta(minutes=2)
_DEMO_CLIPS = ((0, 40), (40, 75), (90, 120))  # seconds after the start: two that abut, a gap of 15 s, one more
_DEMO_STILLS = (0, 41, 90)


def scene_schedule(
    start: datetime,
    count: int,
    seconds: float = 10.0,
    gap: float | Sequence[float] = 0.0,
    *,
    spec: ClipSpec | None = None,
    stream: str = "Main",
    channel: int = 1,
) -> list[Recorded]:
    """``count`` recordings of ``seconds`` each, oldest first.

    ``gap`` is the pause between one and the next in seconds: 0 abuts, less than 0 overlaps; a sequence gives each
    pause in turn, again from its beginning where it is too short. ``spec`` gives everything but start and length.
    """
    template = ClipSpec(start, seconds) if spec is None else spec
    pauses = [gap] if isinstance(gap, int | float) else list(gap)
    recordings, at = [], start
    for index in range(count):
        end = at + timedelta(seconds=seconds)
        clip = replace(template, start=at, seconds=seconds)
        recordings.append(Recorded(at, end, clip, channel=channel, stream=stream))
        at = end + timedelta(seconds=pauses[index % len(pauses)])
    return recordings


def stub_recordings(start: datetime, count: int, seconds: int = 60, body: bytes = b"stub") -> list[Recorded]:
    """``count`` recordings that abut and hold no video, for tests of listings and transfers."""
    step = timedelta(seconds=seconds)
    return [Recorded(start + n * step, start + (n + 1) * step, body) for n in range(count)]


def demo_recordings(camera_name: str = "FRONT DOOR") -> list[Recorded]:
    """Two minutes of a morning: main stream, sub stream and snapshots, as they lie on a card, oldest first."""
    recordings = []
    for first, last in _DEMO_CLIPS:
        start, end = (DEMO_START + timedelta(seconds=s) for s in (first, last))
        main = ClipSpec(start, last - first, size=(640, 360), camera_name=camera_name)
        sub = replace(main, size=(160, 90))
        recordings += [Recorded(start, end, main), Recorded(start, end, sub, stream="Extra1")]
    for second in _DEMO_STILLS:
        moment = DEMO_START + timedelta(seconds=second)
        still = ClipSpec(moment, 1, size=(640, 360), camera_name=camera_name)
        recordings.append(Recorded(moment, moment, still, kind="jpg"))
    return sorted(recordings, key=lambda recorded: recorded.start)


def demo_camera(
    *,
    username: str = "admin",
    password: str = "simulated-1",  # noqa: S107 - opens nothing but the simulator
    quirks: Quirks | None = None,
    clock: DeviceClock | None = None,
) -> SimulatedCamera:
    """The camera of the demo: 2026-01-16 from 08:00:00 to 08:02:00, with 15 seconds in which nothing was recorded.

    Its clips are made when they are first listed.
    """
    return SimulatedCamera(demo_recordings(), quirks=quirks, username=username, password=password, clock=clock)
