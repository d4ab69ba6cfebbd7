"""Pictures of clips, made in a process of its own that hostile bytes may take down."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import av
import pytest
from tests.unit.media.conftest import EIGHT

from camreel.media.worker.executor import ChildProcess
from camreel.media.worker.messages import NoStill, Still, StillOrder
from camreel.media.worker.process import StillProcess
from camreel_simulator import ClipSpec, make_clip, read_frame_number
from camreel_simulator.footage.clips import make_still
from camreel_simulator.footage.dhav import make_dav

pytestmark = [pytest.mark.anyio, pytest.mark.slow(reason="starts worker processes that hang and die")]

SPEC = ClipSpec(EIGHT, 6, fps=10, gop=20)


def number_in(picture: Path) -> int:
    """The frame number burnt into a picture."""
    with av.open(str(picture)) as opened:
        return read_frame_number(next(opened.decode(video=0)))


@pytest.mark.parametrize("make", [make_clip, make_dav])
async def test_the_last_keyframe_before_a_moment(tmp_path, make):
    """Its time is told with it, its shape is kept."""
    clip = tmp_path / "clip"
    clip.write_bytes(make(SPEC))
    first = 8 * 3600 * 10
    async with StillProcess() as stills:
        for seconds in (0.0, 3.0, 99.0):
            made = await stills.still(StillOrder(str(clip), str(tmp_path / "a.jpg"), 320, seconds))
            assert isinstance(made, Still)
            assert (made.width, made.height) == (320, 180)
            assert made.seconds <= seconds < 99.0 or made.seconds > 3
            assert number_in(tmp_path / "a.jpg") == first + round(made.seconds * 10)


async def test_a_snapshot_is_a_picture_too(tmp_path):
    """A JPEG of the camera's own is made smaller."""
    clip = tmp_path / "a.jpg"
    clip.write_bytes(make_still(SPEC))
    async with StillProcess() as stills:
        made = await stills.still(StillOrder(str(clip), str(tmp_path / "b.jpg"), 160))
    assert made == Still(160, 90, 0.0)
    assert number_in(tmp_path / "b.jpg") == 8 * 3600 * 10


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>", "a web page instead of video"),
        (b"\xff\xd8\xff\xe0" + b"\1" * 99, "decoded"),
        (make_clip(SPEC)[:3000], "no index"),
    ],
)
async def test_what_is_no_picture_is_said(tmp_path, body, reason):
    """And the next one is made all the same."""
    (tmp_path / "bad").write_bytes(body)
    (tmp_path / "good").write_bytes(make_still(SPEC))
    async with StillProcess() as stills:
        bad = await stills.still(StillOrder(str(tmp_path / "bad"), str(tmp_path / "a.jpg"), 160))
        assert isinstance(bad, NoStill)
        assert reason in bad.reason
        assert not (tmp_path / "a.jpg").exists()
        assert isinstance(await stills.still(StillOrder(str(tmp_path / "good"), str(tmp_path / "b.jpg"), 160)), Still)


async def test_what_hangs_the_process_costs_its_own_picture(tmp_path, hang):
    """What FFmpeg never comes back from is given up, and the next one is made."""
    (tmp_path / "hangs").touch()
    hang(tmp_path / "hangs")
    (tmp_path / "good").write_bytes(make_still(SPEC))
    child = ChildProcess()
    async with StillProcess(stall_seconds=8, executor=child) as stills:
        hung = await stills.still(StillOrder(str(tmp_path / "hangs"), str(tmp_path / "a.jpg"), 160))
        assert isinstance(hung, NoStill)
        assert "said nothing for 8 seconds" in hung.reason
        assert isinstance(await stills.still(StillOrder(str(tmp_path / "good"), str(tmp_path / "b.jpg"), 160)), Still)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        # Somebody killed it: no picture is to blame.
        assert isinstance(await stills.still(StillOrder(str(tmp_path / "good"), str(tmp_path / "c.jpg"), 160)), Still)


async def test_a_process_that_is_killed_every_time_is_not_started_for_ever(tmp_path):
    """The picture that it was at is tried once more; in all, ten second chances are enough."""

    class Target(ChildProcess):
        started = 0

        async def start(self):
            self.started += 1
            await super().start()

        async def send(self, *messages):
            assert self.pid is not None
            os.kill(self.pid, signal.SIGKILL)
            await super().send(*messages)

    (tmp_path / "good").write_bytes(make_still(SPEC))
    child = Target()
    async with StillProcess(executor=child) as stills:
        for number in range(12):
            died = await stills.still(StillOrder(str(tmp_path / "good"), str(tmp_path / f"{number}.jpg"), 160))
            assert isinstance(died, NoStill)
            assert "memory" in died.reason
    assert child.started == 12 + 10
