"""Somebody kills or stops the worker from outside: no clip is to blame, and no frame is lost or shown twice."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import anyio
import pytest
from tests.conftest import IS_SOAK, START, at, frame_md5s, three_clips
from tests.system.test_merge_files import clip_at, frames, on_card, request

from camreel.jobs.exclusion import MOST_EXCLUDED
from camreel.jobs.merge_files import merge
from camreel.media.worker.executor import ChildProcess, WorkerEnded
from camreel.media.worker.messages import ClipBegun, ClipFile, Finish, MergeResult, TimelapseOrder
from camreel.media.worker.process import MergeProcess
from camreel.media.worker.wire import Message
from camreel.model import Verify, VideoOptions
from camreel_simulator import ClipSpec, scene_schedule, seen_frames

if sys.platform == "win32":
    pytest.skip("signals are of POSIX", allow_module_level=True)

pytestmark = pytest.mark.slow(reason="starts worker processes that are killed")

Aim = Callable[[Message], bool]


class Shooter:
    """Send signal ``number`` to one worker after the other, each when it gets or sends what the next aim is for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *aims: Aim, number: int = signal.SIGKILL) -> None:
        self.aims, self.number, self.started = list(aims), number, 0
        shooter = self

        class Target(ChildProcess):
            is_hit = False

            async def start(self) -> None:
                shooter.started += 1
                await super().start()

            async def send(self, *messages: Message) -> None:
                self._shoot(*messages)
                await super().send(*messages)

            async def receive(self) -> Message:
                if self.is_hit and shooter.number != signal.SIGSTOP:
                    raise WorkerEnded(await self._cause_of_end())
                message = await super().receive()
                self._shoot(message)
                return message

            def _shoot(self, *messages: Message) -> None:
                if shooter.aims and any(map(shooter.aims[0], messages)):
                    shooter.aims.pop(0)
                    self.is_hit = True
                    assert self.pid is not None
                    os.kill(self.pid, shooter.number)

        monkeypatch.setattr("camreel.media.worker.process.ChildProcess", Target)


@cache
def clip(number: int) -> Aim:
    """When it is given that clip."""
    return lambda message: isinstance(message, ClipFile) and message.number == number


@cache
def begun(number: int) -> Aim:
    """When it says that it reads that clip."""
    return lambda message: isinstance(message, ClipBegun) and message.number == number


def of(kind: type) -> Aim:
    return lambda message: isinstance(message, kind)


_AIMS = {
    "first clip": (clip(1),),
    "middle clip": (clip(2),),
    "last clip": (clip(3),),
    "end": (of(Finish),),
    "decoding": (of(MergeResult),),
    "one after the other": (clip(3), clip(1), of(Finish), clip(2)),
    "start, again and again": (clip(1),) * 4,
    "twice in a clip": (begun(2),) * 2,
    "in one clip and the other": (begun(1), begun(2), begun(1), begun(1), begun(3)),
}
# Each with SIGKILL, one with each other signal; with CAMREEL_SOAK each with each.
_SHOTS = [
    (name, number)
    for at, name in enumerate(_AIMS)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
    if IS_SOAK or number == signal.SIGKILL or at % 8 == {signal.SIGTERM: 1, signal.SIGHUP: 7}[number]
]


@pytest.mark.parametrize(("name", "number"), _SHOTS)
def test_a_killed_worker_costs_no_frame(bench, monkeypatch, name, number):
    """It is started again, and the same is tried once more. Each clip is downloaded once, and nothing is left over."""
    aims, recordings = _AIMS[name], three_clips()
    stand = bench(recordings=recordings)
    shooter = Shooter(monkeypatch, *aims, number=number)
    run = stand.export()
    assert shooter.started == len(aims) + 1
    assert (run.ok.exit_code, [clip.status for clip in run.ok.clips]) == (0, ["merged"] * 3)
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert [path.name for path in stand.folder.iterdir()] == ["out.mp4"]
    assert stand.camera.bytes_sent == {each.path: each.length() for each in recordings}
    said = [text for text in run.ok.warnings if "started again" in text]
    assert len(said) == len(set(aims)), "the same is said once"
    assert all(signal.Signals(number).name in text for text in said)


def test_a_stopped_worker_costs_no_frame(bench, monkeypatch):
    """It says nothing for as long as it is waited for."""
    recordings = three_clips()
    stand = bench(recordings=recordings)
    Shooter(monkeypatch, clip(2), number=signal.SIGSTOP)
    monkeypatch.setattr("camreel.jobs.pipeline.MergeProcess", partial(MergeProcess, stall_seconds=5))
    run = stand.export()
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]


def test_a_worker_that_is_killed_every_time(bench, monkeypatch):
    """As the system does when memory is short: it ends, says so, and keeps the downloads for the next run."""
    stand = bench()
    with monkeypatch.context() as patch:
        shooter = Shooter(patch, *[of(ClipFile)] * 99)
        run = stand.export()
    assert run.error is not None
    assert run.error.exit_code == 7
    assert "memory" in str(run.error)
    assert shooter.started <= 2 * (MOST_EXCLUDED + 1)
    assert len(list(stand.folder.rglob("*.mp4"))) == 3
    assert not [path for path in stand.folder.rglob("*") if path.suffix == ".part" and "about" not in path.name]
    sent = dict(stand.camera.bytes_sent)
    assert stand.export().ok.exit_code == 0
    assert stand.camera.bytes_sent == sent


def test_a_clip_at_which_it_is_killed_each_time_is_left_out(bench, monkeypatch):
    """As the system does with a clip that takes all the memory: the third time, by name, and the others come."""
    stand = bench()
    shooter = Shooter(monkeypatch, begun(1), begun(1), begun(1))
    run = stand.export()
    assert shooter.started == 4
    assert (run.ok.exit_code, [clip.status for clip in run.ok.clips]) == (4, ["unusable", "merged", "merged"])


def test_memory_that_ran_out_meanwhile_is_said(bench, monkeypatch):
    """The system counts what it kills for that."""
    counts = iter(range(99))
    monkeypatch.setattr("camreel.media.worker.executor._memory_kills", lambda: next(counts))
    Shooter(monkeypatch, clip(2))
    assert any("SIGKILL: the system ran out of memory" in text for text in bench().export().ok.warnings)


@pytest.mark.parametrize("aim", [clip(2), of(Finish), of(MergeResult)], ids=["clip", "end", "decoding"])
def test_clips_on_disk(tmp_path: Path, monkeypatch, aim):
    """`camreel merge` is the same, also with all of the video decoded at the end."""
    cards = on_card(tmp_path / "card", clip_at(0), clip_at(4), clip_at(8))
    Shooter(monkeypatch, aim)
    wanted, _ = request(tmp_path, video=VideoOptions(verify=Verify.FULL))
    report = anyio.run(merge, wanted, lambda _event: None)
    assert (report.exit_code, [clip.status for clip in report.clips]) == (0, ["merged"] * 3)
    assert report.playback is not None
    assert report.playback.frames == len(frames(*cards))
    assert frames(tmp_path / "out.mp4") == frames(*cards)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card", "out.mp4"]


def test_a_timelapse(bench, monkeypatch):
    """The film is made again of the same keyframes."""
    spec = ClipSpec(start=START, seconds=30, size=(160, 90))
    stand = bench(recordings=scene_schedule(START, 2, seconds=30, spec=spec))
    shooter = Shooter(monkeypatch, of(TimelapseOrder))
    ran = stand.export(at(0), at(60), video=VideoOptions(timelapse=10))
    assert shooter.started == 2
    assert (ran.ok.exit_code, [clip.status for clip in ran.ok.clips]) == (0, ["merged"] * 2)
    assert len(seen_frames(ran.output)) > 2
    assert [path.name for path in stand.folder.iterdir()] == ["out.mp4"]
