"""kill -9 at any moment: the next run ends with the same pictures, and fetches no complete clip again."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import IS_SOAK, NOW, START, Bench, frame_md5s

from camreel.events import Planned
from camreel.model import Address
from camreel.output.finalize import job_name
from camreel.transfer.notes import Job, write_job
from camreel.transfer.store import Store
from camreel_simulator import ClipSpec, DeviceClock, Recorded, SimulatedCamera, Throttle, running, scene_schedule

if sys.platform == "win32":
    pytest.skip("SIGKILL is of POSIX", allow_module_level=True)

from tests.system.faults.killing import Moment, kill, moments, start, wait_for

KILLS = 50 if IS_SOAK else 14
CLIPS = 20
SECONDS = 2 * CLIPS
AT_A_TIME = 3


@dataclass(frozen=True)
class Killed:
    """What was there after the kill, and after the run that followed."""

    moment: Moment
    complete: int
    parts: int
    was_named: bool
    fetched_again: list[str]
    md5s: list[str]
    exit_code: int
    left: list[str]


def clips() -> list[Recorded]:
    """Twenty abutting clips of 2 s and 100 kB."""
    return scene_schedule(START, CLIPS, seconds=2, spec=ClipSpec(START, seconds=2, size=(160, 90), gop=1, crf=5))


def camera_with_clips() -> SimulatedCamera:
    # Slow enough for a kill to meet a download, fast enough for many of them.
    return SimulatedCamera(clips(), clock=DeviceClock.fixed(NOW), throttle=Throttle(per_device_bps=6_000_000))


def undisturbed(folder: Path) -> float:
    """Seconds from the last byte to the end of a run in which nothing happens."""
    camera = camera_with_clips()
    total = sum(clip.length() for clip in camera.recordings)
    with running(camera) as server:
        process = start(server.port, folder, SECONDS)
        wait_for(process, Moment(1.0, 0), lambda: sum(camera.bytes_sent.values()), total)
        since = time.monotonic()
        process.join()
        assert process.exitcode == 0
        return time.monotonic() - since


def killed_and_run_again(moment: Moment, folder: Path) -> Killed:
    camera = camera_with_clips()
    total = sum(clip.length() for clip in camera.recordings)
    with running(camera) as server:
        process = start(server.port, folder, SECONDS)
        wait_for(process, moment, lambda: sum(camera.bytes_sent.values()), total)
        kill(process)
        stand = Bench(camera, Address("127.0.0.1", server.port), folder)
        complete = {path.name.partition("_")[2] for path in folder.glob(".amcrest_download/*/*.mp4")}
        starts = {f"{clip.start:%H.%M.%S}-{clip.end:%H.%M.%S}": clip.path for clip in camera.recordings}
        have = [path for start, path in starts.items() if any(name.startswith(start) for name in complete)]
        named = (folder / "out.mp4").exists()
        parts = len(list(folder.glob(".amcrest_download/*/*.part")))
        before = camera.bytes_sent
        run = stand.export("2026-01-16 08:00:00", "2026-01-16 08:00:40")
        after = camera.bytes_sent
        # Nothing that had its name was asked for again; and where the video had its own, nothing at all.
        whole = have if not named else list(starts.values())
        return Killed(
            moment,
            len(have),
            parts,
            named,
            [path for path in whole if after.get(path, 0) != before.get(path, 0)],
            frame_md5s(run.output),
            run.ok.exit_code,
            sorted(path.name for path in folder.iterdir()),
        )


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> list[Killed]:
    """All of them, a few at a time."""
    folder = tmp_path_factory.mktemp("kills")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        for clip in clips():
            clip.length()  # made now
        chosen = moments(KILLS, seed=20260116, after_the_last_byte=undisturbed(folder / "undisturbed"))
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            return list(
                threads.map(lambda it: killed_and_run_again(it[1], folder / str(it[0])), list(enumerate(chosen)))
            )


@pytest.fixture(scope="module")
def source_md5s() -> list[str]:
    return [md5 for clip in clips() for md5 in frame_md5s(clip.body())]


@pytest.mark.slow(reason="kills exports, and runs them again")
@pytest.mark.timeout(600)
def test_the_next_run_ends_with_the_same_pictures(kills, source_md5s):
    """Bit-exact after each kill, exit 0, and nothing is left but the video."""
    assert len(kills) == KILLS
    for one in kills:
        assert one.md5s == source_md5s, one.moment
        assert (one.exit_code, one.left) == (0, ["out.mp4"]), one.moment


def test_no_complete_clip_is_fetched_again(kills):
    """What had its name at the kill is used as it is."""
    assert [one.fetched_again for one in kills if one.fetched_again] == []


def test_the_kills_met_all_stages(kills):
    """Downloads that ran, and what comes after the last of them; else the test would prove little."""
    assert sum(0 < one.complete < CLIPS for one in kills) >= KILLS / 5
    assert sum(one.complete == CLIPS for one in kills) >= KILLS / 10
    assert sum(one.parts > 0 for one in kills) >= KILLS / 10


@pytest.mark.parametrize("keep", [True, False])
def test_a_run_that_was_killed_just_after_it_had_named_the_video_is_tidied_up_after(bench, keep):
    """The video is there, and so are clips, a part and the second name of the video: the next run lets go of them.

    If clips are to be kept, it fetches the one that is not there.
    """
    stand = bench(recordings=clips()[:2])
    first = stand.export("2026-01-16 08:00:00", "2026-01-16 08:00:04")
    assert first.ok.exit_code == 0
    (planned,) = (event for event in first.events if isinstance(event, Planned))
    store = Store(stand.folder, stand.address)
    store.folder.mkdir(parents=True)
    one, other = planned.plan.recordings
    store.part(one).write_bytes(stand.camera.recordings[0].body())
    store.complete(one, ".mp4")
    store.part(other).write_bytes(b"half")
    part = stand.folder / "out.mp4.01234567.part"
    part.hardlink_to(first.output)
    request = stand.request("2026-01-16 08:00:00", "2026-01-16 08:00:04")
    write_job(store.folder, Job(job_name(request), "the same", str(part), (store.stem(one), store.stem(other))))
    again = stand.export("2026-01-16 08:00:00", "2026-01-16 08:00:04", keep_files=keep)
    assert again.ok.already_there != keep
    assert first.output.exists()
    assert not part.exists()
    left = [path.name for path in stand.folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert sorted(left) == (
        sorted(f"{stem}.mp4" for stem in (store.stem(one), store.stem(other), "out")) if keep else ["out.mp4"]
    )
