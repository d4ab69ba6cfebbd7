"""Ready-made cards: what the demo shows, and schedules for tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from camreel_simulator.device.camera import SimulatedCamera
from camreel_simulator.device.card import Recorded
from camreel_simulator.device.clock import DeviceClock
from camreel_simulator.device.faults import Fault
from camreel_simulator.device.profiles import AMCREST_SD
from camreel_simulator.device.quirks import Quirks
from camreel_simulator.footage.clips import ClipSpec, PaddedClip, SceneEvent
from camreel_simulator.http.throttle import Throttle

DEMO_START = datetime(2026, 1, 16, 8, 0, 0)  # noqa: DTZ001 - the camera's wall clock
DEMO_END = DEMO_START + timedelta(minutes=2)
_DEMO_CLIPS = ((0, 40), (40, 75), (90, 120))  # seconds after the start: two that abut, a gap of 15 s, one more
_DEMO_STILLS = (0, 41, 90)  # one of each of these
# Of each hour, in seconds after its beginning: short and small, for they are made when they are listed.
_HOURLY_CLIPS = ((245, 275), (850, 890), (890, 910), (1680, 1720), (2415, 2445), (3130, 3155))
_HOURS_BEFORE, _HOURS_AHEAD = 1, 8


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
    look = ClipSpec(DEMO_START, 0, size=(640, 360), camera_name=camera_name)
    recordings = _both_streams(DEMO_START, _DEMO_CLIPS, look)
    for second, (first, last) in zip(_DEMO_STILLS, _DEMO_CLIPS, strict=True):
        moment = DEMO_START + timedelta(seconds=second)
        motion = SceneEvent(DEMO_START + timedelta(seconds=first), last - first)
        still = replace(look, start=moment, seconds=1, event=motion)
        recordings.append(Recorded(moment, moment, still, kind="jpg"))
    return sorted(recordings, key=lambda recorded: recorded.start)


def hourly_recordings(now: datetime, camera_name: str = "FRONT DOOR") -> list[Recorded]:
    """Six short clips in each hour from the one before that of ``now`` to the eighth after it, oldest first.

    Two of them abut. Those that end after the camera's clock are to be hidden, with ``Quirks.index_lag``.
    """
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = (this_hour + timedelta(hours=n) for n in range(-_HOURS_BEFORE, _HOURS_AHEAD + 1))
    look = ClipSpec(now, 0, fps=5, camera_name=camera_name)
    return [recorded for hour in hours for recorded in _both_streams(hour, _HOURLY_CLIPS, look)]


def _both_streams(origin: datetime, clips: Iterable[tuple[int, int]], look: ClipSpec) -> list[Recorded]:
    """Recordings by motion: it lasts as long as they do."""
    recordings = []
    for first, last in clips:
        start, end = (origin + timedelta(seconds=s) for s in (first, last))
        main = replace(look, start=start, seconds=last - first, event=SceneEvent(start, last - first))
        sub = replace(main, size=(160, 90))
        recordings += [Recorded(start, end, main), Recorded(start, end, sub, stream="Extra1")]
    return recordings


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


_GRID = timedelta(minutes=5)  # a recording: it lasts to the next full five minutes
# What a recording takes at most is some 0.95 and 0.56 MB; another build of the encoder may need somewhat more.
_MAIN_BYTES, _SUB_BYTES = 1_500_000, 800_000
# By the time of day, what the camera noticed in a recording; and when it recorded nothing.
_NOTICED: Mapping[tuple[int, int], tuple[str, ...]] = {
    (1, 15): ("VideoMotion", "SmartMotionHuman"),
    (2, 30): ("VideoMotion",),
    (7, 40): ("VideoMotion",),
    (12, 5): ("VideoMotion", "SmartMotionVehicle"),
    (17, 50): ("VideoMotion", "SmartMotionHuman"),
    (23, 45): ("VideoMotion",),
    (23, 50): ("VideoMotion", "SmartMotionHuman"),
}
_WORDS = {"SmartMotionHuman": "PERSON", "SmartMotionVehicle": "VEHICLE"}
_EVENT_AFTER, _EVENT_SECONDS = timedelta(seconds=90), 120.0  # of such a recording
_PAUSE = ((4, 0), (4, 20))
_LOST = (7, 40)  # with :func:`trouble`


def daily_recordings(now: datetime, days: int, camera_name: str = "FRONT DOOR") -> list[Recorded]:
    """``days`` of footage up to ``now`` and eight hours on, in both streams, oldest first. Each night has its events.

    The listing knows the lengths, and a clip is made when it is fetched. Those that end after the camera's clock are
    to be hidden, with ``Quirks.index_lag``.
    """
    first = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    last = now + timedelta(hours=_HOURS_AHEAD)
    look = ClipSpec(first, _GRID.total_seconds(), fps=2, audio=None, gop=8, camera_name=camera_name)
    recordings = []
    for number in range((last - first) // _GRID):
        start = first + number * _GRID
        time = (start.hour, start.minute)
        if _PAUSE[0] <= time < _PAUSE[1]:
            continue
        events = _NOTICED.get(time, ())
        main = replace(look, start=start, event=_scene_event(start, events))
        flags = ("Event",) if events else ("Timing",)
        for spec, size, stream in ((main, _MAIN_BYTES, "Main"), (replace(main, size=(160, 90)), _SUB_BYTES, "Extra1")):
            clip = PaddedClip(spec, size)
            recordings.append(Recorded(start, start + _GRID, clip, stream=stream, events=events, flags=flags))
    return recordings


def _scene_event(start: datetime, events: Sequence[str]) -> SceneEvent | None:
    """What is to be seen of ``events`` in a recording of five minutes: two minutes of it."""
    words = [_WORDS.get(event, "MOTION") for event in events]
    return SceneEvent(start + _EVENT_AFTER, _EVENT_SECONDS, words[-1]) if words else None


def trouble() -> tuple[Fault, ...]:
    """What goes wrong with downloads: connections break, the camera is busy, and each day one recording is damaged."""
    files = re.compile(r"RPC_Loadfile/.*\.mp4")
    damaged = f"/{_LOST[0]:02}.{_LOST[1]:02}.00-"
    return (
        Fault("status", damaged, times=None, status=404),
        Fault("drop", files, times=2, skip=1, at=300_000),
        Fault("status", files, times=2, skip=3, status=503),
    )


def living_camera(
    days: int | None = None,
    *,
    username: str = "admin",
    password: str = "simulated-1",  # noqa: S107 - opens nothing but the simulator
    faults: Iterable[Fault] = (),
    throttle: Throttle = Throttle(),  # noqa: B008 - frozen
    clock: DeviceClock | None = None,
) -> SimulatedCamera:
    """A camera that has recorded up to what its clock shows, and goes on for eight hours.

    It is that of the demo, or has recorded for ``days``, with something to see in each night.
    """
    clock = DeviceClock() if clock is None else clock
    now = clock.now()
    return SimulatedCamera(
        demo_recordings() + hourly_recordings(now) if days is None else daily_recordings(now, days),
        quirks=replace(AMCREST_SD.quirks, index_lag=0.0),
        username=username,
        password=password,
        clock=clock,
        faults=faults,
        throttle=throttle,
    )
