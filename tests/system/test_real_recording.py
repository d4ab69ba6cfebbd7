"""A real Amcrest recording at real times: what no simulated footage can prove.

``CAMREEL_SAMPLES`` names the folder that has it; CI sets that. The recording is not part of the project.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.conftest import NOW, Bench, Ran, frame_md5s

from camreel.model import Address
from camreel_simulator import DeviceClock, Recorded, SimulatedCamera, running

FOLDER = os.environ.get("CAMREEL_SAMPLES")
pytestmark = pytest.mark.skipif(not FOLDER, reason="CAMREEL_SAMPLES names no folder with the real recording")


@pytest.fixture(scope="module")
def samples() -> Path:
    assert FOLDER is not None
    return Path(FOLDER)


def schedule(samples: Path, rows: int) -> list[tuple[datetime, datetime, str]]:
    with (samples / "real_schedule.tsv").open(encoding="utf-8") as file:
        lines = [line for line in csv.reader(file, delimiter="\t") if line and not line[0].startswith("#")]
    return [
        (datetime.fromisoformat(start), datetime.fromisoformat(end), f"/mnt/sd/{path}")
        for start, end, path in lines[:rows]
    ]


@pytest.fixture(scope="module")
def exported(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Ran]]:
    """The real recording, three times, at the first three rows of the real schedule; exported once for all tests."""
    clip = samples / "amcrest_1591028951.mp4"
    recordings = [Recorded(start, end, clip, path=path) for start, end, path in schedule(samples, 3)]
    folder = tmp_path_factory.mktemp("real")
    camera = SimulatedCamera(recordings, clock=DeviceClock.fixed(NOW))
    with pytest.MonkeyPatch.context() as patch, running(camera) as server:
        patch.setenv("HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        stand = Bench(camera, Address("127.0.0.1", server.port), folder / "export")
        yield clip, stand.export("2019-05-09 00:15:00", "2019-05-09 00:19:00")


def test_every_picture_is_there_and_the_joints_are_continuous(exported):
    """Each picture of each clip once, bit-exact, and no joint holds the picture longer than the camera's own rate."""
    clip, run = exported
    assert frame_md5s(run.output) == frame_md5s(clip) * 3
    with av.open(str(run.output)) as container:
        base = container.streams.video[0].time_base
        times = [float(frame.pts * base) for frame in container.decode(video=0)]
    own = source_times(clip)
    steps = [after - before for before, after in pairwise(times)]
    longest = max(after - before for before, after in pairwise(own))
    assert max(steps) <= longest + 0.001, "a joint that freezes the picture"
    assert min(steps) > 0


def source_times(clip: Path) -> list[float]:
    with av.open(str(clip)) as container:
        base = container.streams.video[0].time_base
        return [float(frame.pts * base) for frame in container.decode(video=0)]


def packets(path: Path) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    """Times and hashes of video and sound packets."""
    found: tuple[list[tuple[float, str]], list[tuple[float, str]]] = ([], [])
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.pts is not None and packet.size:
                digest = hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest()
                kind = 0 if packet.stream.type == "video" else 1
                found[kind].append((float(packet.pts * packet.time_base), digest))
    return found


def test_the_sound_is_in_step_with_the_picture(exported):
    """In each copy of the clip, each packet of sound stands within 64 ms of where it stood against the picture."""
    clip, run = exported
    _source_video, source_sound = packets(clip)
    _video, sound = packets(run.output)
    starts = [run.ok.outputs[0].chapters[n][0] for n in range(3)]
    offset = source_times(clip)[0]
    by_digest = {digest: time for time, digest in source_sound}
    assert len(by_digest) > 50
    checked = 0
    for time, digest in sound:
        if digest in by_digest:
            start = max(s for s in starts if s <= time + 0.064)
            assert abs((time - start) - (by_digest[digest] - offset)) < 0.064
            checked += 1
    assert checked > 3 * 150, "the sound is the clips' own"


def test_the_sound_does_not_outlast_its_picture(exported):
    """The clip has 1.9 s more sound than picture; at each joint that is cut, so nothing plays over the next clip."""
    _clip, run = exported
    _video, sound = packets(run.output)
    seconds = run.ok.outputs[0].seconds
    assert sound[-1][0] < seconds
    assert seconds == pytest.approx(3 * 25.1, abs=0.3)
    times = [time for time, _digest in sound]
    assert min(after - before for before, after in pairwise(times)) > 0


def test_the_gaps_are_in_the_report_and_in_the_chapters(exported):
    """What the camera did not record, and what it lists but does not hold, is named; a chapter begins after each."""
    _clip, run = exported
    assert run.ok.exit_code == 0
    gaps = [(str(gap.span.start)[11:], str(gap.span.end)[11:]) for gap in run.ok.account.gaps]
    assert gaps == [
        ("00:15:00", "00:15:31"),
        ("00:15:56", "00:16:08"),  # two seconds of it are listed, and the clip holds no picture of them
        ("00:16:33", "00:17:46"),
        ("00:18:11", "00:19:00"),
    ]
    titles = [title for _start, title in run.ok.outputs[0].chapters]
    assert [title[:19] for title in titles] == ["2019-05-09 00:15:31", "2019-05-09 00:16:08", "2019-05-09 00:17:46"]
    with av.open(str(run.output)) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == titles
        assert container.metadata["creation_time"].startswith("2019-05-09T00:15:31")
