"""Ctrl-C, SIGTERM, full disks and second runs, on the program as it is started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import Bench, frame_md5s
from tests.system.faults.matrix import FAR, long_clips
from tests.system.faults.programs import arguments, environment, ran, started, store_of

from camreel.transfer.resume import OVERLAP
from camreel_simulator import Fault, SimulatedCamera, Throttle

if sys.platform == "win32":
    pytest.skip("signals of POSIX", allow_module_level=True)

# A second is what is promised; on a machine that has much else to do, the process has to get its turn first.
SOON = 4


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for something that the process does, for half a minute at most."""
    end = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not come to that"
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> tuple[float, str]:
    """Seconds until its end, and what it said."""
    since = time.monotonic()
    process.send_signal(number)
    _out, err = process.communicate(timeout=30)
    return time.monotonic() - since, err


def parts(stand: Bench) -> list[Path]:
    return [path for path in stand.folder.glob(".amcrest_download/*/*.part") if ".about." not in path.name]


def children(pid: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_stalled_downloads_end_at_once_and_are_continued(bench, number):
    """Two reads hang, one clip is complete: exit 130, all is kept, and the same command again fetches only the rest."""
    recordings = long_clips()
    stalls = [Fault("stall", target=one.path, at=FAR) for one in recordings[1:]]
    stand = bench(recordings=recordings, faults=stalls)
    with started(stand, 12) as process:
        until(lambda: len(parts(stand)) == 2 and all(part.stat().st_size == FAR for part in parts(stand)), process)
        until(lambda: list(stand.folder.glob(".amcrest_download/*/*.mp4")), process)
        seconds, said = stopped(process, number)
    assert process.returncode == 130
    assert seconds < SOON
    assert "run the same command again to continue" in said
    assert "1 of 3 clips" in said
    assert not list(stand.folder.glob("out*")), "no half-made video stays"
    again = ran(stand, 12)
    assert again.returncode == 0, again.stderr
    assert frame_md5s(stand.folder / "out.mp4") == [md5 for one in recordings for md5 in frame_md5s(one.body())]
    sent = stand.camera.bytes_sent
    assert [sent[one.path] for one in recordings] == [
        recordings[0].length(),
        *(one.length() + OVERLAP for one in recordings[1:]),
    ]


@pytest.mark.parametrize("hang", ["search", "login", "away"])
def test_whatever_it_waits_for_it_ends(bench, hang):
    """A search or a login without an answer, and a camera that is away."""
    faults = {
        "search": [Fault("silent", target="findFile", times=None)],
        "login": [Fault("silent", target="getSystemInfo", times=None, before_login=True)],
        "away": [
            Fault("reset", target="RPC_Loadfile", times=None),
            Fault("status", target="getCurrentTime", status=503, times=None, before_login=True, skip=2),
        ],
    }[hang]
    stand = bench(recordings=long_clips(), faults=faults)
    with started(stand, 12, "-v") as process:
        until(lambda: stand.camera.faults_fired >= (5 if hang == "away" else 1), process)
        seconds, said = stopped(process, signal.SIGINT)
    assert process.returncode == 130, said
    assert seconds < SOON
    assert stand.camera.rejected_logins == 0


@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_merge_that_hangs_ends_too(bench):
    """The merge process is stopped in the middle: Ctrl-C ends it and the program."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("stall", target=recordings[2].path, at=FAR)])
    with started(stand, 12) as process:
        until(lambda: parts(stand) and children(process.pid), process)
        (merge,) = children(process.pid)
        os.kill(merge, signal.SIGSTOP)
        seconds, _said = stopped(process, signal.SIGINT)
    assert process.returncode == 130
    assert seconds < SOON
    assert not Path(f"/proc/{merge}").exists()


def test_the_same_job_twice_names_the_process(bench):
    """The second run touches nothing, says who has it and since when, and exits with 7; so does another job."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("stall", target=recordings[0].path, at=FAR)])
    with started(stand, 12) as process:
        until(lambda: parts(stand), process)
        same, other = ran(stand, 12), ran(stand, 4)
        sent = stand.camera.bytes_sent
        listed = clean(stand.folder)
        removed = clean(stand.folder, "--yes")
        assert parts(stand), "what a run has is not removed"
        stopped(process, signal.SIGINT)
    assert (same.returncode, other.returncode) == (7, 7)
    assert "This same job is already running" in same.stderr
    assert "Another run of camreel is downloading from this camera" in other.stderr
    for said in (same.stderr, other.stderr, listed.stdout):
        assert f"process {process.pid}, since 20" in said
    assert "left alone" in removed.stdout
    assert all(sent.get(one.path, 0) <= one.length() for one in recordings)
    assert ran(stand, 12).returncode == 0


def clean(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "camreel", "clean", str(folder), *more]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def test_a_lock_of_a_process_that_died_is_free(bench):
    """kill -9 leaves the files of the lock behind; the next run takes it over."""
    recordings = long_clips()
    stand = bench(recordings=recordings, faults=[Fault("stall", target=recordings[0].path, at=FAR)])
    with started(stand, 12) as process:
        until(lambda: parts(stand), process)
        process.kill()
        process.wait()
    assert (store_of(stand.folder).parent / f"{store_of(stand.folder).name}.holder").exists()
    again = ran(stand, 12)
    assert again.returncode == 0, again.stderr
    assert sorted(path.name for path in stand.folder.iterdir()) == ["out.mp4"]


def test_two_cameras_share_a_folder(bench):
    """One run stalls, the other one goes its way beside it; neither touches the other's clips."""
    recordings = long_clips()
    first = bench(recordings=recordings, faults=[Fault("stall", target=recordings[0].path, at=FAR)])
    second = bench(recordings=recordings)
    with started(first, 12) as process:
        until(lambda: parts(first), process)
        until(lambda: len(list(first.folder.glob(".amcrest_download/*/*.mp4"))) == 2, process)
        there = {*parts(first)}
        beside = ran(second, 12, "--output-file", "second.mp4")
        assert {*parts(first)} == there
        stopped(process, signal.SIGINT)
    assert beside.returncode == 0, beside.stderr
    assert (first.folder / "second.mp4").exists()
    assert ran(first, 12).returncode == 0


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    tried = subprocess.run(
        [unshare, "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False, timeout=20
    )
    return tried.returncode == 0


ON_A_SMALL_DISK = """
mount -t tmpfs -o size={small} none "$PLACE" || exit 99
"$@"; first=$?
( cd "$PLACE"; find . -type f -printf '%f %s\\n' )
mount -o remount,size=64m "$PLACE" || exit 98
"$@"; second=$?
[ -f "$PLACE/out.mp4" ] && cp "$PLACE/out.mp4" "$RESULT"
echo "codes $first $second"
"""


@pytest.mark.skipif(not can_mount(), reason="no file system can be mounted here")
def test_a_disk_that_fills_up_stops_it_cleanly(bench, tmp_path):
    """A real disk of 500 kB: exit 7 with advice, clips and parts stay; with more room the same command ends well."""
    # Listed with less than they have, so that the estimate before does not see it coming.
    recordings = [replace(one, listed_length=1 << 16) for one in long_clips()]
    stand = bench(recordings=recordings)
    place, result = tmp_path / "disk", tmp_path / "result.mp4"
    place.mkdir()
    stand.folder = place
    command = [sys.executable, "-m", "camreel", *arguments(stand, 12, "--max-concurrent", "1")]
    run = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", ON_A_SMALL_DISK.format(small="500k"), "sh", *command],
        env=environment() | {"PLACE": str(place), "RESULT": str(result)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "codes 7 0" in run.stdout, run.stdout + run.stderr
    assert "no space left on device" in run.stderr
    assert "downloads are kept" in run.stderr
    assert frame_md5s(result) == [md5 for one in recordings for md5 in frame_md5s(one.body())]
    assert stand.camera.bytes_sent[recordings[0].path] == recordings[0].length(), "a complete clip is kept"


def test_too_little_room_is_said_before_the_first_byte(bench):
    """Ten thousand gigabytes are needed: the sentence names that and what is free, and nothing is downloaded."""
    recordings = [replace(one, listed_length=60 << 30) for one in long_clips()]
    more = [replace(recordings[0], path=f"/mnt/sd/{number}.mp4") for number in range(100)]
    stand = bench(recordings=recordings + more)
    run = stand.export(max_concurrent=1)
    assert run.error is not None
    assert run.error.exit_code == 7
    assert "13.3 TB needed" in str(run.error)
    assert "free (6.64 TB for the clips and 6.64 TB for the video)" in str(run.error)
    assert stand.camera.bytes_sent == {}
    assert not list(stand.folder.rglob("*.*")), "nothing is left behind"


def test_a_rate_is_kept(bench):
    """--limit-rate over all downloads: 600 kB at 600 kB a second take a second, and lose nothing."""
    stand = bench(recordings=long_clips())
    total = sum(one.length() for one in stand.camera.recordings)
    since = time.monotonic()
    run = ran(stand, 12, "--limit-rate", f"{total}")
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - since > 0.9


def test_a_drip_counts_as_a_stall(bench):
    """A camera that sends 4 kB a second is given up after its tries: the clip is named, nothing hangs."""
    camera = SimulatedCamera(long_clips(), throttle=Throttle(per_connection_bps=4000))
    run = bench(camera).export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert "stopped sending: fewer than 16 KiB in 1 s" in str(run.error)
